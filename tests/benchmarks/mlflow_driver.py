"""The client half of `mlflow_server.py`: the same calls against every side, in short turns, by four processes.

It runs in the environment that holds the real `mlflow` client, reads what to measure from standard input, and prints
one JSON object. "client" in a figure's name means the real client; all else is plain HTTP over one kept connection.
"""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import multiprocessing
import os
import random
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

RUNS, POINTS, FILE = 2_000, 20_000, 20 * 2**20
CLIENTS = 4
# What the real client takes for itself is told by calling nobody: a server that does nothing.
ALONE = {"log_batch_client", "log_metric_client", "create_run_client", "upload_client"}
TICK = os.sysconf("SC_CLK_TCK")
Side = dict[str, Any]


class Connection:
    """Plain HTTP to one side, over one connection that is kept."""

    def __init__(self, side: Side) -> None:
        parts = urlsplit(side["url"])
        self.http = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)
        self.path = parts.path
        self.headers = {"Content-Type": "application/json"}
        if side["token"]:
            self.headers["Authorization"] = f"Bearer {side['token']}"

    def send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        try:
            self.http.request(method, path, body, self.headers)
            answer = self.http.getresponse()
        except (ConnectionError, http.client.HTTPException):
            # Closed while nobody used it: real clients try once more, too.
            self.http.close()
            self.http.request(method, path, body, self.headers)
            answer = self.http.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path[:200]}: {answer.status} {data[:500]!r}")
        return data

    def post(self, call: str, body: dict[str, Any]) -> Any:
        path = f"{self.path}/api/2.0/mlflow/{call}"
        return json.loads(self.send("POST", path, json.dumps(body).encode()))


def points(n: int = 1000, keys: int = 10) -> list[tuple[str, float, int, int]]:
    """Return new points: key, value, time in milliseconds, step."""
    now, first = int(time.time() * 1000), random.randrange(10**12)
    return [(f"m{i % keys}", i / 7, now, first + i) for i in range(n)]


def as_json(rows: list[tuple[str, float, int, int]]) -> list[dict[str, Any]]:
    names = ("key", "value", "timestamp", "step")
    return [dict(zip(names, row, strict=True)) for row in rows]


class Worker:
    """One client process: knows each side's connection, its real client, and every call that is measured."""

    def __init__(self, sides: list[Side]) -> None:
        from mlflow import MlflowClient

        self.sides = sides
        self.plain = [Connection(side) for side in sides]
        self.real = [MlflowClient(side["url"]) for side in sides]
        self.folder = Path(tempfile.mkdtemp())
        (self.folder / "big.bin").write_bytes(random.randbytes(FILE))

    def turn(self, at: int, name: str, seconds: float) -> tuple[int, float]:
        """Make one call again and again until the time is over; return how many and how long they took."""
        os.environ.pop("MLFLOW_TRACKING_TOKEN", None)
        if self.sides[at]["token"]:
            os.environ["MLFLOW_TRACKING_TOKEN"] = self.sides[at]["token"]
        prepare, call = getattr(self, name)(at)
        # A connection that was left idle is closed by some servers: open it before the clock runs.
        self.plain[at].http.close()
        done, spent, end = 0, 0.0, time.monotonic() + 4 * seconds
        while not done or (spent < seconds and time.monotonic() < end):
            given = prepare()
            begun = time.perf_counter()
            call(given)
            spent += time.perf_counter() - begun
            done += 1
        return done, spent

    def learn(self, at: int, side: Side) -> None:
        """Take over what was made on a side since this process began."""
        self.sides[at].update(side)

    def fill(self, at: int, first: int, last: int) -> None:
        """Make the runs that the searches read."""
        for number in range(first, last):
            body = {
                "run_id": self._create(at),
                "metrics": as_json([(f"k{i}", number * i % 97, 1, 0) for i in range(10)]),
                "params": [{"key": f"p{i}", "value": str(number % 10)} for i in range(5)],
                "tags": [{"key": f"t{i}", "value": str(number % 5)} for i in range(3)],
            }
            self.plain[at].post("runs/log-batch", body)

    def _create(self, at: int, experiment: str = "experiment") -> str:
        body = {"experiment_id": self.sides[at][experiment], "start_time": int(time.time() * 1000)}
        return str(self.plain[at].post("runs/create", body)["run"]["info"]["run_id"])

    def _run(self, at: int) -> str:
        return self._create(at, "scratch")

    # -- what is measured: each returns what to do before the clock runs, and the call --

    def log_batch(self, at: int) -> Any:
        run, path = self._run(at), f"{self.plain[at].path}/api/2.0/mlflow/runs/log-batch"
        return (
            lambda: json.dumps({"run_id": run, "metrics": as_json(points())}).encode(),
            lambda body: self.plain[at].send("POST", path, body),
        )

    def log_batch_client(self, at: int) -> Any:
        from mlflow.entities import Metric

        run = self._run(at)
        return (
            lambda: [Metric(*row) for row in points()],
            lambda rows: self.real[at].log_batch(run, metrics=rows),
        )

    def own_batch(self, at: int) -> Any:
        run, workspace = self._run(at), self.sides[at]["workspace"]
        path = f"/api/v1/workspaces/{workspace}/runs/{run}/metrics"

        def body() -> bytes:
            first = random.randrange(10**12)
            series = [
                {"key": f"m{k}", "values": [i / 7 for i in range(1000)],
                 "steps": list(range(first, first + 1000)), "ts": [1.5e9 + i for i in range(1000)]}
                for k in range(10)
            ]  # fmt: skip
            return json.dumps({"series": series}).encode()

        return body, lambda data: self.plain[at].send("POST", path, data)

    def log_metric(self, at: int) -> Any:
        run = self._run(at)
        return (
            lambda: {"run_id": run, **as_json(points(1))[0]},
            lambda body: self.plain[at].post("runs/log-metric", body),
        )

    def log_metric_client(self, at: int) -> Any:
        run = self._run(at)
        return (
            lambda: points(1)[0],
            lambda row: self.real[at].log_metric(run, "m", row[1], row[2], row[3]),
        )

    def create_run(self, at: int) -> Any:
        return lambda: None, lambda _: self._create(at, "scratch")

    def create_run_client(self, at: int) -> Any:
        return lambda: None, lambda _: self.real[at].create_run(self.sides[at]["scratch"])

    def search(self, at: int) -> Any:
        body = {
            "experiment_ids": [self.sides[at]["experiment"]],
            "filter": "metrics.k3 > 40 AND params.p1 = '3'",
            "order_by": ["metrics.k5 DESC"], "max_results": 100,
        }  # fmt: skip
        return self._search(at, body, 100)

    def page(self, at: int) -> Any:
        body = {"experiment_ids": [self.sides[at]["experiment"]], "max_results": 1000}
        return self._search(at, body, 1000)

    def _search(self, at: int, body: dict[str, Any], expected: int) -> Any:
        found = self.plain[at].post("runs/search", body)["runs"]
        assert len(found) == expected, len(found)
        path = f"{self.plain[at].path}/api/2.0/mlflow/runs/search"
        return (
            lambda: json.dumps(body).encode(),
            lambda data: self.plain[at].send("POST", path, data),
        )

    def history(self, at: int) -> Any:
        side, query = self.sides[at], f"run_id={self.sides[at]['run']}&metric_key=long"
        path = f"{urlsplit(side['url']).path}/api/2.0/mlflow/metrics/get-history?{query}"
        found = json.loads(self.plain[at].send("GET", path))["metrics"]
        assert len(found) == POINTS, len(found)
        return lambda: None, lambda _: self.plain[at].send("GET", path)

    def _file(self, at: int, name: str = "big.bin") -> str:
        side = self.sides[at]
        place = f"{side['experiment']}/{side['run']}/artifacts/{name}"
        return f"{urlsplit(side['url']).path}/api/2.0/mlflow-artifacts/artifacts/{place}"

    def upload(self, at: int) -> Any:
        # Other bytes and another name each time, so that nobody is spared the work or writes where memory is warm.
        data = bytearray((self.folder / "big.bin").read_bytes())
        names = (f"big-{random.randrange(10**12)}.bin" for _ in itertools.count())

        def changed() -> bytes:
            data[:8] = random.randbytes(8)
            return bytes(data)

        return changed, lambda body: self.plain[at].send("PUT", self._file(at, next(names)), body)

    def download(self, at: int) -> Any:
        self.plain[at].send("PUT", self._file(at), (self.folder / "big.bin").read_bytes())

        def read(_: None) -> None:
            assert len(self.plain[at].send("GET", self._file(at))) == FILE

        return lambda: None, read

    def upload_client(self, at: int) -> Any:
        path = Path(tempfile.mkdtemp(dir=self.folder), "big.bin")
        shutil.copyfile(self.folder / "big.bin", path)

        def changed() -> str:
            nonlocal path
            path = path.rename(path.parent / f"big-{random.randrange(10**12)}.bin")
            with path.open("r+b") as file:
                file.write(random.randbytes(8))
            return str(path)

        run = self.sides[at]["run"]
        return changed, lambda name: self.real[at].log_artifact(run, name)

    def download_client(self, at: int) -> Any:
        run = self.sides[at]["run"]
        self.real[at].log_artifact(run, str(self.folder / "big.bin"))
        return lambda: tempfile.mkdtemp(dir=self.folder), lambda folder: self.real[
            at
        ].download_artifacts(run, "big.bin", folder)


def work(sides: list[Side], pipe: Any) -> None:
    """Answer the driver's requests until it closes the pipe."""
    worker = Worker(sides)
    while True:
        try:
            name, args = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(getattr(worker, name)(*args))
        except Exception as error:
            pipe.send(RuntimeError(f"{name} {args[:2]}: {error!r}"))


class Team:
    """The client processes."""

    def __init__(self, sides: list[Side]) -> None:
        self.pipes = []
        for _ in range(CLIENTS):
            near, far = multiprocessing.Pipe()
            multiprocessing.Process(target=work, args=(sides, far), daemon=True).start()
            far.close()
            self.pipes.append(near)

    def ask(self, name: str, each: list[tuple[Any, ...]]) -> list[Any]:
        """Let as many processes as there are argument lists do something at once."""
        for pipe, args in zip(self.pipes, each, strict=False):
            pipe.send((name, args))
        answers = [pipe.recv() for pipe, _ in zip(self.pipes, each, strict=False)]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers


def cpu_of(root: int) -> float:
    """Return the CPU seconds of a process and of all below it, as far as they live."""
    stats: dict[int, list[str]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = place.read_text()
        except OSError:
            continue
        stats[int(place.parent.name)] = text.rpartition(")")[2].split()
    family, spent = {root}, 0.0
    grown = True
    while grown:
        more = {pid for pid, row in stats.items() if int(row[1]) in family} - family
        family |= more
        grown = bool(more)
    for pid in family & stats.keys():
        spent += sum(map(int, stats[pid][11:13])) / TICK
    return spent


def set_up(team: Team, sides: list[Side], calls: set[str]) -> None:
    """Make an experiment to read, one to write into, and the long history, as far as the calls need them."""
    for at, side in enumerate(sides):
        plain = Connection(side)
        for what in ("experiment", "scratch"):
            body = {"name": f"{what}-{time.time_ns()}"}
            side[what] = plain.post("experiments/create", body)["experiment_id"]
        body = {"experiment_id": side["scratch"], "start_time": 1}
        side["run"] = plain.post("runs/create", body)["run"]["info"]["run_id"]
        for start in range(0, POINTS if "history" in calls else 0, 1000):
            rows = as_json([("long", i / 3, i, i) for i in range(start, start + 1000)])
            plain.post("runs/log-batch", {"run_id": side["run"], "metrics": rows})
        team.ask("learn", [(at, side)] * CLIENTS)
        share = RUNS // CLIENTS if {"search", "page"} & calls else 0
        team.ask("fill", [(at, n * share, (n + 1) * share) for n in range(CLIENTS)])


class Nobody(asyncio.Protocol):
    """A server that takes any request and always answers the same: a run, of which clients read what they want."""

    INFO = {"run_id": "0" * 32, "experiment_id": "1", "status": "RUNNING", "lifecycle_stage": "active",
            "artifact_uri": "mlflow-artifacts:/1/0/artifacts"}  # fmt: skip
    BODY = json.dumps({"run": {"info": INFO, "data": {}}}).encode()
    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"

    def connection_made(self, transport: Any) -> None:
        self.transport, self.head, self.left = transport, b"", 0

    def data_received(self, data: bytes) -> None:
        if not self.left:
            self.head += data
            head, end, data = self.head.partition(b"\r\n\r\n")
            if not end:
                return
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            self.head, self.left = b"", int(length[1]) if length else 0
        self.left -= len(data)
        if self.left <= 0:
            self.left = 0
            self.transport.write(self.ANSWER % (len(self.BODY), self.BODY))


def be_nobody(pipe: Any) -> None:
    """Serve in a process of its own, and tell the port."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Nobody, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


def nobody() -> Side:
    """Start the server that does nothing; it ends with this process."""
    near, far = multiprocessing.Pipe()
    multiprocessing.Process(target=be_nobody, args=(far,), daemon=True).start()
    return {"url": f"http://127.0.0.1:{near.recv()}", "token": "", "scratch": "1", "run": "0" * 32}


class Meter:
    """The servers' CPU time: what each burns in its own turns, less what it burns in those of the others."""

    def __init__(self, sides: list[Side]) -> None:
        self.sides = sides
        self.idle, self.idle_clock = [0.0] * len(sides), [0.0] * len(sides)

    def during(self, at: int, work: Callable[[], Any]) -> tuple[Any, float, float]:
        """Do the work of one side's turn; return its result, that side's CPU seconds, and how long it took."""
        before, clock = [cpu_of(side["pid"]) for side in self.sides], time.monotonic()
        result = work()
        took = time.monotonic() - clock
        spent = [cpu_of(side["pid"]) - was for side, was in zip(self.sides, before, strict=True)]
        for other in set(range(len(self.sides))) - {at}:
            self.idle[other] += spent[other]
            self.idle_clock[other] += took
        return result, spent[at], took

    def idle_rate(self, at: int) -> float:
        """Return how much of a core a side burns when nobody asks it anything."""
        return self.idle[at] / self.idle_clock[at] if self.idle_clock[at] else 0.0


def measure(
    team: Team, meter: Meter, name: str, clients: int, wanted: dict[str, Any]
) -> list[dict[str, float] | None]:
    """Take turns between the sides; return for each its calls a second and CPU milliseconds a call."""
    sides = meter.sides
    rates: list[list[float]] = [[] for _ in sides]
    cpu, calls, clock = [0.0] * len(sides), [0] * len(sides), [0.0] * len(sides)
    begun = time.monotonic()
    while len(rates[0]) < wanted["rounds"] and time.monotonic() - begun < wanted["limit"]:
        for at, side in enumerate(sides):
            if name == "own_batch" and not side["token"]:
                continue
            ask = partial(team.ask, "turn", [(at, name, wanted["seconds"])] * clients)
            turns, spent, took = meter.during(at, ask)
            cpu[at] += spent
            clock[at] += took
            calls[at] += sum(done for done, _ in turns)
            rates[at].append(sum(done / spent for done, spent in turns))
    return [
        {
            "rate": statistics.median(rate),
            "cpu": 1000 * max(0.0, cpu[at] - meter.idle_rate(at) * clock[at]) / calls[at],
        }
        if rate
        else None
        for at, rate in enumerate(rates)
    ]


def main(tell: Callable[[str], None]) -> None:
    wanted = json.load(sys.stdin)
    sides = wanted["sides"]
    team = Team([*sides, nobody()])
    tell("filling both sides")
    set_up(team, sides, {name for name, _ in wanted["sections"]})
    meter = Meter(sides)
    found: dict[str, Any] = {}
    for name, clients in wanted["sections"]:
        begun = time.monotonic()
        found[f"{name}/{clients}"] = measure(team, meter, name, clients, wanted)
        if name in ALONE:
            turns = team.ask("turn", [(len(sides), name, wanted["seconds"])] * clients)
            found[f"{name}/{clients}"].append({"rate": sum(done / spent for done, spent in turns)})
        tell(f"{name}, {clients} clients: {time.monotonic() - begun:.0f} s")
    found["idle"] = [meter.idle_rate(at) for at in range(len(sides))]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main(lambda text: print(text, file=sys.stderr, flush=True))
