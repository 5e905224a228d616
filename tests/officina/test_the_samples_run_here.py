from __future__ import annotations

from pathlib import Path

import pytest

from officina.local import default_cache, run_job
from officina.samples import get_sample, list_samples

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cache() -> Path:
    """The machine's own cache, so that the environment is built once."""
    return default_cache()


def test_each_sample_is_there() -> None:
    assert {"diabetes", "diabetes-graph"} <= {sample.id for sample in list_samples()}
    assert all(sample.path.is_file() for sample in list_samples())


@pytest.mark.parametrize("sample_id", ["diabetes", "diabetes-graph"])
def test_a_sample_gives_the_published_figures(sample_id: str, tmp_path: Path, cache: Path) -> None:
    sample = get_sample(sample_id)
    log: list[str] = []
    result = run_job(sample.path, out=tmp_path / "out", cache=cache, write=log.append)
    assert result.status == "Completed", "".join(log)
    found: dict[str, float] = {}
    for step in result.steps.values():
        found |= step.metrics
    for name, value in sample.figures.items():
        assert found[name] == pytest.approx(value, abs=1e-9)


def test_another_test_size_changes_only_what_depends_on_it(tmp_path: Path, cache: Path) -> None:
    path = get_sample("diabetes").path
    first = run_job(path, out=tmp_path / "a", cache=cache)
    second = run_job(path, set={"inputs.test_size": "0.3"}, out=tmp_path / "b", cache=cache)
    assert first.steps["prep"].outputs == second.steps["prep"].outputs
    assert first.steps["train"].outputs != second.steps["train"].outputs
    model = second.steps["register"].models[0]
    assert (tmp_path / "b" / "models" / "diabetes" / "model.pkl").is_file()
    assert model["name"] == "diabetes"
    assert float(model["tags"]["mse"]) == second.steps["train"].metrics["mse"]
