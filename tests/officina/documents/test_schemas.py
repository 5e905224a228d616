from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from officina.documents import load_yaml
from officina.documents.schemas import schemas

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "schemas"


def test_the_schemas_in_docs_are_those_of_the_reader() -> None:
    """`python -m officina.documents.schemas docs/schemas` writes them anew."""
    assert {path.name: json.loads(path.read_text()) for path in FOLDER.iterdir()} == schemas()


@pytest.mark.parametrize("name", sorted(schemas()))
def test_each_is_a_valid_schema(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(schemas()[name])


def test_an_editor_accepts_what_runs_and_marks_what_does_not() -> None:
    job = load_yaml(
        "$schema: x\ncommand: echo\ninputs: {x: 3, d: {type: uri_folder, path: ./d}}\n"
        "outputs: {o: }\ndistribution: {type: pytorch, process_count_per_instance: 2}\n"
    )
    check = jsonschema.Draft7Validator(schemas()["commandJob.schema.json"])
    assert list(check.iter_errors(job)) == []
    assert list(check.iter_errors({**job, "comput": "x"}))
    pipe = load_yaml("type: pipeline\njobs: {a: {type: parallel, task: {entry_script: a.py}}}\n")
    check = jsonschema.Draft7Validator(schemas()["pipelineJob.schema.json"])
    assert list(check.iter_errors(pipe)) == []
    assert list(check.iter_errors({"type": "pipeline", "jobs": {}}))


def test_schedules_and_imports_are_marked_where_the_reader_refuses_them() -> None:
    source = "source: {type: database, query: select 1, connection: azureml:shop}\n"
    wanted = load_yaml(f"name: orders\ntype: mltable\n{source}only_if_changed: false\n")
    check = jsonschema.Draft7Validator(schemas()["dataImport.schema.json"])
    assert list(check.iter_errors(wanted)) == []
    for wrong in ({"tpye": "mltable"}, {"type": "csv"}, {"source": {"type": "ftp"}}):
        assert list(check.iter_errors({**wanted, **wrong}))

    text = (
        "name: nightly\ntrigger: {type: recurrence, frequency: day, interval: 1, "
        "schedule: {hours: [6], minutes: 0, week_days: [monday]}, time_zone: Europe/Berlin}\n"
    )
    plan = {**load_yaml(text), "import_data": wanted}
    check = jsonschema.Draft7Validator(schemas()["schedule.schema.json"])
    assert list(check.iter_errors(plan)) == []
    assert list(check.iter_errors({**load_yaml(text), "create_job": "./train.yml"})) == []
    trigger = {"frequency": "daily"}
    for more in ({"create_job": "a.yml"}, {"trigger": trigger}, {"import_data": {"name": "x"}}):
        assert list(check.iter_errors({**plan, **more}))
