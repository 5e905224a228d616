"""Tables in stored files, as Parquet: text is read once and kept beside the store."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from officina.errors import StudioError
from officina.storage import ContentStore

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson")
# So much of a text file is read for a look; what is longer says so.
HEAD_BYTES = 64 * 2**20
SNIFF_BYTES = 1 << 20
ROW_GROUP = 50_000
CACHE_BYTES = 5 * 2**30


def tables_of(names: Iterable[str]) -> list[str]:
    """Return the files that can be looked at as tables, the likeliest first."""
    found = [name for name in names if PurePosixPath(name).suffix.lower() in SUFFIXES]
    return sorted(found, key=lambda name: (name != "data.parquet", name.count("/"), name))


def open_stored(store: str, sha256: str, name: str, cache: Path) -> tuple[Path, dict[str, Any]]:
    """Return a Parquet file of a stored table, and what is to be said of how it was read."""
    kept = ContentStore(store)
    suffix = PurePosixPath(name).suffix.lower()
    local = kept.local_path(sha256)
    if suffix == ".parquet" and local is not None:
        _check_parquet(local, name)
        return local, {}
    cache.mkdir(parents=True, exist_ok=True)
    target, notes = cache / f"{sha256}{suffix}.parquet", cache / f"{sha256}{suffix}.json"
    if target.exists() and notes.exists():
        target.touch()
        found: dict[str, Any] = json.loads(notes.read_text())
        return target, found
    draft = target.with_suffix(f".{os.getpid()}.part")
    try:
        with kept.open(sha256) as source:
            if suffix == ".parquet":
                with draft.open("wb") as file:
                    while chunk := source.read(1 << 20):
                        file.write(chunk)
                _check_parquet(draft, name)
                said = dict[str, Any]()
            else:
                said = _as_parquet(source, suffix, name, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    notes.write_text(json.dumps(said))
    prune(cache)
    return target, said


def check_text(head: bytes, name: str) -> None:
    """Refuse what is empty or no text, before a reader makes a strange table of it."""
    if not head.strip():
        raise StudioError(
            f"{name} is empty.", where=name, hint="Upload the file again; its first line names the columns."
        )  # fmt: skip
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\x00" in head[:SNIFF_BYTES] and not marked:
        raise StudioError(
            f"{name} is no text: it holds bytes that no text has.", where=name,
            hint="It may be another kind of file under a wrong name, or UTF-16 without its mark.",
        )  # fmt: skip


def _check_parquet(file: Path, name: str) -> None:
    """Refuse what does not end as Parquet does: an upload that was cut short, most often."""
    with file.open("rb") as source:
        size = source.seek(0, os.SEEK_END)
        source.seek(max(0, size - 4))
        ends = source.read(4)
    if size < 12 or ends not in (b"PAR1", b"PARE"):
        raise StudioError(
            f"{name} cannot be read: it does not end as a Parquet file does.", where=name,
            hint="It may be cut short, or no Parquet file. Upload it again.",
        )  # fmt: skip


def prune(cache: Path) -> None:
    """Delete the tables that were not looked at for longest, beyond what may be kept."""
    files = sorted(cache.glob("*.parquet"), key=lambda path: path.stat().st_mtime, reverse=True)
    total = 0
    for path in files:
        total += path.stat().st_size
        if total > CACHE_BYTES:
            path.unlink(missing_ok=True)


def _as_parquet(source: Any, suffix: str, name: str, target: Path) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = source.read(HEAD_BYTES + 1)
    check_text(data[:SNIFF_BYTES], name)
    cut = len(data) > HEAD_BYTES
    if cut:
        data = data[: data.rfind(b"\n") + 1]
    try:
        if suffix in (".jsonl", ".ndjson"):
            import pyarrow.json as pj

            table = pj.read_json(io.BytesIO(data))
            said = dict[str, Any]()
        else:
            table, said = _read_csv(data, suffix)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeError) as error:
        raise StudioError(
            f"{name} cannot be read as a table: {error}", where=name,
            hint="Look at it under Files; the first lines show what is different.",
        ) from None  # fmt: skip
    said["cut"] = HEAD_BYTES if cut else 0
    pq.write_table(table, target, row_group_size=ROW_GROUP)
    return said


def _read_csv(data: bytes, suffix: str) -> tuple[Any, dict[str, Any]]:
    import pyarrow.csv as pc

    encoding = encoding_of(data)
    delimiter = (
        "\t" if suffix == ".tsv" else delimiter_of(data[:SNIFF_BYTES].decode(encoding, "replace"))
    )
    wrong: list[int] = []

    def skip(row: Any) -> str:
        wrong.append(row.number or 0)
        return "skip"

    table = pc.read_csv(
        io.BytesIO(data),
        read_options=pc.ReadOptions(encoding=encoding, use_threads=True),
        parse_options=pc.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
        ),
        convert_options=pc.ConvertOptions(strings_can_be_null=True),
    )
    table = table.rename_columns(unique_names(table.column_names))
    return table, {"encoding": encoding, "delimiter": delimiter, "skipped": len(wrong)}


def encoding_of(data: bytes) -> str:
    """Return the encoding of a text: by its mark, else UTF-8 if it is that, else Windows' Western one."""
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    for mark, name in marks:
        if data.startswith(mark):
            return name
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A head may end in the middle of a letter.
        if error.start < len(data) - 4:
            return "cp1252" if not set(data) & {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "latin-1"
    return "utf-8"


def delimiter_of(text: str) -> str:
    """Return the delimiter that cuts the first lines most, and into equal numbers of fields."""
    lines = [line for line in text.split("\n")[:20] if line.strip()][:10] or [""]
    if len(lines) > 1 and not text.endswith("\n") and len(text) >= SNIFF_BYTES:
        lines.pop()

    def worth(mark: str) -> tuple[bool, int]:
        counts = [line.count(mark) for line in lines]
        return (min(counts) > 0 and len(set(counts)) == 1, min(counts))

    best = max(",;\t|", key=worth)
    return best if worth(best)[1] else ","


def unique_names(names: list[str]) -> list[str]:
    """Return names that differ and are not empty, as a table needs."""
    found: list[str] = []
    seen: set[str] = set()
    for index, name in enumerate(names):
        base = candidate = name.strip() or f"Column {index + 1}"
        number = 2
        while candidate in seen:
            candidate, number = f"{base}_{number}", number + 1
        seen.add(candidate)
        found.append(candidate)
    return found
