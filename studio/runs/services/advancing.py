"""Moving a pipeline on: which steps start, which are reused, and when it ends."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from officina import environments, planning
from officina.catalogue import Catalogue
from officina.errors import StudioError
from registry import services as registry
from studio.compute import services as computes
from studio.runs import live
from studio.runs.models import ENDED, LineageEdge, Run, Status
from studio.runs.services import creating
from studio.runs.services.ending import after_end, end_run
from studio.runs.services.queueing import dispatch_soon


def advance(*, run_id: int) -> None:
    """Start what is ready and end what is done; safe to call at any time, by anyone."""
    _lock_environments(run_id)
    with transaction.atomic():
        run = (
            Run.objects.select_for_update()
            .select_related("workspace", "parent", "root")
            .get(pk=run_id)
        )
        if run.is_ended or run.kind != Run.PIPELINE:
            return
        if run.move((Status.NOT_STARTED,), Status.RUNNING):
            transaction.on_commit(lambda: live.tell_run(run))
        children = {c.step: c for c in run.children.select_related("workspace", "compute")}
        if run.status == Status.RUNNING:
            _start_steps(run, children)
        _end_if_done(run, children)


def _lock_environments(run_id: int) -> None:
    """Resolve the steps' environments before the transaction: that may take the network's time."""
    fresh = Run.objects.filter(pk=run_id, status=Status.NOT_STARTED).first()
    for node in ((fresh.document.get("jobs") if fresh else None) or {}).values():
        component = node.get("component")
        if isinstance(component, dict) and component.get("type", "command") == "command":
            with contextlib.suppress(StudioError):
                _environment_key({"environmentId": component.get("environment")})


def _start_steps(run: Run, children: dict[str, Run]) -> None:
    """Start ready steps until none is left: a reused step makes its followers ready at once."""
    while True:
        statuses = {step: child.status for step, child in children.items()}
        steps = [s for s in planning.ready(run.document, statuses) if s not in children]
        if not steps:
            return
        for step in steps:
            children[step] = _start_step(run, step, children)


def _start_step(run: Run, step: str, children: dict[str, Run]) -> Run:
    try:
        document = planning.compile_step(
            run.document,
            step,
            inputs=run.document.get("inputs") or {},
            outputs_of=lambda source, port: children[source].outputs[port],
        )
        parts = _key_parts(document)
    except StudioError as error:
        child = _insert_child(run, step, {"jobType": "Command"}, {}, "")
        child.move(Status.NOT_STARTED, Status.FAILED, error=error.as_json(), reason=error.message)
        after_end(child)
        return child
    key = planning.step_key(**parts)
    child = _insert_child(run, step, document, planning.key_parts(**parts), key)
    _draw_lineage(run, step, child, children)
    source = None if _is_forced(run, step) else _find_reusable(run, document, key)
    if source is not None:
        _reuse(child, source)
    else:
        child.move(Status.NOT_STARTED, Status.QUEUED)
        dispatch_soon(child.compute.pool if child.compute else "local")
    transaction.on_commit(lambda: live.tell_run(child))
    return child


def _insert_child(
    run: Run, step: str, document: dict[str, Any], parts: dict[str, Any], key: str
) -> Run:
    component = document.get("component") or {}
    options = run.document.get("settings") or {}
    wanted = document.get("computeId") or options.get("default_compute")
    compute = computes.resolve(
        workspace=run.workspace, name=wanted or run.document.get("computeId")
    )
    child = Run(
        workspace=run.workspace,
        experiment=run.experiment,
        parent=run,
        root=run.root or run,
        step=step,
        name=f"{run.name}.{step}".replace("/", ".")[:255],
        kind=Run.MODULE if component.get("type") == "module" else Run.COMMAND,
        display_name=(document.get("displayName") or component.get("display_name") or step)[:255],
        document=document,
        owner=run.owner,
        compute=compute,
        priority=run.priority,
        slots=creating.slots_of(document),
        max_attempts=int(document.get("maxAttempts") or run.document.get("maxAttempts") or 1),
        step_key=key,
        key_parts=parts,
        git=run.git,
        params=creating.literals_of(document),
        inputs=document.get("inputs") or {},
    )
    child.save(force_insert=True)
    creating.label_run(child)
    return child


def _key_parts(document: dict[str, Any]) -> dict[str, Any]:
    """Return what decides a step's result: component, code, environment, parameters, inputs."""
    component = document.get("component") or {}
    module = component.get("type") == "module"
    code = str(document.get("codeId") or component.get("code") or "")
    environment = "" if module else _environment_key(document)
    inputs = document.get("inputs") or {}
    return {
        "component": component | {"command": document.get("command")},
        "code_digest": code.removeprefix("tree:"),
        "environment_key": environment,
        "params": creating.literals_of(document)
        | {f"env:{k}": v for k, v in (document.get("environmentVariables") or {}).items()},
        "inputs": {
            name: str(value.get("uri") or "").removeprefix("tree:")
            for name, value in inputs.items()
            if value.get("jobInputType") != "literal"
        },
    }


def _environment_key(document: dict[str, Any]) -> str:
    wanted = document.get("environmentId") or environments.DEFAULT
    return environments.environment_key(wanted, cache=Path(settings.ENVIRONMENT_CACHE))


def _is_forced(run: Run, step: str) -> bool:
    node = planning.steps_of(run.document).get(step) or {}
    options = run.document.get("settings") or {}
    return bool(options.get("force_rerun") or node.get("forceRerun"))


def _find_reusable(run: Run, document: dict[str, Any], key: str) -> Run | None:
    component = document.get("component") or {}
    if component.get("is_deterministic") is False:
        return None
    if component.get("type") == "module":
        built_in = Catalogue().get(component["name"], component.get("version"))
        if not built_in.reusable(creating.literals_of(document)):
            return None
    return (
        Run.objects.filter(
            workspace=run.workspace, step_key=key, status=Status.COMPLETED, reused_from=None
        )
        .order_by("-ended")
        .first()
    )


def _reuse(child: Run, source: Run) -> None:
    """Complete a step with another run's results, shared by reference."""
    for output in source.outputs.values():
        registry.hold_tree(workspace=child.workspace, digest=output["uri"].removeprefix("tree:"))
    now = timezone.now()
    child.move(
        Status.NOT_STARTED,
        Status.COMPLETED,
        reused_from=source,
        outputs=source.outputs,
        metrics=source.metrics,
        environment=source.environment,
        reason=f"reused from {source.name}",
        started=now,
        ended=now,
    )
    after_end_of_reused(child)


def after_end_of_reused(child: Run) -> None:
    """Say that a step was reused; its parent is being advanced already."""
    from studio.workspaces import events

    events.emit(
        child.workspace,
        "RunStatusChanged",
        f"run/{child.guid}",
        {"name": child.name, "status": child.status, "kind": child.kind, "step": child.step},
    )


def results_of(run: Run) -> Run:
    """Return the run whose metrics and files a run shows: its own, or those it reuses."""
    return run.reused_from or run


def _draw_lineage(run: Run, step: str, child: Run, children: dict[str, Run]) -> None:
    edges = [
        LineageEdge(
            workspace=run.workspace,
            source=f"run/{children[source].guid}",
            target=f"run/{child.guid}",
        )
        for source in sorted(planning.dependencies(run.document)[step])
        if source in children
    ]
    LineageEdge.objects.bulk_create(edges, ignore_conflicts=True)


def _end_if_done(run: Run, children: dict[str, Run]) -> None:
    statuses = {step: child.status for step, child in children.items()}
    failed = [child for child in children.values() if child.status == Status.FAILED]
    options = run.document.get("settings") or {}
    if failed and run.status == Status.RUNNING and not options.get("continue_on_step_failure"):
        _stop_others(run, children, failed[0])
    if any(child.status not in ENDED for child in children.values()):
        _tell_progress(run, statuses)
        return
    if run.status == Status.CANCEL_REQUESTED:
        end_run(run, Status.CANCEL_REQUESTED, Status.CANCELED)
    elif failed:
        first = failed[0]
        names = ", ".join(child.step for child in failed)
        error = StudioError(
            f"{len(failed)} of {len(children)} steps failed: {names}.",
            where=f"jobs.{first.step}",
            hint=(first.error or {}).get("message") or first.reason,
            code="failed",
        )
        end_run(
            run, Status.RUNNING, Status.FAILED, error=error.as_json(), reason=error.message[:500]
        )
    elif any(child.status == Status.CANCELED for child in children.values()):
        end_run(run, Status.RUNNING, Status.CANCELED, reason="a step was canceled")
    elif len(children) == len(planning.dependencies(run.document)):
        outputs = _pipeline_outputs(run, children)
        end_run(run, Status.RUNNING, Status.COMPLETED, outputs=outputs, progress=1.0, reason="")


def _stop_others(run: Run, children: dict[str, Run], failed: Run) -> None:
    from studio.runs.services.canceling import cancel_run

    for child in children.values():
        if not child.is_ended and child.status != Status.CANCEL_REQUESTED:
            cancel_run(run=child, reason=f"step {failed.step} failed")


def _tell_progress(run: Run, statuses: dict[str, str]) -> None:
    total = len(planning.dependencies(run.document))
    done = sum(status in ENDED for status in statuses.values())
    if total and run.progress != done / total:
        run.touch(progress=done / total, progress_text=f"{done} of {total} steps done")
        transaction.on_commit(lambda: live.tell_run(run))


def _pipeline_outputs(run: Run, children: dict[str, Run]) -> dict[str, Any]:
    """Return what the pipeline's own outputs are bound to."""
    outputs: dict[str, Any] = {}
    for step, port, name in planning.output_bindings(run.document):
        if step in children and port in children[step].outputs:
            output = children[step].outputs[port]
            registry.hold_tree(workspace=run.workspace, digest=output["uri"].removeprefix("tree:"))
            outputs[name] = output
    return outputs
