"""A look into a stored file without running anything of it: pictures, text, JSON and tables.

Tables are read by a child process: what is broken, hostile or huge costs the server nothing.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from officina.data import ask
from officina.data.reading import encoding_of, kind_of
from officina.errors import StudioError
from studio.lib.files import is_picture

TEXT_BYTES = 256 * 2**10
JSON_BYTES = 2**20
# So much of a text file is read for its first rows; a Parquet file's footer is at its end.
HEAD_BYTES = 4 * 2**20
WHOLE_BYTES = 64 * 2**20
ROWS, COLUMNS = 200, 100
SECONDS = 20.0
ELSEWHERE = {
    ".xlsx": "It is a spreadsheet: save it as CSV or Parquet to look at it as a table.",
    ".xls": "It is a spreadsheet: save it as CSV or Parquet to look at it as a table.",
    ".zip": "It is an archive: unpack it and upload the files.",
    ".tar": "It is an archive: unpack it and upload the files.",
    ".tgz": "It is an archive: unpack it and upload the files.",
}


def preview(*, name: str, size: int, source: BinaryIO) -> dict[str, Any]:
    """Return `{"kind", ...}` for the page: picture, table, text, or why there is nothing to show."""
    suffix = PurePosixPath(name).suffix.lower()
    if size == 0:
        return {"kind": "none", "why": "The file is empty."}
    if is_picture(name):
        return {"kind": "picture"}
    if kind_of(name)[0]:
        return _table(name, size, source)
    if suffix == ".json" and size <= JSON_BYTES:
        try:
            text = json.dumps(json.loads(source.read(JSON_BYTES)), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            source.seek(0)
        else:
            return {"kind": "text", "text": text[:TEXT_BYTES], "cut": len(text) > TEXT_BYTES}
    why = ELSEWHERE.get(suffix, "It is a binary file; download it to look inside.")
    return _text(source, size, why)


def _text(source: BinaryIO, size: int, why: str) -> dict[str, Any]:
    data = source.read(TEXT_BYTES)
    encoding = encoding_of(data)
    if b"\0" in data[:8192] and encoding != "utf-16":
        return {"kind": "none", "why": why}
    return {"kind": "text", "text": data.decode(encoding, "replace"), "cut": size > len(data)}


def _table(name: str, size: int, source: BinaryIO) -> dict[str, Any]:
    try:
        found = _glance(name, size, source)
    except StudioError as error:
        source.seek(0)
        return _text(source, size, f"{error.message} {error.hint}".strip())
    return {
        "kind": "table",
        "grid": {
            "columns": found["columns"], "rows": found["rows"], "total": len(found["rows"]),
        },
        "rows": found["total"],
        "columns": found["width"],
        "shown": len(found["rows"]),
    }  # fmt: skip


def _glance(name: str, size: int, source: BinaryIO) -> dict[str, Any]:
    asked: dict[str, Any] = {"name": name, "rows": ROWS, "columns": COLUMNS, "timeout": SECONDS}
    parquet = kind_of(name)[0] == ".parquet"
    # Bytes of the store, and of folders, are where the child can read them.
    place = Path(str(getattr(source, "name", "")))
    if parquet and place.is_absolute() and place.is_file():
        return dict(ask("glance", path=str(place), cut=False, **asked))
    if parquet and size > WHOLE_BYTES:
        raise StudioError(
            "It is too large to be fetched for a look.", hint="Register it to look inside.",
            code="too_large",
        )  # fmt: skip
    with tempfile.NamedTemporaryFile(prefix="officina-look-") as head:
        if parquet:
            shutil.copyfileobj(source, head, 1 << 18)
        else:
            head.write(source.read(HEAD_BYTES))
        head.flush()
        cut = not parquet and size > HEAD_BYTES
        return dict(ask("glance", path=head.name, cut=cut, **asked))
