"""Command jobs: stream, download, cancel, fail."""

import contextlib
import io
import time

from azure.ai.ml import Input, Output, command
from azure.ai.ml.entities import Data, Model
from shared import BASE, ENV, V, folder, stream, wait, workflow

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
    model = ml.models.create_or_update(
        Model(name=f"logged-{V}", path=f"runs:/{made.name}/outputs", type="custom_model")
    )
    ml.models.download(model.name, model.version, download_path=str(BASE / "logged"))
    assert (BASE / "logged" / model.name / "outputs" / "x.txt").is_file()
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
            name=f"from-job-{V}",
            path=f"azureml://jobs/{made.name}/outputs/o/paths/r.txt",
            type="custom_model",
        )
    )
    assert ml.models.get(f"from-job-{V}", version=from_job.version).type == "custom_model"


@workflow
def data_as_input(ml):
    path = folder("input", a__csv="1\n2\n3\n") / "a.csv"
    code = folder("count", c__py="import sys; print('lines', len(open(sys.argv[1]).readlines()))")
    named = ml.data.create_or_update(Data(name=f"counted-{V}", path=str(path), type="uri_file"))
    for given in (
        str(path),
        f"azureml:counted-{V}:{named.version}",
        f"azureml:counted-{V}@latest",
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
    ends = time.monotonic() + 240
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
