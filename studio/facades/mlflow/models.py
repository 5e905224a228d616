"""The registered-model calls: models are the registry's assets, aliases its labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from officina.errors import StudioError
from registry import services as registry
from registry.models import Asset, AssetLabel, AssetVersion
from studio.facades.mlflow import paging, searching
from studio.facades.mlflow.callers import Caller
from studio.facades.mlflow.grammar import Clause, Order, parse_filter, parse_order
from studio.facades.mlflow.languages import MODELS
from studio.facades.mlflow.versions import described as version_described
from studio.facades.mlflow.versions import find as find_version
from studio.facades.mlflow.versions import own_only
from studio.facades.mlflow.wire import (
    ABSENT,
    EXISTS,
    Message,
    Refusal,
    millis,
    pairs,
    tags_of,
    without_none,
)

PROMPT = "mlflow.prompt.is_prompt"
NAME_LENGTH = 256


def find(caller: Caller, message: Message, field: str = "name") -> Asset:
    """Return the model that a request names."""
    name = message.text(field, required=True)
    row = Asset.objects.filter(
        workspace=caller.workspace, kind="model", name=name, deleted=None
    ).first()
    if row is None:
        raise Refusal(f"Registered Model with name={name[:300]} not found", ABSENT)
    return row


def described(rows: list[Asset]) -> list[dict[str, Any]]:
    """Return models as MLflow shows them, each with the newest version of each stage."""
    keys = [row.pk for row in rows]
    newest: dict[int, dict[str, AssetVersion]] = {}
    versions = AssetVersion.objects.select_related("asset", "created_by").filter(
        asset__in=keys, deleted=None, archived=False
    )
    for version in versions.order_by("-number"):
        newest.setdefault(version.asset_id, {}).setdefault(version.stage, version)
    aliases: dict[int, list[dict[str, str]]] = {}
    labels = AssetLabel.objects.filter(asset__in=keys).values_list(
        "asset", "name", "version__version"
    )
    for asset, name, number in labels:
        aliases.setdefault(asset, []).append({"alias": name, "version": number})
    return [
        without_none(
            name=row.name,
            creation_timestamp=millis(row.created),
            last_updated_timestamp=millis(row.changed),
            description=row.description or None,
            latest_versions=[
                version_described(version)
                for version in sorted(newest.get(row.pk, {}).values(), key=lambda v: v.number)
            ],
            tags=pairs(row.tags),
            aliases=aliases.get(row.pk, []),
        )
        for row in rows
    ]


def create(caller: Caller, message: Message) -> dict[str, Any]:
    name = message.text("name", required=True, limit=NAME_LENGTH)
    try:
        row = registry.create_asset(
            workspace=caller.workspace, kind="model", name=name,
            description=message.text("description"), tags=tags_of(message.messages("tags")),
            user=caller.user,
        )  # fmt: skip
    except StudioError as error:
        if error.code != "conflict":
            raise
        raise Refusal(f"Registered Model (name={name}) already exists.", EXISTS) from None
    return {"registered_model": described([row])[0]}


def get(caller: Caller, message: Message) -> dict[str, Any]:
    return {"registered_model": described([find(caller, message)])[0]}


def update(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    row = find(caller, message)
    if message.has("description"):
        registry.update_asset(row, description=message.text("description"), user=caller.user)
    return {"registered_model": described([row])[0]}


def rename(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    row = find(caller, message)
    name = message.text("new_name", required=True, limit=NAME_LENGTH)
    try:
        row = registry.rename(
            workspace=caller.workspace, kind="model", name=row.name, new_name=name,
            user=caller.user,
        )  # fmt: skip
    except StudioError as error:
        if error.code != "conflict":
            raise
        raise Refusal(f"Registered Model (name={name}) already exists.", EXISTS) from None
    return {"registered_model": described([row])[0]}


def delete(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    row = find(caller, message)
    registry.delete_asset(
        workspace=caller.workspace, kind="model", name=row.name, confirm=True, user=caller.user
    )
    return {}


def _with_tags(caller: Caller, message: Message, change: dict[str, str | None]) -> None:
    caller.people_only()
    with transaction.atomic():
        row = Asset.objects.select_for_update().get(pk=find(caller, message).pk)
        tags = {**row.tags, **change}
        kept = {key: value for key, value in tags.items() if value is not None}
        registry.update_asset(row, tags=kept, user=caller.user)


def set_tag(caller: Caller, message: Message) -> dict[str, Any]:
    key = message.text("key", required=True, limit=250)
    _with_tags(caller, message, {key: message.text("value", limit=100_000)})
    return {}


def delete_tag(caller: Caller, message: Message) -> dict[str, Any]:
    _with_tags(caller, message, {message.text("key", required=True): None})
    return {}


def set_alias(caller: Caller, message: Message) -> dict[str, Any]:
    alias = message.text("alias", required=True, limit=255)
    registry.check_label(alias)
    version = find_version(caller, message)
    own_only(caller, version)
    registry.set_label(
        workspace=caller.workspace, kind="model", name=version.asset.name, label=alias,
        version=version.version, user=caller.user,
    )  # fmt: skip
    return {}


def delete_alias(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    row = find(caller, message)
    label = message.text("alias", required=True)
    if AssetLabel.objects.filter(asset=row, name=label).exists():
        registry.delete_label(
            workspace=caller.workspace, kind="model", name=row.name, label=label, user=caller.user
        )
    return {}


def get_by_alias(caller: Caller, message: Message) -> dict[str, Any]:
    row, alias = find(caller, message), message.text("alias", required=True)
    versions = AssetVersion.objects.select_related("asset", "created_by")
    versions = versions.filter(asset=row, deleted=None)
    if alias.lower() == "latest":
        found = versions.filter(archived=False).order_by("-number").first()
    else:
        found = versions.filter(labels__name=alias).first()
    if found is None:
        raise Refusal(f"Registered model alias {alias[:255]} not found.")
    return {"model_version": version_described(found)}


def latest_versions(caller: Caller, message: Message) -> dict[str, Any]:
    row = find(caller, message)
    wanted = message.texts("stages")
    stages = {_stage(caller, each) for each in wanted}
    shown = described([row])[0]["latest_versions"]
    if stages:
        shown = [each for each in shown if each["current_stage"] in stages]
    return {"model_versions": shown}


def _stage(caller: Caller, stage: str) -> str:
    for known in registry.stages(caller.workspace):
        if known.lower() == stage.lower():
            return known
    listing = ", ".join(registry.stages(caller.workspace))
    raise Refusal(f"Invalid Model Version stage: {stage[:64]}. Value must be one of {listing}.")


def is_hidden(tags: dict[str, Any], clauses: Iterable[Clause]) -> bool:
    """Say whether it is a prompt that nobody asked for: prompts share the table with models."""
    asked = any(clause.entity == "tag" and clause.key == PROMPT for clause in clauses)
    return not asked and str(tags.get(PROMPT, "")).lower() == "true"


def _fits_prompts(clause: Clause, tags: dict[str, Any]) -> bool:
    """Let a model without the tag pass `!= 'true'`, which is how clients leave prompts out."""
    return clause.entity == "tag" and clause.key == PROMPT and clause.op == "!=" and (
        PROMPT not in tags
    )  # fmt: skip


def search(caller: Caller, message: Message) -> dict[str, Any]:
    clauses = parse_filter(message.text("filter"), MODELS)
    orders = parse_order(message.texts("order_by"), MODELS)
    orders.append(Order("attribute", "name"))
    rows = registry.assets(workspace=caller.workspace, kind="model").order_by("name")
    found = [
        row
        for row in rows
        if not is_hidden(row.tags, clauses)
        and all(
            searching.matches(clause, {"name": row.name}, row.tags, {})
            or _fits_prompts(clause, row.tags)
            for clause in clauses
        )
    ]

    def value_of(row: Asset, order: Order) -> Any:
        if order.entity == "tag":
            return row.tags.get(order.key)
        if order.key == "name":
            return row.name
        return row.created if order.key == "creation_timestamp" else row.changed

    found = paging.ordered(found, orders, value_of)
    shown, more = paging.page(found, message, default=100, most=paging.MOST_MODELS)
    return {"registered_models": described(shown), **more}
