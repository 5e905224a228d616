"""A newer version behind `@latest` makes a result stale; a sample brings its description along."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from designer.models import Pipeline
from designer.services import results
from designer.services.fingerprints import fingerprints
from officina.graph import Graph
from registry import services as registry
from studio.runs.services.creating import catalogue_of
from tests.designer.test_components import edge, node
from tests.designer.test_drafts_over_http import BASE

pytestmark = pytest.mark.django_db


def test_a_newer_version_behind_latest_gives_another_fingerprint(cast: Any) -> None:
    def register() -> None:
        registry.register(
            workspace=cast.lab, kind="data", name="cars", document={"dataType": "uri_folder"}
        )

    def prints(asset: str) -> dict[str, str]:
        graph = Graph.from_json(
            {
                "schema": 1,
                "nodes": [node("cars", "data_asset", asset=asset), node("sum", "summarize_data")],
                "edges": [edge("cars", "data", "sum", "dataset")],
                "parameters": {},
            }
        )
        return fingerprints(graph, catalogue_of(cast.lab), settled=results.settled(cast.lab))

    register()
    before, fixed = prints("azureml:cars@latest"), prints("azureml:cars:1")
    assert before == fixed
    register()
    after = prints("azureml:cars@latest")
    assert after["cars"] != before["cars"]
    assert after["sum"] != before["sum"]
    assert prints("azureml:cars:1") == fixed
    assert prints("azureml:none@latest") == prints("azureml:none@latest")


def test_a_draft_from_a_sample_takes_over_its_description(cast: Any) -> None:
    made = cast.client("owner").post(
        f"{BASE}/pipelines",
        {"name": "Cars", "from_sample": "automobile-basic"},
        content_type="application/json",
    )
    assert made.json()["description"].startswith("Predict a car's price")
    page = Client()
    page.force_login(cast.owner)
    page.post("/w/lab/pipelines/new/", {"sample": "automobile-compare"})
    assert Pipeline.objects.latest("pk").description.startswith("Two learners on the same cars")
