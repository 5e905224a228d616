"""The common workflows, as people write them for Azure; run by a client's own environment, not by pytest.

`python workflows.py <folder> [name ...]` prints one JSON line for each workflow. Nothing here knows the
studio: the address comes from environment variables alone.
"""

import contextlib
import io
import json
import os
import sys
import time
import traceback
from pathlib import Path

from azure.ai.ml import Input, MLClient, Output, automl, command, dsl, load_component, load_job
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import AmlCompute, Data, Environment, Model
from azure.ai.ml.sweep import Choice
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

BASE = Path(sys.argv[1])
ENV = "azureml:minimal@latest"
WORKFLOWS = {}


def workflow(function):
    WORKFLOWS[function.__name__] = function
    return function


def folder(name, **files):
    place = BASE / name
    place.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (place / file.replace("__", ".")).write_text(text)
    return place


def wait(ml, name, within=120):
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        job = ml.jobs.get(name)
        if job.status in ("Completed", "Failed", "Canceled"):
            return job
        time.sleep(1)
    raise AssertionError(f"{name} is still {job.status}")


def stream(ml, name):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        ml.jobs.stream(name)
    return out.getvalue()


@workflow
def connect(ml):
    ws = ml.workspaces.get(ml.workspace_name)
    assert ws.name == "lab" and ws.mlflow_tracking_uri.endswith("/mlflow/lab"), ws
    assert "lab" in [each.name for each in ml.workspaces.list()]
    names = [each.name for each in ml.datastores.list()]
    assert "workspaceblobstore" in names, names
    assert ml.datastores.get_default().name == "workspaceblobstore"
    assert ml.datastores.get("workspaceblobstore").type == "AzureBlob"


@workflow
def upload_a_file(ml):
    path = folder("one", a__csv="x,y\n1,2\n") / "a.csv"
    made = ml.data.create_or_update(
        Data(
            name="one-file", version="1", path=str(path), type=AssetTypes.URI_FILE, tags={"a": "b"}
        )
    )
    assert made.path.endswith("a.csv"), made.path
    got = ml.data.get("one-file", version="1")
    assert got.type == "uri_file" and got.tags == {"a": "b"}
    again = ml.data.create_or_update(
        Data(
            name="one-file",
            version="1",
            path=str(path),
            type=AssetTypes.URI_FILE,
            description="said",
        )
    )
    assert again.description == "said"


@workflow
def upload_a_folder_and_a_new_version(ml):
    place = folder("many", **{f"f{n}__txt": f"file {n}" for n in range(8)})
    first = ml.data.create_or_update(
        Data(name="many-files", path=str(place), type=AssetTypes.URI_FOLDER)
    )
    (place / "f3.txt").write_text("another")
    second = ml.data.create_or_update(
        Data(name="many-files", path=str(place), type=AssetTypes.URI_FOLDER)
    )
    assert int(second.version) == int(first.version) + 1, (first.version, second.version)
    assert second.path != first.path
    assert ml.data.get("many-files", label="latest").version == second.version
    assert [d.version for d in ml.data.list("many-files")] == [second.version, first.version]


@workflow
def a_large_file_in_blocks(ml):
    place = folder("large")
    big = place / "big.bin"
    big.write_bytes(os.urandom(1 << 20) * 70)
    made = ml.data.create_or_update(
        Data(name="large-file", path=str(big), type=AssetTypes.URI_FILE)
    )
    from azure.ai.ml._artifacts._artifact_utilities import download_artifact_from_aml_uri as fetch

    target = BASE / "large-back"
    target.mkdir(exist_ok=True)
    fetch(uri=made.path, destination=str(target), datastore_operation=ml.datastores)
    assert (target / "big.bin").read_bytes() == big.read_bytes()


@workflow
def environments(ml):
    conda = (
        folder("env", conda__yml="name: e\ndependencies:\n  - python=3.11\n  - pip\n") / "conda.yml"
    )
    made = ml.environments.create_or_update(
        Environment(name="own-env", conda_file=str(conda), image="mcr.example/base")
    )
    got = ml.environments.get("own-env", version=made.version)
    assert got.conda_file["dependencies"][0] == "python=3.11", got.conda_file
    assert ml.environments.get("own-env", label="latest").version == made.version
    assert "own-env" in [e.name for e in ml.environments.list()]
    curated = ml.environments.get("minimal", label="latest")
    assert curated.name == "minimal"


@workflow
def models(ml):
    place = folder("model", m__txt="weights", MLmodel="flavors: {}\n")
    made = ml.models.create_or_update(
        Model(
            name="own-model",
            path=str(place / "m.txt"),
            type=AssetTypes.CUSTOM_MODEL,
            tags={"k": "v"},
        )
    )
    whole = ml.models.create_or_update(
        Model(name="folder-model", path=str(place), type=AssetTypes.MLFLOW_MODEL)
    )
    assert ml.models.get("own-model", version=made.version).tags == {"k": "v"}
    assert ml.models.get("own-model", label="latest").version == made.version
    assert {"own-model", "folder-model"} <= {m.name for m in ml.models.list()}
    target = BASE / "models-back"
    ml.models.download("own-model", version=made.version, download_path=str(target))
    assert [p.read_text() for p in target.rglob("m.txt")] == ["weights"]
    ml.models.download("folder-model", version=whole.version, download_path=str(target))
    assert len(list((target / "folder-model").rglob("*.txt"))) == 1


SCRIPT = """
import os, sys, time
print("given", sys.argv[1])
open(os.path.join(sys.argv[2], "r.txt"), "w").write("result " + sys.argv[1])
os.makedirs("outputs", exist_ok=True)
open("outputs/x.txt", "w").write("kept")
for n in range(4):
    print("line", n, flush=True); time.sleep(1)
"""


@workflow
def command_job(ml):
    place = folder("src", a__py=SCRIPT)
    job = command(
        code=str(place),
        command="python a.py ${{inputs.x}} ${{outputs.o}}",
        inputs={"x": 3},
        outputs={"o": Output(type="uri_folder")},
        environment=ENV,
        compute="cpu-cluster",
        experiment_name="azure",
        display_name="a command",
        tags={"who": "me"},
    )
    made = ml.jobs.create_or_update(job)
    text = stream(ml, made.name)
    assert "line 3" in text and text.count("line 0") == 1, text
    got = ml.jobs.get(made.name)
    assert (
        got.status == "Completed" and got.display_name == "a command" and got.tags["who"] == "me"
    ), got
    target = BASE / "job-back"
    ml.jobs.download(made.name, download_path=str(target), output_name="o")
    assert [p.read_text() for p in target.rglob("r.txt")] == ["result 3"]
    everything = BASE / "job-all"
    ml.jobs.download(made.name, download_path=str(everything), all=True)
    assert [p.read_text() for p in everything.rglob("artifacts/**/outputs/x.txt")] == ["kept"]
    # The same folder again: nothing is uploaded twice.
    again = ml.jobs.create_or_update(
        command(code=str(place), command="python --version", environment=ENV, compute="cpu-cluster")
    )
    assert wait(ml, again.name).status == "Completed"
    from_job = ml.models.create_or_update(
        Model(
            name="from-job",
            path=f"azureml://jobs/{made.name}/outputs/o/paths/r.txt",
            type="custom_model",
        )
    )
    assert ml.models.get("from-job", version=from_job.version).type == "custom_model"


@workflow
def data_as_input(ml):
    path = folder("input", a__csv="1\n2\n3\n") / "a.csv"
    code = folder("count", c__py="import sys; print('lines', len(open(sys.argv[1]).readlines()))")
    named = ml.data.create_or_update(Data(name="counted", path=str(path), type="uri_file"))
    for given in (
        str(path),
        f"azureml:counted:{named.version}",
        "azureml:counted@latest",
        named.path,
    ):
        made = ml.jobs.create_or_update(
            command(
                code=str(code),
                command="python c.py ${{inputs.d}}",
                environment=ENV,
                compute="cpu-cluster",
                inputs={"d": Input(type="uri_file", path=given)},
            )
        )
        job = wait(ml, made.name)
        assert job.status == "Completed", (given, job.status)


@workflow
def cancel(ml):
    place = folder("slow", s__py="import time; print('begun', flush=True); time.sleep(300)")
    made = ml.jobs.create_or_update(
        command(code=str(place), command="python s.py", environment=ENV, compute="cpu-cluster")
    )
    ends = time.monotonic() + 60
    while ml.jobs.get(made.name).status != "Running" and time.monotonic() < ends:
        time.sleep(1)
    ml.jobs.begin_cancel(made.name).result()
    assert wait(ml, made.name).status == "Canceled"


@workflow
def a_failing_job(ml):
    place = folder("fails", f__py="raise SystemExit('no luck')")
    made = ml.jobs.create_or_update(
        command(code=str(place), command="python f.py", environment=ENV, compute="cpu-cluster")
    )
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            ml.jobs.stream(made.name)
    except Exception as error:
        assert "Exception" in str(error)
    assert wait(ml, made.name).status == "Failed"


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
        component__yml=COMPONENT,
        pipeline__yml=PIPELINE.replace("outputs:\n  total: {type: uri_folder}\n", ""),
    )
    folder("component/code", add__py=ADD)
    return place


@workflow
def components(ml):
    place = component_folder()
    made = ml.components.create_or_update(load_component(str(place / "component.yml")))
    assert (made.name, made.version) == ("add_one", "1")
    got = ml.components.get("add_one", version="1")
    assert got.inputs["number"]["type"] == "integer" and got.display_name == "Add one"
    assert "add_one" in [c.name for c in ml.components.list()]
    assert ml.components.get("add_one", label="latest").version == "1"


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


@workflow
def pipeline_from_python(ml):
    place = component_folder()
    local = load_component(str(place / "component.yml"))
    registered = ml.components.get("add_one", version="1")

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


@workflow
def computes(ml):
    made = ml.compute.begin_create_or_update(
        AmlCompute(
            name="own-cluster",
            size="Standard_DS3_v2",
            min_instances=0,
            max_instances=3,
            idle_time_before_scale_down=120,
        )
    ).result()
    assert made.max_instances == 3 and made.provisioning_state == "Succeeded", made
    assert {"own-cluster", "local"} <= {c.name for c in ml.compute.list()}
    again = ml.compute.begin_create_or_update(
        AmlCompute(name="own-cluster", size="Standard_DS3_v2", min_instances=0, max_instances=2)
    ).result()
    assert again.max_instances == 2
    assert ml.compute.get("own-cluster").size.lower() == "standard_ds3_v2"
    assert len(list(ml.compute.list_sizes())) > 10
    list(ml.compute.list_usage())
    list(ml.compute.list_nodes("own-cluster"))
    ml.compute.begin_delete("own-cluster").result()
    try:
        ml.compute.get("own-cluster")
        raise AssertionError("it is still there")
    except ResourceNotFoundError:
        pass


@workflow
def lists_and_archive(ml):
    place = folder("listed", a__py="print(1)")
    made = ml.jobs.create_or_update(
        command(code=str(place), command="python a.py", environment=ENV, compute="cpu-cluster")
    )
    wait(ml, made.name)
    assert made.name in [j.name for j in ml.jobs.list(max_results=50)]
    ml.jobs.archive(made.name)
    assert made.name not in [j.name for j in ml.jobs.list(max_results=50)]
    ml.jobs.restore(made.name)
    assert made.name in [j.name for j in ml.jobs.list(max_results=50)]
    path = folder("archived", a__txt="a") / "a.txt"
    for _ in range(2):
        path.write_text(path.read_text() + "b")
        data = ml.data.create_or_update(Data(name="archived-data", path=str(path), type="uri_file"))
    ml.data.archive("archived-data", version=data.version)
    assert data.version not in [d.version for d in ml.data.list("archived-data")]
    ml.data.restore("archived-data", version=data.version)
    ml.data.archive("archived-data")
    assert "archived-data" not in [d.name for d in ml.data.list()]
    model = ml.models.create_or_update(
        Model(name="archived-model", path=str(path), type="custom_model")
    )
    ml.models.archive("archived-model", version=model.version)
    ml.models.restore("archived-model", version=model.version)


@workflow
def what_is_not_there(ml):
    for ask in (
        lambda: ml.data.get("nowhere", version="1"),
        lambda: ml.jobs.get("nowhere"),
        lambda: ml.models.get("nowhere", version="1"),
        lambda: ml.compute.get("nowhere"),
    ):
        try:
            ask()
            raise AssertionError("it was found")
        except ResourceNotFoundError:
            pass
    try:
        ml.jobs.create_or_update(
            command(
                command="echo ${{inputs.x}}",
                inputs={"x": 1},
                environment="azureml:minimal:1",
                compute="no-such-compute",
            )
        )
        raise AssertionError("it was taken")
    except Exception as error:
        assert "no-such-compute" in str(error), error


@workflow
def a_registry(ml):
    reg = MLClient(DefaultAzureCredential(), registry_name="azureml")
    found = reg.environments.get("sklearn-1.5", label="latest")
    assert found.name == "sklearn-1.5", found
    assert "sklearn-1.5" in [e.name for e in reg.environments.list()]


def main():
    out = sys.stdout
    sys.stdout = sys.stderr
    folder(".")
    os.chdir(BASE)
    (BASE / "config.json").write_text(
        json.dumps(
            {
                "subscription_id": "11111111-2222-3333-4444-555555555555",
                "resource_group": "any",
                "workspace_name": "lab",
            }
        )
    )
    ml = MLClient.from_config(DefaultAzureCredential())
    for name in sys.argv[2:] or WORKFLOWS:
        begun = time.monotonic()
        try:
            WORKFLOWS[name](ml)
            problem = ""
        except (Exception, SystemExit) as error:
            problem = f"{error}\n{traceback.format_exc()[-3000:]}"
            if isinstance(error, HttpResponseError) and error.response is not None:
                problem = f"{error.response.request.method} {error.response.request.url}\n{problem}"
        seconds = round(time.monotonic() - begun, 1)
        print(
            json.dumps({"name": name, "problem": problem, "seconds": seconds}), file=out, flush=True
        )


if __name__ == "__main__":
    main()
