"""`officina data prepare`: steps tried on a data asset, run into a new version, or done on a file here."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from officina.cli import calling, job, show
from officina.cli.calling import command
from officina.cli.exits import Exit, told_to_people
from officina.errors import StudioError

Text = str | None


def add_to(app: typer.Typer) -> None:
    """Put the command beside those of data assets."""
    command(app, "prepare")(prepare)


def prepare(
    file: Annotated[Path, typer.Option("-f", "--file", help="The steps, in YAML or JSON.")],
    name: Annotated[Text, typer.Option("-n", "--name", help="The data asset's name.")] = None,
    version: Annotated[Text, typer.Option("-v", "--version", help="One version of it.")] = None,
    table: Annotated[Text, typer.Option("--table", help="The file in it, if several.")] = None,
    into: Annotated[Text, typer.Option("--into", help="Run; the data asset to make.")] = None,
    pipeline: Annotated[Text, typer.Option("--pipeline", help="Save as this draft.")] = None,
    stream: Annotated[bool, typer.Option("-s", "--stream", help="With --into: the log.")] = False,
    local: Annotated[
        Path | None, typer.Option("--local", help="A file here, instead of a data asset.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="With --local: the Parquet or CSV file to write.")
    ] = None,
) -> None:
    """Try steps on a sample of a data asset; --into runs them, --pipeline saves them."""
    with told_to_people():
        steps = _steps(file)
        if local is not None:
            calling.answer(_done_here(steps, local, out))
            return
        if not name:
            raise StudioError("Which data?", hint="Give --name, or --local and a file.")
        with calling.client() as client:
            at = f"{client.base}/data/{quote(name, '')}/versions/{quote(version or 'latest', '')}"
            body = {"steps": steps, "file": table or ""}
            if into is not None:
                found = _post(client, f"{at}/preparation/run", body | {"name": into})
                _told(client, found, stream)
            elif pipeline is not None:
                calling.answer(
                    _post(client, f"{at}/preparation/pipeline", body | {"name": pipeline})
                )
            else:
                _tell_trial(_post(client, f"{at}/preparation", body | {"count": 5, "last": 20}))


def _post(client: Any, place: str, body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.transport.json("POST", place, json=body, key=str(uuid.uuid4()))
    return found


def _steps(file: Path) -> list[Any]:
    from officina.data import preparation
    from officina.documents import load_yaml

    found = load_yaml(file.read_text(encoding="utf-8"))
    preparation.read(found)
    steps: list[Any] = found["steps"] if isinstance(found, dict) else found
    return steps


def _tell_trial(found: dict[str, Any]) -> None:
    """Print the steps with their sizes; one that fails ends the command with an error."""
    rows = [
        {"step": number, "summary": told["summary"], "rows": told.get("rows", ""),
         "columns": told.get("columns", "")}
        for number, told in enumerate(found["steps"], 1)
    ]  # fmt: skip
    calling.note(f"tried on {found['sample']['rows']:,} of {found['rows']:,} rows")
    calling.answer_list(rows, ("step", "summary", "rows", "columns"), default=show.Format.TABLE)
    for told in found["steps"]:
        if "error" in told:
            raise StudioError(**told["error"])


def _told(client: Any, run: dict[str, Any], stream: bool) -> None:
    if not stream:
        job.answer(client, run, show.Format.TABLE)
        return
    calling.note(f"job {run['name']}: {client.address_of(run)}")
    code = job.follow(client, str(run["guid"]), str(run["name"]), calling.form(show.Format.TABLE))
    if code != Exit.OK:
        raise typer.Exit(code)


def _done_here(steps: list[Any], source: Path, out: Path | None) -> dict[str, Any]:
    """Apply the steps to a local file, as a pipeline would."""
    from officina.data import preparation
    from officina.modules import tabular
    from officina.modules.tables import Table

    if not source.is_file():
        raise StudioError(f"There is no file {source}.", where="--local", code="not_found")
    table = Table(tabular.read_file(source, tabular.Wanted(), calling.note))
    frame = preparation.apply(table, steps).frame
    if out is not None and out.suffix.lower() == ".parquet":
        frame.to_parquet(out, index=False)
    elif out is not None:
        frame.to_csv(out, index=False, lineterminator="\n")
    return {"rows": len(frame), "columns": [str(name) for name in frame.columns]}
