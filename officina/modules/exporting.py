"""Palette category Data Input and Output: Export Data."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from officina.catalogue import Param, Port, module
from officina.modules.errors import NOT_PARSED, module_error

if TYPE_CHECKING:
    from officina.modules.context import Context

SUFFIXES = {"csv": ".csv", "tsv": ".tsv", "parquet": ".parquet"}


@module(
    name="export_data",
    title="Export Data",
    category="Data Input and Output",
    inputs=[Port("dataset", "dataset", label="Dataset")],
    params=[
        Param(
            "path",
            "string",
            "Path",
            "export/data",
            help="Below the outputs of the run; the ending is added when it has none.",
        ),
        Param("file_format", "enum", "File format", "csv", enum=tuple(SUFFIXES)),
        Param(
            "regenerate_output",
            "boolean",
            "Regenerate output",
            False,
            help="Write the file anew in each run, also when nothing has changed.",
        ),
    ],
    summary="{path} ({file_format})",
    doc="Write the table as a file among the outputs of its run, where it can be downloaded or "
    "registered as a data asset: CSV and TSV in UTF-8 with a header line, or Parquet.",
)
def export_data(ctx: Context) -> None:
    """Write the table as a file of the run."""
    table, kind = ctx.table("dataset"), ctx.params["file_format"]
    inside = _inside(str(ctx.params["path"]), SUFFIXES[kind])
    target = Path("outputs") / inside
    target.parent.mkdir(parents=True, exist_ok=True)
    if kind == "parquet":
        table.frame.to_parquet(target, index=False, compression="zstd")
    else:
        separator = "," if kind == "csv" else "\t"
        table.frame.to_csv(target, sep=separator, index=False, lineterminator="\n")
    sys.stdout.write(f"{len(table.frame)} rows written to {target.as_posix()}\n")


def _inside(text: str, suffix: str) -> PurePosixPath:
    """Read a path that stays below the outputs."""
    path = PurePosixPath(text.strip().replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise module_error(
            NOT_PARSED,
            f'"{text}" is no path below the outputs.',
            where="path",
            hint="Write for example export/data, without a leading slash and without ..",
        )
    return path if path.suffix.lower() in SUFFIXES.values() else path.with_name(path.name + suffix)
