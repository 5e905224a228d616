"""Reads JSON bodies within limits, so that one request cannot fill the memory or the stack."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError

from officina.storable import unstorable
from studio.lib import limits

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = limits.DOCUMENT
MAX_DEPTH = 64


class JSONParser(parsers.JSONParser):
    """JSON of at most 16 MiB, or what the view `takes`, and 64 levels; no NaN and Infinity, as the standard says."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        most = _most(parser_context or {})
        body = stream.read(most + 1)
        if len(body) > most:
            raise limits.too_large(most)
        try:
            data = super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise ParseError(f"The JSON is nested deeper than {MAX_DEPTH} levels.") from None
        if depth_exceeds(data, MAX_DEPTH):
            raise ParseError(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
        if found := unstorable(body, data):
            raise ParseError(f"A text holds the character {found}, which cannot be stored.")
        return data


def _most(context: Mapping[str, Any]) -> int:
    view, request = context.get("view"), context.get("request")
    declared: dict[str, int] = getattr(view, "takes", {})
    return declared.get(getattr(request, "method", None) or "", MAX_BYTES)


def depth_exceeds(data: Any, limit: int) -> bool:
    """Say whether lists and objects are nested deeper than `limit`, without recursion."""
    level = [data]
    for _ in range(limit + 1):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        if not deeper:
            return False
        level = deeper
    return any(isinstance(item, dict | list) for item in level)
