"""Text and files read as tables: CSV, TSV, ARFF, SVMLight, Parquet."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

from officina.lazy import lazy
from officina.modules.errors import EMPTY_INPUT, NOT_PARSED, module_error

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd
    from sklearn import datasets
else:
    pd = lazy("pandas")
    datasets = lazy("sklearn.datasets")


# How a number looks where a comma stands before its decimals: 1.234,50.
DECIMAL_COMMA = r"^\s*[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?\s*$"


def read_decimal_commas(frame: pd.DataFrame) -> list[str]:
    """Make numbers of the text columns that hold numbers with decimal commas; return their names.

    Only for text that another mark cuts: between commas, 1,5 is two values.
    """
    found = []
    for place, name in enumerate(frame.columns):
        values = frame.iloc[:, place]
        if not pd.api.types.is_string_dtype(values.dtype) or not values.notna().any():
            continue
        texts = values.dropna().astype(str)
        if texts.str.contains(",").any() and texts.str.match(DECIMAL_COMMA).all():
            plain = texts.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
            frame.isetitem(place, plain.astype(float).reindex(values.index).array)
            found.append(str(name))
    return found


def read_delimited(
    source: Path | io.StringIO,
    *,
    delimiter: str,
    header: bool,
    encoding: str = "utf-8",
    where: str,
) -> pd.DataFrame:
    """Read comma- or otherwise separated text; without a header the columns are Col1, Col2, …"""
    try:
        frame = pd.read_csv(
            source,
            sep=delimiter,
            header=0 if header else None,
            encoding=encoding,
            low_memory=False,
            skip_blank_lines=True,
        )
    except pd.errors.EmptyDataError as error:
        raise module_error(
            EMPTY_INPUT, "There is no data.", where=where, hint="Give at least a header line."
        ) from error
    except UnicodeDecodeError as error:
        raise module_error(
            NOT_PARSED,
            f"The text is not {encoding}: {error}",
            where=where,
            hint="Choose the encoding that the file was written in.",
        ) from error
    except (ValueError, LookupError, csv.Error) as error:
        raise module_error(
            NOT_PARSED,
            f"The text cannot be read: {error}",
            where=where,
            hint="Check the delimiter and that each line has the same number of values.",
        ) from error
    if not header:
        frame.columns = pd.Index([f"Col{number + 1}" for number in range(len(frame.columns))])
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    return frame


def read_parquet(path: Path, *, where: str) -> pd.DataFrame:
    """Read a Parquet file."""
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise module_error(
            NOT_PARSED,
            f"{path.name} is not a Parquet file: {error}",
            where=where,
            hint="Choose the format of the file.",
        ) from error


def read_svmlight(text: str, *, where: str) -> pd.DataFrame:
    """Read SVMLight lines: column Labels, then Col1 to Coln."""
    try:
        matrix, labels = datasets.load_svmlight_file(io.BytesIO(text.encode()))
    except ValueError as error:
        raise module_error(
            NOT_PARSED,
            f"The text is not SVMLight: {error}",
            where=where,
            hint="Write lines such as: 1 1:0.5 3:2.0",
        ) from error
    names = [f"Col{number + 1}" for number in range(matrix.shape[1])]
    frame = pd.DataFrame(matrix.toarray(), columns=names)
    frame.insert(0, "Labels", labels)
    return frame


def read_arff(text: str, *, where: str) -> pd.DataFrame:
    """Read ARFF; nominal attributes become categories, `?` a missing value.

    SciPy's reader is not used: it knows no text attributes and no names beyond ASCII.
    """
    attributes: list[tuple[str, str]] = []
    lines = iter(text.splitlines())
    for number, line in enumerate(lines, 1):
        line = line.strip()
        word = line.split(None, 1)[0].lower() if line else ""
        if word == "@data":
            break
        if word == "@attribute":
            attributes.append(_arff_attribute(line, f"{where}, line {number}"))
    if not attributes:
        raise module_error(
            NOT_PARSED,
            "The text has no @attribute line.",
            where=where,
            hint="Choose CSV if it is a plain table.",
        )
    rows = [line for line in lines if line.strip() and not line.lstrip().startswith("%")]
    frame = _arff_rows(rows, len(attributes), where)
    columns = {
        name: _arff_column(frame[index], kind, name)
        for index, (name, kind) in enumerate(attributes)
    }
    return pd.DataFrame(columns)


def _arff_attribute(line: str, where: str) -> tuple[str, str]:
    match = re.match(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"[^"]*"|\S+)\s+(.+)$""", line, re.I)
    if not match:
        raise module_error(
            NOT_PARSED,
            f"Not an attribute: {line[:80]}",
            where=where,
            hint="Write: @attribute name numeric",
        )
    return match[1].strip("'\""), match[2].strip()


def _arff_rows(rows: Iterable[str], width: int, where: str) -> list[list[str | None]]:
    columns: list[list[str | None]] = [[] for _ in range(width)]
    reader = csv.reader(rows, quotechar="'", escapechar="\\", skipinitialspace=True)
    for number, cells in enumerate(reader, 1):
        if len(cells) != width:
            raise module_error(
                NOT_PARSED,
                f"Row {number} has {len(cells)} values, not {width}.",
                where=where,
                hint="Each row needs one value for each attribute; sparse rows are not read.",
            )
        for column, cell in zip(columns, cells, strict=True):
            column.append(None if cell.strip() == "?" else cell.strip().strip('"'))
    return columns


def _arff_column(cells: list[str | None], kind: str, name: str) -> pd.Series[Any]:
    word = kind.split(None, 1)[0].lower()
    try:
        if kind.startswith("{"):
            listed = next(csv.reader([kind.strip("{}")], quotechar="'", skipinitialspace=True))
            known = [item.strip().strip('"') for item in listed]
            if strange := {cell for cell in cells if cell is not None} - set(known):
                raise ValueError(f"{sorted(strange)[0]!r} is not among {', '.join(known)}")
            return pd.Series(pd.Categorical(cells, categories=known))
        if word in ("numeric", "real", "integer"):
            return pd.to_numeric(pd.Series(cells, dtype="object"))
        if word == "date":
            return pd.to_datetime(pd.Series(cells, dtype="object"))
    except (ValueError, TypeError) as error:
        raise module_error(
            NOT_PARSED,
            f'Column "{name}" is declared {word}: {error}',
            where=name,
            hint="Correct the value or the @attribute line.",
        ) from error
    return pd.Series(cells, dtype="str")
