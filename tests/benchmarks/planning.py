"""Times planning of a 1,000-step pipeline: plan, check and compile together should stay <= 200 ms.

Run it alone: `.venv/bin/python tests/benchmarks/planning.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from officina import planning
from officina.catalogue import Catalogue
from officina.checks import examine, problems
from officina.documents import load_job
from officina.graph import Edge, Graph, Node, pipeline_document

STEPS = 1_000
BUDGET_MS = 200


def pipeline(steps: int) -> dict[str, Any]:
    """Return a pipeline of joined command steps: each takes the outputs of two before it."""
    component = {
        "name": "step",
        "type": "command",
        "inputs": {
            "left": {"type": "uri_folder"},
            "right": {"type": "uri_folder", "optional": True},
            "rate": {"type": "number", "min": 0, "max": 1},
            "label": {"type": "string", "default": "x"},
        },
        "outputs": {"out": {"type": "uri_folder"}},
        "code": "tree:" + "c" * 64,
        "environment": "azureml:sklearn-1.5@latest",
        "command": "run ${{inputs.left}} $[[${{inputs.right}}]] ${{inputs.rate}} ${{outputs.out}}",
    }
    jobs: dict[str, Any] = {}
    for index in range(steps):
        inputs: dict[str, Any] = {"rate": "${{parent.inputs.rate}}"}
        inputs["left"] = (
            f"${{{{parent.jobs.s{index - 1}.outputs.out}}}}" if index else "${{parent.inputs.data}}"
        )
        if index > 10:
            inputs["right"] = f"${{{{parent.jobs.s{index - 10}.outputs.out}}}}"
        jobs[f"s{index}"] = {"type": "command", "component": dict(component), "inputs": inputs}
    return {
        "type": "pipeline",
        "inputs": {"rate": 0.5, "data": {"type": "uri_folder", "path": "tree:" + "d" * 64}},
        "jobs": jobs,
    }


def timed(work: Callable[[], Any], repeats: int = 5) -> float:
    """Return the best time of some repeats, in milliseconds."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best * 1000


def measure() -> dict[str, float]:
    """Return the milliseconds of each part."""
    catalogue = Catalogue()
    document = load_job(pipeline(STEPS)).document
    done = {"uri": "tree:" + "e" * 64, "jobOutputType": "uri_folder"}

    def compile_all() -> None:
        for step in document["jobs"]:
            planning.compile_step(
                document, step, inputs=document["inputs"], outputs_of=lambda step, output: done
            )

    def plan() -> None:
        planning.order(document)
        planning.ready(document, {})

    assert problems(document, catalogue) == []
    return {
        "plan": timed(plan),
        "check": timed(lambda: problems(document, catalogue)),
        "compile": timed(compile_all),
    }


def canvas(steps: int) -> Graph:
    """Return a designer's graph of modules, each on a table of one of the five before it."""
    gives = {"import_data": "dataset", "select_columns": "results", "clean_missing_data": "cleaned"}
    gives |= {"edit_metadata": "results", "split_data": "results1"}
    kinds = ("select_columns", "clean_missing_data", "edit_metadata", "split_data")
    every = {"columns": {"rules": [{"include": True, "by": "all"}]}}
    nodes = [Node("data", "import_data", "1", {"sample": "diabetes"})]
    edges = []
    for index in range(1, steps):
        kind, source = kinds[index % 4], nodes[max(0, index - 1 - index % 5)]
        nodes.append(Node(f"n{index}", kind, "1", {} if kind == "split_data" else every))
        edges.append(Edge(source.id, gives[source.component], f"n{index}", "dataset"))
    return Graph(tuple(nodes), tuple(edges))


def measure_canvas() -> dict[str, float]:
    """Return the milliseconds from a draft of modules to the documents of all its steps."""
    catalogue = Catalogue()
    graph = canvas(STEPS)
    document = pipeline_document(graph, catalogue)
    done = {"uri": "tree:" + "e" * 64, "jobOutputType": "dataset"}

    def compile_all() -> None:
        for step in document["jobs"]:
            planning.compile_step(document, step, inputs={}, outputs_of=lambda step, output: done)

    found = examine(graph, catalogue)
    assert found.problems == []
    assert len(found.columns[f"n{STEPS - 1}"]) > 0
    return {
        "check": timed(lambda: examine(graph, catalogue)),
        "document": timed(lambda: pipeline_document(graph, catalogue)),
        "plan": timed(lambda: planning.order(document)),
        "compile": timed(compile_all),
    }


def main() -> None:
    """Print each part's time and the sum against the budget, for YAML and for the canvas."""
    for title, work in (("pipeline of commands", measure), ("draft of modules", measure_canvas)):
        print(f"{title}:")
        show(work())
    print(f"{'load':8} {timed(lambda: load_job(pipeline(STEPS)), 2):8.1f} ms (not in the budget)")


def show(parts: dict[str, float]) -> None:
    """Print each part's time, and the sum against the budget."""
    for name, milliseconds in parts.items():
        print(f"{name:8} {milliseconds:8.1f} ms")
    total = sum(parts.values())
    verdict = "within" if total <= BUDGET_MS else "OVER"
    print(
        f"{'together':8} {total:8.1f} ms for {STEPS} steps: {verdict} the budget of {BUDGET_MS} ms"
    )


if __name__ == "__main__":
    main()
