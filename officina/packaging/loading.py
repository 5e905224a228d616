"""Loads a saved model of any flavour and lets it answer rows; only a job or a scoring process may.

Flavours: a model that the designer saved, MLflow, ONNX, and plain pickle or joblib files.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from officina.packaging.rows import NotRows, Rows, read

PICKLES = (".pkl", ".pickle", ".joblib", ".jl", ".sav")
COLUMNS_KEY = "officina.columns"
EXTRAS = "make run OFFICINA_EXTRAS=1"


class CannotLoad(ValueError):
    """The files are no model that can be loaded here; the text says why and what to do."""


@dataclass
class Loaded:
    """A model in memory. `estimator` is scikit-learn's own object, where there is one."""

    flavour: str
    columns: tuple[str, ...] | None = None
    width: int | None = None
    sample: Rows | None = None
    estimator: Any = None
    meta: dict[str, Any] = field(default_factory=dict)

    def frame(self, rows: Rows) -> Any:
        """Return the rows as the estimator takes them: a data frame, or an array without names."""
        import numpy as np

        if self.columns is not None:
            import pandas as pd

            rows = rows.arranged(self.columns)
            return pd.DataFrame(list(rows.data), columns=list(self.columns))
        if self.width is not None and rows.width != self.width:
            raise NotRows(f"Each row has {rows.width} cells; the model takes {self.width}.")
        return np.asarray(rows.data)

    def predict(self, rows: Rows) -> dict[str, Any]:
        """Return `{"predictions": array}`, and `"probabilities"` where the model knows them."""
        inputs = self.frame(rows)
        found = {"predictions": self.estimator.predict(inputs)}
        if hasattr(self.estimator, "predict_proba"):
            found["probabilities"] = self.estimator.predict_proba(inputs)
        return found

    def answer(self, raw: Any) -> dict[str, Any]:
        """Return what a client gets for a request's text or document, ready for JSON."""
        return {name: plain(values) for name, values in self.predict(read(raw)).items()}


class Designed(Loaded):
    """A model that a designer module saved: it scores tables as Score Model does."""

    def frame(self, rows: Rows) -> Any:
        """Return the table in the order and types of the model's signature."""
        features = importlib.import_module("officina.modules.features")
        return features.matrix(super().frame(rows), self.meta["signature"])

    def predict(self, rows: Rows) -> dict[str, Any]:
        """Return the columns that Score Model adds, a record for each row."""
        scoring = importlib.import_module("officina.modules.scoring")
        scored, _ = scoring.score(self.estimator, self.meta, super().frame(rows))
        return {"predictions": scored.to_dict(orient="records")}


class Onnx(Loaded):
    """An ONNX graph in onnxruntime; `estimator` is the session."""

    def predict(self, rows: Rows) -> dict[str, Any]:
        """Return the first output as the predictions, a second one with a column a class beside it."""
        answers = self.estimator.run(None, self._feed(rows))
        found = {"predictions": _flat(answers[0])}
        if len(answers) > 1:
            found["probabilities"] = _matrix(answers[1])
        return found

    def _feed(self, rows: Rows) -> dict[str, Any]:
        inputs = self.estimator.get_inputs()
        if self.columns is not None:
            rows = rows.arranged(self.columns)
        if len(inputs) == 1:
            if self.width is not None and rows.width != self.width:
                raise NotRows(f"Each row has {rows.width} cells; the model takes {self.width}.")
            return {inputs[0].name: _typed(list(rows.data), inputs[0].type)}
        names = list(rows.columns or ())
        return {
            each.name: _typed([[cell] for cell in rows.column(names.index(each.name))], each.type)
            for each in inputs
        }


class Pyfunc(Loaded):
    """An MLflow model of a flavour that only mlflow itself can load."""

    def predict(self, rows: Rows) -> dict[str, Any]:
        """Return what the model's `predict` gives for a data frame."""
        import pandas as pd

        names = list(rows.columns) if rows.columns is not None else None
        return {"predictions": self.estimator.predict(pd.DataFrame(list(rows.data), columns=names))}


def load(folder: Path) -> Loaded:
    """Load the model in a folder, or in a file; raise CannotLoad with what is known instead."""
    if folder.is_file():
        return _load_file(folder)
    mlmodel = next(iter(sorted(folder.rglob("MLmodel"))), None)
    if mlmodel is not None:
        return _load_mlflow(mlmodel)
    designed = _load_designed(folder)
    if designed is not None:
        return designed
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    known = [path for path in files if path.suffix.lower() in (*PICKLES, ".onnx")]
    known = known or [path for path in files if _head(path, 2)[:1] == b"\x80"]
    named = [path for path in known if path.stem == "model"] or known
    if len(named) != 1:
        listed = ", ".join(path.relative_to(folder).as_posix() for path in (known or files)[:8])
        raise CannotLoad(
            f"Of {listed or 'no files'}, it is not known which is the model: it has to be one pickle, "
            "joblib or ONNX file, an MLflow folder, or what the designer saved."
        )
    return _load_file(named[0])


def _head(path: Path, count: int) -> bytes:
    with path.open("rb") as source:
        return source.read(count)


def _load_file(path: Path) -> Loaded:
    if path.suffix.lower() == ".onnx":
        return _load_onnx(path)
    return of_estimator(_unpickled(path), "joblib" if "j" in path.suffix else "pickle")


def _unpickled(path: Path, cloud: bool = False) -> Any:
    try:
        if importlib.util.find_spec("joblib") and not cloud:
            return importlib.import_module("joblib").load(path)
        with path.open("rb") as source:
            return pickle.load(source)  # noqa: S301 - this is a job's own confined process
    except ModuleNotFoundError as error:
        raise CannotLoad(
            f"{path.name} needs the package {error.name}, which this environment lacks. Choose an "
            "environment that has it."
        ) from error
    except Exception as error:
        raise CannotLoad(
            f"{path.name} cannot be loaded: {type(error).__name__}: {error}"
        ) from error


def of_estimator(found: Any, flavour: str) -> Loaded:
    """Return an estimator with what it knows of its columns."""
    if not hasattr(found, "predict"):
        raise CannotLoad(
            f"The file holds a {type(found).__module__}.{type(found).__qualname__}, which has no "
            "predict method: that is no model."
        )
    names = getattr(found, "feature_names_in_", None)
    if names is None and type(found).__name__ == "Pipeline":
        names = getattr(found.steps[0][1], "feature_names_in_", None)
    columns = None if names is None else tuple(str(name) for name in names)
    width = getattr(found, "n_features_in_", None)
    return Loaded(flavour, columns, None if width is None else int(width), estimator=found)


def _load_designed(folder: Path) -> Loaded | None:
    meta_file, model = folder / "meta.json", folder / "model.pkl"
    if not (meta_file.is_file() and model.is_file()):
        return None
    meta = json.loads(meta_file.read_text(encoding="utf-8"))
    if meta.get("kind") != "trained" or not isinstance(meta.get("signature"), list):
        raise CannotLoad(
            f"This is a {meta.get('kind', 'thing')} that the designer saved, not a trained model."
        )
    columns = tuple(str(each["name"]) for each in meta["signature"])
    return Designed(
        "designer", columns, len(columns), estimator=_unpickled(model, cloud=True), meta=meta
    )


def _load_mlflow(mlmodel: Path) -> Loaded:
    import yaml

    folder = mlmodel.parent
    about = yaml.safe_load(mlmodel.read_text(encoding="utf-8"))
    flavours: Mapping[str, Any] = about.get("flavors") or {}
    code = (flavours.get("python_function") or {}).get("code")
    if code:
        sys.path.insert(0, str(_inside(folder, str(code))))
    if "sklearn" in flavours:
        options = flavours["sklearn"]
        cloud = options.get("serialization_format") == "cloudpickle"
        place = _inside(folder, str(options.get("pickled_model") or "model.pkl"))
        found = of_estimator(_unpickled(place, cloud), "mlflow sklearn")
    elif "onnx" in flavours:
        found = _load_onnx(_inside(folder, str(flavours["onnx"].get("data") or "model.onnx")))
    elif importlib.util.find_spec("mlflow"):
        model = importlib.import_module("mlflow.pyfunc").load_model(str(folder))
        schema = model.metadata.get_input_schema()
        names = schema.input_names() if schema is not None and schema.has_input_names() else None
        found = Pyfunc("mlflow", tuple(names) if names else None, estimator=model)
    else:
        raise CannotLoad(
            f"The MLflow flavours {', '.join(flavours)} need the package mlflow, which this environment "
            "lacks. Choose an environment that has it, as sklearn-1.5."
        )
    found.sample = _mlflow_sample(folder, about)
    return found


def _mlflow_sample(folder: Path, about: Mapping[str, Any]) -> Rows | None:
    name = (about.get("saved_input_example_info") or {}).get("artifact_path")
    if not name:
        return None
    try:
        return read(_inside(folder, str(name)).read_bytes())
    except (OSError, ValueError):
        return None


def _inside(folder: Path, name: str) -> Path:
    """Return a path that a model's own file names, refusing one that leads out of the model."""
    found = (folder / name).resolve()
    if not found.is_relative_to(folder.resolve()):
        raise CannotLoad(f"MLmodel names {name!r}, which is outside the model's folder.")
    return found


def _load_onnx(path: Path) -> Loaded:
    if importlib.util.find_spec("onnxruntime") is None:
        raise CannotLoad(
            "ONNX models need the package onnxruntime, which this environment lacks. Start the studio "
            f"with `{EXTRAS}`, or choose an environment that has it."
        )
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        told = str(error).replace(str(path), path.name)
        raise CannotLoad(f"{path.name} is no ONNX model that can run: {told}") from error
    inputs = session.get_inputs()
    told = session.get_modelmeta().custom_metadata_map.get(COLUMNS_KEY)
    columns = tuple(map(str, json.loads(told))) if told else None
    if columns is None and len(inputs) > 1:
        columns = tuple(each.name for each in inputs)
    shape = inputs[0].shape if inputs else []
    width = shape[1] if len(inputs) == 1 and len(shape) == 2 and isinstance(shape[1], int) else None
    return Onnx("onnx", columns, width, estimator=session)


def _typed(cells: list[Any], kind: str) -> Any:
    import numpy as np

    if "string" in kind:
        return np.asarray([[str(cell) for cell in row] for row in cells], dtype=object)
    known = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16",
             "tensor(bool)": "bool"}  # fmt: skip
    dtype = known.get(kind) or kind.removeprefix("tensor(").removesuffix(")")
    try:
        return np.asarray(cells, dtype=dtype)
    except (ValueError, TypeError) as error:
        raise NotRows(f"The model takes {dtype} here: {error}") from error


def _flat(values: Any) -> Any:
    if getattr(values, "ndim", 1) == 2 and values.shape[1] == 1:
        return values[:, 0]
    return values


def _matrix(values: Any) -> Any:
    """Return probabilities as a table, also where the graph ends with a mapping for each row."""
    import numpy as np

    if isinstance(values, list) and values and isinstance(values[0], dict):
        return np.asarray([list(row.values()) for row in values])
    return values


def plain(value: Any) -> Any:
    """Return an answer as JSON can carry it; what is no number becomes null."""
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        value = value.to_dict(orient="records")
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return None if str(value) in {"<NA>", "NaT"} else str(value)
