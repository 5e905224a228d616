"""What a rule says of columns before a run is what the module makes of them in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from officina.catalogue import Catalogue
from officina.columns import Column, Schema, choose
from officina.columns.propagate import propagate
from officina.columns.tables import SAMPLES, delimited
from officina.errors import StudioError
from officina.execution.modules import run_module
from officina.graph import Edge, Graph, Node
from officina.modules import columns
from officina.modules.tables import Table, read_dataset, write_dataset

WORDS = {"numeric": "number"}


class Silent:
    """A reporter that keeps nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


def schema_of(table: Table) -> Schema:
    """Return the columns of a real table, in the selector's own words for types."""
    found = []
    for name in map(str, table.frame.columns):
        kind = columns.type_of(table, name)
        categorical = kind == "categorical"
        found.append(Column(name, WORDS.get(kind, kind), table.role(name), categorical))
    return tuple(found)


def told(schema: Schema | None) -> list[tuple[str, str, str]] | None:
    """Return what counts of a schema: a category of numbers is "categorical" like any other."""
    if schema is None:
        return None
    return [(c.name, "categorical" if c.categorical else c.type, c.role) for c in schema]


def a_table() -> Table:
    frame = pd.DataFrame(
        {
            "age": [31, 45, 27, 52],
            "fare": [7.25, 71.3, 8.05, 53.1],
            "sex": pd.Categorical(["m", "f", "f", "m"]),
            "name": ["Ann", "Bo", "Cy", "Di"],
            "when": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]),
            "paid": [True, False, True, True],
            "y": [0, 1, 0, 1],
        }
    )
    return Table(frame, {"y": {"role": "label"}, "fare": {"role": "none"}})


CASES = [
    ("select_columns", {"columns": ["age", "y"]}),
    ("select_columns", {"columns": {"rules": [{"include": False, "by": "type", "value": "string"}]}}),
    ("select_columns", {"columns": {"rules": [{"by": "range", "value": "2-4,6"}]}}),
    ("select_columns", {"columns": {"rules": [{"by": "role", "value": ["label"]}]}}),
    ("clean_missing_data", {}),
    ("clean_missing_data", {"mode": "mean", "columns": ["age", "fare"]}),
    ("split_data", {"fraction": 0.5}),
    ("edit_metadata", {"columns": ["age"], "data_type": "string"}),
    ("edit_metadata", {"columns": ["age"], "data_type": "double", "new_names": "years"}),
    ("edit_metadata", {"columns": ["sex"], "categorical": "noncategorical"}),
    ("edit_metadata", {"columns": ["name"], "categorical": "categorical"}),
    ("edit_metadata", {"columns": ["age"], "field": "label"}),
    ("edit_metadata", {"columns": ["y"], "field": "clear_label"}),
    ("edit_metadata", {"columns": ["age"], "field": "clear_feature"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "params"), CASES)
def test_a_module_gives_the_columns_that_its_rule_says(
    name: str, params: dict[str, Any], tmp_path: Path
) -> None:
    component = Catalogue().get(name)
    table = a_table()
    write_dataset(tmp_path / "in", table.frame, table.roles)
    ports = [port.name for port in component.outputs if port.type == "dataset"]
    outputs = {port.name: str(tmp_path / port.name) for port in component.outputs}
    spec = {"name": name, "params": params, "outputs": outputs}
    run_module(spec | {"inputs": {"dataset": str(tmp_path / "in")}}, Silent())
    assert component.schema is not None
    ruled = component.schema(component.clean(params), {"dataset": schema_of(table)})
    for port in ports:
        real = schema_of(Table(*read_dataset(tmp_path / port)))
        assert told(ruled[port]) == [(n, unsaid(params, n, k), r) for n, k, r in told(real)]


def unsaid(params: dict[str, Any], name: str, kind: str) -> str:
    """The kind of a former category is in its values, which no rule sees."""
    former = params.get("categorical") == "noncategorical" and name in params["columns"]
    return "any" if former else kind


@pytest.mark.parametrize("sample", sorted(SAMPLES))
def test_the_samples_have_the_columns_that_are_promised(sample: str, tmp_path: Path) -> None:
    outputs = {"dataset": str(tmp_path / "out")}
    run_module({"name": "import_data", "params": {"sample": sample}, "outputs": outputs}, Silent())
    assert told(SAMPLES[sample]) == told(schema_of(Table(*read_dataset(tmp_path / "out"))))


TYPED = [
    ("CSV", "a,b,c\n1,x,2.5\n2,y,3\n"),
    ("CSV", "a,b\n1,\n,x\n"),
    ("CSV", "a,t,d\n1,True,2024-01-01\n2,False,2024-02-02\n"),
    ("CSV", 'a,"b,c"\n1,"x\ny"\n'),
    ("TSV", "a\tb\n1e3\t-2\n4.\t5\n"),
    ("ARFF", "@relation r\n@attribute x numeric\n@attribute c {a,b}\n@data\n1.5,a\n"),
    ("SVMLight", "1 1:0.5 3:2.0\n0 2:1\n"),
]


@pytest.mark.parametrize(("kind", "text"), TYPED)
def test_typed_text_has_the_columns_that_its_rule_says(
    kind: str, text: str, tmp_path: Path
) -> None:
    component = Catalogue().get("enter_data_manually")
    params = {"data_format": kind, "data": text}
    outputs = {"dataset": str(tmp_path / "out")}
    run_module({"name": component.name, "params": params, "outputs": outputs}, Silent())
    assert component.schema is not None
    ruled = component.schema(component.clean(params), {})["dataset"]
    assert told(ruled) == told(schema_of(Table(*read_dataset(tmp_path / "out"))))


def test_what_is_not_sure_is_not_said() -> None:
    for text in ("", "a,a\n1,2\n", "a,b\n1\n", ",b\n1,2\n"):
        assert delimited(text, ",", header=True) is None


NAMES = tuple(column.name for column in schema_of(a_table()))
RULES = st.one_of(
    st.just({"by": "all"}),
    st.fixed_dictionaries(
        {
            "by": st.just("names"),
            "value": st.lists(st.sampled_from((*NAMES, "gone")), min_size=1, max_size=3),
        }
    ),
    st.builds(
        lambda a, b: {"by": "range", "value": f"{min(a, b)}-{max(a, b)}"},
        st.integers(1, 9),
        st.integers(1, 9),
    ),
    st.fixed_dictionaries(
        {
            "by": st.just("type"),
            "value": st.lists(st.sampled_from(columns.TYPES), min_size=1, max_size=2),
        }
    ),
    st.fixed_dictionaries(
        {
            "by": st.just("role"),
            "value": st.lists(st.sampled_from(columns.ROLES), min_size=1, max_size=2),
        }
    ),
)


@given(st.lists(st.tuples(RULES, st.booleans()), min_size=1, max_size=4))
def test_a_selector_chooses_the_same_with_and_without_data(
    rules: list[tuple[dict[str, Any], bool]],
) -> None:
    table = a_table()
    selector = {"rules": [{"include": include, **rule} for rule, include in rules]}
    found = choose(schema_of(table), selector)
    try:
        real = columns.select(table, selector, where="columns")
    except StudioError:
        assert not found.fits or found.names == ()
    else:
        assert found.fits
        assert list(found.names or ()) == real


@pytest.mark.parametrize(
    ("learner", "label", "append"),
    [
        ("linear_regression", "fare", True),
        ("linear_regression", "age", False),
        ("two_class_logistic_regression", "y", True),
        ("two_class_logistic_regression", "sex", True),
        ("multiclass_logistic_regression", "name", True),
    ],
)
def test_score_columns_are_known_before_training(
    learner: str, label: str, append: bool, tmp_path: Path
) -> None:
    table = a_table()
    table.frame = table.frame.drop(columns=["when"])
    nodes = (
        Node("learner", learner),
        Node("train", "train_model", "1", {"label": label}),
        Node("score", "score_model", "1", {"append": append}),
        Node("data", "import_data", "1", {"source": "data_asset"}),
    )
    edges = (
        Edge("learner", "untrained_model", "train", "untrained_model"),
        Edge("data", "dataset", "train", "dataset"),
        Edge("train", "trained_model", "score", "trained_model"),
        Edge("data", "dataset", "score", "dataset"),
    )
    known = {"data": {"dataset": schema_of(table)}}
    columns = propagate(Graph(nodes, edges), Catalogue(), known)
    assert columns["train"] == {}
    write_dataset(tmp_path / "data.dataset", table.frame, table.roles)
    for node in nodes[:3]:
        component = Catalogue().get(node.component)
        feeds = {e.target_port: e for e in edges if e.target == node.id}
        spec = {
            "name": node.component,
            "params": dict(node.params),
            "inputs": {
                port: str(tmp_path / f"{e.source}.{e.source_port}") for port, e in feeds.items()
            },
            "outputs": {p.name: str(tmp_path / f"{node.id}.{p.name}") for p in component.outputs},
        }
        run_module(spec, Silent())
    real = told(schema_of(Table(*read_dataset(tmp_path / "score.scored"))))
    ruled = told(columns["score"]["scored"])
    if learner.startswith("multiclass"):
        assert ruled is None  # the names of the columns are in the data
    else:
        vague = {name for name, kind, _ in ruled or () if kind == "any"}
        assert ruled == [(n, "any" if n in vague else kind, r) for n, kind, r in real or ()]
