"""The experiment calls."""

from __future__ import annotations

from typing import Any

from officina.errors import StudioError
from studio.facades.mlflow import paging, searching
from studio.facades.mlflow.callers import DEFAULT, Caller
from studio.facades.mlflow.grammar import Order, parse_filter, parse_order
from studio.facades.mlflow.languages import EXPERIMENTS
from studio.facades.mlflow.wire import ABSENT, EXISTS, Message, Refusal, millis, pairs, tags_of
from studio.runs.models import Experiment
from studio.runs.services import experiments as services

NAME_LENGTH, TAG_LENGTH = 500, 5000


def described(caller: Caller, row: Experiment) -> dict[str, Any]:
    """Return an experiment as MLflow shows it."""
    ident = caller.experiment_id(row)
    return {
        "experiment_id": ident,
        "name": row.name,
        "artifact_location": f"mlflow-artifacts:/{ident}",
        "lifecycle_stage": "deleted" if row.archived else "active",
        "creation_time": millis(row.created),
        "last_update_time": millis(row.changed),
        "tags": pairs(_tags(row)),
    }


def _tags(row: Experiment) -> dict[str, str]:
    own = dict(row.tags)
    if row.description and "mlflow.note.content" not in own:
        own["mlflow.note.content"] = row.description
    return own


def create(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    name = message.text("name", required=True, limit=NAME_LENGTH)
    location = message.text("artifact_location")
    if location and not location.startswith("mlflow-artifacts:"):
        raise Refusal(
            "This server keeps artifacts itself: leave artifact_location out. "
            f"It was {location[:200]!r}."
        )
    try:
        row = services.create_experiment(
            workspace=caller.workspace, user=caller.user, name=name,
            tags=tags_of(message.messages("tags")),
        )  # fmt: skip
    except StudioError as error:
        if error.code != "conflict":
            raise
        raise Refusal(f"Experiment(name={name}) already exists.", EXISTS) from None
    return {"experiment_id": caller.experiment_id(row)}


def get(caller: Caller, message: Message) -> dict[str, Any]:
    row = caller.find_experiment(message.text("experiment_id", required=True))
    return {"experiment": described(caller, row)}


def get_by_name(caller: Caller, message: Message) -> dict[str, Any]:
    name = message.text("experiment_name", required=True)
    row = Experiment.objects.filter(workspace=caller.workspace, name=name).first()
    if row is None and name == DEFAULT and caller.job is None:
        row = caller.find_experiment("0")
    if row is None and caller.job is None:
        raise Refusal(f"Could not find experiment with name '{name[:300]}'", ABSENT)
    if row is None or (caller.job is not None and row.pk != caller.job.experiment_id):
        raise Refusal(
            f"This script runs as a job of the experiment {caller.job.experiment.name!r}; "  # type: ignore[union-attr]
            f"{name[:200]!r} is another one. Leave set_experiment out, or submit the job with "
            f"experiment_name: {name[:200]}.",
            "PERMISSION_DENIED",
        )
    return {"experiment": described(caller, row)}


def _active(caller: Caller, message: Message) -> Experiment:
    row = caller.find_experiment(message.text("experiment_id", required=True))
    if row.archived:
        raise Refusal(
            f"The experiment {caller.experiment_id(row)} must be in the 'active' state. "
            "Current state is deleted."
        )
    return row


def update(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    row = _active(caller, message)
    name = message.text("new_name", limit=NAME_LENGTH)
    if name and name != row.name:
        try:
            services.rename_experiment(experiment=row, user=caller.user, name=name)
        except StudioError as error:
            if error.code != "conflict":
                raise
            raise Refusal(f"Experiment(name={name}) already exists.", EXISTS) from None
    return {}


def delete(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    row = caller.find_experiment(message.text("experiment_id", required=True))
    if row.archived:
        raise Refusal(f"No Experiment with id={caller.experiment_id(row)} exists", ABSENT)
    services.archive_experiment(experiment=row, user=caller.user)
    return {}


def restore(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    row = caller.find_experiment(message.text("experiment_id", required=True))
    if not row.archived:
        raise Refusal(
            f"No Experiment with id={caller.experiment_id(row)} that is deleted exists", ABSENT
        )
    services.restore_experiment(experiment=row, user=caller.user)
    return {}


def set_tag(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    row = _active(caller, message)
    key = message.text("key", required=True, limit=250)
    services.tag_experiment(experiment=row, key=key, value=message.text("value")[:TAG_LENGTH])
    return {}


def delete_tag(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    row = _active(caller, message)
    key = message.text("key", required=True)
    if not services.tag_experiment(experiment=row, key=key, value=None):
        raise Refusal(f"No tag with name: {key[:250]} in experiment with id {row.pk}", ABSENT)
    return {}


def _facts(row: Experiment) -> dict[str, Any]:
    return {
        "name": row.name,
        "experiment_id": row.pk,
        "creation_time": millis(row.created),
        "last_update_time": millis(row.changed),
    }


def search(caller: Caller, message: Message) -> dict[str, Any]:
    # Asked first, so that a new workspace lists its "0" as MLflow's server does.
    if caller.job is None:
        caller.find_experiment("0")
    clauses = parse_filter(message.text("filter"), EXPERIMENTS)
    orders = parse_order(message.texts("order_by"), EXPERIMENTS)
    if not orders:
        orders = [Order("attribute", "creation_time", False)]
    view = message.text("view_type").upper() or "ACTIVE_ONLY"
    searching.view_condition(view)
    rows = Experiment.objects.filter(workspace=caller.workspace).order_by("-pk")
    if caller.job is not None:
        rows = rows.filter(pk=caller.job.experiment_id)
    if view != "ALL":
        rows = rows.filter(archived=view == "DELETED_ONLY")
    found = [
        row
        for row in rows
        if all(searching.matches(clause, _facts(row), _tags(row), {}) for clause in clauses)
    ]

    def value_of(row: Experiment, order: Order) -> Any:
        if order.entity == "tag":
            return _tags(row).get(order.key)
        return _facts(row)[order.key]

    found = paging.ordered(found, orders, value_of)
    shown, more = paging.page(found, message, default=1000, most=paging.MOST_RUNS)
    return {"experiments": [described(caller, row) for row in shown], **more}
