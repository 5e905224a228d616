"""A registered asset on the canvas is a real input: resolved, in the lineage, reused by its bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from officina.catalogue import Catalogue
from officina.graph import Edge, Graph, Node, pipeline_document
from registry import services as registry
from studio.runs.models import LineageEdge, Run
from studio.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

GRAPH = Graph(
    (
        Node("table", "data_asset", "1", {"asset": "azureml:fruit:1"}),
        Node("keep", "select_columns", "1", {"columns": "price"}),
    ),
    (Edge("table", "data", "keep", "dataset"),),
)


@pytest.fixture
def fruit(workspace: Workspace, home: Path, tmp_path: Path) -> Callable[[str], None]:
    def register(text: str) -> None:
        folder = tmp_path / "fruit"
        folder.mkdir(exist_ok=True)
        (folder / "a.csv").write_text(text)
        tree = registry.store().put_tree(folder)
        registry.remember_tree(workspace=workspace, tree=tree)
        document = {"type": "uri_folder"}
        registry.register(
            workspace=workspace, kind="data", name="fruit", document=document, tree=tree
        )

    return register


def of(asset: str) -> dict[str, Any]:
    node = Node("table", "data_asset", "1", {"asset": asset})
    return pipeline_document(Graph((node, GRAPH.nodes[1]), GRAPH.edges), Catalogue())


def reused(run: Run) -> dict[str, bool]:
    return {child.step: child.is_reused for child in run.children.all()}


def test_an_asset_is_read_and_stands_in_the_lineage(
    submit: Callable[..., Run], work: Callable[[], None], fruit: Callable[[str], None]
) -> None:
    fruit("name;price\nfig;2\n")
    run = submit(of("azureml:fruit:1"))
    work()
    run.refresh_from_db()
    assert run.status == "Completed", run.error
    assert LineageEdge.objects.filter(source="data/fruit/1", target=f"run/{run.guid}").exists()
    assert Graph.of_pipeline(run.document).nodes[0].params == {"asset": "azureml:fruit:1"}


def test_equal_bytes_are_reused_and_other_bytes_are_not(
    submit: Callable[..., Run], work: Callable[[], None], fruit: Callable[[str], None]
) -> None:
    for text in ("name;price\nfig;2\n", "name;price\nfig;2\n", "name;price\nfig;3\n"):
        fruit(text)
    found = []
    for version in (1, 2, 3):
        run = submit(of(f"azureml:fruit:{version}"))
        work()
        found.append(reused(run))
    assert found == [
        {"table": False, "keep": False},
        {"table": True, "keep": True},
        {"table": False, "keep": False},
    ]


def test_a_client_may_send_the_name_as_a_plain_value(
    submit: Callable[..., Run], work: Callable[[], None], fruit: Callable[[str], None]
) -> None:
    fruit("name;price\nfig;2\n")
    document = of("azureml:fruit:1")
    document["jobs"]["table"]["inputs"]["asset"] = {
        "jobInputType": "literal",
        "value": "azureml:fruit:1",
    }
    run = submit(document)
    work()
    run.refresh_from_db()
    assert run.status == "Completed", run.error


def test_a_pipeline_parameter_chooses_the_data(
    submit: Callable[..., Run], work: Callable[[], None], fruit: Callable[[str], None]
) -> None:
    fruit("name;price\nfig;2\n")
    graph = Graph(
        (Node("table", "data_asset", "1", {"asset": "${{parent.inputs.data}}"}), GRAPH.nodes[1]),
        GRAPH.edges,
        {"data": {"type": "string", "default": "azureml:fruit:1"}},
    )
    run = submit(pipeline_document(graph, Catalogue()))
    work()
    run.refresh_from_db()
    assert run.status == "Completed", run.error
    assert LineageEdge.objects.filter(source="data/fruit/1", target=f"run/{run.guid}").exists()
    assert Graph.of_pipeline(run.document) == graph
