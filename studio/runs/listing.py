"""Filters and orders of run lists: named fields only, so that no query reaches further than shown."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import F, FilteredRelation, Q

from officina.errors import StudioError
from studio.runs.models import Run, RunQuerySet, Status

ORDERS = {
    "created": "created", "started": "started", "ended": "ended", "status": "status",
    "name": "name", "display_name": "display_name", "experiment": "experiment__name",
    "owner": "owner__email", "kind": "kind", "priority": "priority",
}  # fmt: skip
ARCHIVED = ("active", "archived", "all")
FILTERS = (
    "status", "kind", "experiment", "owner", "parent", "search", "tag", "param", "order", "page",
    "page_size", "all", "archived",
)  # fmt: skip


def filter_runs(runs: RunQuerySet, query: Mapping[str, str]) -> RunQuerySet:
    """Narrow runs by the named filters of a query; an unknown one is refused by name."""
    unknown = sorted(set(query) - set(FILTERS))
    if unknown:
        raise StudioError(
            f"There is no filter {unknown[0]!r}.", where=unknown[0],
            hint=f"Known: {', '.join(FILTERS)}.",
        )  # fmt: skip
    if wanted := query.get("status"):
        runs = runs.filter(status__in=_statuses(wanted))
    if wanted := query.get("kind"):
        runs = runs.filter(kind__in=wanted.split(","))
    if wanted := query.get("experiment"):
        runs = runs.filter(experiment__name=wanted)
    if wanted := query.get("owner"):
        runs = runs.filter(owner__email__iexact=wanted)
    if wanted := query.get("parent"):
        runs = runs.filter(parent__guid=wanted)
    elif query.get("all") not in {"1", "true"}:
        runs = runs.roots()
    if wanted := query.get("search"):
        runs = runs.filter(Q(name__icontains=wanted) | Q(display_name__icontains=wanted))
    which = query.get("archived") or "active"
    if which not in ARCHIVED:
        raise StudioError(
            f"{which!r} is not a choice.", hint=f"Known: {', '.join(ARCHIVED)}.", where="archived"
        )
    runs = runs.listed(which)
    for kind in ("tag", "param"):
        if wanted := query.get(kind):
            key, _, value = wanted.partition("=")
            runs = runs.filter(labels__kind=kind, labels__key=key, labels__value=value)
    return order_runs(runs, query.get("order") or "-created")


def order_runs(runs: RunQuerySet, order: str) -> RunQuerySet:
    """Order runs by a named field or by `metric.<key>`; `-` in front reverses."""
    name, descending = order.removeprefix("-"), order.startswith("-")
    if name.startswith("metric."):
        # One join, which a run without the metric passes too; a run has a metric once.
        key = name.removeprefix("metric.")
        runs = runs.annotate(ordered_by=FilteredRelation("series", condition=Q(series__key=key)))
        field = F("ordered_by__last_value")
    elif name in ORDERS:
        field = F(ORDERS[name])
    else:
        raise StudioError(
            f"Runs cannot be ordered by {name!r}.", where="order",
            hint=f"Known: {', '.join(ORDERS)}, metric.<name>.",
        )  # fmt: skip
    if name in {"created", "name", "kind", "status", "display_name"}:
        # Never null, so the plain order can be read off an index.
        return runs.order_by(field.desc() if descending else field.asc(), "-pk")
    ordering = field.desc(nulls_last=True) if descending else field.asc(nulls_last=True)
    return runs.order_by(ordering, "-pk")


def _statuses(wanted: str) -> list[str]:
    names = wanted.split(",")
    for name in names:
        if name not in Status.values:
            raise StudioError(
                f"There is no status {name!r}.", where="status",
                hint=f"Known: {', '.join(Status.values)}.",
            )  # fmt: skip
    return names


def page_of(keys: list[int]) -> list[Run]:
    """Return the runs of a page's keys in their order: sorting whole rows costs ten times as much."""
    found = {run.pk: run for run in shown(Run.objects.filter(pk__in=keys))}
    return [found[key] for key in keys if key in found]


def shown(runs: RunQuerySet) -> RunQuerySet:
    """Fetch with each run what a row shows, and not its document."""
    related = ("experiment", "owner", "compute", "parent", "reused_from", "workspace")
    return runs.select_related(*related).defer("document", "key_parts", "cursor")
