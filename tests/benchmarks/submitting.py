"""Measure what it costs to submit a job while others wait: `python tests/benchmarks/submitting.py [queued ...]`.

The queue is full: every slot is held, and as many runs as asked for (default: 0, 1000 and 10000) wait, of ten people.
Prints p50 and p95 in ms of wall and of CPU time, and the statements of one submit. With DATABASE_URL it uses a
database of its own on that PostgreSQL server; else SQLite in a temporary home. `--statements` lists what took longest.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from typing import Any

from django.test.utils import CaptureQueriesContext
from lists import DATABASE, HOME, SERVER, _on_server, cpu, people  # beside this file

QUEUED = (0, 1_000, 10_000)
ROUNDS, BATCH, SLOTS = 100, 2_000, 4
DOCUMENT = {
    "jobType": "Command", "command": "python a.py --lr ${{inputs.lr}}", "environmentId": "sklearn-1.5",
    "inputs": {"lr": {"jobInputType": "literal", "value": 0.1}}, "tags": {"team": "a"},
}  # fmt: skip


def main() -> None:
    """Fill, submit, print, and leave nothing behind."""
    import shutil
    from urllib.parse import urlsplit, urlunsplit

    asked = [int(word) for word in sys.argv[1:] if word.isdigit()] or list(QUEUED)
    if SERVER:
        _on_server("CREATE DATABASE {}")
        os.environ["DATABASE_URL"] = urlunsplit(urlsplit(SERVER)._replace(path=f"/{DATABASE}"))
    try:
        measure(asked, explain="--statements" in sys.argv)
    finally:
        from django.db import connections

        connections.close_all()
        if SERVER:
            _on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        shutil.rmtree(HOME, ignore_errors=True)


def measure(asked: list[int], *, explain: bool) -> None:
    """Print one line for each length of the queue."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    settings.ALLOWED_HOSTS = ["*"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    # No browser listens, and no broker runs.
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    call_command("migrate", verbosity=0)
    client, lab, owner = people()
    hold(lab, owner)
    print(f"{connection.vendor}, load {os.getloadavg()[0]:.1f}; ms; {ROUNDS} submits each")
    for count in sorted(asked):
        queue(lab, count)
        submit(client, -1)  # the first one gives those far behind their reason
        if connection.vendor == "postgresql":  # where autovacuum does it
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        times = [submit(client, number) for number in range(ROUNDS)]
        with CaptureQueriesContext(connection) as caught:
            submit(client, ROUNDS)
        wall, own = (sorted(each) for each in zip(*times, strict=True))
        print(
            f"{count:6} queued  wall p50 {wall[ROUNDS // 2]:6.1f} p95 {wall[ROUNDS * 95 // 100]:6.1f}"
            f"  CPU p50 {own[ROUNDS // 2]:6.1f} p95 {own[ROUNDS * 95 // 100]:6.1f}"
            f"  statements {len(caught)}"
        )
        if explain:
            for query in sorted(caught.captured_queries, key=lambda q: -float(q["time"]))[:8]:
                print(f"    {query['time']} s  {query['sql'][:400]}")


def hold(lab: Any, owner: Any) -> None:
    """Make a node whose every slot is held."""
    from django.utils import timezone

    from studio.compute.models import Node
    from studio.compute.services import create_local_compute
    from studio.runs.models import Experiment, Run

    now = timezone.now()
    Node.objects.create(name="here", pool="local", slots=SLOTS, seen=now + timedelta(days=1))
    kept = Experiment.objects.create(workspace=lab, name="held")
    for number in range(SLOTS):
        Run.objects.create(
            workspace=lab, experiment=kept, name=f"held-{number}", kind=Run.COMMAND, owner=owner,
            status="Running", compute=create_local_compute(lab), lease_until=now + timedelta(days=1),
        )  # fmt: skip


def queue(lab: Any, count: int) -> None:
    """Bring the number of waiting runs to that many."""
    from django.utils import timezone

    from studio.compute.services import create_local_compute
    from studio.runs.models import Experiment, Run
    from studio.workspaces.models import Membership, User

    people = [User.objects.get_or_create(email=f"p{n}@example.org")[0] for n in range(10)]
    for person in people:
        Membership.objects.get_or_create(workspace=lab, user=person, defaults={"role": "Owner"})
    row, target = Experiment.objects.get(name="held"), create_local_compute(lab)
    now, there = timezone.now(), Run.objects.filter(status="Queued").count()
    Run.objects.bulk_create(
        (
            Run(
                workspace=lab, experiment=row, name=f"waits-{at}", kind=Run.COMMAND, owner=people[at % 10],
                status="Queued", queued=now - timedelta(seconds=at), compute=target, document=DOCUMENT,
            )
            for at in range(there, count)
        ),
        batch_size=BATCH,
    )  # fmt: skip


def submit(client: Any, number: int) -> tuple[float, float]:
    """Submit one job as a client does; return the milliseconds of wall and of CPU time."""
    body = {"document": {**DOCUMENT, "displayName": f"submit {number}"}}
    begun, used = time.perf_counter(), cpu()
    answer = client.post("/api/v1/workspaces/lab/runs", body, content_type="application/json")
    taken = 1000 * (time.perf_counter() - begun), 1000 * (cpu() - used)
    assert answer.status_code == 201, answer.content[:500]
    return taken


if __name__ == "__main__":
    main()
