"""Models are converted, packed and measured by real jobs, and what these find stays with the version."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from officina.errors import StudioError
from officina.storage import Entry
from registry import lineage
from registry import services as registry
from registry.models import AssetVersion
from studio.runs import modelwork
from studio.runs.logs import read_log
from studio.runs.models import LineageEdge, ModelWork, Run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def add(workspace: Any, user: Any, home: Path) -> Callable[..., AssetVersion]:
    def go(name: str, files: dict[str, bytes], **more: Any) -> AssetVersion:
        store = registry.store()
        blobs = {path: store.put_bytes(data) for path, data in files.items()}
        tree = store.put_manifest({path: Entry(b.sha256, b.size) for path, b in blobs.items()})
        return registry.register(
            workspace=workspace, kind="model", name=name, tree=tree, user=user,
            document={"modelType": "custom_model"}, **more,
        )  # fmt: skip

    return go


@pytest.fixture
def do(user: Any, work: Callable[[], None]) -> Callable[..., Run]:
    """Submit a piece of work, do what the worker does, and return the ended run."""

    def go(version: AssetVersion, action: str, **options: Any) -> Run:
        run = modelwork.submit(version=version, action=action, user=user, options=options)
        work()
        run.refresh_from_db()
        return run

    return go


def classifier() -> bytes:
    import numpy as np
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    draw = np.random.default_rng(1)
    table = pd.DataFrame(
        {"age": draw.integers(18, 80, 200), "city": draw.choice(["Oslo", "Rome"], 200)}
    )
    label = np.where(table["age"] + 20 * (table["city"] == "Rome") > 60, "leaves", "stays")
    columns = ColumnTransformer(
        [("n", StandardScaler(), ["age"]), ("c", OneHotEncoder(), ["city"])]
    )
    return pickle.dumps(make_pipeline(columns, LogisticRegression()).fit(table, label))


def test_a_pickle_becomes_an_onnx_model_that_answers_alike_with_its_lineage(
    add: Any, do: Any, workspace: Any
) -> None:
    source = add("churn", {"model.pkl": classifier()})
    run = do(source, "convert")
    assert run.status == "Completed", run.error
    assert run.metrics.keys() >= {"max_abs_difference", "mismatch_share", "label_agreement"}
    piece = modelwork.newest(source)["convert"]
    assert piece.work.result["comparison"]["rows"] == 200
    assert piece.work.result["comparison"]["label_agreement"] == 1.0
    made = registry.find(workspace=workspace, kind="model", name="churn-onnx")
    assert (piece.work.made, made.run_guid) == (made, run.guid)
    assert json.loads(made.properties["sample_input"])["columns"] == ["age", "city"]
    ends = {node["id"] for node in lineage.graph(workspace, made.end)["nodes"]}
    assert ends == {"model/churn/1", f"run/{run.guid}", "model/churn-onnx/1"}
    again = do(made, "profile", batches="1", seconds=0.1)
    assert again.status == "Completed", again.error


def test_answers_beyond_the_tolerance_fail_the_run_and_show_the_rows(add: Any, do: Any) -> None:
    source = add("churn", {"model.pkl": classifier()})
    run = do(source, "convert", tolerance=0.0, most_apart=0.0)
    assert run.status == "Failed"
    assert "another answer from the ONNX model" in run.error["message"]
    piece = modelwork.newest(source)["convert"]
    heads, lines = piece.table
    assert heads[:3] == ["row", "before", "as ONNX"]
    assert {"input age", "input city"} <= set(heads)
    assert lines
    assert not LineageEdge.objects.filter(target__startswith="model/").exists()


def test_a_profile_is_kept_on_the_version_with_a_size_and_its_reason(add: Any, do: Any) -> None:
    source = add("churn", {"model.pkl": classifier()}, properties={"cpu": "4"})
    run = do(source, "profile", batches="1,20", seconds=0.2, rate=50)
    assert run.status == "Completed", run.error
    found = modelwork.newest(source)["profile"].work.result
    assert [row["rows"] for row in found["batches"]] == [1, 20]
    for row in found["batches"]:
        assert 0 < row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"] <= row["max_ms"]
        assert row["peak_bytes"] > 10_000_000
    assert found["advice"]["cores"] >= 4
    assert found["advice"]["size"]
    assert "50 requests/s" in found["advice"]["why"]
    Run.objects.all().delete()
    assert ModelWork.objects.get(version=source).result == found


def test_the_same_version_is_packed_to_the_same_bytes(add: Any, do: Any) -> None:
    source = add("churn", {"model.pkl": classifier()})
    first, second = do(source, "package"), do(source, "package")
    assert (first.status, second.status) == ("Completed", "Completed"), first.error
    digests = [
        {each["file"]: each["sha256"] for each in piece.work.result["archives"]}
        for piece in modelwork.history(source, action="package")
    ]
    assert digests[0] == digests[1]
    assert set(digests[0]) == {"churn-1.tar.gz", "churn-1-docker.tar.gz"}


def test_a_deleted_version_takes_its_packages_along(add: Any, do: Any, workspace: Any) -> None:
    from registry.models import StoredTree

    source = add("churn", {"model.pkl": classifier()})
    run = do(source, "package", form="plain")
    work = ModelWork.objects.get(run=run)
    held = StoredTree.objects.get(workspace=workspace, digest=work.result["tree"])
    before = held.references
    registry.delete(source, confirm=True)
    held.refresh_from_db()
    assert held.references == before - 1
    assert not ModelWork.objects.exists()


def test_what_a_hostile_pickle_names_is_no_word_of_the_command(add: Any, user: Any) -> None:
    data = b"\x80\x04c$(touch /tmp/x);evil\nname\n."
    run = modelwork.submit(
        version=add("odd", {"model.pkl": data}), action="package", user=user, options={}
    )
    assert run.document["inputs"]["modules"]["value"] == "numpy,pandas,sklearn"


def test_work_is_canceled_and_keeps_its_log(add: Any, user: Any, work: Any) -> None:
    import threading
    import time

    from studio.runs import services

    source = add("churn", {"model.pkl": classifier()})
    run = modelwork.submit(version=source, action="profile", user=user, options={"seconds": 60})
    worker = threading.Thread(target=work)
    worker.start()
    try:
        until = time.monotonic() + 120
        while b"loaded a pickle" not in read_log(run=run, offset=0).data:
            assert time.monotonic() < until
            time.sleep(0.1)
            run.refresh_from_db()
    finally:
        services.cancel_run(run=Run.objects.get(pk=run.pk), user=user)
        worker.join(120)
    run.refresh_from_db()
    assert run.status == "Canceled"
    assert b"loaded a pickle" in read_log(run=run, offset=0).data
    assert modelwork.newest(source)["profile"].work.result == {}


def test_a_run_that_is_done_again_keeps_its_result_as_well(
    add: Any, do: Any, user: Any, work: Any
) -> None:
    from studio.runs import services

    source = add("churn", {"model.pkl": classifier()})
    run = do(source, "package", form="plain")
    again = services.rerun(run=run, user=user)
    work()
    assert ModelWork.objects.get(run=again).result["archives"][0]["form"] == "plain"


def test_a_dangerous_pickle_runs_nothing_here_and_is_confined_where_it_runs(
    add: Any, do: Any, tmp_path: Path
) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            import os

            return os.system, (f"echo it ran; touch {tmp_path}/exploded",)

    source = add("bomb", {"model.pkl": pickle.dumps(Bomb())})
    for action in ("convert", "profile"):
        with pytest.raises(StudioError, match="which no model needs"):
            do(source, action)
    packed = do(source, "package")  # packs bytes, loads nothing
    assert "it ran" not in read_log(run=packed, offset=0).data.decode()
    run = do(source, "profile", trust="true")
    assert run.status == "Failed"
    assert "it ran" in read_log(run=run, offset=0).data.decode()
    assert "no predict method" in run.error["message"]
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            {"model.onnx": b"\x08\x07\x12\x04torn\x3a\x7f"},
            "no ONNX model|no flavour|which is the model",
        ),
        ({"a.pkl": b"\x80\x04.", "b.pkl": b"\x80\x04."}, "which is the model"),
        ({"model.pkl": b"\x80\x04\x8c\x05torn"}, "cannot be loaded"),
        ({"model.tar": b"not looked into"}, "which is the model"),
        ({"MLmodel": b"flavors: {sklearn: {pickled_model: ../../../../etc/passwd}}"}, "outside"),
    ],
)
def test_bad_files_end_the_job_with_what_is_wrong(
    files: dict[str, bytes], says: str, add: Any, do: Any
) -> None:
    run = do(add("bad", files), "profile", environment="azureml:current@latest")
    assert run.status == "Failed"
    assert __import__("re").search(says, run.error["message"]), run.error


@pytest.mark.parametrize(
    ("action", "options", "where"),
    [
        ("convert", {"name": "churn"}, "name"),
        ("convert", {"name": "../x"}, "name"),
        ("convert", {"tolerance": "nan"}, "tolerance"),
        ("package", {"form": "exe"}, "form"),
        ("profile", {"batches": "1,x"}, "batches"),
        ("profile", {"seconds": 1e9}, "seconds"),
        ("profile", {"environment": "azureml:none-such@latest"}, "environment"),
        ("dance", {}, "action"),
    ],
)
def test_what_is_asked_for_is_checked_before_anything_is_queued(
    action: str, options: dict[str, Any], where: str, add: Any, user: Any
) -> None:
    source = add("churn", {"model.pkl": b"\x80\x04N."})
    with pytest.raises(StudioError) as caught:
        modelwork.submit(version=source, action=action, user=user, options=options)
    assert where in caught.value.where
    assert not Run.objects.exists()


def test_where_the_onnx_packages_are_missing_the_control_says_what_to_install(
    add: Any, user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.runs.modelwork import choosing

    monkeypatch.setattr(choosing, "ONNX", ("skl2onnx_not_here", "onnxruntime"))
    source = add("churn", {"model.pkl": classifier()})
    tree = registry.open_tree(workspace=source.asset.workspace, digest=source.tree)
    found = modelwork.actions(source, tree, {"runs.submit", "registry.write"}, "Owner")
    assert "make run OFFICINA_EXTRAS=1" in found["convert"]["reason"]
    assert not found["package"]["reason"]
    with pytest.raises(StudioError, match="OFFICINA_EXTRAS=1"):
        modelwork.submit(version=source, action="convert", user=user, options={})
