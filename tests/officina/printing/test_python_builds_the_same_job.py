"""The Python code for Azure's SDK builds the job that the graph stands for.

A stand-in for `azure.ai.ml` records what the code does, as the SDK's own builder does.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings

from officina.catalogue import Catalogue
from officina.errors import StudioError
from officina.graph import REGISTRY, Edge, Graph, Node, pipeline_document
from officina.printing import to_python
from tests.officina.graph_strategy import CATALOGUE, graphs, typed

GRAPHS = Path(__file__).parents[2] / "graphs"


class Outputs:
    """The outputs of a step that may be named by attribute or key."""

    def __init__(self, step: Any) -> None:
        self._step = step

    def __getattr__(self, name: str) -> Any:
        return ("output", self._step, name)

    __getitem__ = __getattr__


class Step:
    """What calling a component gives."""

    def __init__(self, component: str, inputs: dict[str, Any]) -> None:
        self.component, self.inputs, self.outputs = component, inputs, Outputs(self)
        self.name: str | None = None
        self.display_name = self.compute = ""


class Recorder:
    """The SDK as far as exported code uses it."""

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        self.settings: dict[str, Any] = {}
        self.made: list[Step] = []

    def client(self, credential: Any, registry_name: str = "") -> Any:
        def get(name: str, version: str) -> Any:
            built_in = f"{REGISTRY}{name}/versions/{version}"
            component = built_in if registry_name else f"azureml:{name}:{version}"
            return lambda **inputs: self.add(Step(component, inputs))

        return SimpleNamespace(components=SimpleNamespace(get=get))

    def add(self, step: Step) -> Step:
        self.made.append(step)
        return step

    def pipeline(self, **given: Any) -> Any:
        self.settings = given

        def decorate(function: Any) -> Any:
            def build(**values: Any) -> None:
                names = {}

                def trace(frame: Any, event: str, arg: Any) -> Any:
                    if event == "return" and frame.f_code is function.__code__:
                        names.update(
                            (id(v), k) for k, v in frame.f_locals.items() if isinstance(v, Step)
                        )
                    return trace

                old = sys.gettrace()
                sys.settrace(trace)
                try:
                    function(**values)
                finally:
                    sys.settrace(old)
                self.steps = {step.name or names[id(step)]: step for step in self.made}

            build.parameters = inspect.signature(function).parameters
            return build

        return decorate


@pytest.fixture(scope="module")
def sdk() -> Iterator[Any]:
    """Run exported code; return what it recorded and the pipeline's parameters."""
    module = ModuleType("azure.ai.ml")
    module.Input = lambda type, path: ("data", type, path)
    identity = ModuleType("azure.identity")
    identity.DefaultAzureCredential = lambda: None
    held = {name: sys.modules.get(name) for name in ("azure.ai.ml", "azure.ai", "azure.identity")}

    def run(code: str) -> tuple[Recorder, dict[str, Any]]:
        recorder = Recorder()
        client = recorder.client
        module.MLClient = type("Client", (), {"__new__": lambda cls, *a, **k: client(*a, **k)})
        module.MLClient.from_config = staticmethod(lambda credential: client(credential))
        module.dsl = SimpleNamespace(pipeline=recorder.pipeline)
        ai = ModuleType("azure.ai")
        ai.ml = module
        sys.modules |= {"azure.ai": ai, "azure.ai.ml": module, "azure.identity": identity}
        space: dict[str, Any] = {"__name__": "exported"}
        exec(compile(code, "exported", "exec"), space)
        (build,) = [v for v in space.values() if hasattr(v, "parameters")]
        values = {name: ("parameter", name) for name in build.parameters}
        build(**values)
        return recorder, dict(build.parameters)

    yield run
    for name, value in held.items():
        if value is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = value


def told(value: Any, recorder: Recorder) -> Any:
    """Return a recorded input as the document says it."""
    if isinstance(value, tuple) and value[0] == "output":
        name = next(n for n, step in recorder.steps.items() if step is value[1])
        return f"${{{{parent.jobs.{name}.outputs.{value[2]}}}}}"
    if isinstance(value, tuple) and value[0] == "data":
        return value[2]
    if isinstance(value, tuple):
        return "${{parent.inputs.*}}"
    return value


def expected(entry: dict[str, Any]) -> Any:
    literal = entry["jobInputType"] == "literal"
    value = entry.get("value") if literal else entry.get("uri")
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith("${{parent.inputs."):
        return "${{parent.inputs.*}}"
    return value


def check(graph: Graph, catalogue: Catalogue, sdk: Any) -> None:
    recorder, parameters = sdk(to_python(graph, catalogue, name="My pipeline"))
    document = pipeline_document(graph, catalogue)
    assert recorder.steps.keys() == document["jobs"].keys()
    assert len(parameters) == len(graph.parameters)
    for name, node in document["jobs"].items():
        step = recorder.steps[name]
        component = node["component"]
        if not isinstance(component, str):
            component = f"azureml:{component['name']}:{component['version']}"
        assert step.component == component
        given = {port: told(value, recorder) for port, value in step.inputs.items()}
        wanted = {port: expected(entry) for port, entry in node["inputs"].items()}
        assert typed(given) == typed(wanted)
        assert step.display_name == node.get("displayName", "")
        assert step.compute == node.get("computeId", "")


@settings(max_examples=300)
@given(graph=graphs())
def test_any_graph_is_built_again_by_its_code(sdk: Any, graph: Graph) -> None:
    check(graph, CATALOGUE, sdk)


def test_the_code_is_readable() -> None:
    graph = Graph.from_json((GRAPHS / "diabetes.json").read_text())
    code = to_python(graph, Catalogue(), name="Diabetes")
    assert "def diabetes(fraction: float = 0.8):" in code
    assert (
        "split = split_data_component(fraction=fraction, dataset=import_.outputs.dataset)" in code
    )
    assert "    # on the held-out rows\n    score = score_model_component(" in code
    assert all(len(line) <= 100 for line in code.splitlines())
    ast.parse(code)


@pytest.mark.parametrize("name", ["class", "dsl", "3 D", "été", "", "job", "a\nb", '"""', "match"])
def test_any_name_makes_code(name: str, sdk: Any) -> None:
    nodes = (Node("import", "import_data"), Node("print", "split_data"))
    edges = (Edge("import", "dataset", "print", "dataset"),)
    parameters = {
        "class": {"type": "integer", "default": 3},
        "b": {"type": "string", "default": None},
    }
    graph = Graph(nodes, edges, parameters, settings={"description": f"about {name}"})
    code = to_python(graph, Catalogue(), name=name)
    assert sdk(code)[0].steps.keys() == {"import", "print"}


def test_scripts_stand_above_the_pipeline_in_lines() -> None:
    node = Node("make", "enter_data_manually", "1", {"data": "a,b\n1,2\n"})
    code = to_python(Graph((node,)), Catalogue())
    assert 'MAKE_DATA = """\\\na,b\n1,2\n"""\n' in code
    assert "make = enter_data_manually_component(data=MAKE_DATA)" in code


def test_a_loop_cannot_be_printed_as_code() -> None:
    graph = Graph.from_json((GRAPHS / "cycle.json").read_text())
    with pytest.raises(StudioError, match="loop"):
        to_python(graph, Catalogue())
