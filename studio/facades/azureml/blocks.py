"""Blocks of a blob on their way in: files of this machine until the list that joins them arrives."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings

from officina.errors import StudioError
from officina.storage.backends import reporting_full_disk
from studio.workspaces.models import Workspace

CHUNK = 1 << 20
MOST_BYTES = 50 << 30
LARGEST_BLOCK = 4000 << 20
MOST_BLOCKS = 50_000
STALE_SECONDS = 2 * 86_400


def _root() -> Path:
    return Path(settings.OFFICINA_HOME) / "uploads" / "blocks"


def _folder(workspace: Workspace, container: str, path: str) -> Path:
    # A digest for a name: nothing that a caller wrote becomes part of a path.
    named = f"{workspace.pk}\0{container}\0{path}".encode()
    return _root() / hashlib.sha256(named).hexdigest()


def _file(folder: Path, block: str) -> Path:
    return folder / hashlib.sha256(block.encode()).hexdigest()


def stage(
    *, workspace: Workspace, container: str, path: str, block: str, chunks: Iterable[bytes]
) -> None:
    """Keep a block; a block of the same id replaces it."""
    if not block or len(block) > 200:
        raise StudioError("A block id has 1 to 200 characters.", where="blockid")
    folder = _folder(workspace, container, path)
    with reporting_full_disk("uploads"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if len(os.listdir(folder)) >= MOST_BLOCKS:  # noqa: PTH208 - it only counts
            raise StudioError(f"A blob has at most {MOST_BLOCKS} blocks.", code="too_large")
        target = _file(folder, block)
        draft = target.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}")
        try:
            with draft.open("xb") as file:
                size = 0
                for chunk in chunks:
                    size += len(chunk)
                    if size > LARGEST_BLOCK:
                        raise StudioError("The block is too large.", code="too_large")
                    file.write(chunk)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)


def joined(
    *, workspace: Workspace, container: str, path: str, blocks: list[str]
) -> Iterator[bytes]:
    """Yield the bytes of the blocks in the order given; a block that never came is an error."""
    folder = _folder(workspace, container, path)
    files = [_file(folder, block) for block in blocks]
    absent = [block for block, file in zip(blocks, files, strict=True) if not file.is_file()]
    if absent:
        raise StudioError(
            f"{len(absent)} blocks of the list never arrived.",
            hint="Send each block with comp=block first.",
            where="blocklist",
        )
    for file in files:
        with file.open("rb") as source:
            while chunk := source.read(CHUNK):
                yield chunk


def drop(*, workspace: Workspace, container: str, path: str) -> None:
    """Forget the blocks of a blob, and those that nobody joined for two days."""
    shutil.rmtree(_folder(workspace, container, path), ignore_errors=True)
    limit = time.time() - STALE_SECONDS
    for folder in _root().iterdir() if _root().is_dir() else ():
        if folder.stat().st_mtime < limit:
            shutil.rmtree(folder, ignore_errors=True)
