"""`officina job`: submit, watch and fetch jobs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from officina.cli import show
from officina.cli.exits import Exit, told_to_people
from officina.errors import StudioError

if TYPE_CHECKING:
    from officina.client import Client

app = typer.Typer(help="Submit, watch and fetch jobs.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Option("-n", "--name", help="The job's name or guid.")]
Output = Annotated[show.Format, typer.Option("-o", "--output", help="json, table or tsv.")]
Workspace = Annotated[
    str | None, typer.Option("-w", "--workspace", help="Default: OFFICINA_WORKSPACE.")
]


@app.command("create")
def create(
    file: Annotated[Path, typer.Option("-f", "--file", help="The job's YAML or JSON file.")],
    stream: Annotated[bool, typer.Option("--stream", help="Show the log until it ends.")] = False,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change the document: inputs.x=3. Repeatable.")
    ] = None,
    name: Annotated[str | None, typer.Option("-n", "--name", help="A name of your own.")] = None,
    local: Annotated[bool, typer.Option("--local", help="Run here, without a studio.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--out", help="With --local: where results go.")
    ] = None,
    output: Output = show.Format.TABLE,
    workspace: Workspace = None,
) -> None:
    """Submit a job."""
    with told_to_people():
        overrides = read_changes(changes or [])
        if local:
            raise typer.Exit(_run_here(file, overrides, name, folder, output))
        if folder is not None:
            raise StudioError("--out belongs to --local.", hint="Use 'officina job download'.")
        with _client(workspace) as client:
            run = client.create_job(file, set=overrides, name=name, progress=_note)
            if not stream:
                show.show_one(run, output)
                return
            _note(f"job {run['name']}: {client.address_of(run)}")
            raise typer.Exit(_follow(client, str(run["guid"]), str(run["name"]), output))


@app.command("show")
def show_job(name: Name, output: Output = show.Format.JSON, workspace: Workspace = None) -> None:
    """Show a job."""
    with told_to_people(), _client(workspace) as client:
        show.show_one(client.show_job(name), output)


@app.command("list")
def list_jobs(
    status: Annotated[str | None, typer.Option(help="Completed, Failed, Running, ...")] = None,
    experiment: Annotated[str | None, typer.Option(help="Only this experiment's jobs.")] = None,
    kind: Annotated[str | None, typer.Option(help="command or pipeline.")] = None,
    parent: Annotated[str | None, typer.Option(help="The steps of this pipeline job.")] = None,
    search: Annotated[str | None, typer.Option(help="Words in names and tags.")] = None,
    limit: Annotated[int, typer.Option("--max-results", min=1, help="At most so many.")] = 50,
    output: Output = show.Format.TABLE,
    workspace: Workspace = None,
) -> None:
    """List jobs, newest first."""
    from itertools import islice

    with told_to_people(), _client(workspace) as client:
        jobs = client.list_jobs(
            status=status,
            experiment=experiment,
            kind=kind,
            parent=parent,
            search=search,
            page_size=min(limit, 200),
        )
        show.show_list(islice(jobs, limit), show.JOB_COLUMNS, output)


@app.command("stream")
def stream_job(name: Name, workspace: Workspace = None) -> None:
    """Show a job's log, or its steps', until it ends."""
    with told_to_people(), _client(workspace) as client:
        raise typer.Exit(_follow(client, name, name, None))


@app.command("cancel")
def cancel(name: Name, output: Output = show.Format.TABLE, workspace: Workspace = None) -> None:
    """Ask a job to end; its whole process tree is stopped."""
    with told_to_people(), _client(workspace) as client:
        show.show_one(client.cancel_job(name), output)


@app.command("download")
def download(
    name: Name,
    folder: Annotated[Path, typer.Option("-p", "--download-path", help="Where to.")] = Path(),
    port: Annotated[str | None, typer.Option("--output-name", help="Only this output.")] = None,
    workspace: Workspace = None,
) -> None:
    """Fetch a job's artifacts and outputs; every file's digest is checked."""
    with told_to_people(), _client(workspace) as client:
        dest = folder / name
        files = client.download_job(name, dest, port)
        print(f"{len(files)} files in {dest}")


def read_changes(texts: list[str]) -> dict[str, str]:
    """Return `--set` arguments as dotted path to text; the document's reader gives them types."""
    changes = {}
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise typer.BadParameter(f"{text!r} is not of the form path=value", param_hint="--set")
        changes[path.strip()] = value
    return changes


def _client(workspace: str | None) -> Client:
    from officina.client import Client

    return Client(workspace=workspace)


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _follow(client: Client, key: str, name: str, output: show.Format | None) -> Exit:
    # With -o json, standard output is for the one JSON document and the log goes beside it.
    write = _write if output is not show.Format.JSON else _write_beside
    try:
        run = client.stream_job(key, write)
    except KeyboardInterrupt:
        _note(
            f"\nStopped watching; the job goes on. 'officina job stream -n {name}' watches again,"
        )
        _note(f"'officina job cancel -n {name}' ends it.")
        return Exit.INTERRUPTED
    if output is show.Format.JSON:
        show.show_one(run, output)
    return _ended(run, name)


def _write_beside(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _ended(run: dict[str, Any], name: str) -> Exit:
    _note(f"job {name}: {run['status']}" + (" (reused)" if run.get("reused_from") else ""))
    error = run.get("error")
    if run["status"] == "Failed" and error:
        text = error.get("message") if isinstance(error, dict) else error
        _note(f"error: {text}")
        if isinstance(error, dict) and error.get("hint"):
            _note(f"  {error['hint']}")
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
        write=_write_beside if form is show.Format.JSON else _write,
    )
    if form is show.Format.JSON:
        print(json.dumps(result.as_json(), indent=2, ensure_ascii=False))
    _note(f"job {file.name}: {result.status}; results in {out}")
    return Exit.OK if result.status == "Completed" else Exit.JOB_FAILED
