"""A page that loses its connection again and again still shows every byte of a log, once."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from dataclasses import dataclass, field

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.live import jobs
from tests.running import Studio

pytestmark = [pytest.mark.live, pytest.mark.slow]

LINES = 100_000
# A part follows when the page listens again, so that each cut comes while the job works.
CUTS = 3
PARTS = CUTS + 1
PRINTING = (
    f"python -c 'import os, time\n"
    f"for part in range({PARTS}):\n"
    f'    while not os.path.exists(f"go{{part}}"): time.sleep(0.02)\n'
    f"    first = part * {LINES // PARTS}\n"
    f'    print(*(f"line {{n}} \\u2713" for n in range(first, first + {LINES // PARTS})), '
    f'sep="\\n", flush=True)\''
)


@dataclass
class Follower:
    """Does what the page does: history by range over HTTP, news by websocket, gaps by HTTP again."""

    studio: Studio
    guid: str
    have: bytearray = field(default_factory=bytearray)
    sealed: bool = False
    told: int = 0
    cuts: int = 0

    async def follow(self, cut_at: list[int]) -> None:
        """Follow to the end, cutting the connection when so many bytes are here."""
        address = self.studio.url.replace("http", "ws", 1)
        address += f"/ws/w/{self.studio.workspace}/runs/{self.guid}/"
        headers = {"Authorization": f"Bearer {self.studio.token}"}
        while not self.sealed:
            async with connect(
                address, origin=self.studio.url, additional_headers=headers
            ) as socket:
                await self.listen(socket, cut_at)

    async def listen(self, socket: ClientConnection, cut_at: list[int]) -> None:
        assert json.loads(await socket.recv())["type"] == "hello"
        await self.fill()
        (jobs.folder(self.studio, self.guid) / "work" / f"go{self.cuts}").touch()
        while not self.sealed:
            try:
                await self.on_message(json.loads(await asyncio.wait_for(socket.recv(), 10)))
            except TimeoutError:
                await self.fill()
            except ConnectionClosed:
                return
            if cut_at and len(self.have) >= cut_at[0]:
                cut_at.pop(0)
                self.cuts += 1
                # No closing handshake: the way a network goes away.
                socket.transport.abort()
                return

    async def on_message(self, message: dict[str, object]) -> None:
        if message["type"] == "run" and message["status"] in jobs.ENDED:
            await self.fill()
        if message["type"] != "log":
            return
        offset, end = int(str(message["offset"])), int(str(message["next"]))
        if end <= len(self.have):
            return
        if offset > len(self.have):
            await self.fill()
            return
        text = str(message["text"]).encode()
        assert len(text) == end - offset, "a character was torn"
        self.told += 1
        self.have += text[len(self.have) - offset :]

    async def fill(self) -> None:
        while await asyncio.to_thread(self.fetch_one):
            pass

    def fetch_one(self) -> bool:
        path = f"/api/v1/workspaces/{self.studio.workspace}/runs/{self.guid}/log"
        request = urllib.request.Request(
            f"{self.studio.url}{path}?offset={len(self.have)}&limit=1048576",
            headers={"Authorization": f"Bearer {self.studio.token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            data = answer.read()
            size, offset = int(answer.headers["X-Log-Size"]), int(answer.headers["X-Log-Offset"])
            self.sealed = answer.headers["X-Log-Sealed"] == "1" and offset + len(data) >= size
        assert offset == len(self.have)
        self.have += data
        return bool(data) and len(self.have) < size


async def test_no_byte_is_lost_or_doubled_when_the_connection_is_cut_three_times(
    studio_server: Studio,
) -> None:
    guid = jobs.submit(studio_server, PRINTING)
    work = jobs.folder(studio_server, guid) / "work"
    jobs.until("the job begins", work.is_dir)
    expected = "".join(f"line {n} \u2713\n" for n in range(LINES)).encode()
    part = len(expected) // PARTS
    follower = Follower(studio_server, guid)
    cut_at = [part * n + part // 2 for n in range(CUTS)]
    await asyncio.wait_for(follower.follow(cut_at), jobs.LIMIT)
    run = jobs.ended(studio_server, guid)
    assert run["status"] == "Completed", run
    assert follower.cuts == CUTS
    assert follower.told > 0, "nothing came by websocket"
    got = bytes(follower.have)
    start = got.index(b"line 0 ")
    assert got[start:] == expected
    assert got == jobs.log(studio_server, guid)
