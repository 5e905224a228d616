"""What somebody with ill will, or bad luck, sends to the API: refused in words, and nothing is left of it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connections

from officina.documents import load_job
from officina.errors import StudioError
from registry import services as registry
from registry.models import StoredTree
from studio.compute import services as computes
from studio.runs import live, services, tasks
from studio.runs.models import Run
from tests.cast import bearer, run_token_of

LAB = "/api/v1/workspaces/lab"
ELSEWHERE = "/api/v1/workspaces/elsewhere"
OUTSIDE = [
    "../evil", "a/../../evil", "..%2fevil", "..%252fevil", "..\\evil", "a\\b", "/etc/evil", "C:/evil",
    "nul\0byte", "a//b", "..\uff0fevil", "", ".", "a/./b",
]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.OFFICINA_HOME = tmp_path
    settings.WORK_FOLDER = tmp_path / "work"
    settings.STORAGE_URL = str(tmp_path / "store")
    monkeypatch.setattr(tasks.execute, "delay", lambda run, fence: None)
    monkeypatch.setattr(live, "send", lambda group, message: None)
    return tmp_path


def document(**more: Any) -> dict[str, Any]:
    return {
        "jobType": "Command", "experimentName": "threats", "command": "true",
        "environmentId": "azureml:minimal@latest", "inputs": {}, "outputs": {},
    } | more  # fmt: skip


def make_run(cast: Any) -> Run:
    return services.create_run(workspace=cast.lab, user=cast.owner, document=document())


def put(client: Any, base: str, data: bytes) -> Any:
    digest = hashlib.sha256(data).hexdigest()
    return client.put(f"{base}/blobs/{digest}", data=data, content_type="application/octet-stream")


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", OUTSIDE, ids=ascii)
def test_a_tree_with_a_name_that_leads_outside_is_refused(cast: Any, home: Path, name: str) -> None:
    client = cast.client("owner")
    assert put(client, LAB, b"payload").status_code == 201
    before = files_in(home)
    entry = {"sha256": hashlib.sha256(b"payload").hexdigest(), "size": 7}
    answer = client.post(f"{LAB}/trees", {"files": {name: entry}}, format="json")
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"]["message"]
    assert files_in(home) == before
    assert not StoredTree.objects.exists()


@pytest.mark.parametrize("name", ["../../secret_key", "..%2f..%2fsecret_key", "%2fetc%2fpasswd"])
def test_a_file_outside_a_run_cannot_be_read_through_it(cast: Any, home: Path, name: str) -> None:
    run = make_run(cast)
    (home / "secret_key").write_text("very secret")
    for part in ("artifacts", "outputs/o/files"):
        answer = cast.client("owner").get(f"{LAB}/runs/{run.guid}/{part}/{name}")
        assert answer.status_code in (400, 404)
        assert b"very secret" not in answer.content


def test_a_blob_whose_bytes_are_not_its_digest_is_refused(cast: Any, home: Path) -> None:
    answer = cast.client("owner").put(
        f"{LAB}/blobs/{'a' * 64}", data=b"other", content_type="application/octet-stream"
    )
    assert answer.status_code == 400, answer.content
    assert files_in(home / "store") == set()


def test_another_workspaces_run_and_its_parts_are_not_found(cast: Any, home: Path) -> None:
    run = make_run(cast)
    outsider = cast.client("outsider")
    parts = ["", "/log", "/metrics", "/artifacts", "/children", "/artifacts/logs/std_log.txt"]
    for base in (LAB, ELSEWHERE):
        for part in parts:
            assert outsider.get(f"{base}/runs/{run.guid}{part}").status_code == 404, (base, part)
        assert outsider.post(f"{base}/runs/{run.guid}/cancel").status_code == 404
    run.refresh_from_db()
    assert run.status in {"NotStarted", "Queued"}


def test_knowing_a_digest_opens_nothing_of_another_workspace(cast: Any, home: Path) -> None:
    owner, outsider = cast.client("owner"), cast.client("outsider")
    put(owner, LAB, b"theirs")
    digest = hashlib.sha256(b"theirs").hexdigest()
    files = {"files": {"data.csv": {"sha256": digest, "size": 6}}}
    tree = owner.post(f"{LAB}/trees", files, format="json").json()
    assert tree["stored"]
    answer = outsider.post(f"{ELSEWHERE}/trees", files, format="json").json()
    assert (answer["stored"], answer["missing"]) == (False, [digest])
    with pytest.raises(StudioError) as refused:
        registry.open_tree(workspace=cast.elsewhere, digest=tree["digest"])
    assert refused.value.code == "not_found"
    stolen = document(codeId=f"tree:{tree['digest']}")
    answer = outsider.post(f"{ELSEWHERE}/runs", {"document": stolen}, format="json")
    assert answer.status_code == 404, answer.content


@pytest.mark.django_db(transaction=True)
def test_fifty_equal_submissions_at_once_make_one_run(cast: Any, home: Path) -> None:
    computes.create_local_compute(cast.lab)
    client = cast.client("owner")
    session = client.cookies
    start = threading.Barrier(50)
    answers: list[tuple[int, str]] = []

    def send() -> None:
        from rest_framework.test import APIClient

        one = APIClient()
        one.cookies = session
        try:
            start.wait(120)
            answer = one.post(
                f"{LAB}/runs", {"document": document()}, format="json",
                HTTP_IDEMPOTENCY_KEY="the-same",
            )  # fmt: skip
            answers.append((answer.status_code, answer.json().get("guid", "")))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert Run.objects.count() == 1
    guid = Run.objects.get().guid
    assert answers == [(201, guid)] * 50


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_a_metric_that_is_not_finite_is_kept_as_a_word(cast: Any, home: Path, word: str) -> None:
    run = make_run(cast)
    client = cast.client("owner")
    body = {"series": [{"key": "loss", "values": [0.5, word]}]}
    answer = client.post(f"{LAB}/runs/{run.guid}/metrics", body, format="json")
    assert (answer.status_code, answer.json()) == (200, {"stored": 2})
    shown = client.get(f"{LAB}/runs/{run.guid}/metrics")
    json.loads(shown.content, parse_constant=pytest.fail)
    assert shown.json()["series"]["loss"]["last"] == word
    for odd in ({"batch": "b" * 65}, {"series": [{"key": "a\0", "values": [1]}]}):
        refused = client.post(f"{LAB}/runs/{run.guid}/metrics", {**body, **odd}, format="json")
        assert refused.status_code == 400, refused.content


@pytest.mark.parametrize(
    "value",
    [True, "high", None, [1], {"a": 1}, 10**400],
    ids=["boolean", "text", "null", "list", "object", "huge"],
)
def test_a_metric_that_is_no_number_is_refused_by_name(cast: Any, home: Path, value: Any) -> None:
    run = make_run(cast)
    body = {"series": [{"key": "accuracy", "values": [0.5, value]}]}
    answer = cast.client("owner").post(f"{LAB}/runs/{run.guid}/metrics", body, format="json")
    assert answer.status_code == 400
    assert "accuracy" in answer.content.decode()
    assert not run.series.exists()


@pytest.mark.parametrize("query", ["colour=red", "order=password", "order=owner__password"])
def test_an_unknown_filter_or_order_is_refused_by_name(cast: Any, home: Path, query: str) -> None:
    answer = cast.client("owner").get(f"{LAB}/runs?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.content.decode()
    assert answer.json()["error"]["hint"].startswith("Known: ")


def test_a_yaml_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(StudioError) as refused:
        load_job("\n".join([*lines, "type: command", "command: 'true'"]))
    assert refused.value.message


def test_an_unknown_key_is_named_with_the_nearest() -> None:
    with pytest.raises(StudioError) as refused:
        load_job("type: command\ncomand: echo\nenvironment: azureml:minimal@latest\n")
    assert "comand" in str(refused.value) and "command" in str(refused.value)


def test_a_body_beyond_the_limit_is_refused(cast: Any, home: Path) -> None:
    body = {"document": document(description="x" * (17 << 20))}
    answer = cast.client("owner").post(f"{LAB}/runs", body, format="json")
    assert answer.status_code == 413, answer.content
    assert "16 MiB" in answer.json()["error"]["message"]
    assert not Run.objects.exists()


def test_a_runs_token_opens_its_own_run_alone(cast: Any, home: Path) -> None:
    mine, other = make_run(cast), make_run(cast)
    job = bearer(run_token_of(cast.owner, cast.lab, mine.guid))
    body = {"series": [{"key": "loss", "values": [1]}]}
    assert job.post(f"{LAB}/runs/{mine.guid}/metrics", body, format="json").status_code == 200
    assert job.post(f"{LAB}/runs/{other.guid}/metrics", body, format="json").status_code in (
        403,
        404,
    )
    assert job.post(f"{LAB}/runs/{other.guid}/cancel").status_code in (403, 404)
    assert job.get(f"{LAB}/secrets").status_code in (403, 404)
    assert job.post(f"{LAB}/tokens", {"name": "mine"}, format="json").status_code in (403, 404)
    assert not other.series.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 1 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount the 1 MB disk that this test fills")
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode:
        pytest.skip(f"no 1 MB disk can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True, timeout=60)


def test_a_full_disk_is_named_and_nothing_is_half_registered(
    cast: Any, home: Path, small_disk: Path, settings: LazySettings
) -> None:
    settings.STORAGE_URL = str(small_disk)
    client = cast.client("owner")
    data = os.urandom(3 << 20)
    answer = put(client, LAB, data)
    assert answer.status_code == 507, answer.content
    assert answer.json()["error"]["code"] == "storage_full"
    assert sum(path.stat().st_size for path in files_in(small_disk)) < 1000
    files = {"files": {"a": {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}}}
    answer = client.post(f"{LAB}/trees", files, format="json").json()
    assert (answer["stored"], len(answer["missing"])) == (False, 1)
    assert not StoredTree.objects.exists()
