"""`officina login` keeps an address and a token; `officina sync` sends what waits for a studio."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from officina.cli.exits import told_to_people


def login(
    url: Annotated[str, typer.Option("--url", help="The studio's address.")],
    token: Annotated[
        str, typer.Option("--token", help="An API token; '-' reads it from standard input.")
    ] = "-",  # noqa: S107 - a dash is no password
    workspace: Annotated[str, typer.Option("--workspace", help="The workspace to work in.")] = "",
) -> None:
    """Check an address and token, and keep them for later commands."""
    with told_to_people():
        from officina.client import Client
        from officina.client.profile import Profile, check_url, defaults, save_profile

        secret = _ask() if token == "-" else token  # noqa: S105 - a dash is no password
        with Client(check_url(url), secret, workspace or None) as client:
            names = [str(item["name"]) for item in client.workspaces()]
            if workspace and workspace not in names:
                client.workspace(workspace)  # raises with the studio's own words
        chosen = workspace or (names[0] if len(names) == 1 else "")
        path = save_profile(Profile(check_url(url), secret, chosen, defaults()))
        print(f"Logged in to {url}, workspace {chosen or '(none chosen)'}. Kept in {path}.")
        if not chosen and names:
            print(f"Give --workspace to choose one of: {', '.join(names)}.")


def _ask() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Token", hide_input=True)).strip()
    return sys.stdin.readline().strip()


def sync() -> None:
    """Send what scripts logged while the studio was away and could not wait for it."""
    with told_to_people():
        from officina.client import Client
        from officina.client.journal import send_left

        with Client() as client:
            done = send_left(client, lambda text: print(text, file=sys.stderr))
            print(f"{done} runs sent.")
