"""Components and pipelines, from YAML and from Python; and what cannot run yet."""

import contextlib
import io

from azure.ai.ml import Input, automl, command, dsl, load_component, load_job
from azure.ai.ml.sweep import Choice
from shared import BASE, ENV, V, folder, stream, wait, workflow

NAME = f"add_one_{V}".replace("-", "_")
COMPONENT = """
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
name: add_one
display_name: Add one
version: "1"
type: command
inputs:
  number: {type: integer, default: 1}
  before: {type: uri_folder, optional: true}
outputs:
  out: {type: uri_folder}
code: ./code
environment: azureml:minimal@latest
command: >-
  python add.py --number ${{inputs.number}} --out ${{outputs.out}} $[[--before ${{inputs.before}}]]
"""
ADD = """
import argparse, pathlib
p = argparse.ArgumentParser()
p.add_argument("--number", type=int); p.add_argument("--out"); p.add_argument("--before")
a = p.parse_args()
before = int(pathlib.Path(a.before, "n.txt").read_text()) if a.before else 0
pathlib.Path(a.out, "n.txt").write_text(str(before + a.number))
print("now", before + a.number)
"""
PIPELINE = """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
display_name: from yaml
experiment_name: pipes
settings: {default_compute: azureml:cpu-cluster}
inputs: {start: 4}
jobs:
  first:
    type: command
    component: ./component.yml
    inputs: {number: "${{parent.inputs.start}}"}
  second:
    type: command
    component: ./component.yml
    inputs: {number: 5, before: "${{parent.jobs.first.outputs.out}}"}
outputs:
  total: {type: uri_folder}
"""


def component_folder():
    place = folder(
        "component",
        component__yml=COMPONENT.replace("add_one", NAME),
        pipeline__yml=PIPELINE.replace("outputs:\n  total: {type: uri_folder}\n", ""),
    )
    folder("component/code", add__py=ADD)
    return place


@workflow
def components(ml):
    place = component_folder()
    made = ml.components.create_or_update(load_component(str(place / "component.yml")))
    assert (made.name, made.version) == (NAME, "1")
    got = ml.components.get(NAME, version="1")
    assert got.inputs["number"]["type"] == "integer" and got.display_name == "Add one"
    assert NAME in [c.name for c in ml.components.list()]
    assert ml.components.get(NAME, label="latest").version == "1"


@workflow
def pipeline_from_yaml(ml):
    place = component_folder()
    made = ml.jobs.create_or_update(load_job(str(place / "pipeline.yml")))
    text = stream(ml, made.name)
    assert "Execution Summary" in text
    got = wait(ml, made.name)
    assert got.status == "Completed" and set(got.jobs) == {"first", "second"}, got
    children = list(ml.jobs.list(parent_job_name=made.name))
    assert {c.status for c in children} == {"Completed"} and len(children) == 2, children
    everything = BASE / "pipe-all"
    ml.jobs.download(made.name, download_path=str(everything), all=True)


@workflow
def pipeline_from_python(ml):
    place = component_folder()
    local = load_component(str(place / "component.yml"))
    registered = ml.components.get(NAME, version="1")

    @dsl.pipeline(default_compute="cpu-cluster", description="from python")
    def adding(start: int = 7):
        one = local(number=start)
        two = registered(number=2, before=one.outputs.out)
        return {"total": two.outputs.out}

    made = ml.jobs.create_or_update(adding(start=7), experiment_name="pipes")
    got = wait(ml, made.name)
    assert got.status == "Completed", got.status
    target = BASE / "pipe-back"
    ml.jobs.download(made.name, download_path=str(target), output_name="total")
    assert [p.read_text() for p in target.rglob("n.txt")] == ["9"]


@workflow
def a_sweep_says_that_it_cannot_run(ml):
    place = folder("sweep", s__py="print(1)")
    job = command(
        code=str(place),
        command="python s.py ${{inputs.x}}",
        inputs={"x": 1},
        environment=ENV,
        compute="cpu-cluster",
    )
    sweep = job(x=Choice([1, 2])).sweep(
        sampling_algorithm="random", primary_metric="m", goal="Maximize"
    )
    sweep.set_limits(max_total_trials=2, max_concurrent_trials=1)
    made = ml.jobs.create_or_update(sweep)
    got = ml.jobs.get(made.name)
    assert got.status == "Failed" and got.type == "sweep", got.status
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            ml.jobs.stream(made.name)
    except Exception as error:
        assert "cannot run" in str(error), error
    else:
        assert got.status == "Failed"


@workflow
def automl_says_that_it_cannot_run(ml):
    table = folder(
        "automl",
        MLTable="type: mltable\npaths:\n  - file: ./a.csv\ntransformations:\n  - read_delimited\n",
        a__csv="x,y\n1,0\n",
    )
    job = automl.classification(
        compute="cpu-cluster",
        experiment_name="automl",
        target_column_name="y",
        primary_metric="accuracy",
        training_data=Input(type="mltable", path=str(table)),
    )
    job.set_limits(timeout_minutes=5, max_trials=2)
    made = ml.jobs.create_or_update(job)
    assert ml.jobs.get(made.name).status == "Failed"
