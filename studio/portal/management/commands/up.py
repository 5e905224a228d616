"""`manage.py up`: the whole studio under one supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from studio.lib import parts, tls
from studio.lib.supervisor import AlreadyRunning, Supervisor, exclusive
from studio.workspaces import services


class Command(BaseCommand):
    """Start database, broker, web, workers and beat; keep them running; stop all of them on Ctrl-C."""

    help = "Start the whole studio on this machine and keep it running until Ctrl-C."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run until a signal ends it."""
        home = settings.OFFICINA_HOME
        try:
            with exclusive(home / "run" / "lock"):
                if (port := parts.taken_port()) is not None:
                    name = "OFFICINA_PORT" if port == settings.PORT else "OFFICINA_TLS_PORT"
                    raise CommandError(
                        f"Port {port} is taken by another program: end it, or set {name} to a free port."
                    )
                ended_well = asyncio.run(self._run())
        except AlreadyRunning as error:
            raise CommandError(
                f"A studio is already running on {home} (process {error}). "
                f"Stop it with Ctrl-C in its terminal or `kill {error}`, or set OFFICINA_HOME for a second one."
            ) from None
        except FileNotFoundError as error:
            raise CommandError(str(error)) from error
        if not ended_well:
            sys.exit(1)

    async def _run(self) -> bool:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "studio.settings",
            "OFFICINA_UP": str(os.getpid()),
        }
        # Without bytecode files each worker and job would compile its imports anew: 2.5 s for scikit-learn.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        supervisor = Supervisor(environment=environment, folder=settings.BASE_DIR, say=self._say)
        stop = asyncio.Event()

        def on_signal() -> None:
            if stop.is_set():
                supervisor.kill()
            stop.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, on_signal)
        starting = asyncio.create_task(self._start(supervisor))
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        started = (
            starting.done()
            and not starting.cancelled()
            and starting.exception() is None
            and starting.result()
        )
        if started or not starting.done():
            await waiting
        starting.cancel()
        waiting.cancel()
        self._say("stopping")
        await supervisor.stop(between=_end_jobs)
        error = None if not starting.done() or starting.cancelled() else starting.exception()
        if error is not None:
            raise error
        self._say("stopped")
        return bool(started) or stop.is_set()

    async def _start(self, supervisor: Supervisor) -> bool:
        begun = time.monotonic()
        if os.geteuid() == 0:
            self._say(
                "running as root: jobs run as root too. On a machine that matters, use an account of its own."
            )
        broker_part = parts.broker_part()
        # Independent of each other: the schema, the broker's append-only file, the static files, the certificate.
        preparing = asyncio.gather(
            asyncio.to_thread(parts.migrate),
            asyncio.to_thread(parts.collect_static),
            asyncio.to_thread(_certificates),
        )
        if broker_part and not await supervisor.start(broker_part, within=60):
            self._say(
                f"the broker does not start; see {settings.OFFICINA_HOME / 'broker' / 'broker.log'}"
            )
            await preparing
            return False
        await preparing
        results = await asyncio.gather(
            *(supervisor.start(part, within=60) for part in parts.working_parts())
        )
        for part, ready in zip(supervisor.parts[-len(results) :], results, strict=True):
            if not ready:
                self._say(
                    f"{part.name} is not ready after 60 s; the studio goes on without it and keeps trying"
                )
        await self._announce(begun)
        return True

    async def _announce(self, begun: float) -> None:
        """Say where the studio is, as soon as all of it is alive."""
        url = f"http://127.0.0.1:{settings.PORT}"
        failing = ["web"]
        while failing and time.monotonic() < begun + 60:
            failing = await asyncio.to_thread(_failing, f"{url}/healthz")
            await asyncio.sleep(0.1 if failing else 0)
        link = await asyncio.to_thread(services.setup_link)
        seconds = time.monotonic() - begun
        if failing:
            self._say(f"not all parts are alive after {seconds:.0f} s: {', '.join(failing)}")
        lines = [f"Officina is ready ({seconds:.1f} s).", "", f"  Studio   {settings.PUBLIC_URL}"]
        if settings.TLS_PORT:
            authority = settings.OFFICINA_HOME / "tls" / "ca.pem"
            lines.append(
                f"  TLS      https://localhost:{settings.TLS_PORT}  (certificate authority: {authority})"
            )
        if link:
            lines.append(f"  First administrator, open once:  {settings.PUBLIC_URL}{link}")
        lines += ["", "Ctrl-C stops it."]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # the studio goes on when its console is a full disk
            self.stdout.write(f"officina: {text}")
            self.stdout.flush()


def _certificates() -> None:
    if settings.TLS_PORT:
        tls.ensure(settings.OFFICINA_HOME / "tls", hosts=settings.ALLOWED_HOSTS)


async def _end_jobs() -> None:
    """End the jobs once the workers were told to stop: they stop when the jobs that they watch have ended."""
    await asyncio.to_thread(parts.end_jobs)


def _failing(url: str) -> list[str]:
    """Return the names of the parts that /healthz misses."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  our own http URL
            return list(json.load(answer)["failing"])
    except urllib.error.HTTPError as error:
        try:
            return list(json.load(error)["failing"]) or ["web"]
        except (ValueError, KeyError):
            return ["web"]
    except OSError:
        return ["web"]
