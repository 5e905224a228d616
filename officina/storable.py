"""Texts that no database stores: PostgreSQL refuses NUL, and no encoding has halves of surrogate pairs."""

from __future__ import annotations

import re
from typing import Any

_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")


def unstorable(source: bytes, data: Any) -> str:
    """Return the first such character (as U+0000) in a parsed JSON document, "" where there is none.

    They come in as escapes alone, so that a `source` without those is not looked through.
    """
    if not any(escape in source for escape in (b"\\u0000", b"\\ud", b"\\uD")):
        return ""
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and (found := _UNSTORABLE.search(item)):
            return f"U+{ord(found[0]):04X}"
    return ""
