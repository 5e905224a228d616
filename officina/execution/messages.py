"""What a job reports, read back from its messages.jsonl by offset.

The file is written by user code, so nothing in it is trusted: a line that is not a known, well
formed message becomes a warning, and the rest is still read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from officina.finite import is_finite
from officina.storable import unstorable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

LINE_LIMIT = 1_000_000
READ_LIMIT = 8_000_000
NOT_FINITE = ("NaN", "Infinity", "-Infinity")


def read_messages(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Return the messages from that offset on, and the offset to ask for next.

    A last line without its newline is left for the next call. At most about 8 MB are read at
    once; call again until the offset no longer moves. A bad line is {"type": "warning", "text"}.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(READ_LIMIT)
    except FileNotFoundError:
        return [], offset
    end = data.rfind(b"\n") + 1
    if not end:
        if len(data) <= LINE_LIMIT:
            return [], offset
        # No line may be this long: skip what is there, or the reader would wait for ever.
        return [_warning(f"skipped {len(data)} bytes without a line end")], offset + len(data)
    messages = [parse_line(line) for line in data[:end].split(b"\n") if line.strip()]
    return messages, offset + end


def parse_line(line: bytes) -> dict[str, Any]:
    """Return one message, or a warning that says why the line is none."""
    if len(line) > LINE_LIMIT:
        return _warning(f"a message of {len(line)} bytes is too long")
    try:
        message = json.loads(line, parse_constant=str)
    except (ValueError, RecursionError):
        return _warning(f"not a message: {line[:200].decode('utf-8', 'replace')}")
    if not isinstance(message, dict):
        return _warning("a message must be a JSON object")
    fields = FIELDS.get(str(message.get("type")))
    if fields is None:
        return _warning(f"unknown message type {message.get('type')!r}")
    for name, is_right in fields.items():
        if name not in message:
            return _warning(f"{message['type']} message without {name}")
        if not is_right(message[name]):
            return _warning(f"{message['type']} message with a bad {name}")
    if found := unstorable(line, message):
        return _warning(f"{message['type']} message with {found}, which cannot be stored")
    return message


def metric_number(value: float | str) -> float:
    """Return the number that a metric message carries, NaN and infinities included."""
    return float(value)


def _warning(text: str) -> dict[str, Any]:
    return {"type": "warning", "text": text}


def _is_key(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 250


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return is_finite(value) or value in NOT_FINITE


def _is_step(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_words(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(column, list) for column in value.values())


def _has_lists(*names: str) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return isinstance(value, dict) and all(isinstance(value.get(n), list) for n in names)

    return check


def _anything(value: object) -> bool:
    del value
    return True


FIELDS: Mapping[str, Mapping[str, Callable[[object], bool]]] = {
    "metric": {"key": _is_key, "value": _is_number, "step": _is_step, "ts": is_finite},
    "param": {"key": _is_key, "value": _anything},
    "tag": {"key": _is_key, "value": _is_text},
    "image": {"key": _is_key, "path": _is_text},
    "table": {"key": _is_key, "value": _is_table},
    "confusion_matrix": {"key": _is_key, "value": _has_lists("labels", "matrix")},
    "roc": {"key": _is_key, "value": _has_lists("fpr", "tpr", "thresholds")},
    "artifact": {"path": _is_text, "name": _is_key},
    "progress": {"fraction": is_finite, "text": _is_text},
    "register_model": {
        "name": _is_key,
        "path": _is_text,
        "description": _is_text,
        "tags": _is_words,
    },
    "register_data": {
        "name": _is_key,
        "output": _is_key,
        "properties": _is_words,
        "unchanged": lambda value: isinstance(value, bool),
    },
    "finished": {},
    "failed": {"code": _is_text, "message": _is_text, "where": _is_text, "hint": _is_text},
}
