"""A studio small enough to break on purpose: real sockets, a real store, the client's own API."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from officina.client import Client
from officina.errors import StudioError
from officina.storage import ContentStore, frames
from officina.storage.trees import build, entries

BASE = "/api/v1/workspaces"


class TinyStudio(ThreadingHTTPServer):
    """Holds runs in memory; `faults` makes the next requests of a method and path part fail."""

    daemon_threads = True

    def __init__(self, store: ContentStore) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.store = store
        self.runs: dict[str, dict[str, Any]] = {}
        self.children: dict[str, list[str]] = {}
        self.logs: dict[str, bytes] = {}
        self.sealed: set[str] = set()
        self.files: dict[str, bytes] = {}
        self.seen: list[tuple[str, str]] = []
        self.keys: dict[str, dict[str, Any]] = {}
        self.faults: list[tuple[str, str, str]] = []
        self.polls = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fault(self, method: str, path: str) -> str:
        """Take the planned fault of a request, if there is one."""
        for planned in self.faults:
            if planned[0] == method and planned[1] in path:
                self.faults.remove(planned)
                return planned[2]
        return ""

    def add_run(self, guid: str, **facts: Any) -> dict[str, Any]:
        """Put a run in."""
        run = {"guid": guid, "name": f"name-{guid[:4]}", "kind": "command", "status": "Completed"}
        self.runs[guid] = {**run, "outputs": {}, "url": f"/w/demo/runs/{guid}/", **facts}
        return self.runs[guid]


class Handler(BaseHTTPRequestHandler):
    server: TinyStudio
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        self.answer(self.body())

    do_PUT = do_POST

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), {k: v[0] for k, v in parse_qs(parts.query).items()}
        self.server.seen.append((self.command, path))
        fault = self.server.fault(self.command, path)
        if fault == "cut before":
            self.close_connection = True
            self.connection.close()
            return
        if fault == "503":
            self.send(503, b"", {"Retry-After": "0"})
            return
        if self.headers.get("Authorization") != "Bearer good":
            self.fail(StudioError("The token is not valid.", code="unauthenticated"), 401)
            return
        try:
            status, data, headers = self.route(path, query, body)
        except StudioError as error:
            self.fail(error, {"not_found": 404}.get(error.code, 400))
            return
        if fault == "cut after":
            self.close_connection = True
            self.connection.close()
            return
        if fault == "cut in the middle":
            self.send(status, data[: len(data) // 2], headers, length=len(data))
            self.close_connection = True
            return
        self.send(status, data, headers)

    def route(
        self, path: str, query: dict[str, str], body: bytes
    ) -> tuple[int, bytes, dict[str, str]]:
        studio = self.server
        if path == BASE:
            return 200, json.dumps([{"name": "demo"}]).encode(), {}
        rest = path.removeprefix(f"{BASE}/demo/")
        head, _, tail = rest.partition("/")
        if head == "trees":
            return 200, json.dumps(self.tree(json.loads(body)["files"])).encode(), {}
        if rest == "blobs":
            for sha256, data in frames.unpack(io.BytesIO(body).read):
                studio.store.put_stream([data], expected=sha256)
            return 201, b"", {}
        if head == "blobs":
            studio.store.put_stream([body], expected=tail)
            return 201, b"", {}
        if rest == "runs" and self.command == "POST":
            return 201, json.dumps(self.submit(json.loads(body))).encode(), {}
        if rest == "runs":
            return 200, json.dumps(page(list(studio.runs.values()), query)).encode(), {}
        return self.run(tail, query)

    def tree(self, files: dict[str, Any]) -> dict[str, Any]:
        given = entries(files)
        missing = self.server.store.missing(entry.sha256 for entry in given.values())
        if not missing:
            self.server.store.put_manifest(given)
        return {"digest": build(given)[0].digest, "missing": missing, "stored": not missing}

    def submit(self, body: dict[str, Any]) -> dict[str, Any]:
        key = self.headers["Idempotency-Key"]
        if key not in self.server.keys:
            guid = hashlib.sha256(key.encode()).hexdigest()[:32]
            self.server.keys[key] = self.server.add_run(guid, status="Queued", **body)
        return self.server.keys[key]

    def run(self, tail: str, query: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        studio = self.server
        guid, _, what = tail.partition("/")
        run = studio.runs.get(guid) or next(
            (one for one in studio.runs.values() if one["name"] == guid), None
        )
        if run is None:
            raise StudioError(f"There is no run {guid!r}.", code="not_found")
        guid = run["guid"]
        if what == "":
            return 200, json.dumps(run).encode(), {}
        if what == "children":
            rows = [studio.runs[one] for one in studio.children.get(guid, [])]
            return 200, json.dumps(page(rows, query)).encode(), {}
        if what == "log":
            studio.polls += 1
            log = studio.logs.get(guid, b"")
            start = int(query["offset"])
            # Few bytes at a time, so that characters are torn between answers.
            data = log[start : start + 7]
            facts = {
                "Next": start + len(data),
                "Size": len(log),
                "Sealed": int(guid in studio.sealed),
            }
            return 200, data, {f"X-Log-{name}": str(value) for name, value in facts.items()}
        if what in ("artifacts", "outputs/o/files"):
            rows = [
                {"path": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                for name, data in studio.files.items()
            ]
            return 200, json.dumps(page(rows, query)).encode(), {}
        name = what.removeprefix("artifacts/").removeprefix("outputs/o/files/")
        data = studio.files[name]
        wanted = self.headers.get("Range")
        if wanted:
            return 206, data[int(wanted.removeprefix("bytes=").rstrip("-")) :], {}
        return 200, data, {}

    def fail(self, error: StudioError, status: int) -> None:
        self.send(status, json.dumps({"error": {**error.as_json(), "id": "x"}}).encode(), {})

    def send(
        self, status: int, data: bytes, headers: dict[str, str], length: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)


def page(rows: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    number, size = int(query.get("page", 1)), min(int(query.get("page_size", 50)), 3)
    items = rows[(number - 1) * size : number * size]
    more = number * size < len(rows)
    return {
        "items": items,
        "total": len(rows),
        "page": number,
        "next": number + 1 if more else None,
    }


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[TinyStudio]:
    """A running tiny studio."""
    server = TinyStudio(ContentStore(tmp_path / "server-store"))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(studio: TinyStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client of it, away from this machine's own settings."""
    for name in ("OFFICINA_URL", "OFFICINA_TOKEN", "OFFICINA_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with Client(studio.url, "good") as one:
        yield one
