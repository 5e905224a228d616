"""A tree: a folder's files as names, digests and sizes, named by the digest of that list."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from officina.errors import StudioError
from officina.storage.paths import check_names

MAX_FILES = 300_000
PREFIX = "tree:"
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Blob:
    """Stored bytes: their SHA-256 and their number."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree."""

    sha256: str
    size: int
    executable: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the entry as the manifest spells it."""
        return {"sha256": self.sha256, "size": self.size, "executable": self.executable}


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder's files by relative name; equal folders have equal digests, wherever made."""

    digest: str
    files: Mapping[str, Entry] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Mapping[str, Entry]) -> Tree:
        """Return the tree of files, stored or not."""
        return build(files)[0]

    @property
    def uri(self) -> str:
        """Return the address that documents use."""
        return PREFIX + self.digest

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(entry.size for entry in self.files.values())

    def only_file(self) -> str | None:
        """Return the name of the tree's only file, or None when it has none or several."""
        return next(iter(self.files)) if len(self.files) == 1 else None


def check_digest(value: str, *, where: str = "sha256") -> str:
    """Return `value` when it is a SHA-256 in lower-case hexadecimal."""
    if not _SHA256.match(value):
        raise StudioError(
            f"{value[:80]!r} is not a SHA-256 digest.",
            hint="Give 64 hexadecimal digits in lower case.",
            where=where,
        )
    return value


def tree_digest(uri: str) -> str:
    """Return the digest of a `tree:<sha256>` address (a bare digest is taken as it is)."""
    return check_digest(uri.removeprefix(PREFIX), where="tree")


def encode(files: Mapping[str, Entry]) -> bytes:
    """Return the canonical manifest: sorted names, no spaces, UTF-8."""
    listing = {"files": {name: entry.as_json() for name, entry in files.items()}}
    return json.dumps(listing, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def build(files: Mapping[str, Entry]) -> tuple[Tree, bytes]:
    """Return the tree of checked `files` and the manifest it is named by."""
    if len(files) > MAX_FILES:
        raise StudioError(
            f"The folder has {len(files)} files; a tree holds at most {MAX_FILES}.",
            hint="Pack them into fewer files, or leave some out with .amlignore.",
            code="too_large",
        )
    check_names(list(files))
    manifest = encode(files)
    return Tree(hashlib.sha256(manifest).hexdigest(), dict(sorted(files.items()))), manifest


def decode(manifest: bytes) -> dict[str, Entry]:
    """Read a manifest, trusting nothing in it."""
    try:
        listing = json.loads(manifest)["files"]
        if not isinstance(listing, dict):
            raise TypeError
    except (ValueError, KeyError, TypeError) as error:
        raise StudioError("The list of files is not a tree manifest.", where="files") from error
    return entries(listing)


def entries(listing: Mapping[str, Any]) -> dict[str, Entry]:
    """Turn `{name: {"sha256", "size", "executable"}}` from outside into checked entries."""
    check_names(list(listing))
    return {name: _entry(name, value) for name, value in listing.items()}


def _entry(name: str, value: Any) -> Entry:
    if not isinstance(value, dict) or not isinstance(value.get("sha256"), str):
        raise StudioError("A file of the tree has no sha256.", where=f"files.{name}")
    size = value.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise StudioError("A file of the tree has no size in bytes.", where=f"files.{name}.size")
    sha256 = check_digest(value["sha256"], where=f"files.{name}.sha256")
    return Entry(sha256, size, bool(value.get("executable", False)))
