"""A job's own thin layer over a shared environment, so that `pip install` inside a command works.

The shared environment is read-only. The layer is a virtual environment of three files that sees all
of it through a path file; pip counts what lies there as "outside", leaves it alone, and puts newer
versions into the layer, where they win.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Run by name, pip's own script would start the shared interpreter and try to write there.
_PIP = '#!/bin/sh\nexec "{python}" -m pip --disable-pip-version-check "$@"\n'


def overlay(python: Path, folder: Path) -> Path:
    """Make the layer in `folder` over the environment of `python`; return the layer's interpreter.

    The job must be able to read the shared environment and to write `folder`.
    """
    shared = python.parent.parent
    base = python.resolve()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = next(iter(shared.glob("lib/python*/site-packages")), shared / "lib" / version)
    own = folder / packages.relative_to(shared)
    own.mkdir(parents=True, exist_ok=True)
    (own / "_shared.pth").write_text(f"{packages}\n")
    (folder / "pyvenv.cfg").write_text(
        f"home = {base.parent}\ninclude-system-site-packages = false\n"
    )
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("python", "python3", own.parent.name):
        (programs / name).symlink_to(base)
    for name in ("pip", "pip3"):
        script = programs / name
        script.write_text(_PIP.format(python=programs / "python"))
        script.chmod(0o755)
    return programs / "python"
