"""Pages of data quality: the rules of a data asset, its checks, and what one check found."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from officina.data.quality_rules import KINDS, describe, read_rules, write_rules
from officina.errors import StudioError
from registry import services as registry
from registry.views.lists import missing
from studio.automation import services
from studio.runs.models import Run
from studio.workspaces.access import operation, person
from studio.workspaces.models import Workspace

ROWS = 20
SHOWN = 20
EXAMPLE = """- {rule: not_null, column: id}
- {rule: unique, columns: [id]}
- {rule: between, column: amount, min: 0, severity: warning}
"""


@require_safe
@operation("registry.read")
def rules(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show what a data asset is held to, and its checks."""
    held = services.rules_of(workspace=workspace, name=name)
    return _rules_page(request, workspace, name, write_rules(held), None)


@require_POST
@operation("registry.write")
def declare(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Hold a data asset to the form's rules."""
    text = request.POST.get("rules", "").replace("\r\n", "\n")
    registry.named(workspace=workspace, kind="data", name=name)
    try:
        held = services.set_rules(
            workspace=workspace, user=person(request), name=name, rules=read_rules(text)
        )
    except StudioError as error:
        return _rules_page(request, workspace, name, text, error)
    messages.success(request, f"{name} is held to {len(held)} rules.")
    return redirect("data-quality", workspace=workspace.name, name=name)


def _rules_page(
    request: HttpRequest, workspace: Workspace, name: str, text: str, problem: StudioError | None
) -> HttpResponse:
    asset = registry.named(workspace=workspace, kind="data", name=name)
    held = services.rules_of(workspace=workspace, name=name)
    versions = registry.versions(workspace=workspace, kind="data", name=name)[:50]
    checks = services.checks_of(workspace, name).select_related("owner", "workspace")[:SHOWN]
    context = {
        "workspace": workspace, "asset": asset, "text": text, "problem": problem, "kinds": KINDS,
        "rules": [{"words": describe(rule), **rule} for rule in held], "versions": versions,
        "checks": checks, "example": EXAMPLE, "write_reason": missing(request, "registry.write"),
        "check_reason": missing(request, "runs.submit")
        or ("" if held else "Declare rules first.")
        or ("" if versions else "There is no version yet."),
    }  # fmt: skip
    return render(request, "automation/quality.html", context, status=400 if problem else 200)


@require_POST
@operation("runs.submit")
def check(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Start a check of a version and go to it."""
    try:
        run = services.check_quality(
            workspace=workspace, user=person(request), name=name,
            version=request.POST.get("version", ""),
        )  # fmt: skip
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("data-quality", workspace=workspace.name, name=name)
    return redirect("data-quality-report", workspace=workspace.name, name=name, guid=run.guid)


@require_safe
@operation("runs.read")
def report(request: HttpRequest, workspace: Workspace, name: str, guid: str) -> HttpResponse:
    """Show what a check found: each rule, and the rows that break the chosen one (`?rule=`)."""
    run = Run.objects.filter(workspace=workspace, guid=guid).select_related("owner").first()
    if run is None:
        raise StudioError("There is no such check.", code="not_found")
    found = services.report_of(run)
    context: dict[str, Any] = {
        "workspace": workspace, "name": name, "run": run, "report": found, "chosen": None,
    }  # fmt: skip
    if found is not None:
        results = found["results"]
        context |= _chosen(results, request.GET.get("rule", ""), request.GET.get("page", ""))
        context["failed"] = sum(not each["passed"] for each in results)
    template = "automation/_report.html" if request.htmx else "automation/report.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _chosen(results: list[dict[str, Any]], asked: str, page: str) -> dict[str, Any]:
    index = int(asked) if asked.isdigit() and int(asked) < len(results) else None
    if index is None:
        index = next((i for i, each in enumerate(results) if each["rows"]), None)
    if index is None or not results[index]["rows"]:
        return {"chosen": results[index] if index is not None else None, "index": index}
    pages = Paginator(results[index]["rows"], ROWS)
    shown = pages.get_page(page or 1)
    names = list(results[index]["rows"][0]["values"])
    first = [n for n in results[index]["columns"] if n in names]
    names = [*first, *(n for n in names if n not in first)]
    rows = [{"row": each["row"], "cells": [each["values"][n] for n in names]} for each in shown]
    return {"chosen": results[index], "index": index, "page": shown, "names": names, "rows": rows,
            "first": first}  # fmt: skip
