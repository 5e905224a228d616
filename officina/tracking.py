"""What a script says about its run: metrics, parameters, figures, files, models.

    from officina.tracking import Run
    run = Run.get_context()
    run.log("mse", 4150.68)

Only the standard library is used, and nothing else of officina, so any environment can import it.
Inside a job each call appends one JSON line to the file named by OFFICINA_MESSAGES; elsewhere it
prints, so that the same script runs alone and as a job.
"""

from __future__ import annotations

import contextlib
import json
import math
import numbers
import os
import shutil
import sys
import threading
import time
import uuid
from collections import defaultdict
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LINE_LIMIT = 1_000_000  # one write() of this size still lands whole between those of others


class Run:
    """The run that the script belongs to, or an offline one that only prints."""

    def __init__(self, run_id: str, messages: Path | None = None) -> None:
        self.id = run_id
        self._messages = messages
        self._steps: dict[str, int] = defaultdict(int)
        self._rows: dict[str, dict[str, list[Any]]] = {}
        self._lock = threading.Lock()

    @classmethod
    def get_context(cls, allow_offline: bool = True) -> Run:
        """Return the run of this process; alone on a laptop, one that prints what it is told."""
        messages = os.environ.get("OFFICINA_MESSAGES")
        run_id = os.environ.get("OFFICINA_RUN_ID") or os.environ.get("AZUREML_RUN_ID")
        if messages:
            return cls(run_id or "run", Path(messages).absolute())
        if not allow_offline:
            raise RuntimeError(
                "This script does not run inside a job: OFFICINA_MESSAGES is not set. "
                "Submit it as a job, or allow an offline run."
            )
        return cls(f"OfflineRun_{uuid.uuid4()}")

    def log(self, name: str, value: Any, description: str = "", step: int | None = None) -> None:
        """Log a number; the same name again makes a series. Raises ValueError for anything else."""
        del description  # accepted for scripts written for Azure, which do not show it either
        self._send(self._metric(name, value, step))

    def log_list(self, name: str, value: Sequence[Any], description: str = "") -> None:
        """Log a list of numbers as one series."""
        del description
        self._send(*[self._metric(name, item, None) for item in value])

    def log_row(self, name: str, description: str = "", **columns: Any) -> None:
        """Add a row to the table of that name; what is sent is the table so far."""
        del description
        with self._lock:
            table = self._rows.setdefault(name, {})
            height = max((len(column) for column in table.values()), default=0)
            for key, value in columns.items():
                column = table.setdefault(key, [None] * height)
                column.extend(_jsonable(value) if _is_list(value) else [_jsonable(value)])
            height = max((len(column) for column in table.values()), default=0)
            for column in table.values():
                column.extend([None] * (height - len(column)))
            line = {"type": "table", "key": _key(name), "value": table}
            self._send(line)

    def log_table(self, name: str, value: Mapping[str, Any], description: str = "") -> None:
        """Log a table given as {column: [values]}; plain values make one row."""
        del description
        table = {
            str(column): _jsonable(cells) if _is_list(cells) else [_jsonable(cells)]
            for column, cells in value.items()
        }
        self._send({"type": "table", "key": _key(name), "value": table})

    def log_image(
        self,
        name: str,
        path: str | os.PathLike[str] | None = None,
        plot: Any = None,
        description: str = "",
    ) -> None:
        """Log a picture from a file, or from a matplotlib figure or pyplot as `plot`."""
        del description
        if (path is None) == (plot is None):
            raise ValueError(f"log_image({name!r}): give either path or plot.")
        if path is None:
            target = Path("outputs") / f"{_file_name(name)}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            plot.savefig(target)
            path = target
        self._send({"type": "image", "key": _key(name), "path": self._place(path)})

    def log_confusion_matrix(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log a confusion matrix: {"labels", "matrix"} with actual classes as rows.

        Azure's document with `data: {class_labels, matrix}`, as dict or JSON text, is taken too.
        """
        del description
        data = _document(value)
        labels = data.get("labels", data.get("class_labels"))
        if labels is None or data.get("matrix") is None:
            raise ValueError(f"log_confusion_matrix({name!r}): labels and matrix are needed.")
        matrix = {"labels": _jsonable(labels), "matrix": _jsonable(data["matrix"])}
        self._send({"type": "confusion_matrix", "key": _key(name), "value": matrix})

    def log_roc(self, name: str, value: Mapping[str, Any] | str, description: str = "") -> None:
        """Log a ROC curve: {"fpr", "tpr", "thresholds"}, lists of equal length."""
        del description
        data = _document(value)
        curve = {key: _jsonable(data.get(key)) for key in ("fpr", "tpr", "thresholds")}
        if curve["fpr"] is None or curve["tpr"] is None:
            raise ValueError(f"log_roc({name!r}): fpr and tpr are needed.")
        curve["thresholds"] = curve["thresholds"] or []
        self._send({"type": "roc", "key": _key(name), "value": curve})

    def log_param(self, name: str, value: Any) -> None:
        """Record a parameter that the run used."""
        self._send({"type": "param", "key": _key(name), "value": _jsonable(value)})

    def tag(self, key: str, value: Any = None) -> None:
        """Put a tag on the run, with or without a value."""
        self._send({"type": "tag", "key": _key(key), "value": "" if value is None else str(value)})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Put several tags on the run."""
        for key, value in tags.items():
            self.tag(key, value)

    def upload_file(self, name: str, path_or_stream: Any) -> None:
        """Keep a file, or a readable stream, with the run under this name."""
        name = _artifact_name(name)
        if hasattr(path_or_stream, "read"):
            target = self._keep(name)
            content = path_or_stream.read()
            target.write_bytes(content.encode() if isinstance(content, str) else content)
            path_or_stream = target
        self._send({"type": "artifact", "path": self._place(path_or_stream), "name": name})

    def register_model(
        self,
        model_name: str,
        model_path: str | os.PathLike[str] | None = None,
        description: str = "",
        tags: Mapping[str, Any] | None = None,
    ) -> None:
        """Ask for a file or folder of this run to be registered as a model."""
        words = {str(key): str(value) for key, value in (tags or {}).items()}
        self._send(
            {
                "type": "register_model",
                "name": _key(model_name),
                "path": self._place(model_path or model_name),
                "description": description or "",
                "tags": words,
            }
        )

    def register_data(
        self,
        name: str,
        output: str,
        *,
        properties: Mapping[str, Any] | None = None,
        unchanged: bool = False,
    ) -> None:
        """Ask for an output of this run to become the next version of a data asset.

        One with the content of the newest version makes no other; `unchanged` says so from the start.
        """
        words = {str(key): str(value) for key, value in (properties or {}).items()}
        self._send(
            {
                "type": "register_data",
                "name": _key(name),
                "output": _key(output),
                "properties": words,
                "unchanged": unchanged,
            }
        )

    def progress(self, fraction: float, text: str = "") -> None:
        """Say how far the run is, from 0 to 1."""
        self._send(
            {"type": "progress", "fraction": min(max(float(fraction), 0.0), 1.0), "text": text}
        )

    def complete(self) -> None:
        """Say that the work is done; the run itself ends with its process."""
        self._send({"type": "finished"})

    def fail(self, message: str, *, code: str = "failed", where: str = "", hint: str = "") -> None:
        """Say what went wrong, in the shape of a StudioError."""
        self._send(
            {"type": "failed", "code": code, "message": message, "where": where, "hint": hint}
        )

    def _metric(self, name: str, value: Any, step: int | None) -> dict[str, Any]:
        number = metric_value(name, value)
        with self._lock:
            step = self._steps[name] if step is None else int(step)
            self._steps[name] = step + 1
        value = number_json(number)
        return {
            "type": "metric",
            "key": _key(name),
            "value": value,
            "step": step,
            "ts": time.time(),
        }

    def _send(self, *messages: dict[str, Any]) -> None:
        lines = [_line(message) for message in messages]
        if self._messages is None:
            sys.stdout.write(b"".join(lines).decode())
            sys.stdout.flush()
            return
        batch = b""
        for line in lines:
            if len(batch) + len(line) > LINE_LIMIT:
                append(self._messages, batch)
                batch = b""
            batch += line
        append(self._messages, batch)

    def _place(self, path: str | os.PathLike[str]) -> str:
        """Return the path as a message may carry it: what lies elsewhere is copied to the run."""
        found = Path(path).resolve()
        if not found.exists():
            raise FileNotFoundError(f"{path} is not there; write it before logging it.")
        if self._messages is None:
            return str(path)
        folder = self._messages.parent.resolve()
        # A script may have changed its folder; the reader counts from the one it began in.
        if found.is_relative_to(folder / "work"):
            return found.relative_to(folder / "work").as_posix()
        if found.is_relative_to(folder):
            return str(found)
        if found.is_relative_to(Path.cwd().resolve()):
            return found.relative_to(Path.cwd().resolve()).as_posix()
        target = self._keep(found.name)
        if found.is_dir():
            shutil.copytree(found, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(found, target)
        return str(target)

    def _keep(self, name: str) -> Path:
        """Return a new place for a file: in the job's folder, for it may not write beside that."""
        folder = self._messages.parent / "work" if self._messages else Path.cwd()
        if not folder.is_dir():
            folder = Path.cwd()
        target = folder / ".uploads" / uuid.uuid4().hex / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


def metric_value(name: str, value: Any) -> float:
    """Return a metric as a float (NaN and infinities are allowed), or raise ValueError."""
    if hasattr(value, "item") and not isinstance(value, numbers.Number):
        with contextlib.suppress(TypeError, ValueError, RuntimeError):
            value = value.item()  # a one-element array or tensor
    if not isinstance(value, numbers.Real | Decimal):
        raise ValueError(
            f"Metric {name!r} must be a number, not {type(value).__name__}. "
            "Log text with set_tags or log_param."
        )
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"Metric {name!r} is too large for a number of 64 bits.") from None


def number_json(number: float) -> float | str:
    """Return what JSON can carry: NaN and the infinities as words."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def append(path: Path, data: bytes) -> None:
    """Append whole lines with one write, so that those of other processes stay whole too."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        written = os.write(handle, data)
    finally:
        os.close(handle)
    if written != len(data):
        raise OSError(f"Only {written} of {len(data)} bytes of {path} were written; disk full?")


def _line(message: dict[str, Any]) -> bytes:
    line = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    data = line.encode("utf-8", "replace") + b"\n"
    if len(data) > LINE_LIMIT:
        raise ValueError(
            f"{message['type']} {message.get('key', '')!r} takes {len(data):,} bytes; "
            f"at most {LINE_LIMIT:,} can be logged. Write it to a file under ./outputs instead."
        )
    return data


def _key(name: Any) -> str:
    text = str(name)
    if not text or len(text) > 250:
        raise ValueError(f"A name must have 1 to 250 characters, not {len(text)}.")
    return text


def _is_list(value: Any) -> bool:
    return not isinstance(value, str | bytes | dict) and (
        isinstance(value, list | tuple)
        or (hasattr(value, "tolist") and getattr(value, "ndim", 1) != 0)
    )


def _jsonable(value: Any) -> Any:
    """Turn arrays into lists and non-finite numbers into words, all the way down."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | str):
        return value
    return number_json(float(value)) if isinstance(value, numbers.Real) else str(value)


def _document(value: Mapping[str, Any] | str) -> Mapping[str, Any]:
    data = json.loads(value) if isinstance(value, str) else value
    inner = data.get("data")
    return inner if isinstance(inner, dict) else data


def _file_name(name: str) -> str:
    return (
        "".join(c if c.isalnum() or c in "-_. " else "_" for c in str(name)).lstrip(".") or "image"
    )


def _artifact_name(name: str) -> str:
    path = PurePosixPath(str(name).replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"{name!r} cannot name a file of the run; use a relative path without ..")
    return str(path)
