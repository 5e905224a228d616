"""Palette category Model Training: Train Model."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import INVALID_DATA, module_error

if TYPE_CHECKING:
    import sklearn
    from sklearn import exceptions

    from officina.modules import features
    from officina.modules.context import Context
else:
    sklearn = lazy("sklearn")
    exceptions = lazy("sklearn.exceptions")
    features = lazy("officina.modules.features")


@module(
    name="train_model",
    title="Train Model",
    category="Model Training",
    inputs=[
        Port("untrained_model", "untrained_model", label="Untrained model"),
        Port("dataset", "dataset", label="Dataset"),
    ],
    outputs=[Port("trained_model", "trained_model", label="Trained model")],
    params=[Param("label", "columns", "Label column", single=True)],
    summary="Label: {label}",
    doc="Fit a learner to a table. All columns except the label and those marked as scores are "
    "features; texts and categories become indicator columns. Missing values are refused. Given "
    "a Parameter Range, the first value of each is used.",
)
def train_model(ctx: Context) -> None:
    """Fit the learner; the result is a scikit-learn pipeline that takes the raw columns."""
    table = ctx.table("dataset", allow_empty=False)
    estimator, learner = ctx.load("untrained_model", "untrained")
    label = columns.select_one(table, ctx.params["label"], where="label")
    names = features.feature_columns(table, label)
    features.refuse_missing(table.frame, [label, *names])
    signature = features.describe(table, names)
    target = features.label_values(table, label, learner["task"])
    model = features.make_pipeline(estimator, signature)
    _fit(ctx, model, features.matrix(table.frame, signature), target.to_numpy())
    meta: dict[str, Any] = {
        "kind": "trained",
        "task": learner["task"],
        "algorithm": learner["algorithm"],
        "title": learner["title"],
        "params": learner["params"],
        "seed": learner["seed"],
        "features": signature,
        "label": {"name": label},
        "rows": len(table.frame),
        "scikit_learn": sklearn.__version__,
    }
    if learner["task"] == "binary":
        meta["label"]["classes"] = [_plain(value) for value in model.classes_]
    ctx.save("trained_model", model, meta)


def _fit(ctx: Context, model: Any, inputs: Any, target: Any) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(inputs, target)
        except ValueError as error:
            raise module_error(
                INVALID_DATA,
                f"The learner refused the data: {error}",
                where="dataset",
                hint="Look at the table's columns, and at the learner's parameters.",
            ) from error
    for warning in caught:
        if issubclass(warning.category, exceptions.ConvergenceWarning):
            ctx.warn(f"the learner stopped before it converged: {warning.message}")


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
