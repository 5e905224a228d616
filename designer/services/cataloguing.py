"""What can be placed on the canvas: modules, the team's components, and registered assets."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from officina import checks
from officina.catalogue import PORT_TYPES, Component, Param, Port
from officina.errors import StudioError
from officina.graph import INLINE
from registry import services as registry
from registry.models import AssetKind, AssetVersion
from studio.runs.services.creating import catalogue_of
from studio.workspaces.models import Workspace

# The palette's order; the others follow by name.
CATEGORIES = (
    "Assets", "Data Input and Output", "Data Transformation", "Feature Selection",
    "Statistical Functions", "Machine Learning Algorithms", "Classification", "Regression",
    "Clustering", "Anomaly Detection", "Recommendation", "Model Training",
    "Model Scoring & Evaluation", "Python Language", "R Language", "Text Analytics",
    "Computer Vision", "Web Service",
)  # fmt: skip
META, PICKLE = "meta.json", "model.pkl"
MODELS, TRANSFORMS = "trained", "transform"
MOST_ASSETS = 2_000
FITS = {a: [b for b in PORT_TYPES if checks.fits(a, b)] for a in PORT_TYPES}


def catalogue(workspace: Workspace) -> dict[str, Any]:
    """Return everything that the palette offers in this workspace."""
    components = catalogue_of(workspace).all()
    offered = [each for each in components if not INLINE.match(each.name)]
    saved = [asset_entry(row) | {"kind": saved_kind(row)} for row in _latest(workspace, "model")]
    return {
        "categories": categories_of(offered),
        "components": [component_entry(each) for each in components],
        "data": [asset_entry(row) for row in _latest(workspace, "data")],
        "models": [entry for entry in saved if entry["kind"] != TRANSFORMS],
        "transforms": [entry for entry in saved if entry["kind"] == TRANSFORMS],
        "fits": FITS,
    }


def categories_of(components: list[Component]) -> list[str]:
    """Return the categories in use: those of the palette in its order, then the rest."""
    used = {component.category for component in components}
    return [c for c in CATEGORIES if c in used] + sorted(used.difference(CATEGORIES))


def component_entry(component: Component) -> dict[str, Any]:
    """Return a component as the palette and the property form take it."""
    entry: dict[str, Any] = {
        "name": component.name,
        "version": component.version,
        "title": component.title or component.name,
        "category": component.category,
        "summary": component.summary,
        "doc": component.doc,
        "inputs": [_port(port) for port in component.inputs],
        "outputs": [_port(port) for port in component.outputs],
        "params": [_param(param) for param in component.params],
        "deterministic": component.deterministic,
        "replaces": list(component.replaces),
        "own": component.type != "module",
        "nested": component.type == "pipeline",
    }
    if missing := component.unavailable():
        entry["unavailable"] = missing
    if INLINE.match(component.name):
        entry["hidden"] = True
    return entry


def _port(port: Port) -> dict[str, Any]:
    return {
        "name": port.name,
        "type": port.type,
        "label": port.label,
        "optional": port.optional,
        "help": port.help,
    }


def _param(param: Param) -> dict[str, Any]:
    return {
        "name": param.name,
        "type": param.type,
        "label": param.label,
        "default": param.default,
        "min": param.min,
        "max": param.max,
        "enum": list(param.enum),
        "optional": param.optional,
        "help": param.help,
        "visible_when": dict(param.visible_when) if param.visible_when else None,
        "single": param.single,
        "asset": param.asset,
        "port": param.port,
    }


def _latest(workspace: Workspace, kind: str) -> list[AssetVersion]:
    """Return the newest version of each asset of a kind."""
    rows = AssetVersion.objects.filter(
        asset__workspace=workspace,
        asset__kind=AssetKind(kind),
        asset__archived=False,
        archived=False,
    ).select_related("asset")
    newest: dict[int, AssetVersion] = {}
    for row in rows.order_by("asset__name", "number")[: 20 * MOST_ASSETS]:
        newest[row.asset_id] = row
    return list(newest.values())[:MOST_ASSETS]


def asset_entry(row: AssetVersion) -> dict[str, Any]:
    """Return an asset as the palette shows it."""
    return {
        "name": row.asset.name,
        "version": row.version,
        "type": str(row.document.get("dataType") or row.document.get("type") or "uri_folder"),
        "modified": row.created,
        "description": row.description or row.asset.description,
        "reference": row.reference,
    }


def saved_kind(row: AssetVersion) -> str:
    """Return what a registered model is to the designer: "trained", "transform", or "" for neither."""
    return _kind_of(row.tree) if row.tree else ""


@lru_cache(maxsize=10_000)
def _kind_of(digest: str) -> str:
    # Trees never change, so what was read once holds.
    try:
        files = registry.store().read_tree(digest).files
        for path, entry in files.items():
            folder, _, name = path.rpartition("/")
            if name == META and f"{folder}/{PICKLE}".lstrip("/") in files and entry.size < 2**20:
                meta = json.loads(registry.store().read(entry.sha256))
                return str(meta.get("kind") or "") if isinstance(meta, dict) else ""
    except (StudioError, OSError, ValueError):
        return ""
    return ""
