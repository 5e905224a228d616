"""Azure's YAML of schedules and imports becomes its REST documents, with local files found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from officina.documents import from_rest, load_job
from officina.documents.schedules import load_import, load_schedule
from officina.errors import StudioError

JOB = """type: command
command: python a.py ${{inputs.x}}
code: ./src
environment: azureml:current
inputs:
  x: 1
"""
RECURRENCE = """$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json
name: simple_recurrence_job_schedule
display_name: Simple recurrence job schedule
trigger:
  type: recurrence
  frequency: day
  interval: 1
  schedule:
    hours: [4, 5]
    minutes: [0, 10]
    week_days: [monday, friday]
  start_time: "2022-07-10T10:00:00"
  time_zone: "Pacific Standard Time"
create_job:
  type: command
  job: ./job.yml
  inputs:
    x: 5
  experiment_name: mornings
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("print(1)")
    (tmp_path / "job.yml").write_text(JOB)
    (tmp_path / "import.yml").write_text("name: d\nsource: {path: https://x.org/a.csv}\n")
    return tmp_path


def written(folder: Path, text: str) -> Any:
    (folder / "schedule.yml").write_text(text)
    return load_schedule(folder / "schedule.yml")


def test_a_recurrence_with_a_job_file_becomes_its_rest_document(folder: Path) -> None:
    loaded = written(folder, RECURRENCE)
    assert (loaded.name, loaded.properties["displayName"]) == (
        "simple_recurrence_job_schedule", "Simple recurrence job schedule",
    )  # fmt: skip
    assert loaded.properties["trigger"] == {
        "triggerType": "Recurrence", "frequency": "Day", "interval": 1,
        "startTime": "2022-07-10T10:00:00", "timeZone": "Pacific Standard Time",
        "schedule": {"hours": [4, 5], "minutes": [0, 10], "weekDays": ["Monday", "Friday"]},
    }  # fmt: skip
    job = loaded.properties["action"]["jobDefinition"]
    assert job["inputs"]["x"]["value"] == 5 and job["experimentName"] == "mornings"
    (ref,) = loaded.local
    assert ref.pointer == ("action", "jobDefinition", "codeId")
    assert ref.path == (folder / "src").resolve()


def test_the_job_in_rest_words_reads_back_as_the_same_job(folder: Path) -> None:
    loaded = written(folder, RECURRENCE)
    job = loaded.properties["action"]["jobDefinition"] | {"codeId": "tree:" + "0" * 64}
    rest = loaded.as_rest({**loaded.properties, "action": {"actionType": "CreateJob",
                                                           "jobDefinition": job}})  # fmt: skip
    assert load_job(from_rest(rest["action"]["jobDefinition"])).document == job


@pytest.mark.parametrize(
    ("action", "kind", "key", "value"),
    [
        ("create_job: azureml:simple-pipeline", "CreateJob", "jobDefinition",
         {"sourceJobId": "azureml:simple-pipeline", "inputs": {}}),
        ("create_job: {type: pipeline, job: 'azureml:p', inputs: {x: 3}}", "CreateJob",
         "jobDefinition",
         {"sourceJobId": "azureml:p", "inputs": {"x": {"jobInputType": "literal", "value": 3}}}),
        ("import_data: ./import.yml", "ImportData", "dataImportDefinition",
         {"assetName": "d", "dataType": "uri_folder",
          "source": {"sourceType": "file_system", "path": "https://x.org/a.csv"}}),
        ("invoke_pipeline: {endpoint: daily, parameters: {n: 3}}", "InvokePipelineEndpoint",
         "parameters", {"n": 3}),
    ],
)  # fmt: skip
def test_each_action_is_understood(
    folder: Path, action: str, kind: str, key: str, value: Any
) -> None:
    loaded = written(
        folder, f"name: s\ntrigger: {{type: cron, expression: '0 * * * *'}}\n{action}\n"
    )
    found = loaded.properties["action"]
    assert (found["actionType"], found[key]) == (kind, value)
    assert loaded.properties["trigger"]["triggerType"] == "Cron"


def test_azures_import_of_a_query_is_understood() -> None:
    text = """$schema: http://azureml/sdk-2-0/DataImport.json
type: mltable
name: my_snowflake_ds
path: azureml://datastores/workspaceblobstore/paths/snowflake/${{name}}
source:
  type: database
  query: select * from region
  connection: azureml:my_snowflake_connection
"""
    assert load_import(text) == {
        "assetName": "my_snowflake_ds", "dataType": "mltable",
        "dataUri": "azureml://datastores/workspaceblobstore/paths/snowflake/${{name}}",
        "source": {"sourceType": "database", "query": "select * from region",
                   "connection": "azureml:my_snowflake_connection"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("trigger: {type: cron, expression: '0 0 * * *'}\nimport_data: ./import.yml", "no name"),
        ("name: s\ntrigger: {type: tide}\nimport_data: ./import.yml", "'tide'"),
        ("name: s\ntrigger: {type: cron, hours: [1]}\nimport_data: ./import.yml", "'hours'"),
        ("name: s\ntrigger: {type: cron, expression: '0 0 * * *'}", "does one thing"),
        ("name: s\ntrigger: {type: cron}\ncreate_job: {command: ls}\nimport_data: ./import.yml",
         "does one thing"),
        ("name: s\ntrigger: {type: cron, expression: '0 0 * * *'}\ncreate_monitor: {}\ncreate_job: x",
         ""),
        ("name: s\ntrigger: {type: cron}\nimport_data: {name: a, sauce: b}", "sauce"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(folder: Path, text: str, where: str) -> None:
    if not where:
        assert written(folder, text).properties["action"]["actionType"] == "CreateJob"
        return
    with pytest.raises(StudioError, match=where):
        written(folder, text)


def test_a_server_reads_no_file_that_a_schedule_names() -> None:
    text = "name: s\ntrigger: {type: cron, expression: '0 0 * * *'}\n"
    for action in ("create_job: ./job.yml\n", "import_data: /etc/import.yml\n"):
        with pytest.raises(StudioError, match="file"):
            load_schedule(text + action)
