from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from officina.modules import watching
from officina.modules.tables import write_dataset


@pytest.fixture(scope="module")
def data():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(300, 5)), columns=list("abcde"))
    return frame.assign(target=(frame["a"] > 0).astype(int))


LEARNERS = [
    ("two_class_decision_forest", {"trees": 30}, 30),
    ("two_class_boosted_decision_tree", {"trees": 30}, 30),
    ("two_class_neural_network", {"iterations": 30}, 30),
    ("fast_forest_quantile_regression", {"trees": 30}, 30),
    ("neural_network_regression", {"iterations": 30}, 30),
]


@pytest.mark.parametrize(("learner", "params", "rounds"), LEARNERS)
def test_a_learner_tells_its_rounds_and_stays_the_same(
    bench, data, monkeypatch, capsys, learner, params, rounds
):
    untrained = bench.learner(learner, {**params, "random_seed": 1})
    quiet = bench.train(untrained, data)
    monkeypatch.setattr(watching, "SECONDS", 0.0)
    capsys.readouterr()
    told = bench.train(untrained, data)
    texts = [message["text"] for message in bench.messages("progress")]
    assert f"training: round {rounds // 2} of {rounds}" in texts
    assert "Iteration" not in capsys.readouterr().out
    assert (told / "model.pkl").read_bytes() == (quiet / "model.pkl").read_bytes()


def test_a_long_training_ends_at_once_when_it_is_told_to(bench, data, tmp_path):
    learner = bench.learner("two_class_decision_forest", {"trees": 20_000, "random_seed": 0})
    write_dataset(tmp_path / "data", data)
    module = {
        "name": "train_model",
        "params": {"label": "target"},
        "inputs": {"untrained_model": str(learner), "dataset": str(tmp_path / "data")},
        "outputs": {"trained_model": str(tmp_path / "out" / "trained_model")},
    }
    (tmp_path / "job.json").write_text(json.dumps({"module": module}))
    messages = tmp_path / "messages.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "officina.execution.modules", str(tmp_path)],
        env={**os.environ, "OFFICINA_MESSAGES": str(messages)},
    )
    try:
        deadline = time.monotonic() + 120
        while "progress" not in (messages.read_text() if messages.exists() else ""):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == -signal.SIGTERM
    finally:
        process.kill()
        process.wait()
