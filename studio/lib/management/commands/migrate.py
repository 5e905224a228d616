"""`manage.py migrate`, one at a time: the studio, a script and other machines may all start with it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.commands import migrate
from django.db import connections

# Any number does; PostgreSQL only compares it.
ADVISORY_LOCK = 7_206_411


class Command(migrate.Command):
    """Bring the database to the present schema, after whoever is doing so already."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait for the lock, then migrate."""
        with _alone_on_this_machine(), _alone_on_the_server(options["database"]):
            super().handle(*args, **options)


@contextmanager
def _alone_on_this_machine() -> Iterator[None]:
    with (settings.OFFICINA_HOME / "migrate.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _alone_on_the_server(database: str) -> Iterator[None]:
    connection = connections[database]
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])
