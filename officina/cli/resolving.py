"""Following how an environment's packages are resolved, so that a bad pin is told where it was typed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from officina.cli import calling
from officina.errors import StudioError

if TYPE_CHECKING:
    from officina.client import Client

LOOK_EVERY = 0.5


def follow(client: Client, row: dict[str, Any]) -> None:
    """Print what resolving says until it is over; raise when the packages cannot be had."""
    place = f"{client.base}/environment-definitions/{quote(str(row['name']), '')}"
    shown = 0
    while True:
        found = client.transport.json("GET", place, params={"version": str(row["version"])})
        lines = str(found["log"]).splitlines()
        for line in lines[shown:]:
            calling.note(line)
        shown = max(shown, len(lines))
        if found["state"] != "resolving":
            break
        time.sleep(LOOK_EVERY)
    for warning in found["warnings"]:
        calling.note(f"warning: {warning}")
    if found["state"] == "failed":
        raise StudioError(
            str(found["problem"]).partition("\n")[0],
            hint=f"{row['name']}:{row['version']} stays, and no job can use it: "
            "mend the packages and create it again, which makes the next version.",
            where="environment",
        )
