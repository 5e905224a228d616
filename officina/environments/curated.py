"""The environments that exist from the start: committed locks, and Azure's names for them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from officina.errors import StudioError

LOCKS = Path(__file__).with_name("locks")
DEFAULT = "sklearn-1.5"


@dataclass(frozen=True)
class Curated:
    """A named environment; without a lock it is the bare interpreter."""

    name: str
    python: str
    description: str
    aliases: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    # Names that begin so are aliases too: Azure has one for each version and base image.
    prefixes: tuple[str, ...] = ()
    # The interpreter that is used as it is; nothing is built then.
    interpreter: str = ""

    def lock(self) -> str:
        """Return the committed lock: pinned versions with hashes, no index named."""
        return (LOCKS / f"{self.name}.txt").read_text() if self.packages else ""


# The lock is `packages` resolved by `officina.environments.build.compile_lock(...,
# universal=True)`.
CURATED = {
    one.name: one
    for one in (
        Curated(
            name="sklearn-1.5",
            python="3.11",
            description="scikit-learn 1.5 with pandas 1.5, MLflow 2.18 and MLTable on Python 3.11",
            aliases=(
                "AzureML-sklearn-1.5",
                # Azure's registry has one for each version; this is the one that is built here.
                "sklearn-0.24",
                "sklearn-1.0",
                "sklearn-1.1",
                "AzureML-sklearn-1.0-ubuntu20.04-py38-cpu",
                "AzureML-sklearn-0.24-ubuntu18.04-py37-cpu",
            ),
            prefixes=("azureml-sklearn-",),
            packages=(
                "matplotlib",
                "mlflow==2.18.0",
                "mltable",
                "numpy==1.26.4",
                "pandas==1.5.3",
                "pip",
                "psutil",
                "pyarrow",
                "scikit-learn==1.5.2",
                "scipy",
                "tqdm",
            ),
        ),
        Curated(
            name="minimal",
            python="3.11",
            description="the bare Python 3.11 interpreter",
            aliases=("AzureML-Minimal", "AzureML-Minimal-Inference"),
            prefixes=("azureml-minimal-",),
        ),
        Curated(
            name="current",
            python="3.11",
            description="the studio's own stack as it is: nothing is built",
            aliases=("AzureML-Designer",),
            prefixes=("azureml-designer-",),
            interpreter="current",
        ),
    )
}

_TAIL = r"/environments/(?P<name>[^/]+)(?:/(?:labels|versions)/[^/]+)?/?"
_FORMS = (
    re.compile(rf"azureml://registries/[^/]+{_TAIL}"),
    re.compile(rf"azureml:/(?:/.*)?{_TAIL}"),
    re.compile(rf"(?:azureml:)?/?subscriptions/.*{_TAIL}"),
    re.compile(r"(?:azureml:)?(?P<name>[^:@/\s]+)(?:[:@][^:@/\s]+)?"),
)


def curated_names() -> tuple[str, ...]:
    """Return the names of the environments that need no specification."""
    return tuple(CURATED)


def find(reference: str) -> Curated:
    """Return the curated environment that a reference names, whatever its version or label."""
    name = _name(reference.strip())
    known = {alias.lower(): one for one in CURATED.values() for alias in (one.name, *one.aliases)}
    found = known.get(name.lower()) or _by_prefix(name.lower())
    if found is None:
        near = difflib.get_close_matches(name.lower(), known, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise StudioError(
            f"There is no environment {name!r}.",
            hint=f"{guess}Known ones: {', '.join(CURATED)}. Or give a conda_file with packages.",
            where="environment",
            code="not_found",
        )
    return found


def _by_prefix(name: str) -> Curated | None:
    return next((one for one in CURATED.values() if name.startswith(one.prefixes)), None)


def _name(reference: str) -> str:
    found = (form.fullmatch(reference) for form in _FORMS)
    return next((match["name"] for match in found if match), reference)
