"""`officina model convert|package|profile|compare`: work on a model, each piece as a job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from officina.cli import calling, show
from officina.cli.asset import Version
from officina.cli.calling import command
from officina.cli.exits import Exit, told_to_people

if TYPE_CHECKING:
    from officina.client import Client

Model = Annotated[str, typer.Option("-n", "--name", help="The model's name.")]
Environment = Annotated[
    str | None,
    typer.Option("-e", "--environment", help="Where it runs; default: what the model tells."),
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Show the log until it ends.")]
Trust = Annotated[bool, typer.Option("--trust", help="Load it whatever its scan says.")]
VERSIONS = ("group", "key", "one", "other")


def add_to(app: typer.Typer) -> None:
    """Add the commands to those of `officina model`."""
    for verb in (convert, package, profile, compare):
        command(app, verb.__name__)(verb)


def convert(
    name: Model,
    version: Version = None,
    to: Annotated[str | None, typer.Option("--to", help="Default: <name>-onnx.")] = None,
    rows: Annotated[int | None, typer.Option(help="Rows to compare both by.")] = None,
    tolerance: Annotated[float | None, typer.Option(help="How far answers may lie apart.")] = None,
    most_apart: Annotated[
        float | None, typer.Option(help="The share of rows that may differ.")
    ] = None,
    environment: Environment = None,
    trust: Trust = False,
    wait: Wait = True,
) -> None:
    """Convert a scikit-learn model to ONNX, compare both, and register what agrees."""
    options: dict[str, Any] = {"name": to, "rows": rows, "tolerance": tolerance}
    options |= {"most_apart": most_apart, "environment": environment, "trust": trust or None}
    _work("convert", name, version, options, wait)


def package(
    name: Model,
    version: Version = None,
    form: Annotated[str | None, typer.Option("--form", help="docker, plain or both.")] = None,
    folder: Annotated[
        Path | None, typer.Option("-p", "--download-path", help="Fetch the archives to here.")
    ] = None,
    environment: Environment = None,
    wait: Wait = True,
) -> None:
    """Pack a model with its exact packages and a scoring server, for Docker or Python alone."""
    options = {"form": form, "environment": environment}
    _work("package", name, version, options, wait or folder is not None, folder)


def profile(
    name: Model,
    version: Version = None,
    batches: Annotated[str | None, typer.Option(help="Rows a request, as 1,10,100.")] = None,
    seconds: Annotated[float | None, typer.Option(help="For each batch size.")] = None,
    rate: Annotated[float | None, typer.Option(help="Requests a second to plan for.")] = None,
    environment: Environment = None,
    trust: Trust = False,
    wait: Wait = True,
) -> None:
    """Measure a model's latency, CPU and memory, and get a size of compute recommended."""
    options: dict[str, Any] = {"batches": batches, "seconds": seconds, "rate": rate}
    options |= {"environment": environment, "trust": trust or None}
    _work("profile", name, version, options, wait)


def compare(
    name: Model,
    other: Annotated[str, typer.Option("--with", help="A version, or name:version.")],
    version: Version = None,
) -> None:
    """Show two versions side by side: facts, metrics, parameters, signature, files."""
    with told_to_people(), calling.client() as studio:
        found = studio.model_work.compare(name, other, version=version)
        if calling.form(show.Format.TABLE).is_document or calling.given().get("query"):
            calling.answer(found)
            return
        calling.answer_list(_lines(found), VERSIONS, default=show.Format.TABLE)


def _lines(found: dict[str, Any]) -> list[dict[str, Any]]:
    one, other = (f"{each['name']}:{each['version']}" for each in found["versions"])
    rows = [{"group": "version", "key": "", "one": one, "other": other}]
    for group in ("facts", "metrics", "params", "signature"):
        rows += [{"group": group, **row} for row in found[group]]
    for row in found["files"]:
        rows.append({"group": f"file, {row['state']}", "key": row["path"], **_sizes(row)})
    return rows


def _sizes(row: dict[str, Any]) -> dict[str, Any]:
    return {"one": row["one"], "other": row["other"]}


def _work(
    action: str, name: str, version: str | None, options: dict[str, Any], wait: bool,
    folder: Path | None = None,
) -> None:  # fmt: skip
    with told_to_people(), calling.client() as studio:
        run = studio.model_work.start(action, name, options, version=version)
        calling.note(f"job {run['name']}: {studio.address_of(run)}")
        if not wait:
            calling.answer(run, default=show.Format.TABLE)
            return
        # Standard output is for the result alone.
        run = studio.stream_job(str(run["guid"]), _write_beside)
        if run["status"] != "Completed":
            error = run.get("error") or {}
            calling.note(f"job {run['name']}: {run['status']}")
            calling.note(f"error: {error.get('message', '')} {error.get('hint', '')}".rstrip())
            raise typer.Exit(Exit.JOB_FAILED)
        _tell(studio, name, version, str(run["guid"]), folder)


def _write_beside(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _tell(studio: Client, name: str, version: str | None, guid: str, folder: Path | None) -> None:
    work = studio.model_work.of_run(name, guid, version=version)
    if folder is not None:
        for path in studio.model_work.download(name, work, folder, version=version):
            calling.note(f"fetched {path}")
    # The archives hold it as requirements.txt: hundreds of lines of digests hide the rest.
    found = {key: value for key, value in work["result"].items() if key != "lock"}
    calling.answer({"made": work["made"], **found})
