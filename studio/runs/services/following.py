"""Following one attempt of a run: its log and messages go up, a wish to cancel goes down."""

from __future__ import annotations

import codecs
import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from officina.errors import StudioError
from officina.execution import launch, messages
from officina.execution.changes import FolderChanges
from studio.runs import live
from studio.runs.logs import attempt_folder
from studio.runs.models import Run, Status
from studio.runs.services import reporting
from studio.runs.services.artifacts import collect_files
from studio.runs.services.leases import Lost

logger = logging.getLogger(__name__)
LOOK_AT_STATUS_EVERY = 0.5
COLLECT_EVERY = 2.0
# How often a job is asked whether it lives, when its folder is quiet.
LOOK_EVERY = 0.25
# Lets a job that prints without end fill a block before the next one is sent.
GATHER, GATHER_WITHIN = 0.003, 0.02
LOG_BLOCK = 64 * 1024
KEPT_TAIL = 12


@dataclass
class Attempt:
    """One worker's hold on one attempt: what it reads of the job, and where it has got to."""

    run: Run
    fence: int
    lost: threading.Event = field(default_factory=threading.Event)
    log_offset: int = 0
    seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    failure: dict[str, Any] | None = None
    cancel_sent: bool = False

    @property
    def folder(self) -> Path:
        return attempt_folder(self.run)

    @property
    def held(self) -> dict[str, Any]:
        return {"fence": self.fence}

    def follow(self) -> dict[str, Any] | None:
        """Pass on what the job does until it has ended; its exit, or None when it left none."""
        now = time.monotonic()
        next_status, next_collect = now + LOOK_AT_STATUS_EVERY, now + COLLECT_EVERY
        silent_since: float | None = None
        last_moved = 0.0
        with FolderChanges(self.folder) as changes:
            while True:
                if self.lost.is_set():
                    raise Lost
                look = launch.look(self.folder)
                moved = self.read_log() | self.read_messages()
                now = time.monotonic()
                if look.exit is not None:
                    if moved:
                        continue
                    return look.exit | {"confinement": (look.state or {}).get("confinement", "")}
                if look.alive:
                    silent_since = None
                else:
                    silent_since = silent_since or now
                    if (
                        now - silent_since > launch.PATIENCE
                        or self.run.status == Status.CANCEL_REQUESTED
                    ):
                        return None
                if now >= next_status:
                    next_status = now + LOOK_AT_STATUS_EVERY
                    self.note_status(look.state)
                if now >= next_collect:
                    next_collect = now + COLLECT_EVERY
                    self.collect(time.time())
                if moved:
                    changes.expect_more()
                    if now - last_moved < GATHER_WITHIN:
                        time.sleep(GATHER)
                    last_moved = now
                changes.wait(LOOK_EVERY)

    def note_status(self, state: dict[str, Any] | None = None) -> None:
        """Learn whether someone asked to cancel, and pass the request on to the shim."""
        row = Run.objects.filter(pk=self.run.pk).values("status", "fence", "reason").first()
        if row is None or row["fence"] != self.fence:
            raise Lost
        self.run.status, self.run.reason = row["status"], row["reason"]
        if (
            row["status"] == Status.CANCEL_REQUESTED
            and not self.cancel_sent
            and self.folder.exists()
        ):
            launch.cancel(self.folder)
            self.cancel_sent = True
        confinement = (state or {}).get("confinement") or ""
        if confinement and confinement != self.run.confinement:
            self.write(confinement=confinement[:255])

    def read_log(self) -> bool:
        data, _ = launch.tail(self.folder / "log.txt", self.log_offset, LOG_BLOCK)
        # A character of which only the beginning has been written waits for its rest.
        text, told = codecs.utf_8_decode(data, "replace", False)
        if not told:
            return False
        end = self.log_offset + told
        live.tell_log(self.run.guid, self.log_offset, text, end)
        self.log_offset = end
        return True

    def read_messages(self) -> bool:
        start = int(self.run.cursor.get("messages", 0))
        found, offset = messages.read_messages(self.folder / "messages.jsonl", start)
        if offset == start:
            return False
        cursor = self.run.cursor | {"messages": offset}
        if not any(message.get("type") in reporting.TELLING for message in found):
            # Nothing to store: whoever takes over may read these once more.
            self.run.cursor = cursor
            return True
        files = reporting.store_files(folder=self.folder, found=found)
        with transaction.atomic():
            if not Run.objects.filter(pk=self.run.pk, **self.held).update(cursor=cursor):
                raise Lost
            self.run.cursor = cursor
            failure = reporting.apply_messages(run=self.run, found=found, files=files)
        self.failure = failure or self.failure
        return True

    def collect(self, now: float | None) -> None:
        """Store what stands in ./outputs and ./logs; a full disk must not end a running job."""
        work = self.folder / "work"
        folders = {"outputs": work / "outputs", "logs": work / "logs"}
        try:
            collect_files(run=self.run, folders=folders, seen=self.seen, now=now)
        except (OSError, StudioError):
            if now is None:
                raise
            logger.warning("run %s: collecting failed, trying again", self.run.guid, exc_info=True)

    def note(self, line: str) -> None:
        """Write a line of the studio's own into the run's log."""
        with (self.folder / "log.txt").open("ab") as log:
            log.write(f"[officina] {line}\n".encode())
        self.read_log()

    def log_tail(self) -> list[str]:
        path = self.folder / "log.txt"
        data, _ = (
            launch.tail(path, max(0, path.stat().st_size - 8192)) if path.exists() else (b"", 0)
        )
        return data.decode("utf-8", "replace").splitlines()[-KEPT_TAIL:]

    def write(self, **changes: Any) -> None:
        if not self.run.touch(where=self.held, **changes):
            raise Lost
