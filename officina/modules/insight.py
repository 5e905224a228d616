"""Model explanations of Train Model: what matters to a fitted model, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.inspection import partial_dependence, permutation_importance

if TYPE_CHECKING:
    from officina.modules.fitting import Prepared

MAX_COLUMNS = 500
EXPLAINED_ROWS = 2_000


def explain(model: Any, data: Prepared, seed: int) -> dict[str, Any]:
    """Tell how much each column matters, and how the score moves with the most important ones.

    The importance of a column is how much worse the model gets when its values are shuffled.
    """
    draw = np.random.default_rng(seed)
    inputs, target = data.inputs, data.target
    if len(inputs) > EXPLAINED_ROWS:
        chosen = np.sort(draw.choice(len(inputs), EXPLAINED_ROWS, replace=False))
        part = data.rows(chosen)
        inputs, target = part.inputs, part.target
    found = permutation_importance(model, inputs, target, n_repeats=5, random_state=seed)
    order = np.argsort(-found.importances_mean, kind="stable")
    names = [str(name) for name in inputs.columns]
    importance = [
        {
            "name": names[index],
            "value": float(found.importances_mean[index]),
            "standard_deviation": float(found.importances_std[index]),
        }
        for index in order[:MAX_COLUMNS]
    ]
    numbers = {entry["name"] for entry in data.signature if entry["type"] in ("numeric", "integer")}
    curves = []
    for index in order[:5]:
        if names[index] in numbers and inputs[names[index]].nunique() > 1:
            curve = partial_dependence(model, inputs, [names[index]], grid_resolution=20)
            curves.append(
                {
                    "name": names[index],
                    "values": [float(value) for value in curve["grid_values"][0]],
                    # One line a class; with two classes, of the positive one.
                    "average": [[float(value) for value in line] for line in curve["average"]],
                }
            )
    return {"rows": len(inputs), "importance": importance, "partial_dependence": curves}
