from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from officina.client import Client
from officina.errors import StudioError

GUID = "a" * 32
TEXT = "당뇨 one\n\x1b[32mtwo\x1b[0m\nthree: ü\n" * 5
JOB = {"command": "true", "environment": "azureml:sklearn-1.5@latest"}


@pytest.mark.parametrize("fault", ["cut before", "cut after", "503"])
def test_a_job_is_submitted_once_whatever_happens_to_the_first_request(
    client: Client, studio, fault: str
) -> None:
    studio.faults.append(("POST", "/runs", fault))
    run = client.create_job(JOB)
    assert len(studio.runs) == 1
    assert studio.seen.count(("POST", "/api/v1/workspaces/demo/runs")) == 2
    assert run["guid"] in studio.runs


def test_a_code_folder_is_sent_once_and_only_what_is_missing(
    client: Client, studio, tmp_path: Path
) -> None:
    (tmp_path / "job" / "src").mkdir(parents=True)
    (tmp_path / "job" / "job.yml").write_text("command: python a.py\ncode: ./src\n")
    (tmp_path / "job" / "src" / "a.py").write_text("print(1)")
    (tmp_path / "job" / "src" / "b.py").write_text("print(2)")
    (tmp_path / "job" / "src" / "secret.env").write_text("x")
    (tmp_path / "job" / "src" / ".amlignore").write_text("*.env\n")
    studio.faults += [("PUT", "/blobs", "cut before"), ("PUT", "/blobs", "cut after")]
    first = client.create_job(tmp_path / "job" / "job.yml")
    tree = studio.store.read_tree(first["document"]["codeId"])
    assert set(tree.files) == {"a.py", "b.py", ".amlignore"}
    (tmp_path / "job" / "src" / "b.py").write_text("print(3)")
    studio.seen.clear()
    client.create_job(tmp_path / "job" / "job.yml")
    assert len([path for method, path in studio.seen if method == "PUT"]) == 1


def test_a_log_is_read_whole_through_cuts_and_torn_characters(client: Client, studio) -> None:
    run = studio.add_run(GUID, status="Running")
    studio.logs[GUID] = b""
    studio.faults += [("GET", "/log", "cut before"), ("GET", "/log", "503")]
    studio.faults += [("GET", "/log", "cut in the middle"), ("GET", f"/{GUID}", "cut after")]

    def grow() -> None:
        data = TEXT.encode()
        for start in range(0, len(data), 50):
            time.sleep(0.05)
            studio.logs[GUID] += data[start : start + 50]
        studio.sealed.add(GUID)
        run["status"] = "Completed"

    threading.Thread(target=grow).start()
    seen: list[str] = []
    ended = client.stream_job(GUID, seen.append)
    assert "".join(seen) == TEXT
    assert ended["status"] == "Completed"


def test_a_pipelines_steps_show_their_status_and_their_lines(client: Client, studio) -> None:
    studio.add_run(GUID, kind="pipeline")
    studio.children[GUID] = ["b" * 32, "c" * 32]
    studio.add_run("b" * 32, step="prep")
    studio.add_run("c" * 32, step="train", reused_from="d" * 32)
    studio.logs["b" * 32] = b"one\ntwo"
    studio.sealed.add("b" * 32)
    seen: list[str] = []
    client.stream_job(GUID, seen.append)
    lines = "".join(seen).splitlines()
    assert lines == [
        "prep | one",
        "prep | two",
        "prep: Completed",
        "train: Completed (reused)",
    ]


@pytest.mark.parametrize("fault", ["cut in the middle", "503", "cut before"])
def test_a_download_cut_on_its_way_ends_whole(
    client: Client, studio, tmp_path: Path, fault: str
) -> None:
    studio.add_run(GUID, outputs={"o": {"uri": "tree:x"}})
    studio.files = {"deep/모델.pkl": bytes(range(256)) * 5000, "a.txt": b"a", "b": b"b", "c": b""}
    studio.faults.append(("GET", "모델.pkl", fault))
    files = client.download_job(GUID, tmp_path / "got")
    assert len(files) == 8
    for name, data in studio.files.items():
        assert (tmp_path / "got" / "artifacts" / name).read_bytes() == data
        assert (tmp_path / "got" / "named-outputs" / "o" / name).read_bytes() == data
    assert not list((tmp_path / "got").rglob("*.part"))


def test_a_download_with_a_hostile_name_writes_nothing(
    client: Client, studio, tmp_path: Path
) -> None:
    studio.add_run(GUID)
    studio.files = {"../evil": b"x"}
    with pytest.raises(StudioError, match="refused"):
        client.download_job(GUID, tmp_path / "got")
    assert not (tmp_path / "evil").exists()


def test_all_pages_of_a_list_are_walked(client: Client, studio) -> None:
    for number in range(8):
        studio.add_run(f"{number:032x}")
    assert len({run["guid"] for run in client.list_jobs()}) == 8
