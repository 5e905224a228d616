"""The commands; what they do is in `officina.client` and `officina.local`, imported when needed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from officina import __version__
from officina.cli import (
    account,
    admin,
    asset,
    azure,
    compute,
    configure,
    datastore,
    elsewhere,
    examples,
    importing,
    job,
    login,
    model,
    preparing,
    schedule,
    workspace,
)
from officina.cli.exits import Exit, told_to_people
from officina.errors import StudioError

app = typer.Typer(
    name="officina",
    help="Run and watch machine-learning jobs on an Officina studio, or here without one.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(job.app, name="job")
for kind in asset.WORDS:
    of_kind = asset.app_of(kind)
    if kind == "data":
        importing.add_to(of_kind)
        preparing.add_to(of_kind)
    if kind == "model":
        model.add_to(of_kind)
    app.add_typer(of_kind, name=kind)
app.add_typer(compute.app, name="compute")
app.add_typer(datastore.app, name="datastore")
app.add_typer(schedule.app, name="schedule")
app.add_typer(workspace.app, name="workspace")
app.add_typer(account.app, name="account")
app.add_typer(admin.app, name="admin")
app.add_typer(azure.app, name="azure")
app.command("login")(login.login)
app.command("configure")(configure.configure)
app.command("sync")(login.sync)

examples.add_to(app)


@app.command("version", hidden=True)
def version_as_az_tells_it() -> None:
    """Print the version as JSON, as `az version` does."""
    print(json.dumps({"officina": __version__}))


def _version(wanted: bool) -> None:
    if wanted:
        print(f"officina {__version__}")
        raise typer.Exit


@app.callback()
def officina(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Run and watch machine-learning jobs on an Officina studio, or here without one."""


def spread(words: list[str]) -> list[str]:
    """Write `--set a=1 b=2`, as scripts for `az` do, as an option for each."""
    spread: list[str] = []
    option = ""
    for word in words:
        if word in {"--set", "--tags", "--defaults", "-d"}:
            option = word
        elif word.startswith("-"):
            option = ""
        elif option and "=" in word and spread[-1] != option:
            spread.append(option)
        spread.append(word)
    return spread


def _check_bundle(words: list[str]) -> None:
    """Refuse a bundle of certificates that is gone, which every request would stumble over."""
    bundle = os.environ.get("SSL_CERT_FILE", "")
    if not bundle or Path(bundle).exists():
        return
    if words[:1] == ["azure"]:
        # It writes the bundle anew, or says what is wrong.
        if words[1:2] != ["doctor"]:
            del os.environ["SSL_CERT_FILE"]
        return
    raise StudioError(
        f"SSL_CERT_FILE names {bundle}, which is not there.", where="SSL_CERT_FILE",
        hint="Run `officina azure trust`, or: unset SSL_CERT_FILE", code="unavailable",
    )  # fmt: skip


def main() -> None:
    """Run the command line; `alias az=officina` makes `az ml job list` work too."""
    words = sys.argv[1:]
    if words[:1] == ["ml"]:
        words = words[1:]
    if told := elsewhere.not_needed(words):
        print(told, file=sys.stderr)
        return
    try:
        with told_to_people():
            elsewhere.refuse(words)
            _check_bundle(words)
        app(spread(words))
    except KeyboardInterrupt:
        raise SystemExit(Exit.INTERRUPTED) from None
