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
_counts: dict[str, Callable[[Workspace], int]] = {}
_files: dict[str, Callable[[Workspace], Iterator[tuple[str, str, int]]]] = {}


def provide_part(
    name: str, rows: Callable[[Workspace], Iterator[dict[str, Any]]],
    *, count: Callable[[Workspace], int] | None = None,
) -> None:  # fmt: skip
    """Let a higher app add `<name>.jsonl`, one object a line; `provide_import` reads it back.

    With `count` the manifest tells how many there are.
    """
    _parts[name] = rows
    if count is not None:
        _counts[name] = count


def provide_files(name: str, files: Callable[[Workspace], Iterator[tuple[str, str, int]]]) -> None:
    """Let a higher app add stored bytes: ("tree", digest, 0) or ("blob", digest, size)."""
    _files[name] = files


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
        **{name: count(workspace) for name, count in _counts.items()},
    }
    yield "manifest.json", json.dumps(manifest, indent=2).encode()
    yield "assets.jsonl", _lines(asset_row(asset) for asset in assets.order_by("pk").iterator())
    for name, rows in sorted(_parts.items()):
        yield f"{name}.jsonl", _lines(rows(workspace))
    seen: set[str] = set()
    for kind, digest, size in _stored(workspace, versions):
        if kind == "tree":
            yield from _tree(digest, seen)
        elif digest not in seen:
            seen.add(digest)
            yield f"blobs/{digest}", Entry(digest, size)


def _stored(workspace: Workspace, versions: Any) -> Iterator[tuple[str, str, int]]:
    digests = versions.exclude(tree="").values_list("tree", flat=True).distinct()
    for digest in digests.order_by("tree").iterator():
        yield "tree", digest, 0
    for _, files in sorted(_files.items()):
        yield from files(workspace)


def _tree(digest: str, seen: set[str]) -> Iterator[tuple[str, Entry | bytes]]:
    if f"tree:{digest}" in seen:
        return
    seen.add(f"tree:{digest}")
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
        "last_number": asset.last_number,
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
