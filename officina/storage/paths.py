"""Names that users give to files: checked here, and joined to real folders nowhere else."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from officina.errors import StudioError

MAX_PART_BYTES = 255
MAX_NAME_BYTES = 1024
# A percent-encoded dot, slash, backslash or NUL, encoded once or several times over.
_ENCODED = re.compile(r"%(?:25)*(?:2e|2f|5c|00)", re.IGNORECASE)
# Slashes in all but name; some decoders fold them back to the real thing (best-fit mapping).
_SLASHES = frozenset("\u2044\u2215\u2216\u29f5\u29f8\ufe68\uff0f\uff3c")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# U+200C and U+200D join letters in several scripts and emoji; they are harmless in a name.
_JOINERS = frozenset("\u200c\u200d")


def check_name(name: str) -> str:
    """Return `name` when it is a safe relative path with forward slashes; refuse it otherwise."""
    if not name:
        raise _refusal(name, "it is empty")
    if len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        raise _refusal(name, f"it is longer than {MAX_NAME_BYTES} bytes")
    if "\\" in name:
        raise _refusal(name, "it has a backslash")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise _refusal(name, "it is absolute")
    if _ENCODED.search(name):
        raise _refusal(name, "it has a percent-encoded dot, slash or NUL")
    if "\ufffd" in name:
        raise _refusal(name, "it was not valid UTF-8")
    for char in name:
        if char in _SLASHES:
            raise _refusal(name, f"it has a look-alike of a slash (U+{ord(char):04X})")
        if unicodedata.category(char) in _HIDDEN and char not in _JOINERS:
            raise _refusal(name, f"it has the invisible character U+{ord(char):04X}")
    for part in name.split("/"):
        _check_part(name, part)
    return name


def _check_part(name: str, part: str) -> None:
    if not part:
        raise _refusal(name, "it has an empty part")
    if unicodedata.normalize("NFKC", part).strip() in {".", "..", ""}:
        raise _refusal(name, f"the part {part!r} points at a folder above or at itself")
    if len(part.encode()) > MAX_PART_BYTES:
        raise _refusal(name, f"one part is longer than {MAX_PART_BYTES} bytes")


def safe_join(root: Path, name: str) -> Path:
    """Return the path of `name` below `root`; refuse what leads outside, by its name or a link."""
    path = root.joinpath(*check_name(name).split("/"))
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise _refusal(name, "a link on the way leads outside its folder")
    return path


def check_names(names: list[str]) -> None:
    """Check many names at once, also that none is both a file and a folder."""
    files = set(names)
    for name in names:
        check_name(name)
        parent = name.rpartition("/")[0]
        while parent:
            if parent in files:
                raise _refusal(name, f"{parent!r} is a file and cannot be a folder too")
            parent = parent.rpartition("/")[0]


def _refusal(name: str, reason: str) -> StudioError:
    shown = ascii(name if len(name) <= 120 else name[:117] + "...")
    return StudioError(
        f"The name {shown} is refused: {reason}.",
        hint="Use a relative path with forward slashes, such as 'data/iris.csv'.",
        where="path",
        code="invalid",
    )
