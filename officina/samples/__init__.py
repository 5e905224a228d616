"""The samples that come with the studio: small jobs that run as they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from officina.errors import StudioError

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Sample:
    """One card of the gallery; `figures` are the metrics that a run of it logs."""

    id: str
    title: str
    summary: str
    path: Path
    kind: Literal["job", "graph"]
    figures: dict[str, float] = field(default_factory=dict)


MSE, R2 = 4150.680189329983, 0.19057346847560164

SAMPLES = (
    Sample(
        id="diabetes",
        title="Diabetes, three steps",
        summary="Three Python scripts prepare the data, fit a line and register the model. "
        "Change test_size and run again: what does not depend on it is reused.",
        path=HERE / "diabetes" / "pipeline.yml",
        kind="job",
        figures={"mse": MSE, "r2": R2},
    ),
    Sample(
        id="diabetes-graph",
        title="Diabetes on the canvas",
        summary="The same task without code: seven designer modules from data to evaluation.",
        path=HERE / "diabetes_graph.json",
        kind="graph",
        figures={"Mean_Squared_Error": MSE, "Coefficient_of_Determination": R2},
    ),
)


def list_samples() -> list[Sample]:
    """Return all samples, in the gallery's order."""
    return list(SAMPLES)


def get_sample(sample_id: str) -> Sample:
    """Return one sample; an unknown id is answered with the known ones."""
    for sample in SAMPLES:
        if sample.id == sample_id:
            return sample
    raise StudioError(
        f"There is no sample {sample_id!r}.",
        hint=f"There are: {', '.join(sample.id for sample in SAMPLES)}.",
        where="sample",
        code="not_found",
    )
