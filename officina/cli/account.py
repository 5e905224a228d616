"""`officina account`: the workspaces that the kept token opens, and which of them commands work in."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from officina.cli import calling
from officina.cli.calling import command
from officina.cli.exits import told_to_people
from officina.errors import StudioError

app = typer.Typer(
    help="See which workspaces your token opens, and choose one.",
    no_args_is_help=True, rich_markup_mode=None,
)  # fmt: skip
COLUMNS = ("name", "resourceGroup", "location", "url", "isDefault")
Wanted = Annotated[
    str,
    typer.Option("-n", "--name", "-s", "--subscription", help="A workspace's name."),
]


def profiles() -> list[dict[str, Any]]:
    """Return a profile for each workspace that the token opens; the chosen one is the default."""
    from officina.client import Client
    from officina.client.profile import load_profile

    chosen = load_profile()
    with Client() as client:
        return [
            {
                "name": row["name"],
                "id": row.get("subscription_id", ""),
                "resourceGroup": row.get("resource_group", ""),
                "location": row.get("location", ""),
                "url": chosen.url,
                "isDefault": row["name"] == chosen.workspace,
            }
            for row in client.workspaces()
        ]


@command(app, "list")
def list_profiles(
    everything: Annotated[bool, typer.Option("--all", hidden=True)] = False,
) -> None:
    """List the workspaces, and which one commands work in."""
    with told_to_people():
        calling.answer_list(profiles(), COLUMNS)


@command(app, "show")
def show_profile(name: Annotated[str, typer.Option("-n", "--name", hidden=True)] = "") -> None:
    """Show the workspace that commands work in."""
    with told_to_people():
        rows = profiles()
        found = [r for r in rows if (r["name"] == name if name else r["isDefault"])]
        if not found:
            raise StudioError(
                "No workspace is chosen.",
                hint=f"officina account set -n NAME; there are: {_names(rows)}.",
                code="not_found",
            )
        calling.answer(found[0])


@command(app, "set")
def choose(name: Wanted) -> None:
    """Work in another workspace from now on."""
    from officina.client.profile import choose_workspace

    with told_to_people():
        rows = profiles()
        found = next((row for row in rows if str(row["name"]).lower() == name.lower()), None)
        if found is None:
            if any(str(row["id"]).lower() == name.lower() for row in rows) or name.count("-") == 4:
                # Scripts for az choose a subscription: any is taken, -w or a name chooses.
                calling.note(f"The subscription {name} is taken; the workspace stays as it was.")
                return
            raise StudioError(
                f"There is no workspace {name!r} that your token opens.",
                hint=f"There are: {_names(rows)}.",
                where="--name",
                code="not_found",
            )
        choose_workspace(str(found["name"]))
        calling.note(f"Commands work in {found['name']} from now on.")


def _names(rows: list[dict[str, Any]]) -> str:
    return ", ".join(str(row["name"]) for row in rows) or "none"
