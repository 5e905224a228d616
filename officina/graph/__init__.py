"""The designer's graph as an immutable value, and the pipeline document it stands for."""

from __future__ import annotations

from officina.graph.bypass import Running, running
from officina.graph.documents import (
    INLINE,
    REGISTRY,
    CatalogueLike,
    assets_as_inputs,
    component_name,
    graph_of_pipeline,
    not_drawable,
    pipeline_document,
)
from officina.graph.order import find_cycle, reverse, topological
from officina.graph.pinning import resting, unpinned
from officina.graph.values import MAX_NODES, SCHEMA, Edge, Graph, Group, Node, Note

__all__ = [
    "INLINE",
    "MAX_NODES",
    "REGISTRY",
    "SCHEMA",
    "CatalogueLike",
    "Edge",
    "Graph",
    "Group",
    "Node",
    "Note",
    "Running",
    "assets_as_inputs",
    "component_name",
    "find_cycle",
    "graph_of_pipeline",
    "not_drawable",
    "pipeline_document",
    "resting",
    "reverse",
    "running",
    "topological",
    "unpinned",
]
