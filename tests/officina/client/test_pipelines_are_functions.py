from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from officina import Input, Output, command, load_component, pipeline
from officina.documents import load_job
from officina.errors import StudioError

PREP = """
name: prep
type: command
inputs: {data: {type: uri_folder}, ratio: {type: number, default: 0.5}}
outputs: {clean: {type: uri_folder}}
environment: azureml:sklearn-1.5@latest
code: ./src
command: python p.py ${{inputs.data}} ${{inputs.ratio}} ${{outputs.clean}}
"""


@pytest.fixture
def prepare(tmp_path: Path) -> Any:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "p.py").write_text("")
    (tmp_path / "prep.yml").write_text(PREP)
    return load_component(tmp_path / "prep.yml")


def read(job: Any) -> Any:
    return load_job(job, base=Path.cwd())


def test_steps_have_their_variables_names_and_bindings(prepare: Any, tmp_path: Path) -> None:
    fit = command(
        command="fit ${{inputs.x}} ${{outputs.model}}", environment="azureml:sklearn-1.5@latest",
        inputs={"x": Input(type="uri_folder")}, outputs={"model": Output(type="mlflow_model")},
    )  # fmt: skip

    @pipeline(default_compute="cpu-cluster", description="Taxi.")
    def taxi(raw: Any, ratio: float = 0.2) -> Any:
        first = prepare(data=raw, ratio=ratio)
        second = fit(x=first.outputs.clean)
        second.compute = "gpu-cluster"
        prepare(data=first.outputs.clean)
        return {"model": second.outputs.model}

    loaded = read(taxi(raw=Input(path=tmp_path / "src")))
    document = loaded.document
    assert list(document["jobs"]) == ["first", "second", "prep"]
    assert document["settings"] == {"default_compute": "cpu-cluster"}
    assert document["jobs"]["first"]["inputs"]["data"]["uri"] == "${{parent.inputs.raw}}"
    assert document["jobs"]["first"]["inputs"]["ratio"]["value"] == "${{parent.inputs.ratio}}"
    assert document["jobs"]["second"]["inputs"]["x"]["uri"] == (
        "${{parent.jobs.first.outputs.clean}}"
    )
    assert document["jobs"]["second"]["computeId"] == "gpu-cluster"
    assert document["jobs"]["second"]["outputs"]["model"]["uri"] == "${{parent.outputs.model}}"
    assert document["outputs"]["model"]["jobOutputType"] == "mlflow_model"
    assert {str(ref.path) for ref in loaded.local} == {str(tmp_path / "src")}


def test_a_pipeline_inside_a_pipeline_is_flattened(prepare: Any) -> None:
    @pipeline()
    def inner(data: Any, share: float) -> Any:
        one = prepare(data=data, ratio=share)
        return {"clean": one.outputs.clean}

    @pipeline()
    def outer(raw: Any, share: float = 0.1) -> Any:
        a = inner(data=raw, share=share)
        b = prepare(data=a.outputs.clean)
        return {"last": b.outputs.clean}

    jobs = read(outer(raw=Input(path="azureml:d:1"))).document["jobs"]
    assert list(jobs) == ["a/one", "b"]
    assert jobs["a/one"]["inputs"]["ratio"] == {
        "jobInputType": "literal", "value": "${{parent.inputs.share}}",
    }  # fmt: skip
    assert jobs["b"]["inputs"]["data"]["uri"] == "${{parent.jobs.a/one.outputs.clean}}"


def test_a_wrong_input_or_output_is_refused_where_it_is_written(prepare: Any) -> None:
    @pipeline()
    def wrong(raw: Any) -> Any:
        step = prepare(dta=raw)
        return {"x": step.outputs.clean}

    with pytest.raises(StudioError, match="no input 'dta'"):
        wrong(raw=1)

    @pipeline()
    def lost(raw: Any) -> Any:
        step = prepare(data=raw)
        return {"x": step.outputs.cleen}

    with pytest.raises(StudioError, match="no output 'cleen'"):
        lost(raw=Input(path="azureml:d:1"))
    sys.setprofile(None)


def test_the_sdk_imports_fast_and_little() -> None:
    code = (
        "import time,sys; t=time.process_time()\nfrom officina import MLClient\n"
        "print(time.process_time()-t, sorted(set(sys.modules) & {'pandas','numpy','django'}))"
    )
    best = 9.0
    for _ in range(4):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        seconds, _, heavy = done.stdout.partition(" ")
        assert heavy.strip() == "[]"
        best = min(best, float(seconds))
    assert best < 0.3
