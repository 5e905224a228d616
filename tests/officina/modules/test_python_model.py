from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.naive_bayes import GaussianNB

from officina.errors import StudioError

COUNTING = """
import pandas as pd

class Kept:
    def __init__(self):
        self.rows = 0

class AzureMLModel:
    made = []
    def __init__(self):
        self.kept = Kept()
        AzureMLModel.made.append(1)
    def train(self, df_train, df_label):
        self.kept.rows += len(df_train)
        self.name = df_label.name
    def predict(self, df):
        return pd.DataFrame({"rows": [self.kept.rows] * len(df), "label": self.name})
"""


@pytest.fixture(scope="module")
def cancer():
    frame = datasets.load_breast_cancer(as_frame=True).frame
    return frame[["mean radius", "mean texture", "target"]]


def model(bench, data, script=None):
    learner = bench.learner("create_python_model", {"script": script} if script else {})
    return bench.train(learner, data)


def test_the_given_script_learns_and_predicts(bench, cancer):
    found = bench.score(model(bench, cancer), cancer)
    features = cancer.drop(columns="target")
    own = GaussianNB().fit(features, cancer["target"])
    assert found["Scored Labels"].tolist() == own.predict(features).tolist()
    np.testing.assert_allclose(found["probabilities"], own.predict_proba(features)[:, 1])
    assert list(found.columns[:3]) == list(cancer.columns)


def test_what_init_and_train_keep_is_kept(bench, cancer):
    found = bench.score(model(bench, cancer, COUNTING), cancer.head(2))
    assert found["rows"].tolist() == [569, 569]
    assert found["label"].tolist() == ["target", "target"]


def test_training_leaves_the_untrained_model_as_it_is(bench, cancer):
    learner = bench.learner("create_python_model", {"script": COUNTING})
    bench.train(learner, cancer)
    found = bench.score(bench.train(learner, cancer.head(10)), cancer.head(1))
    assert found["rows"].tolist() == [10]


def test_its_scores_are_measured_once_they_are_named(bench, cancer):
    scored = bench.score(model(bench, cancer), cancer)
    named = scored.rename(
        columns={
            "target": "Labels",
            "Scored Labels": "Binary Class Scored Labels",
            "probabilities": "Binary Class Scored Probabilities",
        }
    )
    [row] = bench.evaluate(named)
    assert row["metrics"]["AUC"] > 0.9


def test_another_process_can_load_it(bench, cancer):
    folder = model(bench, cancer, COUNTING)
    code = f"import pickle; print(pickle.load(open({str(folder / 'model.pkl')!r}, 'rb')).model.kept.rows)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert answer.stdout.strip() == "569", answer.stderr
    assert json.loads((folder / "meta.json").read_text())["task"] == "python"


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("x = 1", "no class AzureMLModel"),
        ("class AzureMLModel:\n  def train(self, a, b): pass", "no method predict"),
        ("class AzureMLModel:\n  def (", "line 2: SyntaxError"),
        ("import pandas\nimport no_such_package", "line 2: ModuleNotFoundError"),
        (
            "class AzureMLModel:\n def __init__(self):\n  1/0\n def train(self,a,b): pass\n"
            " def predict(self,d): return d",
            "line 3: ZeroDivisionError",
        ),
        ("", "no class"),
    ],
)
def test_a_faulty_script_names_its_line(bench, script, text):
    with pytest.raises(StudioError, match=text) as caught:
        bench.learner("create_python_model", {"script": script})
    assert caught.value.where == "script"


BAD = """
class AzureMLModel:
    def train(self, df_train, df_label):
        {train}
    def predict(self, df):
        {predict}
"""


@pytest.mark.parametrize(
    ("train", "predict", "text"),
    [
        ("raise ValueError('no')", "return df", "line 4: ValueError: no"),
        ("self.f = lambda: 1", "return df", "cannot be kept"),
        ("pass", "return df.head(1)", "returned 1 rows"),
        ("pass", "return 3", "returned"),
        ("pass", "return df['no']", "line 6: KeyError"),
    ],
)
def test_faults_of_its_methods_name_the_line(bench, cancer, train, predict, text):
    with pytest.raises(StudioError, match=text):
        found = model(bench, cancer, BAD.format(train=train, predict=predict))
        bench.score(found, pd.DataFrame(cancer))
