"""`officina data import`, `rules` and `check`: bring data in, and hold it to rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from officina.cli import calling, job, show
from officina.cli.calling import command
from officina.cli.changes import read_changes
from officina.cli.exits import Exit, told_to_people

if TYPE_CHECKING:
    from officina.client import Client

Name = Annotated[str, typer.Option("-n", "--name", help="The data asset's name.")]
Stream = Annotated[bool, typer.Option("-s", "--stream", help="Show the log until it ends.")]
Changes = Annotated[list[str] | None, typer.Option("--set", help="path=value. Repeatable.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands beside those of data assets."""
    command(app, "import")(import_data)
    command(app, "list-materialization-status")(list_imports)
    command(app, "rules")(rules)
    command(app, "check")(check)


def import_data(
    file: Annotated[Path, typer.Option("-f", "--file", help="The import's YAML file.")],
    name: Annotated[str | None, typer.Option("-n", "--name", help="The asset's name.")] = None,
    changes: Changes = None,
    stream: Stream = False,
) -> None:
    """Import data from a datastore, a database or a web address as the asset's next version."""
    from officina.client.schedules import import_data as start

    with told_to_people(), calling.client() as client:
        overrides = {**({"name": name} if name else {}), **read_changes(changes or [])}
        _started(client, start(client, file, set=overrides), stream)


def list_imports(name: Name) -> None:
    """List the jobs that import a data asset, newest first."""
    with told_to_people(), calling.client() as client:
        runs = client.transport.pages(f"{client.base}/imports", {"name": name})
        calling.answer_list(runs, show.JOB_COLUMNS, default=show.Format.TABLE)


def rules(
    name: Name,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="A YAML list of rules to declare.")
    ] = None,
) -> None:
    """Show the rules that a data asset is held to, or declare those of a file."""
    from officina.client import schedules

    with told_to_people(), calling.client() as client:
        if file is None:
            place = f"{client.base}/quality/{name}"
            calling.answer(client.transport.json("GET", place))
        else:
            calling.answer(schedules.set_rules(client, name, _read(file)))


def check(
    name: Name,
    version: Annotated[str | None, typer.Option("-v", "--version", help="One version.")] = None,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="Other rules than the declared ones.")
    ] = None,
    stream: Stream = False,
) -> None:
    """Hold a version of a data asset to its rules; with --stream, 1 says that it does not meet them."""
    from officina.client import schedules

    with told_to_people(), calling.client() as client:
        held = _read(file) if file is not None else None
        run = schedules.check_quality(client, name, version=version, rules=held)
        _started(client, run, stream)
        if stream and not schedules.report(client, str(run["guid"]))["passed"]:
            raise typer.Exit(Exit.JOB_FAILED)


def _read(file: Path) -> list[dict[str, Any]]:
    from officina.data.quality_rules import read_rules

    return read_rules(file.read_text(encoding="utf-8"))


def _started(client: Client, run: dict[str, Any], stream: bool) -> None:
    if not stream:
        job.answer(client, run, show.Format.TABLE)
        return
    calling.note(f"job {run['name']}: {client.address_of(run)}")
    code = job.follow(client, str(run["guid"]), str(run["name"]), calling.form(show.Format.TABLE))
    if code != Exit.OK:
        raise typer.Exit(code)
