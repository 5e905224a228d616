"""Follow a run's log by offset: nothing is lost or doubled when the connection is."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable
from typing import Any

from officina.client.transport import Transport
from officina.errors import StudioError

Write = Callable[[str], None]
ENDED = frozenset({"Completed", "Failed", "Canceled"})
BLOCK = 1 << 20
QUICK, SLOW = 0.2, 1.0
PATIENCE = 120.0  # how long a studio may be away before the stream gives up
SEAL_WAIT = 10.0  # how long after its end a run's log may still grow


class LogCursor:
    """How much of one run's log has been read."""

    def __init__(self, transport: Transport, address: str) -> None:
        self._transport = transport
        self._address = f"{address}/log"
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._offset = 0
        self.sealed = False

    def read(self) -> str:
        """Return what is new; `sealed` tells whether that was all there will ever be."""
        params = {"offset": self._offset, "limit": BLOCK}
        answer = self._transport.request("GET", self._address, params=params)
        self._offset = int(answer.headers.get("X-Log-Next", self._offset + len(answer.content)))
        size = int(answer.headers.get("X-Log-Size", self._offset))
        sealed = answer.headers.get("X-Log-Sealed", "").lower() in {"1", "true", "yes"}
        self.sealed = sealed and self._offset >= size
        return self._decoder.decode(answer.content, final=self.sealed)


class StepLog:
    """One step of a pipeline as it is shown: status lines, and log lines under its name."""

    def __init__(self, transport: Transport, address: str, name: str) -> None:
        self._cursor = LogCursor(transport, address)
        self._name = name
        self._rest = ""
        self._shown = ""

    @property
    def sealed(self) -> bool:
        """Tell whether the whole log was shown."""
        return self._cursor.sealed

    def show(self, run: dict[str, Any], write: Write) -> None:
        """Write the log's new lines, then the status if it is another one."""
        status = str(run.get("status"))
        if status not in {"NotStarted", "Queued"} and not run.get("reused_from"):
            self._show_log(write, whole=status in ENDED)
        state = f"{status} (reused)" if run.get("reused_from") else status
        reason = run.get("reason") if status not in ENDED else ""
        line = f"{self._name}: {state}" + (f", {reason}" if reason else "")
        if line != self._shown:
            self._shown = line
            write(line + "\n")

    def _show_log(self, write: Write, *, whole: bool) -> None:
        while text := self._cursor.read():
            self._rest += text
        *lines, self._rest = self._rest.split("\n")
        if whole and self._rest and self._cursor.sealed:
            lines.append(self._rest)
            self._rest = ""
        for line in lines:
            write(f"{self._name} | {line}\n")


def follow(transport: Transport, runs: str, run: dict[str, Any], write: Write) -> dict[str, Any]:
    """Write a run's log, or its steps' status and logs, until it ends; return the ended run."""
    address = f"{runs}/{run['guid']}"
    watch = _watch_steps if run.get("kind") == "pipeline" else _watch_log
    look = watch(transport, runs, address, write)
    away_since: float | None = None
    ended_at: float | None = None
    pause = QUICK
    while True:
        try:
            # The status is read before the log: what a run wrote before its end is then seen.
            run = transport.json("GET", address)
            done = look(run)
            away_since = None
        except StudioError as error:
            if error.code != "unavailable":
                raise
            away_since = away_since or time.monotonic()
            if time.monotonic() - away_since > PATIENCE:
                raise
            time.sleep(SLOW)
            continue
        if run["status"] in ENDED:
            ended_at = ended_at or time.monotonic()
            if done or time.monotonic() - ended_at > SEAL_WAIT:
                return run
            pause = QUICK
        time.sleep(pause)
        pause = min(SLOW, pause * 1.2)


def _watch_log(
    transport: Transport, runs: str, address: str, write: Write
) -> Callable[[dict[str, Any]], bool]:
    cursor = LogCursor(transport, address)
    reasons: list[str] = []

    def look(run: dict[str, Any]) -> bool:
        reason = str(run.get("reason") or "")
        if reason and run["status"] in {"NotStarted", "Queued"} and reasons[-1:] != [reason]:
            reasons.append(reason)
            write(f"{run['status']}: {reason}\n")
        while text := cursor.read():
            write(text)
        return cursor.sealed

    return look


def _watch_steps(
    transport: Transport, runs: str, address: str, write: Write
) -> Callable[[dict[str, Any]], bool]:
    steps: dict[str, StepLog] = {}
    finished: set[str] = set()

    def look(run: dict[str, Any]) -> bool:
        children = list(transport.pages(f"{address}/children", {"page_size": 200}))
        for child in children:
            guid = child["guid"]
            if guid in finished:
                continue
            name = str(child.get("step") or child.get("display_name") or child["name"])
            step = steps.setdefault(guid, StepLog(transport, f"{runs}/{guid}", name))
            step.show(child, write)
            over = child["status"] in ENDED
            if over and (step.sealed or child.get("reused_from")):
                finished.add(guid)
        return len(finished) == len(children)

    return look
