"""Whole pipelines give the columns that were foreseen, port by port, before they ran."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import officina.samples
from officina.catalogue import Catalogue
from officina.columns import Column, Schema
from officina.columns.propagate import propagate
from officina.graph import Graph
from officina.local import default_cache, run_job
from officina.modules import columns
from officina.modules.tables import DATA, Table, read_dataset
from officina.storage import ContentStore

pytestmark = pytest.mark.slow

SAMPLES = Path(officina.samples.__file__).parent
CHECKED = ("automobile_basic", "churn_smote", "flight_delay")


@pytest.mark.parametrize("name", CHECKED)
def test_a_sample_gives_what_was_foreseen(name: str, tmp_path: Path) -> None:
    data = json.loads((SAMPLES / f"{name}.json").read_text())
    graph = Graph.from_json(data.get("graph", data))
    (tmp_path / "graph.json").write_text(json.dumps(graph.to_json()))
    cache = default_cache()
    result = run_job(tmp_path / "graph.json", out=tmp_path / "out", cache=cache)
    assert result.status == "Completed"
    foreseen = propagate(graph, Catalogue())
    seen = 0
    for step, done in result.steps.items():
        for port, digest in done.outputs.items():
            schema = foreseen[step].get(port)
            folder = tmp_path / "tables" / step / port
            ContentStore(cache / "store").materialize(digest, folder)
            if schema is None or not (folder / DATA).is_file():
                continue
            seen += 1
            real = schema_of(Table(*read_dataset(folder)))
            vague = {one.name for one in schema if one.type == "any"}
            told = [(c.name, kind(c, vague), c.role) for c in schema]
            assert told == [(c.name, kind(c, vague), c.role) for c in real], (step, port)
    assert seen >= 5


def kind(column: Column, vague: set[str]) -> str:
    if column.name in vague:
        return "any"
    return "categorical" if column.categorical else column.type


def schema_of(table: Table) -> Schema:
    """Return the columns of a real table."""
    found = []
    for name in map(str, table.frame.columns):
        word = columns.type_of(table, name)
        word = "number" if word == "numeric" else word
        found.append(Column(name, word, table.role(name), word == "categorical"))
    return tuple(found)
