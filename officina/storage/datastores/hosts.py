"""Which hosts a datastore may name: never this machine, nor what answers on its own link.

A team's databases and buckets are on its private network, so that is fine here; the metadata
service of a cloud (169.254.169.254) and servers that listen on this machine alone are not.
Web addresses are held to more by `officina.modules.fetch`. `OFFICINA_IMPORT_ALLOW` opens networks.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from urllib.parse import urlsplit

from officina.errors import StudioError

# Metadata services that are not on a link-local address: Alibaba's, Oracle's older one, Amazon's IPv6.
METADATA = ("100.100.100.200", "192.0.0.192", "fd00:ec2::254")


def check_host(host: str, port: int) -> str:
    """Return the address of a host that a datastore may be at; refuse this machine and its link."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise StudioError(
            f"The host {host!r} is not known.", hint="Correct its name, or the network's DNS.",
            where="server", code="unavailable",
        ) from None  # fmt: skip
    addresses = [str(item[4][0]) for item in found]
    for address in addresses:
        if not _may(address):
            raise StudioError(
                f"{host} is at {address}, which datastores may not use.", where="server",
                hint="Addresses of the studio's own machine and of cloud metadata are refused; an "
                "administrator may list a network in OFFICINA_IMPORT_ALLOW.", code="forbidden",
            )  # fmt: skip
    return addresses[0]


def check_url(url: str) -> None:
    """Check the host of an http(s) endpoint."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or not port:
        raise StudioError(
            f"{url!r} is not an endpoint.", hint="Write https://host or http://host:port.",
            where="endpoint_url",
        )  # fmt: skip
    check_host(parts.hostname, port)


def _may(address: str) -> bool:
    value = ipaddress.ip_address(address.partition("%")[0])
    value = getattr(value, "ipv4_mapped", None) or getattr(value, "sixtofour", None) or value
    for network in os.environ.get("OFFICINA_IMPORT_ALLOW", "").replace(",", " ").split():
        if value in ipaddress.ip_network(network, strict=False):
            return True
    refused = (
        value.is_loopback or value.is_link_local or value.is_unspecified or value.is_multicast
        or str(value) in METADATA
    )  # fmt: skip
    return not refused
