"""Each sample opens as a draft in one click and runs to its end as it comes."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from rest_framework.test import APIClient

from designer.models import Pipeline
from officina import checks
from officina.catalogue import Catalogue
from officina.columns.tables import SAMPLES as COLUMNS
from officina.samples import list_samples
from officina.samples.shapes import SHAPES
from officina.samples.tables import TABLES
from studio.compute import services as computes
from studio.runs.models import Run
from tests.designer.runs.conftest import steps

DRAWN = [sample.id for sample in list_samples() if sample.kind == "graph"]


@pytest.fixture
def open_and_run(workspace: Any, user: Any, warm: None, messages: Any, work: Any) -> Any:
    client = APIClient()
    client.force_login(user)

    def go(sample: str) -> Run:
        url = f"/api/v1/workspaces/{workspace.name}/pipelines"
        made = client.post(url, {"name": sample, "from_sample": sample}, format="json")
        assert made.status_code == 201, made.content
        computes.beat_node()
        sent = client.post(f"{url}/{made.json()['guid']}/submit", {}, format="json")
        assert sent.status_code == 201, sent.content
        work()
        run = Run.objects.get(guid=sent.json()["guid"])
        assert Pipeline.objects.get(guid=run.tags["officina.pipeline"]).versions.count() == 1
        assert run.status == "Completed", [(c.step, c.error) for c in run.children.all() if c.error]
        return run

    return go


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_the_same_each_time_and_has_the_columns_that_drafts_know(name: str) -> None:
    first, second = TABLES[name](), TABLES[name]()
    pd.testing.assert_frame_equal(first, second)
    assert [column for column, _ in SHAPES[name]] == list(first.columns)
    assert tuple(column.name for column in COLUMNS[name]) == tuple(first.columns)
    kinds = {"i": "integer", "f": "number"}
    assert [kind for _, kind in SHAPES[name]] == [
        kinds.get(dtype.kind, "string") for dtype in first.dtypes
    ]


@pytest.mark.parametrize("sample_id", DRAWN)
def test_a_sample_has_no_problems(sample_id: str) -> None:
    sample = next(each for each in list_samples() if each.id == sample_id)
    found = checks.problems(json.loads(sample.path.read_text("utf-8")), Catalogue())
    assert [problem.message for problem in found] == []


def evaluated(run: Run, step: str = "evaluate_model") -> dict[str, float]:
    return dict(run.children.get(step=step).metrics)


@pytest.mark.django_db(transaction=True)
def test_automobile_prices_are_predicted(open_and_run: Any) -> None:
    run = open_and_run("automobile-basic")
    shapes = sizes(run)
    assert shapes["automobile"]["dataset"] == (205, 26)
    assert shapes["clean_missing_data"]["cleaned"] == (193, 25)
    assert shapes["score_model"]["scored"] == (58, 26)
    assert 0.72 <= evaluated(run)["Coefficient_of_Determination"] <= 0.93


def sizes(run: Run) -> dict[str, dict[str, tuple[int, int]]]:
    from studio.runs import outputs

    return {
        child.step: {
            port: (size["rows"], size["columns"]) for port, size in outputs.sizes_of(child).items()
        }
        for child in run.children.all()
    }


@pytest.mark.django_db(transaction=True)
def test_two_learners_are_compared_left_one_first(open_and_run: Any) -> None:
    run = open_and_run("automobile-compare")
    from studio.runs import outputs

    result = outputs.evaluation(run=run.children.get(step="evaluate_model"), port="evaluation")
    left, right = result["runs"]
    assert (result["kind"], left["name"], right["name"]) == (
        "regression", "scored", "scored_to_compare",
    )  # fmt: skip
    for row in (left, right):
        assert row["metrics"]["Coefficient_of_Determination"] >= 0.80
        assert row["rows"] == 58
    assert left["metrics"] != right["metrics"]


@pytest.mark.django_db(transaction=True)
def test_weighing_and_comparing_gives_four_rows(open_and_run: Any) -> None:
    run = open_and_run("credit-risk")
    assert sizes(run)["select_columns"]["results"][0] == 4


REST = sorted({*DRAWN} - {"automobile-basic", "automobile-compare", "credit-risk"})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sample_id", REST)
def test_a_sample_runs(sample_id: str, open_and_run: Any) -> None:
    run = open_and_run(sample_id)
    assert {status for status, _ in steps(run).values()} == {"Completed"}
    assert any(child.metrics for child in run.children.all()), "it says how good it is"
