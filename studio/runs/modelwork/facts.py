"""What a model's page and the API tell of the work on a version."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from officina.storage import Tree
from registry import services as registry
from registry.inspection import inspect_model
from registry.models import AssetVersion
from studio.runs.models import Artifact, ModelWork, Run
from studio.runs.modelwork import choosing

APART = "rows apart"
SHOWN = 20


@dataclass(frozen=True)
class Piece:
    """One piece of work as shown: its run's state and what it found."""

    work: ModelWork
    run: Run | None
    rows: dict[str, list[Any]] | None = None

    @property
    def table(self) -> tuple[list[str], list[list[Any]]]:
        """Return the rows whose answers lie apart: heads and lines."""
        if not self.rows:
            return [], []
        heads = list(self.rows)
        return heads, [list(line) for line in zip(*self.rows.values(), strict=False)]

    @property
    def agreement(self) -> str:
        """Return the share of labels in which both models agree, in words."""
        share = (self.work.result.get("comparison") or {}).get("label_agreement")
        return "" if share is None else f"{share:.2%}"

    def as_json(self) -> dict[str, Any]:
        """Return the piece for the API."""
        made, run = self.work.made, self.run
        return {
            "action": self.work.action,
            "run": run.guid if run else None,
            "name": run.name if run else None,
            "status": run.status if run else "Completed",
            "reason": run.reason if run else "",
            "error": run.error if run else None,
            "options": self.work.options,
            "result": self.work.result,
            "made": None if made is None else {"name": made.asset.name, "version": made.version},
            "rows_apart": self.rows,
            "created": self.work.created,
        }


def history(version: AssetVersion, *, action: str = "") -> list[Piece]:
    """Return the work on a version, newest first."""
    rows = ModelWork.objects.filter(version=version).select_related("run", "made__asset")
    if action:
        rows = rows.filter(action=action)
    return [_piece(row) for row in rows[:SHOWN]]


def newest(version: AssetVersion) -> dict[str, Piece]:
    """Return the newest piece of each action."""
    found = {}
    for action in ("convert", "package", "profile"):
        rows = ModelWork.objects.filter(version=version, action=action)
        row = rows.select_related("run", "made__asset").first()
        if row is not None:
            found[action] = _piece(row)
    return found


def last_result(version: AssetVersion, action: str) -> dict[str, Any]:
    """Return the newest result of an action that there is; empty when it never succeeded."""
    rows = ModelWork.objects.filter(version=version, action=action).exclude(result={})
    row = rows.first()
    return dict(row.result) if row is not None else {}


def _piece(row: ModelWork) -> Piece:
    rows = None
    if row.run is not None and row.action == ModelWork.CONVERT and row.run.status == "Failed":
        figure = Artifact.objects.filter(run=row.run, kind="table", key=APART).first()
        if figure is not None and figure.size < 1 << 20:
            rows = json.loads(registry.store().read(figure.sha256))
    return Piece(row, row.run, rows)


def actions(
    version: AssetVersion, tree: Tree, allowed: Any, role: str
) -> dict[str, dict[str, Any]]:
    """Return for each action why it is off for this person and model; nothing when it is on."""
    report = inspect_model(tree)
    chosen = choosing.choose(version, tree, report)
    onnx = "onnx" in report["flavours"]
    missing = choosing.missing_for_onnx(chosen)
    known = bool(report["flavours"])
    found: dict[str, dict[str, Any]] = {}
    for action in ("convert", "package", "profile"):
        reason = ""
        needed = ["runs.submit", *(["registry.write"] if action == "convert" else [])]
        lacking = next((name for name in needed if name not in allowed), "")
        if lacking:
            reason = f'Your role "{role}" lacks {lacking}; an owner can give it.'
        elif version.deleted or not tree.files:
            reason = "This version holds no files."
        elif not known:
            reason = "Its files are of no flavour that is known here."
        elif action == "convert" and onnx:
            reason = "It is ONNX already."
        elif (action == "convert" or onnx) and missing:
            reason = missing
        found[action] = {"reason": reason}
    return found
