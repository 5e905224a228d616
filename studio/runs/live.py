"""News for browsers: typed hints over the channel layer. A reload always shows the same."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterable
from typing import Any, TypedDict

from channels.layers import get_channel_layer

from studio.runs.models import Run

logger = logging.getLogger(__name__)
_lock = threading.Lock()
# News that wait for a moment to be sent: groups and message.
_waiting: dict[str, tuple[set[str], dict[str, Any]]] = {}
SOON = 0.1
_loop: asyncio.AbstractEventLoop | None = None
_loop_pid = 0


class RunMessage(TypedDict):
    """A run changed; `version` grows, so an older message can be told from a newer one."""

    type: str
    guid: str
    parent: str
    root: str
    step: str
    version: int
    status: str
    reused: bool
    reason: str
    progress: float | None
    progress_text: str
    seconds: float | None


def run_group(guid: str) -> str:
    return f"run.{guid}"


def workspace_group(workspace_id: int) -> str:
    return f"workspace.{workspace_id}"


def describe(run: Run) -> RunMessage:
    """Return what the browser is told of a run's state."""
    return RunMessage(
        type="run",
        guid=run.guid,
        parent=run.parent.guid if run.parent else "",
        root=run.root.guid if run.root else run.guid,
        step=run.step,
        version=run.version,
        status=run.status,
        reused=run.is_reused,
        reason=run.reason,
        progress=run.progress,
        progress_text=run.progress_text,
        seconds=run.seconds,
    )


def tell_runs(runs: Iterable[Run]) -> None:
    """Tell of several runs."""
    for run in runs:
        tell_run(run)


def tell_run(run: Run) -> None:
    """Tell the run's page, its pipeline's page and the workspace's lists."""
    message = dict(describe(run))
    groups = {run_group(run.guid), workspace_group(run.workspace_id)}
    if message["root"]:
        groups.add(run_group(str(message["root"])))
    if message["parent"]:
        groups.add(run_group(str(message["parent"])))
    send_all(groups, message)


def tell_new(run: Run) -> None:
    """Tell of a run that nobody can have opened yet: the workspace's lists, and the run that it belongs to.

    Of several within a moment the last is told: whoever shows a list reads it anew.
    """
    message = dict(describe(run))
    groups = {workspace_group(run.workspace_id)}
    if run.parent is not None:
        groups |= {run_group(str(message["parent"])), run_group(str(message["root"]))}
    _tell_soon(" ".join(sorted(groups)), groups, message)


def tell_log(guid: str, offset: int, text: str, end: int) -> None:
    """Pass on new log bytes; offsets count bytes of the run's log."""
    send(
        run_group(guid), {"type": "log", "guid": guid, "offset": offset, "text": text, "next": end}
    )


def tell_metrics(guid: str, root_guid: str | None, latest: dict[str, Any]) -> None:
    """Say that metrics have new points; the charts fetch what they show.

    Points come faster than anybody looks: what comes within a moment is told at once.
    """
    groups = {run_group(guid)} | ({run_group(root_guid)} if root_guid else set())
    _tell_soon(guid, groups, {"type": "metric", "guid": guid, "latest": latest})


def _tell_soon(key: str, groups: set[str], message: dict[str, Any]) -> None:
    """Send a message in a moment, instead of the one with the same key that waits already; `latest` is merged."""
    loop = _sending_loop()
    with _lock:
        before = _waiting.get(key)
        if before and "latest" in message:
            message["latest"] = {**before[1]["latest"], **message["latest"]}
        _waiting[key] = groups, message
    if before is None:
        loop.call_soon_threadsafe(loop.call_later, SOON, _send_waiting, key)


def _send_waiting(key: str) -> None:
    with _lock:
        found = _waiting.pop(key, None)
    if found:
        send_all(*found)


def send(group: str, message: dict[str, Any]) -> None:
    """Hand a message to the sending thread and return at once; a lost hint loses nothing."""
    send_all([group], message)


def send_all(groups: Iterable[str], message: dict[str, Any]) -> None:
    """Send the same message to several groups; waking the sending thread costs more than sending."""
    envelope = {"type": "live.message", "message": message}
    asyncio.run_coroutine_threadsafe(_send(list(groups), envelope), _sending_loop())


def flush(timeout: float = 1.0) -> None:
    """Wait until what was sent before is out."""
    for key in list(_waiting):
        _send_waiting(key)
    future = asyncio.run_coroutine_threadsafe(asyncio.sleep(0), _sending_loop())
    future.result(timeout)


async def _send(groups: list[str], envelope: dict[str, Any]) -> None:
    for group in groups:
        try:
            await get_channel_layer().group_send(group, envelope)
        except Exception:
            logger.warning("live message to %s was not sent", group, exc_info=True)


def _sending_loop() -> asyncio.AbstractEventLoop:
    """Return this process's loop: one connection to the layer is kept open, calls do not block."""
    global _loop, _loop_pid
    with _lock:
        if _loop is None or _loop_pid != os.getpid():
            _loop = asyncio.new_event_loop()
            _loop_pid = os.getpid()
            # What a parent process had waiting, it sends itself.
            _waiting.clear()
            threading.Thread(target=_loop.run_forever, name="live", daemon=True).start()
        return _loop
