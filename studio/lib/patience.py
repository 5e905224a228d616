"""HTTP connections with an end to patience: headers that do not arrive in time, or never end, close the connection."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# From the connection, or from a request's first byte, to the end of its headers.
HEADER_SECONDS = 20.0
HEADER_BYTES = 64 * 2**10
# How much of a body is taken from the socket before someone asks for it.
BODY_AHEAD = 2**18


class Patient(HttpToolsProtocol):
    """uvicorn's protocol, which itself waits for headers for ever."""

    _timer: Any = None
    _header_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        if self._timer is not None:
            self._header_bytes += len(data)
            # Many headers at once arrive with the body's beginning, so what counts is that they do not end.
            super().data_received(data)
            if self._timer is not None and self._header_bytes > HEADER_BYTES:
                self._close()
            return
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._timer is None:
            self._wait()

    def on_headers_complete(self) -> None:
        self._done()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        # As the original, but with room for more before the socket is left alone for a moment.
        if self.cycle.response_complete or self.parser.should_upgrade():
            return
        self.cycle.body += body
        if len(self.cycle.body) > BODY_AHEAD:
            self.flow.pause_reading()
        self.cycle.message_event.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._done()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._header_bytes = 0
        self._timer = self.loop.call_later(HEADER_SECONDS, self._close)

    def _done(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close(self) -> None:
        self._done()
        if not self.transport.is_closing():
            self.transport.close()
