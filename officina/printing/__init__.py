"""A graph as text for people and other tools, and back: Azure's YAML, Python for its SDK, JSON."""

from __future__ import annotations

import json

from officina.graph import Graph
from officina.printing.azureyaml import document_of_yaml, graph_of_yaml, to_yaml
from officina.printing.sdk import to_python

__all__ = [
    "document_of_yaml",
    "graph_of_text",
    "graph_of_yaml",
    "to_json_text",
    "to_python",
    "to_yaml",
]


def to_json_text(graph: Graph) -> str:
    """Return the graph's own JSON, laid out to be read."""
    return json.dumps(graph.to_json(), indent=2, ensure_ascii=False) + "\n"


def graph_of_text(text: str) -> Graph:
    """Return the graph of a text that someone pastes: a graph's JSON, or a pipeline job's YAML.

    Raises StudioError, with the line for YAML.
    """
    if text.lstrip().startswith("{"):
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None  # YAML may start with a brace too, and its reader says where it is wrong
        if isinstance(data, dict) and "nodes" in data:
            return Graph.from_json(data)
    return graph_of_yaml(text)
