"""The folder a run works in: laid out before its start, gathered after its end.

Worker and `--local` both go through here, so a step's outputs have equal digests in either.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import officina
from officina.documents.expressions import command_line
from officina.environments.overlay import overlay
from officina.errors import StudioError
from officina.storage import ContentStore, Tree
from officina.storage.paths import safe_join

GRACE_SECONDS = 3
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What a job may not set for itself: where its messages go and whose run it is.
_OURS = ("OFFICINA_", "AZUREML_RUN_ID", "AZUREML_ARM_")


@dataclass(frozen=True)
class Folders:
    """The fixed places inside a run's folder."""

    root: Path

    @property
    def work(self) -> Path:
        """The code, and the directory that the job starts in."""
        return self.root / "work"

    @property
    def inputs(self) -> Path:
        """A folder an input."""
        return self.root / "inputs"

    @property
    def outputs(self) -> Path:
        """A folder an output."""
        return self.root / "outputs"

    @property
    def temp(self) -> Path:
        """The job's TMPDIR."""
        return self.root / "tmp"

    @property
    def library(self) -> Path:
        """A folder on PYTHONPATH that holds a link to this package and nothing else."""
        return self.root / "lib"

    @property
    def messages(self) -> Path:
        """What the job reports: metrics, images, models."""
        return self.root / "messages.jsonl"

    @property
    def log(self) -> Path:
        """The job's standard output and error."""
        return self.root / "log.txt"

    @property
    def writable(self) -> tuple[Path, ...]:
        """What the job itself may write to."""
        return self.work, self.outputs, self.temp, self.messages


def lay_out(
    rundir: Path,
    document: Mapping[str, Any],
    *,
    store: ContentStore,
    code_tree: str | None,
    inputs: Mapping[str, Any],
    python: Path,
    env: Mapping[str, str],
    run_id: str,
    memory_bytes: int | None = None,
    network: bool = True,
    readonly: Iterable[str] = (),
) -> None:
    """Write everything a run needs below `rundir` and, last, its `job.json`.

    `inputs` gives the `tree:` address of each data input (an address of another kind is handed to
    the job as it is) and may give literals, which else come from the document. Every stored byte is
    checked against its digest on the way; changed bytes raise and nothing is started.
    """
    folders = Folders(rundir)
    for folder in (folders.work, folders.inputs, folders.outputs, folders.temp, folders.library):
        folder.mkdir(parents=True, exist_ok=True)
    (folders.library / "officina").symlink_to(_package())
    folders.messages.touch()
    folders.log.touch()
    if code_tree is not None:
        store.materialize(code_tree, folders.work)
    for name in ("outputs", "logs"):
        (folders.work / name).mkdir(exist_ok=True)
    document = _with_literals(document, inputs)
    places = _lay_inputs(folders, document, inputs, store)
    targets = _lay_outputs(folders, document)
    own_copies = [
        safe_join(folders.inputs, name)
        for name, entry in document["inputs"].items()
        if name in places and _is_writable(entry)
    ]
    job = _what_to_start(document, places, targets)
    # A command may `pip install`: into a layer of its own, never into the shared environment.
    interpreter = overlay(python, folders.temp / "env") if "argv" in job else python
    job |= {
        "env": _environment(folders, document, places, targets, interpreter, env, run_id)
        | _search_path(document, interpreter, python),
        "cwd": str(folders.work),
        "timeout": (document.get("limits") or {}).get("timeout"),
        "grace": GRACE_SECONDS,
        "memory_bytes": memory_bytes,
        "network": network,
        "readonly": [*_readable(folders, python), *readonly],
        "writable": [str(place) for place in (*folders.writable, *own_copies)],
    }
    _write_last(rundir / "job.json", job)


def collect(rundir: Path, document: Mapping[str, Any], store: ContentStore) -> dict[str, Tree]:
    """Store what the run left in its outputs; return a tree for each.

    Call it when no process of the run is left: what is stored must not change meanwhile. What lies
    in `./outputs` is there as `artifacts`, the output that Azure gives to every job.
    """
    folders = Folders(rundir)
    trees: dict[str, Tree] = {}
    for name, spec in _outputs(document).items():
        folder = safe_join(folders.outputs, name)
        try:
            trees[name] = _collect_one(folder, folder / _file_name(name, spec), spec, store)
        except StudioError as error:
            raise StudioError(
                error.message, hint=error.hint, where=f"outputs.{name}", code=error.code
            ) from error
    default = folders.work / "outputs"
    if "artifacts" not in trees and default.is_dir() and any(default.iterdir()):
        trees["artifacts"] = store.put_tree(default)
    return trees


def remove(rundir: Path) -> None:
    """Delete a run's folder, its read-only inputs too."""
    for folder, _, _ in os.walk(rundir):
        if not os.access(folder, os.W_OK):
            Path(folder).chmod(0o700)
    shutil.rmtree(rundir, ignore_errors=True)


def _collect_one(folder: Path, file: Path, spec: Mapping[str, Any], store: ContentStore) -> Tree:
    if _is_file(spec):
        if file.is_dir() and not file.is_symlink():
            return store.put_tree(file)
        if not any(folder.iterdir()):
            raise StudioError(
                "The run ended without writing this file.",
                hint="Write it to the path of ${{outputs.<name>}}, or make it a uri_folder.",
            )
    return store.put_tree(folder)


def _with_literals(document: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    entries = dict(document.get("inputs") or {})
    for name, value in inputs.items():
        entry = entries.get(name)
        if entry is None and not isinstance(value, str):
            entry = {"jobInputType": "literal"}
        if entry is not None and entry.get("jobInputType") == "literal":
            entries[name] = {**entry, "value": value}
    return {**document, "inputs": entries}


def _lay_inputs(
    folders: Folders, document: Mapping[str, Any], inputs: Mapping[str, Any], store: ContentStore
) -> dict[str, str]:
    places: dict[str, str] = {}
    for name, entry in document["inputs"].items():
        if entry.get("jobInputType") == "literal":
            continue
        address = inputs.get(name, entry.get("uri"))
        if address is None:
            continue
        if not str(address).startswith("tree:"):
            places[name] = str(address)
            continue
        places[name] = _lay_input(folders, name, entry, str(address), store)
    return places


def _is_writable(entry: Mapping[str, Any]) -> bool:
    return entry.get("mode") in {"download", "rw_mount", "Download", "ReadWriteMount"}


def _lay_input(
    folders: Folders, name: str, entry: Mapping[str, Any], address: str, store: ContentStore
) -> str:
    dest = safe_join(folders.inputs, name)
    try:
        tree = store.materialize(address, dest, read_only=not _is_writable(entry))
    except StudioError as error:
        raise StudioError(
            error.message, hint=error.hint, where=f"inputs.{name}", code=error.code
        ) from error
    if entry.get("jobInputType") != "uri_file":
        return str(dest)
    only = tree.only_file()
    if only is None:
        raise StudioError(
            f"The input is a uri_file, but its data has {len(tree.files)} files.",
            hint="Give a single file, or make the input a uri_folder.",
            where=f"inputs.{name}",
        )
    return str(safe_join(dest, only))


def _lay_outputs(folders: Folders, document: Mapping[str, Any]) -> dict[str, str]:
    targets: dict[str, str] = {}
    for name, spec in _outputs(document).items():
        folder = safe_join(folders.outputs, name)
        folder.mkdir()
        targets[name] = str(folder / _file_name(name, spec)) if _is_file(spec) else str(folder)
    targets.setdefault("artifacts", str(folders.work / "outputs"))
    return targets


def _outputs(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the outputs by name; a module fills all of its ports, bound to something or not."""
    component = document.get("component")
    declared: dict[str, Mapping[str, Any]] = {}
    if isinstance(component, Mapping) and component.get("type") == "module":
        declared = {name: {} for name in component.get("outputs") or {}}
    return {**declared, **(document.get("outputs") or {})}


def _is_file(spec: Mapping[str, Any]) -> bool:
    return (spec.get("jobOutputType") or spec.get("type")) == "uri_file"


def _file_name(name: str, spec: Mapping[str, Any]) -> str:
    """Return the name of an output's only file: that of its address, so that suffixes stay."""
    last = str(spec.get("uri") or "").rsplit("/", 1)[-1]
    return last if "." in last.strip(".") and "$" not in last else name


def _what_to_start(
    document: Mapping[str, Any], places: Mapping[str, str], targets: Mapping[str, str]
) -> dict[str, Any]:
    component = document.get("component")
    if isinstance(component, Mapping) and component.get("type") == "module":
        literals = {
            name: entry.get("value")
            for name, entry in document["inputs"].items()
            if entry.get("jobInputType") == "literal"
        }
        return {
            "module": {
                "name": component["name"],
                "version": str(component.get("version", "1")),
                "params": literals,
                "inputs": dict(places),
                "outputs": {name: targets[name] for name in _outputs(document)},
            }
        }
    return {"argv": ["/bin/bash", "-c", command_line(document, places, targets)]}


def _environment(
    folders: Folders,
    document: Mapping[str, Any],
    places: Mapping[str, str],
    targets: Mapping[str, str],
    python: Path,
    env: Mapping[str, str],
    run_id: str,
) -> dict[str, str]:
    """Return the whole environment of the job: nothing comes from the server or the shell."""
    basic = {
        "PATH": f"{python.parent}:{SYSTEM_PATH}",
        "HOME": str(folders.work),
        "TMPDIR": str(folders.temp),
        # Java does not look at TMPDIR, and the machine's own is closed to jobs.
        "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={folders.temp}",
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(folders.library),
        "MPLBACKEND": "Agg",
    }
    basic |= {f"AZURE_ML_INPUT_{name}": path for name, path in places.items()}
    basic |= {f"AZURE_ML_OUTPUT_{name}": path for name, path in targets.items()}
    wanted = {
        name: str(value)
        for name, value in (document.get("environmentVariables") or {}).items()
        if not name.startswith(_OURS)
    }
    if "PYTHONPATH" in wanted:
        wanted["PYTHONPATH"] = f"{wanted['PYTHONPATH']}:{folders.library}"
    ours = {
        "OFFICINA_RUN_ID": run_id,
        "AZUREML_RUN_ID": run_id,
        "OFFICINA_MESSAGES": str(folders.messages),
    }
    return basic | wanted | dict(env) | ours


def _search_path(document: Mapping[str, Any], interpreter: Path, python: Path) -> dict[str, str]:
    if "PATH" in (document.get("environmentVariables") or {}):
        return {}
    programs = dict.fromkeys([str(interpreter.parent), str(python.parent), SYSTEM_PATH])
    return {"PATH": ":".join(programs)}


def _package() -> Path:
    return Path(officina.__file__).resolve().parent


def _readable(folders: Folders, python: Path) -> list[str]:
    prefixes = [python.parent.parent, python.resolve().parent.parent]
    # The locks beside the source tell which packages the studio's own environment has, by hash.
    locks = _package().parent.glob("requirements*.txt")
    places = [folders.inputs, folders.library, _package(), *locks, *prefixes]
    return list(dict.fromkeys(str(place) for place in places))


def _write_last(path: Path, job: Mapping[str, Any]) -> None:
    """Write the file whole: whoever sees `job.json` may start the run."""
    draft = path.with_suffix(".draft")
    # It holds the run's token.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        json.dump(job, target)
    draft.replace(path)
