"""The sixteen shapes of public job files that are taken as acceptance, run here to their expected output.

The files are our own, in the shape of the ones that are meant; a web address or a large table is
replaced by a small local one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from officina.documents import load_job
from officina.errors import StudioError
from officina.local import LocalResult, default_cache, run_job

pytestmark = pytest.mark.slow
SCHEMAS = "https://azuremlschemas.azureedge.net/latest"
SKLEARN = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"
Write = Callable[[str, str], Path]


class Ran:
    """A local run: its result, what it printed and the folder with its outputs."""

    def __init__(self, result: LocalResult, log: str, out: Path) -> None:
        self.result, self.log, self.out = result, log, out

    def read(self, name: str) -> str:
        return (self.out / "named-outputs" / name).read_text("utf-8")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(name: str, text: str) -> Path:
        path = tmp_path / "case" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("@SKLEARN@", SKLEARN), "utf-8")
        return path

    return put


def command(text: str) -> str:
    return (
        f"$schema: {SCHEMAS}/commandJob.schema.json\n{text}"
        "environment:\n  image: library/python:latest\ncompute: azureml:cpu-cluster\n"
    )


def pipeline(text: str) -> str:
    return f"$schema: {SCHEMAS}/pipelineJob.schema.json\ntype: pipeline\n{text}"


def component(name: str, text: str) -> str:
    return (
        f"$schema: {SCHEMAS}/commandComponent.schema.json\ntype: command\nname: {name}\n"
        f"version: 1\ncode: ./{name}_src\nenvironment:\n  image: python\n{text}"
    )


def ran(path: Path) -> Ran:
    """Run a file as `officina job create --local` does; it must complete."""
    log: list[str] = []
    out = path.parent.parent / "out"
    result = run_job(path, out=out, cache=default_cache(), write=log.append)
    text = "".join(log)
    assert result.status == "Completed", text
    return Ran(result, text, out)


def printed(run: Ran, line: str) -> bool:
    """Say whether a line was printed, by the job or by a step of it."""
    return bool(re.search(rf"^(?:\w[\w-]* \| )?{re.escape(line)}$", run.log, re.MULTILINE))


# -- command jobs -----------------------------------------------------------------------------------


def test_y1_the_smallest_job_prints(write: Write) -> None:
    assert printed(ran(write("j.yml", command('command: echo "hello world"\n'))), "hello world")


def test_y2_an_environment_variable_is_printed(write: Write) -> None:
    text = command('command: echo $word\nenvironment_variables:\n  word: "hello world"\n')
    assert printed(ran(write("j.yml", text)), "hello world")


def test_y3_literal_inputs_are_printed(write: Write) -> None:
    text = command(
        "command: |\n  echo ${{inputs.a_string}}\n  echo ${{inputs.a_number}}\n"
        'inputs:\n  a_string: "hello world"\n  a_number: 42\n'
    )
    run = ran(write("j.yml", text))
    assert printed(run, "hello world") and printed(run, "42")


def test_y5_what_is_written_to_outputs_is_an_artifact(write: Write) -> None:
    text = command('command: echo "hello world" > ./outputs/helloworld.txt\n')
    assert ran(write("j.yml", text)).read("artifacts/helloworld.txt") == "hello world\n"


def test_y6_a_named_output_that_only_has_a_name_is_a_folder(write: Write) -> None:
    text = command("command: echo hi > ${{outputs.place}}/hi.txt\noutputs:\n  place:\n")
    assert ran(write("j.yml", text)).read("place/hi.txt") == "hi\n"


def test_y7_the_code_folder_is_where_the_command_runs(write: Write) -> None:
    names = [f"file{number}.py" for number in range(7)]
    for name in names:
        write(f"src/{name}", "")
    run = ran(write("j.yml", command("command: ls\ncode: src\n")))
    assert all(printed(run, name) for name in names)


def test_y8_mlflow_logs_with_no_set_up(write: Write) -> None:
    write(
        "src/log.py",
        "import mlflow, random\nmlflow.log_param('hello_param', 'world')\n"
        "mlflow.log_metric('hello_metric', random.random())\n"
        "open('hello.txt', 'w').write('hi')\nmlflow.log_artifact('hello.txt')\n"
        "run = mlflow.get_run(mlflow.active_run().info.run_id)\n"
        "print(run.data.params, list(run.data.metrics))\n",
    )
    text = f"command: python log.py\ncode: src\nenvironment: {SKLEARN}\n"
    assert printed(ran(write("j.yml", text)), "{'hello_param': 'world'} ['hello_metric']")


def test_y17_a_sweep_is_read_whole_and_says_that_it_cannot_run(write: Write) -> None:
    path = write(
        "sweep.yml",
        f"""$schema: {SCHEMAS}/sweepJob.schema.json
type: sweep
trial:
  command: python t.py --A ${{{{inputs.A}}}} --B ${{{{search_space.B}}}}
  code: src
  environment: {SKLEARN}
inputs: {{A: 0.5}}
compute: azureml:cpu-cluster
sampling_algorithm: random
search_space:
  B: {{type: choice, values: [hello, world]}}
objective: {{goal: minimize, primary_metric: random_metric}}
limits: {{max_total_trials: 4, max_concurrent_trials: 2, timeout: 3600}}
""",
    )
    document = load_job(path, runnable=False).document
    assert document["jobType"] == "Sweep"
    assert document["limits"]["max_total_trials"] == 4
    assert document["search_space"]["B"]["values"] == ["hello", "world"]
    assert document["computeId"] == "cpu-cluster"


# -- pipelines --------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", ["", "settings: {default_compute: azureml:cpu-cluster}\n"])
def test_y18_steps_written_in_place_print(write: Write, settings: str) -> None:
    steps = "".join(
        f"  {name}_job:\n    command: echo {name}\n    environment: @SKLEARN@\n"
        + ("" if settings else "    compute: azureml:cpu-cluster\n")
        for name in ("hello", "world")
    )
    run = ran(write("p.yml", pipeline(f"{settings}jobs:\n{steps}")))
    assert printed(run, "hello") and printed(run, "world")


def test_y19_inputs_of_the_parent_and_outputs_of_a_step_arrive(write: Write) -> None:
    text = """inputs: {greeting: hello world}
jobs:
  a:
    command: echo hello ${{inputs.text}}
    environment: @SKLEARN@
    inputs: {text: "${{parent.inputs.greeting}}"}
  b:
    command: echo world >> ${{outputs.place}}/world.txt
    environment: @SKLEARN@
    outputs:
      place:
  c:
    command: echo ${{inputs.place}}/world.txt
    environment: @SKLEARN@
    inputs: {place: "${{parent.jobs.b.outputs.place}}"}
"""
    run = ran(write("p.yml", pipeline(text)))
    assert printed(run, "hello hello world")
    assert re.search(r"^c \| /.*/world\.txt$", run.log, re.MULTILINE)
    assert run.log.index("b: Completed") < run.log.index("c: Completed")


@pytest.mark.parametrize(
    ("case", "output", "binding"),
    [
        ("y20", "world_output", "${{parent.jobs.hello_job.outputs.world_output}}"),
        ("y21", "artifacts", "${{parent.jobs.hello_job.outputs.artifacts}}"),
        ("y21, as it was spelled once", "artifacts", "${{jobs.hello_job.outputs.artifacts}}"),
    ],
)
def test_a_files_content_goes_from_step_to_step(
    write: Write, case: str, output: str, binding: str
) -> None:
    text = f"""jobs:
  hello_job:
    command: echo hello && echo world > ${{{{outputs.{output}}}}}/world.txt
    environment: @SKLEARN@
    outputs:
      {output}:
  world_job:
    command: cat ${{{{inputs.given}}}}/world.txt
    environment: @SKLEARN@
    inputs: {{given: "{binding}"}}
"""
    assert printed(ran(write("p.yml", pipeline(text))), "world"), case


def test_y23_three_local_components_run_end_to_end(write: Write) -> None:
    for name, ports, port, file in (
        ("train", "  rows: {type: uri_folder}\n  epochs: {type: integer}\n", "rows", "model.txt"),
        ("score", "  model: {type: uri_folder}\n", "model", "score"),
        ("eval", "  scored: {type: uri_folder}\n", "scored", "eval_result.txt"),
    ):
        write(
            f"{name}_src/{name}.py",
            "import pathlib, sys\nnames = sorted(p.name for p in pathlib.Path(sys.argv[1]).iterdir())\n"
            f"pathlib.Path(sys.argv[2], '{file}').write_text(' '.join(names))\n",
        )
        text = f"inputs:\n{ports}outputs:\n  out: {{type: uri_folder}}\n"
        line = f"command: python {name}.py ${{{{inputs.{port}}}}} ${{{{outputs.out}}}}"
        tail = " ${{inputs.epochs}}" if "epochs" in ports else ""
        write(f"{name}.yml", component(name, f"{text}{line}{tail}\n"))
    write("data/rows.csv", "a\n1\n")
    text = """inputs: {epochs: 20}
outputs:
  model: {mode: upload}
  report: {mode: upload}
settings: {default_compute: azureml:cpu-cluster}
jobs:
  train_job:
    type: command
    component: ./train.yml
    inputs:
      rows: {type: uri_folder, path: ./data}
      epochs: ${{parent.inputs.epochs}}
    outputs: {out: "${{parent.outputs.model}}"}
  score_job:
    type: command
    component: ./score.yml
    inputs: {model: "${{parent.jobs.train_job.outputs.out}}"}
    outputs: {out: {mode: upload}}
  evaluate_job:
    type: command
    component: file:./eval.yml
    inputs: {scored: "${{parent.jobs.score_job.outputs.out}}"}
    outputs: {out: "${{parent.outputs.report}}"}
"""
    run = ran(write("pipeline.yml", pipeline(text)))
    assert run.read("model/model.txt") == "rows.csv"
    assert run.read("report/eval_result.txt") == "score"


def test_y25_a_component_with_typed_ports_and_a_default(write: Write) -> None:
    write("hello_src/hello.py", "import sys\nprint('Hello Python World', sys.argv[2])\n")
    ports = """inputs:
  rows: {type: uri_folder}
  text: {type: string, default: by default}
outputs:
  out: {type: uri_folder}
command: >-
  python hello.py ${{inputs.rows}} ${{inputs.text}} && echo x > ${{outputs.out}}/file.txt
"""
    write("component.yml", component("hello", ports))
    write("data/rows.csv", "a\n")
    text = """outputs: {sample: {mode: upload}}
settings: {default_compute: azureml:serverless}
jobs:
  hello_job:
    type: command
    component: ./component.yml
    inputs: {rows: {type: uri_folder, path: ./data}}
    outputs: {out: "${{parent.outputs.sample}}"}
"""
    run = ran(write("pipeline.yml", pipeline(text)))
    assert printed(run, "Hello Python World by default")
    assert run.read("sample/file.txt") == "x\n"


def test_y26_three_components_chain_their_files(write: Write) -> None:
    for name in "abc":
        write(
            f"component_{name}_src/hello.py",
            f"import shutil, sys\nprint('I am component {name.upper()} :-)')\n"
            "shutil.copytree(sys.argv[1], sys.argv[2], dirs_exist_ok=True)\n"
            f"open(sys.argv[2] + '/{name}.txt', 'w').close()\n",
        )
        ports = (
            "inputs: {given: {type: uri_folder}}\noutputs: {made: {type: uri_folder}}\n"
            "command: python hello.py ${{inputs.given}} ${{outputs.made}}\n"
        )
        write(f"component{name.upper()}.yml", component(f"component_{name}", ports))
    write("data/rows.csv", "a\n")
    chain = ["{type: uri_folder, path: ./data}"]
    chain += [f'"${{{{parent.jobs.component_{name}.outputs.made}}}}"' for name in "ab"]
    steps = "".join(
        f"  component_{name}:\n    type: command\n    component: ./component{name.upper()}.yml\n"
        f"    inputs: {{given: {given}}}\n"
        for name, given in zip("abc", chain, strict=True)
    )
    text = f"settings:\n  default_datestore: azureml:x\njobs:\n{steps}    outputs:\n"
    text += '      made: "${{parent.outputs.last}}"\noutputs: {last: {mode: rw_mount}}\n'
    run = ran(write("pipeline.yml", pipeline(text)))
    assert "default_datestore" in run.log  # misspelt, and only told
    assert all(printed(run, f"I am component {name} :-)") for name in "ABC")
    assert {path.name for path in (run.out / "named-outputs/last").iterdir()} == {
        "a.txt", "b.txt", "c.txt", "rows.csv",
    }  # fmt: skip


STEPS = {
    "prep": ("raw", "rows", "rows = read(i); rows['d'] = rows.a * 2; write(rows, o)"),
    "transform": ("rows", "table", "rows = read(i); write(rows.dropna(), o)"),
    "train": (
        "table",
        "model",
        "rows = read(i); X, y = rows[['a', 'b']], rows.y\n"
        "fit = LinearRegression().fit(X, y); print('Score:', round(fit.score(X, y), 6))\n"
        "mlflow.sklearn.save_model(fit, o + '/m')",
    ),
    "predict": (
        "model",
        "predictions",
        "fit = mlflow.sklearn.load_model(i + '/m')\n"
        "write(pd.DataFrame({'y': fit.predict(pd.DataFrame({'a': [1.0, 2.0], 'b': [0.0, 1.0]}))}), o)",
    ),
    "score": (
        "predictions",
        "report",
        "json.dump({'r2': r2_score([3.0, 6.0], read(i).y)}, open(o + '/report.json', 'w'))",
    ),
}
HEAD = """import json, sys
import mlflow.sklearn
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
i, o = sys.argv[1:]
read = lambda place: pd.read_csv(place + '/rows.csv')
write = lambda rows, place: rows.to_csv(place + '/rows.csv', index=False)
"""


def test_y31_five_steps_prepare_train_predict_and_score(write: Write) -> None:
    before = "${{parent.inputs.given}}"
    steps = ""
    for name, (given, made, body) in STEPS.items():
        write(f"{name}_src/{name}.py", HEAD + body + "\n")
        ports = f"inputs: {{{given}: {{type: uri_folder}}}}\noutputs: {{{made}: {{type: uri_folder}}}}\n"
        line = f"command: >-\n  python {name}.py\n  ${{{{inputs.{given}}}}}\n  ${{{{outputs.{made}}}}}\n"
        text = component(name, ports + line).replace(
            "environment:\n  image: python", "environment: @SKLEARN@"
        )
        write(f"{name}.yml", text)
        steps += f'  {name}_job:\n    type: command\n    component: ./{name}.yml\n    inputs: {{{given}: "{before}"}}\n'
        steps += f'    outputs: {{{made}: "${{{{parent.outputs.all_{made}}}}}"}}\n'
        before = f"${{{{parent.jobs.{name}_job.outputs.{made}}}}}"
    rows = "".join(f"{a},{b},{2 * a + b + 1}\n" for a in range(5) for b in range(4))
    write("data/rows.csv", "a,b,y\n" + rows)
    outputs = "".join(f"  all_{made}: {{mode: upload}}\n" for _, made, _ in STEPS.values())
    text = f"inputs:\n  given: {{type: uri_folder, path: ./data}}\noutputs:\n{outputs}"
    text += f"settings:\n  default_compute: azureml:cpu-cluster\n  continue_on_step_failure: false\njobs:\n{steps}"
    run = ran(write("pipeline.yml", pipeline(text)))
    assert printed(run, "Score: 1.0")
    assert json.loads(run.read("all_report/report.json"))["r2"] == pytest.approx(1.0)
    model = {path.name for path in (run.out / "named-outputs/all_model/m").iterdir()}
    assert model == {"MLmodel", "conda.yaml", "model.pkl", "python_env.yaml", "requirements.txt"}


def test_a_sweep_is_refused_by_name_when_it_is_to_run() -> None:
    with pytest.raises(StudioError, match="sweep"):
        load_job({"type": "sweep", "trial": {"command": "x"}})
