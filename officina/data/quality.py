"""Check a table against rules: in one pass over its batches, with the first rows that fail.

`python -m officina.data.quality FOLDER RULES.json` is the job that a check of a data version runs.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from officina.data.quality_checks import CHECKS, SHOWN, Check, Mask
from officina.data.quality_rules import ERROR, Rule, clean_rules, describe
from officina.errors import StudioError

BATCH = 65_536
BUFFER = 1 << 16
SHOWN_COLUMNS = 40
CELL = 200
REPORT = "quality.json"
SUFFIXES = (".parquet", ".csv", ".tsv")


@dataclass(frozen=True)
class Outcome:
    """The report as JSON, and which rows fail a rule of severity error."""

    report: dict[str, Any]
    failing: Mask

    @property
    def passed(self) -> bool:
        return bool(self.report["passed"])


def check_files(
    files: list[Path], rules: list[Rule], *, tell: Callable[[float], None] = lambda done: None
) -> Outcome:
    """Check Parquet files of one table; memory holds a group of rows and some bytes of each row."""
    readers = [pq.ParquetFile(file, buffer_size=BUFFER) for file in files]
    try:
        schema = readers[0].schema_arrow
        for file, reader in zip(files, readers, strict=True):
            if reader.schema_arrow.names != schema.names:
                raise StudioError(
                    f"{file.name} has other columns than {files[0].name}.", where=file.name,
                    hint="Files of one table have the same columns.",
                )  # fmt: skip
        rows = sum(reader.metadata.num_rows for reader in readers)
        checks = [CHECKS[rule["rule"]](rule, schema) for rule in rules]
        failing = _look(readers, checks, rows, tell)
        shown = _rows_of(readers, schema, sorted({row for c in checks for row in c.rows}), checks)
    finally:
        for reader in readers:
            reader.close()
    results = [_result(check, rows, shown) for check in checks]
    report = {
        "rows": rows, "columns": len(schema.names), "results": results,
        "passed": all(each["passed"] or each["severity"] != ERROR for each in results),
        "failingRows": int(failing.sum()),
    }  # fmt: skip
    return Outcome(report, failing)


def _look(
    readers: list[pq.ParquetFile], checks: list[Check], rows: int, tell: Callable[[float], None]
) -> Mask:
    failing = np.zeros(rows, dtype=bool)
    needed = sorted({name for c in checks if not c.problem for name in c.columns})
    offset = 0
    for reader in readers if needed else []:
        for batch in _batches(reader, needed):
            table = pa.Table.from_batches([batch])
            for check in checks:
                found = check.see(table, offset) if check.columns else None
                if found is not None and check.rule["severity"] == ERROR:
                    failing[offset : offset + len(found)] |= found
            offset += batch.num_rows
            tell(offset / max(1, rows))
    for check in checks:
        found = check.finish(rows)
        if found is not None and check.rule["severity"] == ERROR:
            failing |= found
    return failing


def _batches(reader: pq.ParquetFile, columns: list[str]) -> Iterator[pa.RecordBatch]:
    # Group by group: one iterator over the whole file keeps what it has read.
    for group in range(reader.num_row_groups):
        yield from reader.iter_batches(
            row_groups=[group], batch_size=BATCH, columns=columns, use_threads=False
        )


def _result(check: Check, rows: int, shown: dict[int, dict[str, Any]]) -> dict[str, Any]:
    passed, message = check.verdict(rows)
    found = [{"row": row, "values": shown[row]} for row in check.rows if row in shown]
    return {
        "rule": check.rule, "words": describe(check.rule), "severity": check.rule["severity"],
        "passed": passed, "message": message, "failing": check.failing, "checked": check.checked,
        "columns": list(check.columns), "rows": found,
    }  # fmt: skip


def _rows_of(
    readers: list[pq.ParquetFile], schema: pa.Schema, wanted: list[int], checks: list[Check]
) -> dict[int, dict[str, Any]]:
    """Return the cells of some rows: the columns of the rules first, then the others."""
    first = [name for check in checks for name in check.columns if name in schema.names]
    names = list(dict.fromkeys([*first, *schema.names]))[:SHOWN_COLUMNS]
    places, found = np.array(wanted, dtype=np.int64), dict[int, dict[str, Any]]()
    offset = 0
    for reader in readers:
        for group in range(reader.num_row_groups):
            count = reader.metadata.row_group(group).num_rows
            here = places[(places >= offset) & (places < offset + count)]
            if len(here):
                table = reader.read_row_group(group, columns=names, use_threads=False)
                cells = table.take(pa.array(here - offset)).to_pylist()
                found |= {
                    int(row): {name: _cell(cell[name]) for name in names}
                    for row, cell in zip(here, cells, strict=True)
                }
            offset += count
    return found


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    return (value.isoformat() if hasattr(value, "isoformat") else str(value))[:CELL]


def tables_in(place: Path, work: Path) -> list[Path]:
    """Return the Parquet files of a folder's table, or of a file; text is converted into `work`."""
    files = [place] if place.is_file() else sorted(f for f in place.rglob("*") if f.is_file())
    found = [file for file in files if file.suffix.lower() in SUFFIXES]
    parquet = [file for file in found if file.suffix.lower() == ".parquet"]
    if not found:
        raise StudioError(
            "There is no table to check.", where="data",
            hint=f"A table is a file that ends in {', '.join(SUFFIXES)}.",
        )  # fmt: skip
    if parquet:
        return parquet
    return [as_parquet(file, work / f"{index}.parquet") for index, file in enumerate(found)]


def as_parquet(file: Path, target: Path) -> Path:
    """Convert a text table to Parquet block by block; a column that changes its type becomes text."""
    texts: dict[str, pa.DataType] = {}
    for _ in range(1_000):
        try:
            _convert(file, target, texts)
        except pa.ArrowInvalid as error:
            name = _column_at_fault(str(error), file)
            if name is None or name in texts:
                raise StudioError(
                    f"{file.name} cannot be read as a table: {error}", where=file.name,
                    hint="Its lines have different numbers of cells, or it is not UTF-8.",
                ) from None  # fmt: skip
            texts[name] = pa.string()
        else:
            break
    return target


def _options(file: Path) -> pc.ParseOptions:
    return pc.ParseOptions(
        delimiter="\t" if file.suffix.lower() == ".tsv" else ",", newlines_in_values=True
    )


def _convert(file: Path, target: Path, texts: dict[str, pa.DataType]) -> None:
    options = pc.ConvertOptions(column_types=texts, strings_can_be_null=True)
    read = pc.ReadOptions(block_size=4 << 20, use_threads=False)
    with (
        pc.open_csv(file, read, _options(file), options) as source,
        pq.ParquetWriter(target, source.schema, compression="zstd") as writer,
    ):
        for batch in source:
            writer.write_batch(batch)


def _column_at_fault(message: str, file: Path) -> str | None:
    number = message.partition("In CSV column #")[2].partition(":")[0]
    if not number.isdigit():
        return None
    with pc.open_csv(file, parse_options=_options(file)) as source:
        return str(source.schema.names[int(number)])


def telling(report: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that a log tells of a report."""
    for each in report["results"]:
        mark = "passed" if each["passed"] else each["severity"]
        yield f"{mark:>8}  {each['words']}" + (f": {each['message']}" if each["message"] else "")
    met, whole = sum(each["passed"] for each in report["results"]), len(report["results"])
    yield f"{met} of {whole} rules are met, over {report['rows']:,} rows."


def summary(report: dict[str, Any]) -> str:
    """Return what a failed check says in one sentence."""
    failed = [r for r in report["results"] if not r["passed"] and r["severity"] == ERROR]
    names = "; ".join(f"{r['words']}: {r['message']}" for r in failed[:3])
    more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
    return f"{len(failed)} of {len(report['results'])} rules are not met: {names}{more}"


def main(arguments: list[str]) -> int:
    """Check a folder by a file of rules: the report goes to ./outputs, the outcome to the run."""
    from officina.tracking import Run

    run = Run.get_context()
    try:
        rules = clean_rules(json.loads(Path(arguments[1]).read_text(encoding="utf-8")))
        with tempfile.TemporaryDirectory() as work:
            files = tables_in(Path(arguments[0]), Path(work))
            found = check_files(files, rules, tell=lambda done: run.progress(done, "checking rows"))
    except StudioError as error:
        run.fail(error.message, code=error.code, where=error.where, hint=error.hint)
        sys.stderr.write(f"{error}\n")
        return 1
    save(found.report, Path("outputs"))
    for line in telling(found.report):
        sys.stdout.write(f"{line}\n")
    results = found.report["results"]
    run.log("rules_met", sum(each["passed"] for each in results))
    run.log("rules_not_met", sum(not each["passed"] for each in results))
    run.tag("quality", "passed" if found.passed else "failed")
    return 0


def save(report: dict[str, Any], folder: Path) -> None:
    """Write a report into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, ensure_ascii=False, default=str)
    (folder / REPORT).write_text(text + "\n", encoding="utf-8")


__all__ = ["REPORT", "SHOWN", "Outcome", "check_files", "save", "summary", "tables_in", "telling"]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
