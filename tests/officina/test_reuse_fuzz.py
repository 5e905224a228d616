"""10,000 single changes to a pipeline: a step's key changes where its result may, and only there.

What a step's result depends on is told twice: by the engine's keys, and by a plain description made
from the pipeline without it. Two steps must share a key exactly when they share the description,
over all 10,000 pipelines together, so that neither a false reuse nor a needless run stays hidden.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from officina import planning
from officina.catalogue import Catalogue, Component, Param, Port
from officina.graph import Edge, Graph, Group, Node, Note, pipeline_document
from officina.storage.trees import Entry, Tree

CHANGES = 10_000
SELECTOR = {"rules": [{"include": False, "by": "names", "value": ["s1"]}]}


def folder(**files: bytes) -> str:
    """Return the digest of a folder with these files."""
    return Tree.of(
        {name: Entry(hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()}
    ).digest


@dataclass(frozen=True)
class Own:
    """A team's own component: its code, its pins, and words that do not matter."""

    code: bytes = b"print(1)\n"
    pins: str = "numpy==2.1.0\npandas==2.2.3\n"
    command: str = "python a.py ${{inputs.data}} ${{inputs.factor}} ${{outputs.made}}"
    description: str = "adds"
    variable: str = "info"


@dataclass(frozen=True)
class World:
    """A pipeline with all that it refers to."""

    graph: Graph
    data: Mapping[str, bytes] = field(default_factory=dict)
    own: Mapping[str, Own] = field(default_factory=dict)

    def catalogue(self) -> Catalogue:
        return Catalogue(
            Component(
                name,
                "1",
                type="command",
                doc=own.description,
                inputs=(Port("data", "uri_folder"),),
                outputs=(Port("made", "uri_folder"),),
                params=(Param("factor", "number", default=2.0), Param("word", optional=True)),
                extra={
                    "code": f"tree:{folder(main=own.code)}",
                    "command": own.command,
                    "environment": {"name": name, "conda_file": own.pins},
                    "environment_variables": {"LEVEL": own.variable},
                },
            )
            for name, own in self.own.items()
        )


def start() -> World:
    """A pipeline of fourteen steps: two tables, modules, own components, two models compared."""
    nodes = [
        Node("a", "data_asset", "1", {"asset": "azureml:first:1"}),
        Node("b", "import_data", "1", {"sample": "wine"}),
        Node("own", "own_one", "1", {"factor": "${{parent.inputs.factor}}"}),
        Node("other", "own_two", "1", {"factor": 3.5, "word": "hello"}),
        Node("keep", "select_columns", "1", {"columns": SELECTOR}),
        Node("clean", "clean_missing_data", "1", {"mode": "mean"}),
        Node("split", "split_data", "1", {"fraction": 0.7, "random_seed": 1}),
        Node("line", "linear_regression", "1", {"l2_weight": 0.01}),
        Node("line2", "linear_regression", "1", {"l2_weight": 0.5}),
        Node("train", "train_model", "1", {"label": "target"}),
        Node("train2", "train_model", "1", {"label": "target"}),
        Node("score", "score_model", "1", {}),
        Node("score2", "score_model", "1", {"append": True}),
        Node("judge", "evaluate_model", "1", {}),
    ]
    edges = [
        Edge("a", "data", "own", "data"),
        Edge("own", "made", "keep", "dataset"),
        Edge("b", "dataset", "other", "data"),
        Edge("keep", "results", "clean", "dataset"),
        Edge("clean", "cleaned", "split", "dataset"),
        Edge("line", "untrained_model", "train", "untrained_model"),
        Edge("line2", "untrained_model", "train2", "untrained_model"),
        Edge("split", "results1", "train", "dataset"),
        Edge("split", "results1", "train2", "dataset"),
        Edge("train", "trained_model", "score", "trained_model"),
        Edge("train2", "trained_model", "score2", "trained_model"),
        Edge("split", "results2", "score", "dataset"),
        Edge("split", "results2", "score2", "dataset"),
        Edge("score", "scored", "judge", "scored"),
        Edge("score2", "scored", "judge", "scored_to_compare"),
    ]
    parameters = {"factor": {"type": "number", "default": 2.0}}
    data = {"azureml:first:1": b"x,target\n1,2\n3,4\n", "azureml:second:1": b"x,target\n9,9\n"}
    own = {"own_one": Own(), "own_two": Own(code=b"print(2)\n")}
    return World(Graph(tuple(nodes), tuple(edges), parameters), data, own)


def keys(world: World) -> dict[str, str]:
    """Return every step's key as the studio makes it; a step's outputs are named by its key.

    A real step may give equal outputs under different keys: then what follows is reused too.
    """
    catalogue = world.catalogue()
    document = pipeline_document(world.graph, catalogue)
    for node in document["jobs"].values():
        if isinstance(node["component"], str):
            node["component"] = planning.component_spec(node["component"], "")
        for entry in node["inputs"].values():
            if str(entry.get("uri")).startswith("azureml:"):
                entry["uri"] = f"tree:{folder(table=world.data[entry['uri']])}"
    found: dict[str, str] = {}

    def outputs_of(step: str, port: str) -> dict[str, Any]:
        name = hashlib.sha256(f"{found[step]}.{port}".encode()).hexdigest()
        return {"uri": f"tree:{name}", "type": "uri_folder"}

    for step in planning.order(document):
        compiled = planning.compile_step(
            document, step, inputs=document["inputs"], outputs_of=outputs_of
        )
        parts = planning.decisive(compiled, lambda wanted: sha(wanted["conda_file"]))
        found[step] = planning.step_key(**parts)
    return found


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def meanings(world: World) -> dict[str, str]:
    """Return for every step that runs a digest of what its result depends on, told plainly."""
    graph, told = world.graph, {}
    nodes = {node.id: node for node in graph.nodes}
    wires = {(edge.target, edge.target_port): edge for edge in graph.edges}
    built_in = Catalogue()

    def source(edge: Edge) -> str:
        """Follow disabled nodes upwards; in this pipeline only tables pass through them."""
        while nodes[edge.source].disabled:
            ports = ("dataset", "data")
            edge = next(wires[edge.source, p] for p in ports if (edge.source, p) in wires)
        return f"{meaning(edge.source)}.{edge.source_port}"

    def meaning(id: str) -> str:
        if id not in told:
            node = nodes[id]
            own = world.own.get(node.component)
            if own is None:
                params = {p.name: p.default for p in built_in.get(node.component).params}
                kind: Any = node.component
            else:
                params = {"factor": 2.0, "word": None}
                kind = (own.code, own.pins, own.command, own.variable)
            given = {name: resolved(value) for name, value in node.params.items()}
            feeds = sorted((e.target_port, source(e)) for e in graph.edges if e.target == id)
            params |= given
            told[id] = sha(repr((kind, sorted(params.items(), key=str), feeds)))
        return told[id]

    def resolved(value: Any) -> Any:
        if value == "${{parent.inputs.factor}}":
            return graph.parameters["factor"]["default"]
        return world.data.get(value, value) if isinstance(value, str) else value

    return {node.id: meaning(node.id) for node in graph.nodes if not node.disabled}


Change = Callable[[World, random.Random], tuple[World, str | None]]


def edit(world: World, id: str, **facts: Any) -> World:
    nodes = tuple(replace(n, **facts) if n.id == id else n for n in world.graph.nodes)
    return replace(world, graph=replace(world.graph, nodes=nodes))


def graph(world: World, **parts: Any) -> World:
    return replace(world, graph=replace(world.graph, **parts))


PARAMS: tuple[tuple[str, str, Callable[[random.Random], Any]], ...] = (
    ("split", "fraction", lambda r: r.random()),
    ("split", "random_seed", lambda r: r.choice([None, r.randrange(2, 2**31)])),
    ("split", "randomized", lambda r: False),
    ("clean", "mode", lambda r: r.choice(["median", "mode", "remove_row", "custom_value"])),
    ("clean", "max_ratio", lambda r: r.random()),
    ("line", "l2_weight", lambda r: r.uniform(0.02, 9)),
    ("line2", "l2_weight", lambda r: r.uniform(0.6, 9)),
    ("train", "label", lambda r: f"target{r.randrange(10**6)}"),
    ("score2", "append", lambda r: False),
    ("b", "sample", lambda r: r.choice(["diabetes", "iris", "breast_cancer"])),
    ("other", "factor", lambda r: r.uniform(4, 99)),
    ("other", "word", lambda r: r.choice([None, f"word {r.randrange(10**6)}"])),
    ("keep", "columns", lambda r: {"rules": [{"include": r.random() < 0.5, "by": "names",
                                              "value": [f"c{r.randrange(10**6)}"]}]}),
)  # fmt: skip


def a_parameter(world: World, rng: random.Random) -> tuple[World, str | None]:
    id, name, make = rng.choice(PARAMS)
    return edit(world, id, params={**world.graph.node(id).params, name: make(rng)}), id


def the_pipeline_parameter(world: World, rng: random.Random) -> tuple[World, str | None]:
    value = {"type": "number", "default": rng.uniform(3, 99)}
    return graph(world, parameters={"factor": value}), "own"


def a_code_byte(world: World, rng: random.Random) -> tuple[World, str | None]:
    name = rng.choice(sorted(world.own))
    code = bytearray(world.own[name].code)
    place = rng.randrange(len(code))
    code[place] = (code[place] + rng.randrange(1, 256)) % 256
    return of_own(world, name, code=bytes(code))


def of_own(world: World, name: str, **facts: Any) -> tuple[World, str | None]:
    own = {**world.own, name: replace(world.own[name], **facts)}
    return replace(world, own=own), {"own_one": "own", "own_two": "other"}[name]


def an_input_row(world: World, rng: random.Random) -> tuple[World, str | None]:
    rows = world.data["azureml:first:1"].splitlines(keepends=True)
    rows[rng.randrange(1, len(rows))] = f"{rng.randrange(5, 10**6)},{rng.random()}\n".encode()
    return replace(world, data={**world.data, "azureml:first:1": b"".join(rows)}), "a"


def a_pin(world: World, rng: random.Random) -> tuple[World, str | None]:
    pins = f"numpy==2.{rng.randrange(10**6)}.1\npandas==2.2.3\n"
    return of_own(world, rng.choice(sorted(world.own)), pins=pins)


def a_command(world: World, rng: random.Random) -> tuple[World, str | None]:
    text = f"python a.py --{rng.randrange(10**6)}"
    return of_own(world, rng.choice(sorted(world.own)), command=text)


def a_variable(world: World, rng: random.Random) -> tuple[World, str | None]:
    return of_own(world, rng.choice(sorted(world.own)), variable=f"level{rng.randrange(10**6)}")


def another_asset(world: World, rng: random.Random) -> tuple[World, str | None]:
    return edit(world, "a", params={"asset": "azureml:second:1"}), "a"


def another_wire(world: World, rng: random.Random) -> tuple[World, str | None]:
    old, source, port = rng.choice(
        (
            ("train:dataset", "split", "results2"),
            ("score:dataset", "clean", "cleaned"),
            ("score2:dataset", "split", "results1"),
            ("keep:dataset", "other", "made"),
            ("train:untrained_model", "line2", "untrained_model"),
        )
    )
    edges = tuple(
        replace(edge, source=source, source_port=port) if edge.id == old else edge
        for edge in world.graph.edges
    )
    return graph(world, edges=edges), old.partition(":")[0]


def a_node_switched_off(world: World, rng: random.Random) -> tuple[World, str | None]:
    id, below = rng.choice((("keep", "clean"), ("own", "keep"), ("clean", "split")))
    return edit(world, id, disabled=True), below


RELEVANT: tuple[Change, ...] = (
    a_parameter,
    a_parameter,
    a_parameter,
    the_pipeline_parameter,
    a_code_byte,
    a_code_byte,
    an_input_row,
    an_input_row,
    a_pin,
    a_pin,
    a_command,
    a_variable,
    another_asset,
    another_wire,
    a_node_switched_off,
)


def a_move(world: World, rng: random.Random) -> tuple[World, str | None]:
    id = rng.choice(world.graph.nodes).id
    return edit(world, id, x=rng.uniform(-999, 999), y=rng.uniform(-999, 999)), None


def words_about_a_node(world: World, rng: random.Random) -> tuple[World, str | None]:
    id = rng.choice(world.graph.nodes).id
    word = f"word {rng.randrange(10**6)}"
    facts = rng.choice(({"label": word}, {"comment": word}, {"group": "g"}, {"compute": "gpu-1"}))
    return edit(world, id, **facts), None


def notes_and_settings(world: World, rng: random.Random) -> tuple[World, str | None]:
    parts = rng.choice(
        (
            {"notes": (Note("n", f"text {rng.random()}"),)},
            {"groups": (Group("g", "here"),)},
            {"settings": {"experiment": "e", "description": f"d{rng.random()}"}},
            {"settings": {"default_compute": "cpu-2", "continue_on_step_failure": True}},
            {"parameters": {**world.graph.parameters, "more": {"type": "string", "default": "x"}}},
        )
    )
    return graph(world, **parts), None


def another_order(world: World, rng: random.Random) -> tuple[World, str | None]:
    nodes, edges = list(world.graph.nodes), list(world.graph.edges)
    rng.shuffle(nodes)
    rng.shuffle(edges)
    return graph(world, nodes=tuple(nodes), edges=tuple(edges)), None


def words_about_a_component(world: World, rng: random.Random) -> tuple[World, str | None]:
    name = rng.choice(sorted(world.own))
    return of_own(world, name, description=f"says {rng.random()}")[0], None


def a_default_written_out(world: World, rng: random.Random) -> tuple[World, str | None]:
    id = rng.choice(("split", "clean", "line", "b", "score"))
    node = world.graph.node(id)
    params = {p.name: p.default for p in Catalogue().get(node.component).params}
    known = {name: value for name, value in params.items() if value is not None}
    name = rng.choice(sorted(known.keys() - node.params.keys()) or sorted(node.params))
    value = node.params.get(name, known.get(name))
    return edit(world, id, params={**node.params, name: value}), None


def data_that_nobody_reads(world: World, rng: random.Random) -> tuple[World, str | None]:
    more = {"azureml:second:1": f"x,target\n{rng.random()},1\n".encode()}
    return replace(world, data={**world.data, **more}), None


IRRELEVANT: tuple[Change, ...] = (
    a_move,
    words_about_a_node,
    notes_and_settings,
    another_order,
    words_about_a_component,
    a_default_written_out,
    data_that_nobody_reads,
)


def below(graph: Graph, id: str) -> set[str]:
    """Return the steps that run on what this one gives, itself among them."""
    off = {node.id for node in graph.nodes if node.disabled}
    return (graph.downstream(id) | {id}) - off


def test_the_plain_description_tells_the_steps_apart() -> None:
    found = meanings(start())
    assert len(set(found.values())) == len(found) == 14


@pytest.mark.slow
def test_ten_thousand_single_changes_reuse_nothing_false_and_run_nothing_needless() -> None:
    rng = random.Random(20260101)
    world = start()
    before = keys(world)
    meaning_of: dict[str, str] = {}
    key_of: dict[str, str] = {}
    false_reuse = needless = 0
    for number in range(CHANGES):
        change = rng.choice(RELEVANT if number % 2 else IRRELEVANT)
        changed, first = change(world, rng)
        after = keys(changed)
        for step, meaning in meanings(changed).items():
            false_reuse += meaning_of.setdefault(after[step], meaning) != meaning
            needless += key_of.setdefault(meaning, after[step]) != after[step]
        differ = {step for step in after if after[step] != before[step]}
        expected = below(changed.graph, first) if first else set()
        assert differ == expected, (number, change.__name__, first)
    assert (false_reuse, needless) == (0, 0)
    assert len(key_of) > CHANGES


@pytest.mark.parametrize("change", dict.fromkeys(RELEVANT))
def test_each_relevant_change_can_be_told_in_words(change: Change) -> None:
    rng = random.Random(7)
    world = start()
    changed, first = change(world, rng)
    assert first is not None
    words = planning.explain_key(parts(world)[first], parts(changed)[first])
    assert words, change.__name__


def parts(world: World) -> dict[str, dict[str, Any]]:
    """Return the key parts of every step that has no disabled node above it."""
    found = keys(world)
    catalogue = world.catalogue()
    document = pipeline_document(world.graph, catalogue)
    result = {}
    for step in planning.order(document):
        node = document["jobs"][step]
        if isinstance(node["component"], str):
            node["component"] = planning.component_spec(node["component"], "")
        for entry in node["inputs"].values():
            if str(entry.get("uri")).startswith("azureml:"):
                entry["uri"] = f"tree:{folder(table=world.data[entry['uri']])}"
        compiled = planning.compile_step(
            document,
            step,
            inputs=document["inputs"],
            outputs_of=lambda s, p: {"uri": f"tree:{found[s]}{p}", "type": "uri_folder"},
        )
        given = planning.decisive(compiled, lambda wanted: sha(wanted["conda_file"]))
        result[step] = planning.key_parts(**given)
    return result
