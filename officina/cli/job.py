"""`officina job`: submit, watch and fetch jobs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from officina.cli import calling, show
from officina.cli.calling import client, command, note
from officina.cli.changes import read_changes
from officina.cli.exits import Exit, told_to_people
from officina.errors import StudioError

if TYPE_CHECKING:
    from officina.client import Client

app = typer.Typer(help="Submit, watch and fetch jobs.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Option("-n", "--name", help="The job's name or guid.")]
Web = Annotated[bool, typer.Option("--web", help="Open its page.")]


@command(app, "create")
def create(
    file: Annotated[Path, typer.Option("-f", "--file", help="The job's YAML or JSON file.")],
    stream: Annotated[
        bool, typer.Option("-s", "--stream", help="Show the log until it ends.")
    ] = False,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change the document: inputs.x=3. Repeatable.")
    ] = None,
    name: Annotated[str | None, typer.Option("-n", "--name", help="A name of your own.")] = None,
    local: Annotated[bool, typer.Option("--local", help="Run here, without a studio.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--out", help="With --local: where results go.")
    ] = None,
    web: Web = False,
) -> None:
    """Submit a job."""
    with told_to_people():
        overrides = read_changes(changes or [])
        form = calling.form(show.Format.TABLE)
        if local:
            raise typer.Exit(_run_here(file, overrides, name, folder, form))
        if folder is not None:
            raise StudioError("--out belongs to --local.", hint="Use 'officina job download'.")
        with client() as studio:
            run = studio.create_job(file, set=overrides, name=name, progress=note)
            if web:
                calling.open_page(studio.address_of(run))
            if not stream:
                answer(studio, run, show.Format.TABLE)
                return
            note(f"job {run['name']}: {studio.address_of(run)}")
            raise typer.Exit(follow(studio, str(run["guid"]), str(run["name"]), form))


@command(app, "validate")
def validate(
    file: Annotated[Path, typer.Option("-f", "--file", help="The job's YAML or JSON file.")],
    changes: Annotated[list[str] | None, typer.Option("--set", help="path=value.")] = None,
) -> None:
    """Read a job and say what is odd or wrong about it, without a studio."""
    from officina.documents import load_job

    with told_to_people():
        loaded = load_job(file, overrides=read_changes(changes or []), runnable=False)
        for warning in loaded.warnings:
            note(f"warning: {warning}")
        calling.answer({"result": "Succeeded", "warnings": loaded.warnings})


@command(app, "show")
def show_job(name: Name, web: Web = False) -> None:
    """Show a job."""
    with told_to_people(), client() as studio:
        run = studio.show_job(name)
        if web:
            calling.open_page(studio.address_of(run))
        answer(studio, run, show.Format.JSON)


@command(app, "show-services")
def show_services(name: Name) -> None:
    """Show where a job is seen, and the services that it asked for: those are recorded alone."""
    with told_to_people(), client() as studio:
        run = studio.show_job(name)
        asked = (run.get("document") or {}).get("services") or {}
        calling.answer(_shaped(studio, run)["services"] | asked)


@command(app, "list")
def list_jobs(
    status: Annotated[str | None, typer.Option(help="Completed, Failed, Running, ...")] = None,
    experiment: Annotated[str | None, typer.Option(help="Only this experiment's jobs.")] = None,
    kind: Annotated[str | None, typer.Option(help="command or pipeline.")] = None,
    parent: Annotated[
        str | None,
        typer.Option("-p", "--parent", "--parent-job-name", help="The steps of this pipeline job."),
    ] = None,
    search: Annotated[str | None, typer.Option(help="Words in names and tags.")] = None,
    archived: Annotated[
        bool, typer.Option("--include-archived", help="Archived ones too.")
    ] = False,
    only: Annotated[bool, typer.Option("--archived-only", help="Only those.")] = False,
    limit: Annotated[int, typer.Option("-r", "--max-results", min=1, help="At most so many.")] = 50,
) -> None:
    """List jobs, newest first."""
    from itertools import islice

    with told_to_people(), client() as studio:
        jobs = studio.list_jobs(
            status=status,
            experiment=experiment,
            kind=kind,
            parent=parent,
            search=search,
            archived="archived" if only else "all" if archived else "active",
            page_size=min(limit, 200),
        )
        rows = (_shaped(studio, run) for run in islice(jobs, limit))
        calling.answer_list(rows, show.JOB_COLUMNS, default=show.Format.TABLE)


@command(app, "stream")
def stream_job(name: Name) -> None:
    """Show a job's log, or its steps', until it ends."""
    with told_to_people(), client() as studio:
        raise typer.Exit(follow(studio, name, name, None))


@command(app, "cancel")
def cancel(name: Name) -> None:
    """Ask a job to end; its whole process tree is stopped."""
    with told_to_people(), client() as studio:
        answer(studio, studio.cancel_job(name), show.Format.TABLE)


@command(app, "archive")
def archive(name: Name) -> None:
    """Hide a job from lists; nothing of it is deleted."""
    with told_to_people(), client() as studio:
        studio.archive_job(name)


@command(app, "restore")
def restore(name: Name) -> None:
    """Show an archived job in lists again."""
    with told_to_people(), client() as studio:
        studio.restore_job(name)


@command(app, "update")
def update(
    name: Name,
    changes: Annotated[list[str] | None, typer.Option("--set", help="tags.a=b, ...")] = None,
) -> None:
    """Change a job's display_name, description or tags."""
    with told_to_people(), client() as studio:
        run = studio.update_job(name, read_changes(changes or []))
        answer(studio, run, show.Format.JSON)


@command(app, "download")
def download(
    name: Name,
    folder: Annotated[Path, typer.Option("-p", "--download-path", help="Where to.")] = Path(),
    port: Annotated[str | None, typer.Option("--output-name", help="Only this output.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All of it, which is the default here.")
    ] = False,
) -> None:
    """Fetch a job's artifacts and outputs; every file's digest is checked."""
    with told_to_people(), client() as studio:
        dest = folder / name
        files = studio.download_job(name, dest, port if port != "default" else None)
        print(f"{len(files)} files in {dest}")


def _shaped(studio: Client, run: dict[str, Any]) -> dict[str, Any]:
    from officina.client.shapes import shape_job

    return shape_job(run, studio.address_of(run))


def answer(studio: Client, run: dict[str, Any], default: show.Format) -> None:
    """Print a run in the words of `az ml job show`."""
    calling.answer(_shaped(studio, run), default=default)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def follow(studio: Client, key: str, name: str, output: show.Format | None) -> Exit:
    """Write a run's log until it ends; return what the command ends with."""
    # With -o json, standard output is for the one JSON document and the log goes beside it.
    write = _write_beside if output is not None and output.is_document else _write
    try:
        run = studio.stream_job(key, write)
    except KeyboardInterrupt:
        note(f"\nStopped watching; the job goes on. 'officina job stream -n {name}' watches again,")
        note(f"'officina job cancel -n {name}' ends it.")
        return Exit.INTERRUPTED
    if output is not None and output.is_document:
        calling.answer(_shaped(studio, run))
    return _ended(run, name)


def _write_beside(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _ended(run: dict[str, Any], name: str) -> Exit:
    note(f"job {name}: {run['status']}" + (" (reused)" if run.get("reused_from") else ""))
    error = run.get("error")
    if run["status"] == "Failed" and error:
        text = error.get("message") if isinstance(error, dict) else error
        note(f"error: {text}")
        if isinstance(error, dict) and error.get("hint"):
            note(f"  {error['hint']}")
    return Exit.OK if run["status"] == "Completed" else Exit.JOB_FAILED


def _run_here(
    file: Path, changes: dict[str, str], name: str | None, folder: Path | None, form: show.Format
) -> Exit:
    from officina.local import default_cache, run_job

    out = folder or Path(name or f"{file.stem}-run")
    result = run_job(
        file,
        set=changes,
        out=out,
        cache=default_cache(),
        write=_write_beside if form.is_document else _write,
    )
    if form.is_document:
        calling.answer(json.loads(json.dumps(result.as_json())))
    note(f"job {file.name}: {result.status}; results in {out}")
    return Exit.OK if result.status == "Completed" else Exit.JOB_FAILED
