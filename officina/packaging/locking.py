"""The exact packages that a model needs, read from the environment that the job runs in."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata as metadata
import re
import sys
from collections.abc import Iterable
from pathlib import Path

try:
    _requirements = importlib.import_module("packaging.requirements")
except ImportError:  # an environment without it has pip, which brings its own
    _requirements = importlib.import_module("pip._vendor.packaging.requirements")

# What pickles name, and the package that brings it.
PACKAGES = {
    "sklearn": "scikit-learn", "yaml": "PyYAML", "PIL": "pillow", "cv2": "opencv-python-headless",
    "skimage": "scikit-image", "dateutil": "python-dateutil",
}  # fmt: skip
OWN_LOCKS = ("requirements.txt", "requirements-extras.txt", "requirements-dev.txt")
# In every Python, or ours and sent along as source.
NOT_PACKAGES = frozenset({"officina", "builtins", "__builtin__", "copyreg", "copy_reg", "__main__"})


class NotInstalled(ValueError):
    """The model needs a package that its environment lacks."""


def lock_for(modules: Iterable[str]) -> tuple[str, bool]:
    """Return the lock of the packages that provide these modules, and whether it has hashes.

    Every package that they need in turn is pinned to the version installed here. Hashes are those of
    the lock that this environment was built from, where it was built from one.
    """
    pins = _closure(_packages_of(modules))
    return with_hashes([_pin(name, version) for name, version in sorted(pins.items())])


def with_hashes(pins: Iterable[str]) -> tuple[str, bool]:
    """Return a lock of these `name==version`, and whether it has hashes: of all of them, or of none."""
    listed, hashes = list(pins), _hashes_here()
    hashed = bool(listed) and all(pin in hashes for pin in listed)
    lines = [" \\\n    ".join([pin, *hashes[pin]]) if hashed else pin for pin in listed]
    return "".join(f"{line}\n" for line in lines), hashed


def _packages_of(modules: Iterable[str]) -> list[str]:
    provided = metadata.packages_distributions()
    found = []
    for module in sorted(set(modules)):
        top = module.split(".")[0]
        if top in NOT_PACKAGES or _is_standard(top):
            continue
        known = provided.get(top) or [PACKAGES.get(top, top)]
        try:
            found.append(metadata.distribution(known[0]).metadata["Name"])
        except metadata.PackageNotFoundError:
            raise NotInstalled(
                f"The model needs {PACKAGES.get(top, top)}, which its environment lacks. Choose an "
                "environment that has it."
            ) from None
    return found


def _is_standard(module: str) -> bool:
    return module.lstrip("_") in sys.stdlib_module_names or module in sys.stdlib_module_names


def _closure(names: Iterable[str]) -> dict[str, str]:
    pins: dict[str, str] = {}
    waiting = [(name, frozenset[str]()) for name in names]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        key = (_plain(name), extras)
        if key in seen:
            continue
        seen.add(key)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # an optional one that nobody installed: the model worked without
        pins[key[0]] = found.version
        for text in found.requires or ():
            try:
                need = _requirements.Requirement(text)
            except _requirements.InvalidRequirement:
                continue
            contexts = [{"extra": extra} for extra in (extras or {""})]
            if need.marker is None or any(need.marker.evaluate(each) for each in contexts):
                waiting.append((need.name, frozenset(need.extras)))
    return pins


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pin(name: str, version: str) -> str:
    return f"{name}=={version}"


def _hashes_here() -> dict[str, list[str]]:
    """Return `name==version` -> its `--hash` options, of the locks that this environment came from.

    One that the studio built holds its lock; the studio's own was installed from those beside its source.
    """
    # A job may read these files but not list the folder.
    files = [Path(__file__).resolve().parents[2] / name for name in OWN_LOCKS]
    with contextlib.suppress(metadata.PackageNotFoundError, IndexError):
        folder = Path(str(metadata.distribution("pip").locate_file("")))
        files.append(folder.parents[2] / "requirements.txt")
    found: dict[str, list[str]] = {}
    for file in files:
        with contextlib.suppress(OSError):
            found |= hashes_of(file.read_text(encoding="utf-8"))
    return found


def hashes_of(lock: str) -> dict[str, list[str]]:
    """Return `name==version` -> its `--hash` options, of a lock's text."""
    found: dict[str, list[str]] = {}
    pin = ""
    for line in lock.splitlines():
        text = line.strip().rstrip("\\").strip()
        if line[:1].isalnum():
            name, _, version = text.partition(";")[0].strip().partition("==")
            pin = _pin(_plain(name.partition("[")[0]), version)
            found[pin] = []
        elif text.startswith("--hash=") and pin:
            found[pin].append(text)
    return {key: hashes for key, hashes in found.items() if hashes}
