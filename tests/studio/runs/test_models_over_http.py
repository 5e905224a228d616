"""Work on models over pages and API: who may start it, what is told, and packages byte for byte."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from officina.storage import Entry
from registry import services as registry
from registry.models import AssetVersion
from studio.runs.models import Experiment, ModelWork, Run
from studio.workspaces.models import Membership, User
from tests.conftest import Cast

AT = "/api/v1/workspaces/lab/models/churn/versions/1"
PROFILE = {
    "batches": [
        {
            "rows": 1, "requests": 9, "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 3.0, "max_ms": 4.0,
            "requests_per_second": 900.0, "rows_per_second": 900.0, "cpu_cores": 1.0,
            "cpu_ms_per_request": 1.0, "peak_bytes": 1 << 28,
        }
    ],
    "load_ms": 12.0, "peak_bytes": 1 << 28,
    "advice": {"size": "Standard_A1_v2", "summary": "1 core, 2 GiB", "why": "It fits.", "hourly": 0.043},
}  # fmt: skip


@pytest.fixture
def model(cast: Cast, tmp_path: Path, settings: LazySettings) -> AssetVersion:
    settings.OFFICINA_HOME, settings.STORAGE_URL = tmp_path, str(tmp_path / "store")
    return registered(cast, {"model.pkl": pickle.dumps({"a": 1})})


def registered(cast: Cast, files: dict[str, bytes], name: str = "churn") -> AssetVersion:
    blobs = {path: registry.store().put_bytes(data) for path, data in files.items()}
    tree = registry.store().put_manifest({p: Entry(b.sha256, b.size) for p, b in blobs.items()})
    return registry.register(
        workspace=cast.lab, kind="model", name=name, tree=tree, document={}, user=cast.owner
    )


@pytest.mark.parametrize("action", ["convert", "package", "profile"])
def test_work_is_started_by_those_who_may_submit(
    action: str, cast: Cast, model: AssetVersion
) -> None:
    for who, status in (("contributor", 201), ("reader", 403), ("outsider", 404)):
        answer = cast.client(who).post(f"{AT}/{action}", {}, format="json")
        assert answer.status_code == status, answer.content
    run = Run.objects.get()
    assert run.title.startswith(f"{action.title()} churn:1")
    assert ModelWork.objects.get().run == run
    found = cast.client("reader").get(f"{AT}/work").json()["work"]
    assert [(each["action"], each["run"]) for each in found] == [(action, run.guid)]
    assert cast.client("outsider").get(f"{AT}/work").status_code == 404


def test_converting_takes_the_right_to_register_as_well(cast: Cast, model: AssetVersion) -> None:
    from studio.workspaces.models import Role

    role = Role.objects.create(
        workspace=cast.lab, name="Runner", operations=["registry.read", "runs.submit", "runs.read"]
    )
    Membership.objects.filter(user=cast.reader).update(role="Runner", custom_role=role)
    client = cast.client("reader")
    assert client.post(f"{AT}/profile", {}, format="json").status_code == 201
    refused = client.post(f"{AT}/convert", {}, format="json")
    assert refused.status_code == 403
    assert "registry.write" in refused.content.decode()
    browser = Client()
    browser.force_login(cast.reader)
    shown = browser.get("/w/lab/models/churn/").content.decode()
    assert "lacks registry.write" in shown
    assert 'data-dialog="profile-dialog"' in shown
    assert 'data-dialog="convert-dialog"' not in shown


def test_the_same_request_twice_starts_one_run(cast: Cast, model: AssetVersion) -> None:
    client = cast.client("owner")
    for _ in range(2):
        answer = client.post(f"{AT}/package", {}, format="json", HTTP_IDEMPOTENCY_KEY="once")
        assert answer.status_code == 201
    assert Run.objects.count() == 1


def test_a_package_comes_byte_for_byte_with_its_digest(cast: Cast, model: AssetVersion) -> None:
    data = bytes(range(256)) * 40
    blob = registry.store().put_bytes(data)
    archive = {"file": "churn-1.tar.gz", "form": "plain", "sha256": blob.sha256, "size": blob.size}
    work = ModelWork.objects.create(
        version=model,
        action="package",
        result={"archives": [archive], "packages": 3, "python": "3.11"},
    )
    for url in (f"{AT}/packages/{work.pk}/churn-1.tar.gz",
                f"/w/lab/models/churn/versions/1/packages/{work.pk}/churn-1.tar.gz"):  # fmt: skip
        answer = cast.client("reader").get(url)
        assert b"".join(answer.streaming_content) == data
        assert answer["X-Content-SHA256"] == hashlib.sha256(data).hexdigest()
        assert cast.client("outsider").get(url).status_code == 404
    part = cast.client("reader").get(
        f"{AT}/packages/{work.pk}/churn-1.tar.gz", HTTP_RANGE="bytes=5-9"
    )
    assert (part.status_code, b"".join(part.streaming_content)) == (206, data[5:10])
    registered(cast, {"m.pkl": b"\x80\x04N."}, "other")
    theirs = f"{AT.replace('churn', 'other')}/packages/{work.pk}/churn-1.tar.gz"
    mine = (f"{AT}/packages/{work.pk}/model.pkl", f"{AT}/packages/99999/churn-1.tar.gz")
    for wrong in (theirs, *mine):
        assert cast.client("owner").get(wrong).status_code == 404


def test_two_versions_are_compared_with_their_runs(cast: Cast, model: AssetVersion) -> None:
    experiment = Experiment.objects.create(workspace=cast.lab, name="churn")
    runs = [
        Run.objects.create(
            workspace=cast.lab, experiment=experiment, name=f"r{n}", owner=cast.owner, kind="command",
            status="Completed", params={"depth": n, "seed": 7}, metrics={"auc": 0.8 + n / 100},
        )
        for n in (1, 2)
    ]  # fmt: skip
    second = registered(cast, {"model.pkl": pickle.dumps({"a": 2}), "notes.txt": b"x"})
    for row, run in zip((model, second), runs, strict=True):
        AssetVersion.objects.filter(pk=row.pk).update(run_guid=run.guid)
    ModelWork.objects.create(version=second, action="profile", result=PROFILE)
    found = cast.client("reader").get(f"{AT}/compare?with=2").json()
    assert found["metrics"][0]["delta"] == pytest.approx(0.01)
    assert {row["key"]: row["same"] for row in found["params"]} == {"depth": False, "seed": True}
    assert {row["path"]: row["state"] for row in found["files"]} == {
        "model.pkl": "changed", "notes.txt": "only in the second",
    }  # fmt: skip
    assert found["profile"] == [{"rows": 1, "one": None, "other": PROFILE["batches"][0]}]
    browser = Client()
    browser.force_login(cast.reader)
    page = browser.get("/w/lab/models/churn/compare/?one=1&other=2")
    assert page.status_code == 200
    assert "only in the second" in page.content.decode()
    missing = browser.get("/w/lab/models/churn/compare/?one=1&other=elsewhere:7")
    assert missing.status_code == 404
    assert "There is no model elsewhere" in missing.content.decode()
    assert cast.client("owner").get(f"{AT}/compare").status_code == 400


def test_facts_and_a_sample_are_written_on_the_page_and_bad_ones_refused(
    cast: Cast, model: AssetVersion
) -> None:
    browser = Client()
    browser.force_login(cast.contributor)
    facts = "/w/lab/models/churn/versions/1/facts/"
    sample = json.dumps({"columns": ["age"], "data": [[41]]})
    given = {"framework": "ScikitLearn", "cpu": "2", "memory_in_gb": "0.5", "sample_input": sample}
    shown = browser.post(facts, given, follow=True).content.decode()
    assert "Saved." in shown
    model.refresh_from_db()
    assert model.properties == given
    for field, value, says in (
        ("sample_input", "nonsense", "no JSON"),
        ("cpu", "-1", "above 0"),
        ("environment", "azureml:none-such@latest", "no environment"),
        ("framework", "x" * 101, "100 are the most"),
    ):
        answer = browser.post(facts, given | {field: value}, follow=True).content.decode()
        assert says in answer, answer[:3000]
    model.refresh_from_db()
    assert model.properties == given
    browser.force_login(cast.reader)
    assert browser.post(facts, given).status_code == 403


def test_the_page_shows_a_profile_and_why_a_control_is_off(cast: Cast, model: AssetVersion) -> None:
    ModelWork.objects.create(version=model, action="profile", result=PROFILE)
    browser = Client()
    browser.force_login(cast.reader)
    shown = browser.get("/w/lab/models/churn/").content.decode()
    assert "Standard_A1_v2" in shown
    assert "lacks runs.submit" in shown
    assert "convert-dialog" not in shown
    figure = browser.get("/w/lab/models/churn/versions/1/work/profile.json").json()
    assert [trace["y"] for trace in figure["data"]] == [[1.0], [2.0], [3.0]]
    registered(cast, {"notes.txt": b"no model"}, "notes")
    browser.force_login(cast.owner)
    assert "no flavour that is known" in browser.get("/w/lab/models/notes/").content.decode()


def test_a_compute_operator_finds_no_models(cast: Cast, model: AssetVersion) -> None:
    person = User.objects.create_user("op@example.org", "correct horse battery")
    Membership.objects.create(workspace=cast.lab, user=person, role="Compute Operator")
    browser = Client()
    browser.force_login(person)
    for page in ("", "compare/", "versions/1/work/"):
        assert browser.get(f"/w/lab/models/churn/{page}").status_code == 403
    started: Any = browser.post("/w/lab/models/churn/versions/1/work/start/", {"action": "package"})
    assert started.status_code == 403
