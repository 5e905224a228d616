"""A pipeline is planned: what is ready, what each step runs, and when a result is known."""

from __future__ import annotations

from typing import Any

import pytest

from officina import planning
from officina.documents import load_job
from officina.errors import StudioError

TEXT = """\
type: pipeline
compute: azureml:cpu-cluster
experiment_name: diabetes
inputs:
  size: {type: number, default: 0.2}
  data: {type: uri_file, path: "tree:DIGEST"}
  note: {type: string}
outputs:
  model: {type: custom_model, mode: upload, name: m}
jobs:
  prep:
    component:
      name: prep
      type: command
      inputs:
        raw: {type: uri_folder}
        size: {type: number}
        seed: {type: integer, default: 7}
        note: {type: string, optional: true}
      outputs: {table: {type: uri_folder}}
      code: tree:DIGEST
      environment: azureml:sklearn-1.5@latest
      environment_variables: {LEVEL: info}
      command: python p.py ${{inputs.raw}} ${{inputs.size}} $[[--note ${{inputs.note}}]]
    inputs:
      raw: ${{parent.inputs.data}}
      size: ${{parent.inputs.size}}
      note: ${{parent.inputs.note}}
  train:
    command: train ${{inputs.table}} ${{outputs.model}} ${{inputs.label}}
    environment: azureml:sklearn-1.5@latest
    compute: azureml:gpu-cluster
    limits: {timeout: PT1M}
    environment_variables: {SIZE: "s-${{parent.inputs.size}}"}
    inputs:
      table: ${{parent.jobs.prep.outputs.table}}
      label: size-${{parent.inputs.size}}
    outputs: {model: "${{parent.outputs.model}}"}
  other:
    command: echo other
    environment: azureml:sklearn-1.5@latest
  after:
    command: echo after
    environment: azureml:sklearn-1.5@latest
    depends_on: [other, train]
""".replace("DIGEST", "a" * 64)


@pytest.fixture
def document() -> dict[str, Any]:
    return load_job(TEXT).document


def compiled(document: dict[str, Any], step: str, **inputs: Any) -> dict[str, Any]:
    return planning.compile_step(
        document,
        step,
        inputs=document["inputs"] | inputs,
        outputs_of=lambda source, output: {
            "uri": "tree:" + "b" * 64,
            "jobOutputType": "uri_folder",
        },
    )


def test_steps_wait_for_outputs_and_for_depends_on(document: dict[str, Any]) -> None:
    assert planning.dependencies(document) == {
        "prep": set(),
        "train": {"prep"},
        "other": set(),
        "after": {"other", "train"},
    }


def test_ready_steps_follow_the_statuses(document: dict[str, Any]) -> None:
    assert planning.ready(document, {}) == ["prep", "other"]
    assert planning.ready(document, {"prep": "Running"}) == ["other"]
    assert planning.ready(document, {"prep": "Completed", "other": "Completed"}) == ["train"]
    done = dict.fromkeys(("prep", "other", "train"), "Completed")
    assert planning.ready(document, done) == ["after"]
    assert planning.ready(document, done | {"after": "Completed"}) == []


def test_a_failure_stops_the_rest_unless_told_to_go_on(document: dict[str, Any]) -> None:
    failed = {"prep": "Failed"}
    assert planning.ready(document, failed) == []
    assert planning.doomed(document, failed) == {"train", "other", "after"}
    document["settings"]["continue_on_step_failure"] = True
    assert planning.ready(document, failed) == ["other"]
    assert planning.doomed(document, failed) == {"train", "after"}


def test_a_step_gets_values_for_its_bindings(document: dict[str, Any]) -> None:
    step = compiled(document, "prep")
    assert step["jobType"] == "Command"
    assert step["computeId"] == "cpu-cluster"
    assert step["codeId"] == "tree:" + "a" * 64
    assert step["environmentVariables"] == {"LEVEL": "info"}
    assert step["experimentName"] == "diabetes"
    assert step["inputs"] == {
        "raw": {"jobInputType": "uri_file", "uri": "tree:" + "a" * 64, "mode": "ro_mount"},
        "size": {"jobInputType": "literal", "value": 0.2},
        "seed": {"jobInputType": "literal", "value": 7},
    }


def test_a_step_may_mix_text_and_bindings(document: dict[str, Any]) -> None:
    step = compiled(document, "train")
    assert step["inputs"]["label"]["value"] == "size-0.2"
    assert step["inputs"]["table"]["uri"] == "tree:" + "b" * 64
    assert step["environmentVariables"] == {"SIZE": "s-0.2"}
    assert step["computeId"] == "gpu-cluster"
    assert step["limits"] == {"timeout": 60}
    assert step["outputs"]["model"] == {
        "jobOutputType": "custom_model",
        "mode": "upload",
        "assetName": "m",
    }


def test_plain_values_serve_as_pipeline_inputs(document: dict[str, Any]) -> None:
    assert compiled(document, "prep", size=0.3)["inputs"]["size"]["value"] == 0.3
    assert compiled(document, "prep", size="0.3")["inputs"]["size"]["value"] == 0.3


def test_a_value_of_the_wrong_type_names_the_step(document: dict[str, Any]) -> None:
    with pytest.raises(StudioError, match="'size' of step 'prep'"):
        compiled(document, "prep", size="much")


def test_a_missing_value_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(StudioError, match="no value for its input 'size'"):
        compiled(document, "prep", size=None)


def test_an_unknown_step_or_output_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(StudioError, match="no step 'nope'"):
        compiled(document, "nope")
    with pytest.raises(StudioError, match="gave no output 'table'"):
        planning.compile_step(
            document,
            "train",
            inputs=document["inputs"],
            outputs_of=lambda step, output: {}[output],
        )


def test_a_module_keeps_its_spec() -> None:
    text = (
        "type: pipeline\njobs:\n  split:\n"
        "    component: azureml://registries/officina/components/split_data/versions/1\n"
        "    inputs: {dataset: {type: uri_folder, path: 'tree:%s'}, fraction: 0.7}\n" % ("a" * 64)
    )
    step = compiled(load_job(text).document, "split")
    assert step["component"]["name"] == "split_data"
    assert step["component"]["type"] == "module"
    assert step["inputs"]["fraction"]["value"] == 0.7


def parts(**changes: Any) -> dict[str, Any]:
    component = {
        "name": "prep",
        "type": "command",
        "command": "run ${{inputs.x}}",
        "inputs": {"x": {"type": "number", "description": "d"}},
    }
    return {
        "component": component,
        "code_digest": "c" * 64,
        "environment_key": "e" * 64,
        "params": {"test_size": 0.2},
        "inputs": {"data": "d" * 64},
    } | changes


def test_names_and_texts_do_not_change_the_key() -> None:
    key = planning.step_key(**parts())
    renamed = parts()["component"] | {
        "name": "other",
        "display_name": "Other",
        "description": "x",
        "version": "9",
        "tags": {"a": "b"},
        "inputs": {"x": {"type": "number", "description": "else"}},
    }
    assert planning.step_key(**parts(component=renamed)) == key
    assert len(key) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"params": {"test_size": 0.3}},
        {"params": {"test_size": "0.2"}},
        {"inputs": {"data": "f" * 64}},
        {"code_digest": "f" * 64},
        {"environment_key": "f" * 64},
        {"component": parts()["component"] | {"command": "other"}},
    ],
)
def test_whatever_decides_the_result_changes_the_key(change: dict[str, Any]) -> None:
    assert planning.step_key(**parts(**change)) != planning.step_key(**parts())


def test_a_module_is_its_name_and_version() -> None:
    module = {"name": "split_data", "version": "1", "type": "module"}
    key = planning.step_key(**parts(component=module))
    assert planning.step_key(**parts(component=module | {"version": "2"})) != key
    assert planning.step_key(**parts(component=module | {"description": "new"})) == key


def test_a_change_is_explained_in_words() -> None:
    old = planning.key_parts(**parts())
    new = planning.key_parts(
        **parts(params={"test_size": 0.3, "k": 1}, inputs={"data": "f" * 64}, code_digest="0" * 64)
    )
    assert planning.explain_key(old, new) == [
        "input added: k 1",
        "input changed: test_size 0.2 -> 0.3",
        f"data changed: data {'d' * 12} -> {'f' * 12}",
        f"code changed: {'c' * 12} -> {'0' * 12}",
    ]
    assert planning.explain_key(old, old) == []


def test_an_update_of_the_studio_is_told_as_such() -> None:
    module = {"name": "split_data", "version": "1", "type": "module"}
    old = planning.key_parts(**parts(component=module))
    new = planning.key_parts(**parts(component=module, environment_key="f" * 64))
    assert planning.explain_key(old, new) == [
        "the studio's own modules or libraries were updated since"
    ]
    own = planning.key_parts(**parts(environment_key="f" * 64))
    assert planning.explain_key(planning.key_parts(**parts()), own)[0].startswith("environment")
