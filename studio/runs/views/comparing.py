"""Runs side by side: what was changed, what it changed, and where each ran."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from studio.runs import many, metrics_facts, overview, runtable
from studio.runs.models import Run
from studio.runs.views.finding import run_or_404
from studio.workspaces.access import operation
from studio.workspaces.models import Workspace

MOST = 12
COLUMNS = ["status", "seconds"]


@require_safe
@operation("runs.read")
def compare(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Compare the runs that the URL names, `?runs=a,b`; without any, offer the latest."""
    asked = [
        g
        for text in request.GET.getlist("runs") + request.GET.getlist("run")
        for g in text.split(",")
        if g
    ]
    runs = [run_or_404(workspace, guid) for guid in dict.fromkeys(asked)][:MOST]
    if len(runs) < 2:
        rows = Run.objects.shown().filter(workspace=workspace, parent=None)
        recent = rows.order_by("-created")
        context = {
            "workspace": workspace,
            "runs": runtable.load(list(recent.values_list("pk", flat=True)[:20])),
            "chosen": [r.guid for r in runs],
        }
        return render(request, "runs/compare_choose.html", context)
    only_changed = request.GET.get("all") != "1"
    params = rows_of([run.params for run in runs])
    metrics = _metrics(runs)
    guids = ",".join(run.guid for run in runs)
    key = request.GET.get("metric", "")
    keys = [row["key"] for row in metrics]
    charted = [key] if key in keys else keys[:4]
    context = {
        "workspace": workspace,
        "runs": runs,
        "guids": guids,
        "urls": [
            {
                "run": run,
                "url": overview.url_of(run),
                "without": ",".join(r.guid for r in runs if r is not run),
            }
            for run in runs
        ],
        "only_changed": only_changed,
        "params": [row for row in params if row["changed"] or not only_changed],
        "same": sum(not row["changed"] for row in params),
        "metrics": metrics,
        "keys": keys,
        "charted": charted,
        "facts": _facts(runs),
        "parallel": many.parallel(runtable.load([run.pk for run in runs])),
    }
    return render(request, "runs/compare.html", context)


@require_safe
@operation("runs.read")
def compare_all(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Compare the runs that fit the run list's filters: each a line over what differs, and a row."""
    wanted = runtable.asked(request.GET, columns=COLUMNS)
    rows = runtable.select(workspace, wanted)
    keys = runtable.ordered(rows, wanted.sort).values_list("pk", flat=True)
    runs = runtable.load(list(keys[: many.MOST_RUNS]))
    drawn = many.parallel(runs)
    wanted.columns = [*COLUMNS, *(f"{axis['of']}:{axis['name']}" for axis in drawn["axes"])]
    context = {
        "workspace": workspace,
        "wanted": wanted,
        "total": min(rows.order_by()[: runtable.COUNT_LIMIT].count(), runtable.COUNT_LIMIT),
        "parallel": drawn,
        "heads": [head | {"url": ""} for head in runtable.heads(wanted)],
        "rows": runtable.table(runs, wanted.columns),
    }
    return render(request, "runs/compare_all.html", context)


def rows_of(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row for each name in any of the mappings, those that differ first."""
    names = dict.fromkeys(name for each in values for name in each)
    rows = []
    for name in names:
        cells = [_text(each[name]) if name in each else None for each in values]
        rows.append({"name": name, "cells": cells, "changed": len(set(cells)) > 1})
    return sorted(rows, key=lambda row: not row["changed"])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _metrics(runs: list[Run]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], list[Any]] = {}
    for place, run in enumerate(runs):
        for label, holder in overview.metric_holders(run, overview.steps_of(run)):
            for key, value in holder.metrics.items():
                found.setdefault((label, key), [None] * len(runs))[place] = value
    rows = []
    for (label, key), values in sorted(found.items(), key=lambda item: overview.rank(item[0][1])):
        best = metrics_facts.best(key, values)
        cells = [{"text": metrics_facts.shown(v), "best": i == best} for i, v in enumerate(values)]
        lower = metrics_facts.lower_is_better(key)
        rows.append(
            {
                "key": key,
                "label": label,
                "cells": cells,
                "better": "lower is better" if lower else "higher is better",
            }
        )
    return rows


def _facts(runs: list[Run]) -> list[dict[str, Any]]:
    values = []
    for run in runs:
        git = run.git or {}
        steps = overview.steps_of(run)
        values.append(
            {
                "Commit": (
                    str(git.get("commit") or "")[:10]
                    + (" with local changes" if git.get("dirty") else "")
                )
                or "none",
                "Code": str(run.document.get("codeId") or "none")[:17],
                "Environment": overview.environments_of(run, steps) or _environment(run),
                "Compute": run.compute.name if run.compute else "none",
                "Confinement": overview.confinement_of(run, steps) or "none",
            }
        )
    return rows_of(values)


def _environment(run: Run) -> str:
    wanted = run.document.get("environmentId")
    return wanted if isinstance(wanted, str) else "inline" if wanted else "none"
