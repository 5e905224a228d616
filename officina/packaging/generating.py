"""Rows to try a model with: the sample that came with it, and more of their kind.

Ranges come from the sample, else from what the model learned: means and scales of scalers,
thresholds of trees, categories of encoders. Numbers are exact in 32 bits, so that a model which
computes in 32 bits and one in 64 are asked the same question.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from officina.packaging.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from officina.packaging.loading import Loaded


@dataclass(frozen=True)
class Column:
    """What the cells of a column look like: numbers about a middle, or one of some texts."""

    middle: float = 0.0
    spread: float = 1.0
    texts: tuple[Any, ...] = ()
    whole: bool = False


def rows_for(model: Loaded, *, count: int, seed: int = 0, sample: Rows | None = None) -> Rows:
    """Return the sample's rows, and generated ones up to `count`."""
    import numpy as np

    sample = sample or model.sample
    names = model.columns
    if names is None and sample is not None and sample.columns is not None and model.width is None:
        names = sample.columns
    width = len(names) if names is not None else model.width or (sample.width if sample else 0)
    if not width:
        raise ValueError(
            "The model does not tell how many columns it takes. Give it a sample input on its page."
        )
    if sample is not None and names is not None:
        sample = sample.arranged(names)
    learned = _learned(model, names, width)
    draw = np.random.default_rng(seed)
    columns = [
        _of_sample(sample.column(place)) if sample is not None else learned.get(place, Column())
        for place in range(width)
    ]
    given = list(sample.data[:count]) if sample is not None else []
    more = count - len(given)
    cells = [_cells(column, more, draw) for column in columns]
    return Rows(
        names, (*map(tuple, given), *zip(*cells, strict=True)) if more > 0 else tuple(given)
    )


def _cells(column: Column, count: int, draw: np.random.Generator) -> list[Any]:
    import numpy as np

    if column.texts:
        return [column.texts[at] for at in draw.integers(0, len(column.texts), max(0, count))]
    values = draw.normal(column.middle, column.spread, max(0, count))
    if column.whole:
        return [int(value) for value in np.rint(values)]
    return [float(value) for value in values.astype(np.float32)]


def _of_sample(cells: list[Any]) -> Column:
    numbers = [float(cell) for cell in cells if isinstance(cell, int | float)]
    if len(numbers) < len(cells) or any(isinstance(cell, bool) for cell in cells):
        kept = tuple(dict.fromkeys(cell for cell in cells if cell is not None))
        return Column(texts=kept or ("",))
    middle = sum(numbers) / len(numbers)
    spread = (max(numbers) - min(numbers)) / 2 or abs(middle) / 4 or 1.0
    return Column(middle, spread, whole=all(isinstance(cell, int) for cell in cells))


def _learned(model: Loaded, names: tuple[str, ...] | None, width: int) -> dict[int, Column]:
    found: dict[int, Column] = {}
    places = {name: place for place, name in enumerate(names or ())}
    with contextlib.suppress(Exception):  # a look at someone else's object; nothing depends on it
        for key, column in _walk(model.estimator, list(range(width)), places):
            found.setdefault(key, column)
    for place, entry in enumerate(model.meta.get("signature") or ()):
        if entry.get("categories"):
            found[place] = Column(texts=tuple(entry["categories"]))
        elif entry.get("type") == "boolean":
            found[place] = Column(texts=(0, 1))
        elif entry.get("type") == "integer":
            known = found.get(place, Column(5, 3))
            found[place] = Column(known.middle, known.spread, whole=True)
    return found


def _walk(step: Any, columns: list[int], places: dict[str, int]) -> Iterator[tuple[int, Column]]:
    """Yield what a fitted step says of the input columns that reach it in this order."""
    if hasattr(step, "steps"):
        for _, part in step.steps:
            if part is None or part == "passthrough":
                continue
            yield from _walk(part, columns, places)
            after = _after(part, columns, places)
            if after is None:
                return
            columns = after
        return
    if hasattr(step, "transformers_"):
        for _, part, chosen in step.transformers_:
            if not isinstance(part, str):
                yield from _walk(part, _places(chosen, places), places)
        return
    if hasattr(step, "categories_"):
        for place, known in zip(columns, step.categories_, strict=False):
            texts = tuple(v.item() if hasattr(v, "item") else v for v in known)
            yield place, Column(texts=texts)
    elif getattr(step, "mean_", None) is not None and getattr(step, "scale_", None) is not None:
        for place, middle, scale in zip(columns, step.mean_, step.scale_, strict=False):
            yield place, Column(float(middle), float(scale))
    elif hasattr(step, "data_min_"):
        for place, low, high in zip(columns, step.data_min_, step.data_max_, strict=False):
            yield place, Column(float(low + high) / 2, float(high - low) / 4 or 1.0)
    else:
        yield from _of_trees(step, columns)


def _after(step: Any, columns: list[int], places: dict[str, int]) -> list[int] | None:
    """Return the input columns behind the step's outputs; None where that cannot be told."""
    if hasattr(step, "output_indices_"):
        behind: dict[int, int] = {}
        for name, part, chosen in step.transformers_:
            span = range(*step.output_indices_[name].indices(1 << 20))
            kept = _places(chosen, places)
            if part == "passthrough" or getattr(part, "func", 0) is None or len(span) == len(kept):
                behind.update(zip(span, kept, strict=False))
        return [behind.get(at, -1) for at in range(max(behind, default=-1) + 1)]
    return None


def _places(chosen: Any, places: dict[str, int]) -> list[int]:
    if isinstance(chosen, slice):
        return list(range(*chosen.indices(len(places) or 1 << 16)))
    return [places.get(each, -1) if isinstance(each, str) else int(each) for each in chosen]


def _of_trees(step: Any, columns: list[int]) -> Iterator[tuple[int, Column]]:
    import numpy as np

    trees = list(np.ravel(np.asarray(getattr(step, "estimators_", step), dtype=object)))
    cuts: dict[int, list[float]] = {}
    for tree in trees[:50]:
        inner = getattr(tree, "tree_", None)
        if inner is None:
            continue
        for at, cut in zip(inner.feature, inner.threshold, strict=True):
            if at >= 0:
                cuts.setdefault(int(at), []).append(float(cut))
    for at, found in cuts.items():
        if at < len(columns) and columns[at] >= 0:
            spread = (max(found) - min(found)) / 2 or abs(found[0]) / 4 or 1.0
            yield columns[at], Column(sum(found) / len(found), spread)
