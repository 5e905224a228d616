"""`manage.py serve`: the web process."""

from __future__ import annotations

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

from studio.lib import server, tls


class Command(BaseCommand):
    """Answer HTTP and websockets on OFFICINA_PORT and OFFICINA_TLS_PORT."""

    help = "Answer HTTP and websockets on OFFICINA_PORT, and with the studio's own certificate on OFFICINA_TLS_PORT."
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Serve until a signal ends it."""
        server.share_heaps()
        serving = server.serve(
            import_string(settings.ASGI_APPLICATION),
            bind=settings.BIND,
            port=settings.PORT,
            tls_port=settings.TLS_PORT,
            certificates=lambda: tls.ensure(
                settings.OFFICINA_HOME / "tls", hosts=settings.ALLOWED_HOSTS
            ),
        )
        with asyncio.Runner(loop_factory=server.new_loop) as runner:
            runner.run(serving)
