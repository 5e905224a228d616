"""How MLflow's JSON is read and written: fields in two spellings, error names, answers that never are empty."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from officina.errors import StudioError
from officina.storable import unstorable

INVALID = "INVALID_PARAMETER_VALUE"
ABSENT = "RESOURCE_DOES_NOT_EXIST"
EXISTS = "RESOURCE_ALREADY_EXISTS"
# The name decides what a client makes of an answer; it retries 408, 429, 500, 502, 503 and 504 for minutes.
STATUS = {
    INVALID: 400,
    "BAD_REQUEST": 400,
    "INVALID_STATE": 400,
    EXISTS: 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    ABSENT: 404,
    "ENDPOINT_NOT_FOUND": 404,
    "RESOURCE_CONFLICT": 409,
    "REQUEST_LIMIT_EXCEEDED": 429,
    "INTERNAL_ERROR": 500,
    "NOT_IMPLEMENTED": 501,
    "TEMPORARILY_UNAVAILABLE": 503,
}
_OF_STUDIO = {
    "invalid": INVALID,
    "unauthenticated": "UNAUTHENTICATED",
    "forbidden": "PERMISSION_DENIED",
    "not_found": ABSENT,
    "conflict": "RESOURCE_CONFLICT",
    "too_large": INVALID,
    "rate_limited": "REQUEST_LIMIT_EXCEEDED",
    "unavailable": "TEMPORARILY_UNAVAILABLE",
}
INT64 = 2**63


class Refusal(Exception):
    """An answer in MLflow's words: one of the names in `STATUS`, and a sentence."""

    def __init__(self, message: str, name: str = INVALID, status: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.name = name
        self.status = status or STATUS[name]


def as_refusal(error: StudioError) -> Refusal:
    """Translate an error of a service; where and hint become part of the sentence."""
    name = _OF_STUDIO.get(error.code, "INTERNAL_ERROR")
    text = f"{error.message} {error.hint}".strip()
    # A full disk is not mended by sending the same again.
    status = 507 if error.code == "storage_full" else 413 if error.code == "too_large" else 0
    return Refusal(text, name, status)


def absent(what: str, ident: Any) -> Refusal:
    """The answer for a thing that is not there, or not yours to see."""
    return Refusal(f"{what} with id={str(ident)[:300]} not found", ABSENT)


def answer(body: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """Write an answer; a bare NaN would be no JSON, so values pass through `number_out` before."""
    return HttpResponse(orjson.dumps(body), content_type="application/json", status=status)


def refuse(refusal: Refusal) -> HttpResponse:
    response = answer({"error_code": refusal.name, "message": refusal.message}, refusal.status)
    if refusal.status == 501:
        # Said on purpose, so no error for the log.
        response._has_been_logged = True  # type: ignore[attr-defined]
    if refusal.status == 401:
        response["WWW-Authenticate"] = 'Basic realm="officina"'
    return response


def number_out(value: float) -> float | str:
    """Return a double as protobuf's JSON spells it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def millis(moment: datetime | None) -> int | None:
    """Return a moment as milliseconds since 1970."""
    return None if moment is None else round(moment.timestamp() * 1000)


def moment_of(value: int, name: str) -> datetime:
    """Return milliseconds since 1970 as a moment; refuse what no calendar holds."""
    try:
        return datetime.fromtimestamp(value / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        raise bad(value, name) from None


def pairs(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """Write a mapping as MLflow does: a list of key and value."""
    return [{"key": key, "value": text_of(value)} for key, value in values.items()]


def text_of(value: Any) -> str:
    """Return a parameter's value as text, as Python's own `str` would."""
    return value if isinstance(value, str) else str(value)


def without_none(**fields: Any) -> dict[str, Any]:
    """Leave out what is not set, as protobuf does."""
    return {key: value for key, value in fields.items() if value is not None}


def bad(value: Any, name: str) -> Refusal:
    shown = repr(value)[:200]
    return Refusal(f"Invalid value {shown} for parameter '{name}' supplied.")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


class Message:
    """The fields of a request, or of an object inside it; presence matters, so `has` tells it."""

    def __init__(self, fields: Mapping[str, Any], path: str = "") -> None:
        self.fields = fields
        self._path = path

    def raw(self, name: str) -> Any:
        """Return a field as it came, by its snake_case or camelCase name; None when it is not there."""
        value = self.fields.get(name)
        return self.fields.get(_camel(name)) if value is None and "_" in name else value

    def has(self, name: str) -> bool:
        return self.raw(name) is not None

    def _need(self, name: str, value: Any) -> None:
        if value is None:
            raise Refusal(f"Missing value for required parameter '{self._path}{name}'.")

    def text(self, name: str, *, required: bool = False, limit: int = 0) -> str:
        """Return a string field; "" when it is not there and not required."""
        value = self.raw(name)
        if isinstance(value, list):
            value = value[-1] if value else None
        if required and value in (None, ""):
            self._need(name, None)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise bad(value, self._path + name)
        if "\0" in value:
            raise Refusal(f"'{self._path}{name}' holds a NUL character.")
        if limit and len(value) > limit:
            raise Refusal(f"'{self._path}{name}' exceeds the maximum length of {limit} characters.")
        return value

    def integer(self, name: str, default: int | None = None, *, required: bool = False) -> Any:
        """Return an int64, which may come as a number or as text; the default when absent."""
        value = self.raw(name)
        if isinstance(value, list):
            value = value[-1] if value else None
        if value is None:
            if required:
                self._need(name, None)
            return default
        if isinstance(value, str):
            try:
                value = int(value)
            except ValueError:
                raise bad(value, self._path + name) from None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not -INT64 <= value < INT64:
            raise bad(value, self._path + name)
        return value

    def flag(self, name: str) -> bool:
        value = self.raw(name)
        if isinstance(value, list):
            value = value[-1] if value else None
        if isinstance(value, str):
            return value.lower() in {"true", "1"}
        return bool(value)

    def texts(self, name: str) -> list[str]:
        """Return a repeated string field."""
        value = self.raw(name)
        if value is None:
            return []
        if isinstance(value, str):
            return [value]
        if not isinstance(value, list) or not all(
            isinstance(each, str) and "\0" not in each for each in value
        ):
            raise bad(value, self._path + name)
        return value

    def messages(self, name: str) -> list[Message]:
        """Return a repeated message field."""
        value = self.raw(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise bad(value, self._path + name)
        return [Message(each, f"{self._path}{name}[{i}].") for i, each in enumerate(value)]

    def message(self, name: str, *, required: bool = False) -> Message:
        value = self.raw(name)
        if required:
            self._need(name, value)
        if value is not None and not isinstance(value, dict):
            raise bad(value, self._path + name)
        return Message(value or {}, f"{self._path}{name}.")


def read(request: HttpRequest) -> Message:
    """Read a request's fields: the JSON body, or the query of a GET."""
    body = request.body
    if request.method == "GET" or not body:
        return Message(dict(request.GET.lists()))
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(f"The body is not JSON: {error}.") from None
    if not isinstance(fields, dict):
        raise Refusal("The body must be a JSON object.")
    if found := unstorable(body, fields):
        raise Refusal(f"A text holds the character {found}, which cannot be stored.")
    return Message(fields)


def tags_of(items: list[Message], *, key_limit: int = 250) -> dict[str, str]:
    """Read a list of key and value; of a repeated key the last one counts."""
    tags = {}
    for item in items:
        key = item.text("key", required=True, limit=key_limit)
        tags[key] = item.text("value")
    return tags


Handler = Callable[..., Any]
