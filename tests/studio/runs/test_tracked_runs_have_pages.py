"""What a tracking client logged is on the run's page: runs inside it, datasets, models and their files."""

from __future__ import annotations

from typing import Any

import pytest

from registry import services as registry
from studio.runs import browsing
from studio.runs.models import Experiment, Run
from studio.runs.services import logged_models, tracking
from studio.runs.services.metrics import Point


@pytest.fixture
def tracked(cast: Any, settings: Any, tmp_path: Any) -> Run:
    settings.STORAGE_URL = str(tmp_path / "store")
    experiment = Experiment.objects.create(workspace=cast.lab, name="outside")
    more = {"workspace": cast.lab, "experiment": experiment, "user": cast.owner}
    run = tracking.begin_tracked(**more, title="search")
    for number in range(2):
        child = tracking.begin_tracked(**more, title=f"trial {number}", parent=run)
        points = [Point("accuracy", 0.8 + number / 10, 0, 1.0), Point("system/cpu", 5.0, 0, 1.0)]
        tracking.log_batch(run=child, points=points)
    logged_models.use_dataset(
        run=run, name="toy", digest="abc", source_type="code", source="{}", schema="", profile="",
        tags={"mlflow.data.context": "training"},
    )  # fmt: skip
    model = logged_models.create_model(
        experiment=experiment, run=run, user=cast.owner, name="classifier"
    )
    blob = registry.store().put_stream([b"flavors: {}\n"])
    logged_models.add_file(model=model, path="MLmodel", blob=blob)
    logged_models.use_model(run=run, guid=model.guid, way="out")
    return run


def page(cast: Any, run: Run, query: str) -> str:
    answer = cast.client("reader").get(f"/w/lab/runs/{run.guid}/{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_its_child_runs_stand_below_it_with_their_metrics(cast: Any, tracked: Run) -> None:
    shown = page(cast, tracked, "?tab=children")
    for text in ("trial 0", "trial 1", "0.8000", "0.9000", "Child runs"):
        assert text in shown
    # How good a model is comes before how busy the machine was.
    assert shown.index(">accuracy<") < shown.index(">system/cpu<")
    Run.objects.filter(display_name="trial 1").update(deleted="2026-01-01T00:00:00Z")
    assert "trial 1" not in page(cast, tracked, "?tab=children")


def test_its_datasets_and_models_are_among_its_inputs_and_outputs(cast: Any, tracked: Run) -> None:
    shown = page(cast, tracked, "")
    for text in ("toy", "training digest abc", "model classifier"):
        assert text in shown
    assert "flavors" in page(cast, tracked, "?tab=outputs&file=models/classifier/MLmodel")


def test_a_logged_model_can_be_registered_from_the_run(cast: Any, tracked: Run) -> None:
    assert ("files:models/classifier", "models/classifier/") in browsing.model_sources(tracked)
    row = browsing.register_model(
        run=tracked, user=cast.owner, name="kept", source="files:models/classifier"
    )
    assert row.document["modelType"] == "mlflow_model"
