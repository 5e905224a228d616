"""Static files: hashed once, by whoever built them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

_HASHED = re.compile(r"^.+[.-][0-9a-zA-Z_-]{8,12}\.[a-z0-9]+$")


class Storage(CompressedManifestStaticFilesStorage):
    """Django's hashed names, but for Vite's files, which carry a hash already.

    Hashing those again would let a module load under two URLs, and so twice.
    """

    # A name missing from the manifest gives a 404 for that file, not an error for the whole page.
    manifest_strict = False

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        """Return the file's public name."""
        if name.startswith("dist/"):
            return name
        try:
            return str(super().hashed_name(name, content, filename))
        except ValueError:
            return name

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress all but the API docs' bundles: rarely read, and 20 s of a first start."""
        yield from super().compress_files(
            path for path in paths if not path.startswith("drf_spectacular_sidecar/")
        )

    def url_converter(
        self, name: str, hashed_files: Any, template: str | None = None, comment_block: Any = None
    ) -> Any:
        """Leave the references inside Vite's files as Vite wrote them."""
        if name.startswith("dist/"):
            return lambda match: match.group(0)
        return super().url_converter(name, hashed_files, template)


def is_immutable(_path: str, url: str) -> bool:
    """Say whether a URL carries a content hash, so that browsers may keep it for good."""
    return bool(_HASHED.match(url.rsplit("/", 1)[-1]))
