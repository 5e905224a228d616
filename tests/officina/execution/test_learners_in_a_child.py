"""Learners run in the sandboxed children of the warm host: their own files, scripts and cancel."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from officina.catalogue import Catalogue
from officina.execution import launch
from officina.modules.tables import read_dataset, write_dataset

from .conftest import LIMIT, Job

Step = Callable[..., Job]


@pytest.fixture(scope="module")
def host() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="of-") as folder:
        address = Path(folder) / "fork.sock"
        process = subprocess.Popen([sys.executable, "-m", "officina.execution.forkhost", address])
        deadline = time.monotonic() + LIMIT
        while not address.exists() and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.02)
        yield address
        process.terminate()
        process.wait(LIMIT)


@pytest.fixture
def step(make_job: Callable[..., Job], host: Path) -> Step:
    def run(name: str, params: dict[str, Any] | None = None, **inputs: Path) -> Job:
        job = make_job("unused")
        description = json.loads((job.rundir / "job.json").read_text())
        del description["argv"]
        for port, path in inputs.items():  # a job sees its own folder only
            shutil.copytree(path, job.rundir / "inputs" / port)
        description["module"] = {
            "name": name,
            "version": "1",
            "params": params or {},
            "inputs": {port: str(job.rundir / "inputs" / port) for port in inputs},
            "outputs": {
                port.name: str(job.rundir / "outputs" / port.name)
                for port in Catalogue().get(name).outputs
            },
        }
        (job.rundir / "job.json").write_text(json.dumps(description))
        launch.start(job.rundir, forkhost=host)
        return job

    return run


def done(job: Job, port: str) -> Path:
    result = job.wait()
    assert result["code"] == 0, job.log.read_text()
    return job.rundir / "outputs" / port


@pytest.fixture
def data(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(200, 3)), columns=list("abc"))
    write_dataset(tmp_path / "data", frame.assign(y=(frame["a"] > 0).astype(int)))
    return tmp_path / "data"


def test_a_python_model_is_made_trained_and_used_in_three_children(step: Step, data: Path) -> None:
    untrained = done(step("create_python_model"), "untrained_model")
    model = done(
        step("train_model", {"label": "y"}, untrained_model=untrained, dataset=data),
        "trained_model",
    )
    scored = done(step("score_model", trained_model=model, dataset=data), "scored")
    frame = read_dataset(scored)[0]
    assert (frame["Scored Labels"] == frame["y"]).mean() > 0.9


def test_vowpal_wabbit_finds_room_for_its_files(step: Step, tmp_path: Path) -> None:
    pytest.importorskip("vowpalwabbit")
    lines = pd.DataFrame({"line": ["1 | x", "-1 | z"] * 20})
    write_dataset(tmp_path / "lines", lines)
    params = {"arguments": "--loss_function logistic --passes 2"}
    model = done(
        step("train_vowpal_wabbit_model", params, data=tmp_path / "lines"), "trained_model"
    )
    results = done(
        step("score_vowpal_wabbit_model", trained_model=model, data=tmp_path / "lines"), "results"
    )
    frame = read_dataset(results)[0]
    assert (frame["Scored Labels"] == frame["Labels"]).all()


def test_a_long_training_tells_its_rounds_and_is_canceled(step: Step, data: Path) -> None:
    params = {"trees": 20_000, "random_seed": 0}
    untrained = done(step("two_class_decision_forest", params), "untrained_model")
    job = step("train_model", {"label": "y"}, untrained_model=untrained, dataset=data)
    messages = job.rundir / "messages.jsonl"
    job.until(lambda: messages.exists() and "of 20000" in messages.read_text())
    (job.rundir / "cancel").touch()
    assert job.wait()["reason"] == "canceled"
