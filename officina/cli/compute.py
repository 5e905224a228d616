"""`officina compute`: make, show, start, stop and delete computes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from officina.cli import calling, show
from officina.cli.calling import command
from officina.cli.changes import read_changes
from officina.cli.exits import told_to_people

app = typer.Typer(help="Make, show and stop computes.", no_args_is_help=True, rich_markup_mode=None)
COLUMNS = ("name", "type", "size", "state", "min_instances", "max_instances", "nodes")
Name = Annotated[str, typer.Option("-n", "--name", help="The compute's name.")]
Lower = Annotated[int | None, typer.Option("--min-instances", min=0, help="Fewest nodes.")]
Upper = Annotated[int | None, typer.Option("--max-instances", min=1, help="Most nodes.")]
Idle = Annotated[
    int | None, typer.Option("--idle-time-before-scale-down", min=0, help="Seconds.")
]  # fmt: skip
# Azure's: a cluster acts here for the person who starts a job.
Identity = Annotated[str | None, typer.Option("--identity-type", hidden=True)]
Identities = Annotated[str | None, typer.Option("--user-assigned-identities", hidden=True)]
Wait = Annotated[bool, typer.Option("--no-wait", help="Taken; nothing here is waited for.")]


def _wish(file: Path | None, given: dict[str, Any], changes: list[str] | None) -> dict[str, Any]:
    from officina.documents.computes import load_compute

    wanted = {key: value for key, value in given.items() if value is not None}
    return load_compute(file or {}, {**wanted, **read_changes(changes or [])})


@command(app, "create")
def create(
    file: Annotated[Path | None, typer.Option("-f", "--file", help="Its YAML file.")] = None,
    name: Annotated[str | None, typer.Option("-n", "--name", help="Its name.")] = None,
    type_: Annotated[
        str | None, typer.Option("-t", "--type", help="amlcompute, computeinstance, ...")
    ] = None,
    size: Annotated[str | None, typer.Option("--size", help="A name of the size table.")] = None,
    lower: Lower = None,
    upper: Upper = None,
    idle: Idle = None,
    description: Annotated[str | None, typer.Option("--description")] = None,
    tier: Annotated[str | None, typer.Option("--tier", help="Taken and recorded.")] = None,
    location: Annotated[str | None, typer.Option("-l", "--location", help="Not used.")] = None,
    resource: Annotated[str | None, typer.Option("--resource-id", help="Attached ones.")] = None,
    changes: Annotated[list[str] | None, typer.Option("--set", help="path=value.")] = None,
    identity: Identity = None,
    identities: Identities = None,
    no_wait: Wait = False,
) -> None:
    """Make a compute, or change it to what is asked."""
    given = {"name": name, "type": type_, "size": size, "min_instances": lower}
    given |= {"max_instances": upper, "idle_time_before_scale_down": idle, "tier": tier}
    given |= {"description": description, "location": location, "resource_id": resource}
    with told_to_people():
        wish = _wish(file, given, changes)
        with calling.client() as client:
            calling.answer(client.computes.create(wish))


@command(app, "attach", hidden=True)
def attach(
    file: Annotated[Path | None, typer.Option("-f", "--file")] = None,
    name: Annotated[str | None, typer.Option("-n", "--name")] = None,
    type_: Annotated[str | None, typer.Option("-t", "--type")] = None,
    resource: Annotated[str | None, typer.Option("--resource-id")] = None,
    changes: Annotated[list[str] | None, typer.Option("--set")] = None,
) -> None:
    """Attach a compute that exists elsewhere."""
    with told_to_people():
        given = {"name": name, "type": type_, "resource_id": resource}
        wish = _wish(file, given, changes)
        with calling.client() as client:
            calling.answer(client.computes.create(wish))


@command(app, "show")
def show_compute(name: Name) -> None:
    """Show a compute."""
    with told_to_people(), calling.client() as client:
        calling.answer(client.computes.show(name))


@command(app, "list")
def list_computes(
    type_: Annotated[str | None, typer.Option("-t", "--type", help="Only this type.")] = None,
    limit: Annotated[int, typer.Option("-r", "--max-results", min=1)] = 1_000_000,
) -> None:
    """List the computes."""
    with told_to_people(), calling.client() as client:
        rows = [r for r in client.computes.list() if not type_ or r["type"] == type_.lower()]
        calling.answer_list(rows[:limit], COLUMNS, default=show.Format.TABLE)


@command(app, "update")
def update(
    name: Name,
    lower: Lower = None,
    upper: Upper = None,
    idle: Idle = None,
    changes: Annotated[list[str] | None, typer.Option("--set", help="path=value.")] = None,
    identity: Identity = None,
    identities: Identities = None,
) -> None:
    """Change a compute's sizes and times."""
    given = {"min_instances": lower, "max_instances": upper, "idle_time_before_scale_down": idle}
    with told_to_people(), calling.client() as client:
        now = client.computes.show(name)
        wish = _wish(None, {"name": name, "type": now["type"], **given}, changes)
        calling.answer(client.computes.update(name, wish))


@command(app, "delete")
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Without being asked.")] = False,
    no_wait: Wait = False,
) -> None:
    """Delete a compute; runs that wait for it are refused."""
    with told_to_people(), calling.client() as client:
        if not yes and not typer.confirm(f"Delete the compute {name}?", err=True):
            raise typer.Exit(2)
        client.computes.delete(name)


def _add_action(action: str, words: str) -> None:
    def act(name: Name, no_wait: Wait = False) -> None:
        with told_to_people(), calling.client() as client:
            calling.answer(client.computes.act(name, action))

    act.__doc__ = words
    command(app, action)(act)


_add_action("start", "Start an instance.")
_add_action("stop", "Stop an instance.")
_add_action("restart", "Stop and start an instance.")


@command(app, "agent")
def agent(name: Name) -> None:
    """Print the command that joins a machine to an attached compute: eval "$(officina compute agent -n x)"."""
    with told_to_people(), calling.client() as client:
        typer.echo(client.computes.agent(name))


@command(app, "list-sizes")
def list_sizes(
    type_: Annotated[str | None, typer.Option("-t", "--type", help="gpu or cpu.")] = None,
    location: Annotated[str | None, typer.Option("-l", "--location", help="Not used.")] = None,
) -> None:
    """List the sizes that nodes can have."""
    with told_to_people(), calling.client() as client:
        calling.answer_list(
            client.computes.sizes(type_ or ""), ("name", "vCPUs", "memoryGB", "gpus", "slots"),
            default=show.Format.TABLE,
        )  # fmt: skip


@command(app, "list-usage")
def list_usage(
    location: Annotated[str | None, typer.Option("-l", "--location", help="Not used.")] = None,
) -> None:
    """List what the workspace uses of what it may."""
    with told_to_people(), calling.client() as client:
        calling.answer_list(
            client.computes.usage(), ("name", "currentValue", "limit"), default=show.Format.TABLE
        )


@command(app, "list-nodes")
def list_nodes(name: Name) -> None:
    """List the nodes of a compute with what runs on each."""
    with told_to_people(), calling.client() as client:
        calling.answer_list(
            client.computes.nodes(name),
            ("nodeId", "nodeState", "runName", "machine"),
            default=show.Format.TABLE,
        )
