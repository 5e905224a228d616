"""Shapes of public job files that work on Azure: read here too, with a warning where they are odd."""

from __future__ import annotations

from pathlib import Path

import pytest

from officina.documents import load_job
from officina.documents.assets import load_asset
from officina.documents.computes import load_compute
from officina.errors import StudioError

SPARK = """
type: pipeline
inputs: {rows: {type: uri_file, path: "https://host.example/i.csv", mode: direct}}
outputs: {output: {type: uri_folder, mode: direct}}
jobs:
  greet:
    type: spark
    inputs: {file_input: "${{parent.inputs.rows}}"}
    outputs: {output: "${{parent.outputs.output}}"}
    code: ./src
    entry: {file: a.py}
    args: --file_input ${{inputs.file_input}}
    compute: azureml:spark31
    conf: {spark.driver.cores: 2}
"""


def test_kinds_that_cannot_run_are_read_when_only_reading_is_asked() -> None:
    loaded = load_job(SPARK, runnable=False)
    node = loaded.document["jobs"]["greet"]
    assert (node["type"], node["computeId"]) == ("spark", "spark31")
    assert node["inputs"]["file_input"]["value"] == "${{parent.inputs.rows}}"
    assert any("cannot run yet" in warning for warning in loaded.warnings)
    with pytest.raises(StudioError, match="spark"):
        load_job(SPARK)


@pytest.mark.parametrize(
    ("schema", "kind"), [("sweepJob", "Sweep"), ("autoMLJob", "AutoML"), ("sparkJob", "Spark")]
)
def test_whole_jobs_of_other_kinds_keep_what_they_say(schema: str, kind: str) -> None:
    text = f"$schema: https://host.example/{schema}.schema.json\nlimits: {{max_total_trials: 4}}\n"
    document = load_job(text, runnable=False).document
    assert document["jobType"] == kind
    assert document["limits"] == {"max_total_trials": 4}


def test_outputs_named_only_and_artifacts_and_early_bindings() -> None:
    loaded = load_job(
        "type: pipeline\njobs:\n"
        "  a:\n    command: echo w > ${{outputs.artifacts}}/w\n    outputs:\n      artifacts:\n"
        "  b:\n    command: cat ${{inputs.i}}/w\n    inputs: {i: '${{jobs.a.outputs.artifacts}}'}\n"
    )
    assert loaded.document["jobs"]["b"]["inputs"]["i"]["uri"] == (
        "${{parent.jobs.a.outputs.artifacts}}"
    )
    assert any("early spelling" in warning for warning in loaded.warnings)


def test_services_and_a_nameless_datastore_are_recorded() -> None:
    document = load_job(
        "command: x\nservices: {v: {job_service_type: vs_code, nodes: all}}\n"
        "outputs: {o: {type: uri_file, path: "
        "'azureml://datastores/${{default_datastore}}/paths/${{name}}/r.csv'}}\n"
    ).document
    assert document["services"] == {"v": {"job_service_type": "vs_code", "nodes": "all"}}
    assert document["outputs"]["o"]["uri"].endswith("/${{name}}/r.csv")


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("command: x\ndistribution:\n  type: pytorh\n", 3, "pytorch"),
        ("command: x\ndistribution:\n  type: mpi\n  process_count: 2\n", 4, "process_count_per"),
        ("command: x\ncomput: y\n", 2, "compute"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line_and_the_nearest_word(
    text: str, line: int, hint: str
) -> None:
    with pytest.raises(StudioError) as caught:
        load_job(text)
    assert f":{line}:" in caught.value.where
    assert hint in caught.value.hint


def test_an_asset_file_is_refused_with_its_line_and_the_nearest_word(tmp_path: Path) -> None:
    file = tmp_path / "d.yml"
    file.write_text("name: d\npaht: ./x\n")
    with pytest.raises(StudioError) as caught:
        load_asset("data", file)
    assert "d.yml:2" in caught.value.where
    assert caught.value.hint == "Did you mean 'path'?"


def test_local_paths_are_seen_from_the_file_and_options_win(tmp_path: Path) -> None:
    file = tmp_path / "m.yml"
    file.write_text("$schema: s\nname: m\nversion: 01\ntype: mlflow_model\npath: ./model\n")
    loaded = load_asset("model", file, overrides={"tags.a": "b", "version": "5"})
    assert loaded.local[0].path == tmp_path / "model"
    assert loaded.body["version"] == "5"
    assert loaded.body["tags"] == {"a": "b"}


def test_a_cluster_file_becomes_azure_properties() -> None:
    wish = load_compute(
        "name: c\ntype: amlcompute\nsize: Standard_DS3_v2\nmin_instances: 0\nmax_instances: 2\n"
        "idle_time_before_scale_down: 120\n"
    )
    assert wish["properties"]["computeType"] == "AmlCompute"
    assert wish["properties"]["properties"]["scaleSettings"] == {
        "minNodeCount": 0, "maxNodeCount": 2, "nodeIdleTimeBeforeScaleDown": "PT120S",
    }  # fmt: skip


def test_a_command_component_may_name_what_it_does_not_declare_until_it_is_run() -> None:
    """azure-ai-ml says nothing of it either; a job that uses it is told before it starts."""
    text = "name: a\ntype: command\ncommand: echo ${{inputs.gone}}\nenvironment: azureml:x:1\n"
    loaded = load_asset("component", text)
    assert any("gone" in warning for warning in loaded.warnings)
    with pytest.raises(StudioError, match="gone"):
        load_job({"type": "pipeline", "jobs": {"s": {"component": loaded.body["document"]}}})


@pytest.mark.parametrize("kind", ["spark", "data_transfer", "import"])
def test_components_of_other_kinds_are_kept_and_refused_by_the_job_that_runs_them(
    kind: str,
) -> None:
    document = load_asset("component", {"name": "a", "type": kind, "args": "x"}).body["document"]
    assert (document["type"], document["args"]) == (kind, "x")
    pipeline = {"type": "pipeline", "jobs": {"s": {"type": kind, "component": document}}}
    assert load_job(pipeline, runnable=False).document["jobs"]["s"]["type"] == kind
    with pytest.raises(StudioError, match="step 's'"):
        load_job(pipeline)


def test_a_prompt_flow_in_the_place_of_a_component_is_known_by_its_nodes(tmp_path: Path) -> None:
    (tmp_path / "flow.dag.yaml").write_text("inputs: {u: {type: string}}\nnodes: [{name: n}]\n")
    job = tmp_path / "p.yml"
    job.write_text("type: pipeline\njobs:\n  f: {type: parallel, component: ./flow.dag.yaml}\n")
    assert load_job(job, runnable=False).document["jobs"]["f"]["type"] == "flow"
    with pytest.raises(StudioError, match="flow"):
        load_job(job)


def test_a_doubled_prefix_and_the_files_of_a_job_are_addresses() -> None:
    text = (
        "command: ls ${{inputs.a}} ${{inputs.b}}\ninputs:\n"
        "  a: {type: uri_folder, path: 'azureml:azureml://datastores/d/paths/p'}\n"
        "  b: {type: custom_model, path: 'azureml://jobs/j/outputs/o/paths/p'}\n"
    )
    assert not load_job(text).local


def test_the_arguments_of_a_parallel_task_have_an_older_name() -> None:
    text = """
type: pipeline
jobs:
  s:
    type: parallel
    inputs: {rows: {type: uri_folder, path: "azureml:rows:1"}}
    input_data: ${{inputs.rows}}
    task: {type: function, code: ./src, entry_script: a.py, environment: azureml:x:1, args: --m 3}
"""
    command = load_job(text).document["jobs"]["s"]["component"]["command"]
    assert command.endswith("-- --m 3")


PARALLEL = {
    "name": "score", "type": "parallel", "inputs": {"rows": {"type": "mltable"}},
    "outputs": {"lines": {"type": "uri_file"}}, "input_data": "${{inputs.rows}}",
    "partition_keys": '["Store", "Brand"]', "resources": {"instance_count": 2},
    "max_concurrency_per_instance": 2, "retry_settings": {"max_retries": 2, "timeout": 60},
    "task": {
        "type": "run_function", "code": "tree:" + "0" * 64, "entry_script": "s.py",
        "environment": "azureml:minimal@latest", "append_row_to": "${{outputs.lines}}",
    },
}  # fmt: skip


def test_a_parallel_component_keeps_its_settings_beside_the_command() -> None:
    spec = load_asset("component", PARALLEL).body["document"]
    assert (
        "--partition-keys Store,Brand --workers 4 --max-retries 2 --timeout 60" in spec["command"]
    )
    assert spec["parallel"]["partition_keys"] == '["Store", "Brand"]'
    again = load_asset("component", spec).body["document"]
    assert again == spec


def test_a_step_may_set_a_parallel_component_anew() -> None:
    spec = load_asset("component", PARALLEL).body["document"]
    node = {
        "type": "parallel", "component": spec, "retry_settings": {"max_retries": 5},
        "mini_batch_error_threshold": 7, "resources": {"instance_count": 3},
        "inputs": {"rows": {"type": "mltable", "path": "azureml:rows:1"}},
    }  # fmt: skip
    document = load_job({"type": "pipeline", "jobs": {"s": node}}).document
    command = document["jobs"]["s"]["component"]["command"]
    assert "--workers 6 --max-retries 5 --timeout 60 --mini-batch-error-threshold 7" in command
    assert load_job(document).document == document
