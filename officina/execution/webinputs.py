"""Inputs that are files on the web: fetched before the job starts, unless it wants the address itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from officina.errors import StudioError
from officina.modules import fetch
from officina.storage import ContentStore, Tree

_DIRECT = frozenset({"direct", "Direct"})


def is_web(uri: Any) -> bool:
    """Tell whether an address is one of the web."""
    return isinstance(uri, str) and uri.startswith(("https://", "http://"))


def check_web_input(entry: Mapping[str, Any], *, where: str) -> None:
    """Refuse what cannot be fetched from the web, before anything runs."""
    uri = str(entry["uri"])
    if not urlsplit(uri).hostname:
        raise StudioError(f"{uri[:200]!r} is not an address of the web.", where=where)
    if entry.get("mode") not in _DIRECT and entry.get("jobInputType") != "uri_file":
        raise StudioError(
            f"{uri[:200]!r} is on the web, which lists no folders.", where=where,
            hint="Make the input a uri_file, or pass the address itself with mode: direct.",
        )  # fmt: skip


def fetch_inputs(
    document: Mapping[str, Any], store: ContentStore, say: Callable[[str], None]
) -> dict[str, Tree]:
    """Return the stored file of each input that is on the web."""
    found = {}
    for name, entry in (document.get("inputs") or {}).items():
        uri = entry.get("uri")
        if not is_web(uri) or entry.get("mode") in _DIRECT:
            continue
        say(f"fetching input {name} from {uri}")
        last = PurePosixPath(unquote(urlsplit(uri).path)).name or name
        with tempfile.TemporaryDirectory(prefix="officina-input-") as folder:
            target = Path(folder, name if last in {".", ".."} or "\0" in last else last)
            try:
                fetch.download(uri, target)
            except StudioError as error:
                raise StudioError(
                    error.message, hint=error.hint, where=f"inputs.{name}", code=error.code
                ) from error
            found[name] = store.put_single(target)
    return found
