"""A model whose class is in a user's script. It only ever runs in a job's own process."""

from __future__ import annotations

import hashlib
import pickle
import sys
import traceback
from copy import deepcopy
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd

from officina.modules.errors import INVALID_DATA, NOT_PARSED, SCRIPT_FAILED, module_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from officina.errors import StudioError

CLASS = "AzureMLModel"


class ScriptedModel:
    """Holds a script and an object of its class; pickled, it carries both."""

    def __init__(self, script: str) -> None:
        self.script = script
        model_class = getattr(load(script), CLASS, None)
        if not isinstance(model_class, type):
            raise module_error(
                NOT_PARSED,
                f"The script defines no class {CLASS}.",
                where="script",
                hint=f"Write `class {CLASS}:` with the methods train and predict.",
            )
        for name in ("train", "predict"):
            if not callable(getattr(model_class, name, None)):
                raise module_error(
                    NOT_PARSED,
                    f"{CLASS} has no method {name}.",
                    where="script",
                    hint="The methods are train(self, df_train, df_label) and predict(self, df).",
                )
        self.model = self._call("__init__", model_class)

    def __getstate__(self) -> dict[str, Any]:
        """Return the script and the object, which can be unpickled only beside its class."""
        try:
            return {"script": self.script, "model": pickle.dumps(self.model, protocol=4)}
        except Exception as error:
            raise module_error(
                INVALID_DATA,
                f"The model cannot be kept: {type(error).__name__}: {error}",
                where="script",
                hint="Keep only picklable things on self: no open files, lambdas or generators.",
            ) from error

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.script = state["script"]
        load(self.script)
        self.model = pickle.loads(state["model"])  # noqa: S301  (in the user's own job)

    def fit(self, inputs: pd.DataFrame, target: Any) -> ScriptedModel:
        """Train a copy of the object, so that the untrained one stays as it is."""
        copy = deepcopy(self)
        copy._call("train", copy.model.train, inputs.copy(), target)
        return copy

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the table that the script's predict gives, with the rows of the given one."""
        answer = self._call("predict", self.model.predict, frame.copy())
        if isinstance(answer, pd.Series):
            answer = answer.to_frame()
        if not isinstance(answer, pd.DataFrame) or len(answer) != len(frame):
            what = f"{len(answer)} rows" if isinstance(answer, pd.DataFrame) else type(answer)
            raise module_error(
                INVALID_DATA,
                f"predict returned {what}, not a table of {len(frame)} rows.",
                where="script",
                hint="Return a pandas.DataFrame with one row for each row of df.",
            )
        return answer.set_axis(frame.index)

    def _call(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception as error:
            raise _fault(error, name) from error


def load(script: str) -> ModuleType:
    """Run the script as a module of its own name, which pickle can find again."""
    name = f"officina_script_{hashlib.sha256(script.encode()).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    found = ModuleType(name)
    sys.modules[name] = found
    try:
        code = compile(script, "<script>", "exec")
        exec(code, found.__dict__)  # noqa: S102  (this is the user's own job)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, Exception):
            raise _fault(error, "the script") from error
        raise
    return found


def _fault(error: Exception, what: str) -> StudioError:
    """Name the line of the script at which it went wrong."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == "<script>"
    ]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    place = f", line {line}" if line else ""
    return module_error(
        SCRIPT_FAILED,
        f"{what} failed{place}: {type(error).__name__}: {error}",
        where="script",
        hint="Correct the script of Create Python Model.",
    )
