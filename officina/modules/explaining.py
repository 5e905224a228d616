"""What a trained model has learned, as plain numbers that a page can show without unpickling it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_ENTRIES = 500
MAX_TREES = 20
MAX_NODES = 255
MAX_CURVE = 200
PREFIXES = ("numbers__", "categories__", "remainder__")


def explain(model: Any) -> dict[str, Any]:
    """Return what can be told of a fitted model: coefficients, importances, trees; {} if nothing.

    A feature is named as the model sees it: `body-style_sedan` is an indicator column of
    `body-style`. Coefficients of several classes carry the class they speak for.
    """
    estimator, names = _unwrap(model)
    found: dict[str, Any] = {}
    if hasattr(estimator, "coef_"):
        found |= _linear(estimator, names)
    elif rows := _one_against_others(estimator, names):
        found["coefficients"] = rows[: 4 * MAX_ENTRIES]
    importance = getattr(estimator, "feature_importances_", None)
    if importance is not None:
        pairs = _named(np.asarray(importance, dtype=float), names)
        found["importance"] = sorted(pairs, key=lambda one: -one["value"])[:MAX_ENTRIES]
    if hasattr(estimator, "_predictors"):
        pairs = _named(_gains(estimator, len(names or ())), names)
        found["importance"] = sorted(pairs, key=lambda one: -one["value"])[:MAX_ENTRIES]
    if trees := list(_trees(estimator, names)):
        found["trees"] = trees
    if hasattr(estimator, "loss_curve_"):
        found["loss_curve"] = _few([_number(loss) for loss in estimator.loss_curve_])
        found["layers"] = [len(estimator.coefs_[0]), *map(len, estimator.intercepts_)]
    if hasattr(estimator, "plane_"):
        found["threshold"] = _number(estimator.threshold_)
        found["components"] = [
            _named(component, names)[:MAX_ENTRIES]
            for component in estimator.plane_.components_[:20]
        ]
    if hasattr(estimator, "cluster_centers_"):
        found["centers"] = [
            _named(np.asarray(center, dtype=float), names)[:MAX_ENTRIES]
            for center in estimator.cluster_centers_[:50]
        ]
    return found


def _gains(estimator: Any, count: int) -> Any:
    """Return how much the splits of histogram boosting gained by each feature, as shares."""
    gains = np.zeros(count or int(estimator.n_features_in_))
    for stage in estimator._predictors:
        for predictor in stage:
            inner = predictor.nodes[predictor.nodes["is_leaf"] == 0]
            np.add.at(gains, inner["feature_idx"], inner["gain"])
    return gains / gains.sum() if gains.any() else gains


def _few(values: list[Any]) -> list[Any]:
    keep = np.linspace(0, len(values) - 1, min(len(values), MAX_CURVE)).round().astype(int)
    return [values[index] for index in np.unique(keep)]


def _one_against_others(estimator: Any, names: list[str] | None) -> list[dict[str, Any]]:
    """Return the coefficients of one-vs-all models, each under the class that it stands for."""
    parts, classes = getattr(estimator, "estimators_", ()), getattr(estimator, "classes_", ())
    if not isinstance(parts, list) or len(parts) != len(classes):
        return []
    rows = []
    for part, name in zip(parts, classes, strict=True):
        inner, inner_names = _unwrap(part, names)
        if not hasattr(inner, "coef_"):
            return []
        told = _linear(inner, inner_names)["coefficients"]
        rows += [entry | {"class": str(name)} for entry in told]
    return rows


def _unwrap(model: Any, names: list[str] | None = None) -> tuple[Any, list[str] | None]:
    """Return the last estimator of a pipeline and the names of the columns that reach it."""
    while hasattr(model, "steps") and model.steps:
        for _, step in model.steps[:-1]:
            names = _names_after(step, names)
        model = model.steps[-1][1]
        model = getattr(model, "regressor_", model)  # behind a scaled label
    model = getattr(model, "forest_", model)  # of a quantile regression
    if names is None and getattr(model, "feature_names_in_", None) is not None:
        names = [str(name) for name in model.feature_names_in_]
    return model, names


def _names_after(step: Any, names: list[str] | None) -> list[str] | None:
    if not hasattr(step, "get_feature_names_out"):
        return None
    try:
        given = step.get_feature_names_out(names) if names else step.get_feature_names_out()
    except (ValueError, AttributeError, TypeError):
        return None
    return [_without_prefix(str(name)) for name in given]


def _without_prefix(name: str) -> str:
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def _named(values: Any, names: Sequence[str] | None) -> list[dict[str, Any]]:
    known = names if names is not None and len(names) == len(values) else None
    return [
        {"name": known[i] if known else f"feature {i + 1}", "value": _number(value)}
        for i, value in enumerate(values)
    ]


def _number(value: Any) -> float | str:
    number = float(value)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _linear(estimator: Any, names: Sequence[str] | None) -> dict[str, Any]:
    weights = np.atleast_2d(_dense(estimator.coef_))
    intercepts = np.atleast_1d(np.asarray(getattr(estimator, "intercept_", 0.0), dtype=float))
    classes = list(getattr(estimator, "classes_", []))
    rows: list[dict[str, Any]] = []
    for i, weight in enumerate(weights):
        entries = _named(weight, names)
        if len(weights) > 1 and len(classes) == len(weights):
            entries = [entry | {"class": str(classes[i])} for entry in entries]
        bias = {"name": "(intercept)", "value": _number(intercepts[min(i, len(intercepts) - 1)])}
        if "class" in (entries[0] if entries else {}):
            bias["class"] = entries[0]["class"]
        entries.sort(key=lambda entry: -abs(entry["value"]) if _is_number(entry) else 0)
        rows += [bias, *entries]
    return {"coefficients": rows[: 4 * MAX_ENTRIES]}


def _is_number(entry: dict[str, Any]) -> bool:
    return isinstance(entry["value"], float)


def _dense(values: Any) -> Any:
    return values.toarray() if hasattr(values, "toarray") else np.asarray(values, dtype=float)


def _trees(estimator: Any, names: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    """Yield the first trees of a forest or boosted ensemble as nested nodes."""
    if hasattr(estimator, "tree_"):
        yield _sklearn_tree(estimator.tree_, names)
    elif hasattr(estimator, "_predictors"):  # scikit-learn's histogram boosting
        for stage in estimator._predictors[:MAX_TREES]:
            yield _boosted_tree(stage[0].nodes, names)
    elif hasattr(estimator, "booster_"):  # LightGBM
        for info in estimator.booster_.dump_model(num_iteration=MAX_TREES)["tree_info"][:MAX_TREES]:
            yield _light_tree(info["tree_structure"], names, [MAX_NODES])
    elif hasattr(estimator, "estimators_"):
        parts = np.ravel(np.asarray(estimator.estimators_, dtype=object))[:MAX_TREES]
        for part in parts:
            if hasattr(part, "tree_"):
                yield _sklearn_tree(part.tree_, names)


def _name(index: int, names: Sequence[str] | None) -> str:
    return names[index] if names and index < len(names) else f"feature {index + 1}"


def _sklearn_tree(tree: Any, names: Sequence[str] | None) -> dict[str, Any]:
    left = [MAX_NODES]

    def node(i: int) -> dict[str, Any]:
        left[0] -= 1
        value = np.ravel(tree.value[i])
        shown = {"rows": int(tree.n_node_samples[i])}
        told = (
            _number(value[0])
            if len(value) == 1
            else [_number(part) for part in value[:20].tolist()]
        )
        if tree.children_left[i] < 0 or left[0] <= 1:
            return shown | {"value": told}
        return shown | {
            "feature": _name(int(tree.feature[i]), names),
            "threshold": _number(tree.threshold[i]),
            "left": node(int(tree.children_left[i])),
            "right": node(int(tree.children_right[i])),
        }

    return node(0)


def _boosted_tree(nodes: Any, names: Sequence[str] | None) -> dict[str, Any]:
    left = [MAX_NODES]

    def node(i: int) -> dict[str, Any]:
        left[0] -= 1
        one = nodes[i]
        shown = {"rows": int(one["count"])}
        if one["is_leaf"] or left[0] <= 1:
            return shown | {"value": _number(one["value"])}
        return shown | {
            "feature": _name(int(one["feature_idx"]), names),
            "threshold": _number(one["num_threshold"]),
            "left": node(int(one["left"])),
            "right": node(int(one["right"])),
        }

    return node(0)


def _light_tree(one: Any, names: Sequence[str] | None, left: list[int]) -> dict[str, Any]:
    left[0] -= 1
    if "split_feature" not in one or left[0] <= 1:
        value = one.get("leaf_value", one.get("internal_value", 0.0))
        rows = one.get("leaf_count", one.get("internal_count", 0))
        return {"rows": int(rows), "value": _number(value)}
    threshold = one["threshold"]
    return {
        "rows": int(one["internal_count"]),
        "feature": _name(int(one["split_feature"]), names),
        "threshold": _number(threshold) if isinstance(threshold, int | float) else str(threshold),
        "left": _light_tree(one["left_child"], names, left),
        "right": _light_tree(one["right_child"], names, left),
    }
