"""`officina workspace`."""

from __future__ import annotations

from typing import Annotated

import typer

from officina.cli import calling, show
from officina.cli.calling import command
from officina.cli.changes import read_changes
from officina.cli.exits import told_to_people

app = typer.Typer(help="See and make workspaces.", no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str | None, typer.Option("-n", "--name", help="Default: the chosen one.")]


@command(app, "list")
def list_workspaces() -> None:
    """List the workspaces that your token may see."""
    with told_to_people():
        from officina.client import Client

        with Client() as client:
            rows = client.workspaces()
            calling.answer_list(rows, show.WORKSPACE_COLUMNS, default=show.Format.TABLE)


@command(app, "show")
def show_workspace(name: Name = None) -> None:
    """Show one workspace."""
    with told_to_people(), calling.client() as client:
        calling.answer(client.workspace(name))


@command(app, "create")
def create(
    name: Annotated[str, typer.Option("-n", "--name", help="Its name.")],
    display_name: Annotated[str, typer.Option("--display-name", help="For people.")] = "",
    location: Annotated[str | None, typer.Option("-l", "--location", help="Not used.")] = None,
) -> None:
    """Make a workspace that you own."""
    with told_to_people(), calling.client() as client:
        calling.answer(client.create_workspace(name, display_name=display_name))


@command(app, "update")
def update(
    name: Name = None,
    display_name: Annotated[str | None, typer.Option("--display-name")] = None,
    description: Annotated[str | None, typer.Option("--description")] = None,
    changes: Annotated[list[str] | None, typer.Option("--set", help="path=value.")] = None,
) -> None:
    """Change a workspace's words."""
    given = {"display_name": display_name, "description": description}
    wanted = {key: value for key, value in given.items() if value is not None}
    wanted |= read_changes(changes or [])
    with told_to_people(), calling.client() as client:
        calling.answer(client.update_workspace(name, wanted))
