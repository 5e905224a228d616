"""A worker's watch over one run: prepare, start, follow, finish; or adopt and go on.

The job belongs to its shim. The watch may die at any point and another one take over, so each step
looks at what the run folder says before it does anything.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from officina import environments
from officina.errors import StudioError
from officina.execution import launch, rundir, webinputs
from officina.storage import Blob
from registry import services as registry
from studio.compute import services as computes
from studio.runs import live
from studio.runs.logs import LOG_NAME
from studio.runs.models import HELD, MOVES, Run, Status
from studio.runs.services import exits, leases, output_places, reporting, tracking
from studio.runs.services.artifacts import add_artifact
from studio.runs.services.ending import end_run
from studio.runs.services.following import LOOK_AT_STATUS_EVERY, Attempt
from studio.runs.services.leases import Lost
from studio.runs.services.queueing import dispatch, keeping_next
from studio.workspaces import services as workspaces

logger = logging.getLogger(__name__)
# Among a run's files: the exact packages of its environment.
PACKAGES = "environment/packages.txt"
# For so long a worker goes on with the next run by itself; then the broker has its turn again.
GO_ON_FOR = 2.0


def execute(*, run_id: int, fence: int) -> None:
    """See the run through that was handed over under this fence, then those it makes room for."""
    until = time.monotonic() + GO_ON_FOR
    order: tuple[int, int] | None = (run_id, fence)
    while order is not None:
        run = leases.take(run_id=order[0], fence=order[1])
        if run is None:
            return
        with keeping_next(until=until) as kept:
            watch(run, order[1])
        order = kept()


def watch(run: Run, fence: int) -> None:
    """Bring one run to its end, unless another worker takes it."""
    one = Watch(run=run, fence=fence)
    try:
        with leases.renewed(run=run, fence=fence, lost=one.lost):
            one.see_through()
    except Lost:
        logger.warning("run %s: another worker has it now", run.guid)
        node = Run.objects.filter(pk=run.pk).values_list("node", flat=True).first()
        if node != computes.node_name() and one.folder.exists():
            # Another machine began anew: what runs here would do the work a second time.
            launch.cancel(one.folder)
    except (OperationalError, InterfaceError):
        leases.give_back(run=run, fence=fence)
        raise


class Canceled(Exception):
    """Someone canceled the run while it was being prepared."""


class Watch(Attempt):
    """One worker's way with one run, from wherever it stands to its end."""

    log: Blob | None = None
    next_look = 0.0
    # What the environment itself sets.
    variables: tuple[tuple[str, str], ...] = ()

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
        except Canceled:
            self.end(Status.CANCELED)
        except StudioError as error:
            self.fail(error.as_json())
        except OSError as error:
            logger.exception("run %s: could not be run", self.run.guid)
            self.fail(exits.disk_error(error))
        except (Lost, OperationalError, InterfaceError):
            # A database that is full or restarts says nothing of the job: once it answers again,
            # another worker goes on from what the run folder says.
            raise
        except Exception:
            logger.exception("run %s: unexpected", self.run.guid)
            self.fail(exits.unexpected_error(self.run.guid))

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
                look=self.look_up,
            )
            python = prepared.python
            self.note_environment(wanted, prepared)
            self.note_status()  # that may have taken minutes
        if self.run.status == Status.CANCEL_REQUESTED:
            return
        rundir.lay_out(
            self.folder,
            # What the environment sets, the job may set otherwise.
            document
            | {
                "environmentVariables": dict(self.variables)
                | (document.get("environmentVariables") or {})
            },
            store=registry.store(),
            code_tree=code_tree(document),
            inputs=data_inputs(document) | self.web_inputs(document),
            python=python,
            env=self.job_environment(),
            run_id=self.run.guid,
            memory_bytes=computes.memory_limit(),
            network=not self.run.workspace.isolated,
        )
        if self.run.workspace.isolated:
            self.note(
                "this workspace is isolated: the job reaches no network"
                " (Settings, Network of jobs)."
            )
        launch.start(self.folder, forkhost=Path(settings.FORKHOST_SOCKET))

    def look_up(self) -> None:
        """Look from a long preparation whether it is still wanted; raise to end it when it is not."""
        if self.lost.is_set():
            raise Lost
        if time.monotonic() < self.next_look:
            return
        self.next_look = time.monotonic() + LOOK_AT_STATUS_EVERY
        self.note_status()
        if self.run.status == Status.CANCEL_REQUESTED:
            raise Canceled

    def web_inputs(self, document: dict[str, Any]) -> dict[str, str]:
        """Fetch the inputs that are on the web, and keep with the run what they were."""
        if self.run.workspace.isolated and any(
            webinputs.is_web(entry.get("uri")) for entry in (document.get("inputs") or {}).values()
        ):
            raise StudioError(
                "This workspace is isolated: its jobs take nothing from the web.", where="inputs",
                hint="Register the file as data first (Data, Import).", code="forbidden",
            )  # fmt: skip
        trees = webinputs.fetch_inputs(document, registry.store(), self.note)
        for tree in trees.values():
            registry.remember_tree(workspace=self.run.workspace, tree=tree)
        return {name: tree.uri for name, tree in trees.items()}

    def note_environment(self, wanted: Any, prepared: environments.Prepared) -> None:
        """Keep what the run really has: the environment's name and its exact packages, as a file."""
        parsed = environments.parse(wanted)
        self.variables = parsed.variables
        self.write(environment=parsed.name[:255])
        if prepared.packages:
            text = "".join(f"{pin}\n" for pin in prepared.packages)
            blob = registry.store().put_bytes(text.encode())
            add_artifact(run=self.run, path=PACKAGES, sha256=blob.sha256, size=blob.size)

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
            **tracking.environment_of(self.run, secret),
            **computes.environment_of(self.run.compute),
        }

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
            self.fail(exits.vanished_error())
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
            isolated = self.run.workspace.isolated
            ended = self.failure or exits.exit_error(result, self.log_tail(), isolated=isolated)
            self.fail(ended, **facts)

    def complete(self, facts: dict[str, Any]) -> None:
        if not self.run.move(Status.RUNNING, Status.FINALIZING, where=self.held):
            self.note_status()
            if self.run.status == Status.CANCEL_REQUESTED:
                self.end(Status.CANCELED, **facts)
                return
        trees = rundir.collect(self.folder, self.run.document, registry.store())
        self.collect(None)
        addresses = output_places.write_outputs(self.run, trees)
        models = reporting.store_models(run=self.run, folder=self.folder)
        self.stored_log()  # now: no disk is waited for while the database is locked
        from studio.runs import modelwork  # which submits runs, by way of these services

        with transaction.atomic():
            reporting.register_data(run=self.run, trees=trees)
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
                if name in addresses:
                    outputs[name]["address"] = addresses[name]
            reporting.register_models(run=self.run, stored=models)
            modelwork.keep(run=self.run, trees=trees)
            completed = self.end(Status.COMPLETED, outputs=outputs, progress=1.0, **facts)
            # Canceled while its results were being stored: none of them is registered.
            transaction.set_rollback(not completed)
        if not completed:
            self.end(Status.CANCELED, **facts)

    def fail(self, error: dict[str, Any], **facts: Any) -> None:
        """Fail the attempt: the run ends, or goes back to the queue while attempts are left."""
        self.note_status()
        self.kill_job()
        self.log = None
        line = exits.telling_line(self.folder / "log.txt")
        error = error | ({"line": line} if line else {})
        with contextlib.suppress(OSError):
            self.note(f"error: {error['message']} {error.get('hint', '')}".rstrip())
        if self.run.status == Status.CANCEL_REQUESTED:
            self.end(Status.CANCELED, **facts)
        elif self.run.attempt < self.run.max_attempts:
            self.retry(error)
        else:
            self.collect_rest()
            self.end(Status.FAILED, error=error, reason=error["message"][:500], **facts)

    def kill_job(self) -> None:
        """End a job that still works when its run fails: what it has reported could not be kept, say."""
        found = launch.look(self.folder)
        if found.state is not None and found.exit is None:
            launch.kill_leftovers(self.folder)

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

    def end(self, status: str, **changes: Any) -> bool:
        """Keep the log, end the run and clear its folder; False when it may not end so any more."""
        unless = {Status.CANCEL_REQUESTED} if status == Status.COMPLETED else set()
        old = tuple(s for s in HELD - unless if _may(s, status))
        log = self.stored_log()
        with transaction.atomic(savepoint=False):
            if log is not None:
                add_artifact(run=self.run, path=LOG_NAME, sha256=log.sha256, size=log.size)
            ended = end_run(self.run, old, status, where=self.held, **changes)
            if ended:
                transaction.on_commit(self.clear)
        return ended

    def stored_log(self) -> Blob | None:
        """Store the log's bytes; a run whose log cannot be stored ends all the same."""
        if self.log is None:
            with contextlib.suppress(OSError, StudioError):
                self.log = registry.store().put_file(self.folder / "log.txt")
        return self.log

    def clear(self) -> None:
        rundir.remove(self.folder.parent)

    def carry_log_over(self) -> None:
        """Begin a new attempt's log with those before it, so that offsets go on."""
        before = self.folder.parent / str(self.run.attempt - 1) / "log.txt"
        if before.exists():
            shutil.copyfile(before, self.folder / "log.txt")
            self.log_offset = before.stat().st_size
            self.note(f"--- attempt {self.run.attempt} of {self.run.max_attempts} ---")


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
