"""PostgreSQL or Redis is restarted below a working studio: jobs go on, and pages come back by themselves."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import jobs, servers
from tests.running import Studio, start_studio

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    # On servers of its own: those that CI names for the others make no difference.
    pytest.mark.clients,
    pytest.mark.skipif(
        not (servers.postgres_folder() and servers.redis_program()),
        reason="needs the programs of PostgreSQL and Redis",
    ),
]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Return a folder that PostgreSQL's own user may enter, which those of pytest are not."""
    made = Path(tempfile.mkdtemp(prefix="officina-servers-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[servers.Postgres]:
    (folder / "postgres").mkdir()
    server = servers.Postgres(folder / "postgres")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def redis(folder: Path) -> Iterator[servers.Redis]:
    (folder / "redis").mkdir()
    server = servers.Redis(folder / "redis")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def studio(postgres: servers.Postgres, redis: servers.Redis) -> Iterator[Studio]:
    with start_studio("restarted", DATABASE_URL=postgres.url, REDIS_URL=redis.url) as running:
        yield running


@pytest.mark.parametrize("which", ["postgres", "redis"])
def test_a_restart_costs_no_run_and_no_line(
    studio: Studio, which: str, request: pytest.FixtureRequest
) -> None:
    server: servers.Postgres | servers.Redis = request.getfixturevalue(which)
    working = jobs.submit(studio, jobs.GOING_ON)
    jobs.printed(studio, working, b"line-3\n")
    # More than there are slots: some wait in the queue while the server is away.
    waiting = [jobs.submit(studio, "echo late") for _ in range(4)]
    server.stop()
    part = {"postgres": "database", "redis": "broker"}[which]
    jobs.until(f"the {part} is missed", lambda: part in missing(studio))
    server.start()
    before = (jobs.folder(studio, working) / "log.txt").stat().st_size
    jobs.until("the job goes on", lambda: len(jobs.log(studio, working)) > before)
    jobs.let_end(studio, working)
    for guid in [*waiting, jobs.submit(studio, "echo new")]:
        run = jobs.ended(studio, guid)
        assert (run["status"], run["attempt"]) == ("Completed", 1), run
    jobs.until("all parts are heard of", lambda: studio.health()[0] == 200)
    status, page = studio.get(f"/w/{studio.workspace}/runs/{working}/", token=False)
    assert status == 200 and page.lstrip().startswith(b"<!doctype html>")


def missing(studio: Studio) -> list[str]:
    """Return the parts that the studio says it misses."""
    found = studio.health()[1].get("failing", [])
    assert isinstance(found, list)
    return found
