"""Palette category Data Input and Output: Enter Data Manually, Import Data."""

from __future__ import annotations

import fnmatch
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from officina.catalogue import Param, Port, module
from officina.columns import tables
from officina.lazy import lazy
from officina.modules.errors import FILE_NOT_FOUND, NAMES_DIFFER, module_error
from officina.modules.tables import Table
from officina.samples.shapes import SHAPES

if TYPE_CHECKING:
    import pandas as pd
    from sklearn import datasets

    from officina.modules import databases, fetch, parsing
    from officina.modules.context import Context
    from officina.samples import tables as drawn
else:
    pd = lazy("pandas")
    datasets = lazy("sklearn.datasets")
    drawn = lazy("officina.samples.tables")
    databases = lazy("officina.modules.databases")
    fetch = lazy("officina.modules.fetch")
    parsing = lazy("officina.modules.parsing")

CATEGORY = "Data Input and Output"
OF_SCIKIT_LEARN = ("diabetes", "iris", "wine", "breast_cancer")
SAMPLES = (*OF_SCIKIT_LEARN, *SHAPES)
DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "pipe": "|", "space": r"\s+"}
SUFFIXES = {
    **{".csv": "csv", ".tsv": "tsv", ".parquet": "parquet", ".txt": "csv", ".data": "csv"},
    **dict.fromkeys((".sqlite", ".sqlite3", ".db"), "sqlite"),
}


@module(
    name="enter_data_manually",
    title="Enter Data Manually",
    category=CATEGORY,
    outputs=[Port("dataset", "dataset", label="Dataset")],
    params=[
        Param("data_format", "enum", "Data format", "CSV", enum=("ARFF", "CSV", "SVMLight", "TSV")),
        Param(
            "has_header",
            "boolean",
            "Has header",
            True,
            visible_when={"data_format": ["CSV", "TSV"]},
        ),
        Param("data", "code", "Data", help="The table itself, as text."),
    ],
    summary="{data_format}",
    doc="Type or paste a small table. ARFF nominal attributes become categories; SVMLight gives "
    "a label column Labels and the features Col1, Col2, …",
    schema=tables.typed_in,
)
def enter_data_manually(ctx: Context) -> None:
    """Turn the typed text into a dataset."""
    text, kind = str(ctx.params["data"]), ctx.params["data_format"]
    if kind == "ARFF":
        table = Table(parsing.read_arff(text, where="data"))
        categories = table.frame.select_dtypes("category").columns
        table.roles = {str(name): {"categorical": True} for name in categories}
    elif kind == "SVMLight":
        table = Table(parsing.read_svmlight(text, where="data"), {"Labels": {"role": "label"}})
    else:
        frame = parsing.read_delimited(
            io.StringIO(text),
            delimiter="," if kind == "CSV" else "\t",
            header=ctx.params["has_header"],
            where="data",
        )
        table = Table(frame)
    ctx.save_table("dataset", table)


_FILES = {"source": ["data_asset", "http"]}


@module(
    name="import_data",
    title="Import Data",
    category=CATEGORY,
    inputs=[Port("data", "any", label="Data asset or folder", optional=True)],
    outputs=[Port("dataset", "dataset", label="Results dataset")],
    params=[
        Param("source", "enum", "Data source", "sample", enum=("sample", "data_asset", "http")),
        Param(
            "sample",
            "enum",
            "Sample table",
            "diabetes",
            enum=SAMPLES,
            visible_when={"source": "sample"},
        ),
        Param(
            "url",
            "string",
            "URL",
            visible_when={"source": "http"},
            help="An http or https address; private addresses are refused.",
        ),
        Param(
            "path",
            "string",
            "Path",
            "**",
            visible_when={"source": "data_asset"},
            help="A file or pattern in the folder; folder/** joins all files below it.",
        ),
        Param(
            "file_format",
            "enum",
            "File format",
            "auto",
            enum=("auto", "csv", "tsv", "parquet", "sqlite"),
            visible_when=_FILES,
        ),
        Param(
            "query",
            "string",
            "SQL query",
            optional=True,
            visible_when={"file_format": "sqlite"} | _FILES,
            help="Run on an SQLite file; blank = its only table.",
        ),
        Param(
            "delimiter",
            "enum",
            "Delimiter",
            "comma",
            enum=tuple(DELIMITERS),
            visible_when={"file_format": ["auto", "csv"]} | _FILES,
        ),
        Param("has_header", "boolean", "Has header", True, visible_when=_FILES),
        Param("encoding", "string", "Encoding", "utf-8", visible_when=_FILES),
        Param(
            "regenerate_output",
            "boolean",
            "Regenerate output",
            False,
            help="Import anew in each run instead of reusing the table of an earlier one.",
        ),
    ],
    summary="{source} {sample}",
    doc="Bring a table in: a sample that scikit-learn carries or that is made up, an uploaded data "
    "asset or folder on the Data port, or a file from the web: delimited text, Parquet or an SQLite "
    "database. Files of a folder need the same columns.",
    schema=tables.imported,
)
def import_data(ctx: Context) -> None:
    """Read the table from its source."""
    source = ctx.params["source"]
    if source == "sample":
        table = sample_table(ctx.params["sample"])
    elif source == "http":
        table = Table(_from_web(ctx))
    elif not ctx.has("data"):
        raise module_error(
            "0003",
            "No data is wired to the Data port.",
            where="data",
            hint="Wire a data asset to it, or choose another source.",
        )
    else:
        table = Table(_from_folder(ctx, Path(ctx.inputs["data"])))
    ctx.save_table("dataset", table)


def sample_table(name: str) -> Table:
    """Return a sample; in scikit-learn's own tables the last column, target, has the role label."""
    if name not in OF_SCIKIT_LEARN:
        return Table(drawn.table(name))
    loaded = getattr(datasets, f"load_{name}")(as_frame=True)
    roles = {"target": {"role": "label"}}
    return Table(loaded.frame, roles)


def _from_web(ctx: Context) -> pd.DataFrame:
    url = str(ctx.params["url"])
    with tempfile.TemporaryDirectory() as folder:
        name = Path(urlsplit(url).path).name or "download"
        target = Path(folder) / name[-100:]
        fetch.download(url, target)
        return _read_file(ctx, target)


def _from_folder(ctx: Context, root: Path) -> pd.DataFrame:
    """Read and join the files that match; a single file may be given instead of a folder."""
    pattern = str(ctx.params["path"]).strip("/") or "**"
    files = [root] if root.is_file() else _matching(root, pattern)
    if not files:
        present = sorted(item.relative_to(root).as_posix() for item in root.rglob("*"))
        raise module_error(
            FILE_NOT_FOUND,
            f'No file matches "{pattern}".',
            where="path",
            hint=f"The folder holds: {', '.join(present[:8]) or 'nothing'}.",
        )
    frames = [_read_file(ctx, file) for file in files]
    for file, frame in zip(files, frames, strict=True):
        if list(frame.columns) != list(frames[0].columns):
            raise module_error(
                NAMES_DIFFER,
                f"{file.name} has other columns than {files[0].name}.",
                where="path",
                hint="Join only files with the same columns, in the same order.",
            )
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def _matching(root: Path, pattern: str) -> list[Path]:
    inside = root.resolve()
    found = []
    for file in sorted(root.rglob("*")):
        name = file.relative_to(root).as_posix()
        hidden = file.name.startswith(("_", "."))
        matches = fnmatch.fnmatchcase(name, pattern) and (not hidden or name == pattern)
        # A link that leads out of the folder is not part of the data.
        if matches and file.is_file() and file.resolve().is_relative_to(inside):
            found.append(file)
    return found


def _read_file(ctx: Context, file: Path) -> pd.DataFrame:
    kind = ctx.params["file_format"]
    if kind == "auto":
        kind = SUFFIXES.get(file.suffix.lower(), "csv")
    if kind == "parquet":
        return parsing.read_parquet(file, where=file.name)
    if kind == "sqlite":
        return databases.read_sqlite(file, ctx.params["query"], where=file.name)
    delimiter = "\t" if kind == "tsv" else DELIMITERS[ctx.params["delimiter"]]
    return parsing.read_delimited(
        file,
        delimiter=delimiter,
        header=ctx.params["has_header"],
        encoding=ctx.params["encoding"],
        where=file.name,
    )
