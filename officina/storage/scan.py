"""Digest a folder without storing it, so that a client sends only the bytes a studio lacks."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from officina.storage.folders import walk
from officina.storage.trees import Entry, Tree, build

if TYPE_CHECKING:
    from officina.storage.ignore import Ignore
    from officina.storage.known import KnownDigests


@dataclass(frozen=True)
class Scan:
    """A folder's tree and, by digest, a file that has those bytes."""

    tree: Tree
    paths: dict[str, Path]


def scan(path: Path, *, ignore: Ignore | None = None, known: KnownDigests | None = None) -> Scan:
    """Return what `put_tree` would store for a folder, or `put_single` for a file.

    With `known`, files that look as they did when it was kept are not read.
    """
    found = walk(path, ignore=ignore) if not path.is_file() else [(path.name, path.resolve())]
    files: dict[str, Entry] = {}
    paths: dict[str, Path] = {}
    for name, file in found:
        facts = file.stat()
        size = facts.st_size
        sha256 = known.get(name, facts) if known else None
        if sha256 is None:
            with file.open("rb") as source:
                sha256 = hashlib.file_digest(source, "sha256").hexdigest()
                size = source.tell()
            if known and size == facts.st_size:
                known.add(name, facts, sha256)
        files[name] = Entry(sha256, size, bool(facts.st_mode & stat.S_IXUSR))
        paths[sha256] = file
    if known:
        known.save()
    return Scan(build(files)[0], paths)
