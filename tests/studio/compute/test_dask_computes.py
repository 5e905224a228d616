"""A run on a Dask compute finds the scheduler, and joblib's dask backend works on its workers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import Studio
from tests.studio.compute.test_a_machine_joins import call, command_job, wait_for

pytestmark = [pytest.mark.clients, pytest.mark.live, pytest.mark.slow]
JOB = (
    "from dask.distributed import Client; import joblib; client = Client()\n"
    "with joblib.parallel_backend('dask'):\n"
    "    print('sum', sum(joblib.Parallel()(joblib.delayed(abs)(-n) for n in range(5))))\n"
    "print('at', client.scheduler.address)\n"
)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp",
        host="tcp://127.0.0.1",
    ) as cluster:  # fmt: skip
        yield cluster.scheduler_address


def test_a_job_spreads_over_the_workers_of_its_dask_compute(
    studio_server: Studio, scheduler: str
) -> None:
    body = {"kind": "dask", "config": {"scheduler": scheduler}}
    call(studio_server, "PUT", "computes/daskers", body)
    job = command_job("daskers", f'python -c "{JOB}"') | {"environmentId": "azureml:current@latest"}
    run = call(studio_server, "POST", "runs", {"document": job})

    def ended() -> dict[str, str] | None:
        seen: dict[str, str] = call(studio_server, "GET", f"runs/{run['guid']}")
        return seen if seen["status"] in {"Completed", "Failed", "Canceled"} else None

    seen = wait_for(ended, within=300)
    path = f"/api/v1/workspaces/{studio_server.workspace}/runs/{run['guid']}/log?download=1"
    log = studio_server.get(path)[1].decode()
    assert seen["status"] == "Completed", log
    assert "sum 10" in log
    assert f"at {scheduler}" in log
