"""A worker's watch over one run: prepare, start, follow, finish; or adopt and go on.

The job belongs to its shim. The watch may die at any point and another one take over, so each step
looks at what the run folder says before it does anything.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import F
from django.utils import timezone

from officina import environments
from officina.errors import StudioError
from officina.execution import launch, messages, rundir
from registry import services as registry
from studio.compute import services as computes
from studio.runs import live
from studio.runs.logs import LOG_NAME, attempt_folder
from studio.runs.models import HELD, MOVES, Run, Status
from studio.runs.services import reporting
from studio.runs.services.artifacts import add_artifact, collect_files
from studio.runs.services.ending import end_run
from studio.runs.services.queueing import LEASE, dispatch
from studio.workspaces import services as workspaces

logger = logging.getLogger(__name__)
RENEW_EVERY = 5.0
LOOK_AT_STATUS_EVERY = 0.5
COLLECT_EVERY = 2.0
LOG_BLOCK = 64 * 1024
KEPT_TAIL = 12
# A machine that slept wakes with an old heartbeat: give the shim time for a new one.
SILENT_FOR = 3.0


def execute(*, run_id: int, fence: int) -> None:
    """Take the run that was handed over under this fence and see it through; nothing if it was taken."""
    changed = Run.objects.filter(pk=run_id, fence=fence, lease_owner="", status__in=HELD).update(
        lease_owner=owner_name(), lease_until=timezone.now() + LEASE, node=computes.node_name()
    )
    if not changed:
        return
    run = Run.objects.select_related(
        "workspace", "experiment", "parent", "root", "owner", "compute"
    ).get(pk=run_id)
    watch = Watch(run=run, fence=fence)
    try:
        with watch.lease():
            watch.see_through()
    except Lost:
        logger.warning("run %s: another worker has it now", run.guid)


def owner_name() -> str:
    """Name this process so that a later look can tell whether it still lives."""
    born = int(psutil.Process().create_time())
    return f"{computes.node_name()}:{os.getpid()}:{born}"


class Lost(Exception):
    """Another worker holds the run."""


@dataclass
class Watch:
    """One worker's hold on one run."""

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

    @contextlib.contextmanager
    def lease(self) -> Any:
        """Renew the lease beside whatever blocks, until the block ends."""
        done = threading.Event()

        def renew() -> None:
            while not done.wait(RENEW_EVERY):
                close_old_connections()
                with contextlib.suppress(Exception):
                    kept = Run.objects.filter(pk=self.run.pk, **self.held, status__in=HELD).update(
                        lease_until=timezone.now() + LEASE
                    )
                    if not kept:
                        self.lost.set()
            connection.close()

        thread = threading.Thread(target=renew, name=f"lease-{self.run.guid[:8]}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(timeout=2)

    def see_through(self) -> None:
        """Bring the run to its end from wherever it stands."""
        try:
            if self.run.status == Status.PREPARING:
                adopting = (self.folder / "state.json").exists()
                if not adopting:
                    self.prepare()
                self.began()
            result = self.follow()
            self.finish(result)
        except StudioError as error:
            self.fail(error.as_json())
        except OSError as error:
            logger.exception("run %s: could not be run", self.run.guid)
            self.fail(_disk_error(error))
        except Lost:
            raise
        except Exception:
            logger.exception("run %s: unexpected", self.run.guid)
            self.fail(
                StudioError(
                    "The worker met an unexpected error.",
                    hint=f"An administrator finds it in the worker's log under {self.run.guid}.",
                    code="failed",
                ).as_json()
            )

    def prepare(self) -> None:
        """Lay out the run folder and start the job under its shim."""
        rundir.remove(self.folder)
        self.folder.mkdir(parents=True, mode=0o700)
        self.carry_log_over()
        document = self.run.document
        component = document.get("component") or {}
        python = Path(sys.executable)
        if component.get("type") != "module":
            wanted = document.get("environmentId") or environments.DEFAULT
            prepared = environments.prepare(
                wanted,
                cache=Path(settings.ENVIRONMENT_CACHE),
                log=self.note,
            )
            python = prepared.python
            self.write(environment=environments.parse(wanted).name[:255])
        self.note_status()
        if self.run.status == Status.CANCEL_REQUESTED:
            return
        rundir.lay_out(
            self.folder,
            document,
            store=registry.store(),
            code_tree=code_tree(document),
            inputs=data_inputs(document),
            python=python,
            env=self.job_environment(),
            run_id=self.run.guid,
        )
        launch.start(self.folder, forkhost=Path(settings.FORKHOST_SOCKET))

    def began(self) -> None:
        if self.run.status == Status.CANCEL_REQUESTED:
            return
        if self.run.move(Status.PREPARING, Status.RUNNING, where=self.held):
            live.tell_run(self.run)
        else:
            self.note_status()

    def job_environment(self) -> dict[str, str]:
        """Return what the job is told: its own identity, and a token that opens nothing else."""
        _, secret = workspaces.create_run_token(
            user=self.run.owner, run=self.run.guid, workspace=self.run.workspace
        )
        workspace = self.run.workspace
        return {
            "OFFICINA_RUN_ID": self.run.guid,
            "OFFICINA_URL": settings.INTERNAL_URL,
            "OFFICINA_TOKEN": secret,
            "OFFICINA_WORKSPACE": workspace.name,
            "AZUREML_RUN_ID": self.run.guid,
            "AZUREML_ROOT_RUN_ID": self.run.root.guid if self.run.root else self.run.guid,
            "AZUREML_EXPERIMENT_NAME": self.run.experiment.name,
            "AZUREML_ARM_WORKSPACE_NAME": workspace.name,
            "AZUREML_ARM_SUBSCRIPTION": workspace.subscription_id,
            "AZUREML_ARM_RESOURCEGROUP": workspace.resource_group,
        }

    def follow(self) -> dict[str, Any] | None:
        """Pass on what the job does until it has ended; its exit, or None when it left none."""
        pause, next_status, next_collect = 0.003, 0.0, time.monotonic() + COLLECT_EVERY
        silent_since: float | None = None
        while True:
            if self.lost.is_set():
                raise Lost
            look = launch.look(self.folder)
            moved = self.read_log() | self.read_messages()
            now = time.monotonic()
            if look.exit is not None and not moved:
                return look.exit | {"confinement": (look.state or {}).get("confinement", "")}
            if look.exit is None and not look.alive:
                silent_since = silent_since or now
                if now - silent_since > SILENT_FOR or self.run.status == Status.CANCEL_REQUESTED:
                    return None
            if now >= next_status:
                next_status = now + LOOK_AT_STATUS_EVERY
                self.note_status(look.state)
            if now >= next_collect:
                next_collect = now + COLLECT_EVERY
                self.collect(time.time())
            pause = 0.003 if moved else min(pause * 1.3, 0.1)
            if look.exit is None:
                time.sleep(pause)

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
        data, offset = launch.tail(self.folder / "log.txt", self.log_offset, LOG_BLOCK)
        if not data:
            return False
        live.tell_log(self.run.guid, self.log_offset, data.decode("utf-8", "replace"), offset)
        self.log_offset = offset
        return True

    def read_messages(self) -> bool:
        start = int(self.run.cursor.get("messages", 0))
        found, offset = messages.read_messages(self.folder / "messages.jsonl", start)
        if offset == start:
            return False
        with transaction.atomic():
            cursor = self.run.cursor | {"messages": offset}
            if not Run.objects.filter(pk=self.run.pk, **self.held).update(cursor=cursor):
                raise Lost
            self.run.cursor = cursor
            failure = reporting.apply_messages(run=self.run, folder=self.folder, found=found)
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

    def collect_rest(self) -> None:
        """Take what a failed job left; the run's own error matters more than this one."""
        try:
            self.collect(None)
        except Exception:
            logger.exception("run %s: what it left could not be stored", self.run.guid)

    def finish(self, result: dict[str, Any] | None) -> None:
        """Turn the exit into the run's end, or into another attempt."""
        if result is None:
            launch.kill_leftovers(self.folder)
            if self.run.status == Status.CANCEL_REQUESTED:
                self.end(Status.CANCELED)
                return
            self.fail(
                StudioError(
                    "The job's processes vanished without a result.",
                    hint="The machine or the process that held the job was killed. Run it again, "
                    "or set maxAttempts to have it retried.",
                    code="failed",
                ).as_json()
            )
            return
        facts = {
            "exit_code": result.get("code"),
            "peak_memory": result.get("peak_rss"),
            "confinement": (result.get("confinement") or self.run.confinement)[:255],
        }
        if result["reason"] == "canceled" or self.run.status == Status.CANCEL_REQUESTED:
            self.end(Status.CANCELED, **facts)
        elif result["reason"] == "exited" and result.get("code") == 0:
            self.complete(facts)
        else:
            self.fail(self.failure or exit_error(result, self.log_tail()), **facts)

    def complete(self, facts: dict[str, Any]) -> None:
        if not self.run.move(Status.RUNNING, Status.FINALIZING, where=self.held):
            self.note_status()
            if self.run.status == Status.CANCEL_REQUESTED:
                self.end(Status.CANCELED, **facts)
                return
        trees = rundir.collect(self.folder, self.run.document, registry.store())
        self.collect(None)
        with transaction.atomic():
            kinds = self.run.document.get("outputs") or {}
            outputs = {}
            for name, tree in trees.items():
                registry.remember_tree(workspace=self.run.workspace, tree=tree)
                registry.hold_tree(workspace=self.run.workspace, digest=tree.digest)
                outputs[name] = {
                    "uri": f"tree:{tree.digest}",
                    "type": (kinds.get(name) or {}).get("jobOutputType", "uri_folder"),
                    "size": tree.size,
                    "files": len(tree.files),
                }
            reporting.register_models(run=self.run, folder=self.folder)
            self.end(Status.COMPLETED, outputs=outputs, progress=1.0, **facts)

    def fail(self, error: dict[str, Any], **facts: Any) -> None:
        """Fail the attempt: the run ends, or goes back to the queue while attempts are left."""
        self.note_status()
        with contextlib.suppress(OSError):
            self.note(f"error: {error['message']} {error.get('hint', '')}".rstrip())
        if self.run.status == Status.CANCEL_REQUESTED:
            self.end(Status.CANCELED, **facts)
        elif self.run.attempt < self.run.max_attempts:
            self.retry(error)
        else:
            self.collect_rest()
            self.end(Status.FAILED, error=error, reason=error["message"][:500], **facts)

    def retry(self, error: dict[str, Any]) -> None:
        old = (Status.PREPARING, Status.RUNNING, Status.FINALIZING)
        reason = f"attempt {self.run.attempt} failed: {error['message']}"[:500]
        changes = {
            "attempt": F("attempt") + 1,
            "cursor": {},
            "lease_owner": "",
            "lease_until": None,
        }
        if self.run.move(old, Status.QUEUED, where=self.held, reason=reason, **changes):
            live.tell_run(Run.objects.select_related("parent", "root").get(pk=self.run.pk))
            dispatch(pool=self.run.compute.pool if self.run.compute else "local")

    def end(self, status: str, **changes: Any) -> None:
        """Keep the log, end the run and clear its folder."""
        old = tuple(HELD - {Status.CANCEL_REQUESTED}) if status != Status.CANCELED else tuple(HELD)
        old = tuple(s for s in (*old, Status.CANCEL_REQUESTED) if _may(s, status))
        with contextlib.suppress(OSError, StudioError):
            self.keep_log()
        if end_run(self.run, old, status, where=self.held, **changes):
            transaction.on_commit(self.clear)

    def keep_log(self) -> None:
        log = self.folder / "log.txt"
        if log.exists():
            blob = registry.store().put_file(log)
            add_artifact(run=self.run, path=LOG_NAME, sha256=blob.sha256, size=blob.size)

    def clear(self) -> None:
        live.flush()
        rundir.remove(self.folder.parent)

    def carry_log_over(self) -> None:
        """Begin a new attempt's log with those before it, so that offsets go on."""
        before = self.folder.parent / str(self.run.attempt - 1) / "log.txt"
        if before.exists():
            shutil.copyfile(before, self.folder / "log.txt")
            self.log_offset = before.stat().st_size
            self.note(f"--- attempt {self.run.attempt} of {self.run.max_attempts} ---")

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


def _may(old: str, new: str) -> bool:
    return new in MOVES.get(old, frozenset())


def code_tree(document: dict[str, Any]) -> str | None:
    """Return the digest of the code that a job runs, if it has any."""
    component = document.get("component") or {}
    code = document.get("codeId") or component.get("code")
    return str(code).removeprefix("tree:") if code else None


def data_inputs(document: dict[str, Any]) -> dict[str, str]:
    """Return the address of each data input."""
    return {
        name: value["uri"]
        for name, value in (document.get("inputs") or {}).items()
        if value.get("jobInputType") != "literal" and value.get("uri")
    }


def exit_error(result: dict[str, Any], tail: list[str]) -> dict[str, Any]:
    """Say in words how the job ended."""
    reason, code, signal = result["reason"], result.get("code"), result.get("signal")
    peak = f"{(result.get('peak_rss') or 0) / 2**20:,.0f} MiB"
    texts = {
        "timeout": ("The job ran longer than its limit.", "Raise limits.timeout."),
        "memory": (
            f"The job was stopped for its memory: peak {peak}. {result.get('detail', '')}".strip(),
            "Give it less data at a time, or a compute with more memory.",
        ),
        "shim_error": (f"The job could not be started: {result.get('detail', '')}", ""),
    }
    last = next((line for line in reversed(tail) if line.strip()), "")
    how = f"was killed by signal {signal}" if signal else f"exited with code {code}"
    message, hint = texts.get(reason, (f"The job {how}.", f"Last line of its log: {last}"))
    return StudioError(message, hint=hint[:1000], code="failed").as_json() | {"tail": tail}


def _disk_error(error: OSError) -> dict[str, Any]:
    return StudioError(
        f"The worker could not write the run's files: {error.strerror}.",
        hint="Free space under the studio's home and run again.",
        code="storage_full" if error.errno == 28 else "failed",
    ).as_json()


def dead_owners() -> list[str]:
    """Return the lease owners of this machine whose process is gone."""
    prefix = f"{computes.node_name()}:"
    owners = Run.objects.held().filter(lease_owner__startswith=prefix)
    names = owners.values_list("lease_owner", flat=True).distinct()
    return [name for name in names if not _lives(name)]


def _lives(owner: str) -> bool:
    pid, born = owner.rsplit(":", 2)[1:]
    try:
        return int(psutil.Process(int(pid)).create_time()) == int(born)
    except psutil.Error:
        return False
