"""Output ports are looked at in windows: tables, models, evaluations and other files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rest_framework.test import APIClient

from officina.modules.tables import write_dataset, write_profile
from studio.runs import outputs
from studio.runs.models import Experiment, Run
from tests.studio.runs.conftest import stored_folder

pytestmark = pytest.mark.django_db


@pytest.fixture
def put(workspace: Any, user: Any, home: Path) -> Callable[[Path], Run]:
    """Return a run that left this folder at its port `o`."""

    def make(folder: Path) -> Run:
        experiment, _ = Experiment.objects.get_or_create(workspace=workspace, name="tests")
        uri = stored_folder(workspace, folder)
        return Run.objects.create(
            workspace=workspace, experiment=experiment, owner=user, kind=Run.MODULE,
            name=f"run-{folder.name}", status="Completed", outputs={"o": {"uri": uri}},
        )  # fmt: skip

    return make


@pytest.fixture
def look(workspace: Any, user: Any) -> Callable[..., Any]:
    client = APIClient()
    client.force_login(user)

    def get(run: Run, what: str = "preview", **query: Any) -> Any:
        url = f"/api/v1/workspaces/{workspace.name}/runs/{run.guid}/outputs/o/{what}"
        return client.get(url, query)

    return get


def dataset(folder: Path, frame: pd.DataFrame, roles: Any = None) -> Path:
    write_dataset(folder, frame, roles)
    write_profile(folder)
    return folder


def test_a_table_is_shown_by_windows(put: Any, look: Any, tmp_path: Path) -> None:
    wide = pd.DataFrame({f"c{i}": range(1000) for i in range(600)})
    run = put(dataset(tmp_path / "d", wide, {"c3": {"role": "label"}}))
    page = look(run, start=990, rows=20, columns="590:600").json()
    assert (page["kind"], page["rows"], page["columns"]) == ("table", 1000, 600)
    assert page["shown"] == [f"c{i}" for i in range(590, 600)]
    assert [row[0] for row in page["data"]] == list(range(990, 1000))
    assert len(page["schema"]) == 600 and page["schema"][3]["role"] == "label"
    assert page["profile"][0]["mean"] == 499.5
    assert look(run, columns="c5,c7", rows=1).json()["data"] == [[0, 0]]
    assert look(run, columns='["c5"]', profile=0).json().keys().isdisjoint({"profile", "schema"})
    assert len(look(run, columns="0:5000").json()["shown"]) == 500
    assert outputs.sizes_of(run) == {"o": {"rows": 1000, "columns": 600}}


def test_what_is_not_there_is_said_plainly(put: Any, look: Any, tmp_path: Path) -> None:
    run = put(dataset(tmp_path / "d", pd.DataFrame({"price": [1.0]})))
    refused = look(run, columns="pricee")
    assert refused.status_code == 400 and "price" in refused.json()["error"]["hint"]
    assert look(run, rows="-1").status_code == 400
    assert look(run, what="evaluation").status_code == 404


def test_statistics_come_from_the_cache_the_second_time(
    put: Any, look: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = put(dataset(tmp_path / "d", pd.DataFrame({"a": [1, 2, np.nan]})))
    first = look(run).json()["profile"]
    monkeypatch.setattr("officina.modules.preview.profile_column", None)
    assert look(run).json()["profile"] == first
    assert first[0] | {"missing": 1, "distinct": 2, "mean": 1.5, "type": "number"} == first[0]


def test_a_csv_that_a_script_left_is_a_table_too(put: Any, look: Any, tmp_path: Path) -> None:
    folder = tmp_path / "csv"
    folder.mkdir()
    (folder / "part.csv").write_text("a,b\n1,x\n2,y\n")
    page = look(put(folder)).json()
    assert (page["rows"], page["data"], page["file"]) == (2, [[1, "x"], [2, "y"]], "part.csv")


def test_a_model_tells_its_weights_without_its_pickle_being_read(
    put: Any, look: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.pkl").write_bytes(b"cos\nsystem\n(S'touch /tmp/broken'\ntR.")
    (folder / "meta.json").write_text(json.dumps({"kind": "trained", "title": "Ridge"}))
    weights = [{"name": "(intercept)", "value": 1.0}]
    (folder / "explanation.json").write_text(json.dumps({"coefficients": weights}))
    page = look(put(folder)).json()
    assert (page["kind"], page["learner"], page["coefficients"]) == ("model", "Ridge", weights)


def test_an_evaluation_names_its_curves_and_thresholds(put: Any, look: Any, tmp_path: Path) -> None:
    from officina.modules import measures

    truth = pd.Series([0, 0, 1, 1, 1, 0] * 20)
    score = pd.Series(np.linspace(0, 1, 120))
    row = {"name": "scored"} | measures.binary(
        truth, (score > 0.5).astype(int), score, classes=[0, 1]
    )
    folder = tmp_path / "evaluation"
    folder.mkdir()
    document = {"schema": 1, "task": "binary", "rows": [row]}
    (folder / "metrics.json").write_text(json.dumps(document))
    run = put(folder)
    assert look(run).json()["kind"] == "metrics"
    found = look(run, "evaluation").json()
    assert found["kind"] == "binary"
    [one] = found["runs"]
    assert {"roc", "pr", "lift", "confusion", "metrics", "thresholds"} <= set(one)
    half = next(cut for cut in one["thresholds"] if cut["t"] == 0.5)
    assert half["tp"] + half["fn"] == 60 and half["fp"] + half["tn"] == 60


def test_other_files_are_listed(put: Any, look: Any, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"123")
    page = look(put(folder)).json()
    assert page == {"kind": "files", "count": 1, "files": [{"path": "a.bin", "size": 3}]}


def test_a_big_table_is_there_at_once_because_its_profile_was_kept(
    put: Any, look: Any, tmp_path: Path
) -> None:
    big = pd.DataFrame(np.random.default_rng(0).normal(size=(120_000, 20))).add_prefix("c")
    run = put(dataset(tmp_path / "d", big))
    begun = time.process_time()
    page = look(run, rows=50).json()
    spent = time.process_time() - begun
    assert len(page["profile"]) == 20 and page["profile"][0]["std"] == pytest.approx(1, abs=0.05)
    assert spent < 0.5, f"{spent:.2f} s: the statistics were worked out anew"
