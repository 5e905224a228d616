"""System checks: what is wrong with the settings, said at the start of every command, each with an id."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from studio.lib import env

_NETWORK_FILESYSTEMS = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "gpfs", "fuse.sshfs",
    "fuse.glusterfs", "fuse.s3fs", "fuse.rclone",
}  # fmt: skip
_KNOWN_KEYS = {"secret", "changeme", "change-me", "insecure", "officina", "password", "secret-key"}
_SHORTEST_KEY = 32


@register()
def environment(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Report the environment variables that could not be understood."""
    return [
        Error(
            f"{name}: {text}.",
            hint="docs/settings.md lists every variable with its values.",
            id="officina.E001",
        )
        for name, text in env.problems
    ]


@register()
def secret_key(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Refuse a secret key that others know or can guess."""
    key = settings.SECRET_KEY
    if (
        len(key) >= _SHORTEST_KEY
        and key.lower() not in _KNOWN_KEYS
        and "django-insecure" not in key
    ):
        return []
    hint = f"Unset OFFICINA_SECRET_KEY to have one made, or set {_SHORTEST_KEY} or more random characters."
    return [
        Error("The secret key is empty, short or publicly known.", hint=hint, id="officina.E002")
    ]


@register()
def database_place(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Refuse SQLite on a network file system, whose locks do not hold."""
    database: dict[str, Any] = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3"):
        return []
    kind = filesystem(Path(database["NAME"]))
    if kind not in _NETWORK_FILESYSTEMS:
        return []
    hint = "Set OFFICINA_HOME to a local disk, or DATABASE_URL to a PostgreSQL server."
    return [
        Error(
            f"The SQLite file is on a network file system ({kind}).", hint=hint, id="officina.E003"
        )
    ]


@register()
def ports(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Refuse one port for two purposes."""
    if settings.PORT != settings.TLS_PORT:
        return []
    hint = "Give OFFICINA_TLS_PORT another number, or 0 for no TLS."
    return [
        Error(
            f"OFFICINA_PORT and OFFICINA_TLS_PORT are both {settings.PORT}.",
            hint=hint,
            id="officina.E004",
        )
    ]


@register()
def reachable(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Warn about plain HTTP that other machines can reach."""
    if (
        settings.BIND in {"127.0.0.1", "::1", "localhost"}
        or settings.SERVED_BY_TLS
        or settings.DEBUG
    ):
        return []
    hint = "Set OFFICINA_PUBLIC_URL to the https:// address of your proxy, or open only OFFICINA_TLS_PORT to others."
    return [
        Warning(f"The plain HTTP port is open on {settings.BIND}.", hint=hint, id="officina.W001")
    ]


def filesystem(path: Path, mounts: str | None = None) -> str:
    """Return the kind of file system that a path is on, as /proc/mounts names it; empty where that is unknown."""
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8")
        except OSError:
            return ""
    real, best, kind = os.path.realpath(path), "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = fields[1].encode().decode("unicode_escape").rstrip("/") or "/"
        inside = place == "/" or real == place or real.startswith(f"{place}/")
        if inside and len(place) >= len(best):
            best, kind = place, fields[2]
    return kind
