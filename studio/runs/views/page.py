"""A run's page: one view, a tab in the URL, and the fragments that follow it live."""

from __future__ import annotations

from typing import Any

import yaml
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from studio.lib import preview
from studio.runs import browsing, metrics_facts, overview
from studio.runs.models import Artifact, MetricSeries, Run
from studio.runs.services.advancing import results_of
from studio.runs.views.finding import api_url, run_or_404
from studio.workspaces.access import operation
from studio.workspaces.models import Workspace

PARTS = {
    "head": "runs/_head.html",
    "kpis": "runs/_kpis.html",
    "aside": "runs/_aside.html",
    "steps": "runs/_steps.html",
    "box": "runs/_box.html",
}
FIGURES = ("confusion_matrix", "roc", "table")
CHARTS = 60
CHILDREN, CHILD_METRICS = 500, 6


@require_safe
@operation("runs.read")
def run_page(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Show a run; `?tab=` chooses what, `part=` asks for one live fragment of it."""
    run = run_or_404(workspace, guid)
    steps = overview.steps_of(run)
    tab = request.GET.get("tab", "overview")
    tabs = _tabs(run, steps)
    if tab not in {name for name, *_ in tabs} | {"inputs"}:
        tab = "overview"
    context = _head(request, run, steps) | {"tab": tab, "tabs": tabs}
    part = PARTS.get(request.GET.get("part", ""))
    if part and request.htmx:  # type: ignore[attr-defined]
        context |= _facts(run, steps)
        return render(request, part, context)
    context |= TABS[tab](request, run, steps)
    return render(
        request, f"runs/run_{'outputs' if tab in {'inputs', 'snapshot'} else tab}.html", context
    )


def _tabs(run: Run, steps: list[Run]) -> list[tuple[str, str, int | None]]:
    count = MetricSeries.objects.filter(
        run__in=[results_of(each) for each in (run, *steps)]
    ).count()
    found: list[tuple[str, str, int | None]] = [
        ("overview", "Overview", None),
        ("metrics", "Metrics", count),
    ]
    if run.kind == Run.PIPELINE:
        found.append(("graph", "Graph", None))
    found.append(
        ("steps", "Steps", len(run.document.get("jobs") or {}))
        if steps or run.kind == Run.PIPELINE
        else ("steps", "Timeline", None)
    )
    found.append(("outputs", "Outputs and logs", None))
    children = len(steps) if run.kind == Run.PIPELINE else run.children.shown().count()
    if run.kind == Run.PIPELINE or children:
        found.append(("children", "Child runs", children))
    if str(run.document.get("codeId") or "").startswith("tree:"):
        found.append(("snapshot", "Snapshot", None))
    return [*found, ("definition", "Definition", None), ("lineage", "Lineage", None)]


def _head(request: HttpRequest, run: Run, steps: list[Run]) -> dict[str, Any]:
    bar = overview.step_bar(run, steps) if run.kind == Run.PIPELINE else None
    allowed = request.allowed  # type: ignore[attr-defined]
    reference = overview.reference_run(run) if run.parent is None else None
    return {
        "workspace": run.workspace,
        "run": run,
        "steps": steps,
        "bar": bar,
        "sentence": overview.sentence(run, bar),
        "left": overview.seconds_left(run),
        "reference": reference,
        "can_cancel": overview.can_cancel(run) and "runs.cancel" in allowed,
        "can_submit": "runs.submit" in allowed and run.kind != Run.TRACKED,
        "can_edit": "runs.edit" in allowed,
        "can_register": "registry.write" in allowed and run.is_ended,
        "sources": browsing.model_sources(run) if run.is_ended else [],
        "literals": {
            name: value
            for name, value in ((run.root or run).document.get("inputs") or {}).items()
            if isinstance(value, dict) and value.get("jobInputType") == "literal"
        },
        "ws": f"/ws/w/{run.workspace.name}/runs/{run.guid}/",
        "log_url": api_url(run, "log"),
    }


def _facts(run: Run, steps: list[Run]) -> dict[str, Any]:
    reference = overview.reference_run(run) if run.parent is None else None
    params, changed = overview.params(run, reference)
    inputs, outputs = overview.data_rows(run)
    return {
        "cards": overview.kpis(run, steps, reference),
        "reference": reference,
        "params": params,
        "changed": changed,
        "inputs": inputs,
        "outputs": outputs,
        "timings": overview.timings(run),
        "environment": overview.environments_of(run, steps),
        "packages_of": _packages_of(run),
        "cost": _cost(run, steps),
        "confinement": overview.confinement_of(run, steps),
        "activity": overview.activity(run, steps),
        "failed_steps": [step for step in steps if step.status == "Failed"],
    }


def _packages_of(run: Run) -> str:
    """Return the guid of the run that keeps the exact packages of this one's environment, if any."""
    holder = results_of(run)
    kept = Artifact.objects.filter(run=holder, path="environment/packages.txt")
    return holder.guid if kept.exists() else ""


def _cost(run: Run, steps: list[Run]) -> float:
    """Return what the run's nodes cost so far; a reused step costs nothing."""
    worked = [each for each in (steps or [run]) if each.compute and not each.is_reused]
    return sum(each.compute.cost_of(each.seconds) for each in worked if each.compute)


def _overview(request: HttpRequest, run: Run, steps: list[Run]) -> dict[str, Any]:
    charts = _charts(run, steps)
    figures = _figures(run, steps)
    curves = [chart for chart in charts if chart["points"] > 1]
    logged = next((s for s in steps if s.status == "Failed"), None) or next(
        (s for s in reversed(steps) if s.started and not s.is_reused), steps[-1] if steps else None
    )
    return _facts(run, steps) | {
        "charts": curves[:1],
        "figures": [f for f in figures if f["kind"] in {"roc", "confusion_matrix"}][
            : 2 - len(curves[:1])
        ],
        "images": [f for f in figures if f["kind"] == "image"][:2],
        # A run that is only reported here has no log.
        "logged": logged if run.kind in {Run.PIPELINE, Run.TRACKED} else run,
        "logged_url": api_url(logged or run, "log"),
        "timeline": overview.timeline(run, steps),
    }


def _charts(run: Run, steps: list[Run]) -> list[dict[str, Any]]:
    """Return one chart for each metric; the same metric of several steps shares one."""
    holders = dict(
        (holder.pk, (label, holder)) for label, holder in overview.metric_holders(run, steps)
    )
    rows = MetricSeries.objects.filter(run__in=holders).order_by("key")
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        label, holder = holders[row.run_id]
        chart = found.setdefault(row.key, {"key": row.key, "points": 0, "rows": []})
        chart["points"] = max(chart["points"], row.n)
        chart["rows"].append(
            {
                "label": label or holder.title, "last": row.last_word or metrics_facts.shown(row.last_value),
                "low": metrics_facts.shown(row.low), "high": metrics_facts.shown(row.high),
                "n": row.n, "step": row.last_step,
            }
        )  # fmt: skip
    return sorted(
        found.values(), key=lambda chart: (chart["points"] < 2, overview.rank(chart["key"]))
    )[:CHARTS]


def _figures(run: Run, steps: list[Run]) -> list[dict[str, Any]]:
    holders = {results_of(each).pk: each for each in (run, *steps)}
    rows = Artifact.objects.filter(run__in=holders, kind__in=[*FIGURES, "image"]).order_by(
        "kind", "path"
    )
    return [
        {
            "kind": row.kind,
            "key": row.key or row.path,
            "path": row.path,
            "run": holders[row.run_id],
            "size": row.size,
        }
        for row in rows[:CHARTS]
    ]


def _metrics(request: HttpRequest, run: Run, steps: list[Run]) -> dict[str, Any]:
    charts = _charts(run, steps)
    figures = _figures(run, steps)
    return {
        "curves": [chart for chart in charts if chart["points"] > 1],
        "single": [chart for chart in charts if chart["points"] < 2],
        "figures": [f for f in figures if f["kind"] != "image"],
        "images": [f for f in figures if f["kind"] == "image"],
    }


def _graph(request: HttpRequest, run: Run, steps: list[Run]) -> dict[str, Any]:
    return {"graph": overview.graph(run, steps)}


def _steps(request: HttpRequest, run: Run, steps: list[Run]) -> dict[str, Any]:
    return _facts(run, steps) | {"timeline": overview.timeline(run, steps)}


def _files(request: HttpRequest, run: Run, steps: list[Run], place: str) -> dict[str, Any]:
    name = request.GET.get("input" if place == "input" else "output", "")
    if place == "files" and name:
        place = "output"
    files = browsing.files_of(run, place, name)
    path = request.GET.get("file", "")
    shown = None
    if path:
        file = browsing.find(run, place, name, path)
        with browsing.open_file(file) as source:
            shown = preview.preview(name=file.path, size=file.size, source=source) | {"file": file}
    step = next((s for s in steps if s.guid == request.GET.get("step")), None)
    own = None if run.kind == Run.TRACKED else run
    logged = step or (own if run.kind != Run.PIPELINE else (steps[-1] if steps else None))
    return {
        "place": place,
        "name": name,
        "files": list(files.values()),
        "file": path,
        "shown": shown,
        "places": [("output", n) for n in run.outputs],
        "logged": logged if place in {"files", "output"} and not path else None,
        "logged_url": api_url(logged, "log") if logged else "",
        "logged_ws": f"/ws/w/{run.workspace.name}/runs/{logged.guid}/" if logged else "",
    }


def _outputs(request: HttpRequest, run: Run, steps: list[Run]) -> dict[str, Any]:
    return _files(request, run, steps, "files")


def _inputs(request: HttpRequest, run: Run, steps: list[Run]) -> dict[str, Any]:
    return _files(request, run, steps, "input")


def _snapshot(request: HttpRequest, run: Run, steps: list[Run]) -> dict[str, Any]:
    return _files(request, run, steps, "snapshot")


def _children(request: HttpRequest, run: Run, steps: list[Run]) -> dict[str, Any]:
    """Return the runs that a script began inside this one, with the metrics that tell them apart."""
    if run.kind == Run.PIPELINE:
        return {}
    wide = ("document", "key_parts", "cursor", "inputs", "outputs")
    children = list(run.children.shown().order_by("created", "pk").defer(*wide)[:CHILDREN])
    keys = sorted({key for child in children for key in child.metrics}, key=overview.rank)
    keys = keys[:CHILD_METRICS]
    for child in children:
        values = [child.metrics.get(key) for key in keys]
        child.values = [metrics_facts.shown(value) for value in values]  # type: ignore[attr-defined]
    return {"children": children, "keys": keys}


def _definition(request: HttpRequest, run: Run, steps: list[Run]) -> dict[str, Any]:
    return {
        "definition": yaml.safe_dump(run.document, sort_keys=False, allow_unicode=True, width=100)
    }


def _lineage(request: HttpRequest, run: Run, steps: list[Run]) -> dict[str, Any]:
    return browsing.lineage(run)


TABS = {
    "overview": _overview,
    "metrics": _metrics,
    "graph": _graph,
    "steps": _steps,
    "outputs": _outputs,
    "inputs": _inputs,
    "snapshot": _snapshot,
    "children": _children,
    "definition": _definition,
    "lineage": _lineage,
}
