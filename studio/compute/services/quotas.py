"""How much of the slots a workspace, or one person in it, may use."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from officina.errors import StudioError
from studio.compute.models import Quota
from studio.workspaces import audit
from studio.workspaces.models import User, Workspace

MOST_SLOTS = 100_000
MOST_SHARE = 100


@transaction.atomic
def set_quota(
    *, workspace: Workspace, email: str = "", slots: int | None = None, share: int | None = None,
    user: Any = None, ip: str | None = None,
) -> Quota | None:  # fmt: skip
    """Set or lift (None) the most slots of a workspace or of one member; return what is left of it.

    A workspace's share, its weight against the other workspaces, is for administrators only.
    """
    person = _member(workspace, email) if email else None
    if slots is not None and not 0 < slots <= MOST_SLOTS:
        raise StudioError(
            "A quota is a whole number of slots, 1 or more.",
            hint="Leave it empty to lift it.",
            where="slots",
        )
    if share is not None:
        _check_share(share, person, user)
    known = Quota.objects.filter(workspace=workspace, user=person).first()
    weight = share or (known.share if known else 1)
    if slots is None and weight == 1:
        Quota.objects.filter(workspace=workspace, user=person).delete()
        row = None
    else:
        row, _ = Quota.objects.update_or_create(
            workspace=workspace, user=person, defaults={"slots": slots, "share": weight}
        )
    audit.record(
        workspace=workspace, actor=user, action="compute.manage", ip=ip,
        target=f"quota/{email or 'workspace'}", detail={"slots": slots, "share": weight},
    )  # fmt: skip
    return row


def _member(workspace: Workspace, email: str) -> User:
    person = User.objects.filter(memberships__workspace=workspace, email__iexact=email).first()
    if person is None:
        raise StudioError(
            f"{email} is not a member of {workspace.name}.", where="user", code="not_found"
        )
    return person


def _check_share(share: int, person: User | None, user: Any) -> None:
    if person is not None or not 1 <= share <= MOST_SHARE:
        raise StudioError(
            "A share is a whole number from 1 to 100, of a whole workspace.", where="share"
        )
    if not getattr(user, "is_superuser", False):
        raise StudioError(
            "Only an administrator of the studio changes a workspace's share.",
            hint="It weighs the workspaces against each other.",
            where="share",
            code="forbidden",
        )
