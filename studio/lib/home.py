"""The folder that holds all of one studio's state, and what lies where in it."""

from __future__ import annotations

import json
import os
import secrets
import stat
import tempfile
from pathlib import Path

# sockaddr_un.sun_path has 108 bytes on Linux, one of them the closing NUL.
LONGEST_SOCKET_PATH = 107
_LONGEST_SOCKET_NAME = "forkhost.sock"


def prepare(home: Path) -> None:
    """Make the home folder, readable by its owner only."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / "run").mkdir(mode=0o700, exist_ok=True)


def run_folder(home: Path) -> Path:
    """Return the folder for sockets: `<home>/run`, or for a home too deep for unix sockets a short private one.

    The short one is made at the first call and noted in `<home>/run/broker.json`, so that all processes agree.
    """
    folder = home / "run"
    if _fits(folder):
        return folder
    note = folder / "broker.json"
    try:
        noted = Path(json.loads(note.read_text(encoding="utf-8"))["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        noted = None
    if noted and _is_private(noted):
        return noted
    short = _short_folder()
    draft = note.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({"folder": str(short)}), encoding="utf-8")
    draft.replace(note)
    return short


def secret_key(home: Path) -> str:
    """Return the key of this installation, made at the first call and kept in `<home>/secret.key` (mode 0600)."""
    path = home / "secret.key"
    if not path.exists():
        prepare(home)
        draft = home / f".secret.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(secrets.token_urlsafe(48))
        try:
            # Two processes may start together: link() lets exactly one of the two keys become the key.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8").strip()


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / _LONGEST_SOCKET_NAME)) <= LONGEST_SOCKET_PATH


def _is_private(folder: Path) -> bool:
    """Say whether the folder is still there and ours alone: /tmp is swept, and open to others."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077
    )


def _short_folder() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and Path(base).is_dir() and _fits(Path(base) / "officina-12345678"):
        return Path(tempfile.mkdtemp(prefix="officina-", dir=base))
    return Path(tempfile.mkdtemp(prefix="officina-", dir="/tmp"))
