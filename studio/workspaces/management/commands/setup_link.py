"""`manage.py setup_link`: the one-time link for the first administrator, for set-ups without `manage.py up`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from studio.workspaces import services


class Command(BaseCommand):
    """Print the link, or say that there is an administrator already."""

    help = "Print the one-time link that makes the first administrator."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print the link's full address."""
        link = services.setup_link()
        self.stdout.write(
            f"{settings.PUBLIC_URL}{link}" if link else "There is an administrator already."
        )
