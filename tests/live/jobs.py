"""Submit command jobs to a running studio over its API and look at what became of them."""

from __future__ import annotations

import json
import time
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.running import Studio

# Only what hangs takes so many seconds.
LIMIT = 120.0
# Prints and prints until it is told that it is over.
GOING_ON = "i=0; while [ ! -e over ]; do i=$((i + 1)); echo line-$i; sleep 0.05; done; echo end"
ENDED = {"Completed", "Failed", "Canceled"}


def submit(studio: Studio, command: str, **more: Any) -> str:
    """Submit a command in the bare environment and return the run's guid."""
    document = {
        "jobType": "Command", "displayName": "live test", "experimentName": "live-tests",
        "environmentId": "azureml:minimal@latest", "command": command, "inputs": {},
        "outputs": {}, "environmentVariables": {}, "limits": {}, "resources": {},
    }  # fmt: skip
    return submit_document(studio, document | more)


def submit_document(studio: Studio, document: dict[str, Any]) -> str:
    """Submit a document and return the run's guid."""
    request = urllib.request.Request(
        f"{studio.url}/api/v1/workspaces/{studio.workspace}/runs",
        data=json.dumps({"document": document}).encode(),
        headers={
            "Authorization": f"Bearer {studio.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": uuid.uuid4().hex,
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["guid"])


def look(studio: Studio, guid: str) -> dict[str, Any]:
    """Return the run as the API describes it."""
    status, body = studio.get(f"/api/v1/workspaces/{studio.workspace}/runs/{guid}", timeout=60)
    assert status == 200, body
    described: dict[str, Any] = json.loads(body)
    return described


def log(studio: Studio, guid: str) -> bytes:
    """Return the run's whole log."""
    path = f"/api/v1/workspaces/{studio.workspace}/runs/{guid}/log?limit=8000000"
    status, body = studio.get(path, timeout=60)
    assert status == 200, body
    return body


def until(what: str, true: Callable[[], Any], within: float = LIMIT) -> Any:
    """Wait until something is true, a studio that does not answer counting as not yet; return it."""
    end = time.monotonic() + within
    last: object = None
    while time.monotonic() < end:
        try:
            if last := true():
                return last
        except (OSError, AssertionError) as error:
            last = error
        time.sleep(0.1)
    raise AssertionError(f"not within {within:.0f} s: {what} (last: {last!r})")


def ended(studio: Studio, guid: str, within: float = LIMIT) -> dict[str, Any]:
    """Wait for the run's end and return its description."""

    def is_over() -> dict[str, Any] | None:
        run = look(studio, guid)
        return run if run["status"] in ENDED else None

    try:
        return dict(until(f"run {guid} ended", is_over, within))
    except AssertionError as error:
        raise AssertionError(f"{error}\n{look(studio, guid)}\n{studio.log[-3000:]}") from None


def folder(studio: Studio, guid: str, attempt: int = 1) -> Path:
    """Return the folder of the run's attempt."""
    return studio.home / "work" / guid / str(attempt)


def printed(studio: Studio, guid: str, word: bytes) -> None:
    """Wait until the run has printed this word."""
    until(f"run {guid} printed {word!r}", lambda: word in log(studio, guid))


def let_end(studio: Studio, guid: str) -> None:
    """Tell a run of `GOING_ON` that it is over, wait for its end, and find every line of it once."""
    (folder(studio, guid) / "work" / "over").touch()
    run = ended(studio, guid)
    assert (run["status"], run["attempt"]) == ("Completed", 1), run
    lines = log(studio, guid).decode().splitlines()
    printed = [line for line in lines if line.startswith("line-") or line == "end"]
    assert printed == [*(f"line-{number}" for number in range(1, len(printed))), "end"]


def command_line(process: psutil.Process) -> list[str]:
    """Return a process's words; none when it ended just now."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def processes_of(studio: Studio, guid: str) -> list[psutil.Process]:
    """Return every living process that works in or names the run's folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            words = [
                *process.cmdline(),
                process.cwd(),
                process.environ().get("OFFICINA_RUN_ID", ""),
            ]
        except psutil.Error:
            continue
        if any(guid in word for word in words):
            found.append(process)
    return found
