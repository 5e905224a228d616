"""`manage.py join`: this machine's worker for an attached compute of a studio that runs elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, close_old_connections

from registry.models import StoredTree
from registry.services import store
from studio.compute import services as computes
from studio.compute.models import ComputeTarget, Node
from studio.lib import broker, parts
from studio.lib.supervisor import AlreadyRunning, Supervisor, exclusive
from studio.runs import services as runs
from studio.runs.services.leases import dead_owners

logger = logging.getLogger(__name__)
BEAT_EVERY = 5.0
NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")


class Command(BaseCommand):
    """Join a pool with this machine until Ctrl-C; database, broker and store are the studio's."""

    # A machine that only runs jobs has no pages or ports to be checked.
    requires_system_checks = ()
    help = "Serve an attached compute with this machine until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--pool", required=True, help="as the compute's page shows it")
        parser.add_argument("--node", default="", help="the name of this machine on the page")
        parser.add_argument("--slots", type=int, default=0, help="how many jobs at a time")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run until a signal ends it."""
        pool, node, slots = options["pool"], options["node"] or settings.NODE_NAME, options["slots"]
        if not NODE.match(node):
            raise CommandError("A node's name has letters, digits, '.', '_' and '-'.")
        wanted = {"OFFICINA_POOL": pool, "OFFICINA_NODE": node}
        if slots:
            wanted["OFFICINA_WORKERS"] = str(slots)
        if any(os.environ.get(name) != value for name, value in wanted.items()):
            # Settings are read once, at the start: begin again with those of this machine.
            os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **wanted})  # noqa: S606
        self._check(pool)
        try:
            with exclusive(settings.OFFICINA_HOME / "run" / f"join-{node}.lock"):
                asyncio.run(self._run())
        except AlreadyRunning as error:
            raise CommandError(f"The node {node} runs already (process {error}).") from None

    def _check(self, pool: str) -> None:
        try:
            target = ComputeTarget.objects.filter(pool=pool).first()
        except OperationalError as error:
            raise CommandError(
                f"The studio's database cannot be read: {error}. Set DATABASE_URL to the studio's."
            ) from error
        if target is None or not target.kind_row.own_pool:
            known = ComputeTarget.objects.filter(kind__in=["machine", "ssh", "kubernetes"])
            pools = ", ".join(sorted(set(known.values_list("pool", flat=True)))) or "none"
            raise CommandError(f"No compute is served by the pool {pool}. Known: {pools}.")
        socket = settings.BROKER_SOCKET
        if socket is not None and not asyncio.run(broker.answers(socket)):
            raise CommandError(
                "No broker answers here. Set REDIS_URL, DATABASE_URL and STORAGE_URL to the studio's."
            )
        self._check_store()

    def _check_store(self) -> None:
        """Refuse a machine that sees other files than the studio: each of its jobs would fail."""
        held = StoredTree.objects.filter(references__gt=0).order_by("-pk").first()
        if held is not None and not store().has_tree(held.digest):
            raise CommandError(
                f"The store {settings.STORAGE_URL} does not hold the studio's files. Set STORAGE_URL to the "
                "studio's bucket, with the keys that it takes (AWS_...), or mount its folder here."
            )

    async def _run(self) -> None:
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "studio.settings"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        supervisor = Supervisor(environment=environment, folder=settings.BASE_DIR, say=self._say)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        for part in await parts.joining_parts():
            if not await supervisor.start(part, within=60):
                self._say(f"{part.name} is not ready after 60 s; it is tried again")
        self._say(
            f"{settings.NODE_NAME} serves {settings.POOL} with {settings.WORKERS} slots. Ctrl-C ends it."
        )
        try:
            while not stop.is_set():
                await asyncio.to_thread(_beat)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), BEAT_EVERY)
        finally:
            self._say("stopping")
            await asyncio.to_thread(_leave)
            await supervisor.stop()

    def _say(self, text: str) -> None:
        self.stdout.write(f"officina: {text}")
        self.stdout.flush()


def _beat() -> None:
    """Say that this machine lives, and take up what its dead processes left."""
    close_old_connections()
    try:
        computes.beat_node()
        runs.reap(dead_owners=dead_owners())
        runs.dispatch(pool=settings.POOL)
    except Exception:
        logger.exception("this machine's sign of life failed; trying again")


def _leave() -> None:
    """Offer no slots any more; the jobs that run are seen to their end."""
    with contextlib.suppress(Exception):
        Node.objects.filter(name=settings.NODE_NAME).delete()
