"""Send a job's local files: first their list, then only the bytes the studio does not have."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from officina.client.transport import Transport
from officina.documents import LocalRef, replace
from officina.errors import StudioError
from officina.storage import frames
from officina.storage.ignore import DATA_NAMES, NAMES, load_ignore
from officina.storage.known import known_digests
from officina.storage.scan import Scan, scan

CHUNK = 1 << 20
Progress = Callable[[str], None]


def upload_locals(
    document: dict[str, Any],
    local: Sequence[LocalRef],
    *,
    transport: Transport,
    base: str,
    progress: Progress,
) -> dict[str, Any]:
    """Return the document with each local path replaced by the `tree:` address of what was sent."""
    sent: dict[tuple[Path, str], str] = {}
    for ref in local:
        place = (ref.path.resolve(), ref.kind)
        if place not in sent:
            sent[place] = upload(
                ref.path, kind=ref.kind, transport=transport, base=base, progress=progress
            )
        document = replace(document, ref.pointer, sent[place])
    return dict(document)


def scan_local(path: Path, *, kind: str) -> Scan:
    """Return the tree of a local file or folder; code leaves out what its ignore files name."""
    if not path.exists():
        raise StudioError(f"There is no {str(path)!r}.", hint="Check the path.", where=kind)
    names = NAMES if kind == "code" else DATA_NAMES
    if not path.is_dir():
        return scan(path)
    return scan(path, ignore=load_ignore(path, names=names), known=known_digests(path))


def upload(path: Path, *, kind: str, transport: Transport, base: str, progress: Progress) -> str:
    """Send one file or folder and return its address; a cut upload goes on where it stopped."""
    scanned = scan_local(path, kind=kind)
    tree = scanned.tree
    listing = {"files": {name: entry.as_json() for name, entry in tree.files.items()}}
    answer = transport.json("POST", f"{base}/trees", key=str(uuid.uuid4()), json=listing)
    missing = [str(sha256) for sha256 in answer.get("missing") or []]
    if missing:
        progress(f"uploading {path.name}: {len(missing)} of {len(tree.files)} files")
        for group in _grouped(scanned, missing):
            if len(group) == 1:
                _send(scanned, group[0], transport=transport, base=base)
            else:
                _send_together(scanned, group, transport=transport, base=base)
        answer = transport.json("POST", f"{base}/trees", key=str(uuid.uuid4()), json=listing)
    if answer.get("missing") or answer.get("digest") != tree.digest:
        raise StudioError(
            "The studio did not keep the upload.",
            hint="Did files change while they were sent? Try again.",
            where=str(path),
            code="failed",
        )
    return tree.uri


def _grouped(scanned: Scan, missing: Sequence[str]) -> Iterator[list[str]]:
    """Yield the files to send together; a large one goes alone."""
    group: list[str] = []
    total = 0
    for sha256 in missing:
        path = scanned.paths.get(sha256)
        if path is None:
            raise StudioError("The studio asks for a file that was not offered.", code="failed")
        size = path.stat().st_size
        if size > frames.LARGEST:
            yield [sha256]
            continue
        if len(group) == frames.MOST_FILES or total + size > frames.MOST_BYTES:
            yield group
            group, total = [], 0
        group.append(sha256)
        total += size
    if group:
        yield group


def _send_together(scanned: Scan, group: Sequence[str], *, transport: Transport, base: str) -> None:
    body = frames.pack((sha256, scanned.paths[sha256].read_bytes()) for sha256 in group)
    transport.request(
        "PUT", f"{base}/blobs", content=lambda: body,
        headers={"Content-Type": "application/octet-stream"},
    )  # fmt: skip


def _send(scanned: Scan, sha256: str, *, transport: Transport, base: str) -> None:
    path = scanned.paths[sha256]
    transport.request(
        "PUT",
        f"{base}/blobs/{sha256}",
        content=lambda: _chunks(path),
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Length": str(path.stat().st_size),
        },
    )


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk
