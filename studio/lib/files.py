"""Answers that carry files people or jobs made: never run by the browser as ours."""

from __future__ import annotations

import mimetypes
import re
from pathlib import PurePosixPath
from typing import BinaryIO

from django.http import FileResponse

# Pictures that cannot carry script; SVG can, so it is only ever downloaded.
INLINE = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
}


_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


def is_picture(name: str) -> bool:
    """Say whether a file of this name may be shown in a page."""
    return PurePosixPath(name).suffix.lower() in INLINE


class UserFileResponse(FileResponse):
    """A stored file in blocks of 1 MiB, sandboxed, as a download unless it is a safe picture."""

    # Django's 4 KiB blocks cost 256 trips through the server for each MiB.
    block_size = 2**20

    def __init__(
        self,
        source: BinaryIO,
        *,
        name: str,
        size: int | None = None,
        download: bool = False,
        part: str = "",
    ) -> None:
        """`part` is the request's `Range` header: one range of bytes answers 206, else the whole."""
        shown = is_picture(name) and not download
        span = None if size is None else span_of(part, size)
        if span:
            source.seek(span[0])
        kind = INLINE.get(PurePosixPath(name).suffix.lower()) if shown else None
        super().__init__(
            Part(source, span[1] - span[0]) if span else source,
            as_attachment=not shown,
            filename=PurePosixPath(name).name,
            content_type=kind or mimetypes.guess_type(name)[0] or "application/octet-stream",
        )
        if size is not None:
            self["Accept-Ranges"] = "bytes"
            self["Content-Length"] = str(span[1] - span[0] if span else size)
        if span:
            self.status_code = 206 if span[1] > span[0] else 416
            shown_span = f"{span[0]}-{span[1] - 1}" if span[1] > span[0] else "*"
            self["Content-Range"] = f"bytes {shown_span}/{size}"
        self["X-Content-Type-Options"] = "nosniff"
        self["Cache-Control"] = "private, max-age=3600"
        # Replaces the site's own policy: django-csp leaves a header that is there already.
        self["Content-Security-Policy"] = "sandbox; default-src 'none'"


class Part:
    """The next `left` bytes of a file that stands where they begin."""

    def __init__(self, source: BinaryIO, left: int) -> None:
        self._source = source
        self._left = left

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._source.close()


def span_of(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last; equal ones mean that there are none.

    None means the whole: no range, several ranges (which RFC 9110 lets a server ignore), or nonsense.
    """
    found = _RANGE.match(header.strip())
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return (max(size - int(last), 0), size)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < int(first):
        return None
    return (min(int(first), size), max(end, min(int(first), size)))
