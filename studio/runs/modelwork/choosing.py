"""Which environment a model is worked on in: the one it was made in, as far as its files tell."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from officina import environments
from officina.errors import StudioError
from officina.storage import Tree
from registry import environments as named
from registry import services as registry
from registry.models import AssetVersion
from studio.runs.models import Run

CURRENT = "azureml:current@latest"
ONNX = ("skl2onnx", "onnxruntime")
EXTRAS = "make run OFFICINA_EXTRAS=1"
MOST_TEXT = 64 << 10
MOST_READ = 64 << 20
# How scikit-learn's own `__getstate__` writes its version into a pickle, of any protocol from 1 on.
_SKLEARN = re.compile(rb"_sklearn_version.{0,6}?[\x8cX].{1,4}?(\d+\.\d+(?:\.\d+)?)", re.DOTALL)


@dataclass(frozen=True)
class Chosen:
    """An environment as a job document may name it, and why it was taken."""

    specification: Any
    label: str
    why: str


def choose(
    version: AssetVersion, tree: Tree, report: dict[str, Any], *, wanted: str = ""
) -> Chosen:
    """Return the environment that was asked for, else the one that the model's files tell of."""
    told = wanted or version.properties.get("environment", "")
    if told:
        return Chosen(told, told, "chosen" if wanted else "named by the model")
    if "mlflow" in report["flavours"]:
        text = _requirements(tree)
        if text:
            name = f"{version.asset.name}-{version.version}"
            return Chosen(
                {"name": name, "requirements": text}, "its own requirements",
                "the requirements beside its MLmodel",
            )  # fmt: skip
    if "meta.json" in tree.files or "onnx" in report["flavours"]:
        return Chosen(CURRENT, "current", "the studio's own stack")
    if (made := _of_run(version)) is not None:
        return made
    found = sklearn_version(tree)
    ours = _installed("scikit-learn")
    if found and found != ours:
        if found.startswith("1.5."):
            return Chosen(
                "azureml:sklearn-1.5@latest", "sklearn-1.5", f"saved by scikit-learn {found}"
            )
        packages = f"scikit-learn=={found}\npandas\njoblib\n"
        return Chosen(
            {"name": f"sklearn-{found}", "requirements": packages}, f"scikit-learn {found}",
            f"saved by scikit-learn {found}",
        )  # fmt: skip
    return Chosen(
        CURRENT,
        "current",
        f"saved by scikit-learn {found}" if found else "nothing tells of another",
    )


def _requirements(tree: Tree) -> str:
    place = next((name for name in tree.files if name.rpartition("/")[2] == "MLmodel"), "")
    folder = place.rpartition("/")[0]
    name = f"{folder}/requirements.txt" if folder else "requirements.txt"
    entry = tree.files.get(name)
    if entry is None or entry.size > MOST_TEXT:
        return ""
    return registry.store().read(entry.sha256).decode("utf-8", "replace")


def _of_run(version: AssetVersion) -> Chosen | None:
    run = Run.objects.filter(guid=version.run_guid).first() if version.run_guid else None
    if run is None or run.kind == Run.TRACKED:
        return None
    if (run.document.get("component") or {}).get("type") == "module":
        return Chosen(CURRENT, "current", "made by a designer module")
    wanted = run.document.get("environmentId")
    if run.kind != Run.COMMAND or not wanted:
        return None
    label = run.environment or (wanted if isinstance(wanted, str) else wanted.get("name", ""))
    return Chosen(wanted, label, f"that of run {run.title}")


def sklearn_version(tree: Tree) -> str:
    """Return the version of scikit-learn that a pickle among the files names; read, never loaded."""
    key = f"sklearn-version:{tree.digest}"
    known = cache.get(key)
    if known is None:
        known = _look_for_version(tree)
        cache.set(key, known, 7 * 86_400)
    return str(known)


def _look_for_version(tree: Tree) -> str:
    for name, entry in tree.files.items():
        if name.endswith((".pkl", ".pickle", ".joblib", ".sav")) and entry.size:
            with registry.store().open(entry.sha256) as source:
                match = _SKLEARN.search(source.read(MOST_READ))
            if match:
                return match[1].decode()
        elif name == "meta.json" and entry.size < MOST_TEXT:
            try:
                told = json.loads(registry.store().read(entry.sha256))
            except ValueError:
                continue
            if isinstance(told, dict) and told.get("scikit_learn"):
                return str(told["scikit_learn"])[:20]
    return ""


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def missing_for_onnx(chosen: Chosen) -> str:
    """Return why ONNX cannot be had in an environment; nothing when it can."""
    try:
        parsed = environments.parse(chosen.specification)
    except StudioError:
        return ""
    if not parsed.interpreter:
        return ""  # it is built with what is missing
    gone = [name for name in ONNX if importlib.util.find_spec(name) is None]
    if not gone:
        return ""
    return f"{' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} not installed: start the studio with `{EXTRAS}`."


def extended(version: AssetVersion, chosen: Chosen, packages: tuple[str, ...]) -> Any:
    """Return an environment with more packages, for one that is built; a ready one is as it is."""
    specification = named.settle(version.asset.workspace, chosen.specification)
    parsed = environments.parse(specification)
    have = {re.split(r"[<>=!~;\[ ]", line)[0].lower() for line in parsed.packages}
    more = [name for name in packages if name.lower() not in have]
    if parsed.interpreter or not more:
        return specification
    listed: list[Any] = [f"python={parsed.python}"] if parsed.python else []
    conda = {"dependencies": [*listed, {"pip": [*parsed.packages, *more]}]}
    found: dict[str, Any] = {"name": f"{parsed.name} with {', '.join(more)}", "conda_file": conda}
    if parsed.variables:
        found["environmentVariables"] = dict(parsed.variables)
    return found
