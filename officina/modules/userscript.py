"""Runs the script of Execute Python Script, in the step's own sandboxed process."""

from __future__ import annotations

import contextlib
import difflib
import importlib.util
import linecache
import os
import shutil
import sys
import traceback
import types
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pandas as pd

from officina.errors import StudioError
from officina.modules import scripting
from officina.modules.errors import (
    INVALID_DATA,
    SCRIPT_FAILED,
    TOO_LARGE,
    module_error,
)
from officina.modules.tables import Table
from officina.tracking import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from officina.modules.context import Context

WHERE = "python_script"
FILE = "user_script.py"
BUNDLE = "Script Bundle"
MAX_BUNDLE = 2 * 1024**3
MAX_FILES = 100_000


def execute(ctx: Context) -> None:
    """Run `azureml_main` on the wired tables and save what it returns."""
    code = str(ctx.params[WHERE])
    for finding in scripting.findings(code):
        if finding.severity == "error":
            raise _fault(f"Line {finding.line}: {finding.message}", finding.hint)
    tables = [ctx.table(port) if ctx.has(port) else None for port in ("dataset1", "dataset2")]
    frames = [None if table is None else table.frame.copy() for table in tables]
    with _surroundings(ctx):
        main = _loaded(code)
        answer = _guarded(code, frames, lambda: main(*frames))
    results = _tables(answer)
    for port, frame in zip(("results1", "results2"), results, strict=True):
        result = Table(frame)
        for name in frame.columns:
            held = [table.roles for table in tables if table and str(name) in table.roles]
            if held:
                result.roles[str(name)] = dict(held[0][str(name)])
        ctx.save_table(port, result)


@contextlib.contextmanager
def _surroundings(ctx: Context) -> Iterator[None]:
    """Unpack the bundle, make it importable, and offer Azure's name for the run."""
    os.environ.setdefault("MPLBACKEND", "Agg")  # there is no screen
    folder = Path.cwd() / BUNDLE
    made = ctx.has("script_bundle")
    if made:
        _unpack(ctx.inputs["script_bundle"], folder)
        sys.path.insert(0, str(folder))
        importlib.invalidate_caches()
    known = set(sys.modules)
    if importlib.util.find_spec("azureml") is None:
        core = types.ModuleType("azureml.core")
        core.Run = Run  # type: ignore[attr-defined]
        package = types.ModuleType("azureml")
        package.core = core  # type: ignore[attr-defined]
        sys.modules |= {"azureml": package, "azureml.core": core}
    try:
        yield
    finally:
        for name in ("azureml", "azureml.core"):
            if name not in known:
                sys.modules.pop(name, None)
        if made:
            sys.path.remove(str(folder))
            for name in set(sys.modules) - known:
                if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
                    del sys.modules[name]
            shutil.rmtree(folder, ignore_errors=True)


def _unpack(source: Path, folder: Path) -> None:
    """Put the files of the bundle, a zip or a folder, below `folder` and nowhere else."""
    files = [source] if source.is_file() else sorted(f for f in source.rglob("*") if f.is_file())
    folder.mkdir(exist_ok=True)
    for file in files:
        if zipfile.is_zipfile(file):
            _unzip(file, folder)
        elif not file.is_symlink():
            inside = file.name if file == source else file.relative_to(source).as_posix()
            target = folder / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def _unzip(file: Path, folder: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_BUNDLE:
            raise module_error(
                TOO_LARGE,
                f"{file.name} holds more than {MAX_FILES} files or 2 GB.",
                where="script_bundle",
                hint="Bring data in as a dataset instead.",
            )
        for entry in entries:
            path = PurePosixPath(entry.filename.replace("\\", "/"))
            linked = (entry.external_attr >> 16) & 0o170000 == 0o120000
            if path.is_absolute() or ".." in path.parts or linked:
                raise module_error(
                    INVALID_DATA,
                    f'{file.name} holds "{entry.filename}", which leads out of its folder.',
                    where="script_bundle",
                    hint="Make the zip anew, with plain files below one folder.",
                )
        archive.extractall(folder)  # each name is checked above


def _loaded(code: str) -> Callable[..., Any]:
    """Run the script's top level and return its entry point."""
    # The lines are kept for tracebacks; no file of that name is ever read.
    linecache.cache[FILE] = (len(code), None, code.splitlines(keepends=True), FILE)
    space: dict[str, Any] = {"__name__": "user_script", "__file__": FILE}
    compiled = compile(code, FILE, "exec", dont_inherit=True)
    _guarded(code, [], lambda: exec(compiled, space))  # noqa: S102 - that is the step's purpose
    entry: Callable[..., Any] | None = space.get(scripting.ENTRY)
    if not callable(entry):
        raise _fault(
            f"The script has no function {scripting.ENTRY}.",
            f"Define it at the top level: def {scripting.ENTRY}(dataframe1=None, dataframe2=None):",
        )
    return entry


def _guarded(code: str, frames: list[pd.DataFrame | None], call: Callable[[], Any]) -> Any:
    """Call the script; what it raises becomes a numbered error with the script's own line."""
    try:
        return call()
    except (MemoryError, KeyboardInterrupt, StudioError):
        raise
    except BaseException as error:
        if isinstance(error, SystemExit) and error.code in (None, 0):
            text = "The script left with sys.exit() instead of returning its tables."
            raise _fault(text, "Return the tables from azureml_main.") from error
        trace = [one for one in traceback.extract_tb(error.__traceback__)]
        start = next((n for n, one in enumerate(trace) if one.filename == FILE), len(trace))
        sys.stderr.write("Traceback (most recent call last):\n")
        sys.stderr.write("".join(traceback.format_list(trace[start:])))
        sys.stderr.write("".join(traceback.format_exception_only(error)))
        own = [one for one in trace if one.filename == FILE]
        what = f"{type(error).__name__}: {error}"[:1000]
        if not own:
            raise _fault(what, "The log shows the whole trace.") from error
        line = own[-1].lineno or 1
        inside = f", in {own[-1].name}" if own[-1].name != "<module>" else ""
        shown = code.splitlines()[line - 1].strip()[:200]
        raise _fault(
            f"Line {line}{inside}: {what}", _hint(error, frames) or f"The line is: {shown}"
        ) from error


def _hint(error: BaseException, frames: list[pd.DataFrame | None]) -> str:
    """Name the columns where one was not found, or what to install."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not in this environment; bring it in the script bundle."
    if not isinstance(error, KeyError) or not error.args:
        return ""
    name = str(error.args[0])
    known = [str(one) for frame in frames if frame is not None for one in frame.columns]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"The columns are: {', '.join(known[:12])}." if known else ""


def _tables(answer: Any) -> list[pd.DataFrame]:
    """Return exactly two tables; what the script does not return is empty."""
    items = list(answer) if isinstance(answer, tuple | list) else [answer]
    if len(items) > 2:
        raise _fault(f"azureml_main returned {len(items)} things.", "Return one or two tables.")
    for item in items:
        if item is not None and not isinstance(item, pd.DataFrame):
            raise _fault(
                f"azureml_main returned something of type {type(item).__name__}.",
                "Return pandas data frames: return dataframe1, or: return dataframe1, dataframe2",
            )
    frames = [pd.DataFrame() if item is None else item for item in items]
    return [*frames, pd.DataFrame()][:2]


def _fault(message: str, hint: str) -> StudioError:
    return module_error(SCRIPT_FAILED, message, where=WHERE, hint=hint)
