"""`manage.py leftovers`: what uploads left that nothing uses; the hourly housekeeping removes it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from registry.services import leftovers


class Command(BaseCommand):
    """Say what would go; with --apply let it go now."""

    help = "Count uploaded files that nothing has used within a day; --apply removes them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the one choice there is."""
        parser.add_argument("--apply", action="store_true", help="remove them now")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print what there is, or was."""
        found = leftovers.drop() if options["apply"] else leftovers.plan()
        done = "removed" if options["apply"] else "would be removed"
        self.stdout.write(f"{found['files']:,} files, {found['bytes']:,} bytes {done}.")
