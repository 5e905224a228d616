"""Runs a command as the ranks of a distributed job: one process each, all on this machine.

    python -m officina.jobs.ranks --type pytorch --nodes 2 --processes 2 -- 'python train.py'

Each rank finds in its environment what its framework looks for. The first that fails ends the others.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import IO, Any

GRACE = 5.0


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def environments(kind: str, nodes: int, processes: int, servers: int = 0) -> list[dict[str, str]]:
    """Return what each rank has in its environment, by rank."""
    if kind == "tensorflow":
        return _tensorflow(nodes, servers)
    world = nodes * processes
    port = str(free_ports(1)[0])
    found = []
    for rank in range(world):
        node, local = divmod(rank, processes)
        variables = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "NODE_RANK": str(node)}
        if kind == "mpi":
            variables |= {
                "OMPI_COMM_WORLD_RANK": str(rank),
                "OMPI_COMM_WORLD_SIZE": str(world),
                "OMPI_COMM_WORLD_LOCAL_RANK": str(local),
                "OMPI_COMM_WORLD_LOCAL_SIZE": str(processes),
                "OMPI_COMM_WORLD_NODE_RANK": str(local),
                "AZ_BATCHAI_MPI_MASTER_NODE": "127.0.0.1",
            }
        variables |= {
            "RANK": str(rank),
            "WORLD_SIZE": str(world),
            "LOCAL_RANK": str(local),
            "LOCAL_WORLD_SIZE": str(processes),
        }
        found.append(variables)
    return found


def _tensorflow(workers: int, servers: int) -> list[dict[str, str]]:
    ports = free_ports(workers + servers)
    cluster: dict[str, list[str]] = {"worker": [f"127.0.0.1:{port}" for port in ports[:workers]]}
    if servers:
        cluster["ps"] = [f"127.0.0.1:{port}" for port in ports[workers:]]
    found = []
    for role, addresses in cluster.items():
        for index in range(len(addresses)):
            task = {"cluster": cluster, "task": {"type": role, "index": index}}
            found.append({"TF_CONFIG": json.dumps({**task, "environment": "cloud"})})
    return found


def run(command: str, variables: list[dict[str, str]]) -> int:
    """Run every rank and return 0, or the code of the first that failed."""
    ranks = [_start(command, each) for each in variables]
    lock = threading.Lock()
    readers = [
        threading.Thread(target=_copy, args=(process.stdout, rank, len(ranks), lock))
        for rank, process in enumerate(ranks)
    ]
    for reader in readers:
        reader.start()
    code = _wait(ranks)
    for reader in readers:
        reader.join(GRACE)
    return code


def _start(command: str, variables: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/bash", "-c", command],
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,  # so that what a rank has started can be ended with it
    )


def _copy(source: IO[bytes] | None, rank: int, world: int, lock: Any) -> None:
    head = f"[rank {rank}] ".encode() if world > 1 else b""
    for line in source or ():
        with lock:
            sys.stdout.buffer.write(head + line)
            sys.stdout.buffer.flush()


def _wait(ranks: list[subprocess.Popen[bytes]]) -> int:
    while True:
        codes = [process.poll() for process in ranks]
        failed = next(((rank, code) for rank, code in enumerate(codes) if code), None)
        if failed:
            print(f"rank {failed[0]} ended with code {failed[1]}; the others are stopped.")  # noqa: T201
            sys.stdout.flush()
            _stop(ranks)
            return failed[1] if failed[1] > 0 else 128 - failed[1]
        if all(code == 0 for code in codes):
            return 0
        time.sleep(0.05)


def _stop(ranks: list[subprocess.Popen[bytes]]) -> None:
    _signal(ranks, signal.SIGTERM)
    end = time.monotonic() + GRACE
    for process in ranks:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, end - time.monotonic()))
    _signal(ranks, signal.SIGKILL)


def _signal(ranks: list[subprocess.Popen[bytes]], number: signal.Signals) -> None:
    for process in ranks:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def main(words: list[str] | None = None) -> int:
    """Read the command line and run the ranks."""
    parser = argparse.ArgumentParser(prog="officina.jobs.ranks")
    parser.add_argument("--type", choices=["pytorch", "mpi", "tensorflow"], required=True)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--servers", type=int, default=0)
    parser.add_argument("command")
    given = parser.parse_args(words)
    return run(given.command, environments(given.type, given.nodes, given.processes, given.servers))


if __name__ == "__main__":
    raise SystemExit(main())
