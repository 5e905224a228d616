"""`officina datastore`: name places where data lies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from officina.cli import calling, show
from officina.cli.calling import command
from officina.cli.changes import read_changes
from officina.cli.exits import told_to_people

app = typer.Typer(help="Name places where data lies.", no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str, typer.Option("-n", "--name", help="The datastore's name.")]
Changes = Annotated[list[str] | None, typer.Option("--set", help="path=value. Repeatable.")]


@command(app, "create")
def create(
    file: Annotated[Path, typer.Option("-f", "--file", help="Its YAML file.")],
    name: Annotated[str | None, typer.Option("-n", "--name", help="Its name.")] = None,
    changes: Changes = None,
) -> None:
    """Make a datastore, or change it to what is asked."""
    from officina.client.datastores import load_datastore

    with told_to_people():
        overrides = {**({"name": name} if name else {}), **read_changes(changes or [])}
        wish = load_datastore(file, overrides)
        with calling.client() as client:
            calling.answer(client.datastores.create(wish))


@command(app, "show")
def show_datastore(name: Name) -> None:
    """Show a datastore, without its credentials."""
    with told_to_people(), calling.client() as client:
        calling.answer(client.datastores.show(name))


@command(app, "list")
def list_datastores() -> None:
    """List the datastores."""
    with told_to_people(), calling.client() as client:
        columns = ("name", "kind", "isDefault", "description")
        calling.answer_list(client.datastores.list(), columns, default=show.Format.TABLE)


@command(app, "update")
def update(name: Name, changes: Changes = None) -> None:
    """Change a datastore's configuration."""
    with told_to_people(), calling.client() as client:
        config = read_changes(changes or [])
        calling.answer(client.datastores.update(name, {"config": config}))


@command(app, "set-default")
def set_default(name: Name) -> None:
    """Let outputs without a place go to this datastore."""
    with told_to_people(), calling.client() as client:
        calling.answer(client.datastores.update(name, {"isDefault": True}))


@command(app, "delete")
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Without being asked.")] = False,
) -> None:
    """Forget a datastore; what is stored there stays."""
    with told_to_people(), calling.client() as client:
        if not yes and not typer.confirm(f"Forget the datastore {name}?", err=True):
            raise typer.Exit(2)
        client.datastores.delete(name)
