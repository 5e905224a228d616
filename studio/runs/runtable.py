"""The run list of the pages: what a URL asks for, as one bounded query over the workspace's runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTransform
from django.http import QueryDict

from officina.errors import StudioError
from studio.runs.models import MetricSeries, Run, RunTag, Status
from studio.workspaces.models import Workspace

PAGE = 50
# Counting stops here: beyond it the page says "more than", which costs the same at any size.
COUNT_LIMIT = 10_000
COLUMNS = {
    "status": "Status",
    "experiment": "Experiment",
    "kind": "Kind",
    "owner": "Submitted by",
    "created": "Submitted",
    "seconds": "Worked",
    "queued": "Queued",
    "compute": "Compute",
    "git": "Commit",
    "tags": "Tags",
}
DEFAULT_COLUMNS = ("status", "experiment", "owner", "created", "seconds")
SORTS = {
    "name": "display_name",
    "status": "status",
    "experiment": "experiment__name",
    "kind": "kind",
    "owner": "owner__email",
    "created": "created",
    "queued": "queued",
    "compute": "compute__name",
}
KINDS = (
    ("command", "Command"),
    ("pipeline", "Pipeline"),
    ("module", "Module"),
    ("mlflow", "Tracked"),
)
GROUPS = {
    "active": ("NotStarted", "Queued", "Preparing", "Running", "Finalizing", "CancelRequested"),
    "waiting": ("NotStarted", "Queued"),
    "running": ("Preparing", "Running", "Finalizing", "CancelRequested"),
}
_METRIC = re.compile(r"^\s*(?P<key>\S.*?)\s*(?P<op><=|>=|<|>|=)\s*(?P<value>[-+.\deE]+)\s*$")
_LOOKUPS = {"<": "lt", ">": "gt", "<=": "lte", ">=": "gte", "=": "exact"}


@dataclass
class Asked:
    """What the URL of a run list says; `url` writes it back with changes."""

    status: str = ""
    kind: str = ""
    experiment: str = ""
    owner: str = ""
    text: str = ""
    metric: str = ""
    archived: str = ""
    sort: str = "-created"
    page: int = 1
    columns: list[str] = field(default_factory=list)

    def params(self) -> dict[str, str]:
        """Return the filters as they stand in a URL, without what is default."""
        pairs = {
            "status": self.status, "kind": self.kind, "experiment": self.experiment,
            "owner": self.owner, "q": self.text, "metric": self.metric, "archived": self.archived,
            "sort": "" if self.sort == "-created" else self.sort,
        }  # fmt: skip
        return {key: value for key, value in pairs.items() if value}

    def url(self, **changes: Any) -> str:
        """Return the query string with some of it changed; filters lead back to page 1."""
        pairs = self.params() | {key: str(value) for key, value in changes.items()}
        return "?" + urlencode({key: value for key, value in pairs.items() if value})

    @property
    def filtered(self) -> bool:
        return bool(set(self.params()) - {"sort"})


def asked(query: QueryDict, *, columns: list[str]) -> Asked:
    """Read the list's URL; what does not fit any column falls back to the default."""
    page = query.get("page", "1")
    return Asked(
        status=query.get("status", "")[:20],
        kind=query.get("kind", "")[:16],
        experiment=query.get("experiment", "")[:255],
        owner=query.get("owner", "")[:254],
        text=query.get("q", "").strip()[:200],
        metric=query.get("metric", "").strip()[:300],
        archived=query.get("archived", "") if query.get("archived") in {"archived", "all"} else "",
        sort=query.get("sort", "-created")[:300] or "-created",
        page=max(1, min(int(page), 10**6)) if page.isascii() and page.isdigit() else 1,
        columns=columns,
    )


def clean_columns(names: list[str]) -> list[str]:
    """Keep the columns that exist: the fixed ones, `metric:<key>` and `param:<key>`; 20 at most."""
    known = [n for n in names if n in COLUMNS or re.match(r"^(metric|param):.{1,250}$", n)]
    return list(dict.fromkeys(known))[:20]


def select(workspace: Workspace, wanted: Asked) -> QuerySet[Run]:
    """Return the runs that fit the filters, not yet ordered."""
    rows = Run.objects.shown().filter(workspace=workspace).listed(wanted.archived or "active")
    # Modules are always steps; else the list shows what people submitted.
    if wanted.kind != "module":
        rows = rows.filter(parent=None)
    if wanted.status in GROUPS:
        rows = rows.filter(status__in=GROUPS[wanted.status])
    elif wanted.status in Status.values:
        rows = rows.filter(status=wanted.status)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.experiment:
        rows = rows.filter(experiment__name=wanted.experiment)
    if wanted.owner:
        rows = rows.filter(owner__email__iexact=wanted.owner)
    if wanted.text:
        rows = rows.filter(_text(wanted.text))
    if wanted.metric:
        rows = rows.filter(_metric(wanted.metric))
    return rows


def _text(text: str) -> Q:
    """Match `tag:key=value` and `param:key=value` exactly, anything else within names."""
    kind, colon, rest = text.partition(":")
    if colon and kind in {"tag", "param"}:
        key, equals, value = rest.partition("=")
        labels = RunTag.objects.filter(run=OuterRef("pk"), kind=kind, key=key.strip())
        return Q(Exists(labels.filter(value=value.strip()) if equals else labels))
    return Q(display_name__icontains=text) | Q(name__icontains=text) | Q(guid=text)


def _metric(text: str) -> Q:
    found = _METRIC.match(text)
    try:
        value = float(found["value"]) if found else 0.0
    except ValueError:
        found = None
    if found is None:
        raise StudioError(
            f"{text!r} is not a metric filter.",
            where="metric",
            hint="Write a name, one of > >= < <= =, and a number, such as: auc > 0.9",
        )
    lookup = {f"last_value__{_LOOKUPS[found['op']]}": value}
    series = MetricSeries.objects.filter(key=found["key"], **lookup)
    # Two lists of keys: PostgreSQL takes the same asked of each run for so dear that it compiles the query first.
    of_steps = series.filter(run__parent__isnull=False)
    return Q(pk__in=series.values("run")) | Q(pk__in=of_steps.values("run__parent"))


def ordered(rows: QuerySet[Run], sort: str) -> QuerySet[Run]:
    """Order by a column, a metric or a parameter; only runs that have the metric or parameter stay."""
    down, name = sort.startswith("-"), sort.lstrip("-")
    sign = "-" if down else ""
    kind, _, key = name.partition(":")
    if kind == "metric" and key:
        # The filtered join is walked along the index (key, last_value), so no run is sorted.
        rows = rows.annotate(
            sorted_by=FilteredRelation("series", condition=Q(series__key=key))
        ).filter(sorted_by__last_value__isnull=False)
        return rows.order_by(f"{sign}sorted_by__last_value", "-pk")
    if kind == "param" and key:
        labels = RunTag.objects.filter(run=OuterRef("pk"), kind="param", key=key)
        value = KeyTransform(key, "params")
        rows = rows.filter(Exists(labels)).annotate(sorted_by=value)
        return rows.order_by(F("sorted_by").desc() if down else F("sorted_by").asc(), "-pk")
    column = SORTS.get(name, "created")
    return rows.order_by(f"{sign}{column}", *([] if column == "created" else ["-created"]))


@dataclass(frozen=True)
class Page:
    """One page of runs and what the pager says."""

    runs: list[Run]
    number: int
    first: int
    last: int
    total: int
    capped: bool
    more: bool


def page(workspace: Workspace, wanted: Asked) -> Page:
    """Read one page: the keys by an index first, then those rows alone."""
    rows = select(workspace, wanted)
    start = (wanted.page - 1) * PAGE
    keys = list(ordered(rows, wanted.sort).values_list("pk", flat=True)[start : start + PAGE + 1])
    total = rows.order_by()[: COUNT_LIMIT + 1].count()
    found = load(keys[:PAGE])
    return Page(
        runs=found,
        number=wanted.page,
        first=start + 1 if found else 0,
        last=start + len(found),
        total=min(total, COUNT_LIMIT),
        capped=total > COUNT_LIMIT,
        more=len(keys) > PAGE,
    )


def load(keys: list[int]) -> list[Run]:
    """Return the runs of these keys in this order, without their documents."""
    rows = (
        Run.objects.filter(pk__in=keys)
        .select_related("experiment", "owner", "compute")
        .defer("document", "key_parts", "cursor", "inputs", "outputs", "notes")
    )
    found = {run.pk: run for run in rows}
    _add_metrics_of_steps([run for run in found.values() if run.kind == Run.PIPELINE])
    return [found[key] for key in keys if key in found]


def _add_metrics_of_steps(pipelines: list[Run]) -> None:
    """Let a pipeline show what its steps measured; of two steps with one metric the later counts."""
    steps = Run.objects.filter(parent__in=pipelines).exclude(metrics={})
    measured: dict[int, dict[str, Any]] = {}
    for parent, metrics in steps.order_by("pk").values_list("parent_id", "metrics"):
        measured[parent] = measured.get(parent, {}) | metrics
    for run in pipelines:
        run.metrics = measured.get(run.pk, {}) | run.metrics


def known_keys(runs: list[Run]) -> tuple[list[str], list[str]]:
    """Return the metric and parameter names that these runs have, for the column chooser."""
    metrics: dict[str, None] = {}
    params: dict[str, None] = {}
    for run in runs:
        metrics.update(dict.fromkeys(run.metrics))
        params.update(dict.fromkeys(run.params))
    return sorted(metrics)[:100], sorted(params)[:100]


def table(runs: list[Run], columns: list[str]) -> list[dict[str, Any]]:
    """Return each run with the cells of the chosen columns."""
    return [{"run": run, "cells": [cell(run, name) for name in columns]} for run in runs]


def cell(run: Run, column: str) -> dict[str, Any]:
    """Return one cell: how it is drawn and what it holds."""
    kind, _, key = column.partition(":")
    if kind == "metric":
        return {"kind": "number", "value": run.metrics.get(key)}
    if kind == "param":
        return {"kind": "param", "value": run.params.get(key)}
    return {"kind": column, "value": None}


def heads(wanted: Asked) -> list[dict[str, Any]]:
    """Return the table's head: label, the link that sorts by it, and the order now."""
    return [_head(wanted, name) for name in ["name", *wanted.columns]]


def _head(wanted: Asked, name: str) -> dict[str, Any]:
    kind, _, key = name.partition(":")
    special = kind in {"metric", "param"}
    now = wanted.sort.lstrip("-") == name
    down = now and wanted.sort.startswith("-")
    following = f"-{name}" if kind == "metric" or name == "created" else name
    if now:
        following = name if down else f"-{name}"
    return {
        "name": name,
        "label": key if special else COLUMNS.get(name, "Run"),
        "number": special or name == "seconds",
        "url": wanted.url(sort=following) if special or name in SORTS else "",
        "aria": ("descending" if down else "ascending") if now else "",
    }
