"""What one changes on the compute page; the page itself also shows runs, so the portal draws it."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from officina.errors import StudioError
from studio.compute.models import Quota
from studio.workspaces import audit
from studio.workspaces.access import operation
from studio.workspaces.models import User, Workspace

MOST_SLOTS = 100_000


@require_POST
@operation("compute.manage")
def save_quota(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Set or lift the most slots that the workspace, or one person in it, may use at once."""
    email, text = request.POST.get("user", "").strip(), request.POST.get("slots", "").strip()
    user = None
    if email:
        user = User.objects.filter(memberships__workspace=workspace, email__iexact=email).first()
        if user is None:
            raise StudioError(
                f"{email} is not a member of {workspace.name}.", where="user", code="not_found"
            )
    if text and not (text.isdigit() and 0 < int(text) <= MOST_SLOTS):
        messages.error(
            request, "A quota is a whole number of slots, 1 or more. Leave it empty to lift it."
        )
        return redirect("compute", workspace=workspace.name)
    with transaction.atomic():
        if text:
            Quota.objects.update_or_create(
                workspace=workspace, user=user, defaults={"slots": int(text)}
            )
        else:
            Quota.objects.filter(workspace=workspace, user=user).delete()
        audit.record(
            workspace=workspace, actor=request.user, action="compute.manage", target=f"quota/{email or 'workspace'}",
            detail={"slots": int(text) if text else None}, ip=audit.ip_of(request),
        )  # fmt: skip
    messages.success(
        request,
        f"Quota of {email or 'the workspace'} {'is ' + text + ' slots' if text else 'lifted'}.",
    )
    return redirect("compute", workspace=workspace.name)
