"""What one changes on the compute pages; the pages also show runs, so the portal draws them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from officina.errors import StudioError
from studio.compute import services
from studio.compute.kinds import find_kind
from studio.workspaces import audit
from studio.workspaces.access import operation
from studio.workspaces.models import User, Workspace


@require_POST
@operation("compute.manage")
def save_quota(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Set or lift the most slots that the workspace, or one person in it, may use at once."""
    email, text = request.POST.get("user", "").strip(), request.POST.get("slots", "").strip()
    share = request.POST.get("share", "").strip()
    if not (text or "1").isdigit() or not (share or "1").isdigit():
        messages.error(
            request, "A quota is a whole number of slots, 1 or more. Leave it empty to lift it."
        )
        return redirect("compute", workspace=workspace.name)
    try:
        services.set_quota(
            workspace=workspace,
            email=email,
            slots=int(text) if text else None,
            share=int(share) if share else None,
            user=request.user,
            ip=audit.ip_of(request),
        )
    except StudioError as error:
        if error.code != "invalid":
            raise
        messages.error(request, f"{error.message} {error.hint}")
    else:
        whose = email or "the workspace"
        messages.success(
            request, f"Quota of {whose} {'is ' + text + ' slots' if text else 'lifted'}."
        )
    return redirect("compute", workspace=workspace.name)


@require_POST
@operation("compute.manage")
def create(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Make a compute from the form."""
    kind = request.POST.get("kind", "")
    person = None
    if email := request.POST.get("person", ""):
        person = User.objects.filter(memberships__workspace=workspace, email__iexact=email).first()
    try:
        target = services.create(
            workspace=workspace,
            name=request.POST.get("name", "").strip(),
            kind=kind,
            config=_config(kind, request.POST),
            description=request.POST.get("description", ""),
            person=person,
            user=request.user,
        )
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        answer = redirect("compute-new", workspace=workspace.name)
        answer["Location"] += f"?kind={find_kind(kind or 'cluster').name}"
        return answer
    messages.success(request, f"{target.name} is there.")
    return redirect("compute-one", workspace=workspace.name, name=target.name)


def _config(kind: str, form: QueryDict) -> dict[str, Any]:
    return {
        param.name: form[f"p-{param.name}"]
        for param in find_kind(kind).params
        if f"p-{param.name}" in form
    }


@require_POST
@operation("compute.manage")
def change(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Start, stop, restart, change or delete a compute."""
    target = services.find(workspace=workspace, name=name)
    action = request.POST.get("action", "")
    verbs = {"start": services.start, "stop": services.stop, "restart": services.restart}
    try:
        if action == "delete":
            services.delete(target=target, user=request.user)
            messages.success(request, f"{name} is deleted.")
            return redirect("compute", workspace=workspace.name)
        if action in verbs:
            verbs[action](target=target, user=request.user)
        elif action == "update":
            services.update(
                target=target,
                config=_config(target.kind, request.POST),
                description=request.POST.get("description", target.description),
                user=request.user,
            )
            messages.success(request, f"{name} is changed.")
        else:
            messages.error(request, f"A compute cannot {action!r}.")
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect("compute-one", workspace=workspace.name, name=name)
