from __future__ import annotations

from pathlib import Path

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
