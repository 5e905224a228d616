"""Run a job here, without a studio: the same documents, plan, environments, shim and trees."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from officina import checks, environments, planning
from officina.catalogue import Catalogue
from officina.documents import LoadedJob, replace
from officina.errors import StudioError
from officina.execution import launch, rundir, webinputs
from officina.execution.messages import metric_number, read_messages
from officina.jobfile import read_job_file
from officina.storage import ContentStore
from officina.storage.ignore import DATA_NAMES, NAMES, load_ignore
from officina.storage.paths import safe_join

Write = Callable[[str], None]
Document = dict[str, Any]
MARK = ".officina-run"
COMPLETED = "Completed"
POLL = 0.02


@dataclass
class LocalStep:
    """What became of one step (of the job itself, when it has none)."""

    status: str
    outputs: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    models: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None


@dataclass
class LocalResult:
    """What became of the job: its status, the digest of each output's tree, and its steps."""

    status: str
    outputs: dict[str, str]
    steps: dict[str, LocalStep]

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def default_cache() -> Path:
    """Return where environments and stored files are kept between local runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "officina"


def run_job(
    path: Path,
    *,
    set: Mapping[str, Any] | None = None,
    out: Path,
    cache: Path,
    write: Write = lambda text: None,
) -> LocalResult:
    """Run a command or pipeline job and lay its results out in `out`.

    `out` gets `named-outputs/<name>`, and `steps/<step>/` with a step's log and folders; an older
    run's folder is replaced. A document that cannot run raises; a job that fails is a result.
    """
    loaded = read_job_file(path, overrides=set)
    for warning in loaded.warnings:
        write(f"warning: {warning}\n")
    _check(loaded.document)
    store = ContentStore(cache / "store")
    document = _store_locals(loaded, store)
    out = _make_room(out)
    runner = _Runner(store=store, cache=cache, out=out, write=write)
    if document["jobType"] == "Pipeline":
        result = _run_pipeline(document, runner)
    else:
        step = runner.run(str(document.get("name") or path.stem), document, prefix="")
        result = LocalResult(step.status, step.outputs, {path.stem: step})
    for name, digest in result.outputs.items():
        store.materialize(digest, safe_join(out / "named-outputs", name))
    return result


def _check(document: Document) -> None:
    found = checks.problems(document, Catalogue())
    if found:
        first = found[0]
        more = f" ({len(found) - 1} more problems)" if len(found) > 1 else ""
        place = ".".join(part for part in (first.node, first.port) if part)
        raise StudioError(first.message + more, hint=first.hint, where=place)


def _store_locals(loaded: LoadedJob, store: ContentStore) -> Document:
    document = loaded.document
    kept: dict[tuple[Path, str], str] = {}
    for ref in loaded.local:
        place = (ref.path, ref.kind)
        if place not in kept:
            if ref.path.is_dir():
                names = NAMES if ref.kind == "code" else DATA_NAMES
                tree = store.put_tree(ref.path, ignore=load_ignore(ref.path, names=names))
            else:
                tree = store.put_single(ref.path)
            kept[place] = tree.uri
        document = replace(document, ref.pointer, kept[place])
    return dict(document)


def _make_room(out: Path) -> Path:
    out = out.absolute()
    if (out / MARK).exists():
        rundir.remove(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StudioError(
            "The folder for the results is not empty and is no earlier run's.",
            hint="Give another one with --out.",
            where=str(out),
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).touch()
    return out


def _run_pipeline(document: Document, runner: _Runner) -> LocalResult:
    steps: dict[str, LocalStep] = {}

    def outputs_of(step: str, port: str) -> Mapping[str, Any]:
        node = planning.steps_of(document)[step]
        kind = ((node.get("outputs") or {}).get(port) or {}).get("jobOutputType", "uri_folder")
        return {"uri": f"tree:{steps[step].outputs[port]}", "type": kind}

    while True:
        statuses = {name: step.status for name, step in steps.items()}
        ready = planning.ready(document, statuses)
        if not ready:
            break
        name = ready[0]
        inputs = document.get("inputs") or {}
        try:
            compiled = planning.compile_step(document, name, inputs=inputs, outputs_of=outputs_of)
        except StudioError as error:
            runner.write(f"{name}: {error}\n")
            steps[name] = LocalStep("Failed", error=error.as_json())
            continue
        steps[name] = runner.run(name, compiled, prefix=f"{name} | ")
    outputs = {
        name: steps[step].outputs[port]
        for step, port, name in planning.output_bindings(document)
        if step in steps and port in steps[step].outputs
    }
    complete = len(steps) == len(planning.steps_of(document)) and all(
        step.status == COMPLETED for step in steps.values()
    )
    return LocalResult(COMPLETED if complete else "Failed", outputs, steps)


class _Runner:
    """Runs single steps below one results folder."""

    def __init__(self, *, store: ContentStore, cache: Path, out: Path, write: Write) -> None:
        self._store = store
        self._cache = cache
        self._out = out
        self.write = write

    def run(self, name: str, document: Document, *, prefix: str) -> LocalStep:
        """Run one step to its end, tried again as often as the document allows."""
        attempts = int(document.get("maxAttempts") or 1)
        for attempt in range(1, attempts + 1):
            began = time.monotonic()
            try:
                step = self._attempt(name, document, prefix)
            except StudioError as error:
                step = LocalStep("Failed", error=error.as_json())
            took = f"{time.monotonic() - began:.1f} s"
            self.write(f"{name}: {step.status} in {took}\n")
            if step.error:
                hint = step.error.get("hint")
                self.write(f"{name}: {step.error['message']}" + (f" {hint}\n" if hint else "\n"))
            if step.status == COMPLETED or attempt == attempts:
                return step
        raise AssertionError("a step has at least one attempt")

    def _attempt(self, name: str, document: Document, prefix: str) -> LocalStep:
        place = safe_join(self._out / "steps", name.replace("/", "."))
        if place.exists():
            rundir.remove(place)
        place.mkdir(parents=True)
        component = document.get("component") or {}
        python = Path(sys.executable)
        if component.get("type") != "module":
            python = environments.prepare(
                document.get("environmentId") or environments.DEFAULT,
                cache=self._cache / "environments",
                log=lambda text: self.write(f"{prefix}{text}\n"),
            ).python
        code = document.get("codeId") or component.get("code")
        fetched = webinputs.fetch_inputs(
            document, self._store, lambda text: self.write(f"{prefix}{text}\n")
        )
        rundir.lay_out(
            place,
            document,
            store=self._store,
            code_tree=str(code).removeprefix("tree:") if code else None,
            inputs=_data(document) | {name: tree.uri for name, tree in fetched.items()},
            python=python,
            env={},
            run_id=f"local-{name.replace('/', '.')}",
        )
        launch.start(place)
        ended = _watch(place, self.write, prefix)
        step = LocalStep("Failed")
        _read_reports(place, step)
        if ended["reason"] != "exited" or ended.get("code") != 0:
            step.error = step.error or _why(ended)
            return step
        step.outputs = {
            port: tree.digest for port, tree in rundir.collect(place, document, self._store).items()
        }
        self._keep_models(place, step)
        step.status = COMPLETED
        return step

    def _keep_models(self, place: Path, step: LocalStep) -> None:
        """Copy registered models beside the results: without a studio there is no registry."""
        for model in step.models:
            source = (place / "work" / model["path"]).resolve()
            if not source.is_relative_to(place) or not source.exists():
                raise StudioError(
                    f"The model {model['name']!r} has no file {model['path']!r}.",
                    hint="Give a path inside the run's folders.",
                    where="register_model",
                )
            tree = (
                self._store.put_tree(source) if source.is_dir() else self._store.put_single(source)
            )
            model["digest"] = tree.digest
            target = safe_join(self._out / "models", model["name"])
            if target.exists():
                shutil.rmtree(target)
            self._store.materialize(tree.digest, target)
            self.write(f"model {model['name']}: kept in {target}\n")


def _data(document: Document) -> dict[str, str]:
    found = {}
    for name, entry in (document.get("inputs") or {}).items():
        address = entry.get("uri")
        if entry.get("jobInputType") == "literal" or not address:
            continue
        if str(address).startswith("azureml:"):
            raise StudioError(
                f"{address!r} lies in a studio's registry, which a local run does not have.",
                hint="Give a local path, or run the job on a studio.",
                where=f"inputs.{name}",
                code="not_found",
            )
        found[name] = str(address)
    return found


def _watch(place: Path, write: Write, prefix: str) -> dict[str, Any]:
    """Pass the job's log on until it has ended; an interrupt ends the job first."""
    log, gone = _Lines(place / "log.txt", write, prefix), _Gone()
    try:
        while True:
            look = launch.look(place)
            log.read()
            if look.exit is not None:
                log.read(last=True)
                return look.exit
            if gone(look):
                launch.kill_leftovers(place)
                return {"reason": "shim_error", "detail": "its supervisor was killed"}
            time.sleep(POLL)
    except KeyboardInterrupt:
        launch.cancel(place)
        while (look := launch.look(place)).exit is None and not gone(look):
            time.sleep(POLL)
        raise


class _Gone:
    """Whether a job's shim is gone: not alive at one look may only mean that this machine slept."""

    def __init__(self) -> None:
        self._since: float | None = None

    def __call__(self, look: launch.Look) -> bool:
        now = time.monotonic()
        self._since = None if look.alive else self._since or now
        return self._since is not None and now - self._since > launch.PATIENCE


class _Lines:
    """A growing log, written on in whole lines with a prefix."""

    def __init__(self, path: Path, write: Write, prefix: str) -> None:
        self._path, self._write, self._prefix = path, write, prefix
        self._offset = 0
        self._rest = b""

    def read(self, *, last: bool = False) -> None:
        while True:
            data, self._offset = launch.tail(self._path, self._offset)
            if not data:
                break
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._show(line)
        if last and self._rest:
            self._show(self._rest)
            self._rest = b""

    def _show(self, line: bytes) -> None:
        self._write(f"{self._prefix}{line.decode('utf-8', 'replace')}\n")


def _read_reports(place: Path, step: LocalStep) -> None:
    offset = 0
    while True:
        messages, after = read_messages(place / "messages.jsonl", offset)
        for message in messages:
            _take(message, step)
        if after == offset:
            return
        offset = after


def _take(message: Mapping[str, Any], step: LocalStep) -> None:
    match message["type"]:
        case "metric":
            step.metrics[message["key"]] = metric_number(message["value"])
        case "param":
            step.params[message["key"]] = message["value"]
        case "tag":
            step.tags[message["key"]] = str(message["value"])
        case "register_model":
            step.models.append({key: value for key, value in message.items() if key != "type"})
        case "failed":
            step.error = {
                "code": message.get("code") or "failed",
                "message": message.get("message") or "The step failed.",
                "where": message.get("where") or "",
                "hint": message.get("hint") or "",
            }


def _why(ended: Mapping[str, Any]) -> dict[str, Any]:
    peak = f"{(ended.get('peak_rss') or 0) / 2**20:,.0f} MiB"
    how = (
        f"was killed by signal {ended['signal']}"
        if ended.get("signal")
        else f"exited with code {ended.get('code')}"
    )
    texts = {
        "timeout": "The job ran longer than its limit.",
        "memory": f"The job was stopped for its memory: peak {peak}.",
        "canceled": "The job was canceled.",
        "shim_error": f"The job could not be started: {ended.get('detail', '')}",
    }
    message = texts.get(str(ended["reason"]), f"The job {how}.")
    return StudioError(message, hint="Its log says more.", code="failed").as_json()
