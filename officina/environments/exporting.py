"""An environment written down for elsewhere: lock, conda file, Dockerfile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from officina.environments import build, curated, interpreters, resolving, spec
from officina.errors import StudioError
from officina.packaging import locking

FORMS = {"lock": "requirements.lock.txt", "conda": "conda.yaml", "dockerfile": "Dockerfile"}
# The studio itself is on no index; the others come with every virtual environment.
NO_PART = frozenset({"officina", "pip", "setuptools"})
BASE_IMAGE = "python:{python}-slim"


def export(specification: str | Mapping[str, Any], *, form: str, cache: Path) -> str:
    """Return the text of an environment as `lock`, `conda` or `dockerfile`; exact versions in each."""
    if form not in FORMS:
        raise StudioError(
            f"{form!r} is not a form of an environment.", hint=f"Known: {', '.join(FORMS)}.", where="form"
        )  # fmt: skip
    wanted = spec.parse(specification)
    python = build.interpreter(wanted.python, lambda _: None)
    version = wanted.python or build.short_version(python)
    lock = _lock(specification, wanted, python, cache)
    if form == "lock":
        return f"# {wanted.name}, Python {version}\n{lock}"
    pins = list(build.pins_of(lock))
    if form == "conda":
        listed: list[Any] = [f"python={version}", "pip", *([{"pip": pins}] if pins else [])]
        document: dict[str, Any] = {"name": wanted.name, "channels": ["conda-forge"]}
        document["dependencies"] = listed
        if wanted.variables:
            document["variables"] = dict(wanted.variables)
        return str(yaml.safe_dump(document, sort_keys=False))
    return _dockerfile(wanted, version, lock)


def _lock(
    specification: str | Mapping[str, Any], wanted: spec.Requirements, python: Path, cache: Path
) -> str:
    if wanted.interpreter:
        pins = interpreters.packages(interpreters.find(wanted.interpreter))
        return locking.with_hashes(pin for pin in pins if pin.split("==")[0] not in NO_PART)[0]
    if wanted.curated is not None:
        return curated.CURATED[wanted.curated].lock()
    found = resolving.ask(specification, cache=cache)
    if found.error is not None:
        raise found.error
    if found.state is not resolving.State.READY:
        raise StudioError(
            f"The packages of {wanted.name} are being resolved.",
            hint="Try again in a moment.",
            code="unavailable",
        )
    return build.lock_of(wanted, python=python, cache=cache, log=lambda _: None)


def _dockerfile(wanted: spec.Requirements, version: str, lock: str) -> str:
    lines = [f"FROM {wanted.image or BASE_IMAGE.format(python=version)}"]
    for name, value in wanted.variables:
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'ENV {name}="{quoted}"')
    if lock:
        hashed = " --require-hashes" if "--hash=" in lock else ""
        lines += [
            "COPY <<'LOCK' /tmp/requirements.lock.txt",
            lock.rstrip("\n"),
            "LOCK",
            f"RUN pip install --no-cache-dir{hashed} -r /tmp/requirements.lock.txt",
        ]
    return "# syntax=docker/dockerfile:1\n" + "\n".join(lines) + "\n"
