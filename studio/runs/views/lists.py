"""The lists: runs, experiments and one experiment."""

from __future__ import annotations

from django.db.models import Count, Max, Q
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from officina.errors import StudioError
from studio.runs import figures, many, metrics_facts, runtable
from studio.runs.models import ENDED, Experiment, MetricSeries, Run, SavedView, Status
from studio.runs.overview import rank, url_of
from studio.workspaces.access import operation, person
from studio.workspaces.models import User, Workspace

COOKIE = "run_columns"
YEAR = 365 * 86_400
CHART_RUNS = 200
VIEWS = 50


def chosen_columns(request: HttpRequest) -> tuple[list[str], bool]:
    """Return the columns this person chose, and whether this request chose them."""
    if "columns" in request.GET:
        names = [n for text in request.GET.getlist("columns") for n in text.split("|")]
        return runtable.clean_columns(names), True
    if COOKIE in request.COOKIES:
        return runtable.clean_columns(request.COOKIES[COOKIE].split("|")), False
    return list(runtable.DEFAULT_COLUMNS), False


@require_safe
@operation("runs.read")
def runs(request: HttpRequest, workspace: Workspace) -> HttpResponseBase:
    """List the workspace's runs, or send them as CSV; all that is chosen stands in the URL."""
    columns, changed = chosen_columns(request)
    wanted = runtable.asked(request.GET, columns=columns)
    problem = None
    try:
        page = runtable.page(workspace, wanted)
    except StudioError as error:
        problem = error
        wanted.metric = ""
        page = runtable.page(workspace, wanted)
    if request.GET.get("download") == "csv" and not problem:
        return _csv(workspace, wanted)
    metrics, params = runtable.known_keys(page.runs)
    context = {
        "workspace": workspace,
        "wanted": wanted,
        "page": page,
        "problem": problem,
        "heads": runtable.heads(wanted),
        "rows": runtable.table(page.runs, wanted.columns),
        "choices": _choices(columns, metrics, params),
        "views": SavedView.objects.filter(workspace=workspace, user=person(request)),
        "here": wanted.url(columns="|".join(columns)),
        "groups": {"active": "Active", "waiting": "Waiting", "running": "Running"},
        "statuses": Status.values,
        "kinds": runtable.KINDS,
        "experiments": Experiment.objects.filter(workspace=workspace, archived=False)
        .order_by("name")
        .values_list("name", flat=True)[:200],
        "owners": User.objects.filter(memberships__workspace=workspace).order_by("email"),
        "csv_url": wanted.url(download="csv"),
        "all_url": f"/w/{workspace.name}/compare/all/{wanted.url()}",
        "previous": wanted.url(page=wanted.page - 1) if wanted.page > 1 else "",
        "next": wanted.url(page=wanted.page + 1) if page.more else "",
    }
    template = "runs/_rows.html" if request.htmx else "runs/list.html"  # type: ignore[attr-defined]
    response = render(request, template, context)
    if changed:
        response.set_cookie(COOKIE, "|".join(columns), max_age=YEAR, httponly=True, samesite="Lax")
    return response


def _csv(workspace: Workspace, wanted: runtable.Asked) -> StreamingHttpResponse:
    """Send every run that fits, with all parameters and metrics, not only the columns on screen."""
    rows = runtable.select(workspace, wanted)
    sent = StreamingHttpResponse(
        many.as_csv(rows, wanted.sort), content_type="text/csv; charset=utf-8"
    )
    sent["Content-Disposition"] = f'attachment; filename="{workspace.name}-runs.csv"'
    return sent


@require_POST
@operation("runs.read")
def save_view(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Keep the list as it stands under a name; the same name is written over."""
    name = request.POST.get("name", "").strip()[:80]
    if not name:
        raise StudioError("The view has no name.", where="name", hint="Give it one.")
    wanted = runtable.asked(QueryDict(request.POST.get("query", "").lstrip("?")), columns=[])
    names = QueryDict(request.POST.get("query", "").lstrip("?")).get("columns", "").split("|")
    query = wanted.url(columns="|".join(runtable.clean_columns(names)))
    mine = SavedView.objects.filter(workspace=workspace, user=person(request))
    if not mine.filter(name=name).exists() and mine.count() >= VIEWS:
        raise StudioError(f"{VIEWS} views are saved already.", hint="Delete one first.")
    SavedView.objects.update_or_create(
        workspace=workspace, user=person(request), name=name, defaults={"query": query[:2000]}
    )
    return redirect(f"/w/{workspace.name}/runs/{query}")


@require_POST
@operation("runs.read")
def delete_view(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """Forget one of one's own saved views."""
    SavedView.objects.filter(workspace=workspace, user=person(request), pk=pk).delete()
    return redirect("runs", workspace=workspace.name)


def _choices(
    columns: list[str], metrics: list[str], params: list[str]
) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    def options(kind: str, keys: list[str]) -> list[tuple[str, str, bool]]:
        held = [name.partition(":")[2] for name in columns if name.startswith(f"{kind}:")]
        return [(f"{kind}:{k}", k, f"{kind}:{k}" in columns) for k in dict.fromkeys([*held, *keys])]

    fixed = [(name, label, name in columns) for name, label in runtable.COLUMNS.items()]
    return [
        ("Run", fixed),
        ("Metrics", options("metric", metrics)),
        ("Parameters", options("param", params)),
    ]


@require_safe
@operation("experiments.read")
def experiments(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the experiments with how many runs each has and when it was last used."""
    text = request.GET.get("q", "").strip()
    top = Q(runs__parent=None, runs__deleted=None)
    rows = Experiment.objects.filter(workspace=workspace, archived=False)
    if text:
        rows = rows.filter(name__icontains=text)
    rows = rows.annotate(
        total=Count("runs", filter=top),
        active=Count("runs", filter=top & ~Q(runs__status__in=ENDED)),
        failed=Count("runs", filter=top & Q(runs__status=Status.FAILED)),
        latest=Max("runs__created", filter=top),
    ).order_by("-latest", "name")[:500]
    context = {"workspace": workspace, "experiments": rows, "text": text}
    template = "runs/_experiments.html" if request.htmx else "runs/experiments.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_safe
@operation("experiments.read")
def experiment(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show an experiment: its best run, a metric over its runs, and the runs."""
    found = Experiment.objects.filter(workspace=workspace, name=name).first()
    if found is None:
        raise StudioError(
            f"There is no experiment {name!r} here.", where="experiment", code="not_found"
        )
    top = Run.objects.shown().filter(experiment=found, parent=None)
    recent = runtable.load(
        list(top.order_by("-created").values_list("pk", flat=True)[: runtable.PAGE])
    )
    keys = sorted(_metric_keys(found), key=rank)
    key = request.GET.get("metric") or (keys[0] if keys else "")
    columns = [f"metric:{k}" for k in keys[:5]]
    wanted = runtable.asked(
        request.GET, columns=["status", *columns, "owner", "created", "seconds"]
    )
    wanted.experiment = found.name
    context = {
        "workspace": workspace,
        "experiment": found,
        "keys": keys,
        "key": key,
        "lower": metrics_facts.lower_is_better(key),
        "best": _best(found, key),
        "total": top.count(),
        "figure": _over_runs(found, key),
        "heads": runtable.heads(wanted),
        "rows": runtable.table(recent, wanted.columns),
        "runs_url": f"/w/{workspace.name}/runs/",
    }
    template = "runs/_rows.html" if request.htmx else "runs/experiment.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _metric_keys(found: Experiment) -> set[str]:
    rows = MetricSeries.objects.filter(run__experiment=found)
    return set(rows.order_by().values_list("key", flat=True).distinct()[:200])


def _best(found: Experiment, key: str) -> dict[str, object] | None:
    rows = MetricSeries.objects.filter(run__experiment=found, key=key, last_value__isnull=False)
    order = "last_value" if metrics_facts.lower_is_better(key) else "-last_value"
    row = rows.select_related("run__workspace", "run__parent__workspace").order_by(order).first()
    if row is None:
        return None
    run = row.run.parent or row.run
    return {"value": metrics_facts.shown(row.last_value), "run": run, "url": url_of(run)}


def _over_runs(found: Experiment, key: str) -> dict[str, object] | None:
    rows = MetricSeries.objects.filter(run__experiment=found, key=key, last_value__isnull=False)
    rows = rows.select_related("run__workspace", "run__parent__workspace").order_by(
        "-run__created"
    )[:CHART_RUNS]
    points = []
    for row in reversed(list(rows)):
        run = row.run.parent or row.run
        points.append(
            {
                "when": run.created.isoformat(),
                "value": row.last_value,
                "name": run.title,
                "url": url_of(run),
            }
        )
    return figures.over_runs(points, key=key) if points else None
