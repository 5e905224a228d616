"""A graph as Python code for Azure's SDK (`azure.ai.ml`): readable, and it builds the same job."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Mapping
from typing import Any

from officina.graph import CatalogueLike, Graph, pipeline_document, topological
from officina.planning import bound_outputs, dependencies
from officina.printing.azureyaml import Lenient

_PARENT = re.compile(r"\s*\$\{\{\s*parent\.inputs\.([^}\s]+)\s*\}\}\s*\Z")
_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
WIDTH = 96

_START = '''\
"""{title}, exported from the designer of Officina.

Positions, notes and steps that are switched off are not in here: export YAML to keep them.
"""

from azure.ai.ml import {imports}
from azure.identity import DefaultAzureCredential

credential = DefaultAzureCredential()
ml_client = MLClient.from_config(credential)
'''


class _Names:
    """Python names for things of any name, none given twice."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def make(self, text: str) -> str:
        """Return a free identifier near the text."""
        name = re.sub(r"\W+", "_", text.lower(), flags=re.ASCII).strip("_") or "step"
        name = f"step_{name}" if name[0].isdigit() else name
        name = f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else name
        free, number = name, 2
        while free in self._taken:
            free, number = f"{name}_{number}", number + 1
        self._taken.add(free)
        return free


def to_python(graph: Graph, catalogue: CatalogueLike, *, name: str = "") -> str:
    """Return Python code that builds and submits the pipeline; steps come after their sources."""
    document = pipeline_document(graph, Lenient(catalogue))
    jobs = document["jobs"]
    order = topological(dependencies(document)) if jobs else []
    order = [step for step in order if step in jobs]
    names = _Names(("credential", "ml_client", "registry", "dsl", "MLClient", "Input", "job"))
    parameters = {one: names.make(one) for one in document["inputs"]}
    steps = {step: names.make(step) for step in order}
    components = {
        key: names.make(f"{key[0]}_component")
        for key in dict.fromkeys(_component(jobs[step]["component"]) for step in order)
    }
    function = names.make(name or "pipeline")
    written = _Written(steps, parameters, components, _Names())
    body = [written.step(step, jobs[step]) for step in order]
    data = any("Input(" in text for text in body) or any(
        entry["jobInputType"] != "literal" for entry in document["inputs"].values()
    )
    imports = "Input, MLClient, dsl" if data else "MLClient, dsl"
    title = _printable(name or "A pipeline").replace("\\", " ").replace('"', "'")
    return "".join(
        (
            _START.format(title=" ".join(title.split()), imports=imports),
            _load(components),
            *written.texts,
            "\n\n",
            _function(function, document, parameters, body),
            "\n\n",
            _submit(function, document, parameters),
        )
    )


def _component(component: Any) -> tuple[str, str, bool]:
    """Return (name, version, is it built in)."""
    if isinstance(component, Mapping):
        return str(component["name"]), str(component["version"]), False
    path = str(component).split("/")
    return path[-3], path[-1], True


def _load(components: Mapping[tuple[str, str, bool], str]) -> str:
    lines = []
    if any(built_in for _, _, built_in in components):
        lines.append('registry = MLClient(credential, registry_name="officina")\n')
    lines.append("\n")
    for (name, version, built_in), variable in components.items():
        client = "registry" if built_in else "ml_client"
        text = f"{client}.components.get({_quoted(name)}, version={_quoted(version)})"
        lines.append(f"{variable} = {text}\n")
    return "".join(lines)


def _function(
    name: str, document: Mapping[str, Any], parameters: Mapping[str, str], body: list[str]
) -> str:
    # A parameter without a default comes first, as Python asks.
    entries = sorted(document["inputs"].items(), key=lambda item: _default(item[1]) is not None)
    arguments = [_argument(parameters[one], entry) for one, entry in entries]
    heads = {
        "description": document.get("description"),
        "default_compute": (document.get("settings") or {}).get("default_compute"),
        "continue_on_step_failure": document["settings"].get("continue_on_step_failure"),
        "force_rerun": document["settings"].get("force_rerun"),
    }
    given = [f"{key}={_quoted(value)}" for key, value in heads.items() if value]
    decorator = _call("@dsl.pipeline", given, "") if given else "@dsl.pipeline()"
    inside = "\n".join(body) if body else '    """No step is left to run."""\n'
    return f"{decorator}\n{_call(f'def {name}', arguments, '')}:\n{inside}"


def _argument(name: str, entry: Mapping[str, Any]) -> str:
    if entry["jobInputType"] != "literal":
        return f"{name}: Input"
    kind = _TYPES.get(str(entry.get("type")), "str")
    default = _default(entry)
    return f"{name}: {kind}" if default is None else f"{name}: {kind} = {_quoted(default)}"


def _default(entry: Mapping[str, Any]) -> Any:
    return entry.get("value") if entry["jobInputType"] == "literal" else None


class _Written:
    """Steps as statements; texts of several lines, such as scripts, become constants above them."""

    def __init__(
        self,
        steps: Mapping[str, str],
        parameters: Mapping[str, str],
        components: Mapping[tuple[str, str, bool], str],
        names: _Names,
    ) -> None:
        self.texts: list[str] = []
        self._steps, self._parameters = steps, parameters
        self._components, self._names = components, names

    def step(self, step: str, node: Mapping[str, Any]) -> str:
        """Return the statements that make one step."""
        variable = self._steps[step]
        arguments = []
        for port, entry in node["inputs"].items():
            value = self._given(variable, port, entry)
            named = port.isidentifier() and not keyword.iskeyword(port)
            arguments.append(f"{port}={value}" if named else f"**{{{_quoted(port)}: {value}}}")
        said = str(node.get("comment") or "").splitlines()
        lines = [f"    # {_printable(line)}".rstrip() + "\n" for line in said]
        head = f"{variable} = {self._components[_component(node['component'])]}"
        lines.append(f"    {_call(head, arguments, '    ')}\n")
        facts = {
            "name": step if step != variable else None,
            "display_name": node.get("displayName"),
            "compute": node.get("computeId"),
        }
        lines += [
            f"    {variable}.{key} = {_quoted(value)}\n" for key, value in facts.items() if value
        ]
        return "".join(lines)

    def _given(self, variable: str, port: str, entry: Mapping[str, Any]) -> str:
        """Return what a step's input is given: an output, a parameter, data, or a value."""
        literal = entry["jobInputType"] == "literal"
        value = entry.get("value") if literal else entry.get("uri")
        bound = bound_outputs(entry)
        if bound and bound[0][0] in self._steps:
            source, output = bound[0]
            whole = f"{self._steps[source]}.outputs"
            return f"{whole}.{output}" if output.isidentifier() else f"{whole}[{_quoted(output)}]"
        match = _PARENT.match(value) if isinstance(value, str) else None
        if match and match[1] in self._parameters:
            return self._parameters[match[1]]
        if not literal and isinstance(value, str):
            return f"Input(type={_quoted(entry['jobInputType'])}, path={_quoted(value)})"
        if isinstance(value, str) and "\n" in value:
            return self._constant(f"{variable}_{port}", value)
        return _quoted(value)

    def _constant(self, wanted: str, value: str) -> str:
        name = self._names.make(wanted).upper()
        plain = all(line.replace("\t", " ").isprintable() for line in value.split("\n"))
        if plain and "\\" not in value and '"""' not in value and not value.endswith('"'):
            self.texts.append(f'\n{name} = """\\\n{value}"""\n')
        else:
            self.texts.append(f"\n{name} = {_quoted(value)}\n")
        return name


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _quoted(value: Any) -> str:
    """Return a value as Python code; what Azure's inputs cannot carry goes as JSON text."""
    if value is None:
        return '""'
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return repr(value)
    text = repr(value)
    plain = text.startswith("'") and '"' not in text and "\\'" not in text
    return f'"{text[1:-1]}"' if plain else text


def _call(head: str, arguments: list[str], indent: str) -> str:
    """Return a call on one line, or with an argument on each where it would be too long."""
    line = f"{head}({', '.join(arguments)})"
    if len(indent) + len(line) <= WIDTH:
        return line
    inner = "".join(f"{indent}    {argument},\n" for argument in arguments)
    return f"{head}(\n{inner}{indent})"


def _submit(function: str, document: Mapping[str, Any], parameters: Mapping[str, str]) -> str:
    arguments = [
        f"{parameters[name]}=Input(type={_quoted(entry['jobInputType'])}, "
        f"path={_quoted(entry.get('uri') or '')})"
        if entry["jobInputType"] != "literal"
        else f"{parameters[name]}={_quoted(None)}"
        for name, entry in document["inputs"].items()
        if _default(entry) is None
    ]
    experiment = document.get("experimentName")
    more = f", experiment_name={_quoted(experiment)}" if experiment else ""
    return (
        'if __name__ == "__main__":\n'
        f"    job = {_call(function, arguments, '    ')}\n"
        f"    job = ml_client.jobs.create_or_update(job{more})\n"
        "    ml_client.jobs.stream(job.name)\n"
    )
