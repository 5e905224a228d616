"""The web process: one ASGI application behind a plain and a TLS port."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import signal
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from studio.lib import tls
from studio.lib.patience import Patient

logger = logging.getLogger(__name__)
_RENEWAL_PERIOD = 12 * 3600
_M_ARENA_MAX = -8


def share_heaps() -> None:
    """Let all threads share two heaps, where the C library has such.

    glibc gives each thread one of its own and keeps what was freed there: eight large uploads left 40 MiB behind.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 2)


def new_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop: the fast one where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to `serve`: two of them share this process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers as they are."""
        yield


async def serve(
    application: Any, *, bind: str, port: int, tls_port: int, certificates: Callable[[], tls.Files]
) -> None:
    """Answer on both ports until SIGTERM or SIGINT; a TLS port of 0 means none."""
    servers = [_Server(_config(application, bind, port))]
    if tls_port:
        files = await asyncio.to_thread(certificates)
        config = _config(
            application,
            bind,
            tls_port,
            ssl_certfile=str(files.certificate),
            ssl_keyfile=str(files.key),
        )
        servers.append(_Server(config))
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    renewal = asyncio.create_task(_renew(servers[-1].config, certificates)) if tls_port else None
    running = [asyncio.create_task(server.serve()) for server in servers]
    # A server that cannot bind ends alone: the other one must not go on as half a studio.
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    stop()
    await asyncio.gather(*running)
    if renewal:
        renewal.cancel()


def _config(application: Any, bind: str, port: int, **more: Any) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        host=bind,
        port=port,
        lifespan="off",
        log_config=None,
        # Paths in an access log would carry the one-time links.
        access_log=False,
        server_header=False,
        # The settings decide about X-Forwarded-*: trusting them here too would let any local caller forge them.
        proxy_headers=False,
        timeout_graceful_shutdown=3,
        http=Patient,
        # A client without retries meets the moment of closing now and then: let it be a rare one.
        timeout_keep_alive=20,
        # A little more than the designer takes, so that it can answer what is too large in words.
        ws_max_size=5 * 2**20,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        **more,
    )


async def _renew(config: uvicorn.Config, certificates: Callable[[], tls.Files]) -> None:
    """Renew the certificate before it ends and load it into the running server: open connections stay."""
    while True:
        await asyncio.sleep(_RENEWAL_PERIOD)
        try:
            files = await asyncio.to_thread(certificates)
            if config.ssl:
                config.ssl.load_cert_chain(files.certificate, files.key)
        except Exception:
            logger.exception(
                "cannot renew the TLS certificate; trying again in %d h", _RENEWAL_PERIOD // 3600
            )
