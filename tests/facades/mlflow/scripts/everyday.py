"""The everyday workflow of a tracking client, as a script of a person's own; its last word is "ok"."""

import math
import os
import tempfile
import time
import warnings
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow.cli import cli
from mlflow.exceptions import MlflowException
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

warnings.filterwarnings("ignore")
V3 = int(mlflow.__version__.split(".")[0]) >= 3
STAMP = f"{time.time():.0f}-{os.getpid()}"
NAME, MODEL = f"iris-{STAMP}", f"classifier-{STAMP}"
client = MlflowClient()


def refused(code, call, *args, **more):
    try:
        call(*args, **more)
    except MlflowException as error:
        assert error.error_code == code, error
    else:
        raise AssertionError(f"{call.__name__} was not refused")


def logging():
    experiment = mlflow.set_experiment(NAME)
    with mlflow.start_run(run_name="first", tags={"team": "a"}) as run:
        mlflow.log_params({"rate": 0.1, "epochs": 3})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"accuracy": 0.9, "odd": math.nan, "huge": math.inf}, step=1)
        mlflow.set_tag("note", "x")
        mlflow.log_text("hello", "notes/a.txt")
        mlflow.log_dict({"a": [1]}, "facts.json")
        folder = Path(tempfile.mkdtemp())
        (folder / "sub").mkdir()
        (folder / "data.bin").write_bytes(bytes(100))
        (folder / "sub" / "empty.txt").write_text("")
        mlflow.log_artifacts(str(folder), "folder")
        with mlflow.start_run(nested=True, run_name="child"):
            mlflow.log_metric("loss", 0.01)
    guid = run.info.run_id
    found = client.get_run(guid)
    assert found.info.status == "FINISHED" and found.info.run_name == "first"
    assert found.data.metrics["loss"] == 0.2 and math.isnan(found.data.metrics["odd"])
    assert found.data.metrics["huge"] > 1e300
    assert found.data.params == {"rate": "0.1", "epochs": "3"}
    assert found.data.tags["team"] == "a"
    history = client.get_metric_history(guid, "loss")
    assert [(m.step, m.value) for m in history] == [(s, 1 / (s + 1)) for s in range(5)]
    refused("INVALID_PARAMETER_VALUE", client.log_param, guid, "rate", "0.2")
    client.log_param(guid, "rate", "0.1")
    return experiment.experiment_id, guid


def files(guid):
    assert [f.path for f in client.list_artifacts(guid)] == ["facts.json", "folder", "notes"]
    assert [(f.path, f.is_dir) for f in client.list_artifacts(guid, "folder")] == [
        ("folder/data.bin", False),
        ("folder/sub", True),
    ]
    assert mlflow.artifacts.load_text(f"runs:/{guid}/notes/a.txt") == "hello"
    where = mlflow.artifacts.download_artifacts(run_id=guid, artifact_path="folder")
    assert sorted(p.name for p in Path(where).iterdir()) == ["data.bin", "sub"]
    assert (Path(where) / "sub" / "empty.txt").read_bytes() == b""


def searching(experiment, guid):
    def names(text, **more):
        return [r.info.run_name for r in client.search_runs([experiment], text, **more)]

    assert names("metrics.loss < 0.1") == ["child"]
    assert names("params.rate = '0.1' and tags.team = 'a'") == ["first"]
    assert names(f"tags.mlflow.parentRunId = '{guid}'") == ["child"]
    assert names("attributes.run_name LIKE 'fir%'") == ["first"]
    assert names("attributes.run_name LIKE 'FIR%'") == []
    assert names("attributes.run_name ILIKE 'FIR%'") == ["first"]
    assert names("metrics.huge > 5") == ["first"] and names("metrics.odd > 0") == []
    assert names("", order_by=["metrics.loss DESC"]) == ["first", "child"]
    assert names("", order_by=["metrics.accuracy ASC"]) == ["first", "child"]
    first = client.search_runs([experiment], max_results=1)
    second = client.search_runs([experiment], max_results=1, page_token=first.token)
    assert first.token and not second.token
    assert first[0].info.run_id != second[0].info.run_id
    refused("INVALID_PARAMETER_VALUE", client.search_runs, [experiment], "metrics.a > 1 OR b = 2")


def models(experiment):
    table = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0) % 3})
    target = (table.a > 9).astype(int)
    with mlflow.start_run() as run:
        fitted = LogisticRegression().fit(table, target)
        where = {"name": "model"} if V3 else {"artifact_path": "model"}
        info = mlflow.sklearn.log_model(
            fitted, **where, registered_model_name=MODEL, input_example=table[:2]
        )
        mlflow.log_input(mlflow.data.from_pandas(table, name="toy"), context="training")
    guid = run.info.run_id
    assert client.get_model_version(MODEL, "1").run_id == guid
    client.set_registered_model_alias(MODEL, "champion", "1")
    client.set_model_version_tag(MODEL, "1", "checked", "yes")
    client.transition_model_version_stage(MODEL, "1", "production")
    for uri in (
        f"models:/{MODEL}/1",
        f"models:/{MODEL}@champion",
        f"models:/{MODEL}/Production",
        f"models:/{MODEL}/latest",
        info.model_uri,
        f"runs:/{guid}/model",
    ):
        assert list(mlflow.pyfunc.load_model(uri).predict(table)) == list(fitted.predict(table)), (
            uri
        )
    second = mlflow.register_model(f"runs:/{guid}/model", MODEL)
    client.transition_model_version_stage(
        MODEL, second.version, "Production", archive_existing_versions=True
    )
    found = {v.version: v for v in client.search_model_versions(f"name = '{MODEL}'")}
    assert found["1"].current_stage == "Archived" and found["2"].current_stage == "Production"
    assert found["1"].aliases == ["champion"] and found["1"].tags == {"checked": "yes"}
    assert [m.name for m in client.search_registered_models(f"name LIKE '%{STAMP}'")] == [MODEL]
    toys = client.search_runs([experiment], "dataset.name = 'toy'")
    assert [r.info.run_id for r in toys] == [guid]
    registry(found["2"])
    client.delete_model_version(MODEL, "1")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, MODEL, "1")
    assert mlflow.register_model(f"runs:/{guid}/model", MODEL).version == "3"
    refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, MODEL)
    client.delete_registered_model(MODEL)
    return table, target


def registry(version):
    """Copies, tags, aliases and searches of the model registry."""
    copied = client.copy_model_version(f"models:/{MODEL}/{version.version}", f"{MODEL}-live")
    assert (copied.name, copied.version) == (f"{MODEL}-live", "1")
    assert mlflow.pyfunc.load_model(f"models:/{MODEL}-live/1").metadata.flavors["sklearn"]
    client.set_registered_model_tag(MODEL, "owner", "ada")
    client.update_registered_model(MODEL, "tells apart")
    client.update_model_version(MODEL, "2", "the second")
    client.set_registered_model_alias(MODEL, "challenger", "2")
    assert client.get_model_version_by_alias(MODEL, "challenger").version == "2"
    client.delete_registered_model_alias(MODEL, "challenger")
    refused(
        "INVALID_PARAMETER_VALUE",
        client.get_model_version_by_alias, MODEL, "challenger",
    )  # fmt: skip
    found = client.get_registered_model(MODEL)
    assert (found.description, found.tags["owner"]) == ("tells apart", "ada")
    assert [v.version for v in client.get_latest_versions(MODEL, ["Production"])] == ["2"]

    def names(text, **more):
        return [m.name for m in client.search_registered_models(text, **more)]

    both = [MODEL, f"{MODEL}-live"]
    assert names(f"name ILIKE '%{STAMP.upper()}%'", order_by=["name DESC"]) == both[::-1]
    assert names(f"name LIKE '%{STAMP}%' AND tags.owner = 'ada'") == [MODEL]
    page = client.search_registered_models(f"name LIKE '%{STAMP}%'", max_results=1)
    assert page.token and len(page) == 1
    run = f"run_id = '{version.run_id}'"
    assert {v.name for v in client.search_model_versions(run)} >= {MODEL}
    tagged = client.search_model_versions(f"name = '{MODEL}' AND tags.checked = 'yes'")
    assert [v.version for v in tagged] == ["1"]
    newest = client.search_model_versions(f"name = '{MODEL}'", order_by=["version_number DESC"])
    assert [v.version for v in newest] == ["2", "1"]
    client.delete_registered_model(f"{MODEL}-live")


def autologging(experiment, table, target):
    mlflow.autolog(log_models=True, silent=True)
    with mlflow.start_run() as run:
        search = GridSearchCV(RandomForestClassifier(n_estimators=5), {"max_depth": [1, 2]}, cv=2)
        search.fit(table, target)
    mlflow.autolog(disable=True)
    found = client.get_run(run.info.run_id)
    assert "best_cv_score" in found.data.metrics and "best_max_depth" in found.data.params
    parent = f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    assert len(client.search_runs([experiment], parent)) == 2
    if V3:
        logged = mlflow.search_logged_models(experiment_ids=[experiment], output_format="list")
        assert {str(each.status) for each in logged} == {"READY"} and len(logged) >= 2


class Adds(mlflow.pyfunc.PythonModel):
    """A model of one's own: whatever Python it is, and a file that it needs."""

    def load_context(self, context):
        self.amount = int(Path(context.artifacts["amount"]).read_text())

    def predict(self, context, model_input, params=None):
        return model_input + self.amount


def own_models():
    amount = Path("amount.txt")
    amount.write_text("5")
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(
            python_model=Adds(), artifacts={"amount": str(amount)}, pip_requirements=["pandas"],
            **({"name": "adds"} if V3 else {"artifact_path": "adds"}),
        )  # fmt: skip
    table = pd.DataFrame({"a": [1.0, 2.0]})
    assert list(mlflow.pyfunc.load_model(info.model_uri).predict(table)["a"]) == [6.0, 7.0]


def commands(experiment, guid):
    def said(*words):
        done = CliRunner().invoke(cli, words)
        assert done.exit_code == 0, (words, done.output, done.exception)
        return done.output

    assert guid in said("runs", "list", "--experiment-id", experiment)
    assert '"loss": 0.2' in said("runs", "describe", "--run-id", guid)
    assert NAME in said("experiments", "search")
    assert "facts.json" in said("artifacts", "list", "--run-id", guid)
    wanted = ("-a", "notes/a.txt", "-d", "fetched")
    said("artifacts", "download", "--run-id", guid, *wanted)
    assert [p.read_text() for p in Path("fetched").rglob("a.txt")] == ["hello"]


def deleting(experiment, guid):
    client.delete_run(guid)
    assert client.get_run(guid).info.lifecycle_stage == "deleted"
    refused("INVALID_PARAMETER_VALUE", client.log_metric, guid, "a", 1)
    client.restore_run(guid)
    client.delete_experiment(experiment)
    assert client.get_run(guid).info.lifecycle_stage == "deleted"
    refused("RESOURCE_ALREADY_EXISTS", client.create_experiment, NAME)
    client.restore_experiment(experiment)
    assert client.get_run(guid).info.lifecycle_stage == "active"
    client.rename_experiment(experiment, f"{NAME}-b")
    client.set_experiment_tag(experiment, "k", "v")
    assert client.get_experiment_by_name(f"{NAME}-b").tags["k"] == "v"
    with mlflow.start_run(run_id=guid):
        mlflow.log_metric("again", 1)
    assert client.get_run(guid).info.status == "FINISHED"


experiment_id, run_id = logging()
files(run_id)
searching(experiment_id, run_id)
table, target = models(experiment_id)
autologging(experiment_id, table, target)
own_models()
commands(experiment_id, run_id)
deleting(experiment_id, run_id)
print("ok")
