"""Columns are known through a graph before it runs, and a column that is gone is named."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from officina import checks
from officina.catalogue import Catalogue, Component, Param, Port
from officina.columns import Column, names
from officina.columns.propagate import propagate
from officina.graph import Edge, Graph, Node


def chain(*steps: tuple[str, str, dict[str, Any]], **more: Any) -> Graph:
    """A graph of steps in a row, each from the first table of the one before."""
    catalogue = Catalogue()
    nodes = [Node(id, component, "1", params) for id, component, params in steps]
    edges = []
    for above, below in itertools.pairwise(nodes):
        give = catalogue.get(above.component).outputs[0].name
        take = next(p for p in catalogue.get(below.component).inputs if p.type == "dataset")
        edges.append(Edge(above.id, give, below.id, take.name))
    return Graph(tuple(nodes), tuple(edges), **more)


SOURCE = ("data", "import_data", {"sample": "diabetes"})


def found(graph: Graph, known: Any = None) -> list[checks.Problem]:
    ignored = ("missing_input", "missing_parameter")
    return [p for p in checks.problems(graph, Catalogue(), known) if p.code not in ignored]


def test_columns_reach_the_end_of_a_row_of_steps() -> None:
    graph = chain(
        SOURCE,
        ("keep", "select_columns", {"columns": ["bmi", "target"]}),
        ("name", "edit_metadata", {"columns": ["bmi"], "new_names": "mass"}),
        ("split", "split_data", {}),
    )
    columns = propagate(graph, Catalogue())
    assert columns["split"]["results2"] == (
        Column("mass", "number"),
        Column("target", "number", "label"),
    )


def test_the_step_that_dropped_a_column_is_named() -> None:
    graph = chain(
        SOURCE,
        ("keep", "select_columns", {"columns": ["bmi"]}),
        ("split", "split_data", {}),
        ("train", "train_model", {"label": "target"}),
    )
    (problem,) = found(graph)
    assert (problem.code, problem.node, problem.port) == ("column_not_found", "train", "label")
    assert "'keep' (Select Columns in Dataset) drops it" in problem.message
    assert problem.severity == "error"


def test_a_name_that_never_was_is_a_warning_with_the_nearest() -> None:
    (problem,) = found(chain(SOURCE, ("train", "train_model", {"label": "taget"})))
    assert problem.severity == "warning"
    assert problem.hint == "Did you mean 'target'?"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"columns": {"rules": [{"by": "range", "value": "9-12"}]}}, "column_not_found"),
        ({"columns": {"rules": [{"by": "type", "value": ["string"]}]}}, "no_columns"),
    ],
)
def test_a_range_or_type_that_meets_nothing_is_a_warning(params: dict[str, Any], code: str) -> None:
    (problem,) = found(chain(SOURCE, ("keep", "select_columns", params)))
    assert (problem.code, problem.severity) == (code, "warning")


def test_two_columns_for_one_are_a_warning() -> None:
    (problem,) = found(chain(SOURCE, ("train", "train_model", {"label": ["bmi", "target"]})))
    assert problem.code == "one_column"


def test_unknown_columns_make_no_problem() -> None:
    web = ("data", "import_data", {"source": "http", "url": "https://example.com/a.csv"})
    graph = chain(web, ("train", "train_model", {"label": "anything"}))
    assert found(graph) == []
    assert propagate(graph, Catalogue())["data"] == {"dataset": None}


def test_columns_of_data_that_exist_are_used_where_no_rule_knows() -> None:
    web = ("data", "import_data", {"source": "http", "url": "https://example.com/a.csv"})
    graph = chain(web, ("train", "train_model", {"label": "price"}))
    known = {"data": {"dataset": (Column("prise", "number"),)}}
    (problem,) = found(graph, known)
    assert problem.hint == "Did you mean 'prise'?"


def test_a_rule_comes_before_an_earlier_run() -> None:
    old = (Column("old", "number"),)
    graph = chain(SOURCE, ("keep", "select_columns", {"columns": ["bmi"]}))
    known = {"keep": {"results": old}, "data": {"dataset": old}}
    assert names(propagate(graph, Catalogue(), known)["keep"]["results"] or ()) == ["bmi"]


def test_a_parameter_bound_to_the_pipeline_counts_with_its_default() -> None:
    keep = ("keep", "select_columns", {"columns": "${{parent.inputs.which}}"})
    graph = chain(SOURCE, keep, parameters={"which": {"type": "string", "default": "bmi"}})
    assert names(propagate(graph, Catalogue())["keep"]["results"] or ()) == ["bmi"]


def test_columns_flow_around_a_disabled_node() -> None:
    graph = chain(
        SOURCE,
        ("keep", "select_columns", {"columns": ["bmi"]}),
        ("train", "train_model", {"label": "target"}),
    )
    nodes = tuple(Node(**{**vars(n), "disabled": n.id == "keep"}) for n in graph.nodes)
    assert found(Graph(nodes, graph.edges)) == []


def test_a_disabled_node_without_stand_in_is_a_warning_that_names_what_is_skipped() -> None:
    graph = chain(SOURCE, ("split", "split_data", {}), ("more", "split_data", {}))
    nodes = tuple(Node(**{**vars(n), "disabled": n.id == "data"}) for n in graph.nodes)
    codes = {p.code: p for p in checks.problems(Graph(nodes, graph.edges), Catalogue())}
    assert codes["cut_off"].severity == "warning"
    assert "2 steps below will be skipped (split, more)" in codes["cut_off"].message
    assert codes["empty_graph"].severity == "error"


def test_loops_and_unknown_components_are_only_unknown() -> None:
    loop = (
        Node("a", "split_data"),
        Node("b", "split_data"),
        Node("c", "nothing_known"),
    )
    edges = (Edge("a", "results1", "b", "dataset"), Edge("b", "results1", "a", "dataset"))
    assert propagate(Graph(loop, edges), Catalogue()) == {"a": {}, "b": {}, "c": {}}


def test_a_rule_that_fails_says_nothing() -> None:
    def broken(params: Any, inputs: Any) -> Any:
        raise KeyError("columns")

    own = Component("own", outputs=(Port("out", "dataset"),), schema=broken)
    catalogue = Catalogue([own])
    assert propagate(Graph((Node("a", "own"),)), catalogue) == {"a": {"out": None}}


def test_a_module_that_cannot_run_here_says_what_to_install() -> None:
    own = Component(
        "own", outputs=(Port("out", "dataset"),), requires=("no_such_thing",), install="Run X."
    )
    (problem,) = checks.problems(Graph((Node("a", "own"),)), Catalogue([own]))
    assert (problem.code, problem.severity) == ("not_installed", "warning")
    assert problem.message == "own needs no_such_thing, not installed here. Run X."


def test_a_selector_says_which_input_it_picks_from() -> None:
    keys = Param("keys", "columns", port="right")
    own = Component(
        "own", inputs=(Port("left", "dataset"), Port("right", "dataset")), params=(keys,)
    )
    left, right = Node("l", "import_data"), Node("r", "import_data", "1", {"sample": "iris"})
    node = Node("own", "own", "1", {"keys": "bmi"})
    edges = (Edge("l", "dataset", "own", "left"), Edge("r", "dataset", "own", "right"))
    catalogue = Catalogue([own])
    (problem,) = checks.problems(Graph((left, right, node), edges), catalogue)
    assert "sepal length (cm)" in problem.hint
