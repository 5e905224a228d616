"""Which parts of the studio are alive: asked by `/healthz` and by the supervisor."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

from django.core.cache import cache
from django.db import connection

# Workers say so every 2 s and beat every 5 s; a part that was silent for this long counts as gone.
SILENCE = 20


def mark_alive(part: str) -> None:
    """Note that a part of the studio is alive now."""
    cache.set(f"alive:{part}", int(time.time()), SILENCE)


def report() -> dict[str, str]:
    """Return "ok", or what is wrong in words, for database, broker, worker and beat."""
    parts = {"database": _say(_database), "broker": _say(_broker)}
    for part in ("worker", "beat"):
        if parts["broker"] == "ok":
            parts[part] = _say(functools.partial(_heard, part))
        else:
            parts[part] = "unknown: the broker does not answer"
    return parts


def _say(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # any driver's error means the same here: the part does not answer
        return f"does not answer ({type(error).__name__})"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
        cursor.fetchone()
    return "ok"


def _broker() -> str:
    cache.set("alive:probe", 1, 5)
    return "ok" if cache.get("alive:probe") == 1 else "forgets what it was told"


def _heard(part: str) -> str:
    return "ok" if cache.get(f"alive:{part}") is not None else f"not heard of for {SILENCE} s"
