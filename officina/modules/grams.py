"""N-grams of texts, counted by a vocabulary or by their hashes; only a job imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.preprocessing import normalize

from officina.modules import columns
from officina.modules.errors import (
    EMPTY_INPUT,
    INVALID_DATA,
    TOO_LARGE,
    TOO_SMALL,
    column_not_found,
    module_error,
)
from officina.modules.tables import Table

if TYPE_CHECKING:
    from officina.modules.context import Context

CELLS = 200_000_000  # of one result; more would not fit into the memory of a usual machine
MAX_COLUMNS = 20_000


def texts(ctx: Context, table: Table, name: str) -> pd.Series[Any]:
    """Return a column as texts; what is missing is an empty text, and said."""
    if columns.type_of(table, name) not in ("string", "categorical"):
        raise module_error(
            INVALID_DATA,
            f'Column "{name}" holds no texts.',
            where=name,
            hint="Choose a column of texts, or make it one with Edit Metadata.",
        )
    series = table.frame[name].astype(object)
    missing = int(series.isna().sum())
    if missing:
        ctx.warn(f'{missing} missing values of "{name}" count as empty texts')
    return series.where(series.notna(), "").map(str)


def check_size(rows: int, width: int, where: str) -> None:
    """Refuse a result that no machine could hold."""
    if width > MAX_COLUMNS or rows * width > CELLS:
        raise module_error(
            TOO_LARGE,
            f"The result would have {rows} rows of {width} columns.",
            where=where,
            hint=f"At most {MAX_COLUMNS} columns and {CELLS:,} cells fit: make fewer n-grams.",
        )


def extract(ctx: Context) -> None:
    """Run Extract N-Gram Features from Text."""
    params = ctx.params
    if params["max_length"] < params["min_length"]:
        raise module_error(
            TOO_SMALL,
            "The maximum word length is below the minimum.",
            where="max_length",
            hint="Swap them.",
        )
    table = ctx.table("dataset", allow_empty=False)
    name = columns.select_one(table, params["column"], where="column")
    documents = texts(ctx, table, name)
    known = _given(ctx) if params["mode"] == "read_only" else None
    counter = _counter(params, known)
    counts = _count(counter, documents, known is None, name)
    found = counter.get_feature_names_out()
    check_size(counts.shape[0], counts.shape[1], "n")
    if known is None:
        frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
        known = pd.DataFrame(
            {
                "ID": np.arange(len(found)),
                "NGram": [str(gram) for gram in found],
                "DF": frequency,
                "IDF": np.log(len(documents) / frequency),
            }
        )
    weights = _weighted(counts, known["IDF"].to_numpy(dtype=float), params["weighting"])
    if params["normalize"]:
        weights = normalize(weights)
    made = pd.DataFrame(
        weights.toarray(),
        columns=[f"{name}.[{gram}]" for gram in known["NGram"]],
        index=table.frame.index,
    )
    result = table.with_frame(_beside(table.frame, made))
    ctx.save_table("results", result)
    ctx.save_table("result_vocabulary", Table(known))


def _given(ctx: Context) -> pd.DataFrame:
    if not ctx.has("vocabulary"):
        raise module_error(
            EMPTY_INPUT,
            "Read only mode needs a vocabulary.",
            where="vocabulary",
            hint="Wire the result vocabulary of the step that prepares the training data.",
        )
    frame = ctx.table("vocabulary", allow_empty=False).frame
    for name in ("NGram", "DF", "IDF"):
        if name not in frame.columns:
            raise column_not_found(name, frame.columns, where="vocabulary")
    frame = frame.dropna(subset=["NGram"]).drop_duplicates("NGram").reset_index(drop=True)
    return frame.assign(NGram=frame["NGram"].map(str))


def _counter(params: dict[str, Any], known: pd.DataFrame | None) -> CountVectorizer:
    word = rf"(?u)\b\w{{{params['min_length']},{params['max_length']}}}\b"
    if known is None:
        return CountVectorizer(
            token_pattern=word,
            ngram_range=(1, params["n"]),
            min_df=params["min_documents"],
            max_df=float(params["max_ratio"]),
        )
    grams = list(known["NGram"])
    longest = max(len(gram.split(" ")) for gram in grams)
    return CountVectorizer(token_pattern=word, ngram_range=(1, longest), vocabulary=grams)


def _count(counter: CountVectorizer, documents: pd.Series[Any], learn: bool, name: str) -> Any:
    try:
        return counter.fit_transform(documents) if learn else counter.transform(documents)
    except ValueError as error:
        raise module_error(
            INVALID_DATA,
            f'No n-gram of "{name}" is left: {error}',
            where=name,
            hint="Lower the minimum frequency or word length, or raise the maximum ratio.",
        ) from error


def _weighted(counts: Any, idf: Any, weighting: str) -> Any:
    present = counts if weighting in ("tf", "tf_idf") else (counts > 0)
    weights = sparse.csr_matrix(present, dtype=float)
    return weights @ sparse.diags(idf) if weighting in ("idf", "tf_idf") else weights


def _beside(frame: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """Put new columns after a table's; older ones of the same names are replaced."""
    kept = frame.drop(columns=[name for name in made.columns if name in frame.columns])
    return pd.concat([kept, made], axis=1)


def hash_texts(ctx: Context) -> None:
    """Run Feature Hashing."""
    table = ctx.table("dataset", allow_empty=False)
    names = columns.select(table, ctx.params["columns"], where="columns")
    width = 2 ** ctx.params["bits"]
    check_size(len(table.frame), width * len(names), "bits")
    counter = HashingVectorizer(
        n_features=width,
        ngram_range=(1, ctx.params["n"]),
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    )
    frame = table.frame
    for name in names:
        counts = counter.transform(texts(ctx, table, name)).toarray().astype(np.int32)
        headings = [f"{name}_HashingFeature.{place}" for place in range(width)]
        frame = _beside(frame, pd.DataFrame(counts, columns=headings, index=frame.index))
    ctx.save_table("transformed", table.with_frame(frame))
