"""Fetch a run's files: checked against their digests, going on where a download was cut."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from officina.client.transport import ATTEMPTS, Transport
from officina.errors import StudioError
from officina.storage.paths import safe_join

PARTIAL = 206
NOT_SATISFIABLE = 416


def download_listing(
    transport: Transport, address: str, dest: Path, *, files: str = ""
) -> list[Path]:
    """Fetch all files of a list (`address`) below `dest`; `files` is where their bytes are."""
    written = []
    for item in transport.pages(address, {"page_size": 500}):
        name = str(item["path"])
        path = safe_join(dest, name)
        source = f"{files or address}/{quote(name)}"
        download_file(transport, source, path, sha256=item.get("sha256"))
        written.append(path)
    return written


def download_file(transport: Transport, source: str, path: Path, *, sha256: str | None) -> None:
    """Fetch one file; it appears under its name only once it is whole and right."""
    if sha256 and path.is_file() and _digest(path) == sha256:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name[:200]}.part")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _fetch(transport, source, part)
        except StudioError as error:
            if error.code != "unavailable" or attempt == ATTEMPTS:
                raise
            time.sleep(0.2 * 2**attempt)
            continue
        if sha256 is None or _digest(part) == sha256:
            part.replace(path)
            return
        part.unlink()
    raise StudioError(
        f"{path.name!r} arrived changed {ATTEMPTS} times: its digest is not {sha256}.",
        hint="Its stored bytes may be damaged; ask the studio's administrator.",
        where=str(path),
        code="failed",
    )


def _fetch(transport: Transport, source: str, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers: dict[str, Any] = {"Accept": "*/*", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with transport.stream(source, headers=headers) as answer:
        if answer.status_code == NOT_SATISFIABLE:
            return  # all of it is here already
        with part.open("ab" if answer.status_code == PARTIAL else "wb") as target:
            for chunk in answer.iter_bytes():
                target.write(chunk)


def _digest(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
