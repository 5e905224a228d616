"""Measure folders: 100,000 files registered as data, and again with one of them changed.

Run it alone: `python tests/benchmarks/assets.py`. It makes a home of its own below the temporary folder, removes it,
and prints one line a figure.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
HOME = Path(tempfile.mkdtemp(prefix="officina-bench-"))
os.environ |= {"OFFICINA_HOME": str(HOME), "DJANGO_SETTINGS_MODULE": "studio.settings"}
FILES, ASSETS, ROUNDS = 100_000, 100_000, 15


def main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    from django.test import Client

    from studio.workspaces.models import Membership, User, Workspace

    user = User.objects.create_user("olga@example.org", "correct horse battery")
    lab = Workspace.objects.create(name="lab")
    Membership.objects.create(workspace=lab, user=user, role="Owner")
    client = Client()
    client.force_login(user)
    wanted = sys.argv[1:] or ["folders", "lists"]
    if "folders" in wanted:
        folders(lab)
    if "lists" in wanted:
        lists(lab, client)


def folders(lab: object) -> None:
    """Register a folder of 100,000 small files, change one, and register it again."""
    from registry import services as registry
    from registry.models import StoredBlob

    source = HOME / "folder"
    for at in range(FILES):
        path = source / f"{at // 1000:03d}" / f"{at}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"line {at}\n")
    for label in ("first version", "new version, one file changed"):
        begun, known = time.perf_counter(), StoredBlob.objects.count()
        tree = registry.store().put_tree(source)
        read = time.perf_counter()
        registry.register(workspace=lab, kind="data", name="big", document={}, tree=tree)
        ended = time.perf_counter()
        new = StoredBlob.objects.count() - known
        print(
            f"{label}: {ended - begun:.1f} s (files {read - begun:.1f}, rows {ended - read:.1f}), {new:,} new blobs"
        )
        (source / "000" / "7.txt").write_text("changed\n")


if __name__ == "__main__":
    main()
