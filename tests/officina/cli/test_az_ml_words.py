"""Shell lines written for `az ml` do their work on a running studio."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running import Studio, shared_studio

Shell = Callable[..., str]
pytestmark = [pytest.mark.live, pytest.mark.clients]


@pytest.fixture(scope="module")
def studio() -> Studio:
    return shared_studio()


@pytest.fixture
def az(studio: Studio, tmp_path: Path) -> Shell:
    """Run `officina` as a script would run `az ml`, and return what it printed."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OFFICINA_")}
    env = kept | {
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "OFFICINA_URL": studio.url,
        "OFFICINA_TOKEN": studio.token,
        "OFFICINA_NO_BROWSER": "1",
    }

    def run(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "officina.cli", *words],
            env=env, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr + done.stdout
        return done.stdout if code == 0 else done.stderr

    run("configure", "--defaults", f"workspace={studio.workspace}", "group=anything")
    return run


def test_data_is_made_listed_changed_archived_and_fetched(az: Shell, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "a.csv").write_text("x\n1\n")
    (tmp_path / "d.yml").write_text("name: rows\ntype: uri_folder\npath: ./t\ntags: {from: here}\n")
    made = json.loads(az("data", "create", "-f", "d.yml", "--set", "version=7", "-g", "any"))
    assert (made["name"], made["version"], made["type"]) == ("rows", "7", "uri_folder")
    assert made["tags"] == {"from": "here"}
    assert az("data", "show", "--name", "rows", "--label", "latest", "--query", "version",
              "-o", "tsv") == "7\n"  # fmt: skip
    az("data", "update", "-n", "rows", "-v", "7", "--set", "description=other", "tags.b=2")
    assert json.loads(az("data", "show", "-n", "rows", "-v", "7"))["description"] == "other"
    az("data", "download", "-n", "rows", "-v", "7", "-p", "down")
    assert (tmp_path / "down" / "rows" / "a.csv").read_text() == "x\n1\n"
    az("data", "archive", "-n", "rows")
    assert "rows" not in az("data", "list", "--query", "[].name", "-o", "tsv").split()
    az("data", "restore", "-n", "rows")
    assert "rows" in az("data", "list", "--query", "[].name", "-o", "tsv").split()
    az("data", "delete", "-n", "rows", "--yes")
    az("data", "show", "-n", "rows", code=4)


def test_a_model_comes_from_a_file_and_options(az: Shell, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"weights")
    made = az("model", "create", "--name", "m1", "--version", "1", "--path", "model.pkl",
              "--type", "custom_model", "--query", "id", "-o", "tsv")  # fmt: skip
    assert made.strip().startswith("azureml:")
    rows = json.loads(az("model", "list", "--name", "m1", "-o", "json"))
    assert [row["version"] for row in rows] == ["1"]


def test_an_environment_keeps_its_conda_file(az: Shell, tmp_path: Path) -> None:
    (tmp_path / "conda.yml").write_text("name: e\ndependencies: [python=3.11]\n")
    (tmp_path / "e.yml").write_text("name: plain-env\nimage: any/image\nconda_file: conda.yml\n")
    az("environment", "create", "-f", "e.yml")
    shown = az("environment", "show", "-n", "plain-env", "--version", "1", "-o", "yaml")
    assert "python=3.11" in shown
    assert "image: any/image" in shown
    (tmp_path / "conda.yml").write_text("dependencies: [python=3.11, iniconfig=99.99.99]\n")
    refused = az("environment", "create", "-f", "e.yml", code=3)
    assert "iniconfig==99.99.99 cannot be had" in refused


def test_a_component_is_registered_with_its_code(az: Shell, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("print('hi')\n")
    (tmp_path / "c.yml").write_text(
        "name: say_hi\ndisplay_name: Say hi\nversion: 01\ntype: command\n"
        "inputs: {n: {type: integer, default: 1}}\ncode: ./src\n"
        "environment: azureml:sklearn-1.5@latest\ncommand: python a.py ${{inputs.n}}\n"
    )
    made = json.loads(az("component", "create", "--file", "c.yml"))
    assert (made["name"], made["version"], made["type"]) == ("say_hi", "1", "command")
    assert made["code"].startswith("tree:")


def test_a_compute_is_made_from_flags(az: Shell) -> None:
    made = az("compute", "create", "-n", "flags-cluster", "--type", "amlcompute",
              "--min-instances", "0", "--max-instances", "3", "--query", "max_instances")  # fmt: skip
    assert made.strip() == "3"
    az("compute", "update", "-n", "flags-cluster", "--max-instances", "2",
       "--idle-time-before-scale-down", "60")  # fmt: skip
    shown = json.loads(az("compute", "show", "--name", "flags-cluster"))
    assert (shown["max_instances"], shown["idle_time_before_scale_down"]) == (2, "PT1M")
    az("compute", "delete", "-n", "flags-cluster", "-y", "--no-wait")
    az("compute", "show", "-n", "flags-cluster", code=4)


def test_a_job_is_queried_as_upstream_scripts_do(az: Shell, tmp_path: Path) -> None:
    (tmp_path / "job.yml").write_text(
        "command: mkdir -p outputs && echo hi > outputs/hi.txt\n"
        "environment: {conda_file: {dependencies: [python=3.11]}, image: x}\n"
    )
    name = az("job", "create", "-f", "job.yml", "--query", "name", "-o", "tsv").strip()
    az("job", "stream", "-n", name)
    assert az("job", "show", "-n", name, "--query", "status", "-o", "tsv") == "Completed\n"
    link = az("job", "show", "-n", name, "--query", "services.Studio.endpoint", "-o", "tsv")
    assert name in link or "/runs/" in link
    az("job", "show", "-n", name, "--query", "a[", code=3)
    # As Azure names what lies in ./outputs, and as the output of that name holds it.
    for path in ("outputs/hi.txt", "hi.txt"):
        place = f"azureml://jobs/{name}/outputs/artifacts/paths/{path}"
        az("model", "create", "-n", "of-a-job", "-p", place, "--type", "custom_model")
    assert "officina" in json.loads(az("version"))


def test_a_datastore_is_made_shown_and_forgotten(az: Shell, tmp_path: Path) -> None:
    (tmp_path / "s.yml").write_text(
        "name: blobs\ntype: azure_blob\naccount_name: acct\ncontainer_name: box\n"
        "credentials: {account_key: c2VjcmV0}\n"
    )
    made = az("datastore", "create", "-f", "s.yml")
    assert json.loads(made)["name"] == "blobs"
    assert "c2VjcmV0" not in made + az("datastore", "show", "-n", "blobs")
    assert "blobs" in az("datastore", "list", "--query", "[].name", "-o", "tsv").split()
    az("datastore", "delete", "-n", "blobs", "-y")
    az("datastore", "show", "-n", "blobs", code=4)
