"""The rules of data assets, and the runs that check a version against them."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction

from officina.data.quality_rules import Rule, clean_rules
from officina.errors import StudioError
from officina.storage import Entry
from registry import services as registry
from registry.models import AssetVersion
from studio.automation.models import QualityRules
from studio.runs.models import Artifact, Run
from studio.runs.services import artifact_bytes, create_run
from studio.workspaces import audit
from studio.workspaces.models import Workspace

EXPERIMENT = "data-quality"
TAG = "checks"
COMMAND = "python -m officina.data.quality ${{inputs.data}} rules.json"
REPORT = "outputs/quality.json"


def rules_of(*, workspace: Workspace, name: str) -> list[Rule]:
    """Return the rules that a data asset is held to; none for one without any, or not there yet."""
    row = QualityRules.objects.filter(
        asset__workspace=workspace, asset__kind="data", asset__name=name
    ).first()
    return list(row.rules) if row is not None else []


@transaction.atomic
def set_rules(*, workspace: Workspace, user: Any, name: str, rules: Any) -> list[Rule]:
    """Hold a data asset to these rules from now on; none lifts them."""
    cleaned = clean_rules(rules)
    asset = registry.named(workspace=workspace, kind="data", name=name)
    QualityRules.objects.update_or_create(
        asset=asset, defaults={"rules": cleaned, "changed_by": user}
    )
    audit.record(
        workspace=workspace, actor=user, action="quality.rules", target=f"data/{name}",
        detail={"rules": len(cleaned)},
    )  # fmt: skip
    return cleaned


def check_quality(
    *, workspace: Workspace, user: Any, name: str, version: str = "", rules: Any = None
) -> Run:
    """Start a check of a version, the newest when none is named, against its asset's rules or others."""
    row = registry.find(workspace=workspace, kind="data", name=name, version=version)
    held = clean_rules(rules) if rules is not None else rules_of(workspace=workspace, name=name)
    if not held:
        raise StudioError(
            f"{name} is held to no rules.", where="rules", code="conflict",
            hint="Declare some on its page Quality, or send them along.",
        )  # fmt: skip
    return create_run(workspace=workspace, user=user, document=_document(workspace, row, held))


def _document(workspace: Workspace, row: AssetVersion, rules: list[Rule]) -> dict[str, Any]:
    store = registry.store()
    blob = store.put_bytes(json.dumps(rules, ensure_ascii=False).encode())
    tree = store.put_manifest({"rules.json": Entry(blob.sha256, blob.size)})
    registry.remember_tree(workspace=workspace, tree=tree)
    kind = (row.document.get("dataType") or "uri_folder").replace("mltable", "uri_folder")
    return {
        "jobType": "Command",
        "displayName": f"Check {row.asset.name}:{row.version}",
        "experimentName": EXPERIMENT,
        "description": f"Holds {row.asset.name}:{row.version} to {len(rules)} rules.",
        "environmentId": {
            "name": "current",
            "python": {"userManagedDependencies": True, "interpreterPath": "current"},
        },
        "codeId": tree.uri,
        "command": COMMAND,
        "inputs": {"data": {"jobInputType": kind, "uri": row.reference, "mode": "ro_mount"}},
        "outputs": {},
        "tags": {TAG: row.asset.name, "version": row.version},
    }


def checks_of(workspace: Workspace, name: str) -> Any:
    """Return the runs that checked versions of an asset, the newest first."""
    return Run.objects.filter(
        workspace=workspace, parent=None, labels__kind="tag", labels__key=TAG, labels__value=name,
        deleted=None,
    ).order_by("-created")  # fmt: skip


def report_of(run: Run) -> dict[str, Any] | None:
    """Return the report that a check or an import left; None when there is none (yet)."""
    artifact = Artifact.objects.filter(run=run, path=REPORT).first()
    if artifact is None:
        return None
    with artifact_bytes(artifact) as source:
        found: dict[str, Any] = json.loads(source.read())
    return found
