"""Scripted editors: each has its own document, talks y-websocket to a live studio, loses its line and comes back."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
from typing import Any

from pycrdt import Map, TransactionEvent
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from designer import wire
from designer.ydoc import YDoc, graph_of, new_doc, root

PATIENCE = 120.0


def clock_in(state: bytes, client: int) -> int:
    """Return how far a state vector knows one client."""
    reader = wire.Reader(state)
    clocks = {reader.number(): reader.number() for _ in range(reader.number())}
    return clocks.get(client, 0)


class Editor:
    """One person at one canvas."""

    def __init__(self, url: str, token: str, *, seed: int = 0) -> None:
        self.url, self.token = url, token
        self.doc: YDoc = new_doc()
        self.chance = random.Random(seed)
        self.line: ClientConnection | None = None
        self.acknowledged = 0
        self.synced = asyncio.Event()
        self.frames: list[dict[str, Any]] = []
        self.heard: list[wire.Presence] = []
        self.closed_with: tuple[int, str] | None = None
        self.reconnects = 0
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._remote = False
        self._tasks: list[asyncio.Task[None]] = []
        self.doc.observe(self._on_change)

    # -- the line -------------------------------------------------------------------------------

    async def dial(self) -> None:
        """Open the line and wait until both sides have what the other had."""
        ends = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                self.line = await connect(
                    self.url,
                    additional_headers={"Authorization": f"Bearer {self.token}"},
                    open_timeout=30,
                    max_size=None,
                )
                break
            except (OSError, InvalidHandshake, TimeoutError):
                assert asyncio.get_running_loop().time() < ends, "the studio did not come back"
                await asyncio.sleep(0.2)
        self.synced.clear()
        self._outbox = asyncio.Queue()
        self._tasks = [
            asyncio.create_task(self._listen(self.line)),
            asyncio.create_task(self._talk(self.line)),
        ]
        self._outbox.put_nowait(wire.step1(self.doc.get_state()))

    async def hang_up(self) -> None:
        """Lose the line without a word."""
        if self.line is not None:
            line, self.line = self.line, None
            line.transport.abort()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _talk(self, line: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await line.send(await self._outbox.get())

    async def _listen(self, line: ClientConnection) -> None:
        try:
            async for message in line:
                if isinstance(message, str):
                    self._on_text(json.loads(message))
                else:
                    self._on_frame(wire.read_frame(message))
        except ConnectionClosed:
            pass
        self.closed_with = (line.close_code or 0, line.close_reason or "")
        if self.line is line:
            self.line = None

    def _on_text(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        if frame["type"] == "saved":
            held = clock_in(base64.b64decode(frame["state"]), self.doc.client_id)
            self.acknowledged = max(self.acknowledged, held)

    def _on_frame(self, frame: wire.Frame) -> None:
        if frame.type == wire.AWARENESS:
            self.heard += wire.read_awareness(frame.body)
        elif frame.type == wire.SYNC and frame.sync == wire.STEP1:
            self._outbox.put_nowait(wire.step2(self.doc.get_update(frame.body)))
        elif frame.type == wire.SYNC:
            self._remote = True
            self.doc.apply_update(frame.body)
            self._remote = False
            if frame.sync == wire.STEP2:
                self.synced.set()

    def _on_change(self, event: TransactionEvent) -> None:
        if not self._remote and self.line is not None:
            self._outbox.put_nowait(wire.update(event.update))

    def send(self, data: bytes) -> None:
        self._outbox.put_nowait(data)

    # -- editing --------------------------------------------------------------------------------

    @property
    def clock(self) -> int:
        """How many items this editor has made."""
        return clock_in(self.doc.get_state(), self.doc.client_id)

    def graph(self) -> dict[str, Any]:
        return graph_of(self.doc)

    def put_node(self, id: str, component: str = "split_data", **params: Any) -> None:
        node = {"component": component, "version": "1", "x": 0, "y": 0, "params": Map(params)}
        root(self.doc, "nodes")[id] = Map(node)

    def mark(self, name: str, number: int) -> None:
        """Write down one operation where nobody else writes: it must be there in the end."""
        nodes = root(self.doc, "nodes")
        if f"log_{name}" not in nodes:
            self.put_node(f"log_{name}", "execute_python_script")
        nodes[f"log_{name}"]["params"][f"op{number}"] = number

    def fiddle(self) -> None:
        """Do one of the things that people do, to what everyone works on."""
        nodes, edges = root(self.doc, "nodes"), root(self.doc, "edges")
        shared = sorted(key for key in nodes.keys() if not key.startswith("log_"))  # noqa: SIM118
        what = self.chance.random()
        if what < 0.2 or len(shared) < 4:
            self.put_node(f"split_data_{self.chance.randrange(60)}", fraction=0.5)
        elif what < 0.5:
            node = nodes[self.chance.choice(shared)]
            node["x"], node["y"] = self.chance.randrange(2000), self.chance.randrange(2000)
        elif what < 0.75:
            params = nodes[self.chance.choice(shared)]["params"]
            params["fraction"] = round(self.chance.random(), 3)
        elif what < 0.9:
            source, target = self.chance.sample(shared, 2)
            edges[f"{target}:dataset"] = {"source": source, "sourceHandle": "results_dataset_1"}
        elif what < 0.95 and len(edges):
            del edges[self.chance.choice(sorted(edges.keys()))]
        else:
            del nodes[self.chance.choice(shared)]

    async def work(self, name: str, operations: int, *, lose_line: float = 0.01) -> None:
        """Edit, lose the line now and then, and go on editing meanwhile."""
        for number in range(operations):
            with self.doc.transaction():
                self.mark(name, number)
                self.fiddle()
            if self.line is None and self.chance.random() < 0.2:
                self.reconnects += 1
                await self.dial()
            elif self.line is not None and self.chance.random() < lose_line:
                await self.hang_up()
            await asyncio.sleep(self.chance.random() * 0.02)
        if self.line is None:
            await self.dial()

    def trouble(self) -> dict[str, Any]:
        """Return what helps to see why nothing goes on."""
        return {
            "acknowledged": (self.acknowledged, self.clock),
            "connected": self.line is not None,
            "reconnects": self.reconnects,
            "closed with": self.closed_with,
            "unsent": self._outbox.qsize(),
            "refused": [f for f in self.frames if f["type"] in {"refused", "error"}][-3:],
            "last frames": [f["type"] for f in self.frames[-5:]],
        }

    async def until_acknowledged(self) -> None:
        """Wait until the studio says that it has stored all that was done here."""
        ends = asyncio.get_running_loop().time() + PATIENCE
        while self.acknowledged < self.clock:
            assert asyncio.get_running_loop().time() < ends, self.trouble()
            if self.line is None:
                await self.dial()
            else:
                # As the canvas does every 15 s: a dead line is noticed, and what is stored told again.
                self.send(wire.step1(self.doc.get_state()))
            await asyncio.sleep(1)
