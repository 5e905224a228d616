"""Tables in stored files, as Parquet: text is read once and kept beside the store."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import zlib
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from officina.errors import StudioError
from officina.modules.parsing import DECIMAL_COMMA
from officina.storage import ContentStore

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIXES = (".parquet", ".csv", ".tsv", ".data", ".jsonl", ".ndjson")
PACKED = ".gz"
# So much of a text file is read for a look; what is longer says so.
HEAD_BYTES = 64 * 2**20
SNIFF_BYTES = 1 << 20
ROW_GROUP = 50_000
CACHE_BYTES = 5 * 2**30
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*\Z")


def tables_of(names: Iterable[str]) -> list[str]:
    """Return the files that can be looked at as tables, the likeliest first."""
    found = [name for name in names if kind_of(name)[0]]
    return sorted(found, key=lambda name: (name != "data.parquet", name.count("/"), name))


def kind_of(name: str) -> tuple[str, bool]:
    """Return the suffix that says what table a file holds, "" for none, and whether its text is packed."""
    path = PurePosixPath(name.lower())
    packed = path.suffix == PACKED
    suffix = path.with_suffix("").suffix if packed else path.suffix
    known = suffix in SUFFIXES and not (packed and suffix == ".parquet")
    return (suffix, packed) if known else ("", False)


def open_stored(store: str, sha256: str, name: str, cache: Path) -> tuple[Path, dict[str, Any]]:
    """Return a Parquet file of a stored table, and what is to be said of how it was read."""
    kept = ContentStore(store)
    suffix, packed = kind_of(name)
    local = kept.local_path(sha256)
    if suffix == ".parquet" and local is not None:
        check_parquet(local, name)
        return local, {}
    cache.mkdir(parents=True, exist_ok=True)
    ending = suffix + (PACKED if packed else "")
    target, notes = cache / f"{sha256}{ending}.parquet", cache / f"{sha256}{ending}.json"
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
                check_parquet(draft, name)
                said = dict[str, Any]()
            else:
                said = _as_parquet(source, name, draft)
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


def check_parquet(file: Path, name: str) -> None:
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


def _as_parquet(source: Any, name: str, target: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    data = source.read(HEAD_BYTES + 1)
    cut = len(data) > HEAD_BYTES
    table, said = read_text(data, name, cut=cut)
    said["cut"] = said["cut"] or (HEAD_BYTES if cut else 0)
    pq.write_table(table, target, row_group_size=ROW_GROUP)
    return said


def read_text(data: bytes, name: str, *, cut: bool) -> tuple[Any, dict[str, Any]]:
    """Return the table in a text file, or in its head when it is `cut`, and what is to be said of how it was read."""
    import pyarrow as pa

    suffix, packed = kind_of(name)
    said: dict[str, Any]
    head = 0
    if packed:
        data, cut = _unpacked(data, name, cut=cut)
        head = len(data) if cut else 0
    check_text(data[:SNIFF_BYTES], name)
    if cut:
        data = data[: data.rfind(b"\n") + 1] or data
    try:
        if suffix in (".jsonl", ".ndjson"):
            table, said = _read_lines(data), {}
        else:
            table, said = _read_csv(data, suffix)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeError) as error:
        raise StudioError(
            f"{name} cannot be read as a table: {error}", where=name,
            hint="Look at it under Files; the first lines show what is different.",
        ) from None  # fmt: skip
    return table, {**said, "cut": head}


def _unpacked(data: bytes, name: str, *, cut: bool) -> tuple[bytes, bool]:
    """Return the text of a packed file, or its head: a bomb unpacks to no more than that."""
    found = bytearray()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            while len(found) <= HEAD_BYTES and (piece := packed.read(1 << 20)):
                found += piece
    except (OSError, EOFError, zlib.error) as error:
        if not (cut and found):
            raise StudioError(
                f"{name} cannot be unpacked: {error}", where=name,
                hint="It may be cut short. Upload it again.",
            ) from None  # fmt: skip
    return bytes(found[:HEAD_BYTES]), cut or len(found) > HEAD_BYTES


def _read_lines(data: bytes) -> Any:
    import pyarrow as pa
    import pyarrow.json as pj

    try:
        return pj.read_json(io.BytesIO(data))
    except pa.ArrowInvalid as error:
        if not _is_too_long(error):
            raise
        return pj.read_json(io.BytesIO(data), pj.ReadOptions(block_size=len(data) + 1))


def _is_too_long(error: Exception) -> bool:
    """Tell whether a reader gave up on a row that is longer than what it reads at a time."""
    return "straddl" in str(error)


def _read_csv(data: bytes, suffix: str) -> tuple[Any, dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.csv as pc

    encoding = encoding_of(data)
    head = data[:SNIFF_BYTES].decode(encoding, "replace")
    delimiter = "\t" if suffix == ".tsv" else delimiter_of(head)
    above = lines_above(head, delimiter)
    if not set("\r\n") & set(head) and len(data) < SNIFF_BYTES:
        data += _line_end(data, encoding)  # a head without one is none to the reader
    wrong: list[int] = []

    def skip(row: Any) -> str:
        wrong.append(row.number or 0)
        return "skip"

    def read(block: int | None) -> Any:
        wrong.clear()
        return pc.read_csv(
            io.BytesIO(data),
            read_options=pc.ReadOptions(
                encoding=encoding, use_threads=True, skip_rows=above, block_size=block
            ),
            parse_options=pc.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=pc.ConvertOptions(strings_can_be_null=True),
        )

    try:
        table = read(None)
    except pa.ArrowInvalid as error:
        if not _is_too_long(error):
            raise
        table = read(min(2 * len(data), 2**31 - 1))
    said = {
        "encoding": encoding, "delimiter": delimiter, "skipped": len(wrong), "above": above,
        "headless": names_look_like_values(table),
    }  # fmt: skip
    table = table.rename_columns(unique_names(table.column_names))
    return (table if delimiter == "," else _with_decimal_commas(table)), said


def names_look_like_values(table: Any) -> bool:
    """Tell whether the first line seems to be a row: a name comes again below, or all are numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = table.column_names
    if all(_NUMBER.match(name) for name in names) and any("." in name for name in names):
        return True
    return any(
        name != "" and pa.types.is_string(column.type)
        and bool(pc.any(pc.equal(column.slice(0, ROW_GROUP), name)).as_py())
        for name, column in zip(names, table.columns, strict=True)
    )  # fmt: skip


def _with_decimal_commas(table: Any) -> Any:
    """Return the table with numbers in the place of texts such as 1.234,50, as pipelines read it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for index, field in enumerate(table.schema):
        column = table.column(index)
        if (
            not pa.types.is_string(field.type)
            or not pc.any(pc.match_substring(column, ",")).as_py()
        ):
            continue
        if pc.all(pc.match_substring_regex(column, DECIMAL_COMMA)).as_py():
            plain = pc.replace_substring(column, ".", "")
            plain = pc.utf8_trim_whitespace(pc.replace_substring(plain, ",", "."))
            table = table.set_column(index, field.name, plain.cast(pa.float64()))
    return table


def _line_end(data: bytes, encoding: str) -> bytes:
    if encoding != "utf-16":
        return b"\n"
    return "\n".encode("utf-16-be" if data.startswith(b"\xfe\xff") else "utf-16-le")


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
    if worth(best)[0]:
        return best
    # Titles above the table, or a total below it: the mark that most lines agree on.
    agreed = max(",;\t|", key=lambda mark: _usual(lines, mark))
    return agreed if _usual(lines, agreed)[0] >= 2 else best if worth(best)[1] else ","


def _usual(lines: list[str], mark: str) -> tuple[int, int]:
    """Return how many lines have the usual number of marks, and that number; lines without any do not count."""
    counts = Counter(count for line in lines if (count := line.count(mark)))
    number, times = max(counts.items(), key=lambda each: (each[1], each[0]), default=(0, 0))
    return times, number


def lines_above(text: str, delimiter: str) -> int:
    """Return how many lines stand above the table's head: titles and empty lines, as spreadsheets write them."""
    lines = re.split("\r\n|\n|\r", text)[:20]
    times, number = _usual(lines[:-1] if len(text) >= SNIFF_BYTES else lines, delimiter)
    begins = next((i for i, line in enumerate(lines) if line.count(delimiter) == number), 0)
    titles = lines[:begins]
    plain = all(line.count(delimiter) == 0 and '"' not in line for line in titles)
    return begins if times >= 2 and plain else 0


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
