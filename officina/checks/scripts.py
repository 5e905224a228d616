"""Checks of scripts that are typed into a step, by reading and never by running them."""

from __future__ import annotations

from collections.abc import Iterator

from officina.checks.problem import Problem
from officina.columns.propagate import Flow
from officina.columns.schema import names
from officina.graph import CatalogueLike, Graph
from officina.modules import scripting

SCRIPT = "python_script"
PORTS = {"dataset1": "dataframe1", "dataset2": "dataframe2"}
MAX_CODE = 200_000  # more text is not looked through at every change of a draft


def scripts_can_run(graph: Graph, catalogue: CatalogueLike, flow: Flow) -> Iterator[Problem]:
    """A script must be Python and have its function; the columns it reads should arrive."""
    for node in graph.nodes:
        if node.component != "execute_python_script" or node.id not in flow.params:
            continue
        code = flow.params[node.id].get(SCRIPT)
        if not isinstance(code, str) or not code.strip() or len(code) > MAX_CODE:
            continue
        arriving = flow.inputs.get(node.id) or {}
        columns = {
            table: None if arriving.get(port) is None else names(arriving[port] or ())
            for port, table in PORTS.items()
        }
        for one in scripting.findings(code, columns):
            kind = "bad_script" if one.severity == "error" else "column_not_found"
            text = f"'{node.id}' (Execute Python Script): line {one.line}: {one.message}"
            yield Problem(kind, text, node.id, SCRIPT, one.hint, one.severity)
