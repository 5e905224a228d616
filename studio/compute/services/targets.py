"""Making, finding, changing, starting and stopping computes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils import timezone

from officina.errors import StudioError
from studio.compute.kinds import Kind, find_kind
from studio.compute.models import NODE_SILENT_AFTER, ComputeTarget, Node
from studio.workspaces import audit, events
from studio.workspaces.models import Workspace

# Names that public examples use; each means the local compute until someone makes their own.
ALIASES = ("cpu-cluster", "gpu-cluster", "batch-cluster", "serverless", "local")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,31}\Z")


def create_local_compute(workspace: Workspace) -> ComputeTarget:
    """Give a workspace the compute that exists from the start."""
    target, _ = ComputeTarget.objects.get_or_create(workspace=workspace, name="local")
    return target


def resolve(*, workspace: Workspace, name: str | None) -> ComputeTarget:
    """Return the compute that a document names, aliases included."""
    wanted = name or "local"
    row = ComputeTarget.objects.filter(workspace=workspace, name=wanted).first()
    if row is not None:
        return row
    if wanted in ALIASES or wanted == "aml-instance":
        return create_local_compute(workspace)
    raise _unknown(workspace, wanted, ALIASES)


def find(*, workspace: Workspace, name: str) -> ComputeTarget:
    """Return the compute of this very name; aliases do not count."""
    row = (
        ComputeTarget.objects.select_related("workspace", "person", "created_by")
        .filter(workspace=workspace, name=name)
        .first()
    )
    if row is None:
        raise _unknown(workspace, name, ())
    return row


def _unknown(workspace: Workspace, name: str, more: tuple[str, ...]) -> StudioError:
    names = ComputeTarget.objects.filter(workspace=workspace).values_list("name", flat=True)
    return StudioError(
        f"There is no compute {name!r} in workspace {workspace.name}.",
        hint=f"Known: {', '.join(sorted({*names, *more}))}.",
        where="compute",
        code="not_found",
    )


@transaction.atomic
def create(
    *, workspace: Workspace, name: str, kind: str, config: Mapping[str, Any] | None = None,
    description: str = "", tags: Mapping[str, str] | None = None, person: Any = None, user: Any = None,
) -> ComputeTarget:  # fmt: skip
    """Make a compute; one of the same name and kind is brought in line with the wish instead."""
    row = find_kind(kind)
    if not NAME.match(name):
        raise StudioError(
            f"{name!r} cannot name a compute.",
            hint="Use up to 32 letters, digits and dashes, starting with a letter.",
            where="name",
        )
    known = ComputeTarget.objects.filter(workspace=workspace, name=name).first()
    if row.name == "local" and known is None and name != "local":
        raise StudioError(
            "The local compute is there already.", where="kind", code="conflict",
            hint="Make a cluster: it is served by the same machine.",
        )  # fmt: skip
    if known is not None:
        if known.kind != row.name:
            raise StudioError(
                f"There is a compute {name} already, of kind {known.kind}.",
                hint="Choose another name, or delete it first.",
                where="name",
                code="conflict",
            )
        return update(
            target=known, config=config or {}, description=description, tags=tags, user=user
        )
    cleaned = _cleaned(workspace, row, config or {})
    target = ComputeTarget.objects.create(
        workspace=workspace,
        name=name,
        kind=row.name,
        config=cleaned,
        pool=_pool(workspace, name, row, cleaned),
        description=description,
        tags={str(k): str(v) for k, v in (tags or {}).items()},
        created_by=user,
        person=(person or user) if row.startable else None,
        nodes=cleaned.get("min_nodes", 0),
        on_since=timezone.now() if row.startable else None,
    )
    _note("create", target, user)
    return target


def _cleaned(workspace: Workspace, row: Kind, config: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = row.clean(config)
    if cleaned.get("min_nodes", 0) > cleaned.get("max_nodes", 0):
        raise StudioError(
            "The fewest nodes are more than the most nodes.", where="min_nodes",
            hint=f"max_nodes is {cleaned['max_nodes']}.",
        )  # fmt: skip
    if cleaned.get("machines"):
        attached = find(workspace=workspace, name=cleaned["machines"])
        if not attached.kind_row.own_pool:
            raise StudioError(
                f"{attached.name} has no machines of its own.",
                hint="Name an attached machine, an SSH host or a Kubernetes compute.",
                where="machines",
            )
    return cleaned


def _pool(workspace: Workspace, name: str, row: Kind, config: Mapping[str, Any]) -> str:
    if row.own_pool:
        return f"{workspace.name}.{name}"
    if config.get("machines"):
        return find(workspace=workspace, name=config["machines"]).pool
    return "local"


@transaction.atomic
def update(
    *, target: ComputeTarget, config: Mapping[str, Any] | None = None,
    description: str | None = None, tags: Mapping[str, str] | None = None, user: Any = None,
) -> ComputeTarget:  # fmt: skip
    """Change what may change; parameters that are not given stay as they are."""
    fields = [
        "changed"
    ]  # alone: whether it is on, and its nodes, may have changed since it was read
    if config:
        row = target.kind_row
        merged = _cleaned(target.workspace, row, {**target.config, **config})
        if merged.get("size") != target.config.get("size"):
            raise StudioError(
                f"The size of {target.name} cannot change.",
                hint="Make another compute of the size that you want.",
                where="size",
                code="conflict",
            )
        target.config = merged
        target.pool = _pool(target.workspace, target.name, row, merged)
        target.nodes = max(target.nodes, merged.get("min_nodes", 0))
        fields += ["config", "pool", "nodes"]
    if description is not None:
        target.description = description
        fields.append("description")
    if tags is not None:
        target.tags = {str(k): str(v) for k, v in tags.items()}
        fields.append("tags")
    target.save(update_fields=fields)
    _note("update", target, user)
    return target


def start(*, target: ComputeTarget, user: Any = None) -> ComputeTarget:
    """Start an instance; one that is on stays on."""
    return _switch(target, on=True, user=user)


def stop(*, target: ComputeTarget, user: Any = None, why: str = "") -> ComputeTarget:
    """Stop an instance: what runs on it goes on to its end, what waits goes on waiting."""
    return _switch(target, on=False, user=user, why=why)


def restart(*, target: ComputeTarget, user: Any = None) -> ComputeTarget:
    """Stop and start an instance."""
    stop(target=target, user=user)
    return start(target=target, user=user)


@transaction.atomic
def _switch(target: ComputeTarget, *, on: bool, user: Any, why: str = "") -> ComputeTarget:
    if not target.kind_row.startable:
        raise StudioError(
            f"{target.name} is a {target.kind_row.title.lower()}: only instances start and stop.",
            hint="A cluster gives its nodes back by itself; set its fewest nodes to 0.",
            where="compute",
            code="conflict",
        )
    changed = ComputeTarget.objects.filter(pk=target.pk, stopped=on).update(
        stopped=not on,
        idle_since=None,
        on_since=timezone.now() if on else None,
    )
    target.refresh_from_db()
    if changed:
        _note("start" if on else "stop", target, user, why=why)
    return target


@transaction.atomic
def delete(*, target: ComputeTarget, user: Any = None) -> None:
    """Delete a compute on which nothing runs or waits; runs of the past keep their records."""
    if target.name == "local":
        raise StudioError(
            "The local compute cannot be deleted.", where="compute", code="conflict",
            hint="Limit its use by a quota.",
        )  # fmt: skip
    busy = target.runs.exclude(status__in=["Completed", "Failed", "Canceled"]).count()
    if busy:
        raise StudioError(
            f"{busy} run{'s'[: busy > 1]} run or wait on {target.name}.",
            hint="Cancel them or let them end, then delete it.",
            where="compute",
            code="conflict",
        )
    served = ComputeTarget.objects.filter(
        workspace=target.workspace, config__machines=target.name
    ).values_list("name", flat=True)
    if served:
        raise StudioError(
            f"The machines of {target.name} serve {', '.join(served)}.",
            hint="Delete or change these first.",
            where="compute",
            code="conflict",
        )
    _note("delete", target, user)
    target.delete()


def lacking(row: Kind) -> tuple[str, str] | None:
    """Return why no run of this kind can start on this server, and what helps; None if one can."""
    if row.recorded:
        return row.recorded, "Use `local` or a cluster."
    if row.name == "spark" and shutil.which("java") is None:
        return (
            "Spark needs Java, and this server has none",
            "Install a Java runtime (default-jre-headless) on it, and allow pyspark in "
            "OFFICINA_SOURCE_PACKAGES.",
        )
    return None


def check_use(*, target: ComputeTarget, user: Any) -> None:
    """Refuse a run that this compute can never take, rather than let it wait for ever."""
    row = target.kind_row
    if lack := lacking(row):
        raise StudioError(
            f"{target.name}: {lack[0]}.", hint=lack[1], where="compute", code="unavailable"
        )
    if row.startable and target.person_id is not None and target.person_id != user.pk:
        raise StudioError(
            f"{target.name} is the instance of {target.person}.",
            hint="Use a cluster, or make an instance of your own.",
            where="compute",
            code="forbidden",
        )


def slots_for(target: ComputeTarget, asked: int) -> int:
    """Return the slots that a run takes: what it asks for, at least what the size takes of a machine."""
    if target.size is None:
        return asked
    alive = Node.objects.filter(pool=target.pool, seen__gt=Now() - NODE_SILENT_AFTER)
    there = alive.aggregate(n=Sum("slots"))["n"] or target.size.slots
    return max(asked, min(target.size.slots, there))


def environment_of(target: ComputeTarget | None) -> dict[str, str]:
    """Return the variables that tell a job about its compute."""
    if target is None:
        return {}
    told = {"OFFICINA_COMPUTE": target.name}
    if target.kind == "dask" and target.config.get("scheduler"):
        # Dask's own setting: `Client()` without an address connects there.
        told["DASK_SCHEDULER_ADDRESS"] = target.config["scheduler"]
    if target.kind == "spark":
        told["MASTER"] = told["SPARK_MASTER"] = target.config["master"]
    if target.size:
        told["OFFICINA_COMPUTE_SIZE"] = target.size.name
    return told


def _note(verb: str, target: ComputeTarget, user: Any, **detail: Any) -> None:
    audit.record(
        workspace=target.workspace, actor=user, action="compute.manage",
        target=f"compute/{target.name}", detail={"did": verb, "kind": target.kind, **detail},
    )  # fmt: skip
    events.emit(
        target.workspace, events.COMPUTE_CHANGED, f"compute/{target.name}", {"did": verb, **detail}
    )
