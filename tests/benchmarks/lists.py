"""Measure lists of 100,000 assets and 100,000 runs through page and API: p50 and p95 in ms of CPU time.

    python tests/benchmarks/lists.py [--explain] [--rows 100000] [words of the paths to ask]

With DATABASE_URL it makes and drops a database of its own on that PostgreSQL server; else SQLite in a temporary
home. CPU time is this process's and, on PostgreSQL, that of the server's process for our connection.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
HOME = Path(tempfile.mkdtemp(prefix="officina-bench-"))
os.environ |= {"OFFICINA_HOME": str(HOME), "DJANGO_SETTINGS_MODULE": "studio.settings"}
SERVER = os.environ.get("DATABASE_URL", "")
DATABASE = f"officina_bench_{os.getpid()}"
ROUNDS, BATCH = 15, 5000
TICK = os.sysconf("SC_CLK_TCK")
API = "/api/v1/workspaces/lab"
RUN_SORTS = (
    "name", "-name", "status", "-status", "experiment", "kind", "owner", "created", "queued", "-queued", "compute",
    "-compute", "metric:loss", "-metric:loss", "param:lr", "-param:lr",
)  # fmt: skip
RUN_ORDERS = ("created", "-name", "status", "-metric.loss")
PATHS = {
    "models, page": "/w/lab/models/",
    "models, page 1500": "/w/lab/models/?page=1500",
    "models, by name": "/w/lab/models/?sort=name",
    "models, words": "/w/lab/models/?q=0777",
    "models, no such word": "/w/lab/models/?q=zzz",
    "models, tag": "/w/lab/models/?tag=team%3Dt7",
    "models, archived": "/w/lab/models/?archived=archived",
    "models, all": "/w/lab/models/?archived=all",
    "models, API": f"{API}/models",
    "models, API page 1500": f"{API}/models?page=1500",
    "models, API by name": f"{API}/models?order=name",
    "models, API tag": f"{API}/models?tag=team=t7",
    "models, API words": f"{API}/models?q=0777",
    "assets, API words": f"{API}/assets?q=0777",
    "versions, API": f"{API}/models/model-077777/versions",
    "versions, page": "/w/lab/models/model-077777/",
    "search": "/w/lab/search.json?q=model-0777",
    "runs, page": "/w/lab/runs/",
    "runs, page 1500": "/w/lab/runs/?page=1500",
    "runs, failed": "/w/lab/runs/?status=Failed",
    "runs, words": "/w/lab/runs/?q=0777",
    "runs, no such word": "/w/lab/runs/?q=zzz",
    "runs, by name": "/w/lab/runs/?sort=name",
    "runs, experiment": "/w/lab/runs/?experiment=e7",
    "runs, archived": "/w/lab/runs/?archived=archived",
    "runs, API": f"{API}/runs",
    "runs, API page 1500": f"{API}/runs?page=1500",
    "runs, API words": f"{API}/runs?search=0777",
    "runs, API failed": f"{API}/runs?status=Failed",
    **{f"runs, sort {by}": f"/w/lab/runs/?sort={by}" for by in RUN_SORTS},
    **{f"runs, sort {by}, page 1500": f"/w/lab/runs/?sort={by}&page=1500" for by in RUN_SORTS},
    **{f"runs, API order {by}": f"{API}/runs?order={by}&page=1500" for by in RUN_ORDERS},
    "runs, metric filter": "/w/lab/runs/?metric=loss%20%3E%200.99",
    "runs, owner": "/w/lab/runs/?owner=olga@example.org",
    "runs, parameter": "/w/lab/runs/?q=param:lr%3D7",
    "data, page": "/w/lab/data/",
    "experiments, page": "/w/lab/experiments/",
    "experiments, API": f"{API}/experiments",
    "experiment": "/w/lab/experiments/e7/",
    "activity, page": "/w/lab/activity/",
    "activity, page 1500": "/w/lab/activity/?page=1500",
    "audit, page": "/w/lab/activity/?show=audit",
    "audit, page 1500": "/w/lab/activity/?show=audit&page=1500",
    "audit, API": f"{API}/audit",
    "audit, API page 1500": f"{API}/audit?page=1500",
}


def main() -> None:
    """Fill, ask, print, and leave nothing behind."""
    given = argparse.ArgumentParser()
    given.add_argument("--explain", action="store_true", help="print the plans of slow queries")
    given.add_argument("--rows", type=int, default=100_000)
    given.add_argument("words", nargs="*")
    asked = given.parse_args()
    if SERVER:
        _on_server("CREATE DATABASE {}")
        os.environ["DATABASE_URL"] = urlunsplit(urlsplit(SERVER)._replace(path=f"/{DATABASE}"))
    try:
        measure(asked.rows, asked.words, explain=asked.explain)
    finally:
        from django.db import connections

        connections.close_all()
        if SERVER:
            _on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        shutil.rmtree(HOME, ignore_errors=True)


def _on_server(statement: str) -> None:
    import psycopg
    from psycopg import sql

    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(DATABASE)))


def measure(rows: int, words: list[str], *, explain: bool) -> None:
    """Print one line a list."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    settings.ALLOWED_HOSTS = ["*"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    call_command("migrate", verbosity=0)
    client, lab, user = people()
    fill_assets(lab, rows)
    fill_runs(lab, user, rows)
    fill_activity(lab, user, rows)
    if connection.vendor == "postgresql":  # where autovacuum does it; SQLite goes without
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    print(f"{rows:,} assets and runs on {connection.vendor}, load {os.getloadavg()[0]:.1f}; CPU ms")
    for label, path in PATHS.items():
        if not words or any(word in label for word in words):
            ask(client, label, path, explain=explain)


def people() -> tuple[Any, Any, Any]:
    """Make an owner and a workspace, and sign in."""
    from django.test import Client

    from studio.workspaces.models import Membership, User, Workspace

    user = User.objects.create_user("olga@example.org", "correct horse battery")
    lab = Workspace.objects.create(name="lab")
    Membership.objects.create(workspace=lab, user=user, role="Owner")
    client = Client()
    client.force_login(user)
    return client, lab, user


def fill_assets(lab: Any, count: int) -> None:
    """Make models of two versions and one tag each; one in ten is archived."""
    from registry.models import Asset, AssetTag, AssetVersion

    for begin in range(0, count, BATCH):
        rows = Asset.objects.bulk_create(
            Asset(workspace=lab, kind="model", name=f"model-{at:06d}", last_number=2, archived=at % 10 == 3)
            for at in range(begin, min(begin + BATCH, count))
        )  # fmt: skip
        AssetVersion.objects.bulk_create(
            AssetVersion(asset=row, version=str(n), number=n, size=1000, tags={"team": "a"})
            for row in rows
            for n in (1, 2)
        )
        AssetTag.objects.bulk_create(
            AssetTag(asset=row, key="team", value=f"t{row.pk % 50}") for row in rows
        )


def fill_runs(lab: Any, user: Any, count: int) -> None:
    """Make runs of 20 experiments; one in seven failed, one in ten is archived."""
    from datetime import timedelta

    from django.utils import timezone

    from studio.runs.models import Experiment, MetricSeries, Run, RunTag

    experiments = [Experiment.objects.create(workspace=lab, name=f"e{n}") for n in range(20)]
    now = timezone.now()
    archived = {"archived"} & {field.name for field in Run._meta.fields}
    for begin in range(0, count, BATCH):
        Run.objects.bulk_create(
            Run(
                workspace=lab, experiment=experiments[at % 20], name=f"run-{at:06d}", kind="command", owner=user,
                display_name=f"training {at:06d}", status="Failed" if at % 7 == 0 else "Completed",
                created=now - timedelta(seconds=at), **dict.fromkeys(archived, at % 10 == 3),
            )
            for at in range(begin, min(begin + BATCH, count))
        )  # fmt: skip
    keys = list(Run.objects.values_list("pk", flat=True))
    RunTag.objects.bulk_create(
        (RunTag(run_id=key, kind="param", key="lr", value=str(key % 50)) for key in keys),
        batch_size=BATCH,
    )
    MetricSeries.objects.bulk_create(
        (
            MetricSeries(run_id=key, key="loss", n=1, last_value=key % 9973 / 9973, last_step=0)
            for key in keys
        ),
        batch_size=BATCH,
    )


def fill_activity(lab: Any, user: Any, count: int) -> None:
    """Make events and audit entries, a second apart."""
    from datetime import timedelta

    from django.utils import timezone

    from studio.workspaces.models import AuditEntry, Event

    now = timezone.now()
    for begin in range(0, count, BATCH):
        times = [now - timedelta(seconds=at) for at in range(begin, min(begin + BATCH, count))]
        AuditEntry.objects.bulk_create(
            AuditEntry(workspace=lab, actor=user, actor_name=user.email, action="run.cancel", target="x", created=at)
            for at in times
        )  # fmt: skip
        Event.objects.bulk_create(
            Event(workspace=lab, type="run.completed", subject="run x", created=at) for at in times
        )


def ask(client: Any, label: str, path: str, *, explain: bool) -> None:
    """Ask for one list again and again, and print its figures."""
    taken = []
    for _ in range(ROUNDS):
        begun = cpu()
        answer = client.get(path)
        taken.append(1000 * (cpu() - begun))
        assert answer.status_code == 200, (path, answer.status_code, answer.content[:300])
    taken.sort()
    p50, p95 = taken[len(taken) // 2], taken[int(0.95 * (len(taken) - 1))]
    print(
        f"{label:28} p50 {p50:6.0f}  p95 {p95:6.0f}{'  (over 200)' if p95 > 200 else ''}",
        flush=True,
    )
    if explain and p95 > 100:
        plans(client, path)


def cpu() -> float:
    """Return the seconds of processor time that we and our PostgreSQL process have used."""
    from django.db import connection

    own = time.process_time()
    if connection.vendor != "postgresql":
        return own
    connection.ensure_connection()
    facts = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text()
    user, system = facts.rpartition(")")[2].split()[11:13]
    return own + (int(user) + int(system)) / TICK


def plans(client: Any, path: str) -> None:
    """Print the slow queries of a path and how the database goes about them."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as caught:
        client.get(path)
    verb = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN (ANALYZE, BUFFERS)"
    for query in caught.captured_queries:
        if float(query["time"]) < 0.02 or not query["sql"].startswith("SELECT"):
            continue
        print(f"    {query['time']} s  {query['sql'][:600]}")
        with connection.cursor() as cursor:
            cursor.execute(f"{verb} {query['sql'].replace('%', '%%')}")
            for row in cursor.fetchall():
                print("       ", row[-1])


if __name__ == "__main__":
    main()
