"""Latent Dirichlet allocation over text columns; only a job imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

from officina.modules import columns, grams
from officina.modules.errors import INVALID_DATA, column_not_found, module_error
from officina.modules.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from officina.modules.context import Context


class TopicModel:
    """Counts n-grams of some columns and tells the topics; the transformation of the module."""

    def __init__(self, names: Sequence[str], params: Mapping[str, Any], seed: int) -> None:
        self.names = list(names)
        self.normalize = bool(params["normalize"])
        span = (1, params["n"])
        self.counter = (
            CountVectorizer(ngram_range=span, max_features=params["dictionary_size"])
            if params["dictionary"]
            else HashingVectorizer(
                ngram_range=span, n_features=2 ** params["bits"], alternate_sign=False, norm=None
            )
        )
        self.model = LatentDirichletAllocation(
            n_components=params["topics"],
            doc_topic_prior=params["alpha"],
            topic_word_prior=params["rho"],
            learning_method="online",
            # Azure counts from 0, scikit-learn from 1.
            learning_offset=params["offset"] + 1,
            learning_decay=params["decay"],
            max_iter=params["iterations"],
            batch_size=params["batch"],
            total_samples=params["documents"],
            random_state=seed,
        )

    def fit(self, documents: pd.Series[Any]) -> None:
        """Learn the topics."""
        self.model.fit(self.counter.fit_transform(documents))

    def topics(self, documents: pd.Series[Any]) -> pd.DataFrame:
        """Return each text's share of the topics."""
        counts = self.counter.transform(documents)
        shares = self.model.transform(counts)
        if not self.normalize:
            total = np.asarray(counts.sum(axis=1)).ravel()
            shares = shares * (total + self.model.doc_topic_prior_ * shares.shape[1])[:, None]
        return pd.DataFrame(shares, columns=self.headings(), index=documents.index)

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add the topics to another table."""
        for name in self.names:
            if name not in frame.columns:
                raise column_not_found(name, frame.columns, where="dataset")
        parts = [frame[name].astype(object) for name in self.names]
        documents = joined([part.where(part.notna(), "").map(str) for part in parts])
        found = self.topics(documents)
        return pd.concat([frame.drop(columns=found.columns, errors="ignore"), found], axis=1)

    def matrix(self) -> pd.DataFrame:
        """Return how much each n-gram belongs to each topic."""
        weights = self.model.components_.T
        found = pd.DataFrame(weights, columns=self.headings())
        named = hasattr(self.counter, "vocabulary_")
        names = self.counter.get_feature_names_out() if named else range(len(weights))
        found.insert(0, "Feature", [str(name) for name in names])
        return found

    def headings(self) -> list[str]:
        """Name the topics."""
        return [f"Topic {place + 1}" for place in range(self.model.n_components)]


def joined(parts: Sequence[pd.Series[Any]]) -> pd.Series[Any]:
    """Put the texts of several columns one after another."""
    found = parts[0]
    for part in parts[1:]:
        found = found + " " + part
    return found


def find(ctx: Context) -> None:
    """Run Latent Dirichlet Allocation."""
    table = ctx.table("dataset", allow_empty=False)
    names = columns.select(table, ctx.params["columns"], where="columns")
    documents = joined([grams.texts(ctx, table, name) for name in names])
    model = TopicModel(names, ctx.params, ctx.seed())
    ctx.report.progress(0.01, f"{len(documents)} texts")
    try:
        model.fit(documents)
    except ValueError as error:
        raise module_error(
            INVALID_DATA,
            f"No topics can be learned: {error}",
            where="columns",
            hint="Choose columns with words in them.",
        ) from error
    ctx.save_table("transformed", table.with_frame(model.transform(table.frame)))
    ctx.save_table("topic_matrix", Table(model.matrix()))
    meta = {
        "kind": "transform",
        "module": ctx.component.name,
        "title": ctx.component.title,
        "columns": names,
        "seed": ctx.params["random_seed"],
    }
    ctx.save("transform", model, meta)
