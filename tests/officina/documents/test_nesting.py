"""A pipeline component's steps become steps of the job, joined to what is around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from officina import planning
from officina.documents import load_job
from officina.errors import StudioError

STEP = """\
name: step
type: command
inputs:
  data: {type: uri_folder}
  rate: {type: number, default: 0.5}
outputs:
  out: {type: uri_folder}
code: ./src
environment: azureml:e@latest
command: run ${{inputs.data}} ${{inputs.rate}} ${{outputs.out}}
"""

INNER = """\
type: pipeline
name: inner
inputs:
  raw: {type: uri_folder}
  rate: {type: number, default: 0.1}
  where: {type: string}
outputs:
  result: {type: uri_folder}
jobs:
  one:
    component: ./step.yml
    inputs: {data: "${{parent.inputs.raw}}", rate: "${{parent.inputs.rate}}"}
    compute: ${{parent.inputs.where}}
  two:
    component: ./step.yml
    inputs: {data: "${{parent.jobs.one.outputs.out}}"}
    outputs: {out: "${{parent.outputs.result}}"}
"""

OUTER = """\
type: pipeline
inputs:
  raw: {type: uri_folder, path: ./data}
  where: gpu-cluster
outputs:
  final: {type: uri_folder, mode: upload}
jobs:
  first:
    type: pipeline
    component: ./inner/inner.yml
    inputs: {raw: "${{parent.inputs.raw}}", where: "${{parent.inputs.where}}", extra: 1}
    outputs: {result: "${{parent.outputs.final}}"}
  last:
    component: ./inner/step.yml
    inputs: {data: "${{parent.jobs.first.outputs.result}}"}
"""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "step.yml").write_text(STEP)
    (tmp_path / "inner" / "inner.yml").write_text(INNER)
    (tmp_path / "job.yml").write_text(OUTER)
    return tmp_path / "job.yml"


def test_inner_steps_get_long_names_and_outer_bindings(job: Path) -> None:
    document = load_job(job).document
    jobs = document["jobs"]
    assert list(jobs) == ["first/one", "first/two", "last"]
    assert jobs["first/one"]["inputs"]["data"]["uri"] == "${{parent.inputs.raw}}"
    assert jobs["first/one"]["inputs"]["rate"]["value"] == 0.1
    assert jobs["first/two"]["inputs"]["data"]["uri"] == "${{parent.jobs.first/one.outputs.out}}"
    assert jobs["last"]["inputs"]["data"]["uri"] == "${{parent.jobs.first/two.outputs.out}}"
    assert planning.dependencies(document) == {
        "first/one": set(),
        "first/two": {"first/one"},
        "last": {"first/two"},
    }


def test_a_promoted_compute_is_found_at_compile_time(job: Path) -> None:
    document = load_job(job).document
    step = planning.compile_step(
        document,
        "first/one",
        inputs=document["inputs"],
        outputs_of=lambda step, output: {"uri": "tree:" + "0" * 64},
    )
    assert step["computeId"] == "gpu-cluster"
    assert step["inputs"]["rate"]["value"] == 0.1


def test_the_pipeline_output_comes_from_the_inner_step(job: Path) -> None:
    assert planning.output_bindings(load_job(job).document) == [("first/two", "out", "final")]


def test_an_undeclared_input_is_dropped_with_a_warning(job: Path) -> None:
    assert any("extra" in warning for warning in load_job(job).warnings)


def test_local_folders_are_listed_under_the_long_names(job: Path) -> None:
    loaded = load_job(job)
    pointers = {local.pointer: local.path for local in loaded.local}
    source = job.parent / "inner" / "src"
    assert pointers["jobs", "first/one", "component", "code"] == source


def test_a_nested_document_plans_like_its_flat_form(job: Path) -> None:
    nested, flat = load_job(job, flat=False).document, load_job(job).document
    assert list(nested["jobs"]) == ["first", "last"]
    assert planning.dependencies(nested) == planning.dependencies(flat)


def test_three_levels_flatten(tmp_path: Path, job: Path) -> None:
    (tmp_path / "top.yml").write_text(
        "type: pipeline\ninputs: {d: {type: uri_folder, path: ./data}}\njobs:\n"
        "  top:\n    type: pipeline\n    component: ./middle.yml\n"
        '    inputs: {d: "${{parent.inputs.d}}"}\n'
        "  after:\n    component: ./inner/step.yml\n"
        '    inputs: {data: "${{parent.jobs.top.outputs.o}}"}\n'
    )
    (tmp_path / "middle.yml").write_text(
        "type: pipeline\nname: middle\ninputs: {d: {type: uri_folder}}\n"
        "outputs: {o: {type: uri_folder}}\njobs:\n"
        "  mid:\n    type: pipeline\n    component: ./inner/inner.yml\n"
        '    inputs: {raw: "${{parent.inputs.d}}", where: cpu}\n'
        '    outputs: {result: "${{parent.outputs.o}}"}\n'
    )
    document = load_job(tmp_path / "top.yml").document
    assert list(document["jobs"]) == ["top/mid/one", "top/mid/two", "after"]
    assert planning.dependencies(document)["after"] == {"top/mid/two"}
    assert document["jobs"]["top/mid/one"]["inputs"]["data"]["uri"] == "${{parent.inputs.d}}"


def test_a_registered_pipeline_component_needs_its_spec() -> None:
    text = "type: pipeline\njobs:\n  a: {type: pipeline, component: 'azureml:whole:1'}\n"
    with pytest.raises(StudioError, match="cannot be read here"):
        load_job(text)
