"""A part of a graph becomes a component with named ports, and comes apart into the same graph."""

from __future__ import annotations

from typing import Any

import pytest

from designer.services import components
from officina import checks
from officina.documents.nesting import flatten
from officina.errors import StudioError
from officina.graph import Graph, pipeline_document
from studio.runs.services.creating import catalogue_of
from tests.designer.test_drafts_over_http import BASE

pytestmark = pytest.mark.django_db

CSV = "a,b\n1,2\n3,4\n5,6\n7,8\n"


def node(node_id: str, component: str, **params: Any) -> dict[str, Any]:
    place = {"x": 0, "y": 0}
    return {
        "id": node_id, "component": component, "version": "1", "params": params, "position": place
    }  # fmt: skip


def edge(source: str, port: str, target: str, into: str) -> dict[str, Any]:
    return {
        "id": f"{target}:{into}", "source": source, "sourceHandle": port, "target": target,
        "targetHandle": into,
    }  # fmt: skip


PART = {
    "schema": 1,
    "nodes": [
        node("split_data", "split_data", fraction="${{parent.inputs.share}}"),
        node("remove_duplicate_rows", "remove_duplicate_rows"),
    ],
    "edges": [edge("split_data", "results1", "remove_duplicate_rows", "dataset")],
    "parameters": {"share": {"type": "number", "default": 0.5}},
}
BODY = {
    "name": "halve",
    "title": "Halve",
    "graph": PART,
    "inputs": [
        {"name": "rows", "label": "Rows", "ends": [{"node": "split_data", "port": "dataset"}]}
    ],
    "outputs": [
        {"name": "first", "ends": [{"node": "remove_duplicate_rows", "port": "results"}]},
        {"name": "rest", "ends": [{"node": "split_data", "port": "results2"}]},
    ],
}


def post(cast: Any, who: str = "owner", **changes: Any) -> Any:
    return cast.client(who).post(
        f"{BASE}/designer/components", {**BODY, **changes}, content_type="application/json"
    )


def test_a_part_of_a_graph_stands_in_the_palette_with_its_named_ports(cast: Any) -> None:
    made = post(cast)
    assert made.status_code == 201, made.json()
    found = cast.client("reader").get(f"{BASE}/designer/catalogue").json()
    halve = next(each for each in found["components"] if each["name"] == "halve")
    assert (halve["title"], halve["own"], halve["version"]) == ("Halve", True, "1")
    assert [(each["name"], each["type"], each["label"]) for each in halve["inputs"]] == [
        ("rows", "dataset", "Rows")
    ]
    assert [each["name"] for each in halve["outputs"]] == ["first", "rest"]
    assert [(each["name"], each["default"]) for each in halve["params"]] == [("share", 0.5)]
    assert post(cast).json()["version"] == "2"
    versions = {each.version for each in catalogue_of(cast.lab).all() if each.name == "halve"}
    assert versions == {"1", "2"}


def test_a_component_comes_apart_into_the_graph_it_was_made_of(cast: Any) -> None:
    post(cast)
    found = cast.client("reader").get(f"{BASE}/designer/components/halve?version=1").json()
    assert found["inputs"] == {"rows": [{"node": "split_data", "port": "dataset"}]}
    assert found["outputs"]["rest"] == {"node": "split_data", "port": "results2"}
    assert found["parameters"] == {"share": 0.5}
    inner = Graph.from_json(found["graph"])
    assert {each.id: dict(each.params) for each in inner.nodes} == {
        "split_data": {"fraction": "${{parent.inputs.share}}"},
        "remove_duplicate_rows": {},
    }
    assert {each.id for each in inner.edges} == {"remove_duplicate_rows:dataset"}


def test_a_component_runs_as_its_steps_with_the_values_of_its_node(cast: Any) -> None:
    post(cast)
    catalogue = catalogue_of(cast.lab)
    outer = Graph.from_json(
        {
            "schema": 1,
            "nodes": [
                node("enter", "enter_data_manually", data=CSV),
                node("halve", "halve", share=0.75),
                node(
                    "after",
                    "select_columns",
                    columns={"rules": [{"include": True, "by": "names", "value": ["a"]}]},
                ),
            ],
            "edges": [
                edge("enter", "dataset", "halve", "rows"),
                edge("halve", "first", "after", "dataset"),
            ],
            "parameters": {},
        }
    )
    document = pipeline_document(outer, catalogue)
    assert not [p for p in checks.problems(document, catalogue) if p.severity == "error"]
    jobs = flatten(document)["jobs"]
    assert set(jobs) == {"enter", "halve/split_data", "halve/remove_duplicate_rows", "after"}
    split = jobs["halve/split_data"]["inputs"]
    assert split["dataset"]["uri"] == "${{parent.jobs.enter.outputs.dataset}}"
    assert split["fraction"]["value"] == 0.75
    assert jobs["after"]["inputs"]["dataset"]["uri"] == (
        "${{parent.jobs.halve/remove_duplicate_rows.outputs.results}}"
    )


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"name": "split_data"}, "built-in"),
        ({"inputs": [{**BODY["inputs"][0], "name": "Not good"}]}, "cannot name a port"),
        ({"inputs": [{**BODY["inputs"][0], "name": "share"}]}, "share"),
        ({"inputs": [{"name": "rows", "ends": [{"node": "split_data", "port": "no"}]}]}, "no"),
        ({"graph": {**PART, "nodes": [], "edges": []}, "inputs": [], "outputs": []}, "nothing"),
    ],
)
def test_what_makes_no_component_is_refused_in_words(
    cast: Any, changes: dict[str, Any], word: str
) -> None:
    answer = post(cast, **changes)
    assert answer.status_code in {400, 404, 409}
    assert word in answer.json()["error"]["message"]


def test_a_reader_saves_none_and_one_step_has_no_inside(cast: Any) -> None:
    assert post(cast, "reader").status_code == 403
    with pytest.raises(StudioError, match="one step"):
        components.inside(workspace=cast.lab, name="split_data")
