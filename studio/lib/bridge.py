"""Django's WSGI application behind the ASGI server: one change of thread a request, and none for a slow client.

A body is awaited here, so a client that dawdles holds no thread; only one larger than `WHOLE` is handed on while it
still arrives. A body that ends early is an error for whoever reads it, never a shorter body. One that is larger than
its address takes is refused at once: at its headers when they say so, else where it crosses the limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import io
import json
import queue
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from studio.lib import limits, problems

# Bodies up to this are read whole before a thread is asked for.
WHOLE = 2**20
# How much of a larger one has come before it may hold a thread, and how much of it may wait to be read there.
START = 2**16
AHEAD = 2**18
# A client that sends nothing for so many seconds, or after them less than so many bytes a second, is cut off.
IDLE = 30.0
SLOWEST = 1000
# For so many seconds, and without a longer pause than the second number, the rest of a refused body is taken and
# thrown away: closing on a client that still sends would reset the connection before it has read the answer.
LINGER, LINGER_PAUSE = 10.0, 2.0
Environ = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Gone(OSError):
    """The client is no longer there, or no longer sends."""


class TooLarge(Exception):
    """The body is larger than its address takes."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class _Reading:
    """Awaits a request's body piece by piece, and gives up on a client that is too slow or sends too much."""

    def __init__(self, receive: Receive, environ: Environ) -> None:
        self._receive = receive
        self._begun, self._got = time.monotonic(), 0
        self.size = _declared(environ)
        self.more = self.size != 0
        self._most = limits.DOCUMENT
        # Looking an address up takes a moment, which small requests are spared.
        if self.size is None or self.size > self._most:
            path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
            self._most = limits.most_bytes(environ["REQUEST_METHOD"], path)
            if (self.size or 0) > self._most:
                raise TooLarge(self._most)

    async def piece(self) -> bytes:
        async with asyncio.timeout(IDLE):
            message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Gone("the client left before its request was whole")
        data: bytes = message.get("body", b"")
        self.more = message.get("more_body", False)
        self._got += len(data)
        if self._got > self._most:
            raise TooLarge(self._most)
        spent = time.monotonic() - self._begun
        if self.more and spent > IDLE and self._got < spent * SLOWEST:
            raise TimeoutError
        return data


class _Arriving(io.RawIOBase):
    """The rest of a large body, for the thread that reads it while the loop still receives."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: bytes) -> None:
        self._loop = loop
        self._pieces: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._pieces.put(start)
        self._piece, self._at = b"", 0
        self._waiting, self._lock = len(start), threading.Lock()
        self._room = asyncio.Event()
        # Until the end has come: whatever stops the filling, a shorter body is never taken for the whole.
        self._failed = True

    async def fill(self, reading: _Reading) -> TooLarge | None:
        """Pass the body on until it ends or is too large; reading goes on only while there is room."""
        try:
            while reading.more:
                data = await reading.piece()
                with self._lock:
                    self._waiting += len(data)
                    full = self._waiting > AHEAD
                    if full:
                        self._room.clear()
                self._pieces.put(data)
                if full:
                    await self._room.wait()
            self._failed = False
        except TooLarge as error:
            # Who waits for this decides on the answer before the thread hears of an end.
            return error
        except (OSError, TimeoutError):
            pass  # the thread that reads meets it, and answers
        self.end()
        return None

    def end(self) -> None:
        """Let the thread that reads go on: nothing more comes."""
        self._pieces.put(None)

    def read(self, size: int | None = -1) -> bytes:
        """Return so many bytes, or what is left."""
        pieces: list[bytes] = []
        left = sys.maxsize if size is None or size < 0 else size
        while left and (piece := self.read1(left)):
            pieces.append(piece)
            left -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read1(self, size: int = -1) -> bytes:
        """Return a piece as it came, so that a large file is not copied in between; b"" at the end."""
        while self._at >= len(self._piece):
            if not self._next():
                return b""
        start, end = self._at, len(self._piece)
        if size >= 0:
            end = min(end, start + size)
        self._at = end
        return self._piece[start:end]

    def _next(self) -> bool:
        """Wait for more; False at the end."""
        data = self._pieces.get()
        if data is None:
            self._pieces.put(None)
            if self._failed:
                raise Gone("the request ended before its body was whole")
            return False
        self._piece, self._at = data, 0
        with self._lock:
            before, self._waiting = self._waiting, self._waiting - len(data)
        if before > AHEAD // 2 >= self._waiting:
            self._loop.call_soon_threadsafe(self._room.set)
        return True


class Bridge:
    """An ASGI application that runs a WSGI one in threads.

    What `in_line` says yes to, by a request's environment, is done by one thread, one after the other: many small
    requests that would wait for each other anyhow take a third of the time when no threads compete for the interpreter.
    """

    def __init__(
        self, app: Any, *, threads: int, in_line: Callable[[Environ], bool] | None = None
    ) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(threads, "web")
        self._line = ThreadPoolExecutor(1, "line") if in_line else None
        self._in_line = in_line
        # Slow uploads may take half of the threads, so that there always are some for all else.
        self._uploads = asyncio.Semaphore(max(1, threads // 2))

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        environ = environ_of(scope)
        if "\0" in environ["PATH_INFO"] or "%00" in environ["QUERY_STRING"]:
            # PostgreSQL stores and compares no text with it; nothing here has such a name.
            why = "The address holds a NUL character, which is in no name here."
            await _refuse(receive, send, 400, why, hint="Leave out %00.")
            return
        try:
            reading = _Reading(receive, environ)
            start = await _start(reading)
            if reading.more:
                await self._take(environ, reading, start, send)
                return
        except TimeoutError:
            await _refuse(receive, send, 408, "The request arrived too slowly.")
        except TooLarge as error:
            said = limits.too_large(error.most)
            await _refuse(receive, send, 413, said.message, code=said.code, hint=said.hint)
        except Gone:
            pass
        else:
            environ["wsgi.input"] = io.BytesIO(start)
            await self._answer(environ, receive, send)

    async def _take(self, environ: Environ, reading: _Reading, start: bytes, send: Send) -> None:
        """Answer a request whose body is still arriving."""
        async with self._uploads:
            arriving = _Arriving(asyncio.get_running_loop(), start)
            environ["wsgi.input"] = arriving
            filling = asyncio.create_task(arriving.fill(reading))
            try:
                await self._answer(environ, None, send, filling)
            finally:
                # A thread that still reads wakes up, and meets the end as an error.
                filling.cancel()
                arriving.end()

    async def _answer(
        self, environ: Environ, receive: Receive | None, send: Send,
        filling: asyncio.Task[TooLarge | None] | None = None,
    ) -> None:  # fmt: skip
        exchange = _Exchange(self._app, environ, send)
        line = self._line if filling is None and self._in_line and self._in_line(environ) else None
        (line or self._threads).submit(contextvars.copy_context().run, exchange.work)
        if filling is not None:
            await asyncio.wait({exchange.ready, filling}, return_when=asyncio.FIRST_COMPLETED)
            if not exchange.ready.done() and (excess := filling.result()):
                # The answer is ours, and what the thread says of its torn body is nobody's.
                exchange.left = True
                for outcome in (exchange.ready, exchange.over):
                    outcome.add_done_callback(lambda done: done.exception())
                raise excess
        ready = await exchange.ready
        if ready is not None:
            status, headers, body = ready
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        watch = asyncio.create_task(_watch(receive, exchange)) if receive else None
        try:
            await exchange.over
        finally:
            exchange.left = True
            if watch:
                watch.cancel()


class _Exchange:
    """One request's run in a thread: an answer that is whole at once goes back in one step, others in pieces."""

    def __init__(self, app: Any, environ: Environ, send: Send) -> None:
        self._app, self._environ, self._send = app, environ, send
        self._loop = asyncio.get_running_loop()
        # What is ready at once, or None for an answer that is made while it is sent.
        self.ready: asyncio.Future[Any] = self._loop.create_future()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self.left = False
        self._status, self._headers = 500, list[tuple[bytes, bytes]]()

    def work(self) -> None:
        """Run the application, in a thread."""
        try:
            result = self._app(self._environ, self._begin)
            try:
                if getattr(result, "streaming", True):
                    self._stream(result)
                    return
                body = b"".join(result)
            finally:
                if close := getattr(result, "close", None):
                    close()
        except BaseException as error:  # the loop raises it where the server reports it
            self._tell(self.over if self.ready.done() else self.ready, error=error)
        else:
            self._tell(self.ready, (self._status, self._headers, body))

    def _begin(self, status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
        self._status = int(status[:3])
        self._headers = [
            (name.strip().lower().encode("latin-1"), value.strip().encode("latin-1"))
            for name, value in headers
        ]

    def _stream(self, pieces: Iterable[bytes]) -> None:
        self._tell(self.ready, None)
        start = {"type": "http.response.start", "status": self._status, "headers": self._headers}
        self._push(start)
        for piece in pieces:
            if self.left:
                break
            self._push({"type": "http.response.body", "body": piece, "more_body": True})
        else:
            self._push({"type": "http.response.body", "body": b""})
        self._tell(self.over, None)

    def _push(self, message: dict[str, Any]) -> None:
        # Waited for, so that what the client does not take is not made either.
        asyncio.run_coroutine_threadsafe(self._send(message), self._loop).result()  # type: ignore[arg-type]

    def _tell(self, future: asyncio.Future[Any], result: Any = None, error: Any = None) -> None:
        self._loop.call_soon_threadsafe(_settle, future, result, error)


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def _declared(environ: Environ) -> int | None:
    """Return the length that a request says its body has; None for one that comes in chunks."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    given = environ.get("CONTENT_LENGTH", "0")
    return int(given) if given.isdigit() else None


async def _start(reading: _Reading) -> bytes:
    """Return a body that is small, or the beginning of a large one."""
    enough = WHOLE if reading.size is None or reading.size <= WHOLE else START
    pieces, size = [], 0
    while reading.more and size < enough:
        pieces.append(await reading.piece())
        size += len(pieces[-1])
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _watch(receive: Receive, exchange: _Exchange) -> None:
    """Note that the client has left, so that an endless answer ends."""
    while (await receive())["type"] != "http.disconnect":
        pass
    exchange.left = True


async def _refuse(
    receive: Receive,
    send: Send,
    status: int,
    message: str,
    *,
    code: str = "invalid",
    hint: str = "",
) -> None:
    """Answer before the body has come, in the studio's words and, for MLflow's client, in its own."""
    said = {
        **problems.shape(code, message, hint=hint),
        "error_code": "BAD_REQUEST",
        "message": message,
    }
    text = json.dumps(said).encode()
    headers = [
        (b"content-type", b"application/json"), (b"connection", b"close"),
        (b"content-length", str(len(text)).encode()),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text, "more_body": True})
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            await _throw_away(receive)
    await send({"type": "http.response.body", "body": b""})


async def _throw_away(receive: Receive) -> None:
    more = True
    while more:
        async with asyncio.timeout(LINGER_PAUSE):
            message = await receive()
        more = message["type"] == "http.request" and message.get("more_body", False)


def environ_of(scope: dict[str, Any]) -> Environ:
    """Return a request's WSGI environment, still without its body."""
    host, port = scope.get("server") or ("localhost", 80)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("ascii"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 0),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stdout,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if client := scope.get("client"):
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
    for name, value in scope["headers"]:
        if b"_" in name:
            continue  # here it would look like the same name with dashes, which a proxy may have set
        key = _NAMES.get(name) or _named(name)
        text = value.decode("latin-1")
        comma = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{comma}{text}" if key in environ else text
    return environ


_NAMES = {b"content-length": "CONTENT_LENGTH", b"content-type": "CONTENT_TYPE"}


def _named(name: bytes) -> str:
    return "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
