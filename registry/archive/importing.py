"""Reading a workspace's archive: nothing of it is believed, and nothing is laid out on the disk."""

from __future__ import annotations

import json
import re
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from officina.errors import StudioError
from officina.storage import Tree, trees
from registry import services
from registry.archive.exporting import FORMAT
from registry.models import Asset, AssetKind, AssetVersion
from registry.services import staging, storing
from registry.services.assets import clean_texts
from studio.workspaces import audit
from studio.workspaces.models import User, Workspace

NAME = re.compile(
    r"(?:manifest\.json|[a-z_]{1,40}\.jsonl|trees/[0-9a-f]{64}\.json|blobs/[0-9a-f]{64})\Z"
)
MOST_MEMBERS = 2_000_000
MOST_BYTES = 2 << 40
MOST_RATIO = 100
MOST_LINE = 16 << 20
MOST_MANIFEST = 256 << 20
CHUNK = 1 << 20


@dataclass(frozen=True)
class Place:
    """Where a report stopped: the part of the archive, and the line to go on from."""

    part: str
    line: int


class OutOfTime(Exception):
    """Raised between two files once the time given is over: what came stays, the line comes again."""


class Arrival:
    """An archive on its way into a workspace: what parts take from it, and what they report."""

    def __init__(
        self, workspace: Workspace, archive: zipfile.ZipFile, *, confirm: bool, user: Any,
        seconds: float | None,
    ) -> None:  # fmt: skip
        self.workspace, self.confirm, self.user = workspace, confirm, user
        self._archive = archive
        self._names = _checked(archive)
        self._until = time.monotonic() + seconds if seconds is not None else None
        self.report: dict[str, Any] = {
            "imported": [], "skipped": [], "conflicts": [], "bytes": 0, "done": confirm, "next": None,
        }  # fmt: skip

    def note(self, what: str, name: str) -> None:
        """Report a thing by name as imported, skipped or in conflict."""
        self.report[what].append(name)

    def person(self, email: Any) -> Any:
        """Return the member of this e-mail; for anyone else the one who brings the archive in."""
        members = User.objects.filter(memberships__workspace=self.workspace)
        return members.filter(email=str(email or "")).first() or self.user

    def is_over(self) -> bool:
        """Tell whether the time given is over."""
        return self._until is not None and time.monotonic() > self._until

    def tree(self, digest: str) -> Tree:
        """Return a tree of the archive whose files are all in it."""
        trees.check_digest(digest, where="tree")
        files = trees.decode(_read(self._archive, f"trees/{digest}.json", MOST_MANIFEST))
        tree = Tree.of(files)
        if tree.digest != digest:
            raise _bad(f"trees/{digest}.json is not the list that its name says")
        for entry in tree.files.values():
            self.check_blob(entry.sha256, entry.size)
        return tree

    def has_tree(self, digest: str) -> bool:
        """Tell whether the archive brings a tree."""
        return f"trees/{digest}.json" in self._names

    def check_blob(self, sha256: str, size: int) -> None:
        """Refuse an archive that names bytes and does not bring them."""
        info = self._names.get(f"blobs/{trees.check_digest(sha256)}")
        if info is None or info.file_size != size:
            raise _bad(f"blobs/{sha256} is missing or has another size")

    def store_tree(self, tree: Tree) -> None:
        """Store a tree of the archive for the workspace; files that it has are not read again."""
        missing = set(storing.missing_blobs(workspace=self.workspace, files=tree.files))
        for entry in tree.files.values():
            if entry.sha256 in missing:
                missing.discard(entry.sha256)
                self.store_blob(entry.sha256, entry.size)
        storing.receive_tree(workspace=self.workspace, files=tree.files)

    def store_blob(self, sha256: str, size: int) -> None:
        """Store a file of the archive under the digest that it must have."""
        if self.is_over():
            raise OutOfTime
        self.check_blob(sha256, size)
        with self._archive.open(f"blobs/{sha256}") as member:
            storing.receive_blob(
                workspace=self.workspace, sha256=sha256, limit=size,
                chunks=iter(lambda: member.read(CHUNK), b""),
            )  # fmt: skip

    def lines(self, part: str) -> Iterator[Any]:
        """Yield the objects of a part, one a line."""
        return _lines(self._archive, part) if f"{part}.jsonl" in self._names else iter(())


def moment(value: Any) -> datetime | None:
    """Return the time that a line tells, None when it tells none."""
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return timezone.make_aware(found) if found and timezone.is_naive(found) else found


Importer = Callable[[Arrival, dict[str, Any]], None]
_importers: dict[str, Importer] = {}


def provide_import(part: str, function: Importer) -> None:
    """Let a higher app take in the lines of its part; each line may come more than once."""
    _importers[part] = function


def import_archive(
    *, workspace: Workspace, source: BinaryIO, confirm: bool = False, user: Any = None,
    after: Place | None = None, seconds: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Bring an archive's assets and runs into a workspace; without `confirm` only say what would come.

    What is there with the same content is skipped; what has other content is a conflict and stays as
    it is. Once `seconds` are over the report's `next` says where to go on; nothing is done twice.
    """
    with _opened(source) as archive:
        arrival = Arrival(workspace, archive, confirm=confirm, user=user, seconds=seconds)
        manifest = _manifest(archive)
        report = arrival.report
        report["from"] = str((manifest.get("workspace") or {}).get("name", ""))[:100]
        report["manifest"] = _counts(manifest)
        if "assets.jsonl" not in arrival._names:
            raise _bad("assets.jsonl is missing")
        _take(arrival, after)
    if confirm and report["next"] is None:
        audit.record(
            workspace=workspace, actor=user, action="registry.import", target=report["from"],
            detail={k: len(report[k]) for k in ("imported", "skipped", "conflicts")},
        )  # fmt: skip
    return report


def _take(arrival: Arrival, after: Place | None) -> None:
    """Walk the parts in their order, from a place on, until the end or the end of the time."""
    parts: dict[str, Importer] = {"assets": _import_asset, **_importers}
    if after is not None and after.part not in parts:
        raise StudioError(f"There is no part {after.part[:40]!r}.", where="after")
    begun = after is None
    for part, function in parts.items():
        begun = begun or (after is not None and part == after.part)
        start = after.line if after is not None and part == after.part else 0
        if not begun:
            continue
        for number, row in enumerate(arrival.lines(part)):
            if number < start:
                continue
            if not isinstance(row, dict) or (part == "assets" and not _is_asset(row)):
                raise _bad(f"line {number + 1} of {part}.jsonl is no {part.rstrip('s')}")
            try:
                function(arrival, row)
            except OutOfTime:
                arrival.report["next"] = {"part": part, "line": number}
                return
            if arrival.is_over():
                arrival.report["next"] = {"part": part, "line": number + 1}
                return


def _counts(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return of a manifest what a person wants to see before it comes in."""
    shown = {key: manifest.get(key) for key in ("assets", "versions", "runs", "bytes")}
    counts: dict[str, Any] = {k: v for k, v in shown.items() if isinstance(v, int)}
    return counts | {"exported": str(manifest.get("exported") or "")[:40]}


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


def _lines(archive: zipfile.ZipFile, part: str) -> Iterator[Any]:
    with archive.open(f"{part}.jsonl") as member:
        for number in range(1, 10_000_000):
            try:
                line = member.readline(MOST_LINE)
                if not line:
                    return
                yield json.loads(line)
            except (ValueError, RecursionError, zipfile.BadZipFile, EOFError) as error:
                raise _bad(f"line {number} of {part}.jsonl cannot be read") from error


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


def _import_asset(arrival: Arrival, row: dict[str, Any]) -> None:
    workspace, user = arrival.workspace, arrival.user
    kind, name = row["kind"], services.check_name(row["name"], row["kind"])
    came: list[str] = []
    try:
        _import_versions(arrival, kind, name, row, came)
    finally:
        # Also when the time is over: the versions that came are skipped the next time.
        for label, version in row.get("labels", {}).items():
            if version in came:
                services.set_label(
                    workspace=workspace, kind=kind, name=name, label=str(label), version=version,
                    user=user,
                )  # fmt: skip
    if arrival.confirm:
        _finish_asset(arrival, kind, name, row, came)


def _finish_asset(
    arrival: Arrival, kind: str, name: str, row: dict[str, Any], came: list[str]
) -> None:
    """Give a name what is its own; where the workspace had versions of that name, theirs stays."""
    asset = Asset.objects.filter(workspace=arrival.workspace, kind=kind, name=name).first()
    here = {str(each.get("version")) for each in row["versions"]}
    if asset is None or not came or asset.versions.exclude(version__in=here).exists():
        return
    services.update_asset(
        asset, description=str(row.get("description") or ""), tags=row.get("tags") or {},
        properties=row.get("properties") or {}, user=arrival.user,
    )  # fmt: skip
    # Numbers of versions that were deleted there are not given to other bytes here.
    last = row.get("last_number")
    if isinstance(last, int) and asset.last_number < last < 2**31:
        asset.last_number = last
    asset.archived = row.get("archived") is True
    asset.save(update_fields=["last_number", "archived"])


def _import_versions(
    arrival: Arrival, kind: str, name: str, row: dict[str, Any], came: list[str]
) -> None:
    for given in row["versions"]:
        version = str(given.get("version") or "")
        at = f"{kind}/{name}/{version}"
        known = AssetVersion.objects.filter(
            asset__workspace=arrival.workspace, asset__kind=kind, asset__name=name, version=version
        ).first()
        digest = str(given.get("tree") or "")
        if known is not None:
            arrival.note("skipped" if known.tree == digest else "conflicts", at)
            continue
        tree = arrival.tree(digest) if digest else None
        if arrival.confirm:
            _import_version(arrival, kind, name, given, tree)
            came.append(version)
        arrival.report["bytes"] += tree.size if tree else 0
        arrival.note("imported", at)


def _import_version(
    arrival: Arrival, kind: str, name: str, given: dict[str, Any], tree: Tree | None
) -> None:
    # Bytes first: a version never names files that are not there.
    if tree is not None:
        arrival.store_tree(tree)
    with transaction.atomic():
        row = services.register(
            workspace=arrival.workspace, kind=kind, name=name, version=str(given["version"]),
            document=given["document"], tree=tree,
            description=str(given.get("description") or ""),
            tags=clean_texts(given.get("tags") or {}),
            properties=clean_texts(given.get("properties") or {}, where="properties"),
            run_guid=str(given.get("run") or "")[:32], user=arrival.user,
        )  # fmt: skip
        row.archived = given.get("archived") is True
        row.stage = _stage(arrival.workspace, kind, str(given.get("stage") or ""))
        row.save(update_fields=["archived", "stage"])


def _stage(workspace: Workspace, kind: str, stage: str) -> str:
    """Return the stage that a model comes in: a guarded one is not entered by way of an archive."""
    if kind != "model" or stage not in staging.stages(workspace):
        return staging.NONE
    return staging.NONE if stage in staging.guarded(workspace) else stage
