"""Each preparation step does what pandas does, and the pipeline it is saved as does the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from officina.data import preparation
from officina.data.drafting import as_node, graph_of
from officina.data.steps import STEPS, Call, declarations
from officina.errors import StudioError
from officina.execution.modules import run_module
from officina.graph import Graph
from officina.modules.tables import Table, read_dataset, write_dataset
from officina.tracking import Run


@pytest.fixture
def people() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [1, 2, 3, 4, 5, 6],
            "Größe": [1.5, np.nan, 1.7, 1.9, 1.7, np.nan],
            "town, land": ["Bonn, D", "Sevilla, E", None, "Bonn, D", "Seoul", "Bonn, D"],
            "da": [True, False, True, True, False, True],
            "day": pd.to_datetime(["2020-01-01", "2021-06-01", None, "2022-01-01", None, None]),
            "empty": [None] * 6,
        }
    ).astype({"empty": "float64"})


MORE = pd.DataFrame({"id": [7, 8], "Größe": [1.1, 1.2], "new": ["a", "b"]})
D = {"name": "more", "version": "1"}
TOWN = "town, land"


def split(frame: pd.DataFrame) -> pd.DataFrame:
    parts = frame[TOWN].str.split(",", n=1, expand=True)
    frame.insert(3, f"{TOWN}_1", parts[0].str.strip())
    frame.insert(4, f"{TOWN}_2", parts[1].str.strip())
    return frame


def turned(frame: pd.DataFrame) -> pd.DataFrame:
    result = frame[["id", "Größe"]].T
    result.columns = [f"Row {i + 1}" for i in range(len(frame))]
    result.insert(0, "column", ["id", "Größe"])
    return result


def replaced(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.replace({"Größe": {1.7: 2.0}})


CASES: list[tuple[list[dict[str, Any]], Any]] = [
    ([{"op": "drop_columns", "columns": ["da", "id"]}], lambda f: f.drop(columns=["da", "id"])),
    ([{"op": "keep_columns", "columns": ["da", "id"]}], lambda f: f[["id", "da"]]),
    ([{"op": "drop_rows", "rows": "1-2, 5"}], lambda f: f.drop(index=[0, 1, 4])),
    ([{"op": "dropna"}], lambda f: f.dropna()),
    ([{"op": "dropna", "columns": ["Größe"]}], lambda f: f.dropna(subset=["Größe"])),
    ([{"op": "dropna", "axis": "columns"}], lambda f: f.dropna(axis=1)),
    ([{"op": "dropna", "axis": "columns", "how": "all"}], lambda f: f.dropna(axis=1, how="all")),
    (
        [{"op": "dropna", "columns": ["Größe", TOWN], "how": "all"}],
        lambda f: f.dropna(subset=["Größe", TOWN], how="all"),
    ),
    (
        [{"op": "rename", "names": [{"from": TOWN, "to": "a,b"}, {"from": "id", "to": TOWN}]}],
        lambda f: f.rename(columns={TOWN: "a,b", "id": TOWN}),
    ),
    (
        [{"op": "drop_columns", "columns": ["da", "day", "empty", TOWN]},
         {"op": "concat", "data": D, "how": "common"}],
        lambda f: pd.concat([f[["id", "Größe"]], MORE], join="inner", ignore_index=True),
    ),
    (
        [{"op": "keep_columns", "columns": ["id", "Größe"]},
         {"op": "concat", "data": D, "how": "all"}],
        lambda f: pd.concat([f[["id", "Größe"]], MORE], ignore_index=True),
    ),
    (
        [{"op": "keep_columns", "columns": ["id"]}, {"op": "concat", "data": D, "how": "columns"}],
        lambda f: pd.concat([f[["id"]].add_suffix("_1"), MORE.rename(columns={"id": "id_2"})], axis=1),
    ),
    (
        [{"op": "keep_columns", "columns": ["id", "Größe"]}, {"op": "transpose"}], turned,
    ),
    ([{"op": "replace", "columns": ["Größe"], "find": "1.7", "new": "2"}], replaced),
    (
        [{"op": "replace", "find": "Bonn", "new": "Köln", "match": "part", "columns": [TOWN]}],
        lambda f: f.assign(**{TOWN: f[TOWN].str.replace("Bonn", "Köln", regex=False)}),
    ),
    (
        [{"op": "replace", "find": r"[A-Z]$", "new": "", "match": "pattern", "columns": [TOWN]}],
        lambda f: f.assign(**{TOWN: f[TOWN].str.replace(r"[A-Z]$", "", regex=True)}),
    ),
    (
        [{"op": "fillna", "columns": ["Größe"], "value": "3"}], lambda f: f.fillna({"Größe": 3.0}),
    ),
    (
        [{"op": "fillna", "columns": ["Größe"], "method": "mean"}],
        lambda f: f.fillna({"Größe": f["Größe"].mean()}),
    ),
    (
        [{"op": "fillna", "columns": ["Größe"], "method": "median"}],
        lambda f: f.fillna({"Größe": f["Größe"].median()}),
    ),
    (
        [{"op": "fillna", "columns": [TOWN], "method": "mode"}],
        lambda f: f.fillna({TOWN: f[TOWN].mode()[0]}),
    ),
    ([{"op": "fillna", "method": "forward"}], lambda f: f.ffill()),
    ([{"op": "fillna", "method": "backward", "columns": ["day"]}], lambda f: f.assign(day=f["day"].bfill())),
    (
        [{"op": "aggregate", "function": "sum", "columns": ["id", "Größe"]}],
        lambda f: f[["id", "Größe"]].sum().to_frame().T.astype({"id": "int64"}),
    ),
    (
        [{"op": "aggregate", "function": "sum", "columns": ["id", "Größe"], "by": [TOWN]}],
        lambda f: f.groupby(TOWN, dropna=False)[["id", "Größe"]].sum().reset_index(),
    ),
    (
        [{"op": "aggregate", "function": "distinct", "columns": ["da"], "by": [TOWN]}],
        lambda f: f.groupby(TOWN, dropna=False)[["da"]].nunique().reset_index(),
    ),
    (
        [{"op": "change_type", "columns": ["id", "da"], "type": "text"}],
        lambda f: f.astype({"id": "str", "da": "str"}),
    ),
    (
        [{"op": "filter", "conditions": [{"column": "Größe", "operator": "more", "value": "1.6"},
                                         {"column": TOWN, "operator": "contains", "value": "Bonn"}]}],
        lambda f: f[(f["Größe"] > 1.6) & f[TOWN].str.contains("Bonn", na=False)],
    ),
    (
        [{"op": "filter", "match": "any",
          "conditions": [{"column": "day", "operator": "most", "value": "2020-12-31"},
                         {"column": "id", "operator": "in", "value": "3, 5"}]}],
        lambda f: f[(f["day"] <= "2020-12-31") | f["id"].isin([3, 5])],
    ),
    (
        [{"op": "filter", "conditions": [{"column": "id", "operator": "more", "other": "Größe"},
                                         {"column": "da", "operator": "is", "value": "true"}]}],
        lambda f: f[(f["id"] > f["Größe"]) & f["da"]],
    ),
    (
        [{"op": "filter", "conditions": [{"column": TOWN, "operator": "not", "value": "Seoul"}]}],
        lambda f: f[f[TOWN].notna() & (f[TOWN] != "Seoul")],
    ),
    (
        [{"op": "sort", "columns": ["Größe", "id"], "descending": True}],
        lambda f: f.sort_values(["Größe", "id"], ascending=False, kind="stable"),
    ),
    ([{"op": "sample", "how": "first", "rows": 2}], lambda f: f.head(2)),
    ([{"op": "sample", "how": "rows", "rows": 3, "seed": 5}],
     lambda f: f.sample(3, random_state=5).sort_index()),
    ([{"op": "sample", "how": "share", "percent": 50, "seed": 5}],
     lambda f: f.sample(frac=0.5, random_state=5)),
    ([{"op": "split_text", "column": TOWN}], split),
    (
        [{"op": "derive", "name": "x", "left": "Größe", "operator": "*", "value": 2}],
        lambda f: f.assign(x=f["Größe"] * 2),
    ),
    (
        [{"op": "derive", "name": "x", "left": "id", "operator": "/", "with": "column",
          "right": "Größe"}],
        lambda f: f.assign(x=f["id"] / f["Größe"]),
    ),
    (
        [{"op": "keep_columns", "columns": [TOWN, "Größe"]}, {"op": "drop_duplicates", "keep": "last"}],
        lambda f: f[[TOWN, "Größe"]].drop_duplicates(keep="last")[["Größe", TOWN]],
    ),
]  # fmt: skip
NAMES = [" ".join(step["op"] for step in steps) + f" {i}" for i, (steps, _) in enumerate(CASES)]
OTHERS = {"more:1:": Table(MORE)}


@pytest.mark.parametrize(("steps", "expected"), CASES, ids=NAMES)
def test_a_step_does_what_pandas_does(
    steps: list[dict[str, Any]], expected: Any, people: pd.DataFrame
) -> None:
    before = people.copy()
    found = preparation.apply(Table(people), {"steps": steps}, OTHERS).frame
    assert_frame_equal(people, before)
    wanted = expected(people.copy()).reset_index(drop=True)
    assert_frame_equal(found, wanted, check_dtype=False, check_column_type=False)


@pytest.mark.parametrize(("steps", "expected"), CASES, ids=NAMES)
def test_the_pipeline_gives_what_the_preview_shows(
    steps: list[dict[str, Any]], expected: Any, people: pd.DataFrame, tmp_path: Path
) -> None:
    shown = preparation.apply(Table(people), steps, OTHERS).frame
    prepared = preparation.read(steps)
    table = Table(people)
    names = []
    for outcome in preparation.outcomes(table, prepared, OTHERS):
        names.append(outcome.names)
    place = {"people": tmp_path / "people", "more": tmp_path / "more"}
    write_dataset(place["people"], people)
    write_dataset(place["more"], MORE)
    source = {"asset": "azureml:people:1", "path": "**"}
    graph, end = graph_of(
        source, prepared, names, others={"more:1:": {"asset": "azureml:more:1", "path": "**"}}
    )
    made = {}
    for name in _ordered(graph):
        node = next(each for each in graph["nodes"] if each["id"] == name)
        if node["component"] == "data_asset":
            made[name, "data"] = place[node["params"]["asset"].split(":")[1]]
            continue
        given = {
            e["targetHandle"]: str(made[e["source"], e["sourceHandle"]])
            for e in graph["edges"]
            if e["target"] == name
        }
        component = preparation.Catalogue().get(node["component"])
        outputs = {port.name: tmp_path / name / port.name for port in component.outputs}
        run_module(
            {"name": node["component"], "params": node["params"], "inputs": given,
             "outputs": {port: str(path) for port, path in outputs.items()}},
            Run("run", tmp_path / "messages.jsonl"),
        )  # fmt: skip
        made |= {(name, port): path for port, path in outputs.items()}
    assert_frame_equal(read_dataset(made[end])[0], shown)


def _ordered(graph: dict[str, Any]) -> list[str]:
    read = Graph.from_json(graph)
    done: list[str] = []
    while len(done) < len(read.nodes):
        for node in read.nodes:
            waits = {edge.source for edge in read.edges if edge.target == node.id}
            if node.id not in done and waits <= set(done):
                done.append(node.id)
    return done


def test_every_step_is_tried_above_and_has_a_form() -> None:
    tried = {step["op"] for steps, _ in CASES for step in steps}
    assert tried == set(STEPS)
    for step in declarations():
        assert step["title"] and step["doc"] and step["fields"]


@pytest.mark.parametrize(
    ("steps", "where", "words"),
    [
        ([{"op": "nope"}], "steps.0", "no preparation step 'nope'"),
        ([{"op": "dropna", "colums": []}], "steps.0", "no field 'colums'"),
        ([{"op": "dropna"}, {"op": "sort", "columns": []}], "steps.1.columns", "Columns is empty"),
        ([{"op": "sort", "columns": ["idd"]}], "steps.0", 'There is no column "idd".'),
        ([{"op": "derive", "name": "x", "left": TOWN}], "steps.0", "holds no numbers"),
        (
            [{"op": "filter", "conditions": [{"column": "id", "operator": "more", "value": "b"}]}],
            "steps.0", "could not convert",
        ),
        ([{"op": "fillna", "columns": [TOWN], "method": "mean"}], "steps.0", "holds no numbers"),
        ([{"op": "concat", "data": {"name": "other"}}], "steps.0", "not at hand"),
        ([{"op": "split_text", "column": TOWN, "parts": 1}], "steps.0.parts", "is 1"),
        ("x", "steps", "a list of steps"),
    ],
)  # fmt: skip
def test_a_fault_names_its_step_and_says_why(
    steps: Any, where: str, words: str, people: pd.DataFrame
) -> None:
    with pytest.raises(StudioError) as caught:
        preparation.apply(Table(people), {"steps": steps})
    assert caught.value.where == where
    assert words in caught.value.message


def test_disabled_steps_do_nothing_and_a_failing_one_ends_the_list(people: pd.DataFrame) -> None:
    steps = preparation.read(
        [{"op": "dropna", "disabled": True}, {"op": "sort", "columns": ["nope"]}, {"op": "dropna"}]
    )
    first, second = preparation.outcomes(Table(people), steps, {})
    assert first.table is not None and len(first.table.frame) == 6
    assert second.error is not None
    graph, end = graph_of({"asset": "azureml:a:1"}, steps[:1], [[]], others={})
    assert [node["id"] for node in graph["nodes"]] == ["data"] and end == ("data", "data")


def test_roles_of_columns_go_along(people: pd.DataFrame) -> None:
    table = Table(people, {"id": {"role": "label"}, "da": {"categorical": True}})
    steps = [
        {"op": "rename", "names": [{"from": "id", "to": "number"}]},
        {"op": "sort", "columns": ["number"]},
        {"op": "drop_columns", "columns": ["da"]},
    ]
    assert preparation.apply(table, steps).roles == {"number": {"role": "label"}}


def test_a_script_holds_values_as_literals_only() -> None:
    steps = preparation.read([{"op": "drop_rows", "rows": "1'); import os; ('"}])
    work = steps[0].work(["a"])
    assert isinstance(work, Call)
    script = as_node(work).params["python_script"]
    assert "rows=\"1'); import os; ('\"" in script
    compile(script, "script", "exec")
