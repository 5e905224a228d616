"""Measure folders: 100,000 files registered as data, and again with one of them changed.

Run it alone: `python tests/benchmarks/assets.py`. It makes a home of its own below the temporary folder, removes it,
and prints one line a figure.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
HOME = Path(tempfile.mkdtemp(prefix="officina-bench-"))
os.environ |= {"OFFICINA_HOME": str(HOME), "DJANGO_SETTINGS_MODULE": "studio.settings"}
FILES = 100_000


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from studio.workspaces.models import Workspace

    try:
        folders(Workspace.objects.create(name="lab"))
    finally:
        shutil.rmtree(HOME, ignore_errors=True)


def folders(lab: object) -> None:
    """Register a folder of 100,000 small files, change one, and register it again."""
    from registry import services as registry
    from registry.models import StoredBlob

    source = HOME / "folder"
    for at in range(FILES):
        path = source / f"{at // 1000:03d}" / f"{at}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"line {at}\n")
    print(f"{FILES:,} files, load {os.getloadavg()[0]:.1f}")
    for label in ("first version", "new version, one file changed"):
        begun, worked, known = time.perf_counter(), time.process_time(), StoredBlob.objects.count()
        tree = registry.store().put_tree(source)
        read = time.perf_counter()
        registry.register(workspace=lab, kind="data", name="big", document={}, tree=tree)
        ended = time.perf_counter()
        new = StoredBlob.objects.count() - known
        print(f"{label}: {time.process_time() - worked:.1f} s CPU, {ended - begun:.1f} s", end=" ")
        print(f"(files {read - begun:.1f}, rows {ended - read:.1f}), {new:,} new blobs", flush=True)
        (source / "000" / "7.txt").write_text("changed\n")


if __name__ == "__main__":
    main()
