"""`officina admin`: what only the studio's own machine may do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

import officina
from officina.cli.exits import told_to_people
from officina.errors import StudioError

app = typer.Typer(
    help="Administer the studio on this machine.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def admin() -> None:
    """Administer the studio on this machine."""


@app.command("init")
def init(
    email: Annotated[str, typer.Option("--email", help="The first administrator's address.")],
    workspace: Annotated[str, typer.Option("--workspace", help="The first workspace's name.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print url, token, workspace.")] = False,
) -> None:
    """Make, or find, the first administrator and workspace."""
    with told_to_people():
        manage = Path(officina.__file__).resolve().parents[1] / "manage.py"
        if not manage.is_file():
            raise StudioError(
                "There is no studio on this machine.",
                hint="Run this where the studio was cloned, with its own .venv/bin/officina.",
                where=str(manage),
                code="not_found",
            )
        command = [sys.executable, str(manage), "admin_init", "--email", email]
        command += ["--workspace", workspace, *(["--json"] if as_json else [])]
        raise typer.Exit(subprocess.run(command, check=False).returncode)
