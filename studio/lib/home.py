"""The folder that holds all of one studio's state, and what lies where in it."""

from __future__ import annotations

import json
import os
import secrets
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
    """Return the folder for sockets: `<home>/run`, or the short one that `make_run_folder` chose and noted there."""
    folder = home / "run"
    if _fits(folder):
        return folder
    try:
        noted = Path(json.loads((folder / "broker.json").read_text(encoding="utf-8"))["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return folder
    return noted


def make_run_folder(home: Path) -> Path:
    """Make the folder for sockets; a home too deep for a unix socket gets a short private one elsewhere."""
    prepare(home)
    folder = run_folder(home)
    if _fits(folder) and folder.is_dir():
        return folder
    base = os.environ.get("XDG_RUNTIME_DIR") or None
    short = Path(tempfile.mkdtemp(prefix="officina-", dir=base))
    if not _fits(short):
        short = Path(tempfile.mkdtemp(prefix="officina-", dir="/tmp"))  # noqa: S108  mkdtemp makes it 0700
    (home / "run" / "broker.json").write_text(json.dumps({"folder": str(short)}), encoding="utf-8")
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
