"""A web address as a datastore: files by path, fetched as Import Data fetches them."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from officina.errors import StudioError
from officina.modules import fetch
from officina.storage.datastores.places import Listing
from officina.storage.paths import check_name


class Web:
    """Files below one address; private, link-local and metadata addresses are refused at each step."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.url = url.rstrip("/")
        self._headers = dict(headers)

    def request_for(self, path: str) -> tuple[str, dict[str, str]]:
        """Return the address of a file and the headers that open it."""
        return self._address(path), dict(self._headers)

    def test(self) -> str:
        status = fetch.status(self.url + "/", headers=self._headers)
        if status in (401, 403):
            raise StudioError(
                f"The server answers {status}: it lets nobody in with these credentials.",
                hint="Correct the user, password or token.", where="credentials", code="unavailable",
            )  # fmt: skip
        if status >= 500:
            raise StudioError(f"The server answers {status}.", where="url", code="unavailable")
        return f"The server answers ({status})."

    def list(self, path: str = "", *, after: str = "", limit: int = 200) -> Listing:
        """Return nothing: web servers do not list files."""
        return Listing([])

    def size(self, path: str) -> int | None:
        return None

    def open(self, path: str) -> BinaryIO:
        """Fetch a file whole into a temporary one; it is gone once closed."""
        target = tempfile.NamedTemporaryFile(prefix="officina-web-")  # noqa: SIM115 - handed out
        try:
            fetch.download(self._address(path), Path(target.name), headers=self._headers)
        except BaseException:
            target.close()
            raise
        return target  # type: ignore[return-value]

    def walk(self, path: str) -> Iterator[tuple[str, int | None]]:
        yield check_name(path), None

    def write(self, path: str, chunks: Iterable[bytes], *, overwrite: bool) -> int:
        raise StudioError(
            "Nothing can be written to a web address.", where="datastore", code="forbidden"
        )

    def _address(self, path: str) -> str:
        return f"{self.url}/{quote(check_name(path))}"


def open_web(config: Mapping[str, Any], secrets: Mapping[str, str]) -> Web:
    """Open a web address; credentials go to its own host only."""
    headers = {}
    if secrets.get("bearer"):
        headers["Authorization"] = f"Bearer {secrets['bearer']}"
    elif config.get("user_name"):
        pair = f"{config['user_name']}:{secrets.get('password', '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return Web(str(config["url"]), headers)
