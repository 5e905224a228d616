"""Pages of environments: the list, one, the form with its check, builds, exports and the cache."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import yaml
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from officina import environments
from officina.environments import interpreters
from officina.errors import StudioError
from registry import environments as registered
from registry import services as registry
from studio.portal import environments as facts
from studio.runs.services.building import build_environment, builds_now, builds_of
from studio.workspaces import audit
from studio.workspaces.access import operation
from studio.workspaces.models import Workspace

EXAMPLE = """name: my-env
dependencies:
  - python=3.11
  - pip:
      - scikit-learn==1.5.2
      - pandas==1.5.3
"""
SHOWN = 200


def missing(request: Any, name: str) -> str:
    """Return why an action is off for this person; nothing when it is on."""
    if name in request.allowed:
        return ""
    return f'Your role "{request.membership.role}" lacks {name}; an owner can give it.'


def _common(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    return {
        "workspace": workspace,
        "write_reason": missing(request, "registry.write"),
        "build_reason": missing(request, "runs.submit"),
        "manage_reason": missing(request, "compute.manage"),
    }


@require_safe
@operation("registry.read")
def listing(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List curated environments, the workspace's own ones, and what this machine has built."""
    rows = registry.assets(
        workspace=workspace, kind=registered.KIND, text=request.GET.get("q", "")
    )[:SHOWN]
    own = []
    for asset in rows:
        newest = registry.versions(
            workspace=workspace, kind=registered.KIND, name=asset.name
        ).first()
        if newest is not None:
            own.append(facts.facts_of(workspace, newest))
    cached = facts.cached()
    old = timezone.now() - timedelta(seconds=facts.UNUSED_FOR)
    context = _common(request, workspace) | {
        "curated": facts.curated(),
        "own": own,
        "asked": request.GET.get("q", ""),
        "cached": cached,
        "unused": [each for each in cached if each["used"] < old],
        "building": builds_now(workspace),
        "cache_size": sum(each["size"] for each in cached),
    }
    return render(request, "registry/environments.html", context)


@require_safe
@operation("registry.read")
def one(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show an environment: what it asks for, what it holds, its builds and its exports.

    With `resolving=1` just how far its packages are; once that is told the page is loaded anew.
    """
    found = facts.find(workspace, name, request.GET.get("version", ""))
    if request.GET.get("resolving"):
        if found.state != "resolving":
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(
            request, "registry/_environment_resolving.html",
            {"found": found, "workspace": workspace, "log": found.log},
        )  # fmt: skip
    versions: Any = []
    if found.row is not None:
        versions = registry.versions(workspace=workspace, kind=registered.KIND, name=name)[:SHOWN]
    context = _common(request, workspace) | {
        "found": found,
        "pins": [pin.partition("==")[::2] for pin in found.packages],
        "versions": versions,
        "forms": environments.FORMS,
        "builds": builds_of(workspace, found.reference).select_related("owner")[:10],
        "text": _text(found),
    }
    return render(request, "registry/environment.html", context)


def _text(found: facts.Facts) -> str:
    if found.document.get("condaFile"):
        return str(found.document["condaFile"])
    if found.document.get("requirements"):
        return str(found.document["requirements"])
    if found.document:
        return str(yaml.safe_dump(found.document, sort_keys=False))
    return "\n".join(found.asked)


@operation("registry.write")
def new(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show the form; on POST register what it says, and come back with its problem if it has one.

    A pin that nobody has is told here once "Check packages" has found it, else on the version's page.
    """
    asked = request.POST if request.method == "POST" else request.GET
    context = _common(request, workspace) | {
        "name": asked.get("name", ""),
        "kind": asked.get("kind", "conda"),
        "text": asked.get("text", EXAMPLE),
        "image": asked.get("image", ""),
        "description": asked.get("description", ""),
        "interpreter": asked.get("interpreter", ""),
        "interpreters": list(interpreters.known()),
        "problem": None,
    }
    if request.method == "GET" and context["name"]:
        found = facts.find(workspace, context["name"], request.GET.get("version", ""))
        context |= {"text": _text(found), "image": found.document.get("image", "")}
        context["kind"] = "requirements" if found.document.get("requirements") else "conda"
    if request.method == "POST":
        try:
            row = registered.create(
                workspace=workspace,
                name=context["name"].strip(),
                specification=_specification(request),
                description=context["description"],
                user=request.user,
            )
        except StudioError as error:
            context["problem"] = error
        else:
            messages.success(request, f"{row.asset.name}:{row.version} is registered.")
            return redirect("environment", workspace=workspace.name, name=row.asset.name)
    status = 400 if context["problem"] else 200
    return render(request, "registry/environment_new.html", context, status=status)


def _specification(request: HttpRequest) -> dict[str, Any]:
    text, kind = request.POST.get("text", "").replace("\r\n", "\n"), request.POST.get("kind", "")
    found: dict[str, Any] = {}
    if kind == "interpreter":
        path = request.POST.get("interpreter", "")
        found["python"] = {"userManagedDependencies": True, "interpreterPath": path}
    elif kind == "image":
        found["image"] = request.POST.get("image", "").strip()
    elif text.strip():
        found["requirements" if kind == "requirements" else "conda_file"] = text
    return found


@require_POST
@operation("registry.write")
def check(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Say what a specification means and whether its packages can be had; `read=1` asks no index.

    While the packages are being resolved the answer asks again by itself.
    """
    context: dict[str, Any] = {"problem": None, "workspace": workspace}
    wanted = {"name": request.POST.get("name") or "environment", **_specification(request)}
    try:
        parsed = environments.parse(wanted)
        context |= {"parsed": parsed, "resolved": None}
        find = environments.look if request.POST.get("read") else environments.ask
        found = find(wanted, cache=facts.folder())
        if found.state is environments.State.RESOLVING:
            context["log"] = found.log
            return render(request, "registry/_environment_resolving.html", context)
        context["problem"] = found.error
        known = environments.resolved(wanted, cache=facts.folder())
        context["resolved"] = known[1] if known else None
    except StudioError as error:
        context["problem"] = error
    return render(request, "registry/_environment_check.html", context)


@require_POST
@operation("runs.submit")
def build(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Submit the build and go to its log."""
    found = facts.find(workspace, name, request.POST.get("version", ""))
    run = build_environment(
        workspace=workspace,
        user=request.user,
        environment=found.reference,
        reference=found.reference,
    )
    return redirect("run", workspace=workspace.name, guid=run.guid)


@require_safe
@operation("registry.read")
def export(request: HttpRequest, workspace: Workspace, name: str, form: str) -> HttpResponse:
    """Send the lock, the conda file or the Dockerfile of an environment."""
    found = facts.find(workspace, name, request.GET.get("version", ""))
    text = environments.export(found.wanted, form=form, cache=facts.folder())
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{environments.FORMS[form]}"'
    return answer


@require_POST
@operation("compute.manage")
def clear(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Delete what was built and nothing uses: the named one, or all that were unused for a week."""
    keys = request.POST.getlist("key")
    freed = facts.clear_cache(keys=keys or None)
    audit.record(
        workspace=workspace, actor=request.user, action="compute.manage", ip=audit.ip_of(request),
        target=f"environment-cache/{settings.NODE_NAME}", detail={"freed": freed, "keys": keys},
    )  # fmt: skip
    if freed:
        messages.success(request, f"{freed / 1e6:,.0f} MB freed; the next use builds again.")
    else:
        messages.info(request, "Nothing was deleted: all of it is in use or was used this week.")
    return redirect("environments", workspace=workspace.name)
