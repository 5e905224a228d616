"""What the run page's widgets fetch: figures, graph and timeline as JSON, and files."""

from __future__ import annotations

import json
from collections import Counter

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from officina.errors import StudioError
from studio.lib.files import UserFileResponse
from studio.runs import browsing, figures, overview
from studio.runs.services import read_series
from studio.runs.views.finding import run_or_404
from studio.workspaces.access import operation
from studio.workspaces.models import Workspace

FIGURE_BYTES = 8 * 2**20
SERIES = 12


@require_safe
@operation("runs.read")
def chart(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Answer the figure of one metric over its steps; in a pipeline one line for each step that has it."""
    run = run_or_404(workspace, guid)
    key = request.GET.get("key", "")
    steps = overview.steps_of(run)
    holders = [
        (label or key, holder)
        for label, holder in overview.metric_holders(run, steps)
        if key in holder.metrics
    ]
    series = []
    for label, holder in dict((h.pk, (n, h)) for n, h in holders).values():
        series.append({"name": label, **read_series(run=holder, key=key, points=2000)})
    return JsonResponse(figures.lines(series[:SERIES], y_title=key))


@require_safe
@operation("runs.read")
def compare_chart(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Answer one metric of several runs in one figure."""
    key = request.GET.get("key", "")
    series = []
    runs = [run_or_404(workspace, guid) for guid in request.GET.get("runs", "").split(",")[:SERIES]]
    titles = Counter(run.title for run in runs)
    for run in runs:
        title = run.title if titles[run.title] == 1 else run.name
        for label, holder in overview.metric_holders(run, overview.steps_of(run)):
            if key in holder.metrics:
                name = f"{title} · {label}" if label else title
                series.append({"name": name, **read_series(run=holder, key=key, points=1000)})
    if series and all(len(each["steps"]) <= 1 for each in series):
        names = [str(each["name"]) for each in series]
        values = [each["values"][0] if each["values"] else None for each in series]
        return JsonResponse(figures.bars(names, values, y_title=key))
    return JsonResponse(figures.lines(series[: 2 * SERIES], y_title=key))


@require_safe
@operation("runs.read")
def figure(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Answer a confusion matrix, ROC curve or table that the job reported."""
    run = run_or_404(workspace, guid)
    file = browsing.find(run, "files", "", request.GET.get("path", ""))
    if file.size > FIGURE_BYTES:
        raise StudioError("The figure is too large to draw; download the file.", code="too_large")
    with browsing.open_file(file) as source:
        value = json.loads(source.read(FIGURE_BYTES))
    if file.kind == "confusion_matrix":
        return JsonResponse(figures.confusion_matrix(value))
    if file.kind == "roc":
        return JsonResponse(figures.roc(value))
    if file.kind == "table":
        return JsonResponse(_grid(value))
    raise StudioError(f"{file.path} is not a figure.", where="path")


def _grid(value: dict[str, list[object]]) -> dict[str, object]:
    rows = [list(row) for row in zip(*value.values(), strict=False)][:2000]
    return {
        "columns": [{"name": name, "type": ""} for name in value],
        "rows": rows,
        "total": len(rows),
    }


@require_safe
@operation("runs.read")
def graph(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Answer a pipeline's graph with the state of each step."""
    run = run_or_404(workspace, guid)
    return JsonResponse(overview.graph(run, overview.steps_of(run)))


@require_safe
@operation("runs.read")
def timeline(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Answer when each step started and ended."""
    run = run_or_404(workspace, guid)
    return JsonResponse(overview.timeline(run, overview.steps_of(run)))


@require_safe
@operation("runs.read")
def run_file(
    request: HttpRequest, workspace: Workspace, guid: str, place: str, path: str
) -> UserFileResponse:
    """Send a file of the run: something it left, or a file of an output, an input or its code."""
    run = run_or_404(workspace, guid)
    file = browsing.find(run, place, request.GET.get("of", ""), path)
    return UserFileResponse(
        browsing.open_file(file),
        name=file.path,
        size=file.size,
        download="download" in request.GET,
        part=request.headers.get("Range", ""),
    )
