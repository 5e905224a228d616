"""Search over runs: clauses become conditions of one query, orders become its columns."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any

from django.db.models import (
    Case,
    Exists,
    F,
    FloatField,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from studio.facades.mlflow.grammar import (
    ATTRIBUTE,
    DATASET,
    METRIC,
    Clause,
    Order,
    like_pattern,
)
from studio.facades.mlflow.wire import Refusal, bad, moment_of
from studio.runs.models import DatasetUse, MetricSeries, Run, RunTag, Status

RUN_NAME, PARENT = "mlflow.runName", "mlflow.parentRunId"
STATUSES = {
    "RUNNING": (Status.RUNNING, Status.FINALIZING, Status.CANCEL_REQUESTED),
    "SCHEDULED": (Status.NOT_STARTED, Status.QUEUED, Status.PREPARING),
    "FINISHED": (Status.COMPLETED,),
    "FAILED": (Status.FAILED,),
    "KILLED": (Status.CANCELED,),
}
WORD_OF = {status: word for word, statuses in STATUSES.items() for status in statuses}
_LOOKUPS = {"=": "exact", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
HUGE = 1.7976931348623157e308


def view_condition(view: str) -> Q:
    """Return the condition of ACTIVE_ONLY (the default), DELETED_ONLY or ALL."""
    wanted = (view or "ACTIVE_ONLY").upper()
    if wanted == "ACTIVE_ONLY":
        return Q(deleted=None)
    if wanted == "DELETED_ONLY":
        return Q(deleted__isnull=False)
    if wanted == "ALL":
        return Q()
    raise Refusal(f"Invalid view type {view[:40]!r}: use ACTIVE_ONLY, DELETED_ONLY or ALL.")


def text_condition(column: str, clause: Clause) -> Q:
    """Compare a text column; a row without the value matches nothing, `!=` included."""
    if clause.op == "=":
        return Q(**{column: clause.value})
    if clause.op == "!=":
        return Q(**{f"{column}__isnull": False}) & ~Q(**{column: clause.value})
    if clause.op in {"LIKE", "ILIKE"}:
        lookup = "regex" if clause.op == "LIKE" else "iregex"
        return Q(**{f"{column}__{lookup}": like_pattern(clause.value)})
    if clause.op == "IN":
        return Q(**{f"{column}__in": clause.value})
    return ~Q(**{f"{column}__in": clause.value})


def run_condition(clause: Clause) -> Q:
    """Return what a run must fulfil."""
    if clause.entity == METRIC:
        return Q(Exists(_metric_rows(clause)))
    if clause.entity == ATTRIBUTE:
        return _attribute(clause)
    if clause.entity == DATASET:
        column = "context" if clause.key == "context" else f"dataset__{clause.key}"
        rows = DatasetUse.objects.filter(run=OuterRef("pk"))
        return Q(Exists(rows.filter(text_condition(column, clause))))
    if clause.key == RUN_NAME and "NULL" not in clause.op:
        return text_condition("display_name", clause)
    labels = RunTag.objects.filter(run=OuterRef("pk"), kind=clause.entity, key=clause.key)
    if clause.op == "IS NULL":
        return ~Q(Exists(labels))
    if clause.op == "IS NOT NULL":
        return Q(Exists(labels))
    short = Clause(clause.entity, clause.key, clause.op, clause.value[:500])
    found = Q(Exists(labels.filter(text_condition("value", short))))
    if clause.key == PARENT and clause.op in {"=", "LIKE", "ILIKE"}:
        found |= text_condition("parent__guid", clause)
    return found


def _metric_rows(clause: Clause) -> QuerySet[MetricSeries]:
    rows = MetricSeries.objects.filter(run=OuterRef("pk"), key=clause.key)
    number, lookup = clause.value, _LOOKUPS.get(clause.op)
    if math.isnan(number):
        # Nothing equals NaN, and all that is a number differs from it.
        return rows if clause.op == "!=" else rows.none()
    if math.isinf(number):
        word = "Infinity" if number > 0 else "-Infinity"
        if clause.op in {"=", "!="}:
            same = Q(last_word=word)
            return rows.filter(same if clause.op == "=" else ~same)
        number = math.copysign(HUGE, number)
    if clause.op == "!=":
        return rows.filter(~Q(last_value=number) | Q(last_value=None))
    condition = Q(**{f"last_value__{lookup}": number})
    if clause.op in {">", ">="}:
        condition |= Q(last_word="Infinity")
    if clause.op in {"<", "<="}:
        condition |= Q(last_word="-Infinity")
    return rows.filter(condition)


def _attribute(clause: Clause) -> Q:
    if clause.key in {"start_time", "end_time"}:
        return _time("started" if clause.key == "start_time" else "ended", clause)
    if clause.key == "status":
        return _status(clause)
    if clause.key == "artifact_uri":
        # Derived from the run's id, which is the only part that tells runs apart.
        guid = str(clause.value).rstrip("/").removesuffix("/artifacts").rpartition("/")[2]
        same = Q(guid=guid) if clause.op in {"=", "LIKE", "ILIKE"} else ~Q(guid=guid)
        return same
    if clause.key == "experiment_id":
        if not str(clause.value).isdigit():
            raise bad(clause.value, "experiment_id")
        return text_condition("experiment_id", clause)
    column = {"run_id": "guid", "run_name": "display_name", "user_id": "owner__email"}[clause.key]
    return text_condition(column, clause)


def _time(column: str, clause: Clause) -> Q:
    moment = moment_of(int(clause.value), clause.key)
    if clause.op == "!=":
        return Q(**{f"{column}__isnull": False}) & ~Q(**{column: moment})
    return Q(**{f"{column}__{_LOOKUPS[clause.op]}": moment})


def _status(clause: Clause) -> Q:
    record = {word: {"status": word} for word in STATUSES}
    fitting = [
        status
        for word, statuses in STATUSES.items()
        if matches(Clause(ATTRIBUTE, "status", clause.op, clause.value), record[word], {}, {})
        for status in statuses
    ]
    return Q(status__in=fitting)


def ordered_runs(rows: QuerySet[Run], orders: list[Order]) -> QuerySet[Run]:
    """Order runs: what is missing last in both directions, NaN just before it."""
    columns: list[Any] = []
    for number, order in enumerate(orders):
        rows, added = _order(rows, order, f"by_{number}")
        columns += added
    names = {order.key for order in orders if order.entity == ATTRIBUTE}
    if "start_time" not in names:
        columns.append(F("started").desc(nulls_last=True))
    return rows.order_by(*columns, "guid")


def _order(rows: QuerySet[Run], order: Order, name: str) -> tuple[QuerySet[Run], list[Any]]:
    def way(field: Any) -> Any:
        return field.asc(nulls_last=True) if order.ascending else field.desc(nulls_last=True)

    if order.entity == METRIC:
        series = MetricSeries.objects.filter(run=OuterRef("pk"), key=order.key)
        value = Case(
            When(last_word="Infinity", then=Value(HUGE)),
            When(last_word="-Infinity", then=Value(-HUGE)),
            default=F("last_value"),
            output_field=FloatField(),
        )
        rank = Case(
            When(last_word="NaN", then=Value(1)), default=Value(0), output_field=IntegerField()
        )
        rows = rows.annotate(
            **{
                f"{name}_rank": Coalesce(
                    Subquery(series.annotate(rank=rank).values("rank")[:1]), Value(2)
                ),
                name: Subquery(series.annotate(sorted_by=value).values("sorted_by")[:1]),
            }
        )
        return rows, [F(f"{name}_rank").asc(), way(F(name))]
    if (order.entity, order.key) == (ATTRIBUTE, "status"):
        word = Case(*(When(status=each, then=Value(shown)) for each, shown in WORD_OF.items()))
        return rows.annotate(**{name: word}), [way(F(name))]
    if order.entity == ATTRIBUTE:
        column = {
            "start_time": "started", "end_time": "ended", "run_id": "guid", "artifact_uri": "guid",
            "run_name": "display_name", "user_id": "owner__email", "experiment_id": "experiment_id",
        }[order.key]  # fmt: skip
        return rows, [way(F(column))]
    if order.key == RUN_NAME:
        return rows, [way(F("display_name"))]
    labels = RunTag.objects.filter(run=OuterRef("pk"), kind=order.entity, key=order.key)
    return rows.annotate(**{name: Subquery(labels.values("value")[:1])}), [way(F(name))]


# -- things that are few enough to be looked at one by one ----------------------------------------


def matches(
    clause: Clause,
    attributes: dict[str, Any],
    tags: dict[str, Any],
    more: dict[str, dict[str, Any]],
) -> bool:
    """Say whether a described thing fits a clause; `more` holds params and metrics by entity."""
    if clause.entity == ATTRIBUTE:
        value = attributes.get(clause.key)
    else:
        value = {"tag": tags, **more}.get(clause.entity, {}).get(clause.key)
    if clause.op in {"IS NULL", "IS NOT NULL"}:
        return (value is None) == (clause.op == "IS NULL")
    if value is None:
        return False
    wanted = clause.value
    if clause.op in {"LIKE", "ILIKE"}:
        flags = re.DOTALL | (re.IGNORECASE if clause.op == "ILIKE" else 0)
        return re.match(like_pattern(wanted), str(value), flags) is not None
    if clause.op in {"IN", "NOT IN"}:
        return (value in wanted) == (clause.op == "IN")
    return _COMPARE[clause.op](value, wanted)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
