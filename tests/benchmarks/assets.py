"""Measure assets: a folder of 100,000 files with one change, and lists of 100,000 assets.

Run it alone: `python tests/benchmarks/assets.py [folders] [lists]`. It makes a home of its own below the temporary
folder and prints one line a figure.
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


def lists(lab: object, client: object) -> None:
    """Fill the tables with 100,000 assets and read their lists as people do."""
    from registry.models import Asset, AssetTag, AssetVersion

    for begin in range(0, ASSETS, 5000):
        rows = Asset.objects.bulk_create(
            Asset(workspace=lab, kind="model", name=f"model-{at:06d}", last_number=2)
            for at in range(begin, begin + 5000)
        )
        AssetVersion.objects.bulk_create(
            AssetVersion(
                asset=row, version=str(n), number=n, size=1000, tags={"team": f"t{row.pk % 50}"}
            )
            for row in rows
            for n in (1, 2)
        )
        AssetTag.objects.bulk_create(
            AssetTag(asset=row, key="team", value=f"t{row.pk % 50}") for row in rows
        )
    paths = {
        "page": "/w/lab/models/",
        "page 1500": "/w/lab/models/?page=1500",
        "by name": "/w/lab/models/?sort=name",
        "words": "/w/lab/models/?q=0777",
        "tag": "/w/lab/models/?tag=team%3Dt7",
        "api": "/api/v1/workspaces/lab/models",
        "api, tag": "/api/v1/workspaces/lab/models?tag=team=t7",
        "api versions": "/api/v1/workspaces/lab/models/model-077777/versions",
        "search": "/w/lab/search.json?q=model-0777",
    }
    for label, path in paths.items():
        times = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            answer = client.get(path)  # type: ignore[attr-defined]
            times.append(1000 * (time.perf_counter() - begun))
            assert answer.status_code == 200, (path, answer.status_code)
        p95 = sorted(times)[int(0.95 * (ROUNDS - 1))]
        print(
            f"{ASSETS:,} models, {label}: median {statistics.median(times):.0f} ms, p95 {p95:.0f} ms"
        )


if __name__ == "__main__":
    main()
