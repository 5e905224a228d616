"""A run that is logged from anywhere: what it says is written here first, and sent when it can be.

Each line of the journal is sent once: metrics go in batches whose range is noted before they leave,
and the studio keeps a batch only once; parameters, tags and the end are the same when sent again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from officina.errors import StudioError
from officina.tracking import metric_value, number_json

if TYPE_CHECKING:
    from officina.client.client import Client

MOST_LINES = 1000
QUICK, SLOW = 0.2, 5.0
AWAY = frozenset({"unavailable", "rate_limited", "storage_full"})
Line = dict[str, Any]


def journal_folder() -> Path:
    """Return where journals are until all of them is sent."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "officina" / "journals"


class Journal:
    """The lines of one run, and how far they are sent; both survive a crash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lines = folder / "lines.jsonl"
        self._state = folder / "state.json"
        self._lock = threading.Lock()
        self._held: Any = None

    def add(self, *lines: Line) -> None:
        """Append lines with one write: they outlive this process at once, and the machine after `settle`."""
        data = "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines).encode()
        with self._lock, self._lines.open("ab", buffering=0) as target:
            target.write(data)

    def settle(self) -> None:
        """Bring the lines to the disk."""
        if self._lines.exists():
            with self._lines.open("rb") as source:
                os.fsync(source.fileno())

    def hold(self) -> bool:
        """Take the journal for this process until it ends; False when another one has it."""
        try:
            import fcntl
        except ImportError:  # not everywhere; `officina sync` is then for when no script runs
            return True
        handle = (self.folder / "lock").open("ab")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            return False
        self._held = handle
        return True

    def release(self) -> None:
        """Let go of the journal."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def finish_for(self) -> None:
        """Mend what a killed process left: a torn last line, a run that nobody will end."""
        if not self._lines.exists():
            return
        data = self._lines.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            with self._lines.open("r+b") as target:
                target.truncate(len(whole))
        last = json.loads(whole.splitlines()[-1]) if whole else {"op": "end"}
        if last["op"] != "end":
            self.add({"op": "end", "status": "FAILED", "ts": last.get("ts") or time.time()})

    def keep_file(self, path: Path) -> dict[str, Any]:
        """Copy a file into the journal, for it may change or go; return its digest and size."""
        digest, size = hashlib.sha256(), 0
        draft = self.folder / f"file-{uuid.uuid4().hex}"
        with path.open("rb") as source, draft.open("wb") as target:
            while data := source.read(1 << 20):
                digest.update(data)
                size += len(data)
                target.write(data)
        kept = self.folder / f"file-{digest.hexdigest()}"
        draft.replace(kept)
        return {"sha256": digest.hexdigest(), "size": size}

    def file(self, sha256: str) -> Path:
        return self.folder / f"file-{sha256}"

    def state(self) -> dict[str, Any]:
        """Return what is known: `offset` sent so far, `run`, and the batch that is on its way."""
        try:
            found = json.loads(self._state.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            found = {}
        return {"offset": 0, "end": 0, "run": "", **found}

    def keep(self, state: Mapping[str, Any]) -> None:
        """Write the state whole or not at all."""
        draft = self._state.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as target:
            json.dump(dict(state), target)
            target.flush()
            os.fsync(target.fileno())
        draft.replace(self._state)

    def read(self, start: int, end: int = 0) -> tuple[list[Line], int]:
        """Return whole lines from a place up to `end`, or as many as a batch takes."""
        if not self._lines.exists():
            return [], start
        lines: list[Line] = []
        with self._lines.open("rb") as source:
            source.seek(start)
            while (not end or start < end) and (end or len(lines) < MOST_LINES):
                text = source.readline()
                if not text.endswith(b"\n"):
                    break  # a line that a crash has torn, or one being written
                lines.append(json.loads(text))
                start += len(text)
        return lines, start

    def drop(self) -> None:
        """Delete a journal that is sent whole."""
        self.release()
        for path in (self._lines, self._state, *self.folder.glob("file-*"), self.folder / "lock"):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.folder.rmdir()


class Sender:
    """Sends a journal's lines to the studio, batch by batch."""

    def __init__(self, client: Client, journal: Journal) -> None:
        self._client, self._journal = client, journal

    def send(self) -> bool:
        """Send the next batch; False when there is nothing more."""
        state = self._journal.state()
        if state["end"] <= state["offset"]:
            _, end = self._journal.read(state["offset"])
            if end == state["offset"]:
                return False
            # Noted before it leaves: what is sent again after a crash is exactly the same batch.
            state["end"] = end
            self._journal.keep(state)
        lines, end = self._journal.read(state["offset"], state["end"])
        for line in lines:
            if line["op"] == "start" and not state["run"]:
                state["run"] = self._start(line)
                self._journal.keep(state)
        self._metrics(state, [line for line in lines if line["op"] == "metric"])
        self._words(state["run"], lines)
        for line in lines:
            if line["op"] == "artifact":
                self._file(state["run"], line)
        for line in lines:
            if line["op"] == "end":
                times = {"end_time": int(line["ts"] * 1000), "status": line["status"]}
                self._call("runs/update", {"run_id": state["run"], **times})
        self._journal.keep({**state, "offset": end, "end": end})
        return True

    def _start(self, line: Line) -> str:
        """Create the run, or find the one that an unanswered request has created."""
        mark = {"key": "officina.journal", "value": line["id"]}
        experiment = self._experiment(line["experiment"])
        search = {"experiment_ids": [experiment], "max_results": 1,
                  "filter": f"tags.`officina.journal` = '{line['id']}'"}  # fmt: skip
        known = self._call("runs/search", search).get("runs") or []
        if known:
            return str(known[0]["info"]["run_id"])
        body = {"experiment_id": experiment, "start_time": int(line["ts"] * 1000), "tags": [mark]}
        if line.get("name"):
            body["run_name"] = line["name"]
        return str(self._call("runs/create", body)["run"]["info"]["run_id"])

    def _experiment(self, name: str) -> str:
        try:
            found = self._call("experiments/get-by-name", {"experiment_name": name}, "GET")
            return str(found["experiment"]["experiment_id"])
        except StudioError as error:
            if error.code != "not_found":
                raise
        try:
            return str(self._call("experiments/create", {"name": name})["experiment_id"])
        except StudioError as error:
            if error.code in AWAY:
                raise
            found = self._call("experiments/get-by-name", {"experiment_name": name}, "GET")
            return str(found["experiment"]["experiment_id"])

    def _metrics(self, state: Mapping[str, Any], lines: list[Line]) -> None:
        if not lines:
            return
        series: dict[str, dict[str, Any]] = {}
        for line in lines:
            column = series.setdefault(
                line["key"], {"key": line["key"], "values": [], "steps": [], "ts": []}
            )
            column["values"].append(line["value"])
            column["steps"].append(line["step"])
            column["ts"].append(line["ts"])
        batch = f"{self._journal.folder.name}:{state['offset']}"
        self._client.transport.json(
            "POST", f"{self._client.base}/runs/{state['run']}/metrics",
            json={"batch": batch, "series": list(series.values())}, key=str(uuid.uuid4()),
        )  # fmt: skip

    def _words(self, run: str, lines: list[Line]) -> None:
        params = [{k: line[k] for k in ("key", "value")} for line in lines if line["op"] == "param"]
        tags = [{k: line[k] for k in ("key", "value")} for line in lines if line["op"] == "tag"]
        for start in range(0, max(len(params), len(tags)), 100):
            part = slice(start, start + 100)
            body = {"run_id": run, "params": params[part], "tags": tags[part]}
            self._call("runs/log-batch", body)

    def _file(self, run: str, line: Line) -> None:
        """Send a file; the studio refuses one that does not arrive as it was."""
        path = self._journal.file(line["sha256"])
        if not path.exists():
            return  # sent already: only then it is deleted
        place = f"{self._client.mlflow_path}/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts"
        digest = b64encode(bytes.fromhex(line["sha256"])).decode()
        self._client.transport.request(
            "PUT", f"{place}/{quote(line['name'])}", content=lambda: _pieces(path),
            headers={"Content-Digest": f"sha-256=:{digest}:", "Content-Length": str(line["size"])},
        )  # fmt: skip

    def _call(self, verb: str, body: Mapping[str, Any], method: str = "POST") -> dict[str, Any]:
        place = f"{self._client.mlflow_path}/api/2.0/mlflow/{verb}"
        given: dict[str, Any] = {"params": body} if method == "GET" else {"json": body}
        return dict(self._client.transport.json(method, place, **given) or {})


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while data := source.read(1 << 20):
            yield data


class LoggedRun:
    """A run of a script that is no job: `with ml.start_run("exp") as run: run.log_metric(...)`.

    Logging never waits for the studio and never fails because it is away.
    """

    def __init__(self, client: Client, experiment: str, name: str = "") -> None:
        self.journal = Journal(journal_folder() / uuid.uuid4().hex)
        self.journal.hold()
        self._client, self._sender = client, Sender(client, self.journal)
        self._steps: dict[str, int] = {}
        self._wake, self._over = threading.Event(), threading.Event()
        self.error: StudioError | None = None
        self.journal.keep({"url": client.profile.url, "workspace": client.profile.workspace})
        start = {"op": "start", "id": self.journal.folder.name, "ts": time.time()}
        self.journal.add({**start, "experiment": experiment, "name": name})
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def run_id(self) -> str:
        """Return the run's id, or nothing while the studio has not answered yet."""
        return str(self.journal.state()["run"])

    def log_metric(self, key: str, value: float, step: int | None = None) -> None:
        """Log a number; without a step, the next one."""
        self.log_metrics({key: value}, step)

    def log_metrics(self, values: Mapping[str, float], step: int | None = None) -> None:
        """Log several numbers at one step."""
        lines = []
        for key, value in values.items():
            number = number_json(metric_value(key, value))
            at = self._steps.get(key, 0) if step is None else int(step)
            self._steps[key] = at + 1
            lines.append({"op": "metric", "key": key, "value": number, "step": at,
                          "ts": time.time()})  # fmt: skip
        self._add(*lines)

    def log_param(self, key: str, value: Any) -> None:
        """Record a parameter."""
        self._add({"op": "param", "key": str(key), "value": str(value)})

    def set_tag(self, key: str, value: Any = "") -> None:
        """Put a tag on the run."""
        self._add({"op": "tag", "key": str(key), "value": str(value)})

    def log_artifact(self, path: str | Path, name: str = "") -> None:
        """Keep a file with the run, as it is now; `name` is its path there, else the file's own name."""
        source = Path(path)
        if not source.is_file():
            raise StudioError(
                f"There is no file {source}.", hint="Log the files of a folder one by one."
            )
        kept = self.journal.keep_file(source)
        self._add({"op": "artifact", "name": name or source.name, **kept})

    def finish(self, status: str = "FINISHED", *, patience: float = 600.0) -> bool:
        """End the run and wait until all is sent; False when the studio stayed away so long.

        What is left then stays in the journal: `officina sync` sends it.
        """
        self._add({"op": "end", "status": status, "ts": time.time()})
        self._over.set()
        self._wake.set()
        self._thread.join(patience)
        if self.error is not None:
            raise self.error
        return not self._thread.is_alive()

    def __enter__(self) -> LoggedRun:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.finish("FINISHED" if kind is None else "FAILED")

    def _add(self, *lines: Line) -> None:
        self.journal.add(*lines)
        self._wake.set()

    def _run(self) -> None:
        pause = QUICK
        earlier = True
        while True:
            self._wake.clear()
            over = self._over.is_set()
            try:
                self.journal.settle()
                while self._sender.send():
                    pause = QUICK
                if earlier:
                    # What a killed script has left goes on here; whatever ails it is not this run's trouble.
                    earlier = False
                    with contextlib.suppress(StudioError, OSError):
                        send_left(self._client)
                if over:
                    self.journal.drop()
                    return
            except StudioError as error:
                if error.code not in AWAY:
                    self.error = error
                    return
                time.sleep(pause)
                pause = min(SLOW, pause * 2)
                continue
            self._wake.wait(1.0)


def send_left(client: Client, tell: Callable[[str], None] = lambda text: None) -> int:
    """Send the journals that earlier scripts left for this studio; return how many are done.

    Those of scripts that still run are left alone: they send them themselves.
    """
    done = 0
    folder = journal_folder()
    for place in sorted(folder.iterdir()) if folder.is_dir() else []:
        journal = Journal(place)
        if journal.state().get("url") != client.profile.url or not journal.hold():
            continue
        journal.finish_for()
        sender = Sender(client, journal)
        try:
            while sender.send():
                pass
        except BaseException:
            journal.release()
            raise
        tell(f"run {journal.state()['run']} is sent")
        journal.drop()
        done += 1
    return done
