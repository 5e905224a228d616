"""A fitted scikit-learn model as an ONNX graph."""

from __future__ import annotations

import copy
import importlib
import json
from typing import TYPE_CHECKING, Any

from officina.packaging.loading import COLUMNS_KEY, EXTRAS, CannotLoad, Loaded

if TYPE_CHECKING:
    from officina.packaging.rows import Rows


class CannotConvert(ValueError):
    """The model has no ONNX form; the text says which part."""


def to_onnx(model: Loaded, rows: Rows) -> bytes:
    """Return the graph's bytes; `rows` tell which columns are texts.

    A model whose columns are chosen by name has one input for each column, any other a single
    matrix. The names of the columns go along as metadata.
    """
    estimator = model.estimator
    if model.flavour == "onnx":
        raise CannotConvert("The model is ONNX already.")
    if not hasattr(estimator, "get_params"):
        raise CannotConvert(
            f"Only scikit-learn models can be converted; this is a {type(estimator).__module__} one."
        )
    try:
        convert = importlib.import_module("skl2onnx").convert_sklearn
    except ImportError as error:
        raise CannotLoad(
            f"Converting needs the package {error.name}, which this environment lacks. Start the "
            f"studio with `{EXTRAS}`."
        ) from error
    plain = _without_own_classes(estimator)
    # Else probabilities come as a list of mappings, which is many times slower.
    options = {id(plain): {"zipmap": False}} if hasattr(plain, "predict_proba") else None
    _accept_numpy_flags()
    try:
        graph = convert(plain, initial_types=_inputs(model, rows), options=options)
    except Exception as error:  # the converter has a hundred ways to say no
        raise CannotConvert(
            f"{type(estimator).__name__} cannot be written as ONNX: "
            f"{type(error).__name__}: {str(error).strip().splitlines()[0][:400]}"
        ) from error
    if model.columns is not None:
        entry = graph.metadata_props.add()
        entry.key, entry.value = COLUMNS_KEY, json.dumps(list(model.columns))
    return bytes(graph.SerializeToString(deterministic=True))


def _accept_numpy_flags() -> None:
    """Let the converter hand truths and numpy's integers to protobuf, which takes plain integers only.

    Histogram gradient boosting has such among the attributes of its trees.
    """
    container: Any = importlib.import_module("skl2onnx.common._container")
    made = container.make_node
    if getattr(made, "is_plain", False):
        return

    def make_node(*names: Any, **attributes: Any) -> Any:
        return made(*names, **{key: _plain(value) for key, value in attributes.items()})

    make_node.is_plain = True  # type: ignore[attr-defined]
    container.make_node = make_node


def _plain(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [int(each) if _is_whole(each) else each for each in value]


def _is_whole(value: Any) -> bool:
    return isinstance(value, bool) or (hasattr(value, "item") and value.dtype.kind in "iub")


def _inputs(model: Loaded, rows: Rows) -> list[tuple[str, Any]]:
    types = importlib.import_module("skl2onnx.common.data_types")
    texts = [
        any(isinstance(cell, str) for cell in rows.column(place)) for place in range(rows.width)
    ]
    first = model.estimator.steps[0][1] if hasattr(model.estimator, "steps") else model.estimator
    by_name = hasattr(first, "transformers_") or (any(texts) and not all(texts))
    if by_name and model.columns is not None:
        return [
            (name, (types.StringTensorType if text else types.FloatTensorType)([None, 1]))
            for name, text in zip(model.columns, texts, strict=True)
        ]
    kind = types.StringTensorType if all(texts) and texts else types.FloatTensorType
    return [("input", kind([None, rows.width]))]


def _without_own_classes(estimator: Any) -> Any:
    """Return a copy in which subclasses of scikit-learn's classes are those classes.

    Such a class differs in how it is fitted, which is over. Whether it answers the same is compared
    afterwards in any case.
    """
    found = copy.deepcopy(estimator)
    parts = [found, *(part for _, part in getattr(found, "steps", ()))]
    for part in parts:
        if isinstance(part, str) or part is None or type(part).__module__.startswith("sklearn."):
            continue
        for parent in type(part).__mro__[1:]:
            if parent.__module__.startswith("sklearn.") and hasattr(parent, "predict"):
                part.__class__ = parent
                break
    return found
