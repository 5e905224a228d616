"""One event, one line: nothing that a user can send starts a second line or moves the terminal's cursor."""

from __future__ import annotations

import logging
import re
import time
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")

# C0 and C1 control characters, DEL, and the two line separators that some log viewers honour.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def escape(text: str) -> str:
    r"""Return the text with every control character written out, as `\n` or `\x1b`."""
    return _UNPRINTABLE.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


class RequestIdFilter(logging.Filter):
    """Add the id of the request being answered to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        record.request_id = request_id.get()
        return True


class OneLine(logging.Formatter):
    """`2026-01-31T12:00:00Z WARNING studio.runs [id] text`; a traceback follows with each line escaped."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        stamp = self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ")
        ident = getattr(record, "request_id", "")
        line = f"{stamp} {record.levelname} {record.name} {f'[{ident}] ' if ident else ''}{escape(record.getMessage())}"
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        return "\n    ".join([line, *(escape(row) for row in trace.splitlines())])
