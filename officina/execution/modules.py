"""Run one built-in designer module: read its ports, call it, hand over what it made.

Called in the job's own child process, forked from the warm host, or as
`python -m officina.execution.modules RUNDIR` (or the path of a job.json).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from officina.catalogue import Catalogue
from officina.errors import StudioError
from officina.modules.context import Context
from officina.modules.tables import write_profile
from officina.tracking import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officina.catalogue import Component
    from officina.modules.context import Reporter


def run_module(spec: Mapping[str, Any], reporter: Reporter | None = None) -> dict[str, Any]:
    """Run the module that the spec names; return its cleaned parameters and dataset sizes.

    `spec` is `module` of job.json: {"name", "version", "params", "inputs", "outputs"}. Outputs
    appear whole or not at all. A failure is reported as a message and raised as StudioError.
    """
    reporter = reporter or Run.get_context()
    try:
        result = _run(spec, reporter)
    except StudioError as error:
        reporter.fail(error.message, code=error.code, where=error.where, hint=error.hint)
        raise
    except MemoryError as error:
        text = "The module ran out of memory."
        reporter.fail(text, hint="Use fewer rows or columns, or a larger compute size.")
        raise StudioError(text, code="failed") from error
    except Exception as error:
        # Not foreseen: the page shows this line, the log the trace.
        reporter.fail(f"{spec.get('name')} failed: {type(error).__name__}: {error}"[:2000])
        raise
    reporter.complete()
    return result


def _run(spec: Mapping[str, Any], reporter: Reporter) -> dict[str, Any]:
    component = Catalogue().get(str(spec["name"]), spec.get("version"))
    given = dict(spec.get("inputs") or {})
    assets = {param.name for param in component.params if param.asset and param.name in given}
    params = component.clean(
        dict(spec.get("params") or {}) | {name: given[name] for name in assets}
    )
    inputs = _checked_inputs(component, given, assets)
    targets = _checked_outputs(component, spec.get("outputs") or {})
    partial = {port: _partial(target) for port, target in targets.items()}
    context = Context(component, params, inputs, partial, reporter)
    if missing := component.unavailable():
        raise StudioError(missing, where=component.name, code="failed")
    if component.run is None:
        raise StudioError(f"{component.name} cannot be run as a module.", where=component.name)
    try:
        component.run(context)
        sizes = _profiles(component, partial)
        for port, target in targets.items():
            _move(partial[port], target)
    finally:
        for folder in partial.values():
            shutil.rmtree(folder, ignore_errors=True)
    for port, size in sizes.items():
        sys.stdout.write(f"{port}: {size['rows']} rows x {size['columns']} columns\n")
    return {"params": context.params, "datasets": sizes}


def _checked_inputs(
    component: Component, given: Mapping[str, str], assets: set[str]
) -> dict[str, Path]:
    inputs = {
        name if name in assets else component.input(name).name: Path(path)
        for name, path in given.items()
    }
    for port in component.inputs:
        if port.name in inputs and not inputs[port.name].exists():
            raise StudioError(
                f"Error 0003: Nothing is at input {port.label or port.name}.",
                where=port.name,
                hint="Look at the step that makes it.",
            )
        if port.name not in inputs and not port.optional:
            raise StudioError(
                f"Error 0003: Input {port.label or port.name} is not wired.",
                where=port.name,
                hint=f"Wire a {port.type.replace('_', ' ')} to it.",
            )
    return inputs


def _checked_outputs(component: Component, given: Mapping[str, str]) -> dict[str, Path]:
    for port in component.outputs:
        if port.name not in given:
            raise StudioError(
                f"No folder is given for output {port.name}.", where=port.name, code="failed"
            )
    return {component.output(port).name: Path(path).absolute() for port, path in given.items()}


def _profiles(component: Component, folders: Mapping[str, Path]) -> dict[str, dict[str, int]]:
    sizes = {}
    for port in component.outputs:
        if port.type == "dataset":
            sizes[port.name] = write_profile(folders[port.name])
    return sizes


def _partial(target: Path) -> Path:
    folder = target.parent / f".{target.name}.partial-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _move(source: Path, target: Path) -> None:
    """Put a finished folder in its place, over an empty or an older one."""
    if target.is_dir():
        for item in target.iterdir():
            shutil.rmtree(item) if item.is_dir() and not item.is_symlink() else item.unlink()
    try:
        source.replace(target)
    except OSError:
        # The target is a mount point of the sandbox: it cannot be replaced, only filled.
        target.mkdir(parents=True, exist_ok=True)
        for item in source.iterdir():
            shutil.move(str(item), target / item.name)


def main(arguments: list[str]) -> int:
    """Run the module of a run folder's job.json; 0 done, 1 a fault that the user can mend."""
    given = Path(arguments[0])
    file = given / "job.json" if given.is_dir() else given
    spec = json.loads(file.read_text(encoding="utf-8"))
    try:
        run_module(spec.get("module", spec))
    except StudioError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
