"""Steps of other kinds: parallel, nested, distributed; outputs with places of their own; what cannot run."""

import json

from azure.ai.ml import Input, Output, command, dsl, load_component, load_job
from azure.ai.ml.entities import Data, JobService
from azure.ai.ml.parallel import RunFunction, parallel_run_function
from shared import BASE, ENV, V, folder, stream, wait, workflow

SCORE = """
import argparse, os
p = argparse.ArgumentParser()
p.add_argument("--word")
word = p.parse_known_args()[0].word
def init():
    print("init", word)
def run(mini_batch):
    return [f"{word} {os.path.basename(path)} {open(path).read()}" for path in mini_batch]
"""
PARALLEL = """
$schema: https://azuremlschemas.azureedge.net/latest/parallelComponent.schema.json
name: score_files
version: "1"
type: parallel
inputs:
  files: {type: uri_folder}
  word: {type: string, default: found}
outputs:
  lines: {type: uri_file}
input_data: ${{inputs.files}}
mini_batch_size: "2"
max_concurrency_per_instance: 2
error_threshold: -1
mini_batch_error_threshold: 1
retry_settings: {max_retries: 1, timeout: 60}
logging_level: INFO
task:
  type: run_function
  code: ./code
  entry_script: score.py
  environment: azureml:minimal@latest
  program_arguments: --word ${{inputs.word}}
  append_row_to: ${{outputs.lines}}
"""
INNER = """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json
name: twice
version: "1"
type: pipeline
inputs:
  text: {type: string}
outputs:
  out: {type: uri_folder}
jobs:
  one:
    type: command
    command: echo one ${{inputs.text}} > ${{outputs.out}}/a.txt
    environment: azureml:minimal@latest
    inputs: {text: "${{parent.inputs.text}}"}
    outputs: {out: {type: uri_folder}}
  two:
    type: command
    command: cat ${{inputs.before}}/a.txt > ${{outputs.out}}/b.txt
    environment: azureml:minimal@latest
    inputs: {before: "${{parent.jobs.one.outputs.out}}"}
    outputs: {out: "${{parent.outputs.out}}"}
"""
OTHERS = """
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
settings: {default_compute: azureml:cpu-cluster}
jobs:
  bring:
    type: data_transfer
    task: import_data
    source: {type: database, connection: azureml:shop, query: select 1}
    outputs: {sink: {type: mltable}}
  count:
    type: spark
    code: ./code
    entry: {file: count.py}
    inputs: {rows: {type: uri_file, path: "azureml:nothing:1", mode: direct}}
    args: --rows ${{inputs.rows}}
    resources: {instance_type: standard_e4s_v3, runtime_version: "3.4"}
    conf:
      spark.driver.cores: 1
      spark.driver.memory: 2g
      spark.executor.cores: 2
      spark.executor.memory: 2g
      spark.executor.instances: 2
"""


def some_files(name):
    return folder(name, **{f"f{number}__txt": str(number) for number in range(5)})


@workflow
def a_parallel_step(ml):
    code = folder("parallel/code", score__py=SCORE)
    files = some_files("parallel/files")
    score = parallel_run_function(
        name="score",
        inputs={"files": Input(type="uri_folder"), "word": "inline"},
        outputs={"lines": Output(type="uri_file")},
        input_data="${{inputs.files}}",
        mini_batch_size="2",
        instance_count=1,
        max_concurrency_per_instance=2,
        mini_batch_error_threshold=1,
        retry_settings={"max_retries": 1, "timeout": 60},
        task=RunFunction(
            code=str(code),
            entry_script="score.py",
            environment=ENV,
            program_arguments="--word ${{inputs.word}}",
            append_row_to="${{outputs.lines}}",
        ),
    )

    @dsl.pipeline(default_compute="cpu-cluster")
    def scoring(files):
        step = score(files=files)
        return {"lines": step.outputs.lines}

    made = ml.jobs.create_or_update(scoring(files=Input(type="uri_folder", path=str(files))))
    got = wait(ml, made.name)
    assert got.status == "Completed", stream(ml, made.name)
    assert got.jobs["score"].type == "parallel", got.jobs["score"]
    assert (got.jobs["score"].mini_batch_size, got.jobs["score"].max_concurrency_per_instance) == (
        2,
        2,
    )
    target = BASE / "parallel-back"
    ml.jobs.download(made.name, download_path=str(target), output_name="lines")
    lines = [line for p in target.rglob("*") if p.is_file() for line in p.read_text().split("\n")]
    assert sorted(filter(None, lines)) == [f"inline f{n}.txt {n}" for n in range(5)], lines


@workflow
def a_parallel_component(ml):
    name = f"score_files_{V}".replace("-", "_")
    place = folder("parallel-c", c__yml=PARALLEL.replace("score_files", name))
    folder("parallel-c/code", score__py=SCORE)
    made = ml.components.create_or_update(load_component(str(place / "c.yml")))
    got = ml.components.get(name, version="1")
    assert (got.type, got.mini_batch_size, got.retry_settings.max_retries) == ("parallel", 2, 1)
    files = some_files("parallel-c/files")

    @dsl.pipeline(default_compute="cpu-cluster")
    def scoring(files):
        step = made(files=files)
        step.mini_batch_size = "3"
        return {"lines": step.outputs.lines}

    job = ml.jobs.create_or_update(scoring(files=Input(type="uri_folder", path=str(files))))
    assert wait(ml, job.name).status == "Completed", stream(ml, job.name)
    target = BASE / "parallel-c-back"
    ml.jobs.download(job.name, download_path=str(target), output_name="lines")
    text = "".join(p.read_text() for p in target.rglob("*") if p.is_file())
    assert text.count("found f") == 5, text


@workflow
def a_pipeline_component(ml):
    place = folder("nested", inner__yml=INNER.replace("twice", f"twice_{V}".replace("-", "_")))
    inner = load_component(str(place / "inner.yml"))

    @dsl.pipeline(default_compute="cpu-cluster")
    def outer(text: str = "hello"):
        first = inner(text=text)
        return {"out": first.outputs.out}

    made = ml.jobs.create_or_update(outer(text="nested"))
    got = wait(ml, made.name)
    assert got.status == "Completed" and len(got.jobs) == 1, got
    target = BASE / "nested-back"
    ml.jobs.download(made.name, download_path=str(target), output_name="out")
    assert [p.read_text() for p in target.rglob("b.txt")] == ["one nested\n"]


@workflow
def ranks_services_and_an_output_with_a_place(ml):
    place = folder("ranks", r__py="import os, sys\nprint('rank', os.environ['RANK'])\n")
    job = command(
        code=str(place),
        command="python r.py && echo $RANK > ${{outputs.here}}/rank$RANK.txt",
        environment=ENV,
        compute="cpu-cluster",
        distribution={"type": "pytorch", "process_count_per_instance": 2},
        outputs={
            "here": Output(
                type="uri_folder",
                path=f"azureml://datastores/workspaceblobstore/paths/mine-{V}/${{{{name}}}}/",
            )
        },
        services={"board": JobService(type="tensor_board", properties={"logDir": "outputs/logs"})},
    )
    made = ml.jobs.create_or_update(job)
    text = stream(ml, made.name)
    assert "rank 0" in text and "rank 1" in text, text
    got = wait(ml, made.name)
    assert got.distribution.process_count_per_instance == 2, got.distribution
    assert "board" in got.services and "Studio" in got.services, got.services
    target = BASE / "ranks-back"
    ml.jobs.download(made.name, download_path=str(target), output_name="here")
    assert sorted(p.name for p in target.rglob("rank*.txt")) == ["rank0.txt", "rank1.txt"]
    place = got.outputs["here"].path
    assert place.endswith(f"/paths/mine-{V}/{made.name}/"), place
    # What lies there now can be registered as data, as anything that was uploaded.
    kept = ml.data.create_or_update(Data(name=f"placed-{V}", path=place, type="uri_folder"))
    assert kept.path == place, kept.path


@workflow
def other_kinds_of_steps_are_kept_and_say_that_they_cannot_run(ml):
    place = folder("others", p__yml=OTHERS)
    folder("others/code", count__py="print(1)")
    made = ml.jobs.create_or_update(load_job(str(place / "p.yml")))
    got = ml.jobs.get(made.name)
    assert got.status == "Failed" and set(got.jobs) == {"bring", "count"}, got.status
    assert {step.type for step in got.jobs.values()} == {"data_transfer", "spark"}
    try:
        text = stream(ml, made.name)
    except Exception as error:
        text = str(error)
    assert "cannot run" in text, text
    json.dumps(got._to_dict(), default=str)
