"""Jobs by name: which PUT is a change and which another job; imports; what models tell of their job."""

from __future__ import annotations

from typing import Any

import pytest

from studio.automation.models import Firing, Schedule
from studio.runs.models import Run
from tests.cast import bearer, token_of
from tests.facades.azureml.test_access import LAB, lab, put, sas, signed
from tests.facades.azureml.test_protocol import upload

__all__ = ["lab", "sas", "signed"]
COMMAND = {
    "jobType": "Command", "command": "echo 1", "computeId": "local",
    "environmentId": "azureml:minimal@latest",
}  # fmt: skip


def an_import(source: dict[str, Any], **sink: Any) -> dict[str, Any]:
    """Return what `ml.data.import_data` sends."""
    step = {
        "type": "data_transfer", "task": "import_data", "source": source, "_source": "BUILTIN",
        "componentId": "azureml://registries/azureml/components/import_data_file_system/versions/0.0.1",
        "outputs": {"sink": {"uri": "azureml://datastores/workspaceblobstore/paths/x/${{name}}",
                             "job_output_type": "uri_folder", "name": "weather", **sink}},
    }  # fmt: skip
    return {
        "jobType": "Pipeline", "jobs": {"data_import_weather": step}, "inputs": {}, "outputs": {},
        "settings": {"force_rerun": True}, "experimentName": "data_import_weather",
        "properties": {"azureml.materializationAssetName": "weather"}, "tags": {"who": "me"},
    }  # fmt: skip


def told(answer: Any) -> str:
    return str(answer.json()["error"]["message"])


def test_a_name_that_is_taken_is_not_given_to_another_job(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    assert put(client, "/jobs/one", COMMAND).status_code == 201
    again = put(client, "/jobs/one", {**COMMAND, "tags": {"a": "b"}, "displayName": "new"})
    assert again.status_code == 200 and again.json()["properties"]["tags"] == {"a": "b"}
    other = put(client, "/jobs/one", {**COMMAND, "command": "echo 2"})
    assert other.status_code == 409 and "There is a job one already" in told(other)


def test_the_jobs_of_a_schedule_are_listed_by_its_name(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    for name in ("fired", "other"):
        put(client, f"/jobs/{name}", COMMAND)
    schedule = Schedule.objects.create(workspace=lab.lab, name="nightly", owner=lab.owner)
    run = Run.objects.get(name="fired")
    Firing.objects.create(schedule=schedule, due=run.created, fired=run.created, run=run)
    found = client.get(f"{LAB}/jobs?scheduleId=nightly").json()["value"]
    assert [each["name"] for each in found] == ["fired"]


def test_an_import_of_the_client_is_an_import_under_its_name(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    source = {"type": "file_system", "connection": "azureml:workspaceblobstore", "path": "raw"}
    made = put(client, "/jobs/brave_tent", an_import(source, version="7"))
    assert made.status_code == 201, made.content
    assert made.json()["properties"]["jobType"] == "Pipeline"
    run = Run.objects.get(workspace=lab.lab, name="brave_tent")
    asked = run.document["dataImport"]
    assert asked["source"] == {
        "sourceType": "file_system", "connection": "azureml:workspaceblobstore", "path": "raw",
    }  # fmt: skip
    assert (asked["assetName"], asked["registerVersion"]) == ("weather", "7")
    assert run.tags["who"] == "me"
    listed = client.get(f"{LAB}/jobs?jobType=Pipeline&assetName=weather").json()["value"]
    assert [each["name"] for each in listed] == ["brave_tent"]
    assert not client.get(f"{LAB}/jobs?assetName=rain").json()["value"]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"type": "file_system", "connection": "azureml:snow", "path": "x"}, "datastore"),
        ({"type": "database", "connection": "azureml:snow", "stored_procedure": "p"}, "Stored proc"),
        ({"type": "database", "connection": "azureml:workspaceblobstore", "query": "q"}, "files"),
        ({"type": "file_system", "connection": "azureml:workspaceblobstore", "path": 3}, "source.path"),
        ({}, "source.path"),
    ],
)  # fmt: skip
def test_an_import_that_cannot_be_is_refused_with_the_reason(
    lab: Any, source: dict[str, Any], says: str
) -> None:
    answer = put(bearer(token_of(lab.owner)), "/jobs/brave_tent", an_import(source))
    assert answer.status_code in {400, 404} and says in told(answer), answer.content
    assert not Run.objects.filter(name="brave_tent").exists()


def test_who_may_not_register_data_imports_none(lab: Any) -> None:
    source = {"type": "file_system", "connection": "azureml:workspaceblobstore", "path": "raw"}
    answer = put(bearer(token_of(lab.reader)), "/jobs/brave_tent", an_import(source))
    assert answer.status_code == 403


def test_a_model_tells_the_job_whose_files_it_is_of(lab: Any, signed: str) -> None:
    client = bearer(token_of(lab.owner))
    put(client, "/jobs/one", COMMAND)
    upload(lab, signed, "m.txt", b"x")
    plain = "azureml://datastores/workspaceblobstore/paths/m.txt"
    made = put(client, "/models/m/versions/1", {"modelUri": plain, "jobName": "one"})
    assert made.json()["properties"]["jobName"] == "one", made.content
    put(client, "/models/m/versions/2", {"modelUri": plain})
    for stage, wanted in (("Production", 0), ("None", 2), ("", 2)):
        found = client.get(f"{LAB}/models/m/versions?stage={stage}").json()["value"]
        assert len(found) == wanted, stage
