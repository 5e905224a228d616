"""Many runs at once: as rows of CSV, and as lines over the axes of a parallel plot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from studio.lib import csvtext
from studio.runs import metrics_facts, runtable
from studio.runs.models import MetricSeries, Run, RunTag
from studio.runs.overview import rank, url_of

# What one look holds: more lines than this are one grey band, more axes do not fit a screen.
MOST_RUNS = 500
MOST_PARAMS = 8
MOST_METRICS = 4
MOST_WORDS = 30
AT_ONCE = 500
FACTS = (
    "name", "title", "guid", "status", "kind", "experiment", "owner", "compute",
    "created", "started", "ended", "seconds", "commit", "tags",
)  # fmt: skip


def as_csv(rows: QuerySet[Run], sort: str) -> Iterator[str]:
    """Yield the runs as CSV: facts, then each parameter and each metric's last value, as they are read."""
    keys = list(runtable.ordered(rows, sort).values_list("pk", flat=True))
    params, metrics = _names(rows)
    yield csvtext.row(
        [*FACTS, *(f"param:{name}" for name in params), *(f"metric:{name}" for name in metrics)]
    )
    for start in range(0, len(keys), AT_ONCE):
        for run in runtable.load(keys[start : start + AT_ONCE]):
            yield csvtext.row(
                [
                    *_facts(run),
                    *(run.params.get(name) for name in params),
                    *(run.metrics.get(name) for name in metrics),
                ]
            )


def _names(rows: QuerySet[Run]) -> tuple[list[str], list[str]]:
    chosen = rows.order_by().values("pk")
    params = RunTag.objects.filter(run__in=chosen, kind="param")
    metrics = MetricSeries.objects.filter(Q(run__in=chosen) | Q(run__parent__in=chosen))
    names = [set(found.order_by().values_list("key", flat=True)) for found in (params, metrics)]
    return sorted(names[0]), sorted(names[1])


def _facts(run: Run) -> list[Any]:
    times = (run.created, run.started, run.ended)
    return [
        run.name, run.title, run.guid, run.status, run.kind, run.experiment.name, run.owner.email,
        run.compute.name if run.compute else "", *(each.isoformat() if each else "" for each in times),
        run.seconds, (run.git or {}).get("commit", ""), run.own_tags,
    ]  # fmt: skip


def parallel(runs: list[Run]) -> dict[str, Any]:
    """Return the runs and the axes that tell them apart: parameters that differ, then the main metrics."""
    params = dict.fromkeys(name for run in runs for name in run.params)
    metrics = dict.fromkeys(name for run in runs for name in run.metrics)
    shown = [_axis("param", name, [run.params.get(name) for run in runs]) for name in params]
    axes = [axis for axis in shown if axis][:MOST_PARAMS]
    for name in sorted(metrics, key=rank):
        if len(axes) == MOST_PARAMS + MOST_METRICS:
            break
        numbers = [metrics_facts.number(run.metrics.get(name)) for run in runs]
        if (axis := _axis("metric", name, numbers)) and axis["kind"] == "number":
            axes.append(axis)
        if sum(each["of"] == "metric" for each in axes) == MOST_METRICS:
            break
    names = [
        {"guid": r.guid, "title": r.title, "name": r.name, "status": r.status, "url": url_of(r)}
        for r in runs
    ]
    return {"runs": names, "axes": axes}


def _axis(of: str, name: str, values: list[Any]) -> dict[str, Any] | None:
    """Return an axis, or None where all values are one or are too many words to place."""
    known = [value for value in values if value is not None]
    numbers = [_as_number(value) for value in known]
    axis = {"of": of, "name": name, "lower": of == "metric" and metrics_facts.lower_is_better(name)}
    if known and all(number is not None for number in numbers):
        if len(set(numbers)) < 2:
            return None
        return axis | {
            "kind": "number",
            "values": [None if v is None else _as_number(v) for v in values],
        }
    words = [None if v is None else v if isinstance(v, str) else json.dumps(v) for v in values]
    different = {word for word in words if word is not None}
    if not 2 <= len(different) <= MOST_WORDS:
        return None
    return axis | {"kind": "word", "values": words}


def _as_number(value: Any) -> float | None:
    """Return a number, also of a text: a tracking client sends every parameter as text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return metrics_facts.number(value)
