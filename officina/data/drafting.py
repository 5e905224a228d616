"""A preparation as a designer graph: a node for each step, which does the same on the whole data."""

from __future__ import annotations

import inspect
import pprint
from collections.abc import Mapping, Sequence
from typing import Any

from officina.data.preparation import Prepared
from officina.data.steps import Call, Node
from officina.errors import StudioError

HEAD = """\
from __future__ import annotations

import re
from typing import Any

import pandas as pd


"""
DOWN, ACROSS = 110, 320
# Columns that the other table brings are named there; a label need not repeat all of them.
LABEL = 80


def graph_of(
    source: Mapping[str, str],
    steps: Sequence[Prepared],
    names: Sequence[Sequence[str]],
    *,
    others: Mapping[str, Mapping[str, str]],
    description: str = "",
) -> tuple[dict[str, Any], tuple[str, str]]:
    """Return the graph's JSON, and node and port of its result.

    `source` and each of `others` are parameters of a Data asset node; `names` are the columns
    before each step. Steps that are disabled are left out.
    """
    nodes = [_node("data", "data_asset", source, "", 0)]
    edges: list[dict[str, str]] = []
    end = ("data", "data")
    for index, prepared in enumerate(steps):
        if prepared.disabled:
            continue
        if index >= len(names):
            raise StudioError(
                "A step before it fails, so this one cannot be saved.", where=f"steps.{index}",
                hint="Mend or disable the step that fails.",
            )  # fmt: skip
        node = as_node(prepared.work(names[index]))
        name = f"step_{index + 1}_{prepared.step.op}"
        row = len(nodes)
        nodes.append(_node(name, node.component, node.params, _label(prepared), row))
        edges.append(_edge(end, name, node.first))
        if node.second:
            extra = f"data_{index + 1}"
            nodes.append(_node(extra, "data_asset", others[prepared.data], "", row - 1, side=1))
            edges.append(_edge((extra, "data"), name, node.second))
        end = (name, node.output)
    settings = {"description": description} if description else {}
    graph = {"schema": 1, "nodes": nodes, "edges": edges, "parameters": {}, "settings": settings}
    return graph, end


def as_node(work: Node | Call) -> Node:
    """Return the module that does a step; a function goes into a Python script."""
    if isinstance(work, Node):
        return work
    script = {"python_script": script_of(work)}
    second = "dataset2" if work.second else ""
    return Node("execute_python_script", script, "results1", "dataset1", second)


def script_of(work: Call) -> str:
    """Return a script that holds the function and calls it with the step's values."""
    sources = [inspect.getsource(each) for each in (*work.needs, work.function)]
    tables = "dataframe1, dataframe2" if work.second else "dataframe1"
    given = "".join(
        f"        {name}={_literal(value)},\n" for name, value in work.arguments.items()
    )
    call = f"    return {work.function.__name__}(\n        {tables},\n{given}    ),\n"
    main = f"def azureml_main(dataframe1=None, dataframe2=None):\n{call}"
    return HEAD + "\n\n".join((*sources, main))


def _literal(value: Any) -> str:
    return pprint.pformat(value, width=88, sort_dicts=False).replace("\n", "\n        ")


def _label(prepared: Prepared) -> str:
    text = f"{prepared.step.title}: {prepared.summary}".rstrip(": ")
    return text if len(text) <= LABEL else text[: LABEL - 1] + "…"


def _node(
    name: str, component: str, params: Mapping[str, Any], label: str, row: int, side: int = 0
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": name, "component": component, "version": "1", "params": dict(params),
        "position": {"x": ACROSS * side, "y": DOWN * row},
    }  # fmt: skip
    return found | ({"label": label} if label else {})


def _edge(source: tuple[str, str], target: str, port: str) -> dict[str, str]:
    return {
        "id": f"{target}:{port}", "source": source[0], "sourceHandle": source[1],
        "target": target, "targetHandle": port,
    }  # fmt: skip
