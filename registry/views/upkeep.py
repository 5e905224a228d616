"""The workspace's page about its assets: guarded stages, retention, the archive."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from officina.errors import StudioError
from registry.api.upkeep import rule_of, send_archive
from registry.models import AssetKind
from registry.services import leftovers, retention, staging
from studio.workspaces.access import operation
from studio.workspaces.models import Workspace


@require_safe
@operation("workspace.manage")
def upkeep(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show the rules; `?plan=` says what one of them would delete now."""
    planned = request.GET.get("plan", "")
    plan: dict[str, Any] | None = None
    if planned.isdigit():
        rule = rule_of(workspace, int(planned))
        plan = {"rule": rule, **retention.plan(rule)}
    own = [each for each in staging.stages(workspace) if each not in staging.STAGES]
    context = {
        "workspace": workspace,
        "rules": workspace.retention_rules.all(),
        "kinds": AssetKind.values,
        "plan": plan,
        "stages": [each for each in staging.stages(workspace) if each != staging.NONE],
        "own": "\n".join(own),
        "guarded": staging.guarded(workspace),
        "left": leftovers.plan(workspace=workspace),
    }
    return render(request, "registry/upkeep.html", context)


@require_POST
@operation("workspace.manage")
def change(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Save the stages, add a retention rule, apply it or take it away."""
    try:
        messages.success(request, _change(request, workspace))
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect("asset-upkeep", workspace=workspace.name)


def _change(request: HttpRequest, workspace: Workspace) -> str:
    given = request.POST
    if "stages" in given:
        staging.set_rules(
            workspace=workspace, own=given.get("own", "").splitlines(),
            guarded_stages=given.getlist("guarded"), user=request.user,
        )  # fmt: skip
        return "Saved."
    if "add" in given:
        retention.add_rule(
            workspace=workspace, kind=given.get("kind", ""), pattern=given.get("pattern") or "*",
            keep_versions=given.get("keep_versions"), min_age_days=given.get("min_age_days"),
            user=request.user,
        )  # fmt: skip
        return "The rule is applied once an hour from now on."
    number = given.get("rule", "")
    rule = rule_of(workspace, int(number) if number.isdigit() else 0)
    if "apply" in given:
        done = retention.apply_rule(rule, user=request.user)
        return f"{done['deleted']:,} versions deleted, {done['freed']:,} bytes freed."
    retention.delete_rule(rule, user=request.user)
    return "The rule is gone."


@require_safe
@operation("workspace.manage")
def export(request: HttpRequest, workspace: Workspace) -> HttpResponseBase:
    """Send the workspace's archive."""
    return send_archive(workspace, request.user)


@require_safe
@operation("workspace.manage")
def bring_in(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show where an archive is chosen, looked through and brought in; the browser asks the API."""
    return render(request, "registry/bring_in.html", {"workspace": workspace})
