"""Writing a workspace's archive while it is sent.

manifest.json        format, workspace, counts
assets.jsonl         one asset a line, with its versions and labels
<part>.jsonl         what other apps add, such as the history of runs
trees/<digest>.json  the list of files of each version
blobs/<sha256>       the bytes, each once
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.utils import timezone

from officina.storage import Entry
from officina.storage.trees import encode
from registry.downloads import zip_stream
from registry.models import Asset, AssetVersion
from registry.services import storing
from studio.workspaces.models import Workspace

FORMAT = 1

_parts: dict[str, Callable[[Workspace], Iterator[dict[str, Any]]]] = {}


def provide_part(name: str, rows: Callable[[Workspace], Iterator[dict[str, Any]]]) -> None:
    """Let a higher app add `<name>.jsonl`, one object a line; the importer leaves it alone."""
    _parts[name] = rows


def export_workspace(workspace: Workspace) -> Iterator[bytes]:
    """Yield the archive; memory holds one block, one asset, and the digests seen."""
    return zip_stream(_members(workspace))


def _members(workspace: Workspace) -> Iterator[tuple[str, Entry | bytes | Iterator[bytes]]]:
    assets = Asset.objects.filter(workspace=workspace, deleted=None)
    versions = AssetVersion.objects.filter(asset__in=assets, deleted=None)
    manifest = {
        "format": FORMAT,
        "exported": timezone.now().isoformat(),
        "workspace": {
            "name": workspace.name,
            "display_name": workspace.display_name,
            "description": workspace.description,
        },
        "assets": assets.count(),
        "versions": versions.count(),
        "bytes": sum(versions.values_list("size", flat=True)),
        "parts": sorted(_parts),
    }
    yield "manifest.json", json.dumps(manifest, indent=2).encode()
    yield "assets.jsonl", _lines(asset_row(asset) for asset in assets.order_by("pk").iterator())
    for name, rows in sorted(_parts.items()):
        yield f"{name}.jsonl", _lines(rows(workspace))
    seen: set[str] = set()
    digests = versions.exclude(tree="").values_list("tree", flat=True).distinct()
    for digest in digests.order_by("tree").iterator():
        tree = storing.store().read_tree(digest)
        yield f"trees/{digest}.json", encode(tree.files)
        for entry in tree.files.values():
            if entry.sha256 not in seen:
                seen.add(entry.sha256)
                yield f"blobs/{entry.sha256}", Entry(entry.sha256, entry.size)


def _lines(rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for row in rows:
        yield json.dumps(row, ensure_ascii=False).encode() + b"\n"


def asset_row(asset: Asset) -> dict[str, Any]:
    """Return an asset with its versions as the archive keeps it."""
    versions = asset.versions.filter(deleted=None).order_by("number")
    return {
        "kind": asset.kind,
        "name": asset.name,
        "description": asset.description,
        "tags": asset.tags,
        "properties": asset.properties,
        "archived": asset.archived,
        "labels": {row.name: row.version.version for row in asset.labels.select_related("version")},
        "versions": [
            {
                "version": row.version,
                "document": row.document,
                "tree": row.tree,
                "description": row.description,
                "tags": row.tags,
                "properties": row.properties,
                "stage": row.stage,
                "archived": row.archived,
                "run": row.run_guid,
                "created": row.created.isoformat(),
            }
            for row in versions
        ],
    }
