"""Read settings from environment variables: typed, with a default, and with errors that name the variable.

A wrong value does not stop the import of the settings. It is remembered in `problems`, the default is used, and
`manage.py check` (which every command runs) reports it with an id.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

problems: list[tuple[str, str]] = []

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def env_str(name: str, default: str = "") -> str:
    """Return the variable's text, or the default when it is unset or blank."""
    return os.environ.get(name, "").strip() or default


def env_secret(name: str) -> str:
    """Return a secret from NAME, or from the file that NAME_FILE points at."""
    if value := env_str(name):
        return value
    path = env_str(f"{name}_FILE")
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        problems.append((f"{name}_FILE", f"cannot read {path}: {error.strerror}"))
        return ""


def env_int(name: str, default: int, *, low: int = 0, high: int = 2**31) -> int:
    """Return the variable as a whole number between low and high."""
    raw = env_str(name)
    if not raw:
        return default
    try:
        value = int(raw)
    except ValueError:
        problems.append((name, f"{raw!r} is not a whole number"))
        return default
    if not low <= value <= high:
        problems.append((name, f"{value} is not between {low} and {high}"))
        return default
    return value


def env_bool(name: str, default: bool = False) -> bool:
    """Return the variable as a yes or no: 1/true/yes/on or 0/false/no/off."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    if raw.strip().lower() in _TRUE:
        return True
    if raw.strip().lower() not in _FALSE:
        problems.append((name, f"{raw!r} is neither yes nor no; write 1 or 0"))
        return default
    return False


def env_list(name: str) -> list[str]:
    """Return the variable's comma-separated parts, without blanks."""
    return [part.strip() for part in env_str(name).split(",") if part.strip()]


# Taken from Django's and SQLite's own knobs, measured: without IMMEDIATE two writers meet "database is locked".
SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728;"
        "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-20000; PRAGMA temp_store=MEMORY;"
    ),
}


def database(url: str, *, sqlite_file: Path) -> dict[str, object]:
    """Return Django's DATABASES entry for a `postgresql://` or `sqlite:///` URL; an empty URL means the SQLite file."""
    if not url:
        return _sqlite(sqlite_file)
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _sqlite(Path(unquote(parts.path)))
    if parts.scheme not in {"postgres", "postgresql"}:
        problems.append(
            (
                "DATABASE_URL",
                f"{parts.scheme!r} is not known; write postgresql://user:password@host/name",
            )
        )
        return _sqlite(sqlite_file)
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": {"connect_timeout": 10, **options},
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }


def _sqlite(path: Path) -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": dict(SQLITE_OPTIONS),
        "CONN_MAX_AGE": 600,
        # The tests open the database from threads and processes of their own, which an in-memory one does not allow.
        "TEST": {"NAME": str(path.with_name(f"test_{path.name}"))},
    }
