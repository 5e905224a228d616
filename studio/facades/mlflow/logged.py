"""The logged-model calls of MLflow 3: what `log_model` makes before anyone registers it."""

from __future__ import annotations

import secrets
from typing import Any

from studio.facades.mlflow import artifacts, paging, searching
from studio.facades.mlflow.callers import Caller
from studio.facades.mlflow.grammar import Order, parse_filter, parse_order
from studio.facades.mlflow.languages import LOGGED_MODELS
from studio.facades.mlflow.runs import experiments_named
from studio.facades.mlflow.wire import (
    ABSENT,
    Message,
    Refusal,
    bad,
    millis,
    pairs,
    tags_of,
    without_none,
)
from studio.runs import names
from studio.runs.models import LoggedModel
from studio.runs.services import logged_models as services


def described(caller: Caller, row: LoggedModel) -> dict[str, Any]:
    """Return a logged model as MLflow shows it."""
    experiment = caller.experiment_id(row.experiment)
    return {
        "info": without_none(
            model_id=row.guid,
            experiment_id=experiment,
            name=row.name,
            creation_timestamp_ms=millis(row.created),
            last_updated_timestamp_ms=millis(row.changed),
            artifact_uri=f"mlflow-artifacts:/{experiment}/models/{row.guid}/artifacts",
            status=row.status,
            status_message=row.status_message or None,
            model_type=row.model_type or None,
            source_run_id=row.run.guid if row.run else None,
            tags=pairs(row.tags),
        ),
        "data": {"params": pairs(row.params), "metrics": row.metrics},
    }


def create(caller: Caller, message: Message) -> dict[str, Any]:
    experiment = caller.find_experiment(message.text("experiment_id", required=True))
    source = message.text("source_run_id")
    run = caller.find_run(source, alive=True) if source else caller.job
    name = message.text("name", limit=500) or f"{names.pair()}-{secrets.token_hex(2)}"
    if any(sign in name for sign in "/:.%\"'"):
        raise Refusal(
            f"Invalid model name ({name[:200]!r}) provided. Model name must be a non-empty string "
            "and cannot contain the following characters: ('/', ':', '.', '%', '\"', \"'\")."
        )
    row = services.create_model(
        experiment=experiment, run=run, user=caller.user, name=name,
        model_type=message.text("model_type", limit=500),
        params=tags_of(message.messages("params")), tags=tags_of(message.messages("tags")),
    )  # fmt: skip
    return {"model": described(caller, row)}


def _named(caller: Caller, message: Message, *, write: bool = False) -> LoggedModel:
    return artifacts.model_for(caller, message.text("model_id", required=True), write=write)


def get(caller: Caller, message: Message) -> dict[str, Any]:
    return {"model": described(caller, _named(caller, message))}


def finalize(caller: Caller, message: Message) -> dict[str, Any]:
    status = str(message.raw("status") or "")
    if status not in services.STATUSES:
        raise bad(status, "status")
    row = services.change_model(
        model=_named(caller, message, write=True), status=status,
        message=message.text("status_message"),
    )  # fmt: skip
    return {"model": described(caller, row)}


def delete(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    services.delete_model(model=_named(caller, message, write=True))
    return {}


def log_params(caller: Caller, message: Message) -> dict[str, Any]:
    row = _named(caller, message, write=True)
    services.change_model(model=row, params=tags_of(message.messages("params")))
    return {}


def set_tags(caller: Caller, message: Message) -> dict[str, Any]:
    row = _named(caller, message, write=True)
    services.change_model(model=row, tags=tags_of(message.messages("tags")))
    return {"model": described(caller, row)}


def delete_tag(caller: Caller, message: Message) -> dict[str, Any]:
    row = _named(caller, message, write=True)
    key = message.text("tag_key", required=True)
    if key not in row.tags:
        raise Refusal(
            f"No tag with key {key[:250]!r} found for model with ID '{row.guid}'.", ABSENT
        )
    services.change_model(model=row, without=key)
    return {}


def search(caller: Caller, message: Message) -> dict[str, Any]:
    clauses = parse_filter(message.text("filter"), LOGGED_MODELS)
    orders = [_order(each) for each in message.messages("order_by")]
    rows = LoggedModel.objects.select_related("experiment", "run", "owner").filter(
        caller.own_runs("run__"),
        experiment__workspace=caller.workspace,
        experiment__in=experiments_named(caller, message.texts("experiment_ids")),
        deleted=None,
    )
    for clause in clauses:
        if clause.entity == "attribute" and clause.key == "source_run_id" and clause.op == "=":
            rows = rows.filter(run__guid=clause.value)
    datasets = message.messages("datasets")
    found = [
        row
        for row in rows.order_by("-created", "guid")
        if all(_fits(row, clause, datasets) for clause in clauses)
        and (not datasets or _metrics(row, datasets) or not _asks_metrics(clauses))
    ]

    def value_of(row: LoggedModel, order: Order) -> Any:
        if order.entity == "attribute":
            return _facts(row).get(order.key)
        source = {"tag": row.tags, "param": row.params}.get(order.entity)
        return (_metrics(row, datasets) if source is None else source).get(order.key)

    found = paging.ordered(found, orders, value_of)
    shown, more = paging.page(found, message, default=50, most=10_000)
    return {"models": [described(caller, row) for row in shown], **more}


def _order(fields: Message) -> Order:
    name = fields.text("field_name", required=True)
    word = "ASC" if fields.raw("ascending") in (None, True, "true") else "DESC"
    entity, dot, key = name.partition(".")
    quoted = f"{entity}.`{key}`" if dot and "`" not in key and '"' not in key else name
    return parse_order([f"{quoted} {word}"], LOGGED_MODELS)[0]


def _asks_metrics(clauses: list[Any]) -> bool:
    return any(clause.entity == "metric" for clause in clauses)


def _fits(row: LoggedModel, clause: Any, datasets: list[Message]) -> bool:
    more = {"param": row.params, "metric": _metrics(row, datasets)}
    return searching.matches(clause, _facts(row), row.tags, more)


def _metrics(row: LoggedModel, datasets: list[Message]) -> dict[str, float]:
    """Return the model's metrics, or only those measured on the datasets named."""
    wanted = {(each.text("dataset_name"), each.text("dataset_digest")) for each in datasets}
    found = {}
    for each in row.metrics:
        place = (each.get("dataset_name", ""), each.get("dataset_digest", ""))
        if not wanted or place in wanted or (place[0], "") in wanted:
            found[each["key"]] = float(each["value"])
    return found


def _facts(row: LoggedModel) -> dict[str, Any]:
    return {
        "name": row.name,
        "model_id": row.guid,
        "model_type": row.model_type or None,
        "status": row.status.removeprefix("LOGGED_MODEL_"),
        "source_run_id": row.run.guid if row.run else None,
        "creation_timestamp": millis(row.created),
        "last_updated_timestamp": millis(row.changed),
        "experiment_id": str(row.experiment_id),
    }
