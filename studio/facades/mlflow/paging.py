"""Pages: an opaque token says how far the client has got; there is none after the last page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from studio.facades.mlflow.grammar import Order
from studio.facades.mlflow.wire import Message, Refusal

MOST_RUNS = 50_000
MOST_MODELS = 1_000
MOST_VERSIONS = 200_000
MOST_OFFSET = 10**9


def limit_of(message: Message, *, default: int, most: int) -> int:
    """Return how many the client wants; 0 and too many are refused."""
    wanted: int = message.integer("max_results", default)
    if not 1 <= wanted <= most:
        raise Refusal(
            f"Invalid value {wanted} for parameter 'max_results' supplied. "
            f"It must be between 1 and {most}."
        )
    return wanted


def offset_of(message: Message) -> int:
    """Return the place that the page token names; refuse a token that is not ours."""
    token = message.text("page_token")
    if not token:
        return 0
    try:
        offset = orjson.loads(base64.b64decode(token, validate=True))["offset"]
        if isinstance(offset, bool) or not 0 <= offset <= MOST_OFFSET:
            raise TypeError
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise Refusal("Invalid page token, could not base64-decode") from None
    return int(offset)


def token_at(offset: int) -> str:
    return base64.b64encode(orjson.dumps({"offset": offset})).decode()


def page(
    rows: Any, message: Message, *, default: int, most: int
) -> tuple[list[Any], dict[str, str]]:
    """Cut a page out of a queryset or list; also return `{"next_page_token": ...}` when more follows."""
    limit, offset = limit_of(message, default=default, most=most), offset_of(message)
    found = list(rows[offset : offset + limit + 1])
    if len(found) > limit:
        return found[:limit], {"next_page_token": token_at(offset + limit)}
    return found, {}


def ordered(
    things: Sequence[Any], orders: Sequence[Order], value_of: Callable[[Any, Order], Any]
) -> list[Any]:
    """Order described things by several keys; what lacks a value comes last in both directions."""
    rows = list(things)
    for order in reversed(orders):
        known = [row for row in rows if value_of(row, order) is not None]
        missing = [row for row in rows if value_of(row, order) is None]
        known.sort(key=lambda row: value_of(row, order), reverse=not order.ascending)
        rows = known + missing
    return rows
