"""Reading a workspace's archive: nothing of it is believed, and nothing is laid out on the disk."""

from __future__ import annotations

import json
import re
import stat
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.db import transaction

from officina.errors import StudioError
from officina.storage import Tree, trees
from registry import services
from registry.archive.exporting import FORMAT
from registry.models import AssetKind, AssetVersion, StoredBlob
from registry.services import storing
from registry.services.assets import clean_texts
from studio.workspaces import audit
from studio.workspaces.models import Workspace

NAME = re.compile(
    r"(?:manifest\.json|[a-z_]{1,40}\.jsonl|trees/[0-9a-f]{64}\.json|blobs/[0-9a-f]{64})\Z"
)
MOST_MEMBERS = 2_000_000
MOST_BYTES = 2 << 40
MOST_RATIO = 100
MOST_LINE = 16 << 20
MOST_MANIFEST = 256 << 20
CHUNK = 1 << 20


def import_archive(
    *, workspace: Workspace, source: BinaryIO, confirm: bool = False, user: Any = None
) -> dict[str, Any]:
    """Bring an archive's assets into a workspace; without `confirm` only say what would come.

    A version that is there with the same content is skipped; one with other content is a conflict
    and stays as it is.
    """
    with _opened(source) as archive:
        names = _checked(archive)
        manifest = _manifest(archive)
        report: dict[str, Any] = {
            "from": str((manifest.get("workspace") or {}).get("name", ""))[:100],
            "imported": [], "skipped": [], "conflicts": [], "bytes": 0, "done": confirm,
        }  # fmt: skip
        for row in _rows(archive):
            _import_asset(workspace, archive, names, row, report, confirm, user)
    if confirm:
        audit.record(
            workspace=workspace, actor=user, action="registry.import", target=report["from"],
            detail={k: len(report[k]) for k in ("imported", "skipped", "conflicts")},
        )  # fmt: skip
    return report


def _opened(source: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _bad(f"it is no zip file that can be read ({error})") from error


def _bad(why: str) -> StudioError:
    return StudioError(
        f"The archive is refused: {why}.",
        hint="Give an archive that 'Export' made; nothing of this one was kept.",
        where="archive",
    )


def _checked(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name after refusing bombs, links, and names that are not ours."""
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise _bad(f"it has {len(infos):,} members")
    found: dict[str, zipfile.ZipInfo] = {}
    total = 0
    for info in infos:
        total += info.file_size
        if not NAME.match(info.filename):
            raise _bad(f"it has a member {info.filename[:80]!a}")
        if info.filename in found:
            raise _bad(f"it has {info.filename} twice")
        if stat.S_ISLNK(info.external_attr >> 16) or info.flag_bits & 1:
            raise _bad(f"{info.filename} is a link or encrypted")
        if info.file_size > max(1 << 20, info.compress_size * MOST_RATIO) or total > MOST_BYTES:
            raise _bad(f"{info.filename} would unpack to {info.file_size:,} bytes")
        found[info.filename] = info
    return found


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        manifest = json.loads(_read(archive, "manifest.json", MOST_LINE))
    except (ValueError, RecursionError) as error:
        raise _bad("its manifest cannot be read") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _bad(f"its manifest is not of format {FORMAT}")
    return manifest


def _read(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    try:
        with archive.open(name) as member:
            data = member.read(limit + 1)
    except (KeyError, zipfile.BadZipFile, OSError, NotImplementedError, EOFError) as error:
        raise _bad(f"{name} is missing or damaged") from error
    if len(data) > limit:
        raise _bad(f"{name} is larger than {limit:,} bytes")
    return data


def _rows(archive: zipfile.ZipFile) -> Iterator[dict[str, Any]]:
    try:
        member = archive.open("assets.jsonl")
    except KeyError as error:
        raise _bad("assets.jsonl is missing") from error
    with member:
        for number in range(1, 10_000_000):
            try:
                line = member.readline(MOST_LINE)
                if not line:
                    return
                row = json.loads(line)
            except (ValueError, RecursionError, zipfile.BadZipFile, EOFError) as error:
                raise _bad(f"line {number} of assets.jsonl cannot be read") from error
            if not _is_asset(row):
                raise _bad(f"line {number} of assets.jsonl is no asset")
            yield row


def _is_asset(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and row.get("kind") in AssetKind.values
        and isinstance(row.get("name"), str)
        and isinstance(row.get("versions"), list)
        and isinstance(row.get("labels", {}), dict)
        and all(
            isinstance(v, dict) and isinstance(v.get("document"), dict) for v in row["versions"]
        )
    )


def _import_asset(
    workspace: Workspace, archive: zipfile.ZipFile, names: dict[str, zipfile.ZipInfo],
    row: dict[str, Any], report: dict[str, Any], confirm: bool, user: Any,
) -> None:  # fmt: skip
    kind, name = row["kind"], services.check_name(row["name"], row["kind"])
    came = []
    for given in row["versions"]:
        version = str(given.get("version") or "")
        at = f"{kind}/{name}/{version}"
        known = AssetVersion.objects.filter(
            asset__workspace=workspace, asset__kind=kind, asset__name=name, version=version
        ).first()
        digest = str(given.get("tree") or "")
        if known is not None:
            report["skipped" if known.tree == digest else "conflicts"].append(at)
            continue
        tree = _tree(archive, digest) if digest else None
        _check_blobs(names, tree)
        report["bytes"] += tree.size if tree else 0
        report["imported"].append(at)
        if confirm:
            _import_version(workspace, archive, kind, name, given, tree, user)
            came.append(version)
    if not confirm:
        return
    for label, version in row.get("labels", {}).items():
        if version in came:
            services.set_label(
                workspace=workspace, kind=kind, name=name, label=str(label), version=version,
                user=user,
            )  # fmt: skip
    if row.get("archived") and came:
        services.archive(workspace=workspace, kind=kind, name=name, user=user)


def _tree(archive: zipfile.ZipFile, digest: str) -> Tree:
    trees.check_digest(digest, where="tree")
    files = trees.decode(_read(archive, f"trees/{digest}.json", MOST_MANIFEST))
    tree = Tree.of(files)
    if tree.digest != digest:
        raise _bad(f"trees/{digest}.json is not the list that its name says")
    return tree


def _check_blobs(names: dict[str, zipfile.ZipInfo], tree: Tree | None) -> None:
    for entry in tree.files.values() if tree else ():
        info = names.get(f"blobs/{entry.sha256}")
        if info is None or info.file_size != entry.size:
            raise _bad(f"blobs/{entry.sha256} is missing or has another size")


def _import_version(
    workspace: Workspace, archive: zipfile.ZipFile, kind: str, name: str,
    given: dict[str, Any], tree: Tree | None, user: Any,
) -> None:  # fmt: skip
    # Bytes first: a version never names files that are not there.
    if tree is not None:
        _store(workspace, archive, tree)
        storing.receive_tree(workspace=workspace, files=tree.files)
    with transaction.atomic():
        row = services.register(
            workspace=workspace, kind=kind, name=name, version=str(given["version"]),
            document=given["document"], tree=tree,
            description=str(given.get("description") or ""),
            tags=clean_texts(given.get("tags") or {}),
            properties=clean_texts(given.get("properties") or {}, where="properties"),
            user=user,
        )  # fmt: skip
        if given.get("archived"):
            row.archived = True
            row.save(update_fields=["archived"])


def _store(workspace: Workspace, archive: zipfile.ZipFile, tree: Tree) -> None:
    missing = set(storing.missing_blobs(workspace=workspace, files=tree.files))
    for entry in tree.files.values():
        if entry.sha256 not in missing:
            continue
        missing.discard(entry.sha256)
        with archive.open(f"blobs/{entry.sha256}") as member:
            storing.store().put_stream(
                iter(lambda: member.read(CHUNK), b""),
                expected=entry.sha256,
                limit=entry.size,
            )
        StoredBlob.objects.get_or_create(
            workspace=workspace, sha256=entry.sha256, defaults={"size": entry.size}
        )
