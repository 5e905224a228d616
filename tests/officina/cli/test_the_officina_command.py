from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from psutil import process_iter

OFFICINA = [sys.executable, "-m", "officina.cli"]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment without anyone's studio, profile or cache."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OFFICINA_")}
    return kept | {"XDG_CONFIG_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def run(env: dict[str, str], *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OFFICINA, *words], env=env, input=stdin, capture_output=True, text=True, check=False
    )


def write_job(folder: Path, command: str) -> Path:
    """A job in an environment without packages, so that it is built in a moment."""
    path = folder / "job.yml"
    conda = {"name": "plain", "dependencies": ["python=3.11"]}
    job = {"command": command, "environment": {"name": "plain", "conda_file": conda}}
    job["outputs"] = {"o": {"type": "uri_folder"}}
    path.write_text(json.dumps(job))
    return path


def test_help_and_version_need_no_heavy_imports(env: dict[str, str]) -> None:
    heavy = ["pandas", "sklearn", "httpx", "numpy", "matplotlib", "django", "yaml"]
    code = f"""
import sys
from officina.cli import main
try:
    main()
except SystemExit:
    pass
print(sorted(set({heavy!r}) & set(sys.modules)), file=sys.stderr)
"""
    for words in (["--help"], ["--version"], ["job", "create", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr.strip() == "[]"
        assert done.stdout.strip()


def test_a_wrong_option_is_a_usage_error(env: dict[str, str]) -> None:
    assert run(env, "job", "create", "--nonsense").returncode == 2
    assert run(env, "job", "create", "-f", "x.yml", "--set", "nonsense").returncode == 2


def test_a_wrong_document_is_refused_with_place_and_nearest_key(
    env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "job.yml").write_text("comand: python a.py\n")
    done = run(env, "job", "create", "-f", str(tmp_path / "job.yml"))
    assert done.returncode == 3
    assert "job.yml:1" in done.stderr
    assert "Did you mean 'command'?" in done.stderr


def test_a_missing_file_and_an_absent_studio_differ(env: dict[str, str]) -> None:
    assert run(env, "job", "create", "-f", "nowhere.yml").returncode == 4
    away = env | {"OFFICINA_URL": "http://127.0.0.1:9", "OFFICINA_WORKSPACE": "demo"}
    done = run(away, "job", "show", "-n", "x")
    assert done.returncode == 6
    assert "cannot be reached" in done.stderr


def test_a_token_is_never_printed(env: dict[str, str]) -> None:
    away = env | {"OFFICINA_URL": "http://127.0.0.1:9"}
    done = run(away, "login", "--url", "http://127.0.0.1:9", stdin="very-secret\n")
    assert done.returncode == 6
    assert "very-secret" not in done.stdout + done.stderr


def test_a_local_job_completes_and_its_output_is_there(env: dict[str, str], tmp_path: Path) -> None:
    job = write_job(tmp_path, "echo hello; echo result > ${{outputs.o}}/r.txt")
    out = tmp_path / "out"
    done = run(env, "job", "create", "-f", str(job), "--local", "--out", str(out), "-o", "json")
    assert done.returncode == 0, done.stderr
    assert "hello" in done.stderr
    assert (out / "named-outputs" / "o" / "r.txt").read_text() == "result\n"
    assert json.loads(done.stdout)["status"] == "Completed"
    again = run(env, "job", "create", "-f", str(job), "--local", "--out", str(out), "-o", "json")
    assert json.loads(again.stdout)["outputs"] == json.loads(done.stdout)["outputs"]


def test_a_failing_local_job_has_its_own_exit_code(env: dict[str, str], tmp_path: Path) -> None:
    job = write_job(tmp_path, "echo oops; exit 3")
    done = run(env, "job", "create", "-f", str(job), "--local", "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "exited with code 3" in done.stdout


def test_a_folder_with_other_things_is_not_overwritten(env: dict[str, str], tmp_path: Path) -> None:
    job = write_job(tmp_path, "true")
    done = run(env, "job", "create", "-f", str(job), "--local", "--out", str(tmp_path))
    assert done.returncode == 3
    assert job.exists()


def test_ctrl_c_ends_a_local_job_and_all_of_its_processes(
    env: dict[str, str], tmp_path: Path
) -> None:
    length = f"77.{os.getpid()}"  # no other process of this machine sleeps as long
    job = write_job(tmp_path, f"echo $$; sleep {length} & echo started; wait")
    process = subprocess.Popen(
        [*OFFICINA, "job", "create", "-f", str(job), "--local", "--out", str(tmp_path / "out")],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "started" in line:
            break
    process.stdout.close()
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 130
    end = time.monotonic() + 120
    while any(length in (each.info["cmdline"] or ()) for each in process_iter(["cmdline"])):
        assert time.monotonic() < end, "the job goes on"
        time.sleep(0.1)


def test_several_values_after_one_set_are_each_a_change(
    env: dict[str, str], tmp_path: Path
) -> None:
    from officina.cli.app import spread

    assert spread(["job", "create", "--set", "a=1", "b=2", "-f", "x=y.yml"]) == [
        "job", "create", "--set", "a=1", "--set", "b=2", "-f", "x=y.yml",
    ]  # fmt: skip
    job = write_job(tmp_path, "true")
    words = ["--set", "display_name=one", "comand=two"]
    done = run(env, "job", "validate", "-f", str(job), *words)
    assert done.returncode == 3
    assert "a job has no 'comand'" in done.stderr
    fine = run(env, "job", "validate", "-f", str(job), "--query", "result", "-o", "tsv")
    assert fine.stdout == "Succeeded\n"


def test_defaults_are_kept_and_taken_away(env: dict[str, str]) -> None:
    run(env, "configure", "--defaults", "workspace=lab", "output=tsv")
    assert run(env, "configure", "--list-defaults").stdout.splitlines() == [
        "workspace=lab", "output=tsv",
    ]  # fmt: skip
    run(env, "configure", "--defaults", "output=")
    assert run(env, "configure", "-l").stdout == "workspace=lab\n"
    assert run(env, "configure", "--defaults", "workspce=lab").returncode == 3


def test_flags_of_azure_that_mean_nothing_here_are_taken(env: dict[str, str]) -> None:
    """Nobody answers: a flag that is not known would end with 2 before anybody is asked."""
    away = env | {"OFFICINA_URL": "http://127.0.0.1:9", "OFFICINA_TOKEN": "oft_x"}
    cluster = ["compute", "create", "-n", "c", "--type", "amlcompute"]
    for words in (
        [*cluster, "--identity-type", "system_assigned", "-w", "lab"],
        ["compute", "update", "-n", "c", "--user-assigned-identities", "/x", "-w", "lab"],
        ["schedule", "disable", "-n", "s", "--no-wait", "-w", "lab"],
    ):
        done = run(away, *words)
        assert done.returncode == 6, (words, done.stderr)
