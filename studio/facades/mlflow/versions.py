"""The model-version calls, and where the files of a new version come from."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from django.db import transaction

from officina.storage import Entry, Tree, paths
from registry import services as registry
from registry.models import AssetVersion
from studio.facades.mlflow import artifacts, paging, searching
from studio.facades.mlflow.callers import Caller, is_number
from studio.facades.mlflow.grammar import Order, parse_filter, parse_order
from studio.facades.mlflow.languages import VERSIONS
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
from studio.runs.models import LineageEdge

ACTIVE_STAGES = ("Staging", "Production")
# Places that the server never reads: the client does, with its own credentials.
FOREIGN = frozenset({"s3", "gs", "wasb", "wasbs", "abfss", "hdfs", "dbfs", "http", "https"})
_LOGGED = re.compile(r"^models:/(?P<guid>m-[0-9a-f]{32})/?\Z")
_REGISTERED = re.compile(r"^models:/(?P<name>[^/@]+)(?:/(?P<version>[^/]+)|@(?P<alias>[^/]+))\Z")
_OF_RUN = re.compile(r"^runs:/(?P<run>[0-9a-f]{32})(?:/(?P<rest>.*))?\Z", re.S)
PROMPT = "mlflow.prompt.is_prompt"
# What clients put where a model's source would stand.
PROMPT_SOURCES = frozenset({"dummy-source", "prompt-template"})


def described(row: AssetVersion) -> dict[str, Any]:
    """Return a version as MLflow shows it."""
    document = row.document
    return without_none(
        name=row.asset.name,
        version=row.version,
        creation_timestamp=millis(row.created),
        last_updated_timestamp=millis(row.changed),
        user_id=row.created_by.email if row.created_by else None,
        current_stage=row.stage,
        description=row.description,
        source=document.get("source") or location(row),
        run_id=row.run_guid or None,
        run_link=document.get("runLink") or None,
        model_id=document.get("modelId") or None,
        status="READY",
        tags=pairs(row.tags),
        aliases=[label.name for label in row.labels.all()],
    )


def location(row: AssetVersion) -> str:
    """Return where a client fetches the version's files: here, if the registry holds them."""
    if row.tree:
        return f"mlflow-artifacts:/{artifacts.REGISTRY}/{row.asset.name}/{row.version}"
    return str(row.document.get("source") or "")


def find(caller: Caller, message: Message) -> AssetVersion:
    name = message.text("name", required=True)
    version = message.raw("version")
    if isinstance(version, list) and version:
        version = version[-1]
    if version in (None, ""):
        raise Refusal("Missing value for required parameter 'version'.")
    if not isinstance(version, str | int) or "\0" in str(version):
        raise bad(version, "version")
    row = (
        AssetVersion.objects.select_related("asset", "asset__workspace", "created_by")
        .filter(
            asset__workspace=caller.workspace, asset__kind="model", asset__name=name,
            version=str(version), deleted=None,
        )
        .first()
    )  # fmt: skip
    if row is None and not is_number(str(version)):
        raise Refusal(f"Parameter 'version' must be an integer, got {str(version)[:100]!r}.")
    if row is None:
        raise Refusal(f"Model Version (name={name[:256]}, version={version}) not found", ABSENT)
    return row


def own_only(caller: Caller, row: AssetVersion) -> None:
    """Let a job's token change only versions that its own runs made."""
    if caller.job is not None:
        caller.find_run(row.run_guid)


def create(caller: Caller, message: Message) -> dict[str, Any]:
    name = message.text("name", required=True)
    registry.named(workspace=caller.workspace, kind="model", name=name)
    source = message.text("source", required=True, limit=5000)
    tags = tags_of(message.messages("tags"))
    tree, run_guid, model_guid = resolved(caller, source, tags)
    wanted = message.text("run_id")
    if wanted:
        caller.find_run(wanted)
        if run_guid and run_guid != wanted and source.startswith(("runs:", "mlflow-artifacts:")):
            raise Refusal(f"The source {source[:300]!r} does not lie in the run {wanted[:40]!r}.")
    model_guid = message.text("model_id") or model_guid
    if not wanted and model_guid:
        run = artifacts.model_for(caller, model_guid).run
        run_guid = run.guid if run is not None else run_guid
    document = without_none(
        modelType="mlflow_model" if tree is None or "MLmodel" in tree.files else "custom_model",
        source=source,
        runLink=message.text("run_link") or None,
        modelId=model_guid or None,
        jobName=wanted or run_guid or None,
    )
    with transaction.atomic():
        row = registry.register(
            workspace=caller.workspace, kind="model", name=name, document=document, tree=tree,
            description=message.text("description"), tags=tags, run_guid=wanted or run_guid,
            user=caller.user,
        )  # fmt: skip
        if row.run_guid:
            LineageEdge.objects.get_or_create(
                workspace=caller.workspace, source=f"run/{row.run_guid}", target=row.end
            )
    return {"model_version": described(row)}


def resolved(caller: Caller, source: str, tags: dict[str, str]) -> tuple[Tree | None, str, str]:
    """Return the stored files that a source names, its run and its logged model.

    The version gets a hold of its own on the files, so nothing that happens to the run or the
    logged model later changes it.
    """
    _refuse_escapes(source)
    if tags.get(PROMPT, "").lower() == "true":
        # A tag must not be a way round the checks below: prompts have no files.
        if source not in PROMPT_SOURCES:
            raise Refusal(f"Invalid prompt source: '{source[:300]}'. A prompt has no files.")
        return None, "", ""
    if match := _LOGGED.match(source):
        model = artifacts.model_for(caller, match["guid"])
        place = artifacts.Place("", model=model)
        return _tree(caller, place, source), model.run.guid if model.run else "", model.guid
    if match := _REGISTERED.match(source):
        row = registry.find(
            workspace=caller.workspace, kind="model", name=match["name"],
            version=match["version"] or "", label=match["alias"] or "",
        )  # fmt: skip
        tree = registry.open_tree(workspace=caller.workspace, digest=row.tree) if row.tree else None
        return tree, row.run_guid, str(row.document.get("modelId") or "")
    if match := _OF_RUN.match(source):
        rest = (match["rest"] or "").strip("/")
        run = caller.find_run(match["run"])
        place = artifacts.Place(paths.check_name(rest) if rest else "", run=run)
        return _tree(caller, place, source), run.guid, ""
    if (path := artifacts.source_path(source)) is not None:
        place = artifacts.place_of(caller, path)
        run_guid = place.run.guid if place.run else ""
        if place.model is not None and place.model.run is not None:
            run_guid = place.model.run.guid
        model_guid = place.model.guid if place.model else ""
        return _tree(caller, place, source), run_guid, model_guid
    if urlsplit(source).scheme in FOREIGN:
        return None, "", ""
    raise Refusal(
        f"Invalid model version source: '{source[:300]}'. To use a local path as a model version "
        "source is not possible here: log the model to a run first, and register "
        "runs:/<run id>/<path> or models:/<model id>."
    )


def _refuse_escapes(source: str) -> None:
    plain = source
    for _ in range(5):
        plain = unquote(plain)
    parts = re.split(r"[/\\?#:]", plain)
    if ".." in parts or "\0" in plain or "\\" in plain:
        raise Refusal(f"Invalid model version source: '{source[:300]}' leads out of its place.")


def _tree(caller: Caller, place: artifacts.Place, source: str) -> Tree:
    found = place.entries()
    start = f"{place.rest}/" if place.rest else ""
    files: dict[str, Entry] = {
        (name.removeprefix(start) if name != place.rest else name.rpartition("/")[2]): entry
        for name, entry in found.items()
    }
    if not files:
        raise Refusal(f"Unable to find a logged model or file at {source[:300]!r}.")
    return registry.store().put_manifest(files)


def get(caller: Caller, message: Message) -> dict[str, Any]:
    return {"model_version": described(find(caller, message))}


def get_download_uri(caller: Caller, message: Message) -> dict[str, Any]:
    return {"artifact_uri": location(find(caller, message))}


def update(caller: Caller, message: Message) -> dict[str, Any]:
    row = find(caller, message)
    own_only(caller, row)
    if message.has("description"):
        registry.update(row, description=message.text("description"), user=caller.user)
    return {"model_version": described(row)}


def delete(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    registry.delete(find(caller, message), confirm=True, user=caller.user)
    return {}


def transition(caller: Caller, message: Message) -> dict[str, Any]:
    row = find(caller, message)
    own_only(caller, row)
    known = {each.lower(): each for each in registry.stages(caller.workspace)}
    stage = known.get(message.text("stage", required=True).lower())
    if stage is None:
        raise Refusal(
            f"Invalid Model Version stage: {message.text('stage')[:64]}. "
            f"Value must be one of {', '.join(known.values())}."
        )
    archive = message.flag("archive_existing_versions")
    if archive and stage not in ACTIVE_STAGES:
        raise Refusal(
            "Model version transition cannot archive existing model versions because "
            f"'{stage}' is not an Active stage. Valid stages are {', '.join(ACTIVE_STAGES)}"
        )
    with transaction.atomic():
        registry.set_stage(row, stage=stage, user=caller.user)
        others = row.asset.versions.filter(stage=stage, deleted=None).exclude(pk=row.pk)
        for other in others.select_related("asset", "asset__workspace") if archive else ():
            own_only(caller, other)
            registry.set_stage(other, stage="Archived", user=caller.user)
    return {"model_version": described(row)}


def _with_tags(caller: Caller, message: Message, change: dict[str, str | None]) -> None:
    row = find(caller, message)
    own_only(caller, row)
    with transaction.atomic():
        locked = AssetVersion.objects.select_for_update().get(pk=row.pk)
        tags = {**locked.tags, **change}
        kept = {key: value for key, value in tags.items() if value is not None}
        registry.update(row, tags=kept, user=caller.user)


def set_tag(caller: Caller, message: Message) -> dict[str, Any]:
    key = message.text("key", required=True, limit=250)
    _with_tags(caller, message, {key: message.text("value", limit=100_000)})
    return {}


def delete_tag(caller: Caller, message: Message) -> dict[str, Any]:
    _with_tags(caller, message, {message.text("key", required=True): None})
    return {}


def search(caller: Caller, message: Message) -> dict[str, Any]:
    clauses = parse_filter(message.text("filter"), VERSIONS)
    orders = parse_order(message.texts("order_by"), VERSIONS)
    if not orders:
        orders = [Order("attribute", "last_updated_timestamp", False)]
    orders += [Order("attribute", "name"), Order("attribute", "version_number", False)]
    rows = AssetVersion.objects.select_related("asset", "created_by").prefetch_related("labels")
    rows = rows.filter(asset__workspace=caller.workspace, asset__kind="model").active()
    for clause in clauses:
        column = {"name": "asset__name", "run_id": "run_guid"}.get(clause.key)
        if clause.entity == "attribute" and column and clause.op in {"=", "IN"}:
            rows = rows.filter(searching.text_condition(column, clause))
    asked = any(clause.key == PROMPT for clause in clauses)
    found = [
        row
        for row in rows.order_by("-number")
        if (asked or str(row.tags.get(PROMPT, "")).lower() != "true")
        and all(searching.matches(clause, _facts(row), row.tags, {}) for clause in clauses)
    ]

    def value_of(row: AssetVersion, order: Order) -> Any:
        return row.tags.get(order.key) if order.entity == "tag" else _facts(row)[order.key]

    found = paging.ordered(found, orders, value_of)
    shown, more = paging.page(found, message, default=10_000, most=paging.MOST_VERSIONS)
    return {"model_versions": [described(row) for row in shown], **more}


def _facts(row: AssetVersion) -> dict[str, Any]:
    return {
        "name": row.asset.name,
        "version_number": row.number,
        "run_id": row.run_guid or None,
        "source": row.document.get("source") or location(row),
        "creation_timestamp": row.created,
        "last_updated_timestamp": row.changed,
    }
