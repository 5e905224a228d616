"""Runs a parallel job's entry script over mini batches, several processes at a time.

The script has `init()`, `run(mini_batch)` or `run(mini_batch, mini_batch_context)`, and may have
`shutdown()`. A table's mini batch is a data frame, a folder's a list of paths.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import multiprocessing
import os
import sys
import time
import traceback
from collections import deque
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from officina.jobs.batches import Batch, batches

INIT_LIMIT = 600.0


def load_script(path: str, arguments: list[str]) -> ModuleType:
    """Import the entry script as it would be run, with its own arguments."""
    sys.argv = [path, *arguments]
    sys.path.insert(0, str(Path(path).resolve().parent))
    spec = importlib.util.spec_from_file_location("entry_script", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"The entry script {path!r} cannot be read.")
    module = importlib.util.module_from_spec(spec)
    sys.modules["entry_script"] = module
    spec.loader.exec_module(module)
    return module


def _work(pipe: Connection, script: str, arguments: list[str]) -> None:
    module = load_script(script, arguments)
    if hasattr(module, "init"):
        module.init()
    wants_context = len(inspect.signature(module.run).parameters) > 1
    pipe.send(("ready", None))
    while (batch := pipe.recv()) is not None:
        context = SimpleNamespace(
            minibatch_index=batch.index, partition_key_value=batch.keys, dataset_name="input_data"
        )
        try:
            found = module.run(batch.data, context) if wants_context else module.run(batch.data)
            pipe.send(("done", _lines(found)))
        except Exception:
            pipe.send(("failed", traceback.format_exc()))
    if hasattr(module, "shutdown"):
        module.shutdown()


def _lines(found: Any) -> list[str]:
    """Return what `run` gave back as the lines that are appended."""
    if found is None:
        return []
    if hasattr(found, "to_csv"):
        text = found.to_csv(index=False, header=False, sep=" ", lineterminator="\n")
        return str(text).splitlines()
    return [str(each) for each in found]


class Worker:
    """One process and the mini batch that it works on."""

    def __init__(self, script: str, arguments: list[str]) -> None:
        context = multiprocessing.get_context("fork")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_work, args=(other, script, arguments))
        self.process.start()
        other.close()
        self.batch: Batch | None = None
        self.since = time.monotonic()
        self.ready = False

    def give(self, batch: Batch) -> None:
        """Send the worker its next mini batch."""
        self.batch, self.since = batch, time.monotonic()
        self.pipe.send(batch)

    def stop(self) -> None:
        """End the worker whatever it does."""
        self.process.terminate()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()


class Runner:
    """Hands mini batches to workers; retries, counts failures and gathers the rows."""

    def __init__(self, given: argparse.Namespace, arguments: list[str]) -> None:
        self.given, self.arguments = given, arguments
        self.waiting: deque[Batch] = deque(
            batches(Path(given.input), size=given.mini_batch_size, keys=given.partition_keys)
        )
        self.total = len(self.waiting)
        self.tries: dict[int, int] = {}
        self.failed: list[int] = []
        self.lost = 0
        self.rows: dict[int, list[str]] = {}
        self.workers: list[Worker] = []

    def run(self) -> int:
        """Work until every mini batch is done or too many failed; return the exit code."""
        count = max(1, min(self.given.workers, self.total))
        self.workers = [self._worker() for _ in range(count)]
        try:
            while self.waiting or any(worker.batch for worker in self.workers):
                self._step()
                if self._is_too_much():
                    return 1
            self._end()
        finally:
            for worker in self.workers:
                worker.stop()
        self._write()
        self._tell(f"{self.total - len(self.failed)} of {self.total} mini batches done")
        return 0

    def _worker(self) -> Worker:
        return Worker(self.given.entry_script, self.arguments)

    def _step(self) -> None:
        by_pipe = {worker.pipe: worker for worker in self.workers}
        for pipe in wait(list(by_pipe), timeout=0.2):
            worker = by_pipe[pipe]  # type: ignore[index]
            try:
                kind, value = worker.pipe.recv()
            except EOFError:
                self._replace(worker, "its process ended")
                continue
            if kind == "ready":
                worker.ready = True
            elif worker.batch is not None:
                self._finished(worker, kind, value)
            if worker.ready and self.waiting:
                worker.give(self.waiting.popleft())
        for worker in [w for w in self.workers if w.ready and w.batch is None and self.waiting]:
            worker.give(self.waiting.popleft())
        now = time.monotonic()
        for worker in list(self.workers):
            limit = self.given.timeout if worker.ready else INIT_LIMIT
            if (worker.batch or not worker.ready) and now - worker.since > limit:
                self._replace(worker, f"it took longer than {limit:.0f} s")

    def _finished(self, worker: Worker, kind: str, value: Any) -> None:
        batch, worker.batch = worker.batch, None
        if batch is None:
            return
        if kind == "failed":
            self._again(batch, value)
            return
        self.rows[batch.index] = value
        if self.given.append_row_to:
            self.lost += max(0, len(batch.data) - len(value))

    def _replace(self, worker: Worker, why: str) -> None:
        batch, ready = worker.batch, worker.ready
        worker.stop()
        self.workers.remove(worker)
        if batch is not None:
            self._again(batch, why)
        elif not ready:
            raise SystemExit(f"init() of {self.given.entry_script} failed: {why}")
        self.workers.append(self._worker())

    def _again(self, batch: Batch, why: str) -> None:
        tried = self.tries[batch.index] = self.tries.get(batch.index, 0) + 1
        self._tell(f"mini batch {batch.index} failed (try {tried}): {why}")
        if tried <= self.given.max_retries:
            self.waiting.append(batch)
            return
        self.failed.append(batch.index)
        self.lost += len(batch.data)

    def _is_too_much(self) -> bool:
        most, items = self.given.mini_batch_error_threshold, self.given.error_threshold
        if 0 <= most < len(self.failed):
            self._tell(f"{len(self.failed)} mini batches failed; at most {most} may.")
            return True
        if 0 <= items < self.lost:
            self._tell(f"{self.lost} items failed; at most {items} may.")
            return True
        return False

    def _end(self) -> None:
        for worker in self.workers:
            if worker.ready:
                worker.pipe.send(None)
        for worker in self.workers:
            if worker.ready:
                worker.process.join(60)

    def _write(self) -> None:
        if not self.given.append_row_to:
            return
        target = Path(self.given.append_row_to)
        if target.is_dir():
            target = target / "parallel_run_step.txt"
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = [line for index in sorted(self.rows) for line in self.rows[index]]
        target.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def _tell(self, text: str) -> None:
        print(text, flush=True)  # noqa: T201 - it goes to the job's log


def main(words: list[str] | None = None) -> int:
    """Read the command line and run the mini batches; all after `--` is for the script."""
    words = list(sys.argv[1:] if words is None else words)
    cut = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(prog="officina.jobs.parallel")
    parser.add_argument("--entry-script", required=True)
    parser.add_argument("--input", required=True)
    parser.add_argument("--mini-batch-size", default="")
    parser.add_argument(
        "--partition-keys", type=lambda text: [k.strip() for k in text.split(",") if k.strip()],
        default=[],
    )  # fmt: skip
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--max-retries", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=60.0)
    parser.add_argument("--error-threshold", type=int, default=-1)
    parser.add_argument("--mini-batch-error-threshold", type=int, default=-1)
    parser.add_argument("--append-row-to", default="")
    return Runner(parser.parse_args(words[:cut]), words[cut + 1 :]).run()


if __name__ == "__main__":
    raise SystemExit(main())
