"""Reads JSON bodies within limits, so that one request cannot fill the memory or the stack."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError

from officina.errors import StudioError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 16 * 2**20
MAX_DEPTH = 64


class JSONParser(parsers.JSONParser):
    """JSON of at most 16 MiB and 64 levels; NaN and Infinity are refused as the standard says."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise too_large()
        try:
            data = super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise ParseError(f"The JSON is nested deeper than {MAX_DEPTH} levels.") from None
        if depth_exceeds(data, MAX_DEPTH):
            raise ParseError(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
        return data


def too_large() -> StudioError:
    return StudioError(
        f"The request is larger than {MAX_BYTES // 2**20} MiB.",
        hint="Upload files as files, or send the document in parts.",
        code="too_large",
    )


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
