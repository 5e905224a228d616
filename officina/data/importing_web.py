"""One file from a web address: checked at every step of the way, asked for only when it changed."""

from __future__ import annotations

import email.message
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from officina.errors import StudioError
from officina.modules import fetch

CHUNK = 1 << 20
OK, NOT_MODIFIED = 200, 304


@dataclass(frozen=True)
class Fetched:
    """What came: the file's name and size, and what the server says of its version."""

    name: str
    size: int
    etag: str = ""
    modified: str = ""
    unchanged: bool = False


def fetch_file(
    url: str, folder: Path, *, headers: Mapping[str, str], etag: str = "", modified: str = "",
    most: int, tell: Callable[[int, int | None], None],
) -> Fetched:  # fmt: skip
    """Save a web address's file into a folder; with `etag` or `modified` only when it is another one."""
    asked = dict(headers)
    if etag:
        asked["If-None-Match"] = etag
    if modified:
        asked["If-Modified-Since"] = modified
    for answer, where in fetch.answers(url, asked):
        if answer.status == NOT_MODIFIED and (etag or modified):
            return Fetched("", 0, etag, modified, unchanged=True)
        if answer.status != OK:
            raise _failed(where, f"the server answered {answer.status} {answer.reason}")
        name = _name(answer, where)
        size = _save(answer, folder / name, where, most, tell)
        tag = str(answer.getheader("ETag") or "")[:500]
        return Fetched(name, size, tag, str(answer.getheader("Last-Modified") or "")[:500])
    raise _failed(url, "no answer came")


def _save(
    answer: Any, target: Path, url: str, most: int, tell: Callable[[int, int | None], None]
) -> int:
    declared = answer.getheader("Content-Length")
    expected = int(declared) if declared and declared.isdigit() else None
    if expected is not None and expected > most:
        raise _failed(url, f"it is {expected:,} bytes, and an import takes at most {most:,}")
    size = 0
    with target.open("wb") as file:
        while chunk := answer.read(CHUNK):
            size += len(chunk)
            if size > most:
                raise _failed(url, f"it is larger than the {most:,} bytes that an import takes")
            file.write(chunk)
            tell(size, expected)
    if expected is not None and size != expected:
        raise _failed(url, f"it ended after {size:,} of {expected:,} bytes")
    return size


def _name(answer: Any, url: str) -> str:
    """Return the file's name: what the server calls it, else the end of its address."""
    header = email.message.Message()
    header["Content-Disposition"] = answer.getheader("Content-Disposition") or ""
    given = header.get_filename() or PurePosixPath(unquote(urlsplit(url).path)).name
    clean = re.sub(r"[^A-Za-z0-9._ -]+", "_", given.replace("\\", "/").rpartition("/")[2])
    return clean.strip(". ")[-100:] or "download"


def _failed(url: str, reason: str) -> StudioError:
    return StudioError(
        f"{url} could not be imported: {reason}.", where="source.path",
        hint="Open the address in a browser to see what it answers.",
    )  # fmt: skip
