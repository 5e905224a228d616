"""Answers that carry files people or jobs made: never run by the browser as ours."""

from __future__ import annotations

import mimetypes
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


def is_picture(name: str) -> bool:
    """Say whether a file of this name may be shown in a page."""
    return PurePosixPath(name).suffix.lower() in INLINE


class UserFileResponse(FileResponse):
    """A stored file in blocks of 1 MiB, sandboxed, as a download unless it is a safe picture."""

    # Django's 4 KiB blocks cost 256 trips through the server for each MiB.
    block_size = 2**20

    def __init__(
        self, source: BinaryIO, *, name: str, size: int | None = None, download: bool = False
    ) -> None:
        shown = is_picture(name) and not download
        kind = INLINE.get(PurePosixPath(name).suffix.lower()) if shown else None
        super().__init__(
            source,
            as_attachment=not shown,
            filename=PurePosixPath(name).name,
            content_type=kind or mimetypes.guess_type(name)[0] or "application/octet-stream",
        )
        if size is not None:
            self["Content-Length"] = str(size)
        self["X-Content-Type-Options"] = "nosniff"
        self["Cache-Control"] = "private, max-age=3600"
        # Replaces the site's own policy: django-csp leaves a header that is there already.
        self["Content-Security-Policy"] = "sandbox; default-src 'none'"
