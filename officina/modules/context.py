"""What a module is given when it runs: its parameters, its ports, and someone to report to."""

from __future__ import annotations

import json
import platform
import secrets
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from officina.lazy import lazy
from officina.modules.errors import EMPTY_INPUT, UNTRAINED_MODEL, WRONG_LEARNER, module_error
from officina.modules.tables import Table, read_dataset, write_dataset

if TYPE_CHECKING:
    import pickle
    from collections.abc import Mapping
    from pathlib import Path

    from officina.catalogue import Component
    from officina.modules import explaining
else:
    explaining = lazy("officina.modules.explaining")
    # Declarations import this file in web processes, which must never come near pickle.
    pickle = lazy("pickle")

MODEL = "model.pkl"
META = "meta.json"
EXPLANATION = "explanation.json"


class Reporter(Protocol):
    """The part of `officina.tracking.Run` that modules use."""

    def log(self, name: str, value: Any, description: str = "", step: int | None = None) -> None:
        """Log a metric."""

    def log_param(self, name: str, value: Any) -> None:
        """Record a parameter."""

    def log_roc(self, name: str, value: Mapping[str, Any]) -> None:
        """Log a ROC curve."""

    def log_confusion_matrix(self, name: str, value: Mapping[str, Any]) -> None:
        """Log a confusion matrix."""

    def log_table(self, name: str, value: Mapping[str, Any]) -> None:
        """Log a table."""

    def progress(self, fraction: float, text: str = "") -> None:
        """Say how far the work is."""

    def complete(self) -> None:
        """Say that the work is done."""

    def fail(self, message: str, *, code: str = "failed", where: str = "", hint: str = "") -> None:
        """Say what went wrong."""


@dataclass
class Context:
    """One execution of a module. `inputs` and `outputs` map a port to its folder."""

    component: Component
    params: dict[str, Any]
    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    report: Reporter

    def has(self, port: str) -> bool:
        """Say whether something is wired to this input port."""
        return port in self.inputs

    def table(self, port: str, *, allow_empty: bool = True) -> Table:
        """Read the dataset at an input port; refuse one without rows unless that is fine here."""
        frame, roles = read_dataset(self.inputs[port])
        if not allow_empty and frame.empty:
            what = "rows" if len(frame.columns) else "columns"
            raise module_error(
                EMPTY_INPUT,
                f"The table at {self.component.input(port).label or port} has no {what}.",
                where=port,
                hint="Look at the step that makes it.",
            )
        return Table(frame, roles)

    def save_table(self, port: str, table: Table) -> None:
        """Write a dataset to an output port."""
        write_dataset(self.outputs[port], table.frame, table.roles)

    def load(self, port: str, kind: str) -> tuple[Any, dict[str, Any]]:
        """Unpickle what lies at an input port, with its description; `kind` is what is expected."""
        folder = self.inputs[port]
        try:
            meta = json.loads((folder / META).read_text(encoding="utf-8"))
            payload = (folder / MODEL).read_bytes()
        except FileNotFoundError as error:
            raise module_error(
                EMPTY_INPUT,
                f"There is no model at {port}.",
                where=port,
                hint="Wire the output of a learner, Train Model or a saved model to it.",
            ) from error
        if meta.get("kind") != kind:
            number = UNTRAINED_MODEL if kind == "trained" else WRONG_LEARNER
            raise module_error(
                number,
                f"{port} got a model that is {meta.get('kind')}, not {kind}.",
                where=port,
                hint="Put Train Model in between."
                if kind == "trained"
                else "Wire a learner to it.",
            )
        return pickle.loads(payload), meta

    def save(self, port: str, thing: object, meta: Mapping[str, Any]) -> None:
        """Write a model or transform to an output port, with its description beside it."""
        folder = self.outputs[port]
        folder.mkdir(parents=True, exist_ok=True)
        # A fixed protocol: the same object gives the same bytes, whatever Python runs it.
        (folder / MODEL).write_bytes(pickle.dumps(thing, protocol=4))
        document = dict(meta) | {"python": platform.python_version()}
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
        (folder / META).write_text(text + "\n", encoding="utf-8")
        if meta.get("kind") == "trained":
            self._save_explanation(folder, thing)

    def _save_explanation(self, folder: Path, thing: object) -> None:
        """Write what the model learned as plain numbers: pages never unpickle a model."""
        try:
            found = explaining.explain(thing)
        except Exception as error:  # a learner of someone else's; its model works all the same
            self.warn(f"what the model learned cannot be shown: {type(error).__name__}: {error}")
            return
        text = json.dumps(found, ensure_ascii=False, sort_keys=True)
        (folder / EXPLANATION).write_text(text + "\n", encoding="utf-8")

    def seed(self, name: str = "random_seed") -> int:
        """Return the seed parameter; a blank one is drawn and recorded with the run."""
        seed = self.params.get(name)
        if seed is None:
            seed = secrets.randbelow(2**31)
            self.params[name] = seed
            self.report.log_param(name, seed)
        return int(seed)

    def warn(self, text: str) -> None:
        """Write a warning to the step's log."""
        sys.stdout.write(f"warning: {text}\n")
