"""Many small files in one request: each is a line `<sha256> <size>`, then its bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from officina.errors import StudioError
from officina.storage.trees import check_digest

MOST_FILES = 2000
MOST_BYTES = 32 << 20
LARGEST = 1 << 20
_LONGEST_LINE = 64 + 1 + len(str(LARGEST)) + 1
LARGEST_BODY = MOST_BYTES + MOST_FILES * _LONGEST_LINE


def pack(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return files by digest as one body."""
    return b"".join(b"%s %d\n%s" % (sha256.encode(), len(data), data) for sha256, data in files)


def unpack(read: Callable[[int], bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield (digest, bytes) of a body as it arrives; the digests are claims that the caller checks."""
    held, total, count = b"", 0, 0
    while True:
        held = _fill(read, held, _LONGEST_LINE)
        if not held:
            return
        line, mark, held = held.partition(b"\n")
        sha256, size = _head(line, mark)
        count, total = count + 1, total + size
        if count > MOST_FILES or total > MOST_BYTES:
            raise StudioError(
                f"One request takes at most {MOST_FILES} files and {MOST_BYTES >> 20} MiB.",
                hint="Send the rest in a further one.", where="body", code="too_large",
            )  # fmt: skip
        held = _fill(read, held, size)
        if len(held) < size:
            raise _broken("it ends within a file")
        yield sha256, held[:size]
        held = held[size:]


def _fill(read: Callable[[int], bytes], held: bytes, size: int) -> bytes:
    parts, have = [held], len(held)
    while have < size and (more := read(max(size - have, 1 << 16))):
        parts.append(more)
        have += len(more)
    return b"".join(parts)


def _head(line: bytes, mark: bytes) -> tuple[str, int]:
    digest, space, size = line.partition(b" ")
    if not mark or not space or not size.isdigit() or len(line) >= _LONGEST_LINE:
        raise _broken("a file does not begin with its digest and size")
    if int(size) > LARGEST:
        raise StudioError(
            f"A file of {int(size)} bytes is too large to be sent with others.", where="body",
            hint="Send it alone: PUT .../blobs/<sha256>.", code="too_large",
        )  # fmt: skip
    return check_digest(digest.decode("ascii", "replace")), int(size)


def _broken(reason: str) -> StudioError:
    return StudioError(
        f"The files cannot be told apart: {reason}.", where="body",
        hint="Each file is a line '<sha256> <size>', then its bytes.",
    )  # fmt: skip
