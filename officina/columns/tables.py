"""The columns of tables that come with the studio or are typed in by hand."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from officina.columns.schema import Column, Schema, Schemas
from officina.samples.shapes import SHAPES

_MEASURES = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity",
    "concave points", "symmetry", "fractal dimension",
)  # fmt: skip
_NUMBERS = {
    "diabetes": ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"),
    "iris": (
        "sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)",
    ),
    "wine": (
        "alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols",
        "flavanoids", "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue",
        "od280/od315_of_diluted_wines", "proline",
    ),
    "breast_cancer": (
        *(f"mean {name}" for name in _MEASURES),
        *(f"{name} error" for name in _MEASURES),
        *(f"worst {name}" for name in _MEASURES),
    ),
}  # fmt: skip
SAMPLES: dict[str, Schema] = {
    name: (
        *(Column(each, "number") for each in numbers),
        Column("target", "number" if name == "diabetes" else "integer", "label"),
    )
    for name, numbers in _NUMBERS.items()
} | {name: tuple(Column(each, kind) for each, kind in columns) for name, columns in SHAPES.items()}
# What pandas takes for a missing value when it reads delimited text.
_MISSING = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
     "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")
)  # fmt: skip
_INTEGER = re.compile(r"\s*[-+]?\d{1,18}\s*\Z")
_NUMBER = re.compile(
    r"\s*[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf|infinity)\s*\Z", re.IGNORECASE
)
_BOOLEAN = frozenset(("True", "False", "TRUE", "FALSE", "true", "false"))
_ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"[^"]*"|\S+)\s+(.+)$""", re.I)
_LIMIT = 1_000_000  # characters: more text is not looked through at every change of a draft


def imported(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """Import Data: the samples are known, and nothing else before it has been read."""
    if params.get("source") != "sample":
        return {"dataset": None}
    return {"dataset": SAMPLES.get(str(params.get("sample")))}


def typed_in(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """Enter Data Manually: the text itself says its columns."""
    text, kind = str(params.get("data") or ""), params.get("data_format")
    if len(text) > _LIMIT:
        return {"dataset": None}
    if kind == "ARFF":
        return {"dataset": _arff(text)}
    if kind == "SVMLight":
        return {"dataset": _svmlight(text)}
    header = params.get("has_header") is not False
    return {"dataset": delimited(text, "\t" if kind == "TSV" else ",", header=header)}


def delimited(text: str, delimiter: str, *, header: bool) -> Schema | None:
    """Return the columns of separated text as pandas will name and type them; None if unsure."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except csv.Error:
        return None
    if not rows:
        return None
    names = [name.strip() for name in rows.pop(0)] if header else []
    names = names or [f"Col{number + 1}" for number in range(len(rows[0]))]
    if len(set(names)) < len(names) or not all(names):
        return None  # pandas makes up names for these
    if any(len(row) != len(names) for row in rows):
        return None
    return tuple(
        Column(name, _kind(row[index] for row in rows)) for index, name in enumerate(names)
    )


def _kind(cells: Any) -> str:
    """Return the type of a column of texts; a missing value makes whole numbers fractions."""
    known = list(cells)
    held = [cell for cell in known if cell not in _MISSING]
    if not held:
        return "any"
    if all(_INTEGER.match(cell) for cell in held):
        return "integer" if len(held) == len(known) else "number"
    if all(_NUMBER.match(cell) for cell in held):
        return "number"
    if all(cell in _BOOLEAN for cell in held):
        return "boolean" if len(held) == len(known) else "any"
    return "string"


def _arff(text: str) -> Schema | None:
    found = []
    for line in text.splitlines():
        word = line.split(None, 1)[0].lower() if line.strip() else ""
        if word == "@data":
            break
        if word == "@attribute":
            match = _ATTRIBUTE.match(line.strip())
            if not match:
                return None
            found.append(_attribute(match[1].strip("'\""), match[2].strip()))
    return tuple(found) or None


def _attribute(name: str, kind: str) -> Column:
    if kind.startswith("{"):
        return Column(name, "categorical", categorical=True)
    word = kind.split(None, 1)[0].lower()
    if word in ("numeric", "real", "integer"):
        return Column(name, "any" if word == "integer" else "number")
    return Column(name, "datetime" if word == "date" else "string")


def _svmlight(text: str) -> Schema | None:
    numbers = [int(word) for word in re.findall(r"(?<=\s)(\d+):", text)]
    if not numbers:
        return None
    first = 1 if min(numbers) > 0 else 0
    width = max(numbers) + 1 - first
    names = [f"Col{number + 1}" for number in range(min(width, 10_000))]
    return (Column("Labels", "number", "label"), *(Column(name, "number") for name in names))
