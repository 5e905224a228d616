"""A small HTTP server around a scoring script: `POST /score`, and `GET /` to ask whether it lives.

    python -m officina.packaging.serving --script score.py --port 5001

The script has Azure's contract: `init()` once, then `run(raw_data)` for each request. It is meant for
one model behind a proxy, so it has neither TLS nor keys of its own.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from officina.packaging.loading import plain
from officina.packaging.rows import NotRows

MOST_BYTES = 64 << 20
IDLE_SECONDS = 60


def script_at(path: Path) -> Any:
    """Import a scoring script and run its `init`."""
    spec = importlib.util.spec_from_file_location("score", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} cannot be read.")
    module = importlib.util.module_from_spec(spec)
    sys.modules["score"] = module
    sys.path.insert(0, str(path.resolve().parent))
    spec.loader.exec_module(module)
    for name in ("init", "run"):
        if not callable(getattr(module, name, None)):
            raise SystemExit(f"{path.name} has no {name}() function.")
    module.init()
    return module


class Server(ThreadingHTTPServer):
    """Answers with one script, one request at a time: models are rarely safe to share."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], script: Any, name: str = "model") -> None:
        super().__init__(address, Handler)
        self.script = script
        self.name = name
        self.turn = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        """Say that the server lives."""
        if self.path.split("?")[0] in {"/", "/health", "/healthz"}:
            self._send(200, {"status": "Healthy", "model": self.server.name})
        else:
            self._send(404, _error(f"There is nothing at {self.path}.", "POST rows to /score."))

    def do_POST(self) -> None:
        """Score the rows of the body."""
        try:
            size = int(self.headers.get("Content-Length") or "")
        except ValueError:
            size = -1
        if not 0 <= size <= MOST_BYTES:
            # The body was not read: nothing more can be made of this connection.
            self.close_connection = True
            text = f"A body of at most {MOST_BYTES:,} bytes with its Content-Length is needed."
            self._send(411 if size < 0 else 413, _error(text))
            return
        body = self.rfile.read(size)
        if self.path.split("?")[0] != "/score":
            self._send(404, _error(f"There is nothing at {self.path}.", "POST rows to /score."))
            return
        began = time.perf_counter()
        status, answer = self._score(body)
        self._send(
            status, answer, {"X-Model-Milliseconds": f"{(time.perf_counter() - began) * 1000:.2f}"}
        )

    def _score(self, body: bytes) -> tuple[int, Any]:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return 400, _error("The body is no UTF-8 text.")
        try:
            with self.server.turn:
                return 200, plain(self.server.script.run(text))
        except NotRows as error:
            return 400, _error(str(error), 'Send {"columns": ["a", "b"], "data": [[1, 2]]}.')
        except (ValueError, TypeError, KeyError) as error:
            return 400, _error(f"The model refused the rows: {error}")
        except Exception as error:
            traceback.print_exc()
            return 500, _error(f"The model failed: {type(error).__name__}: {error}")

    def _send(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(answer, allow_nan=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *given: Any) -> None:
        """Write one line a request to standard output."""
        sys.stdout.write(
            f"{self.log_date_time_string()} {self.address_string()} {format % given}\n"
        )
        sys.stdout.flush()


def _error(message: str, hint: str = "") -> dict[str, Any]:
    return {"error": {"message": message, "hint": hint}}


def main(words: list[str] | None = None) -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Answer POST /score with a scoring script.")
    parser.add_argument("--script", type=Path, default=Path("score.py"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5001)
    parser.add_argument("--name", default="model")
    given = parser.parse_args(words)
    server = Server((given.host, given.port), script_at(given.script), given.name)
    sys.stdout.write(f"scoring at http://{given.host}:{server.server_port}/score\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.stdout.write("stopped\n")
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
