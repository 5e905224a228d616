"""`officina schedule`: do things at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from officina.cli import calling, show
from officina.cli.calling import command
from officina.cli.changes import read_changes
from officina.cli.exits import Exit, told_to_people
from officina.errors import StudioError

app = typer.Typer(help="Do things at a time.", no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str, typer.Option("-n", "--name", help="The schedule's name.")]
File = Annotated[Path, typer.Option("-f", "--file", help="Its YAML file.")]
Changes = Annotated[list[str] | None, typer.Option("--set", help="path=value. Repeatable.")]
COLUMNS = ("name", "is_enabled", "when", "does", "next_run")
_WORDS = {
    "display_name": "displayName", "description": "description", "tags": "tags",
    "is_enabled": "isEnabled",
}  # fmt: skip


@command(app, "create")
def create(
    file: File,
    name: Annotated[str | None, typer.Option("-n", "--name", help="Its name.")] = None,
    changes: Changes = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", hidden=True)] = False,
) -> None:
    """Make a schedule, or replace the one of its name; the job's local files are uploaded."""
    with told_to_people(), calling.client() as client:
        overrides = {**({"name": name} if name else {}), **read_changes(changes or [])}
        calling.answer(client.schedules.save(file, set=overrides, progress=calling.note))


@command(app, "list")
def list_schedules(
    enabled: Annotated[
        bool, typer.Option("--enabled-only", help="Only those that are on.")
    ] = False,
    disabled: Annotated[
        bool, typer.Option("--disabled-only", help="Only those that are off.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--include-disabled", help="Those that are off too, which is so.")
    ] = False,
) -> None:
    """List the schedules."""
    with told_to_people(), calling.client() as client:
        rows = client.schedules.list(enabled=True if enabled else False if disabled else None)
        calling.answer_list(rows, COLUMNS, default=show.Format.TABLE)


@command(app, "show")
def show_schedule(name: Name) -> None:
    """Show a schedule, with the next times that it fires."""
    with told_to_people(), calling.client() as client:
        calling.answer(client.schedules.show(name))


@command(app, "update")
def update(name: Name, changes: Changes = None) -> None:
    """Change a schedule's display_name, description, tags or is_enabled."""
    with told_to_people(), calling.client() as client:
        body: dict[str, Any] = {}
        for path, value in read_changes(changes or []).items():
            head, _, rest = path.partition(".")
            if head not in _WORDS:
                raise StudioError(
                    f"'{head}' of a schedule is not changed alone.", where=f"--set {path}",
                    hint="Change its file and create it again.",
                )  # fmt: skip
            if rest:
                tags = body.setdefault("tags", dict(client.schedules.show(name)["tags"]))
                tags[rest] = str(value)
            else:
                body[_WORDS[head]] = value if head != "is_enabled" else str(value).lower() == "true"
        calling.answer(client.schedules.change(name, body))


@command(app, "enable")
def enable(name: Name) -> None:
    """Switch a schedule on; it goes on from its next time."""
    with told_to_people(), calling.client() as client:
        calling.answer(client.schedules.change(name, {"isEnabled": True}))


@command(app, "disable")
def disable(name: Name) -> None:
    """Switch a schedule off; what it started goes on."""
    with told_to_people(), calling.client() as client:
        calling.answer(client.schedules.change(name, {"isEnabled": False}))


@command(app, "delete")
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Without being asked.")] = False,
) -> None:
    """Forget a schedule and its history; the runs that it started stay."""
    with told_to_people(), calling.client() as client:
        if not yes and not typer.confirm(f"Forget the schedule {name}?", err=True):
            raise typer.Exit(2)
        client.schedules.delete(name)


@command(app, "trigger")
def trigger(name: Name) -> None:
    """Fire a schedule now."""
    with told_to_people(), calling.client() as client:
        found = client.schedules.trigger(name)
        calling.answer(found)
        if found["error"]:
            calling.note(f"error: {found['error']['message']}")
            raise typer.Exit(Exit.JOB_FAILED)


@command(app, "history")
def history(name: Name) -> None:
    """List the firings of a schedule with their runs, newest first."""
    with told_to_people(), calling.client() as client:
        rows = (
            {**row, "run": (row["run"] or {}).get("name"), "status": (row["run"] or {}).get("status"),
             "error": (row["error"] or {}).get("message")}
            for row in client.schedules.history(name)
        )  # fmt: skip
        columns = ("due", "state", "run", "status", "missed", "error")
        calling.answer_list(rows, columns, default=show.Format.TABLE)
