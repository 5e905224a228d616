"""`officina configure`: defaults for later commands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from officina.cli.changes import read_changes
from officina.cli.exits import told_to_people
from officina.errors import StudioError

KNOWN = ("workspace", "group", "location", "subscription", "output")


def configure(
    values: Annotated[list[str] | None, typer.Argument(help="name=value ...")] = None,
    defaults: Annotated[
        list[str] | None,
        typer.Option("-d", "--defaults", help="workspace=lab output=table; an empty value unsets."),
    ] = None,
    list_defaults: Annotated[
        bool, typer.Option("-l", "--list-defaults", help="Show what is kept.")
    ] = False,
    output: Annotated[
        str | None, typer.Option("-o", "--output", help="Taken and not used.", hidden=True)
    ] = None,
) -> None:
    """Keep defaults: workspace, output; group, location and subscription are kept and not used."""
    from officina.client import profile

    with told_to_people():
        changes = read_changes([*(defaults or []), *(values or [])], "--defaults")
        unknown = [name for name in changes if name not in KNOWN]
        if unknown:
            raise StudioError(
                f"There is no default {unknown[0]!r}.", hint=f"Known: {', '.join(KNOWN)}."
            )
        if changes:
            path = profile.configure(changes)
            print(f"Kept in {path}.", file=sys.stderr)
        if list_defaults or not changes:
            kept = profile.load_profile()
            print(f"workspace={kept.workspace}")
            for name, value in sorted(profile.defaults().items()):
                print(f"{name}={value}")
