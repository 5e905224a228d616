"""Fit a learner to a table: what Train, Tune and Cross Validate have in common."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import sklearn
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from officina.modules import features
from officina.modules.columns import type_of
from officina.modules.errors import INVALID_DATA, WRONG_LEARNER, module_error
from officina.modules.watching import watched

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from officina.modules.context import Context
    from officina.modules.tables import Table

CLASSIFIERS = ("binary", "multiclass")


@dataclass
class Prepared:
    """A table made ready for a learner: the features, and the label where there is one."""

    inputs: pd.DataFrame
    target: NDArray[Any] | None
    signature: list[dict[str, Any]]
    label: str | None
    learner: Mapping[str, Any]

    def rows(self, chosen: NDArray[np.int_]) -> Prepared:
        """Return only some of the rows."""
        target = None if self.target is None else self.target[chosen]
        return Prepared(self.inputs.iloc[chosen], target, self.signature, self.label, self.learner)


@dataclass
class Trained:
    """A fitted scikit-learn pipeline and its description."""

    model: Any
    meta: dict[str, Any]


def prepare(table: Table, learner: Mapping[str, Any], label: str | None) -> Prepared:
    """Choose and check the features and the label; refuse missing values by column."""
    names = features.feature_columns(table, label)
    if learner["task"] == "python":
        # A script sees the columns as they are, and may handle missing values itself.
        signature = [{"name": name, "type": type_of(table, name)} for name in names]
        target = table.frame[label].to_numpy() if label else None
        return Prepared(table.frame[names], target, signature, label, learner)
    features.refuse_missing(table.frame, [*([label] if label else []), *names])
    signature = features.describe(table, names)
    target = None
    if label is not None:
        target = features.label_values(table, label, learner["task"]).to_numpy()
    inputs = features.matrix(table.frame, signature)
    return Prepared(inputs, target, signature, label, learner)


def fit(
    ctx: Context, estimator: Any, learner: Mapping[str, Any], table: Table, label: str | None
) -> Trained:
    """Fit the learner to the whole table."""
    prepared = prepare(table, learner, label)
    model = fit_prepared(ctx, estimator, prepared, progress=True)
    return Trained(model, describe(model, prepared))


def fit_prepared(ctx: Context, estimator: Any, data: Prepared, *, progress: bool = False) -> Any:
    """Fit a copy of the estimator; the result takes the raw columns."""
    if data.learner["task"] == "python":
        label = pd.Series(data.target, index=data.inputs.index, name=data.label)
        return estimator.fit(data.inputs, label)
    unknown = str(data.learner.get("unknown_categories") or "ignore")
    model = features.make_pipeline(clone(estimator), data.signature, unknown=unknown)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with watched(model, ctx.report if progress else None):
                model.fit(data.inputs, data.target)
        except ValueError as error:
            raise module_error(
                INVALID_DATA,
                f"The learner refused the data: {error}",
                where="dataset",
                hint="Look at the table's columns, and at the learner's parameters.",
            ) from error
    for warning in caught:
        # A network runs as many rounds as asked for, and always ends by saying so.
        planned = str(warning.message).startswith("Stochastic Optimizer: Maximum iterations")
        if issubclass(warning.category, ConvergenceWarning) and not planned:
            ctx.warn(f"the learner stopped before it converged: {warning.message}")
    return model


def describe(model: Any, data: Prepared) -> dict[str, Any]:
    """Return all that a reader without Python may want to know of a trained model."""
    learner = data.learner
    meta: dict[str, Any] = {
        "kind": "trained",
        "task": learner["task"],
        "algorithm": learner["algorithm"],
        "title": learner["title"],
        "params": learner["params"] | dict(learner.get("chosen") or learner.get("first") or {}),
        "seed": learner["seed"],
        "signature": data.signature,
        "label": None if data.label is None else {"name": data.label},
        "rows": len(data.inputs),
        "scikit_learn": sklearn.__version__,
    }
    if learner["task"] in CLASSIFIERS:
        meta["label"]["classes"] = [plain(value) for value in model.classes_]
    if learner.get("unknown_categories"):
        meta["unknown_categories"] = learner["unknown_categories"]
    if learner["task"] == "quantile":
        meta["quantiles"] = list(model.named_steps["model"].quantiles)
    return meta


def plain(value: Any) -> Any:
    """Return a numpy value as Python's own."""
    return value.item() if hasattr(value, "item") else value


def require_labelled(learner: Mapping[str, Any]) -> None:
    """Refuse learners that know no label, and name the module that trains them."""
    instead = {
        "clustering": "Train Clustering Model",
        "anomaly": "Train Anomaly Detection Model",
    }.get(str(learner["task"]))
    if instead:
        raise module_error(
            WRONG_LEARNER,
            f"{learner['title']} learns without a label.",
            where="untrained_model",
            hint=f"Use {instead}.",
        )
