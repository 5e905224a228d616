from __future__ import annotations

import json
import os
from pathlib import Path

# As in the process that modules are forked from; threads that wait for each other cost minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import pytest

from officina.catalogue import Catalogue
from officina.execution.messages import read_messages
from officina.execution.modules import run_module
from officina.modules.tables import read_dataset, write_dataset
from officina.tracking import Run


class Bench:
    """Runs modules one after another in a folder, as the steps of a pipeline would."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.messages_file = root / "messages.jsonl"
        self.count = 0

    def run(self, name, params=None, **inputs):
        """Run a module; tables given as inputs are written first. Return {port: folder}."""
        self.count += 1
        folders = {
            port: str(self.put(value) if isinstance(value, pd.DataFrame) else value)
            for port, value in inputs.items()
        }
        outputs = {
            port.name: self.root / f"{self.count}-{name}" / port.name
            for port in Catalogue().get(name).outputs
        }
        spec = {
            "name": name,
            "version": "1",
            "params": params or {},
            "inputs": folders,
            "outputs": {port: str(path) for port, path in outputs.items()},
        }
        run_module(spec, Run("run", self.messages_file))
        return outputs

    def table(self, name, params=None, port=None, **inputs):
        """Run a module and return the data frame of its first, or the named, output."""
        outputs = self.run(name, params, **inputs)
        return read_dataset(outputs[port] if port else next(iter(outputs.values())))[0]

    def learner(self, name, params=None, **inputs):
        """Make an untrained model; return its folder."""
        return self.run(name, params, **inputs)["untrained_model"]

    def train(self, learner, data, label="target", **params):
        """Fit an untrained model, given as its folder; return the trained one's."""
        given = {"label": label, **params}
        return self.run("train_model", given, untrained_model=learner, dataset=data)[
            "trained_model"
        ]

    def score(self, model, data, **params):
        """Return the data frame that Score Model gives."""
        return self.table("score_model", params, trained_model=model, dataset=data)

    def evaluate(self, scored, compare=None):
        """Return the rows of Evaluate Model."""
        more = {} if compare is None else {"scored_to_compare": compare}
        folder = self.run("evaluate_model", scored=scored, **more)["evaluation"]
        return json.loads((folder / "metrics.json").read_text())["rows"]

    def put(self, frame, roles=None):
        self.count += 1
        folder = self.root / f"given-{self.count}"
        write_dataset(folder, frame, roles)
        return folder

    def messages(self, kind=None):
        found, _ = read_messages(self.messages_file)
        return [message for message in found if kind in (None, message["type"])]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
