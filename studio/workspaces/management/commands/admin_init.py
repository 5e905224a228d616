"""`manage.py admin_init`: the first administrator and workspace, for scripts on the server's machine."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from officina.errors import StudioError
from studio.workspaces import services


class Command(BaseCommand):
    """Make or find the first administrator and a workspace, and print url, token and workspace."""

    help = "Make or find the first administrator and a workspace; prints {url, token, workspace}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the e-mail address and the workspace's name."""
        parser.add_argument("--email", required=True, help="the administrator's e-mail address")
        parser.add_argument("--workspace", required=True, help="the workspace's name")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print what the service made."""
        # A script may call this before the studio's first start.
        call_command("migrate", verbosity=0)
        try:
            made = services.admin_init(email=options["email"], workspace=options["workspace"])
        except StudioError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(made))
        else:
            self.stdout.writelines(f"{name}: {value}" for name, value in made.items())
