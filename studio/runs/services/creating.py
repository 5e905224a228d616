"""Turning a checked document into a run."""

from __future__ import annotations

import copy
import re
import secrets
from collections.abc import Iterator
from typing import Any

from django.db import transaction

from officina import checks
from officina.catalogue import Catalogue, Component
from officina.documents import flatten, references
from officina.errors import StudioError
from officina.execution import webinputs
from officina.graph import assets_as_inputs
from registry import environments as named_environments
from registry import services as registry
from registry.datastores import addresses
from registry.models import AssetVersion
from studio.compute import services as computes
from studio.compute.models import ComputeTarget
from studio.runs import names
from studio.runs.models import ENDED, Experiment, LineageEdge, ModelWork, Run, RunTag
from studio.runs.services import output_places, resolving
from studio.runs.services.queueing import MOST_PRIORITY, PRIORITIES
from studio.workspaces import audit
from studio.workspaces.models import Workspace

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}\Z")
DATA_TYPES = frozenset({"uri_file", "uri_folder", "mltable", "mlflow_model", "custom_model"})


def catalogue_of(workspace: Workspace) -> Catalogue:
    """Return the built-in modules together with the workspace's own components."""
    rows = AssetVersion.objects.filter(
        asset__workspace=workspace, asset__kind="component", archived=False
    )
    own = (Component.from_spec(row.document) for row in rows.only("document"))
    return Catalogue().extended(own, hide_taken=True)


def create_run(
    *,
    workspace: Workspace,
    user: Any,
    document: dict[str, Any],
    name: str = "",
    git: dict[str, Any] | None = None,
    priority: int = 0,
) -> Run:
    """Check a job document, settle what it refers to, and queue it."""
    document = copy.deepcopy(document)
    used = settle(workspace, document, user=user)
    problems = checks.problems(document, catalogue_of(workspace))
    if problems:
        first = problems[0]
        more = f" {len(problems) - 1} more: " + "; ".join(p.message for p in problems[1:6])
        raise StudioError(
            first.message + (more if len(problems) > 1 else ""),
            where=".".join(part for part in (first.node, first.port) if part) or "document",
            hint=first.hint,
        )
    target = computes.resolve(workspace=workspace, name=document.get("computeId"))
    computes.check_use(target=target, user=user)
    _check_step_computes(workspace, document, user)
    if name and not NAME.match(name):
        raise StudioError(
            f"{name!r} cannot name a job.",
            where="name",
            hint="Use letters, digits, '.', '_' and '-'; up to 255.",
        )
    with transaction.atomic():
        experiment, _ = Experiment.objects.get_or_create(
            workspace=workspace, name=document.get("experimentName") or "Default"
        )
        run = _insert(workspace, user, document, experiment, target, name, git, priority)
        for digest in set(trees_of(document)):
            registry.hold_tree(workspace=workspace, digest=digest)
        LineageEdge.objects.bulk_create(
            [
                LineageEdge(workspace=workspace, source=s, target=f"run/{run.guid}", label=label)
                for s, label in used
            ],
            ignore_conflicts=True,
        )
        audit.record(
            workspace=workspace, actor=user, action="runs.submit", target=f"run/{run.guid}"
        )
        transaction.on_commit(lambda: resolving.set_off(run))
    return run


def _insert(
    workspace: Workspace, user: Any, document: dict[str, Any], experiment: Experiment,
    target: ComputeTarget, name: str, git: dict[str, Any] | None, priority: int,
) -> Run:  # fmt: skip
    chosen = name or f"{names.pair()}-{secrets.token_hex(3)}"
    if Run.objects.filter(workspace=workspace, name=chosen).exists():
        raise StudioError(
            f"There is a job {chosen} already.", where="name", code="conflict",
            hint="Leave the name out, or choose another.",
        )  # fmt: skip
    pipeline = document["jobType"] == "Pipeline"
    if not pipeline:  # whose steps write its outputs, each under its own name
        output_places.fill_names(document, workspace=workspace, run=chosen)
    params = literals_of(document)
    run = Run.objects.create(
        workspace=workspace,
        experiment=experiment,
        name=chosen,
        kind=Run.PIPELINE if pipeline else Run.COMMAND,
        display_name=(document.get("displayName") or "")[:255],
        description=document.get("description") or "",
        document=document,
        owner=user,
        compute=target,
        priority=priority or _priority_of(document),
        slots=computes.slots_for(target, slots_of(document)),
        max_attempts=int(document.get("maxAttempts") or 1),
        git=git,
        params=params,
        tags={str(k): str(v) for k, v in (document.get("tags") or {}).items()},
        inputs=document.get("inputs") or {},
    )
    RunTag.objects.bulk_create(labels_of(run), ignore_conflicts=True)
    return run


def _priority_of(document: dict[str, Any]) -> int:
    """Return the number of a document's `queueSettings.priority`: low, medium, high or a number."""
    wanted = (document.get("queueSettings") or {}).get("priority")
    if wanted in (None, ""):
        return 0
    number = PRIORITIES.get(str(wanted).lower(), wanted)
    try:
        number = int(number)
    except (TypeError, ValueError):
        number = MOST_PRIORITY + 1
    if abs(number) > MOST_PRIORITY:
        raise StudioError(
            f"{wanted!r} is no priority.",
            hint=f"Use low, medium, high or a whole number from -{MOST_PRIORITY} to {MOST_PRIORITY}.",
            where="queue_settings.priority",
        )
    return number


def label_run(run: Run) -> None:
    """Bring the searchable rows in line with the run's parameters and tags."""
    RunTag.objects.filter(run=run).delete()
    RunTag.objects.bulk_create(labels_of(run), ignore_conflicts=True)


def labels_of(run: Run) -> list[RunTag]:
    """Return the searchable form of a run's parameters and tags, not yet written."""
    pairs = [("param", run.params), ("tag", run.tags)]
    return [
        RunTag(run=run, kind=kind, key=str(k)[:250], value=str(v)[:500])
        for kind, values in pairs
        for k, v in values.items()
    ]


def slots_of(document: dict[str, Any]) -> int:
    """Return how many slots a job asks for: `resources.slots`, else 1."""
    resources = document.get("resources") or {}
    return max(1, int((resources.get("properties") or {}).get("slots") or 1))


def literals_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return the literal inputs, which are what people compare runs by."""
    return {
        name: value.get("value")
        for name, value in (document.get("inputs") or {}).items()
        if value.get("jobInputType") == "literal"
    }


def settle(
    workspace: Workspace, document: dict[str, Any], *, user: Any = None
) -> list[tuple[str, str]]:
    """Replace asset references by what they mean now; return the lineage sources with labels."""
    used: list[tuple[str, str]] = []
    jobs = document.get("jobs") or {}
    for node in jobs.values():
        _settle_component(workspace, node)
    if jobs:
        # A registered component may be a pipeline of its own: the engine sees plain steps only.
        document.update(flatten(document))
        jobs = document["jobs"]
        for node in jobs.values():
            _settle_component(workspace, node)
    _refuse_local_code(document)
    output_places.check_places(workspace, document, user=user)
    for where, holder in [("", document), *((f"jobs.{s}.", n) for s, n in jobs.items())]:
        for name, value in (holder.get("inputs") or {}).items():
            source = _settle_input(workspace, value, where=f"{where}inputs.{name}", user=user)
            if source:
                used.append((source, f"{where}{name}"))
    for _, holder, key in resolving.environments_of(document):
        wanted = named_environments.settle(workspace, holder.get(key))
        if wanted != holder.get(key):
            holder[key] = wanted
    resolving.unresolved(document)
    return used


def _refuse_local_code(document: dict[str, Any]) -> None:
    """Refuse code that the client has not stored: the server reads no path that a caller names."""
    codes = {"codeId": document.get("codeId")}
    for step, node in (document.get("jobs") or {}).items():
        codes[f"jobs.{step}.code"] = (node.get("component") or {}).get("code")
    for where, code in codes.items():
        if code and not str(code).startswith("tree:"):
            raise StudioError(
                f"{code!r} is not stored code.",
                where=where,
                hint="Submit with `officina job create`, which uploads it, or send tree:<sha256>.",
            )


def _settle_component(workspace: Workspace, node: dict[str, Any]) -> None:
    component = node.get("component")
    if not isinstance(component, str):
        return
    ref = references.parse_reference(component)
    if ref.registry:
        node["component"] = Catalogue().get(ref.name, ref.version or None).to_spec()
        assets_as_inputs(node)
        return
    row = registry.find(
        workspace=workspace, kind="component", name=component if ref.shared else ref.name,
        version=ref.version or "", label=ref.label or "",
    )  # fmt: skip
    node["component"] = row.document
    node["type"] = row.document.get("type", "command")


def _settle_input(workspace: Workspace, value: dict[str, Any], *, where: str, user: Any) -> str:
    uri = value.get("uri")
    if not isinstance(uri, str) or "${{" in uri:
        return ""
    ref = references.parse_reference(uri)
    if uri.startswith("tree:"):
        registry.open_tree(workspace=workspace, digest=uri.removeprefix("tree:"))
        return ""
    if addresses.names_place(uri):
        tree = addresses.tree_at(workspace=workspace, uri=uri, user=user, where=where)
        value["uri"], value["source"] = tree.uri, uri
        return ""
    if webinputs.is_web(uri):
        webinputs.check_web_input(value, where=where)
        return ""
    if not uri.startswith("azureml:"):
        raise StudioError(
            f"{uri!r} is not data that the server can read.",
            where=where,
            hint="Give a local path (the client uploads it), a registered asset azureml:name:version,"
            " a path in a datastore or an https:// address.",
        )
    kind = "model" if value.get("jobInputType") in {"mlflow_model", "custom_model"} else "data"
    try:
        row = registry.find(
            workspace=workspace, kind=kind, name=uri if ref.shared else ref.name,
            version=ref.version or "", label=ref.label or "",
        )  # fmt: skip
    except StudioError as error:
        raise _still_coming(workspace, ref, error, where) from error
    value["uri"] = f"tree:{row.tree}" if row.tree else _outside(row, value, where)
    if ref.shared:
        # Lineage is a workspace's own; the run keeps the address under which it was shared.
        value["asset"] = row.shared_reference
        return ""
    value["asset"] = row.reference
    return f"{kind}/{row.asset.name}/{row.version}"


def _still_coming(
    workspace: Workspace, ref: references.Reference, error: StudioError, where: str
) -> StudioError:
    """Return what is to be said of data that is not there: perhaps a run is bringing it."""
    rows = Run.objects.filter(
        workspace=workspace, labels__kind="tag", labels__key="import", labels__value=ref.name
    ).exclude(status__in=ENDED)
    if error.code != "not_found" or (run := rows.order_by("-created").first()) is None:
        return error
    return StudioError(
        f"azureml:{ref.name}:{ref.version or 'latest'} is not there yet: job {run.name} is importing it.",
        where=where, hint="Wait for that job to complete, then submit this one.", code="conflict",
    )  # fmt: skip


def _outside(row: AssetVersion, value: dict[str, Any], where: str) -> str:
    """Return the web address of a version whose files are not in the studio."""
    uri = row.document.get("dataUri") or row.document.get("modelUri") or ""
    if not webinputs.is_web(uri):
        raise StudioError(
            f"The files of {row} are at {uri or 'no address'}, which the studio cannot read.",
            where=where, hint="Make a datastore of that place and register the data from there.",
        )  # fmt: skip
    webinputs.check_web_input(value | {"uri": uri}, where=where)
    return str(uri)


def _check_step_computes(workspace: Workspace, document: dict[str, Any], user: Any) -> None:
    names_used = {(document.get("settings") or {}).get("default_compute")}
    names_used |= {node.get("computeId") for node in (document.get("jobs") or {}).values()}
    for name in names_used - {None, ""}:
        if "${{" not in str(name):
            target = computes.resolve(workspace=workspace, name=str(name))
            computes.check_use(target=target, user=user)


def trees_of(value: Any) -> Iterator[str]:
    """Yield the digest of every tree that a document names."""
    if isinstance(value, dict):
        for each in value.values():
            yield from trees_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from trees_of(each)
    elif isinstance(value, str) and value.startswith("tree:") and len(value) == 69:
        yield value.removeprefix("tree:")


def rerun(
    *, run: Run, user: Any, inputs: dict[str, Any] | None = None, force: bool = False,
    tags: dict[str, str] | None = None,
) -> Run:  # fmt: skip
    """Submit a run's own document again, with other literal inputs and more tags where given."""
    top = run.root or run
    if run.kind == Run.TRACKED or top.kind == Run.TRACKED:
        raise StudioError(
            f"{run.title} was run elsewhere and only reported here.",
            hint="Start its script again where it ran.",
            code="conflict",
        )
    document = copy.deepcopy(top.document)
    for name, value in (inputs or {}).items():
        slot = (document.get("inputs") or {}).get(name)
        if slot is None or slot.get("jobInputType") != "literal":
            known = ", ".join(literals_of(document)) or "none"
            raise StudioError(
                f"{top.name} has no literal input {name!r}.", where=name, hint=f"It has: {known}."
            )
        slot["value"] = value
    if document["jobType"] == "Pipeline":
        document["settings"] = (document.get("settings") or {}) | {"force_rerun": force}
    if tags:
        document["tags"] = {**(document.get("tags") or {}), **tags}
    with transaction.atomic():
        new = create_run(workspace=top.workspace, user=user, document=document, git=top.git)
        work = ModelWork.objects.filter(run=top).first()
        if work is not None:
            ModelWork.objects.create(
                version=work.version, run=new, action=work.action, options=work.options
            )
    return new
