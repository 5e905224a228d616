"""Built-in modules and a team's own command components feed each other, in both directions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from officina.graph import Graph
from officina.local import default_cache, run_job

pytestmark = pytest.mark.slow

SCRIPT = """
import csv, pathlib, sys
from officina.modules.tables import read_dataset

frame, roles = read_dataset(pathlib.Path(sys.argv[1]))
frame["double"] = frame["x"] * int(sys.argv[3])
target = pathlib.Path(sys.argv[2])
frame.to_csv(target / "made.csv", index=False)
"""

PIPELINE = """
type: pipeline
inputs:
  data: {type: uri_folder, path: ./data}
jobs:
  table:
    component: azureml://registries/officina/components/data_asset/versions/1
    inputs: {asset: "${{parent.inputs.data}}"}
  own:
    component: ./own.yml
    inputs: {table: "${{parent.jobs.table.outputs.data}}", factor: 2}
  keep:
    component: azureml://registries/officina/components/select_columns/versions/1
    inputs:
      dataset: ${{parent.jobs.own.outputs.made}}
      columns: '{"rules": [{"include": false, "by": "names", "value": ["x"]}]}'
    outputs: {results: "${{parent.outputs.result}}"}
outputs:
  result: {type: dataset}
"""

COMPONENT = """
name: own
version: 3
type: command
environment: azureml:sklearn-1.5@latest
code: ./src
command: python own.py ${{inputs.table}} ${{outputs.made}} ${{inputs.factor}}
inputs:
  table: {type: uri_folder}
  factor: {type: integer}
outputs:
  made: {type: uri_folder}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "data" / "a.csv").write_text("x;y\n1;a\n2;b\n")
    (root / "src" / "own.py").write_text(SCRIPT)
    (root / "own.yml").write_text(COMPONENT)
    (root / "pipeline.yml").write_text(PIPELINE)
    return root


def test_a_dataset_feeds_a_command_and_its_folder_feeds_a_module(
    project: Path, tmp_path: Path
) -> None:
    log: list[str] = []
    out = tmp_path / "out"
    result = run_job(project / "pipeline.yml", out=out, cache=default_cache(), write=log.append)
    assert result.status == "Completed", "".join(log)
    import pandas as pd

    frame = pd.read_parquet(out / "named-outputs" / "result" / "data.parquet")
    assert frame.to_dict("list") == {"y": ["a", "b"], "double": [2, 4]}


def test_the_canvas_shows_such_a_pipeline(project: Path) -> None:
    from officina.documents import load_job

    graph = Graph.of_pipeline(load_job(project / "pipeline.yml").document)
    assert [(node.id, node.component, node.version) for node in graph.nodes] == [
        ("table", "data_asset", "1"),
        ("own", "own", "3"),
        ("keep", "select_columns", "1"),
    ]
    assert {edge.id for edge in graph.edges} == {"own:table", "keep:dataset"}
    assert graph.nodes[0].params == {"asset": "${{parent.inputs.data}}"}
    assert json.loads(json.dumps(graph.to_json()))["parameters"]["data"]["type"] == "string"
