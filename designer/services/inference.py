"""Making of a pipeline that trains one that answers requests with what was trained.

What only training needs goes; models, transformations and tables that training made are registered
and stand in its place; what came from data comes from a Web Service Input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from designer import journal
from designer.models import Pipeline
from designer.services import drafts
from designer.services.pins import Pins, pins_of, results_for
from officina.catalogue import Catalogue
from officina.errors import StudioError
from officina.graph import Edge, Graph, Node, running
from registry import services as registry
from registry.models import AssetVersion
from studio.runs.models import Run
from studio.runs.services.creating import catalogue_of

# Left out, their first input taking the place of what they give.
TRAINING_ONLY = frozenset({"split_data", "smote", "partition_and_sample", "remove_duplicate_rows"})
SCORERS = frozenset(
    {
        "score_model",
        "assign_data_to_clusters",
        "score_svd_recommender",
        "score_wide_and_deep_recommender",
    }
)
ENTRY, EXIT = "web_service_input", "web_service_output"
# What a port's type is registered as, and the node that reads it again: (kind, document type, node, its output).
ASSETS = {
    "trained_model": ("model", "custom_model", "saved_model", "model"),
    "transform": ("model", "custom_model", "saved_transform", "transform"),
    "dataset": ("data", "uri_folder", "data_asset", "data"),
}
_TYPE = {"model": "modelType", "data": "dataType"}
Place = tuple[str, str]


@transaction.atomic
def make_inference(
    *, pipeline: Pipeline, user: Any, run: Run | None = None, node: str = ""
) -> Pipeline:
    """Make a draft that scores requests with the models of a run; `node` names the scorer to keep."""
    journal.refresh(pipeline)
    catalogue = catalogue_of(pipeline.workspace)
    graph = running(Graph.from_json(pipeline.graph), catalogue).graph
    scorer = _scorer(graph, node)
    conversion = Conversion(pipeline, user, graph, catalogue, run)
    scored = conversion.answer_of(scorer)
    conversion.add(Node(EXIT, EXIT, x=scorer.x, y=scorer.y + 130), [Edge(*scored, EXIT, "data")])
    made = Graph(
        tuple(conversion.nodes.values()),
        tuple(conversion.edges),
        {name: dict(entry) for name, entry in graph.parameters.items() if conversion.uses(name)},
        settings=graph.settings,
    )
    return drafts.create_draft(
        workspace=pipeline.workspace,
        user=user,
        name=f"{pipeline.name} - real-time inference"[:255],
        description=f"Answers requests with what {pipeline.name} trained.",
        graph=made.to_json(),
    )


def _scorer(graph: Graph, wanted: str) -> Node:
    scorers = [node for node in graph.nodes if node.component in SCORERS]
    if wanted:
        scorers = [node for node in scorers if node.id == wanted]
    if not scorers:
        raise StudioError(
            f"There is no scoring node {wanted!r}." if wanted else "No node scores anything.",
            hint="A pipeline answers with the scores of Score Model: add one, and run it.",
            where=wanted or "graph",
            code="conflict",
        )
    if len(scorers) > 1:
        listed = ", ".join(node.label or node.id for node in scorers)
        raise StudioError(
            "More than one node scores.",
            hint=f"Say which one is to answer: {listed}.",
            where="node",
            code="conflict",
        )
    return scorers[0]


@dataclass
class Conversion:
    """The new graph as it grows, upwards from the scorer."""

    pipeline: Pipeline
    user: Any
    graph: Graph
    catalogue: Catalogue
    run: Run | None
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    found: dict[str, Run] = field(default_factory=dict)
    roots: set[str] = field(default_factory=set)

    def answer_of(self, scorer: Node) -> Place:
        """Keep the scorer on the road that requests take; return where the scores come out."""
        needed = {node.id for node in self.graph.nodes}
        pins = Pins() if self.run else pins_of(self.pipeline, self.graph, self.catalogue)
        self.found = results_for(self.pipeline, pins, needed, self.run)
        self.roots = self._roots(scorer.id)
        return self._kept(scorer, self._first_output(scorer))

    def _roots(self, name: str) -> set[str]:
        """Return the nodes on the road of the rows, from the scorer up to their source."""
        road: set[str] = set()
        while True:
            road.add(name)
            edge = self._main_edge(self.graph.node(name))
            if edge is None or edge.source in road:
                return road
            name = edge.source

    def _main_edge(self, node: Node) -> Edge | None:
        """Return the connection that the rows come by: the first wired input for tables."""
        component = self.catalogue.get(node.component, node.version)
        for port in component.inputs:
            if port.type == "dataset":
                for edge in self.graph.edges:
                    if (edge.target, edge.target_port) == (node.id, port.name):
                        return edge
        return None

    def rows_at(self, place: Place) -> Place:
        """Return where the rows of a request are found that in training were found at `place`."""
        node = self.graph.node(place[0])
        component = self.catalogue.get(node.component, node.version)
        edge = self._main_edge(node)
        if edge is None:
            return self._entry(node, place)
        if node.component in TRAINING_ONLY:
            return self.rows_at((edge.source, edge.source_port))
        learned = next((port.name for port in component.outputs if port.type == "transform"), None)
        if learned:
            return self._applied(node, learned, self.rows_at((edge.source, edge.source_port)))
        return self._kept(node, place[1])

    def _entry(self, node: Node, place: Place) -> Place:
        """Put a Web Service Input where the rows came from; the data stays as its sample."""
        if ENTRY not in self.nodes:
            self.add(node, [])
            self.add(Node(ENTRY, ENTRY, x=node.x, y=node.y + 65), [Edge(*place, ENTRY, "sample")])
        return ENTRY, "data"

    def _kept(self, node: Node, port: str) -> Place:
        """Keep a node; each of its inputs is followed to what stands for it."""
        if node.id not in self.nodes:
            main = self._main_edge(node)
            wires = []
            for edge in self.graph.edges:
                if edge.target == node.id:
                    source = (edge.source, edge.source_port)
                    at = self.rows_at(source) if edge == main else self._beside(source)
                    wires.append(Edge(*at, node.id, edge.target_port))
            self.add(node, wires)
        return node.id, port

    def _beside(self, place: Place) -> Place:
        """Return what stands for an input that is not the rows: an asset of what training made."""
        node = self.graph.node(place[0])
        above = {node.id, *self.graph.upstream(node.id)}
        component = self.catalogue.get(node.component, node.version)
        kind = component.output(place[1]).type
        if kind == "dataset" and not above & self.roots:
            return self._kept_whole(place)  # a table of its own, such as one to join with
        if kind == "untrained_model":
            return self._kept_whole(place)
        return self._asset(node, place[1], kind)

    def _kept_whole(self, place: Place) -> Place:
        for name in sorted({place[0], *self.graph.upstream(place[0])}):
            if name not in self.nodes:
                self.add(
                    self.graph.node(name),
                    [edge for edge in self.graph.edges if edge.target == name],
                )
        return place

    def _applied(self, node: Node, learned: str, rows: Place) -> Place:
        """Put Apply Transformation with what a node learned in that node's place."""
        name = f"apply_{node.id}"
        if name not in self.nodes:
            transform = self._asset(node, learned, "transform")
            label = f"Apply {node.label}" if node.label else ""
            self.add(
                Node(name, "apply_transformation", x=node.x, y=node.y, label=label),
                [Edge(*transform, name, "transform"), Edge(*rows, name, "dataset")],
            )
        return name, "transformed"

    def _asset(self, node: Node, port: str, kind: str) -> Place:
        """Register what a node gave in the run, and return the node that reads it again."""
        registered, document_type, component, output = ASSETS[kind]
        name = f"saved_{node.id}_{port}"
        if name not in self.nodes:
            child = self.found.get(node.id)
            if child is None or port not in child.outputs:
                raise StudioError(
                    f"{node.label or node.id} has no result yet.",
                    hint="Run the pipeline first, then make the inference pipeline.",
                    where=node.id,
                    code="conflict",
                )
            row = self._register(child, port, registered, document_type)
            params = {"asset": f"azureml:{row.asset.name}:{row.version}"}
            self.add(Node(name, component, params=params, x=node.x - 60, y=node.y - 40), [])
        return name, output

    def _register(self, child: Run, port: str, kind: str, document_type: str) -> Any:
        digest = str(child.outputs[port]["uri"]).removeprefix("tree:")
        workspace = self.pipeline.workspace
        base = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{self.pipeline.name}-{child.step}").strip("-.")
        name = f"{base}-{port}"[:200].lower()
        tree = registry.open_tree(workspace=workspace, digest=digest)
        known = _same(workspace, kind, name, digest)
        return known or registry.register(
            workspace=workspace,
            kind=kind,
            name=name,
            document={_TYPE[kind]: document_type, "jobName": child.name, "path": port},
            tree=tree,
            description=f"{child.title} of {self.pipeline.name}",
            run_guid=child.guid,
            user=self.user,
        )

    def _first_output(self, node: Node) -> str:
        return str(self.catalogue.get(node.component, node.version).outputs[0].name)

    def add(self, node: Node, wires: list[Edge]) -> None:
        """Put a node with its connections into the new graph."""
        self.nodes[node.id] = node
        self.edges.extend(wires)

    def uses(self, parameter: str) -> bool:
        """Say whether a node of the new graph is bound to a pipeline parameter."""
        text = f"parent.inputs.{parameter}"
        return any(
            text in str(value) for node in self.nodes.values() for value in node.params.values()
        )


def _same(workspace: Any, kind: str, name: str, digest: str) -> Any:
    """Return the version that holds these very bytes, if they were registered before."""
    rows = AssetVersion.objects.filter(
        asset__workspace=workspace, asset__kind=kind, asset__name=name, tree=digest, archived=False
    )
    return rows.select_related("asset").order_by("-number").first()
