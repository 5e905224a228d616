"""Sample tables that come with scikit-learn; none of them needs a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from officina.errors import StudioError


@dataclass(frozen=True)
class Sample:
    """One sample: scikit-learn's loader, and what it is good for."""

    name: str
    loader: str
    title: str
    rows: int
    columns: int
    task: str


SAMPLES = {
    sample.name: sample
    for sample in (
        Sample("iris", "load_iris", "Iris flowers", 150, 5, "three classes"),
        Sample("wine", "load_wine", "Wines by their chemistry", 178, 14, "three classes"),
        Sample(
            "breast-cancer", "load_breast_cancer", "Breast cancer cells", 569, 31, "two classes"
        ),
        Sample("diabetes", "load_diabetes", "Diabetes after a year", 442, 11, "regression"),
        Sample("digits", "load_digits", "Handwritten digits, 8 × 8", 1797, 65, "ten classes"),
        Sample("linnerud", "load_linnerud", "Exercise and physiology", 20, 6, "three targets"),
    )
}


def sample_named(name: str) -> Sample:
    """Return a sample, or say which there are."""
    if name not in SAMPLES:
        raise StudioError(
            f"There is no sample {name!r}.", hint=f"Known: {', '.join(SAMPLES)}.", where="name",
            code="not_found",
        )  # fmt: skip
    return SAMPLES[name]


def write(name: str, target: Path) -> int:
    """Write a sample as Parquet; returns its rows. Classes are written by name."""
    import sklearn.datasets

    found = getattr(sklearn.datasets, sample_named(name).loader)(as_frame=True)
    frame = found.frame.rename(columns=str)
    names = getattr(found, "target_names", None)
    if names is not None and "target" in frame and name in ("iris", "wine", "breast-cancer"):
        frame["target"] = [str(names[index]) for index in frame["target"]]
    frame.to_parquet(target, index=False)
    return len(frame)
