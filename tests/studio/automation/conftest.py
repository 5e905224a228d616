"""A workspace whose runs run here, and places to import from that are really there."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from studio.runs.models import Run
from tests.studio.runs.conftest import home, messages, user, work, workspace  # noqa: F401


@dataclass
class Site:
    """A web server: what it serves by path, and what it was asked for."""

    url: str
    pages: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    cut: bool = False


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve files with ETags, redirects, and answers that break off when `cut`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append((self.path, dict(self.headers)))
            if self.path in here.redirects:
                self.send_response(302)
                self.send_header("Location", here.redirects[self.path])
                self.end_headers()
                return
            body = here.pages.get(self.path)
            if body is None:
                self.send_error(404)
                return
            etag = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
            if self.headers.get("If-None-Match") == etag:
                self.send_response(304)
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("ETag", etag)
            self.send_header("Last-Modified", "Sat, 21 Nov 2026 06:00:00 GMT")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if here.cut else body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Site(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield here
    server.shutdown()
    server.server_close()


@pytest.fixture
def inside(settings: LazySettings, live_server: Any, home: Path) -> None:  # noqa: F811
    """Let jobs reach this studio, and imports reach this machine."""
    settings.INTERNAL_URL = live_server.url
    settings.IMPORT_ALLOW = "127.0.0.0/8"


@pytest.fixture
def finished(work: Callable[[], None]) -> Callable[[Run], Run]:  # noqa: F811
    """See a run through and return it as it is then."""

    def see(run: Run) -> Run:
        work()
        run.refresh_from_db()
        return run

    return see
