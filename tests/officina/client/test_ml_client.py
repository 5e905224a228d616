from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from officina import AmlCompute, Data, Environment, MLClient, command, load_component, pipeline
from tests.running import shared_studio

pytestmark = [pytest.mark.live, pytest.mark.clients]


@pytest.fixture(scope="module")
def ml() -> Iterator[MLClient]:
    studio = shared_studio()
    with MLClient(studio.url, studio.token, studio.workspace) as ml:
        yield ml


def test_a_script_registers_runs_and_fetches(ml: MLClient, tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("seven")
    data = ml.create_or_update(Data(name="sdk-data", path=tmp_path / "d.txt", type="uri_file"))
    assert data.version == "1"
    environment = {"conda_file": {"dependencies": ["python=3.11"]}, "image": "x"}
    (tmp_path / "c.yml").write_text(
        "name: copy\ntype: command\ninputs: {f: {type: uri_file}}\noutputs: {o: {type: uri_folder}}\n"
        "environment: {conda_file: {dependencies: [python=3.11]}, image: x}\n"
        "command: cp ${{inputs.f}} ${{outputs.o}}/copied.txt\n"
    )
    copy = load_component(tmp_path / "c.yml")
    say = command(
        command="cat ${{inputs.d}}/copied.txt", environment=environment,
        inputs={"d": {"type": "uri_folder"}},
    )  # fmt: skip

    @pipeline(experiment_name="sdk")
    def both(f: object) -> object:
        first = copy(f=f)
        last = say(d=first.outputs.o)
        assert last is not None
        return {"kept": first.outputs.o}

    job = ml.jobs.create_or_update(both(f={"type": "uri_file", "path": "azureml:sdk-data:1"}))
    text: list[str] = []
    ended = ml.jobs.stream(job.name, text.append)
    assert ended.status == "Completed"
    assert "last | seven" in "".join(text)
    ml.jobs.download(job.name, download_path=tmp_path / "down", output_name="kept")
    assert next((tmp_path / "down").rglob("copied.txt")).read_text() == "seven"
    assert {step.step for step in ml.jobs.list(parent_job_name=job.name)} == {"first", "last"}


def test_assets_and_computes_have_their_operations(ml: MLClient) -> None:
    made = ml.environments.create_or_update(
        Environment(name="sdk-env", image="x", conda_file={"dependencies": ["python=3.11"]})
    )
    assert ml.environments.get("sdk-env", label="latest").version == made.version
    ml.environments.archive("sdk-env")
    assert "sdk-env" not in [each.name for each in ml.environments.list()]
    ml.compute.begin_create_or_update(AmlCompute(name="sdk-cluster", max_instances=2))
    assert ml.compute.get("sdk-cluster").max_instances == 2
    ml.compute.begin_update(AmlCompute(name="sdk-cluster", max_instances=3))
    assert ml.compute.get("sdk-cluster").max_instances == 3
    assert "sdk-cluster" in [each.name for each in ml.compute.list(compute_type="amlcompute")]
    instances = ml.compute.list(compute_type="computeinstance")
    assert "sdk-cluster" not in [each.name for each in instances]
    assert not list(ml.compute.list_nodes("sdk-cluster"))
    assert "Standard_DS3_v2" in [each.name for each in ml.compute.list_sizes()]
    assert list(ml.compute.list_usage())
    ml.compute.begin_delete("sdk-cluster")


def test_jobs_are_changed_and_hidden_and_places_are_listed(ml: MLClient) -> None:
    job = ml.jobs.create_or_update(command(command="echo hi", environment="azureml:minimal@latest"))
    assert ml.jobs.update(job.name, tags={"kept": "yes"}).tags == {"kept": "yes"}
    ml.jobs.archive(job.name)
    assert job.name not in [each.name for each in ml.jobs.list()]
    ml.jobs.restore(job.name)
    assert job.name in [each.name for each in ml.jobs.list()]
    assert ml.datastores.get_default().name == "workspaceblobstore"
    assert ml.datastores.get("workspaceblobstore").builtIn
    assert ml.workspaces.get().name in [each.name for each in ml.workspaces.list()]
