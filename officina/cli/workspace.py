"""`officina workspace`."""

from __future__ import annotations

from typing import Annotated

import typer

from officina.cli import show
from officina.cli.exits import told_to_people

app = typer.Typer(help="See workspaces.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_workspaces(
    output: Annotated[show.Format, typer.Option("-o", "--output")] = show.Format.TABLE,
) -> None:
    """List the workspaces that your token may see."""
    with told_to_people():
        from officina.client import Client

        with Client() as client:
            show.show_list(client.workspaces(), show.WORKSPACE_COLUMNS, output)


@app.command("show")
def show_workspace(
    name: Annotated[
        str | None, typer.Option("-n", "--name", help="Default: the chosen one.")
    ] = None,
    output: Annotated[show.Format, typer.Option("-o", "--output")] = show.Format.TABLE,
) -> None:
    """Show one workspace."""
    with told_to_people():
        from officina.client import Client

        with Client() as client:
            show.show_one(client.workspace(name), output)
