"""Sending a version's files: one as it is, or all as a zip that is written while it is sent."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from officina.storage import Entry
from registry.services import storing

BLOCK = 1 << 20
# A fixed moment: the same version always gives the same bytes.
MOMENT = (2020, 1, 1, 0, 0, 0)


class _Pipe:
    """A file that zipfile writes to and that is emptied as one reads on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._place = 0

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._place += len(part)
        return len(part)

    def tell(self) -> int:
        return self._place

    def flush(self) -> None:
        return

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def zip_of(files: Mapping[str, Entry], *, folder: str = "") -> Iterator[bytes]:
    """Yield a zip of stored files, stored uncompressed; memory holds one block at a time."""
    yield from zip_stream((folder + name, entry) for name, entry in sorted(files.items()))


def zip_stream(
    members: Iterable[tuple[str, Entry | bytes | Iterator[bytes]]],
) -> Iterator[bytes]:
    """Yield a zip of members as they come: stored files, bytes, or pieces made on the way."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:  # type: ignore[call-overload]
        for name, what in members:
            info = zipfile.ZipInfo(name, MOMENT)
            executable = isinstance(what, Entry) and what.executable
            info.external_attr = (0o755 if executable else 0o644) << 16
            with archive.open(info, "w", force_zip64=True) as target:
                for block in _blocks(what):
                    target.write(block)
                    if data := pipe.take():
                        yield data
            if data := pipe.take():
                yield data
    yield pipe.take()


def _blocks(what: Entry | bytes | Iterator[bytes]) -> Iterator[bytes]:
    if isinstance(what, bytes):
        yield what
    elif isinstance(what, Entry):
        with storing.store().open(what.sha256) as source:
            while block := source.read(BLOCK):
                yield block
    else:
        yield from what
