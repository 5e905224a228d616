"""The MLflow protocol here and in `mlflow server` (SQLite) side by side, over plain HTTP with kept connections.

Run it alone: `.venv/bin/python tests/benchmarks/mlflow_server.py [rounds] [URI token]`; the last two name a studio that
runs already. It needs the package index, for the peer.
Rounds of both alternate, so that a busy moment meets both; the medians are what counts.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import httpx

from tests import isolation  # noqa: F401  sets the home before Django's settings are read
from tests.running import free_port, start_studio

FOLDER = Path(tempfile.gettempdir()) / "officina-peer-mlflow"
PACKAGES = ("mlflow==3.*", "uvloop")
RUNS, POINTS, FILE = 2_000, 20_000, 20 * 2**20
# Ours is to be this many times as fast: DESIGN.md section 6.
BARS = {
    "log-batch of 1,000 points, points/s": 20, "log-metric, calls/s": 5, "log-metric, 4 clients, calls/s": 5,
    "create run, calls/s": 5, "create run, 4 clients, calls/s": 5, "search 2,000 runs, filter and order, ms": 10,
    "page of 1,000 runs, ms": 10, "history of 20,000 points, ms": 10, "upload 20 MB, MB/s": 1,
    "download 20 MB, MB/s": 1,
}  # fmt: skip


class Server:
    """One side: an address, its connections and the run and experiment that are measured."""

    def __init__(self, url: str, token: str = "") -> None:
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = f"{url}/api/2.0"
        self.client = self.open()
        name = f"bench-{time.time_ns()}"
        self.experiment = self.post("experiments/create", {"name": name})["experiment_id"]
        self.run = self.new_run()
        self.step = 0

    def open(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=self.headers, timeout=120)

    def post(self, path: str, body: dict[str, Any], client: httpx.Client | None = None) -> Any:
        answer = (client or self.client).post(f"/mlflow/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def new_run(self, client: httpx.Client | None = None) -> str:
        body = {"experiment_id": self.experiment, "start_time": int(time.time() * 1000)}
        return str(self.post("runs/create", body, client)["run"]["info"]["run_id"])

    def batch(self, n: int = 1000, keys: int = 10) -> dict[str, Any]:
        now = int(time.time() * 1000)
        self.step += n
        metrics = [
            {"key": f"m{i % keys}", "value": i / 7, "timestamp": now, "step": self.step + i}
            for i in range(n)
        ]
        return {"run_id": self.run, "metrics": metrics}

    def log_metric(self, client: httpx.Client | None = None) -> None:
        now = int(time.time() * 1000)
        body = {
            "run_id": self.run,
            "key": "single",
            "value": 1.0,
            "timestamp": now,
            "step": time.time_ns() % 10**12,
        }
        self.post("runs/log-metric", body, client)  # fmt: skip

    def fill(self) -> None:
        """Make what the searches and the history read."""
        for number in range(RUNS):
            guid = self.new_run()
            body = {
                "run_id": guid,
                "metrics": [{"key": f"k{i}", "value": number * i % 97, "timestamp": 1, "step": 0} for i in range(10)],
                "params": [{"key": f"p{i}", "value": str(number % 10)} for i in range(5)],
                "tags": [{"key": f"t{i}", "value": str(number % 5)} for i in range(3)],
            }  # fmt: skip
            self.post("runs/log-batch", body)
        for start in range(0, POINTS, 1000):
            points = [
                {"key": "long", "value": i / 3, "timestamp": i, "step": i}
                for i in range(start, start + 1000)
            ]
            self.post("runs/log-batch", {"run_id": self.run, "metrics": points})  # fmt: skip


def rate(call: Callable[[], Any], n: int) -> float:
    begun = time.perf_counter()
    for _ in range(n):
        call()
    return n / (time.perf_counter() - begun)


def rate_of_four(server: Server, call: Callable[[httpx.Client], Any], n: int) -> float:
    clients = [server.open() for _ in range(4)]
    threads = [threading.Thread(target=rate, args=(lambda c=c: call(c), n)) for c in clients]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 4 * n / (time.perf_counter() - begun)


def one_round(server: Server) -> dict[str, float]:
    """Measure each figure once."""
    search = {
        "experiment_ids": [server.experiment], "filter": "metrics.k3 > 40 AND params.p1 = '3'",
        "order_by": ["metrics.k5 DESC"], "max_results": 100,
    }  # fmt: skip
    page = {"experiment_ids": [server.experiment], "max_results": 1000}
    history = f"/mlflow/metrics/get-history?run_id={server.run}&metric_key=long"
    path = f"/mlflow-artifacts/artifacts/{server.experiment}/{server.run}/artifacts/big.bin"
    data, megabytes = os.urandom(FILE), FILE / 1e6
    batches = iter([server.batch() for _ in range(10)])

    def milliseconds(call: Callable[[], Any]) -> float:
        return 1000 / rate(call, 3)

    return {
        "log-batch of 1,000 points, points/s": 1000 * rate(
            lambda: server.post("runs/log-batch", next(batches)), 10
        ),
        "log-metric, calls/s": rate(server.log_metric, 100),
        "log-metric, 4 clients, calls/s": rate_of_four(server, server.log_metric, 40),
        "create run, calls/s": rate(server.new_run, 60),
        "create run, 4 clients, calls/s": rate_of_four(server, server.new_run, 25),
        "search 2,000 runs, filter and order, ms": milliseconds(lambda: server.post("runs/search", search)),
        "page of 1,000 runs, ms": milliseconds(lambda: server.post("runs/search", page)),
        "history of 20,000 points, ms": milliseconds(lambda: server.client.get(history).raise_for_status()),
        "upload 20 MB, MB/s": megabytes * rate(lambda: server.client.put(path, content=data).raise_for_status(), 2),
        "download 20 MB, MB/s": megabytes * rate(lambda: server.client.get(path).raise_for_status(), 2),
    }  # fmt: skip


@contextlib.contextmanager
def peer() -> Iterator[Server]:
    """Run `mlflow server` on SQLite with two workers and uvloop: as shipped, each call waits 40 ms more."""
    python = FOLDER / "env" / "bin" / "python"
    if not (FOLDER / "complete").exists():
        uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
        subprocess.run(
            [uv, "venv", "-q", "--clear", FOLDER / "env", "-p", sys.executable], check=True
        )
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *PACKAGES], check=True)
        (FOLDER / "complete").touch()
    port = free_port()
    with tempfile.TemporaryDirectory() as home:
        command = [
            python.with_name("mlflow"), "server", "--port", str(port), "--workers", "2",
            "--backend-store-uri", f"sqlite:///{home}/mlflow.db", "--artifacts-destination", f"{home}/artifacts",
            "--uvicorn-opts", "--loop uvloop --log-level warning",
        ]  # fmt: skip
        path = f"{python.parent}:{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true"}
        with Path(home, "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=home, env=env, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(600):
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"{url}/health").status_code == 200:
                        break
                time.sleep(0.2)
            yield Server(url)
        finally:
            process.terminate()
            process.wait(30)


@contextlib.contextmanager
def own(uri: str, token: str) -> Iterator[Server]:
    """Use a studio that runs already, or start one."""
    if uri:
        yield Server(uri, token)
        return
    with start_studio("other") as studio:
        yield Server(f"{studio.url}/mlflow/{studio.workspace}", studio.token)


def measure(
    rounds: int, uri: str = "", token: str = ""
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the medians of both sides."""
    with own(uri, token) as ours, peer() as theirs:
        for server in (ours, theirs):
            server.fill()
        found: list[list[dict[str, float]]] = [[], []]
        for _ in range(rounds):
            for side, server in zip(found, (ours, theirs), strict=True):
                side.append(one_round(server))
    medians = [
        {name: statistics.median(row[name] for row in side) for name in BARS} for side in found
    ]
    return medians[0], medians[1]


def main(rounds: int, *where: str) -> None:
    """Measure and print the table."""
    began = os.getloadavg()[0]
    ours, theirs = measure(rounds, *where)
    load = f"load {began:.1f} to {os.getloadavg()[0]:.1f}"
    print(
        f"{rounds} rounds, {os.cpu_count()} cores, {load}; mlflow server: 2 workers, uvloop, SQLite"
    )
    print("| Figure | us | mlflow server | times as fast | bar |\n| --- | --- | --- | --- | --- |")
    for name, bar in BARS.items():
        times = theirs[name] / ours[name] if name.endswith("ms") else ours[name] / theirs[name]
        over = "" if times >= bar else " (below)"
        print(f"| {name} | {ours[name]:,.0f} | {theirs[name]:,.0f} | {times:.1f}{over} | {bar} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, *sys.argv[2:4])
