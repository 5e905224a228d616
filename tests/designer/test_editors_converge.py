"""Five people at one canvas end with the same graph, and nothing that was saved is ever lost."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from designer import wire
from tests.designer.editors import PATIENCE, Editor
from tests.running import ROOT, Studio, free_port, start_studio

pytestmark = [pytest.mark.live, pytest.mark.slow]

EDITORS, OPERATIONS = 5, 1_000


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """Run a studio whose web process may be killed, apart from the one that all share."""
    with start_studio("drafts") as running:
        yield running


def call(studio: Studio, method: str, path: str, body: Any = None) -> Any:
    """Send JSON to the API and return the answer's JSON."""
    request = urllib.request.Request(
        f"{studio.url}/api/v1/workspaces/lab/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {studio.token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def socket_of(url: str, guid: str) -> str:
    return f"{url.replace('http', 'ws', 1)}/ws/w/lab/pipelines/{guid}/"


def web_process(studio: Studio) -> psutil.Process:
    """Return the web process that the supervisor started."""
    assert studio.process
    for process in psutil.Process(studio.process.pid).children():
        if process.cmdline()[-1] == "serve":
            return process
    raise AssertionError("no web process")


def marks(graph: dict[str, Any]) -> dict[str, set[int]]:
    """Return which operations of each editor are in the graph."""
    return {
        node["id"].removeprefix("log_"): set(node["params"].values())
        for node in graph["nodes"]
        if node["id"].startswith("log_")
    }


async def told_of_another(editor: Editor) -> None:
    """Wait until an editor has heard where someone else is."""
    while not editor.heard:
        await asyncio.sleep(0.05)


async def agree(studio: Studio, guid: str, editors: list[Editor]) -> dict[str, Any]:
    """Wait until all editors and the studio show one graph, and return it."""
    for editor in editors:
        await editor.until_acknowledged()
    for _ in range(600):
        kept = await asyncio.to_thread(call, studio, "GET", f"pipelines/{guid}")
        if all(editor.graph() == kept["graph"] for editor in editors):
            return kept["graph"]
        await asyncio.sleep(0.1)
    raise AssertionError("the editors do not agree")


async def test_five_editors_converge_with_none_of_5000_operations_lost(studio: Studio) -> None:
    guid = call(studio, "POST", "pipelines", {"name": "Crowded"})["guid"]
    editors = [Editor(socket_of(studio.url, guid), studio.token, seed=n) for n in range(EDITORS)]
    for editor in editors:
        await editor.dial()
    killed_at: list[int] = []

    async def kill_the_server() -> None:
        while min(editor.acknowledged for editor in editors) < OPERATIONS // 2:
            await asyncio.sleep(0.02)
        killed_at.extend(editor.acknowledged for editor in editors)
        web_process(studio).kill()

    killer = asyncio.create_task(kill_the_server())
    await asyncio.gather(*(e.work(f"e{n}", OPERATIONS) for n, e in enumerate(editors)))
    await killer
    graph = await agree(studio, guid, editors)
    assert marks(graph) == {f"e{n}": set(range(OPERATIONS)) for n in range(EDITORS)}
    assert sum(editor.reconnects for editor in editors) > EDITORS
    assert len(killed_at) == EDITORS
    assert not [f for e in editors for f in e.frames if f["type"] in {"refused", "error"}]
    for editor in editors:
        await editor.hang_up()


async def test_what_was_acknowledged_survives_when_server_and_editor_die(studio: Studio) -> None:
    guid = call(studio, "POST", "pipelines", {"name": "Killed"})["guid"]
    editor = Editor(socket_of(studio.url, guid), studio.token)
    await editor.dial()
    for number in range(300):
        editor.mark("one", number)
    await editor.until_acknowledged()
    web_process(studio).kill()
    await editor.hang_up()
    other = Editor(socket_of(studio.url, guid), studio.token)
    await other.dial()
    await asyncio.wait_for(other.synced.wait(), PATIENCE)
    assert marks(other.graph()) == {"one": set(range(300))}
    await other.hang_up()


async def test_two_web_processes_show_the_same_canvas(studio: Studio) -> None:
    guid = call(studio, "POST", "pipelines", {"name": "Two processes"})["guid"]
    port = free_port()
    environment = {**studio.environment, "OFFICINA_PORT": str(port), "OFFICINA_TLS_PORT": "0"}
    second = subprocess.Popen([sys.executable, str(ROOT / "manage.py"), "serve"], env=environment)
    try:
        here = Editor(socket_of(studio.url, guid), studio.token, seed=1)
        there = Editor(socket_of(f"http://127.0.0.1:{port}", guid), studio.token, seed=2)
        await here.dial()
        here.send(wire.awareness([wire.Presence(7, 1, {"cursor": {"x": 1, "y": 2}})]))
        await asyncio.wait_for(here.synced.wait(), PATIENCE)
        await there.dial()
        await asyncio.wait_for(told_of_another(there), PATIENCE)
        await asyncio.gather(here.work("here", 200), there.work("there", 200))
        graph = await agree(studio, guid, [here, there])
        assert marks(graph) == {"here": set(range(200)), "there": set(range(200))}
        saved = await asyncio.to_thread(call, studio, "GET", f"pipelines/{guid}")
        graph["nodes"] = [n for n in graph["nodes"] if n["id"].startswith("log_")]
        body = {"graph": {**graph, "edges": []}, "revision": saved["revision"]}
        await asyncio.to_thread(call, studio, "PUT", f"pipelines/{guid}/draft", body)
        await agree(studio, guid, [here, there])
        assert {node["id"] for node in there.graph()["nodes"]} == {"log_here", "log_there"}
        await here.hang_up()
        await there.hang_up()
    finally:
        second.kill()
        second.wait()
