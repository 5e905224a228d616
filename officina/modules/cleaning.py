"""Clean Missing Data: decide per column what replaces a missing value, then apply it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from officina.modules.errors import NOT_PARSED, WRONG_LEARNER, column_not_found, module_error

if TYPE_CHECKING:
    from collections.abc import Sequence

REPLACING = ("custom_value", "mean", "median", "mode")


@dataclass
class MissingCleaner:
    """What was learned from one table, to be done to it and to others.

    `fill` maps a column to its substitute; `drop` columns go; rows with a missing value in one
    of `require` go; each column of `indicate` gets a column that says where it was missing.
    """

    fill: dict[str, Any] = field(default_factory=dict)
    drop: list[str] = field(default_factory=list)
    require: list[str] = field(default_factory=list)
    indicate: list[str] = field(default_factory=list)

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a cleaned copy of the table; it must have the columns that are cleaned."""
        for name in (*self.fill, *self.require, *self.indicate):
            if name not in frame.columns:
                raise column_not_found(name, frame.columns, where="dataset")
        result = frame.copy()
        for name in self.indicate:
            result[f"{name}_IsMissing"] = frame[name].isna()
        for name, value in self.fill.items():
            result[name] = _filled(result[name], value)
        if self.require:
            result = result.dropna(subset=self.require)
        gone = [name for name in self.drop if name in result.columns]
        return result.drop(columns=gone).reset_index(drop=True)

    def without(self, names: Sequence[str]) -> MissingCleaner:
        """Return the same for a table that lacks these columns."""
        return MissingCleaner(
            {name: value for name, value in self.fill.items() if name not in names},
            [name for name in self.drop if name not in names],
            [name for name in self.require if name not in names],
            [name for name in self.indicate if name not in names],
        )


def fit(
    frame: pd.DataFrame,
    columns: list[str],
    *,
    mode: str,
    replacement: str,
    ratios: tuple[float, float],
    keep_empty: bool,
    indicator: bool,
) -> MissingCleaner:
    """Learn the cleaning of these columns, of those whose share of missing values is in range."""
    share = frame[columns].isna().mean() if len(frame) else pd.Series(0.0, index=columns)
    chosen = [name for name in columns if ratios[0] <= share[name] <= ratios[1]]
    missing = [name for name in chosen if share[name] > 0]
    cleaner = MissingCleaner(indicate=missing if indicator else [])
    if mode == "remove_row":
        cleaner.require = chosen
    elif mode == "remove_column":
        cleaner.drop = missing
    else:
        _fit_fill(cleaner, frame, chosen, mode, replacement, keep_empty)
    cleaner.indicate = [name for name in cleaner.indicate if name not in cleaner.drop]
    return cleaner


def _fit_fill(
    cleaner: MissingCleaner,
    frame: pd.DataFrame,
    chosen: list[str],
    mode: str,
    replacement: str,
    keep_empty: bool,
) -> None:
    for name in chosen:
        series = frame[name]
        if mode == "custom_value":
            if series.isna().any():
                cleaner.fill[name] = _parsed(series, replacement, name)
        elif series.isna().all():
            if len(frame) and not keep_empty:
                cleaner.drop.append(name)
        elif mode == "mode":
            cleaner.fill[name] = _plain(series.mode(dropna=True).iloc[0])
        elif _is_numeric(series):
            cleaner.fill[name] = _plain(series.mean() if mode == "mean" else series.median())
        elif series.isna().any():
            raise module_error(
                WRONG_LEARNER,
                f'"{name}" has missing values but no {mode}: it holds no numbers.',
                where=name,
                hint="Choose numeric columns only, or the mode Replace with mode.",
            )


def _is_numeric(series: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _parsed(series: pd.Series[Any], text: str, name: str) -> Any:
    """Read the replacement as the column's type."""
    try:
        if pd.api.types.is_bool_dtype(series):
            return {"true": True, "1": True, "false": False, "0": False}[text.strip().lower()]
        if pd.api.types.is_integer_dtype(series):
            return int(text)
        if pd.api.types.is_numeric_dtype(series):
            return float(text)
        if pd.api.types.is_datetime64_any_dtype(series):
            return pd.Timestamp(text)
    except (ValueError, KeyError) as error:
        raise module_error(
            NOT_PARSED,
            f'"{text}" cannot stand in column "{name}" of type {series.dtype}.',
            where="replacement",
            hint="Give a value of that type, or choose other columns.",
        ) from error
    return text


def _filled(series: pd.Series[Any], value: Any) -> pd.Series[Any]:
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype) and value not in kind.categories:
        series = series.cat.add_categories([value])
    if str(kind).startswith(("Int", "UInt")) and isinstance(value, float):
        series = series.astype("Float64")
    return series.fillna(value)
