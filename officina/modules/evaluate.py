"""Palette category Model Scoring & Evaluation: Evaluate Model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from officina.catalogue import Port, module
from officina.lazy import lazy
from officina.modules.errors import (
    COLUMN_NOT_FOUND,
    EMPTY_INPUT,
    NAMES_DIFFER,
    module_error,
)
from officina.modules.tables import Table

if TYPE_CHECKING:
    import pandas as pd

    from officina.modules import measures
    from officina.modules.context import Context
else:
    pd = lazy("pandas")
    measures = lazy("officina.modules.measures")

# Score columns of a table that a script made, by the names that Azure documents.
GENERIC = {
    "Regression Scored Labels": "regression_labels",
    "Binary Class Scored Labels": "binary_labels",
    "Binary Class Scored Probabilities": "binary_probabilities",
}


@module(
    name="evaluate_model",
    title="Evaluate Model",
    category="Model Scoring & Evaluation",
    inputs=[
        Port("scored", "dataset", label="Scored dataset"),
        Port("scored_to_compare", "dataset", label="Scored dataset to compare", optional=True),
    ],
    outputs=[Port("evaluation", "metrics", label="Evaluation results")],
    summary="",
    doc="Measure how good the scores are; two scored tables give two rows, the left one first. "
    "Regression: MAE, MSE, RMSE, RSE, RAE, R2. Two classes: accuracy, precision, recall, F1, "
    "AUC, log loss, with ROC, precision-recall and lift curves and the confusion matrix. A "
    "script's table may name its columns Labels, Regression Scored Labels, Binary Class Scored "
    "Labels and Binary Class Scored Probabilities.",
)
def evaluate_model(ctx: Context) -> None:
    """Measure one or two scored tables."""
    rows = [_evaluate(ctx, "scored")]
    if ctx.has("scored_to_compare"):
        rows.append(_evaluate(ctx, "scored_to_compare"))
        if rows[0]["task"] != rows[1]["task"]:
            raise module_error(
                "0013",
                f"One table has {rows[0]['task']} scores, the other {rows[1]['task']}.",
                where="scored_to_compare",
                hint="Compare models of the same kind.",
            )
    for row in rows:
        _report(ctx, row)
    document = {"schema": 1, "task": rows[0]["task"], "rows": rows}
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)
    folder = ctx.outputs["evaluation"]
    # The same numbers as a table too, for the modules that take one (Add Rows, scripts).
    ctx.save_table("evaluation", Table(pd.DataFrame([_table_row(row) for row in rows])))
    (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")


def _evaluate(ctx: Context, port: str) -> dict[str, Any]:
    table = ctx.table(port, allow_empty=False)
    label, scores = _columns(table, port)
    used = table.frame[[label, *scores.values()]]
    kept = used[used.notna().all(axis=1)]
    if len(kept) < len(used):
        ctx.warn(f"{len(used) - len(kept)} rows without label or score are left out ({port})")
    if kept.empty:
        raise module_error(
            EMPTY_INPUT,
            "No row has both a label and a score.",
            where=port,
            hint="Look at the scored table.",
        )
    row: dict[str, Any] = {"name": port, "label": label, "rows": len(kept)}
    if "regression_labels" in scores:
        return row | measures.regression(kept[label], kept[scores["regression_labels"]])
    probability = scores.get("binary_probabilities")
    return row | measures.binary(
        kept[label],
        kept[scores["binary_labels"]],
        kept[probability] if probability else None,
        classes=table.roles.get(scores["binary_labels"], {}).get("classes"),
    )


def _columns(table: Table, port: str) -> tuple[str, dict[str, str]]:
    """Find the label column and the score columns by their roles, else by their names."""
    names = [str(name) for name in table.frame.columns]
    scores = {
        str(role["kind"]): name
        for name, role in table.roles.items()
        if role.get("role") == "score" and role.get("kind") and name in names
    }
    if not scores:
        scores = {kind: name for name, kind in GENERIC.items() if name in names}
    labels = [name for name in names if table.role(name) == "label"]
    if not labels and "Labels" in names:
        labels = ["Labels"]
    if "regression_labels" not in scores and "binary_labels" not in scores:
        raise module_error(
            COLUMN_NOT_FOUND,
            "The table has no scored labels.",
            where=port,
            hint="Put Score Model before this step, or name the columns as the help says.",
        )
    if len(labels) != 1:
        number, what = (COLUMN_NOT_FOUND, "no") if not labels else (NAMES_DIFFER, "more than one")
        raise module_error(
            number,
            f"The table has {what} label column.",
            where=port,
            hint="Keep the label in Score Model, or mark one with Edit Metadata.",
        )
    return labels[0], scores


def _report(ctx: Context, row: dict[str, Any]) -> None:
    """Log the numbers and curves; those of the second table carry its name in front."""
    prefix = "" if row["name"] == "scored" else "compared/"
    for name, value in row["metrics"].items():
        if value is not None:
            ctx.report.log(f"{prefix}{name}", value, step=0)
    if "roc" in row:
        ctx.report.log_roc(f"{prefix}ROC", row["roc"])
    if "confusion_matrix" in row:
        ctx.report.log_confusion_matrix(f"{prefix}Confusion matrix", row["confusion_matrix"])


def _table_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row["metrics"].items()}
