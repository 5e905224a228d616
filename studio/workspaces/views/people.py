"""The pages of workspaces and their members, roles and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from officina.errors import StudioError
from studio.lib.problems import status_of
from studio.workspaces import audit, services
from studio.workspaces.access import operation, person, signed_in
from studio.workspaces.models import Invitation, Membership, Role, Workspace
from studio.workspaces.operations import BUILT_IN_ROLES, OPERATIONS

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@signed_in
@require_http_methods(["GET", "POST"])
def workspaces(request: HttpRequest) -> HttpResponse:
    """List the user's workspaces and make a new one."""
    context: dict[str, Any] = {
        "memberships": Membership.objects.filter(user=person(request))
        .select_related("workspace")
        .order_by("workspace__name")
    }
    if request.method == "GET":
        return render(request, "workspaces/workspaces.html", context)
    try:
        made = services.create_workspace(
            name=request.POST.get("name", "").strip(),
            display_name=request.POST.get("display_name", "").strip()[:120],
            user=request.user,  # type: ignore[arg-type]
        )
    except StudioError as error:
        context |= {"problem": error, "form": request.POST}
        return render(request, "workspaces/workspaces.html", context, status=status_of(error))
    return redirect(f"/w/{made.name}/")


def members_page(
    request: HttpRequest, workspace: Workspace, status: int = 200, **more: Any
) -> HttpResponse:
    """Render the members page, also with a problem or a fresh link on it."""
    people = workspace.memberships.select_related("user", "custom_role").filter(
        user__is_service=False
    )
    may_manage = "members.manage" in request.allowed  # type: ignore[attr-defined]
    custom = list(workspace.custom_roles.all())
    context = {
        "workspace": workspace,
        "members": people,
        "may_manage": may_manage,
        "role_names": [*BUILT_IN_ROLES, *(role.name for role in custom)],
        "custom_roles": custom,
        "built_in_roles": [(name, sorted(held)) for name, held in BUILT_IN_ROLES.items()],
        "operations": OPERATIONS.items(),
        "invitations": [row for row in workspace.invitations.all() if row.is_open]
        if may_manage
        else [],
        **more,
    }
    return render(request, "workspaces/members.html", context, status=status)


@operation("members.read")
@require_http_methods(["GET"])
def members(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show who belongs to the workspace."""
    return members_page(request, workspace)


@operation("members.manage")
@require_POST
def invite(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Make an invitation and show its link this once."""
    try:
        _, path = services.invite(
            workspace=workspace,
            actor=request.user,  # type: ignore[arg-type]
            role=request.POST.get("role", ""),
            email=request.POST.get("email", ""),
            ip=audit.ip_of(request),
        )
    except StudioError as error:
        return members_page(request, workspace, status_of(error), problem=error)
    return members_page(request, workspace, link=request.build_absolute_uri(path))


@operation("members.manage")
@require_POST
def withdraw(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """Make an invitation's link stop working."""
    invitation = get_object_or_404(Invitation, workspace=workspace, pk=pk, used_at=None)
    services.withdraw_invitation(invitation=invitation, **_by(request))
    messages.success(request, "The link no longer works.")
    return redirect("members", workspace=workspace.name)


@operation("members.manage")
@require_POST
def change_member(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """Give a member another role, or take them out."""
    member = get_object_or_404(
        Membership.objects.select_related("user", "workspace", "custom_role"),
        workspace=workspace,
        pk=pk,
    )
    try:
        if request.POST.get("action") == "remove":
            services.remove_member(member=member, **_by(request))
            messages.success(request, f"{member.user.name} is no longer a member.")
        else:
            services.change_role(member=member, role=request.POST.get("role", ""), **_by(request))
            messages.success(request, f"{member.user.name} is now {member.role}.")
    except StudioError as error:
        return members_page(request, workspace, status_of(error), problem=error)
    if member.user_id == request.user.pk:
        return redirect("workspaces")
    return redirect("members", workspace=workspace.name)


@operation("members.manage")
@require_POST
def roles(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Make a custom role."""
    try:
        services.create_role(
            workspace=workspace,
            name=request.POST.get("name", ""),
            operations=request.POST.getlist("operations"),
            **_by(request),
        )
    except StudioError as error:
        return members_page(request, workspace, status_of(error), problem=error)
    return redirect("members", workspace=workspace.name)


@operation("members.manage")
@require_POST
def change_role(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """Change or delete a custom role."""
    role = get_object_or_404(Role, workspace=workspace, pk=pk)
    try:
        if request.POST.get("action") == "delete":
            services.delete_role(role=role, **_by(request))
        else:
            chosen = request.POST.getlist("operations")
            services.update_role(role=role, operations=chosen, **_by(request))
    except StudioError as error:
        return members_page(request, workspace, status_of(error), problem=error)
    return redirect("members", workspace=workspace.name)


LABELS = ("display_name", "description", "subscription_id", "resource_group", "location")


@operation("workspace.read")
@require_http_methods(["GET"])
def settings(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show the workspace's labels and ids."""
    return render(request, "workspaces/settings.html", {"workspace": workspace})


@operation("workspace.manage")
@require_POST
def change_settings(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Change the workspace's labels."""
    changes: dict[str, Any] = {
        name: request.POST[name].strip() for name in LABELS if name in request.POST
    }
    if "network" in request.POST:
        changes["isolated"] = request.POST["network"] == "isolated"
    try:
        services.update_workspace(workspace=workspace, **_by(request), **changes)
    except StudioError as error:
        context = {"workspace": workspace, "problem": error}
        return render(request, "workspaces/settings.html", context, status=status_of(error))
    messages.success(request, "Saved.")
    return redirect("workspace-settings", workspace=workspace.name)


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"actor": request.user, "ip": audit.ip_of(request)}
