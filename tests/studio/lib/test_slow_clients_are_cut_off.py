"""A client that dawdles holds no thread and is cut off; one that leaves midway leaves no half body behind.

One that would send too much hears so at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from studio.lib import bridge, limits, patience, server
from tests.running import free_port

THREADS = 2
BIG = 3 * 2**20
# Only what hangs takes so many seconds.
LIMIT = 60.0


class Site:
    """A server of ours with a small application: it answers with the digest of what it was sent."""

    def __init__(self) -> None:
        self.port = free_port()
        self.whole: list[int] = []
        self.cut = threading.Event()
        self._loop = server.new_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._started.wait(LIMIT)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        application = bridge.Bridge(self.answer, threads=THREADS)
        self._server = server._Server(server._config(application, "127.0.0.1", self.port))
        serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.01)
        self._started.set()
        await serving

    def answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        digest, size = hashlib.sha256(), 0
        try:
            while data := environ["wsgi.input"].read(2**16):
                digest.update(data)
                size += len(data)
        except OSError:
            self.cut.set()
            raise
        self.whole.append(size)
        start_response("200 OK", [("Content-Length", "64")])
        return [digest.hexdigest().encode()]

    def connect(self, data: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT)
        connection.sendall(data)
        return connection

    def asks(self, data: bytes) -> bytes:
        with self.connect(data) as connection:
            return everything(connection)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(LIMIT)


def everything(connection: socket.socket) -> bytes:
    """Return what the server sends until it closes the connection."""
    found = b""
    try:
        while data := connection.recv(2**16):
            found += data
    except ConnectionResetError:
        pass
    return found


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    # A machine that stands still for a moment is no dawdler.
    for name in ("IDLE", "LINGER", "LINGER_PAUSE"):
        monkeypatch.setattr(bridge, name, LIMIT)
    found = Site()
    yield found
    found.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off whoever is silent for a second."""
    monkeypatch.setattr(patience, "HEADER_SECONDS", 1.0)
    monkeypatch.setattr(bridge, "IDLE", 1.0)
    monkeypatch.setattr(bridge, "LINGER_PAUSE", 0.2)


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def sized(n: int) -> bytes:
    return HEAD + f"Content-Length: {n}\r\n\r\n".encode()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_headers_and_bodies_that_do_not_come_hold_nobody_up(site: Site, impatient: None) -> None:
    """More dawdlers than threads: the next request is answered while they wait, and all are cut off."""
    dawdlers = [
        site.connect(start)
        for start in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nX: ", sized(10) + b"half", CHUNKED)
        for _ in range(THREADS)
    ]
    until = time.monotonic() + LIMIT
    digest, answer = hashlib.sha256(b"whole").hexdigest().encode(), b""
    while not answer.endswith(digest):  # more than once only where this machine itself dawdles
        assert time.monotonic() < until
        with contextlib.suppress(ConnectionError):
            answer = site.asks(sized(5) + b"whole")
    for connection in dawdlers:
        with connection:
            assert everything(connection)[:12] in {b"", b"HTTP/1.1 408"}
    assert set(site.whole) == {5}


def test_a_large_body_arrives_whole_and_a_slow_one_is_refused(
    site: Site, request: pytest.FixtureRequest
) -> None:
    data = bytes(BIG)
    digest = hashlib.sha256(data).hexdigest().encode()
    assert site.asks(sized(BIG) + data).endswith(digest)
    pieces = b"".join(b"10000\r\n" + data[:65536] + b"\r\n" for _ in range(BIG // 65536))
    assert site.asks(CHUNKED + pieces + b"0\r\n\r\n").endswith(digest)
    request.getfixturevalue("impatient")
    with site.connect(sized(BIG) + data[: 2 * 2**20]) as stalled:
        assert b"200 OK" not in everything(stalled)
    assert site.whole == [BIG, BIG]


@pytest.mark.parametrize("head", [CHUNKED + b"200000\r\n", sized(BIG)])
def test_a_body_that_is_cut_midway_is_an_error_for_its_reader(site: Site, head: bytes) -> None:
    site.connect(head + bytes(2 * 2**20)).close()
    assert site.cut.wait(LIMIT)
    assert site.whole == []


def test_headers_without_an_end_are_cut_off(site: Site) -> None:
    line = b"X-Filler: " + b"x" * 1000 + b"\r\n"
    with contextlib.suppress(ConnectionError):  # it may be closed while we still send
        assert site.asks(b"GET / HTTP/1.1\r\n" + line * 100) == b""


@pytest.mark.parametrize("address", [b"/w/lab/?search=a%00b", b"/w/la%00b/"])
def test_an_address_with_a_nul_is_refused_in_words(site: Site, address: bytes) -> None:
    answer = site.asks(b"GET " + address + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400") and b"NUL" in answer
    assert site.whole == []


def problem(answer: bytes) -> dict[str, Any]:
    """Return what a refusal says, after checking that it is one."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413"), head
    assert b"connection: close" in head
    found: dict[str, Any] = json.loads(body)["error"]
    return found


def test_a_length_above_the_limit_is_refused_at_the_headers(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the body comes, nobody waits for it, and the application never hears of it."""
    monkeypatch.setattr(bridge, "LINGER_PAUSE", 0.2)
    said = problem(site.asks(sized(2 * 2**30)))
    assert (said["code"], said["message"]) == (
        "too_large", "The request is larger than the 16 MiB that this address takes.",
    )  # fmt: skip
    expecting = sized(2 * 2**30).replace(b"Host", b"Expect: 100-continue\r\nHost")
    assert problem(site.asks(expecting))["code"] == "too_large"
    assert site.whole == []
    monkeypatch.setattr(limits, "most_bytes", lambda method, path: 2**31)
    digest = hashlib.sha256(bytes(20 * 2**20)).hexdigest().encode()
    assert site.asks(sized(20 * 2**20) + bytes(20 * 2**20)).endswith(digest)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_body_in_chunks_is_cut_at_the_limit(site: Site) -> None:
    """A client that sends all of it before it reads gets the answer nevertheless."""
    piece = b"100000\r\n" + bytes(2**20) + b"\r\n"
    assert problem(site.asks(CHUNKED + 24 * piece + b"0\r\n\r\n"))["code"] == "too_large"
    assert site.cut.wait(LIMIT)
    assert problem(site.asks(sized(24 * 2**20) + bytes(24 * 2**20)))["code"] == "too_large"
    assert site.whole == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whoever_is_first_the_answer_is_that_it_is_too_large(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that reads a torn body fails as well, and must not do so before the loop has its answer."""
    monkeypatch.setattr(limits, "most_bytes", lambda method, path: 2 * 2**20)
    piece = b"100000\r\n" + bytes(2**20) + b"\r\n"
    for _ in range(40):
        assert problem(site.asks(CHUNKED + 4 * piece + b"0\r\n\r\n"))["code"] == "too_large"
    assert site.whole == []
