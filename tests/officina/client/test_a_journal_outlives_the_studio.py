"""What a script logs while the studio is away arrives once, all of it, when it is back."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from officina.client import Client
from officina.client.journal import Journal, send_left
from tests.running import Studio, shared_studio

pytestmark = [pytest.mark.live, pytest.mark.clients]


class Line:
    """A connection to the studio that can be cut: before a request arrives, or before its answer."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.away = False
        self.swallow = 0  # so many answers are lost after the studio has done the work
        self.refused = 0  # what came while it was away
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        if self.away:
            self.refused += 1
            near.close()
            return
        far = socket.create_connection(("127.0.0.1", self.target))
        threading.Thread(target=self._pump, args=(near, far, False), daemon=True).start()
        self._pump(far, near, True)

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.away or (answers and self.swallow > 0):
                    self.refused += self.away
                    self.swallow -= answers and not self.away
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture(scope="module")
def studio() -> Studio:
    return shared_studio()


@pytest.fixture
def line(studio: Studio) -> Iterator[Line]:
    line = Line(int(studio.url.rsplit(":", 1)[1]))
    yield line
    line.listener.close()


@pytest.fixture
def client(
    studio: Studio, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with Client(line.url, studio.token, studio.workspace) as client:
        yield client


def until(true: Callable[[], object]) -> None:
    """Wait until something is so; only what hangs takes so many seconds."""
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def points(studio: Studio, guid: str, key: str) -> list[tuple[int, Any]]:
    with Client(studio.url, studio.token, studio.workspace) as direct:
        place = f"{direct.base}/runs/{guid}/metrics"
        found = direct.transport.json("GET", place, params={"key": key, "points": 10_000})
    series = found["series"][key]
    assert series["n"] == len(series["steps"])
    return list(zip(series["steps"], series["values"], strict=True))


def test_a_studio_that_is_away_loses_and_doubles_nothing(
    client: Client, line: Line, studio: Studio
) -> None:
    line.away = True
    run = client.start_run("journal", "through the storm")
    for step in range(300):
        run.log_metric("loss", step / 10)
        if step == 100:
            until(lambda: line.refused)
            line.away, line.swallow = False, 3
        if step == 200:
            until(lambda: not line.swallow)
            line.away, line.refused = True, 0
    run.log_param("lr", 0.1)
    run.set_tag("who", "me")

    def come_back() -> None:
        until(lambda: line.refused)
        line.away = False

    threading.Thread(target=come_back).start()
    assert run.finish(patience=180)
    with Client(studio.url, studio.token, studio.workspace) as direct:
        runs = [r for r in direct.list_jobs(experiment="journal")]
        assert [each["display_name"] or each["name"] for each in runs] == ["through the storm"]
        shown = direct.show_job(runs[0]["guid"])
    assert shown["status"] == "Completed"
    assert shown["params"]["lr"] in ("0.1", 0.1)
    assert shown["tags"]["who"] == "me"
    expected = [(step, step / 10) for step in range(300)]
    assert points(studio, shown["guid"], "loss") == expected


def test_three_thousand_points_and_files_outlive_a_studio_that_stops_midway(
    client: Client, line: Line, studio: Studio, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.txt"
    run = client.start_run("journal", "long absence")
    for step in range(1000):
        if step == 200:
            line.away = True
        if step in (100, 500, 900):
            notes.write_text(f"at {step}", encoding="utf-8")
            run.log_artifact(notes, f"notes/{step}.txt")
        run.log_metrics({"a": float(step), "b": -float(step), "c": step / 8}, step=step)
    notes.unlink()
    line.away, line.swallow = False, 2
    assert run.finish(patience=90)
    with Client(studio.url, studio.token, studio.workspace) as direct:
        (shown,) = [r for r in direct.list_jobs() if r["display_name"] == "long absence"]
        guid, place = shown["guid"], tmp_path / "got"
        direct.download_job(guid, place)
        words = direct.transport.json(
            "GET", f"{direct.mlflow_path}/api/2.0/mlflow/metrics/get-history",
            params={"run_id": guid, "metric_key": "b"},
        )  # fmt: skip
    for key, factor in (("a", 1.0), ("b", -1.0), ("c", 1 / 8)):
        assert points(studio, guid, key) == [(step, step * factor) for step in range(1000)]
    assert [each["step"] for each in words["metrics"]] == list(range(1000))
    for step in (100, 500, 900):
        found = place / "artifacts" / "notes" / f"{step}.txt"
        assert found.read_text(encoding="utf-8") == f"at {step}"
    assert not list((tmp_path / "officina" / "journals").iterdir())


SCRIPT = """
import os, signal, sys
from officina.client import Client
with Client(*sys.argv[1:4]) as client:
    run = client.start_run("journal", "killed")
    for step in range(50):
        run.log_metric("m", step)
    while not run.run_id or sys.argv[4] == "away":
        sys.argv[4] = ""
    for step in range(50, 80):
        run.log_metric("m", step)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("studio_is", ["here", "away"])
def test_what_a_killed_script_left_goes_on_when_the_next_one_starts(
    client: Client, line: Line, studio: Studio, studio_is: str
) -> None:
    script = SCRIPT if studio_is == "here" else SCRIPT.replace("while not run.run_id or", "while")
    line.away = studio_is == "away"
    command = [sys.executable, "-c", script, line.url, studio.token, studio.workspace, studio_is]
    assert subprocess.run(command, timeout=60).returncode == -signal.SIGKILL
    line.away = False
    with client.start_run("journal", "the next") as run:
        run.log_metric("n", 1)
    with Client(studio.url, studio.token, studio.workspace) as direct:
        killed = [r for r in direct.list_jobs() if r["display_name"] == "killed"]
    # Newest first: the other case's run has the same name.
    assert killed[0]["status"] == "Failed"
    assert points(studio, killed[0]["guid"], "m") == [(step, float(step)) for step in range(80)]


def test_a_journal_in_use_is_nobody_elses_to_send(client: Client, line: Line) -> None:
    line.away = True
    run = client.start_run("journal", "still going")
    assert send_left(client) == 0
    line.away = False
    assert run.finish(patience=60)


def test_a_journal_that_a_crash_left_is_sent_later(client: Client, studio: Studio) -> None:
    folder = Path(__import__("os").environ["XDG_STATE_HOME"]) / "officina" / "journals" / "f00d"
    journal = Journal(folder)
    journal.keep({"url": client.profile.url})
    journal.add({"op": "start", "id": "f00d", "ts": 1.0, "experiment": "left", "name": "over"})
    journal.add({"op": "metric", "key": "m", "value": 1.5, "step": 0, "ts": 2.0})
    with (folder / "lines.jsonl").open("ab") as lines:
        lines.write(b'{"op": "met')  # torn by the crash
    assert send_left(client) == 1
    assert not folder.exists()
    with Client(studio.url, studio.token, studio.workspace) as direct:
        (run,) = direct.list_jobs(experiment="left")
    assert points(studio, run["guid"], "m") == [(0, 1.5)]
