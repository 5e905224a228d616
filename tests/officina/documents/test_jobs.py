"""Jobs load from Azure's YAML as it is written in the wild, and from the canonical document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from officina import planning
from officina.documents import LoadedJob, from_rest, load_job, replace, to_rest
from officina.errors import StudioError

COMMAND = """\
$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
code: src
command: >-
  python main.py
  --diabetes-csv ${{inputs.diabetes}}
inputs:
  diabetes:
    path: azureml:diabetes-data:1
    mode: ro_mount
environment: azureml:basic-env-scikit@latest
compute: azureml:aml-instance
experiment_name: diabetes-data-example
"""

PIPELINE = """\
type: pipeline
settings:
  default_compute: azureml:cpu-cluster
inputs:
  rows:
    type: integer
    default: 20
  data:
    type: uri_folder
    path: ./data
jobs:
  prep:
    component: ./prep.yml
    inputs:
      raw: ${{parent.inputs.data}}
      rows: ${{parent.inputs.rows}}
  use:
    type: command
    command: cat ${{inputs.clean}}/a.csv
    environment: azureml:sklearn-1.5@latest
    inputs:
      clean: ${{parent.jobs.prep.outputs.clean}}
"""

PREP = """\
name: prep
version: 01
type: command
inputs:
  raw: {type: uri_folder}
  rows: {type: integer, min: 1}
  note: {type: string, optional: true}
outputs:
  clean: {type: uri_folder}
code: ./prep_src
environment: azureml:sklearn-1.5@latest
command: >-
  python p.py ${{inputs.raw}} ${{inputs.rows}} $[[--note ${{inputs.note}}]] ${{outputs.clean}}
"""


def load(text: str, **more: Any) -> LoadedJob:
    return load_job("environment: azureml:e@latest\ncommand: run\n" + text, **more)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    (tmp_path / "prep.yml").write_text(PREP)
    return tmp_path


def test_the_command_sample_of_the_tutorial_loads(tmp_path: Path) -> None:
    path = tmp_path / "job.yml"
    path.write_text(COMMAND)
    job = load_job(path)
    assert job.warnings == []
    assert job.document["command"] == "python main.py --diabetes-csv ${{inputs.diabetes}}"
    assert job.document["computeId"] == "aml-instance"
    assert job.document["inputs"]["diabetes"] == {
        "jobInputType": "uri_folder",
        "uri": "azureml:diabetes-data:1",
        "mode": "ro_mount",
    }
    (local,) = job.local
    assert (local.pointer, local.path, local.kind) == (("codeId",), tmp_path / "src", "code")


def test_a_pipeline_lists_all_that_must_be_stored(folder: Path) -> None:
    job = load_job(folder / "pipeline.yml")
    assert {local.pointer: (local.path, local.kind) for local in job.local} == {
        ("inputs", "data", "uri"): (folder / "data", "data"),
        ("jobs", "prep", "component", "code"): (folder / "prep_src", "code"),
    }
    assert job.document["inputs"]["rows"] == {
        "jobInputType": "literal",
        "value": 20,
        "type": "integer",
    }
    assert job.document["jobs"]["prep"]["component"]["version"] == "1"
    assert job.document["jobs"]["use"]["inputs"]["clean"]["jobInputType"] == "uri_folder"


def test_a_component_in_another_folder_keeps_its_own_paths(folder: Path) -> None:
    (folder / "parts").mkdir()
    (folder / "prep.yml").rename(folder / "parts" / "prep.yml")
    text = PIPELINE.replace("./prep.yml", "file:./parts/prep.yml")
    (folder / "pipeline.yml").write_text(text)
    job = load_job(folder / "pipeline.yml")
    assert folder / "parts" / "prep_src" in [local.path for local in job.local]


def test_a_stored_tree_takes_the_place_of_a_local_folder(folder: Path) -> None:
    job = load_job(folder / "pipeline.yml")
    document = job.document
    for local in job.local:
        document = replace(document, local.pointer, "tree:" + "0" * 64)
    assert load_job(document).local == []
    assert job.document["inputs"]["data"]["uri"] == "./data"
    with pytest.raises(StudioError, match="no 'nowhere'"):
        replace(document, ("jobs", "nowhere"), 1)


def test_the_canonical_document_and_its_rest_form_load_unchanged(folder: Path) -> None:
    for text in (folder / "pipeline.yml", COMMAND):
        document = load_job(text).document
        assert load_job(document).document == document
        assert from_rest(to_rest(document)) == document
        assert load_job(to_rest(document)).document == document


def test_rest_spells_modes_durations_and_nodes_as_azure_does(folder: Path) -> None:
    job = load("limits: {timeout: PT1H}\ninputs: {d: {path: 'azureml:d:1', mode: download}}")
    rest = to_rest(job.document)
    assert rest["limits"] == {"jobLimitsType": "Command", "timeout": "PT3600S"}
    assert rest["inputs"]["d"]["mode"] == "Download"
    node = to_rest(load_job(folder / "pipeline.yml").document)["jobs"]["prep"]
    assert node["inputs"]["raw"]["job_input_type"] == "uri_folder"


@pytest.mark.parametrize(
    ("text", "wrong", "right", "line"),
    [
        ("comand: x\n", "comand", "command", 3),
        ("inputs:\n  x:\n    tpye: uri_file\n    path: a\n", "tpye", "type", 5),
        ("limits:\n  timout: 3\n", "timout", "timeout", 4),
    ],
)
def test_an_unknown_key_is_named_with_line_and_nearest(
    text: str, wrong: str, right: str, line: int
) -> None:
    with pytest.raises(StudioError) as caught:
        load(text)
    assert f"'{wrong}'" in caught.value.message
    assert f"Did you mean '{right}'?" in caught.value.hint
    assert caught.value.where.startswith(f"<text>:{line}:")


def test_an_unknown_key_in_a_component_file_is_ignored_and_told_with_its_place(
    folder: Path,
) -> None:
    (folder / "prep.yml").write_text(PREP + "enviroment_x: 1\n")
    told = [each for each in load_job(folder / "pipeline.yml").warnings if "enviroment_x" in each]
    assert told[0].startswith(str(folder / "prep.yml") + ":")
    assert "Did you mean 'environment" in told[0]


def test_a_wrong_type_in_a_component_file_names_that_file(folder: Path) -> None:
    (folder / "prep.yml").write_text(PREP + "tags: 3\n")
    with pytest.raises(StudioError) as caught:
        load_job(folder / "pipeline.yml")
    assert caught.value.where.startswith(str(folder / "prep.yml") + ":")
    assert "prep" in caught.value.message


@pytest.mark.parametrize("kind", ["sweep", "automl", "spark"])
def test_kinds_that_come_later_say_so_and_name_the_step(kind: str) -> None:
    with pytest.raises(StudioError, match=f'kind "{kind}" is not supported yet'):
        load_job(f"type: {kind}\n")
    with pytest.raises(StudioError, match="step 'tune'"):
        load_job(f"type: pipeline\njobs:\n  tune:\n    type: {kind}\n")


def test_a_misspelt_setting_is_a_warning() -> None:
    job = load_job(
        "type: pipeline\nsettings: {default_datestore: azureml:x}\n"
        "jobs: {a: {command: x, environment: 'azureml:e@latest'}}\n"
    )
    assert "default_datastore" in job.warnings[0]


def test_a_stray_type_under_inputs_is_an_input_and_a_warning() -> None:
    job = load("inputs:\n  csv: https://x.y/z.csv\n  type: uri_file\n")
    assert job.document["inputs"]["type"]["value"] == "uri_file"
    assert "taken as an input" in job.warnings[0]


def test_outputs_may_be_a_name_only() -> None:
    assert load("outputs:\n  o:\n").document["outputs"] == {
        "o": {"jobOutputType": "uri_folder", "mode": "rw_mount"}
    }


def test_the_output_called_artifacts_needs_no_declaration() -> None:
    job = load_job("command: echo > ${{outputs.artifacts}}/x\nenvironment: azureml:e@latest\n")
    assert job.document["outputs"] == {}


@pytest.mark.parametrize(
    ("given", "seconds"), [("3600", 3600), ("PT1H30M", 5400), ("P1DT1S", 86401), ("1.5", 2)]
)
def test_timeouts_become_whole_seconds(given: str, seconds: int) -> None:
    assert load(f"limits: {{timeout: {given}}}").document["limits"] == {"timeout": seconds}


@pytest.mark.parametrize("given", ["soon", "-1", "0", "P", "PT", ".inf", ".nan"])
def test_what_is_no_timeout_is_refused(given: str) -> None:
    with pytest.raises(StudioError):
        load(f"limits: {{timeout: {given}}}")


@pytest.mark.parametrize("given", [".nan", ".inf", "-.inf"])
def test_values_that_are_not_finite_are_refused(given: str) -> None:
    with pytest.raises(StudioError, match="not a value that a job can have"):
        load(f"inputs: {{x: {given}}}")


def test_literals_keep_their_type() -> None:
    inputs = load("inputs: {a: 1, b: 1.5, c: true, d: '01', e: x}").document["inputs"]
    assert {name: entry["value"] for name, entry in inputs.items()} == {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": "01",
        "e": "x",
    }


def test_a_command_that_names_an_unknown_input_is_refused() -> None:
    with pytest.raises(StudioError) as caught:
        load_job(
            "environment: azureml:e@latest\ninputs: {size: 1}\ncommand: run ${{inputs.sise}}\n"
        )
    assert "Did you mean 'inputs.size'?" in caught.value.hint
    assert caught.value.where.startswith("<text>:3:")


def test_a_conda_file_is_read_into_the_document(tmp_path: Path) -> None:
    (tmp_path / "conda.yml").write_text("dependencies: [python=3.11]\n")
    path = tmp_path / "job.yml"
    path.write_text("command: x\nenvironment: {image: i, conda_file: conda.yml}\n")
    assert load_job(path).document["environmentId"] == {
        "image": "i",
        "conda_file": {"dependencies": ["python=3.11"]},
    }


def test_a_text_from_elsewhere_cannot_read_local_files() -> None:
    for text in (
        "type: pipeline\njobs: {a: {component: file:/etc/passwd}}\n",
        "command: x\nenvironment: {image: i, conda_file: /etc/passwd}\n",
        "command: x\nenvironment: file:/etc/passwd\n",
    ):
        with pytest.raises(StudioError, match="cannot be read from here"):
            load_job(text)


def test_a_component_that_includes_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.yml"
    path.write_text("type: pipeline\njobs:\n  a: {type: pipeline, component: ./p.yml}\n")
    with pytest.raises(StudioError, match="includes itself"):
        load_job(path)


def test_overrides_keep_shape_and_read_types(folder: Path) -> None:
    job = load_job(
        folder / "pipeline.yml",
        overrides={
            "inputs.rows": "30",
            "inputs.data.path": "azureml:d:2",
            "settings.default_compute": "azureml:big",
            "display_name": "again",
            "tags.team": "a",
            "jobs.use.compute": "other",
        },
    )
    assert job.document["inputs"]["rows"]["value"] == 30
    assert job.document["inputs"]["data"]["uri"] == "azureml:d:2"
    assert job.document["settings"]["default_compute"] == "big"
    assert job.document["displayName"] == "again"
    assert job.document["tags"] == {"team": "a"}
    assert job.document["jobs"]["use"]["computeId"] == "other"


def test_overrides_work_on_the_canonical_document_too(folder: Path) -> None:
    document = load_job(folder / "pipeline.yml", base=folder).document
    changed = load_job(document, overrides={"inputs.rows": 7, "display_name": "n"}).document
    assert changed["inputs"]["rows"] == {"jobInputType": "literal", "value": 7, "type": "integer"}
    assert changed["displayName"] == "n"


@pytest.mark.parametrize(
    "path", ["jobs.nope.compute", "nope", "jobs.new", "inputs.rows.type.x", "compute.x", ""]
)
def test_an_override_of_what_is_not_there_is_refused(folder: Path, path: str) -> None:
    with pytest.raises(StudioError):
        load_job(folder / "pipeline.yml", overrides={path: "1"})


def test_early_spellings_are_read_with_a_warning() -> None:
    job = load_job(
        "type: pipeline\ninputs: {d: {dataset: 'azureml:x:1'}}\njobs:\n"
        "  a: {type: component, command: 'ls ${{inputs.d}}', code: {local_path: src}, "
        "environment: 'azureml:e@latest', inputs: {d: '${{inputs.d}}'}}\n"
    )
    assert job.document["jobs"]["a"]["inputs"]["d"]["uri"] == "${{parent.inputs.d}}"
    assert len(job.warnings) == 3


def test_a_component_file_is_not_a_job(folder: Path) -> None:
    text = "$schema: https://x/commandComponent.schema.json\n" + PREP
    with pytest.raises(StudioError, match="component, not a job"):
        load_job(text)


@pytest.mark.parametrize(
    "text", ["", "[]", "a", "jobs: []", "type: 3", "inputs: [1]", "tags: x", "command: {a: 1}"]
)
def test_odd_documents_are_refused_politely(text: str) -> None:
    with pytest.raises(StudioError):
        load_job(text + "\n")


def test_an_output_written_in_place_has_the_type_of_the_pipeline_output() -> None:
    job = load_job(
        "type: pipeline\noutputs: {o: {type: uri_file, path: 'azureml://datastores/d/paths/${{name}}/x'}}\n"
        "jobs: {a: {command: 'echo > ${{outputs.o}}', environment: 'azureml:e@latest', "
        "outputs: {o: '${{parent.outputs.o}}'}}}\n"
    )
    assert job.document["jobs"]["a"]["outputs"]["o"]["jobOutputType"] == "uri_file"


def test_a_module_takes_lists_and_mappings_and_a_command_does_not() -> None:
    module = "azureml://registries/officina/components/select_columns/versions/1"
    rules = {"rules": [{"include": True, "by": "all"}]}
    entry = {"jobInputType": "literal", "value": rules}
    document = {
        "jobType": "Pipeline",
        "jobs": {"a": {"component": module, "inputs": {"columns": entry}}},
    }
    assert load_job(document).document["jobs"]["a"]["inputs"]["columns"]["value"] == rules
    entry["value"] = {"rules": [float("nan")]}
    with pytest.raises(StudioError, match="not a value that a job can have"):
        load_job(document)
    with pytest.raises(StudioError, match="plain value, not a list"):
        load("inputs: {x: [1, 2]}")


@pytest.mark.parametrize("value", ["nan", "inf", "[1]", "yes please"])
def test_a_declared_number_must_be_one(folder: Path, value: str) -> None:
    text = PIPELINE.replace("default: 20", f"default: {value}").replace("integer", "number")
    (folder / "pipeline.yml").write_text(text)
    with pytest.raises(StudioError, match="not of the declared type number"):
        load_job(folder / "pipeline.yml")


def test_a_document_nested_without_end_is_refused() -> None:
    node: dict[str, Any] = {"command": "x"}
    for _ in range(200):
        node = {"type": "pipeline", "component": {"type": "pipeline", "jobs": {"a": node}}}
    with pytest.raises(StudioError, match="nested"):
        load_job({"jobType": "Pipeline", "jobs": {"a": node}})
    loop: dict[str, Any] = {"jobType": "Pipeline"}
    loop["jobs"] = loop
    with pytest.raises(StudioError, match="itself"):
        load_job(loop)


def test_an_environment_file_and_a_build_context_are_read_from_their_own_folder(
    tmp_path: Path,
) -> None:
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "env.yml").write_text("name: gpu\nversion: 1\nbuild: {path: ./context}\n")
    path = tmp_path / "job.yml"
    path.write_text("command: x\nenvironment: file:./envs/env.yml\n")
    job = load_job(path)
    assert job.document["environmentId"] == {
        "name": "gpu",
        "version": "1",
        "build": {"path": "./context"},
    }
    (local,) = job.local
    assert local.pointer == ("environmentId", "build", "path")
    assert (local.path, local.kind) == (tmp_path / "envs" / "context", "code")


def test_a_pipeline_as_the_azure_client_sends_it_is_understood() -> None:
    sent = {
        "jobType": "Pipeline",
        "computeId": "cpu-cluster",
        "isArchived": False,
        "settings": {"_source": "YAML.JOB"},
        "inputs": {"epochs": {"jobInputType": "literal", "value": "20"}},
        "outputs": {"o": {"jobOutputType": "uri_folder", "mode": "ReadWriteMount"}},
        "jobs": {
            "a": {
                "name": "a",
                "type": "command",
                "_source": "REMOTE.WORKSPACE.COMPONENT",
                "componentId": "azureml:my_train:1",
                "resources": {"instance_count": 2},
                "inputs": {
                    "n": {"job_input_type": "literal", "value": "${{parent.inputs.epochs}}"},
                    "d": {"job_input_type": "uri_folder", "uri": "azureml:d:1", "mode": "Download"},
                },
                "outputs": {"o": {"value": "${{parent.outputs.o}}", "type": "literal"}},
            },
            "b": {
                "name": "b",
                "type": "command",
                "componentId": "azureml:my_score:1",
                "inputs": {
                    "m": {"job_input_type": "literal", "value": "${{parent.jobs.a.outputs.o}}"}
                },
            },
        },
    }
    for document in (load_job(sent).document, from_rest(sent)):
        jobs = document["jobs"]
        assert jobs["a"]["component"] == "azureml:my_train:1"
        assert jobs["a"]["inputs"]["d"]["mode"] == "download"
        assert jobs["a"]["outputs"]["o"]["uri"] == "${{parent.outputs.o}}"
        assert jobs["b"]["outputs"] == {}
    assert planning.dependencies(load_job(sent).document) == {"a": set(), "b": {"a"}}
    assert planning.dependencies(from_rest(sent)) == {"a": set(), "b": {"a"}}
