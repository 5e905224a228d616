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
    from collections.abc import Callable

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
    "Multi Class Scored Labels": "multiclass_labels",
    "Assignments": "cluster_assignments",
}
DISTANCE = "DistancesToClusterCenter no."
TASKS = {
    "regression_labels": "regression",
    "binary_labels": "binary",
    "multiclass_labels": "multiclass",
    "anomaly_labels": "anomaly",
    "cluster_assignments": "clustering",
}
Scores = dict[str, list[str]]  # kind of score -> the columns that hold it


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
    "Regression: MAE, MSE, RMSE, RSE, RAE, R2; of quantiles the pinball loss too. Two classes and "
    "anomalies: accuracy, precision, recall, F1, AUC, log loss, with ROC, precision-recall and "
    "lift curves and the confusion matrix. Several classes: the same over all classes (micro) and "
    "as mean of the classes (macro). Clusters: distances to the centres. A script's table may name "
    "its columns Labels, Regression Scored Labels, Binary Class Scored Labels, Binary Class Scored "
    "Probabilities and Multi Class Scored Labels.",
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
    lines = [line for row in rows for line in _table_rows(row)]
    ctx.save_table("evaluation", Table(pd.DataFrame(lines)))
    (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")


def _evaluate(ctx: Context, port: str) -> dict[str, Any]:
    table = ctx.table(port, allow_empty=False)
    scores = _scores(table)
    task = next((TASKS[kind] for kind in TASKS if kind in scores), None)
    if task is None:
        raise module_error(
            COLUMN_NOT_FOUND,
            "The table has no scored labels.",
            where=port,
            hint="Put Score Model before this step, or name the columns as the help says.",
        )
    label = [] if task == "clustering" else [_label(table, port)]
    used = table.frame[[*label, *(name for names in scores.values() for name in names)]]
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
    row: dict[str, Any] = {"name": port, "rows": len(kept)}
    if label:
        row["label"] = label[0]
    return row | _MEASURES[task](table, kept, row.get("label"), scores)


def _regression(table: Table, kept: pd.DataFrame, label: str, scores: Scores) -> dict[str, Any]:
    row = measures.regression(kept[label], kept[scores["regression_labels"][0]])
    if scores.get("quantile"):
        columns = {float(table.roles[name]["quantile"]): kept[name] for name in scores["quantile"]}
        row["metrics"] |= measures.quantile_losses(kept[label], columns)
    return row


def _binary(table: Table, kept: pd.DataFrame, label: str, scores: Scores) -> dict[str, Any]:
    chance = scores.get("binary_probabilities")
    labels = scores["binary_labels"][0]
    return measures.binary(
        kept[label],
        kept[labels],
        kept[chance[0]] if chance else None,
        classes=table.roles.get(labels, {}).get("classes"),
    )


def _anomaly(table: Table, kept: pd.DataFrame, label: str, scores: Scores) -> dict[str, Any]:
    """Compare with a label that says 1, or true, for what is odd."""
    odd = kept[label].map(lambda value: int(value) if isinstance(value, bool) else value)
    chance, labels = scores["anomaly_probabilities"][0], scores["anomaly_labels"][0]
    return measures.binary(odd, kept[labels], kept[chance], classes=[0, 1])


def _multiclass(table: Table, kept: pd.DataFrame, label: str, scores: Scores) -> dict[str, Any]:
    labels = scores["multiclass_labels"][0]
    names = scores.get("multiclass_probabilities")
    return measures.multiclass(
        kept[label],
        kept[labels],
        kept[names].to_numpy(dtype="float64") if names else None,
        classes=table.roles.get(labels, {}).get("classes"),
    )


def _clustering(table: Table, kept: pd.DataFrame, label: None, scores: Scores) -> dict[str, Any]:
    if not scores.get("cluster_distance"):
        raise module_error(
            COLUMN_NOT_FOUND,
            "The table has assignments but no distances to the centres.",
            where="scored",
            hint="Wire the output of Assign Data to Clusters or Train Clustering Model to it.",
        )
    distances = kept[scores["cluster_distance"]]
    return measures.clustering(kept[scores["cluster_assignments"][0]], distances)


_MEASURES: dict[str, Callable[..., dict[str, Any]]] = {
    "regression": _regression,
    "binary": _binary,
    "anomaly": _anomaly,
    "multiclass": _multiclass,
    "clustering": _clustering,
}


def _scores(table: Table) -> Scores:
    """Find the score columns by their roles, else by their names."""
    names = [str(name) for name in table.frame.columns]
    found: Scores = {}
    for name in names:
        role = table.roles.get(name, {})
        if role.get("role") == "score" and role.get("kind"):
            found.setdefault(str(role["kind"]), []).append(name)
    if not found:
        found = {kind: [name] for name, kind in GENERIC.items() if name in names}
        distances = [name for name in names if name.startswith(DISTANCE)]
        if distances:
            found["cluster_distance"] = distances
    return found


def _label(table: Table, port: str) -> str:
    names = [str(name) for name in table.frame.columns]
    labels = [name for name in names if table.role(name) == "label"]
    if not labels and "Labels" in names:
        labels = ["Labels"]
    if len(labels) != 1:
        number, what = (COLUMN_NOT_FOUND, "no") if not labels else (NAMES_DIFFER, "more than one")
        raise module_error(
            number,
            f"The table has {what} label column.",
            where=port,
            hint="Keep the label in Score Model, or mark one with Edit Metadata.",
        )
    return labels[0]


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


def _table_rows(row: dict[str, Any]) -> list[dict[str, Any]]:
    if "clusters" in row:
        return [
            {"Result Description": line["name"]} | _without_name(line) for line in row["clusters"]
        ]
    return [dict(row["metrics"])]


def _without_name(line: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key != "name"}
