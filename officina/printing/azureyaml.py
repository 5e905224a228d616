"""A graph as Azure's v2 pipeline YAML, which both `officina job create -f` and Azure's tools read.

What Azure has no word for (positions, notes, nodes that are switched off) stands as one text in
`properties.designer`. Values that its YAML cannot carry, such as column selectors, are written as
JSON texts; the same property says which, so that reading gives the graph back as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from officina.catalogue import Component
from officina.documents import load_job, load_yaml
from officina.errors import StudioError
from officina.graph import INLINE, REGISTRY, CatalogueLike, Graph, facts, pipeline_document
from officina.graph.documents import type_of_value

SCHEMA = "https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json"
HEAD = """\
# Exported from the designer of Officina. Run it with: officina job create -f FILE
# `properties.designer` keeps what only the canvas knows; delete it and the pipeline runs alike.
"""
_SIMPLE = re.compile(
    r"(?:\$?[A-Za-z_][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*"
    r"|azureml:[A-Za-z0-9_./:@-]+[A-Za-z0-9]|https://[A-Za-z0-9_./-]+[A-Za-z0-9]"
    r"|\$\{\{parent\.[A-Za-z0-9_.-]+\}\})\Z"
)
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"))


def to_yaml(graph: Graph, catalogue: CatalogueLike, *, name: str = "") -> str:
    """Return the graph as a pipeline job in Azure's YAML; `graph_of_yaml` reads it back.

    A draft may be broken: a component that nobody knows is referred to as a registered one.
    """
    document = pipeline_document(graph, Lenient(catalogue), display_name=name or None)
    known = facts.of_document(document)
    job: dict[str, Any] = {"$schema": SCHEMA, "type": "pipeline"}
    heads = ("displayName", "display_name"), ("experimentName", "experiment_name")
    for key, word in (*heads, ("description", "description")):
        if document.get(key):
            job[word] = document[key]
    inputs = _inputs(graph, document, known)
    if inputs:
        job["inputs"] = inputs
    settings = dict(document["settings"])
    if settings.get("default_compute"):
        settings["default_compute"] = f"azureml:{settings['default_compute']}"
    if settings:
        job["settings"] = settings
    job["jobs"] = {step: _step(step, node, known) for step, node in document["jobs"].items()}
    job["properties"] = {facts.KEY: facts.to_text(known)}
    return HEAD + yaml.dump(
        job, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000
    )


def graph_of_yaml(text: str) -> Graph:
    """Return the graph of a pipeline job in YAML, ours or anyone's; raises StudioError with the
    line.
    """
    return Graph.of_pipeline(document_of_yaml(text))


def document_of_yaml(text: str) -> dict[str, Any]:
    """Return the canonical document of a pipeline job in YAML, its steps' own components whole."""
    text = text if "\n" in text else text + "\n"
    document = _without_steps(text) or load_job(text, flat=False).document
    if document["jobType"] != "Pipeline":
        raise StudioError(
            "This is a single command job, not a pipeline.",
            where="type",
            hint="Register it as a component, and place that on the canvas.",
        )
    return document


def _without_steps(text: str) -> dict[str, Any] | None:
    """Return the document of an exported draft that runs nothing yet, which is no job; else None.

    Its steps are all switched off, or there are none: the reader of jobs would refuse it.
    """
    if "jobs: {}" not in text or facts.KEY not in text:
        return None
    job = load_yaml(text)
    if not isinstance(job, dict) or job.get("jobs") != {}:
        return None
    stand_in = {"component": f"{REGISTRY}split_data/versions/1"}
    document = load_job({**job, "jobs": {"stand_in": stand_in}}).document
    return {**document, "jobs": {}} if facts.of_document(document) else None


class Lenient:
    """A catalogue in which every name is found."""

    def __init__(self, catalogue: CatalogueLike) -> None:
        self._catalogue = catalogue

    def get(self, name: str, version: str | None = None) -> Any:
        """Return the component, or one without ports that has its name."""
        try:
            return self._catalogue.get(name, version)
        except StudioError:
            return Component(name, version or "1", type="command")


def _inputs(graph: Graph, document: Mapping[str, Any], known: facts.Facts) -> dict[str, Any]:
    """Return the pipeline's parameters as plain values; the facts keep the types they lose."""
    result: dict[str, Any] = {}
    extras: dict[str, Any] = known.setdefault("parameters", {})
    for name, entry in document["inputs"].items():
        extra = extras.setdefault(name, {})
        given = graph.parameters[name]
        if given.get("description"):
            extra["description"] = given["description"]
        value = entry.get("value", entry.get("uri"))
        if entry["jobInputType"] != "literal" and str(value).startswith("azureml:"):
            result[name] = {"type": entry["jobInputType"], "path": value}
            continue
        if value is None:
            extra["blank"] = True
            value = ""
        if type_of_value(value) != given.get("type"):
            extra["type"] = given.get("type")
        result[name] = value
    known["parameters"] = {name: extra for name, extra in extras.items() if extra}
    if not known["parameters"]:
        del known["parameters"]
    return result


def _step(step: str, node: Mapping[str, Any], known: facts.Facts) -> dict[str, Any]:
    nodes: dict[str, Any] = known.setdefault("nodes", {})
    extra: dict[str, Any] = nodes.setdefault(step, {})
    extra["position"] = node["position"]
    result: dict[str, Any] = {"type": node["type"]}
    if node.get("displayName"):
        result["display_name"] = node["displayName"]
    if node.get("comment"):
        result["comment"] = node["comment"]
    result["component"] = reference(node["component"])
    if node.get("computeId"):
        result["compute"] = f"azureml:{node['computeId']}"
    if node.get("forceRerun"):
        result["force_rerun"] = True
    inputs = {name: _value(name, entry, extra) for name, entry in node["inputs"].items()}
    if inputs:
        result["inputs"] = inputs
    return result


def reference(component: Any) -> Any:
    """Return the reference to a component that is registered under its name and version.

    One that a step brought along is written out again: nobody else could find it.
    """
    if isinstance(component, str):
        return component
    if INLINE.match(component["name"]) and component.get("command"):
        return {key: value for key, value in component.items() if value is not None}
    return f"azureml:{component['name']}:{component['version']}"


def _value(name: str, entry: Mapping[str, Any], extra: dict[str, Any]) -> Any:
    literal = entry["jobInputType"] == "literal"
    value = entry.get("value") if literal else entry.get("uri")
    if value is None:
        extra.setdefault("blank", []).append(name)
        return ""
    if isinstance(value, dict | list):
        extra.setdefault("json", []).append(name)
        return json.dumps(value, ensure_ascii=False)
    if not literal and isinstance(value, str) and value.startswith("azureml:"):
        kind = entry["jobInputType"]
        if kind in ("uri_folder", "custom_model"):  # the other types are ours alone
            return {"type": kind, "path": value}
    return value


class _Dumper(yaml.SafeDumper):
    """Quotes every text that some reader of YAML 1.1 or 1.2 might take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write equal values out: anchors are hard to read."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style: str | None = '"'
    if _SIMPLE.match(value) and value.lower() not in _WORDS:
        style = None
    elif "\n" in value and value.isprintable() is False and _is_block(value):
        style = "|"
    elif "'" not in value and ("\\" in value or '"' in value) and value.isprintable():
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _is_block(value: str) -> bool:
    """Say whether a text of several lines may be written as it is: a script, a note."""
    lines = value.split("\n")
    plain = all(line.isprintable() and line == line.rstrip() for line in lines)
    return plain and bool(lines[0]) and not lines[0].startswith(" ")


_Dumper.add_representer(str, _text)
