"""Stages of model versions, and the second person that a guarded stage asks for."""

from __future__ import annotations

import re
from typing import Any

from django.db import transaction
from django.utils import timezone

from officina.errors import StudioError
from registry.models import AssetVersion, StageRequest
from registry.services.assets import refuse_deleted
from studio.workspaces import audit, events
from studio.workspaces.models import ServiceAccount, Workspace
from studio.workspaces.services import change_settings

NONE = "None"
STAGES = (NONE, "Staging", "Production", "Archived")
STAGE = re.compile(r"^[A-Za-z][A-Za-z0-9 ._-]{0,63}\Z")


def stages(workspace: Workspace) -> list[str]:
    """Return the stages that this workspace uses: MLflow's four, then its own."""
    own = (workspace.settings or {}).get("model_stages") or []
    return [*STAGES, *(str(each) for each in own if each not in STAGES)]


def guarded(workspace: Workspace) -> list[str]:
    """Return the stages that a version enters only when a second person agrees."""
    chosen = (workspace.settings or {}).get("guarded_stages") or []
    return [str(each) for each in chosen if each != NONE]


def set_rules(
    *, workspace: Workspace, own: list[str], guarded_stages: list[str], user: Any
) -> None:
    """Say which stages there are beside the usual ones, and which need a second person."""
    own = [name for name in dict.fromkeys(str(each).strip() for each in own) if name]
    for name in own:
        if not STAGE.match(name):
            raise StudioError(f"{name!r} cannot name a stage.", where="model_stages")
    known = [*STAGES, *own]
    unknown = [each for each in guarded_stages if each not in known]
    if unknown:
        raise StudioError(
            f"There is no stage {unknown[0]!r}.", hint=f"Known: {', '.join(known)}.",
            where="guarded_stages",
        )  # fmt: skip
    changed = {"model_stages": own, "guarded_stages": list(dict.fromkeys(guarded_stages))}
    change_settings(workspace=workspace, **changed)
    audit.record(workspace=workspace, actor=user, action="registry.stages", detail=changed)


def canonical(workspace: Workspace, stage: str) -> str:
    """Return a stage as it is spelt here, whatever the case it was given in."""
    for each in stages(workspace):
        if each.lower() == str(stage).strip().lower():
            return each
    raise StudioError(
        f"There is no stage {stage!r}.", where="stage",
        hint=f"Known: {', '.join(stages(workspace))}. An owner adds others in the settings.",
    )  # fmt: skip


@transaction.atomic
def set_stage(version: AssetVersion, *, stage: str, user: Any = None) -> AssetVersion:
    """Move a version to a stage at once; a guarded one is refused with how to ask for it."""
    _check_model(version)
    workspace = version.asset.workspace
    wanted = canonical(workspace, stage)
    if wanted == version.stage:
        return version
    if wanted in guarded(workspace):
        raise StudioError(
            f"{wanted} needs a second person's approval in this workspace.",
            hint="Ask for it: 'Request stage' on the model's page, or POST .../stage-requests; "
            "someone else then approves it.",
            where="stage",
            code="conflict",
        )
    return _move(version, wanted, user, {})


def _move(version: AssetVersion, stage: str, user: Any, detail: dict[str, Any]) -> AssetVersion:
    before = version.stage
    version.stage = stage
    version.save(update_fields=["stage", "changed"])
    version.asset.save(update_fields=["changed"])
    facts = {"from": before, "to": stage, **detail}
    workspace = version.asset.workspace
    audit.record(
        workspace=workspace, actor=user, action="registry.stage", target=version.end, detail=facts
    )
    events.emit(workspace, events.MODEL_STAGE_CHANGED, version.end, facts)
    return version


@transaction.atomic
def request_stage(version: AssetVersion, *, stage: str, note: str = "", user: Any) -> StageRequest:
    """Ask that a version be moved to a stage; a newer wish takes the place of an open one."""
    _check_model(version)
    wanted = canonical(version.asset.workspace, stage)
    if wanted == version.stage:
        raise StudioError(f"{version} is in {wanted} already.", where="stage", code="conflict")
    StageRequest.objects.filter(version=version, state=StageRequest.PENDING).update(
        state=StageRequest.WITHDRAWN, decided=timezone.now(), decided_by=user
    )
    row = StageRequest.objects.create(version=version, stage=wanted, note=note, requested_by=user)
    facts = {"to": wanted, "note": note[:300], "request": row.pk}
    workspace = version.asset.workspace
    audit.record(
        workspace=workspace, actor=user, action="registry.stage.request", target=version.end,
        detail=facts,
    )  # fmt: skip
    events.emit(workspace, events.MODEL_STAGE_REQUESTED, version.end, facts)
    return row


@transaction.atomic
def decide(request: StageRequest, *, approve: bool, note: str = "", user: Any) -> StageRequest:
    """Approve or reject a request; the one who asked may withdraw it but never approve it."""
    version = request.version
    own = request.requested_by_id == getattr(user, "pk", None)
    if approve:
        _check_second_person(request, user)
    state = StageRequest.APPROVED if approve else StageRequest.REJECTED
    if own:
        state = StageRequest.WITHDRAWN
    won = StageRequest.objects.filter(pk=request.pk, state=StageRequest.PENDING).update(
        state=state, decided=timezone.now(), decided_by=user, decision_note=note
    )
    request.refresh_from_db()
    if not won:
        raise StudioError(f"This request was {request.state} meanwhile.", code="conflict")
    facts = {"request": request.pk, "to": request.stage, "state": state, "note": note[:300]}
    if approve:
        refuse_deleted(version)
        _move(version, request.stage, user, facts)
    else:
        audit.record(
            workspace=version.asset.workspace, actor=user, action=f"registry.stage.{state}",
            target=version.end, detail=facts,
        )  # fmt: skip
    return request


def _check_second_person(request: StageRequest, user: Any) -> None:
    """Refuse who asked, also by a service account of their own making: its key is in their hands."""
    pk = getattr(user, "pk", None)
    accounts = ServiceAccount.objects.filter(user=request.requested_by, created_by=user)
    if request.requested_by_id == pk or accounts.exists():
        raise StudioError(
            "You asked for this stage yourself; approving it takes a second person.",
            hint="Ask someone else who holds registry.approve.",
            code="forbidden",
        )
    if getattr(user, "is_service", False):
        raise StudioError(
            "A service account is no second person.",
            hint="Let a member who holds registry.approve sign in and approve it.",
            code="forbidden",
        )


def _check_model(version: AssetVersion) -> None:
    refuse_deleted(version)
    if version.asset.kind != "model":
        raise StudioError(f"Only models have stages, not a {version.asset.kind}.", where="stage")
