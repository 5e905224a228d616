"""Starting a pipeline's steps: what each runs, what is known already, and their rows, written at once."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from officina import environments, planning
from officina.catalogue import Catalogue
from officina.errors import StudioError
from registry import services as registry
from studio.compute import services as computes
from studio.compute.models import ComputeTarget
from studio.runs import live
from studio.runs.models import LineageEdge, Run, RunTag, Status
from studio.runs.services import creating, output_places
from studio.runs.services.ending import after_end
from studio.runs.services.queueing import dispatch_soon
from studio.workspaces import events

# Rows of one INSERT; a step's row is wide, and SQLite takes 32,766 values at most.
BATCH = 200


@dataclass
class StepStart:
    """One turn of starting steps: each ready step, and at once those that a reused one makes ready."""

    run: Run
    statuses: dict[str, str]
    # The steps that begin, and those whose outputs they take.
    children: dict[str, Run] = field(default_factory=dict)
    now: datetime = field(default_factory=timezone.now)
    begun: list[Run] = field(default_factory=list)
    computes: dict[str | None, ComputeTarget] = field(default_factory=dict)
    environment_keys: dict[str, str] = field(default_factory=dict)
    catalogue: Catalogue = field(default_factory=Catalogue)

    def start(self) -> dict[str, str]:
        """Start what is ready, until a step has to run before the next can; return their statuses."""
        waits = planning.dependencies(self.run.document)
        ready = planning.ready(self.run.document, self.statuses, waits)
        steps = [step for step in ready if step not in self.statuses]
        if not steps:
            return {}
        followers: dict[str, list[str]] = {}
        for step, sources in waits.items():
            for source in sources:
                followers.setdefault(source, []).append(step)
        nodes = planning.steps_of(self.run.document)
        while steps:
            self.load_sources({source for step in steps for source in waits[step]})
            made = [self.make(step, nodes[step]) for step in steps]
            self.reuse([child for child in made if child.status == Status.QUEUED], nodes)
            self.statuses |= {child.step: child.status for child in made}
            if Status.FAILED in self.statuses.values() and not self.goes_on_after_failure:
                break
            done = [child.step for child in made if child.status == Status.COMPLETED]
            steps = [
                step
                for step in dict.fromkeys(f for each in done for f in followers.get(each, ()))
                if step not in self.statuses and self.are_completed(waits[step])
            ]
        self.insert(waits)
        return {child.step: child.status for child in self.begun}

    def load_sources(self, steps: set[str]) -> None:
        """Fetch what these steps gave; the others of maybe a thousand are not looked at."""
        missing = steps - self.children.keys()
        if missing:
            rows = self.run.children.filter(step__in=missing).only(
                "step", "guid", "outputs", "parent"
            )
            self.children |= {row.step: row for row in rows}

    @property
    def goes_on_after_failure(self) -> bool:
        return bool((self.run.document.get("settings") or {}).get("continue_on_step_failure"))

    def are_completed(self, steps: Iterable[str]) -> bool:
        return all(self.statuses.get(step) == Status.COMPLETED for step in steps)

    def make(self, step: str, node: dict[str, Any]) -> Run:
        """Return the unsaved run of a step: queued, or failed when it cannot be told what it runs."""
        try:
            document = planning.compile_step(
                self.run.document,
                step,
                inputs=self.run.document.get("inputs") or {},
                outputs_of=lambda source, port: self.children[source].outputs[port],
            )
            # With addresses as they were written: one that holds the run's name is no other address.
            parts = planning.decisive(document, self.environment_key)
            output_places.fill_names(
                document,
                workspace=self.run.workspace,
                run=name_of(self.run, step),
                pipeline=self.run.document,
            )
            child = self.child(step, document, planning.key_parts(**parts))
            child.step_key = planning.step_key(**parts)
            child.status, child.queued = Status.QUEUED, self.now
        except StudioError as error:
            child = self.child(step, {"jobType": "Command"}, {})
            child.status, child.ended = Status.FAILED, self.now
            child.error, child.reason = error.as_json(), error.message[:500]
        self.children[step] = child
        self.begun.append(child)
        return child

    def child(self, step: str, document: dict[str, Any], parts: dict[str, Any]) -> Run:
        run, component = self.run, document.get("component") or {}
        title = document.get("displayName") or component.get("display_name") or step
        attempts = document.get("maxAttempts") or run.document.get("maxAttempts") or 1
        return Run(
            workspace=run.workspace,
            experiment_id=run.experiment_id,
            parent=run,
            root=run.root or run,
            step=step,
            name=name_of(run, step),
            kind=Run.MODULE if component.get("type") == "module" else Run.COMMAND,
            display_name=title[:255],
            document=document,
            owner_id=run.owner_id,
            compute=self.compute_of(document),
            priority=run.priority,
            slots=self.slots_of(document),
            max_attempts=int(attempts),
            key_parts=parts,
            git=run.git,
            params=creating.literals_of(document),
            inputs=document.get("inputs") or {},
            version=1,
        )

    def compute_of(self, document: dict[str, Any]) -> ComputeTarget:
        options = self.run.document.get("settings") or {}
        wanted = document.get("computeId") or options.get("default_compute")
        name = wanted or self.run.document.get("computeId")
        if name not in self.computes:
            self.computes[name] = computes.resolve(workspace=self.run.workspace, name=name)
        return self.computes[name]

    def slots_of(self, document: dict[str, Any]) -> int:
        return computes.slots_for(self.compute_of(document), creating.slots_of(document))

    def environment_key(self, wanted: Any) -> str:
        text = json.dumps(wanted, sort_keys=True)
        if text not in self.environment_keys:
            self.environment_keys[text] = environment_key(wanted)
        return self.environment_keys[text]

    def reuse(self, made: list[Run], nodes: dict[str, Any]) -> None:
        """Complete those steps whose result another run left, sharing it by reference."""
        options = self.run.document.get("settings") or {}
        if options.get("force_rerun"):
            return
        may = [c for c in made if not nodes[c.step].get("forceRerun") and self.is_reusable(c)]
        known = results_known(self.run, {child.step_key for child in may})
        sources = {child.step: known.get(child.step_key) for child in may}
        sources |= self.results_kept(made, nodes)
        for child in made:
            source = sources.get(child.step)
            if source is None:
                continue
            child.status, child.reused_from = Status.COMPLETED, source
            child.outputs, child.metrics = source.outputs, source.metrics
            child.environment, child.reason = source.environment, f"reused from {source.name}"
            child.queued, child.started, child.ended = None, self.now, self.now

    def results_kept(self, made: list[Run], nodes: dict[str, Any]) -> dict[str, Run]:
        """Return the results that a retry keeps of the run before, also of steps never reused else."""
        named = {c.step: nodes[c.step]["reuseFrom"] for c in made if nodes[c.step].get("reuseFrom")}
        if not named:
            return {}
        rows = Run.objects.filter(
            workspace=self.run.workspace, guid__in=named.values(), status=Status.COMPLETED
        ).select_related("reused_from")
        sources = {row.guid: row for row in rows}
        keys = {child.step: child.step_key for child in made}
        return {
            step: sources[guid].reused_from or sources[guid]
            for step, guid in named.items()
            if guid in sources and sources[guid].step_key == keys[step]
        }

    def is_reusable(self, child: Run) -> bool:
        component = child.document.get("component") or {}
        if component.get("is_deterministic") is False:
            return False
        if component.get("type") != "module":
            return True
        built_in = self.catalogue.get(component["name"], component.get("version"))
        return bool(built_in.reusable(child.params))

    def insert(self, waits: dict[str, set[str]]) -> None:
        """Write all rows of this turn and tell whom they concern."""
        Run.objects.bulk_create(self.begun, batch_size=BATCH)
        RunTag.objects.bulk_create(
            [label for child in self.begun for label in creating.labels_of(child)],
            ignore_conflicts=True,
            batch_size=5 * BATCH,
        )
        edges = [
            LineageEdge(
                workspace=self.run.workspace,
                source=f"run/{self.children[source].guid}",
                target=f"run/{child.guid}",
            )
            for child in self.begun
            for source in sorted(waits[child.step])
            if source in self.children
        ]
        LineageEdge.objects.bulk_create(edges, ignore_conflicts=True, batch_size=5 * BATCH)
        for child in self.begun:
            if child.is_reused:
                self.hold_results(child)
            elif child.status == Status.FAILED:
                after_end(child)
        begun = self.begun
        transaction.on_commit(lambda: live.tell_runs(begun))
        pools = {c.compute.pool for c in begun if c.compute and c.status == Status.QUEUED}
        for pool in sorted(pools):
            dispatch_soon(pool)

    def hold_results(self, child: Run) -> None:
        """Count a reused step's hold on the results, and say that it ended."""
        for output in child.outputs.values():
            digest = output["uri"].removeprefix("tree:")
            registry.hold_tree(workspace=child.workspace, digest=digest)
        events.emit(
            child.workspace,
            "RunStatusChanged",
            f"run/{child.guid}",
            {"name": child.name, "status": child.status, "kind": child.kind, "step": child.step},
        )


def name_of(run: Run, step: str) -> str:
    """Return the name of a step's run."""
    return f"{run.name}.{step}".replace("/", ".")[:255]


def environment_key(wanted: Any) -> str:
    """Return the key of an environment, the default one where none is named.

    Where an index that does not answer leaves it open, nothing can be told to be the same.
    """
    known = environments.resolved(
        wanted or environments.DEFAULT, cache=Path(settings.ENVIRONMENT_CACHE)
    )
    return known[0] if known else f"unresolved-{secrets.token_hex(16)}"


def results_known(run: Run, keys: set[str]) -> dict[str, Run]:
    """Return for each key that some run of the workspace completed the latest such run."""
    known: dict[str, Run] = {}
    fields = ("pk", "name", "step_key", "outputs", "metrics", "environment")
    wanted = sorted(keys)
    for first in range(0, len(wanted), BATCH):
        rows = Run.objects.filter(
            workspace=run.workspace,
            step_key__in=wanted[first : first + BATCH],
            status=Status.COMPLETED,
            reused_from=None,
        )
        latest = rows.values("step_key").annotate(latest=Max("pk")).values_list("latest", flat=True)
        found = Run.objects.filter(pk__in=list(latest)).only(*fields)
        known |= {row.step_key: row for row in found}
    return known
