"""Download a file for Import Data without becoming a door into the private network.

The address is looked up once, checked, and the connection is made to the checked address, so a
name that changes its answer in between (DNS rebinding) gains nothing; each redirect is checked
again. OFFICINA_IMPORT_ALLOW may list networks of an intranet that are fine: `10.1.0.0/16`.
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from officina.modules.errors import NOT_REACHED, module_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from officina.errors import StudioError

MAX_BYTES = 2_000_000_000
MAX_REDIRECTS = 5
TIMEOUT = 30.0


def download(
    url: str,
    target: Path,
    *,
    max_bytes: int = MAX_BYTES,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Save what an http(s) URL answers; raises StudioError for private addresses and failures.

    `headers` (credentials) go to the URL's own host only, not to where it redirects.
    """
    for answer, asked in answers(url, headers or {}):
        if answer.status != 200:
            raise _failed(asked, f"the server answered {answer.status} {answer.reason}")
        _save(answer, target, asked, max_bytes)


def status(url: str, *, headers: Mapping[str, str] | None = None) -> int:
    """Return the status that an http(s) URL answers with, after redirects."""
    found = 0
    for answer, _ in answers(url, headers or {}):
        found = answer.status
    return found


def answers(url: str, headers: Mapping[str, str]) -> Iterator[tuple[http.client.HTTPResponse, str]]:
    """Yield the one answer that is no redirect, open for reading, and the address it came from."""
    home = urlsplit(url)[:2]
    for _ in range(MAX_REDIRECTS + 1):
        connection, path = _connect(url)
        own = headers if urlsplit(url)[:2] == home else {}
        try:
            connection.request(
                "GET", path, headers={"User-Agent": "officina", "Accept": "*/*", **own}
            )
            answer = connection.getresponse()
            if answer.status in (301, 302, 303, 307, 308):
                url = urljoin(url, answer.getheader("Location") or "")
                continue
            yield answer, url
            return
        except (OSError, http.client.HTTPException) as error:
            raise _failed(url, str(error) or type(error).__name__) from error
        finally:
            connection.close()
    raise _failed(url, f"more than {MAX_REDIRECTS} redirects")


def public_address(host: str, port: int, *, url: str) -> str:
    """Look a host up and return an address that may be fetched from, or raise StudioError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _failed(url, f"the host {host} is not known") from error
    addresses = [str(item[4][0]) for item in found]
    for address in addresses:
        if not _is_public(address):
            raise module_error(
                NOT_REACHED,
                f"{host} is at the private address {address}.",
                where="url",
                hint="Import Data fetches public addresses only; upload the file as data, or "
                "have the administrator list the network in OFFICINA_IMPORT_ALLOW.",
            )
    return addresses[0]


def _is_public(address: str) -> bool:
    value = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(value, "ipv4_mapped", None) or getattr(value, "sixtofour", None)
    value = mapped or value
    for network in os.environ.get("OFFICINA_IMPORT_ALLOW", "").replace(",", " ").split():
        if value in ipaddress.ip_network(network, strict=False):
            return True
    return value.is_global and not value.is_multicast


def _connect(url: str) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise _failed(url, "the port is not a number") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise module_error(
            NOT_REACHED,
            f"{url} is not a web address.",
            where="url",
            hint="Give a URL that begins with https:// or http://.",
        )
    address = public_address(parts.hostname, port, url=url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "https":
        return _PinnedHttps(parts.hostname, port, address), path
    return _Pinned(parts.hostname, port, address), path


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that has been checked, whatever the name says now."""

    def __init__(self, host: str, port: int, address: str) -> None:
        super().__init__(host, port, timeout=TIMEOUT)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)


class _PinnedHttps(_Pinned):
    default_port = 443

    def connect(self) -> None:
        super().connect()
        context = ssl.create_default_context()
        self.sock = context.wrap_socket(self.sock, server_hostname=self.host)


def _save(answer: http.client.HTTPResponse, target: Path, url: str, max_bytes: int) -> None:
    size = 0
    with target.open("wb") as file:
        while chunk := answer.read(1_000_000):
            size += len(chunk)
            if size > max_bytes:
                raise _failed(url, f"the file is larger than {max_bytes:,} bytes")
            file.write(chunk)


def _failed(url: str, reason: str) -> StudioError:
    return module_error(
        NOT_REACHED,
        f"{url} could not be fetched: {reason}.",
        where="url",
        hint="Open the address in a browser, or upload the file as data.",
    )
