"""Workspaces: making one with its defaults, and changing its labels and settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.models import WORKSPACE_NAME, Membership, User, Workspace
from studio.workspaces.operations import OWNER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


# They are parts of the workspace's ARM id, whose parts end at a slash.
LABEL = re.compile(r"[\w.() -]+")

_on_created: list[Callable[[Workspace], object]] = []


def on_workspace_created(function: Callable[[Workspace], object]) -> Callable[[Workspace], object]:
    """Register a function that gives each new workspace its defaults; called in its transaction."""
    if function not in _on_created:
        _on_created.append(function)
    return function


def create_workspace(
    *,
    name: str,
    user: User,
    display_name: str = "",
    description: str = "",
    exist_ok: bool = False,
    subscription_id: str = "",
    resource_group: str = "",
    location: str = "",
) -> Workspace:
    """Make a workspace owned by this user; with `exist_ok` return one that the user already owns."""
    if not re.fullmatch(WORKSPACE_NAME, name):
        raise StudioError(
            f'"{name}" cannot be a workspace name.',
            hint="Use 2 to 33 letters, digits, dashes or underscores, with a letter or digit first.",
            where="name",
        )
    labels = {
        "display_name": display_name,
        "description": description,
        "subscription_id": subscription_id,
        "resource_group": resource_group,
        "location": location,
    }
    given = Workspace(name=name, **{key: value for key, value in labels.items() if value})
    _check(given, {key for key, value in labels.items() if value})
    with transaction.atomic():
        # Only a taken name may be told as one: what else fails here is told as it is.
        try:
            with transaction.atomic():
                given.save(force_insert=True)
        except IntegrityError:
            return _found(name, user, exist_ok)
        Membership.objects.create(workspace=given, user=user, role=OWNER)
        audit.record(action="workspace.create", actor=user, workspace=given, target=name)
        for function in _on_created:
            function(given)
    return given


def _found(name: str, user: User, exist_ok: bool) -> Workspace:
    mine = Membership.objects.filter(user=user, workspace__name__iexact=name, role=OWNER)
    found = mine.select_related("workspace").first()
    if found is None or not exist_ok:
        raise StudioError(
            f'There is already a workspace "{name}".',
            hint="Choose another name.",
            where="name",
            code="conflict",
        ) from None
    return found.workspace


def _check(workspace: Workspace, changed: Collection[str]) -> None:
    for where in sorted({"subscription_id", "resource_group", "location"} & set(changed)):
        if not LABEL.fullmatch(getattr(workspace, where)):
            raise StudioError(
                f"{getattr(workspace, where)!r} cannot be a {where.replace('_', ' ')}.",
                hint="Use letters, digits, spaces, dots, dashes, underscores and parentheses.",
                where=where,
            )
    try:
        workspace.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        where, texts = next(iter(error.message_dict.items()))
        raise StudioError(texts[0], where=where) from None


def update_workspace(
    *, workspace: Workspace, actor: User, ip: str | None = None, isolated: bool | None = None,
    **changes: str,
) -> Workspace:  # fmt: skip
    """Change the labels of a workspace (display_name, resource group and so on), or isolate its jobs."""
    fields = {"display_name", "description", "subscription_id", "resource_group", "location"}
    unknown = set(changes) - fields
    if unknown:
        raise StudioError(f"{', '.join(sorted(unknown))} cannot be changed.", where="settings")
    for key, value in changes.items():
        setattr(workspace, key, value)
    _check(workspace, changes)
    with transaction.atomic():
        if isolated is not None and isolated != workspace.isolated:
            change_settings(workspace=workspace, isolated=isolated)
            audit.record(
                action="workspace.isolate" if isolated else "workspace.open", actor=actor,
                workspace=workspace, target=workspace.name, ip=ip,
            )  # fmt: skip
        workspace.save(update_fields=sorted(changes))
        audit.record(
            action="workspace.update",
            actor=actor,
            workspace=workspace,
            target=workspace.name,
            detail={"fields": sorted(changes)},
            ip=ip,
        )
    return workspace


@transaction.atomic
def change_settings(*, workspace: Workspace, **changes: Any) -> None:
    """Change some of a workspace's settings; the others stay as they are now, not as they were read."""
    row = Workspace.objects.select_for_update().get(pk=workspace.pk)
    workspace.settings = {**(row.settings or {}), **changes}
    workspace.save(update_fields=["settings"])
