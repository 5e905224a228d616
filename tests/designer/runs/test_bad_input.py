"""Ill will and mistakes in a draft end in a message on the node that says what to do."""

from __future__ import annotations

import os
import time
from typing import Any

import psutil
import pytest

from studio.runs import logs
from studio.runs.models import Run
from tests.designer.runs.conftest import edge, names, node, node_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def script(change: Any, draft: Any, run_draft: Any, api: Any) -> Any:
    """Run a script node on the draft's table; return the error on the node and the step's run."""

    def go(code: str) -> tuple[dict[str, Any], Run]:
        def only(graph: dict[str, Any]) -> None:
            graph["nodes"] = [n for n in graph["nodes"] if n["id"] == "enter"]
            graph["nodes"].append(node("script", "execute_python_script", python_script=code))
            graph["edges"] = [edge("enter.dataset", "script.dataset1")]
            graph["parameters"] = {}

        change(draft, only)
        run = run_draft()
        entry = api("get", "state")["nodes"]["script"]
        return entry["error"], run.children.get(step="script")

    return go


MAIN = "def azureml_main(dataframe1=None, dataframe2=None):\n"


def log_of(run: Run) -> str:
    return logs.read_log(run=run, offset=0, limit=1 << 20).data.decode("utf-8", "replace")


def test_a_script_that_fails_names_its_line_and_where_the_log_tells_more(script: Any) -> None:
    code = MAIN + "    print('one')\n    print('two')\n    return dataframe1['pice']\n"
    error, run = script(code)
    assert "Line 4, in azureml_main: KeyError" in error["message"]
    assert error["where"] == "python_script" and error["hint"]
    assert log_of(run).splitlines()[error["line"] - 1] == "Traceback (most recent call last):"


def test_a_script_that_prints_a_gigabyte_is_stopped(script: Any) -> None:
    error, run = script(
        MAIN + "    for _ in range(1024):\n        print('x' * 2**20)\n    return dataframe1\n"
    )
    assert error["message"] == "The job was stopped: The job printed more than 256 MiB to its log."
    assert "./outputs" in error["hint"]
    size = logs.read_log(run=run, offset=0, limit=10).size
    assert 2**28 <= size < 2**28 + 4096


def test_a_script_that_forks_leaves_nothing_behind(script: Any) -> None:
    mark = f"sleeper-{os.getpid()}-{time.time_ns()}"
    code = (
        "import os, sys, time\n" + MAIN + "    for _ in range(3):\n"
        "        if os.fork() == 0:\n"
        "            os.setsid()\n"
        f"            os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(300)', '{mark}'])\n"
        "    time.sleep(0.5)\n"
        "    return dataframe1\n"
    )
    error, run = script(code)
    assert error is None and run.status == "Completed"
    assert not [process for process in psutil.process_iter(["cmdline"]) if mark in words(process)]


def words(process: psutil.Process) -> list[str]:
    return process.info["cmdline"] or []


def test_a_script_that_forks_without_end_is_stopped(script: Any) -> None:
    many = "for i in $(seq 1500); do sleep 60 & done; wait"
    code = f"import subprocess\n{MAIN}    subprocess.run(['sh', '-c', '{many}'])\n"
    error, _ = script(code)
    assert "more than 1000 processes" in error["message"] and "pool" in error["hint"]


def test_a_script_reads_neither_other_runs_nor_the_servers_environment(
    script: Any, settings: Any, home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFICINA_SECRET_OF_THE_SERVER", "do-not-tell")
    other = settings.WORK_FOLDER / "another-run" / "1"
    other.mkdir(parents=True)
    (other / "secret.txt").write_text("do-not-tell")
    code = (
        "import os\n" + MAIN + f"    print(os.environ.get('OFFICINA_SECRET_OF_THE_SERVER'))\n"
        "    print(open(f'/proc/{os.getppid()}/environ').read().count('SECRET_OF'))\n"
        f"    print(open({str(other / 'secret.txt')!r}).read())\n    return dataframe1\n"
    )
    error, run = script(code)
    assert "PermissionError" in error["message"] or "FileNotFoundError" in error["message"]
    assert "do-not-tell" not in log_of(run)


def test_missing_values_into_a_learner_name_the_column(
    api: Any, run_draft: Any, change: Any, draft: Any
) -> None:
    def holes(graph: dict[str, Any]) -> None:
        rows = "\n".join(f"{i},{'' if i % 5 == 0 else i},{i}" for i in range(60))
        node_of(graph, "enter")["params"]["data"] = f"a,b,y\n{rows}\n"

    change(draft, holes)
    assert run_draft().status == "Failed"
    error = api("get", "state")["nodes"]["train"]["error"]
    assert 'Column "b" has' in error["message"] and error["where"] == "b"
    assert "Clean Missing Data" in error["hint"]


def test_a_column_that_is_gone_names_the_nearest(
    api: Any, run_draft: Any, change: Any, draft: Any
) -> None:
    change(draft, lambda graph: node_of(graph, "train")["params"].update(label=names("Y")))
    run_draft()
    error = api("get", "state")["nodes"]["train"]["error"]
    assert 'There is no column "Y"' in error["message"] and error["hint"]


def test_an_input_that_is_no_table_is_refused(
    api: Any, run_draft: Any, change: Any, draft: Any
) -> None:
    change(draft, lambda graph: node_of(graph, "enter")["params"].update(data='a,b\n1,"2\n3'))
    run_draft()
    error = api("get", "state")["nodes"]["enter"]["error"]
    assert error["message"] and error["hint"] and error["where"] == "data"
