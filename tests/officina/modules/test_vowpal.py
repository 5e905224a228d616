from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from officina.errors import StudioError
from officina.modules.tables import read_dataset

vowpalwabbit = pytest.importorskip("vowpalwabbit")

LOGISTIC = "--loss_function logistic"


@pytest.fixture
def file(tmp_path):
    draw = np.random.default_rng(0)
    folder = tmp_path / "data"
    folder.mkdir()
    rows = draw.normal(size=(200, 2))
    lines = [f"{1 if a > b else -1} | a:{a:.4f} b:{b:.4f}" for a, b in rows]
    (folder / "train.vw").write_text("\n".join(lines) + "\n")
    return folder


def train(bench, data, pretrained=None, **params):
    more = {} if pretrained is None else {"pretrained": pretrained}
    return bench.run("train_vowpal_wabbit_model", params, data=data, **more)["trained_model"]


def score(bench, model, data, **params):
    return bench.run("score_vowpal_wabbit_model", params, trained_model=model, data=data)["results"]


def test_predictions_are_those_of_vowpal_wabbit(bench, file, tmp_path):
    model = train(bench, file, arguments=f"{LOGISTIC} --passes 3")
    found = read_dataset(score(bench, model, file, probabilities=True))[0]
    lines = (file / "train.vw").read_text().splitlines()
    own = vowpalwabbit.Workspace(
        arg_list=[
            "--loss_function", "logistic", "--passes", "3", "--quiet", "-k",
            "-d", str(file / "train.vw"), "--cache_file", str(tmp_path / "c"),
            "-f", str(tmp_path / "m"),
        ]
    )  # fmt: skip
    own.finish()
    own = vowpalwabbit.Workspace(arg_list=["-i", str(tmp_path / "m"), "-t", "--quiet"])
    expected = np.array([own.predict(line) for line in lines])
    np.testing.assert_allclose(found["Results"], expected, rtol=1e-6)
    np.testing.assert_allclose(found["Probabilities"], expit(expected), rtol=1e-6)
    assert found["Scored Labels"].tolist() == np.where(expected > 0, 1, -1).tolist()


def test_two_classes_are_evaluated(bench, file):
    model = train(bench, file, arguments=LOGISTIC)
    [row] = bench.evaluate(score(bench, model, file, probabilities=True))
    assert row["metrics"]["AUC"] > 0.97
    assert row["confusion_matrix"]["labels"] == ["-1", "1"]


def test_a_number_is_evaluated_as_a_regression(bench, file):
    [row] = bench.evaluate(score(bench, train(bench, file), file))
    assert row["task"] == "regression"


def test_several_classes_are_evaluated(bench):
    data = pd.DataFrame({"line": [f"{n % 3 + 1} | x{n % 3}" for n in range(60)]})
    model = train(bench, data, arguments="--oaa 3")
    folder = score(bench, model, data)
    assert bench.evaluate(folder)[0]["metrics"]["Overall_Accuracy"] == 1
    found = read_dataset(score(bench, model, data, arguments="--probabilities", labels=False))[0]
    assert list(found.columns) == ["Results 1", "Results 2", "Results 3"]
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-4)


def test_a_trained_model_learns_on(bench, file):
    first = train(bench, file, arguments=LOGISTIC)
    second = train(bench, file, first)
    before, after = (
        read_dataset(score(bench, model, file))[0]["Results"].abs().mean()
        for model in (first, second)
    )
    assert after > before
    assert "Scored Labels" in read_dataset(score(bench, second, file))[0]


def test_readable_files_lie_beside_the_model(bench, file):
    model = train(bench, file, readable=True, inverted_hash=True)
    assert "bits:18" in (model / "readable_model.txt").read_text()
    assert "a:" in (model / "inverted_hash.txt").read_text()
    assert json.loads((model / "meta.json").read_text())["rows"] == 200


def test_svmlight_lines_are_read(bench, file):
    lines = ["1 1:0.5 2:1 # note", "-1 1:-0.5 2:1"] * 30
    data = pd.DataFrame({"line": lines})
    model = train(bench, data, arguments=LOGISTIC, file_type="svmlight")
    found = read_dataset(score(bench, model, data, file_type="svmlight"))[0]
    assert (found["Labels"] == found["Scored Labels"]).all()
    with pytest.raises(StudioError, match="Error 0018: Line 2"):
        train(bench, pd.DataFrame({"l": ["1 1:2", "1 two"]}), file_type="svmlight")


def test_one_of_several_files_is_named(bench, file):
    (file / "other.vw").write_text("1 | z\n")
    with pytest.raises(StudioError, match="Error 0020: There are 2 files") as caught:
        train(bench, file)
    assert caught.value.where == "file_name"
    model = train(bench, file, file_name="other.vw")
    assert json.loads((model / "meta.json").read_text())["rows"] == 1


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        ("-f /tmp/x", "0002"),
        ("--daemon", "0002"),
        ("-d/etc/passwd", "0002"),
        ("--final_regressor=/tmp/x", "0002"),
        ("'open", "0002"),
        ("--no_such_thing", "0018"),
    ],
)
def test_arguments_that_reach_out_or_are_unknown_are_refused(bench, file, arguments, number):
    with pytest.raises(StudioError, match=f"Error {number}") as caught:
        train(bench, file, arguments=arguments)
    assert caught.value.where == "arguments"


def test_another_model_is_refused(bench, file):
    model = bench.train(
        bench.learner("linear_regression"), pd.DataFrame({"a": [1.0, 2], "y": [1.0, 2]}), label="y"
    )
    with pytest.raises(StudioError, match="Error 0013"):
        score(bench, model, file)
