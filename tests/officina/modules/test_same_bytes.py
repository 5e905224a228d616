"""The same inputs and parameters give the same bytes, also in another process."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pandas as pd

from officina.catalogue import Catalogue
from tests.officina.modules.test_columns_before_a_run import CASES, LABEL, numeric_first

MORE = [
    ("convert_to_indicator_values", {"columns": ["k"]}, ("dataset",)),
    ("select_columns_transform", {}, ("dataset",)),
    ("filter_based_feature_selection", {"label": ["y"], "method": "chi_squared"}, ("dataset",)),
    ("smote", {"label": ["y"]}, ("samples",)),
    ("apply_sql_transformation", {"sql_script": "select random() as r from t1"}, ("table1",)),
    ("execute_python_script", {}, ("dataset1",)),
]


AGAIN = """
import json, sys
from officina.execution.modules import run_module
for spec in json.load(open(sys.argv[1])):
    run_module(spec)
"""


def test_two_processes_write_the_same_files(bench, tmp_path):
    frame = numeric_first()
    folder = bench.put(pd.concat([frame, frame], ignore_index=True), LABEL)
    made, specs = {}, []
    for number, (name, params, ports) in enumerate([*CASES, *MORE]):
        inputs = dict.fromkeys(ports, str(folder))
        made[f"{number} {name}"] = bench.run(name, params, **inputs)
        again = {
            port.name: str(tmp_path / f"{number} {name}" / port.name)
            for port in Catalogue().get(name).outputs
        }
        specs.append({"name": name, "params": params, "inputs": inputs, "outputs": again})
    (tmp_path / "specs.json").write_text(json.dumps(specs))
    subprocess.run(
        [sys.executable, "-c", AGAIN, str(tmp_path / "specs.json")],
        check=True, capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "OFFICINA_MESSAGES": str(tmp_path / "m.jsonl")},
    )  # fmt: skip
    differing = [
        f"{name}: {port}"
        for name, outputs in made.items()
        for port, path in outputs.items()
        if digests(path) != digests(tmp_path / name / port)
    ]
    assert differing == []


def digests(folder):
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.iterdir())
    }
