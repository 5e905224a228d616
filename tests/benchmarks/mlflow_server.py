"""The MLflow protocol here and in `mlflow server`, side by side: `python tests/benchmarks/mlflow_server.py`.

Both keep their data in SQLite, or with `--postgres URL` in two new databases of that server. Every figure is taken in
short turns of both sides, so that a busy moment meets both; their medians and the servers' CPU time are printed.
`--only NAME,NAME` measures those figures whose name contains one of them, `--rounds N` (default 3) sets the turns of
each side.
It needs the package index, for the peer, and less than five minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests import isolation  # noqa: F401  sets the home before Django's settings are read
from tests.running import ROOT, free_port, start_studio

FOLDER = Path(tempfile.gettempdir()) / "officina-peer-mlflow"
PACKAGES = ("mlflow==3.*", "uvloop", "psycopg2-binary")
DRIVER = Path(__file__).with_name("mlflow_driver.py")
Sides = dict[str, float]
MEGABYTES = 20 * 2**20 / 1e6


@dataclass(frozen=True)
class Figure:
    """One line of the table: a call, by how many clients, and what DESIGN.md section 6 asks of it.

    `each` is how much one call does; with no unit but "ms" the time of a call is shown instead of a rate.
    """

    title: str
    call: str
    clients: int = 1
    each: float = 1
    unit: str = "calls/s"
    times: float = 0
    least: float = 0

    @property
    def key(self) -> str:
        return f"{self.call}/{self.clients}"

    def shown(self, rate: float) -> float:
        return 1000 / rate if self.unit == "ms" else rate * self.each


FIGURES = [
    Figure("log-batch of 1,000", "log_batch", 1, 1000, "points/s", 20, 100_000),
    Figure("log-batch of 1,000, client", "log_batch_client", 1, 1000, "points/s"),
    Figure("our batch of 10 x 1,000", "own_batch", 1, 10_000, "points/s", 0, 200_000),
    Figure("log-metric, client", "log_metric_client", times=5),
    Figure("log-metric, 4 clients", "log_metric_client", 4, times=5),
    Figure("log-metric", "log_metric", times=5),
    Figure("log-metric, 4 x", "log_metric", 4, times=5),
    Figure("create run, client", "create_run_client", times=5),
    Figure("create run, 4 clients", "create_run_client", 4, times=5),
    Figure("create run", "create_run", times=5),
    Figure("create run, 4 x", "create_run", 4, times=5),
    Figure("search of 2,000 runs, filter and order", "search", unit="ms", times=10),
    Figure("page of 1,000 runs", "page", unit="ms", times=10),
    Figure("history of 20,000 points", "history", unit="ms", times=10),
    Figure("upload 20 MB", "upload", 1, MEGABYTES, "MB/s", 1),
    Figure("download 20 MB", "download", 1, MEGABYTES, "MB/s", 1),
    Figure("upload 20 MB, client", "upload_client", 1, MEGABYTES, "MB/s", 1),
    Figure("download 20 MB, client", "download_client", 1, MEGABYTES, "MB/s", 1),
]


def peer_python() -> Path:
    """Return the interpreter of the peer's environment, made once; the marker says that it is whole."""
    python, marker = FOLDER / "env" / "bin" / "python", FOLDER / f"complete-{len(PACKAGES)}"
    if not marker.exists():
        uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
        make = [uv, "venv", "-q", "--clear", FOLDER / "env", "-p", sys.executable]
        subprocess.run(make, check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *PACKAGES], check=True)
        marker.touch()
    return python


@contextlib.contextmanager
def peer(database: str) -> Iterator[dict[str, Any]]:
    """Run `mlflow server` with two workers and uvloop: as shipped, each call waits 40 ms more."""
    python = peer_python()
    port = free_port()
    with tempfile.TemporaryDirectory() as home:
        command = [
            python.with_name("mlflow"), "server", "--port", str(port), "--workers", "2",
            "--backend-store-uri", database or f"sqlite:///{home}/mlflow.db",
            "--artifacts-destination", f"{home}/artifacts",
            # On a busy machine its supervisor would else kill workers that are only slow.
            "--uvicorn-opts", "--loop uvloop --log-level warning --timeout-worker-healthcheck 60",
        ]  # fmt: skip
        path = f"{python.parent}:{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true"}
        with Path(home, "log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=home, env=env, stdout=log, stderr=log, start_new_session=True
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(f"{url}/health", process, Path(home, "log"))
            yield {"url": url, "token": "", "pid": process.pid}
        finally:
            # The whole group: its workers and job runners do not always end with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 300
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise RuntimeError(f"{url} does not answer:\n{log.read_text()[-3000:]}")


@contextlib.contextmanager
def databases(server: str) -> Iterator[tuple[str, str]]:
    """Make two databases on a PostgreSQL server, and drop them; two empty words for SQLite."""
    if not server:
        yield "", ""
        return
    import psycopg
    from psycopg import sql

    names = [f"benchmark_{side}_{os.getpid()}" for side in ("ours", "theirs")]

    def each(statement: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            for name in names:
                connection.execute(sql.SQL(statement).format(sql.Identifier(name)))

    each("CREATE DATABASE {}")
    try:
        ours, theirs = (urlunsplit(urlsplit(server)._replace(path=f"/{name}")) for name in names)
        # Its newest SQLAlchemy would ask for another driver than the one that it is installed with.
        yield ours, urlunsplit(urlsplit(theirs)._replace(scheme="postgresql+psycopg2"))
    finally:
        each("DROP DATABASE {} WITH (FORCE)")


def measure(figures: list[Figure], rounds: int, postgres: str = "") -> dict[str, Any]:
    """Return for each figure what both sides did: calls a second, and CPU milliseconds of the server a call."""
    # A studio of the tests takes its database from the environment, and makes it anew.
    with databases(postgres) as (ours, theirs), peer(theirs) as other:
        more = {"DATABASE_URL": ours} if ours else {}
        if ours:
            # Before its start, which is waited for with less patience.
            manage = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
            subprocess.run(manage, env={**os.environ, **more}, cwd=ROOT, check=True)
        with start_studio("other", **more) as studio:
            assert studio.process
            own = {
                "url": f"{studio.url}/mlflow/{studio.workspace}", "token": studio.token,
                "pid": studio.process.pid, "workspace": studio.workspace,
            }  # fmt: skip
            wanted = {
                "sides": [own, other], "rounds": rounds, "seconds": 1.2, "limit": 30,
                "sections": [[figure.call, figure.clients] for figure in figures],
            }  # fmt: skip
            done = subprocess.run(
                [peer_python(), DRIVER], input=json.dumps(wanted).encode(), check=True,
                stdout=subprocess.PIPE, env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
            )  # fmt: skip
    return dict(json.loads(done.stdout))


def row(figure: Figure, ours: Sides, theirs: Sides | None, nobody: Sides | None = None) -> str:
    """Return a figure's line of the table, with its verdict.

    Calls of the real client are also compared without its own time, which a server that does nothing has told.
    """
    rate, times, without = ours["rate"], 0.0, 0.0
    cells = [
        f"{figure.shown(rate):,.0f} {figure.unit}",
        "-",
        "-",
        "-",
        f"{ours['cpu']:.2f} ms",
        "-",
    ]
    if theirs:
        times = rate / theirs["rate"]
        cells[1] = f"{figure.shown(theirs['rate']):,.0f} {figure.unit}"
        cells[2], cells[5] = f"{times:.1f}", f"{theirs['cpu']:.2f} ms"
    if theirs and nobody:
        own = 1 / nobody["rate"]
        without = (1 / theirs["rate"] - own) / max(1e-9, 1 / rate - own)
        cells[3] = f"{without:.1f} ({1000 * own:.1f} ms)"
    bars = [f"{figure.times:g} x"] * bool(figure.times)
    bars += [f"{figure.least:,.0f}"] * bool(figure.least)
    cells += [", ".join(bars) or "-", verdict(figure, rate, times, without)]
    return f"| {figure.title} | {' | '.join(cells)} |"


def verdict(figure: Figure, rate: float, times: float, without: float) -> str:
    """Say whether a figure's bars are met."""
    if not figure.times and not figure.least:
        return "-"
    if figure.shown(rate) >= figure.least and times >= figure.times:
        return "met"
    return "met without the client" if 0 < figure.times <= without else "**missed**"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="The MLflow protocol here and in mlflow server.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--postgres", default="", metavar="URL")
    asked = parser.parse_args()
    figures = [each for each in FIGURES if any(w in each.title for w in asked.only.split(","))]
    began, load = time.monotonic(), os.getloadavg()[0]
    found = measure(figures, asked.rounds, asked.postgres)
    print(
        f"{'PostgreSQL' if asked.postgres else 'SQLite'} on both sides, {asked.rounds} rounds, {os.cpu_count()} cores, "
        f"load {load:.1f} to {os.getloadavg()[0]:.1f}, {time.monotonic() - began:.0f} s; "
        f"mlflow server: 2 workers, uvloop; idle, {' and '.join(f'{each:.3f}' for each in found['idle'])} of a core"
    )
    print(
        "| Figure | us | mlflow server | times as fast | without the client's own time | our CPU a call | its CPU "
        "| bar | |\n" + "| --- " * 9 + "|"
    )
    for figure in figures:
        print(row(figure, *found[figure.key]))


if __name__ == "__main__":
    main()
