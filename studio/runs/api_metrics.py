"""Metric points over JSON: read thinned for a chart, logged in batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from officina.errors import StudioError
from officina.storable import unstorable
from studio.lib import limits
from studio.lib.parsers import MAX_BYTES
from studio.runs import services
from studio.runs.api import RUN, RunView, natural, query
from studio.runs.models import MetricBatch
from studio.runs.services.metrics import parse_value
from studio.runs.services.points import Row

BATCH_LENGTH = MetricBatch._meta.get_field("batch").max_length


class MetricBatchBody(msgspec.Struct):
    """Points by key, in columns of equal length; `parse_value` refuses values by the metric's name."""

    key: str
    values: list[Any]
    steps: list[int] = []
    ts: list[float] = []


class MetricsBody(msgspec.Struct):
    """A batch; its id makes a retry change nothing."""

    series: list[MetricBatchBody]
    batch: Annotated[str, msgspec.Meta(max_length=BATCH_LENGTH)] = ""


class RunMetrics(RunView):
    """Metric points of a run."""

    operations = {"get": "runs.read", "post": "runs.edit"}

    @extend_schema(
        operation_id="runs_metrics",
        parameters=[query("key", "metric name; may repeat"), query("points", "most points")],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, workspace: str, guid: str) -> Response:
        run = self.get_run()
        source = run.reused_from or run
        points = min(natural(request, "points", 2000), 100_000)
        keys = request.query_params.getlist("key")
        wanted = source.series.order_by("key")
        if keys:
            wanted = wanted.filter(key__in=keys)
        rows = {
            series.key: {
                "n": series.n,
                "last": series.last_word or series.last_value,
                "low": series.low,
                "high": series.high,
            }
            | services.read_series(run=source, key=series.key, points=points)
            for series in wanted[:200]
        }
        return Response({"run": run.guid, "series": rows})

    @extend_schema(
        operation_id="runs_log_metrics", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT
    )
    def post(self, request: Request, workspace: str, guid: str) -> Response:
        run = self.get_run()
        # Not through the parsers: a batch may hold tens of thousands of numbers.
        data = request.stream.read(MAX_BYTES + 1) if request.stream else b""
        if len(data) > MAX_BYTES:
            raise limits.too_large(MAX_BYTES)
        try:
            body = msgspec.json.decode(data, type=MetricsBody)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StudioError(str(error), where="metrics") from error
        if found := unstorable(data, [body.batch, *(each.key for each in body.series)]):
            raise StudioError(
                f"A name holds the character {found}, which cannot be stored.", where="metrics"
            )
        rows: dict[str, list[Row]] = {}
        for column in body.series:
            rows.setdefault(column.key, []).extend(_rows(column))
        given = {key: of_key for key, of_key in rows.items() if of_key}
        stored = services.record_rows(run=run, rows=given, batch=body.batch)
        return Response({"stored": sum(map(len, given.values())) if stored else 0})


def _rows(column: MetricBatchBody) -> Iterable[Row]:
    values: list[Any] = column.values
    steps = column.steps or list(range(len(values)))
    ts = column.ts or [0.0] * len(values)
    if not len(steps) == len(ts) == len(values):
        raise StudioError("values, steps and ts differ in length.", where=f"metric {column.key}")
    if set(map(type, values)) - {float}:
        where = f"metric {column.key}"
        values = [parse_value(value, where=where) for value in values]
    return zip(steps, ts, values, strict=True)


urlpatterns = [path(f"{RUN}/metrics", RunMetrics.as_view(), name="api-run-metrics")]
