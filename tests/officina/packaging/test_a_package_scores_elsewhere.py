"""A package is unpacked, gets the environment of its lock, starts its server and scores; nothing of ours helps."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from officina.environments.uv import uv_binary, uv_environment
from officina.packaging import packing

ROWS = {"columns": ["age", "city"], "data": [[20, "Oslo"], [75, "Rome"]]}


def model() -> bytes:
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder
    from sklearn.tree import DecisionTreeClassifier

    table = pd.DataFrame({"age": [20, 30, 70, 80], "city": ["Oslo", "Rome", "Oslo", "Rome"]})
    columns = ColumnTransformer([("n", "passthrough", ["age"]), ("c", OneHotEncoder(), ["city"])])
    return pickle.dumps(
        make_pipeline(columns, DecisionTreeClassifier()).fit(table, ["stays"] * 2 + ["leaves"] * 2)
    )


def packed(folder: Path, to: str) -> Path:
    (folder / "model").mkdir(exist_ok=True)
    if not (folder / "model/model.pkl").exists():
        (folder / "model/model.pkl").write_bytes(model())
    (folder / "sample.json").write_text(json.dumps(ROWS))
    words = ["--model", "model", "--to", to, "--result", to, "--sample", "sample.json"]
    words = [str(folder / word) if word[0] != "-" else word for word in words]
    words += ["--name", "churn", "--version", "3", "--modules", "sklearn,numpy,pandas"]
    assert packing.main(words) == 0
    return folder / to


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an unpacked package."""
    folder = tmp_path_factory.mktemp("package")
    archive = packed(folder, "one") / "churn-3.tar.gz"
    with tarfile.open(archive) as held:
        held.extractall(folder, filter="data")
    return folder / "churn-3"


@pytest.fixture(scope="module")
def server(package: Path) -> Iterator[str]:
    """Do what the README says, in an environment that has only the locked packages."""
    env = uv_environment() | {"VIRTUAL_ENV": str(package / ".venv")}
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(package / ".venv")],
        ["pip", "sync", "--quiet", str(package / "requirements.txt")],
    ):
        subprocess.run([uv_binary(), *command], env=env, cwd=package, check=True, timeout=600)
    process = subprocess.Popen(
        [".venv/bin/python", "-m", "officina.packaging.serving", "--port", "0"],
        cwd=package, env={"PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    try:
        said = process.stdout.readline()
        found = re.search(r"http://\S+", said)
        assert found, said + process.stdout.read()
        yield found[0]
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def ask(url: str, body: bytes | None) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_it_scores_its_own_sample(server: str, package: Path) -> None:
    status, found = ask(server, (package / "sample.json").read_bytes())
    assert (status, found["predictions"]) == (200, ["stays", "leaves"])
    assert found["probabilities"] == [[0.0, 1.0], [1.0, 0.0]]
    assert ask(server.removesuffix("score"), None)[1]["status"] == "Healthy"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"nonsense", "no JSON"),
        (b'[{"age": 3}]', "no column 'city'"),
        (b"\xff\xfe", "no UTF-8"),
        (b'{"columns": ["age", "city"], "data": [["old", "Oslo"]]}', "refused"),
    ],
)
def test_it_answers_bad_rows_with_what_is_wrong(server: str, body: bytes, says: str) -> None:
    status, found = ask(server, body)
    assert status == 400
    assert says in str(found["error"])


def test_every_file_is_listed_with_its_digest(package: Path) -> None:
    told = json.loads((package / "package.json").read_text())["files"]
    assert {"README.md", "model/model.pkl", "requirements.txt", "sample.json", "score.py"} <= set(
        told
    )
    for name, digest in told.items():
        assert hashlib.sha256((package / name).read_bytes()).hexdigest() == digest


def test_packing_again_gives_the_same_bytes(package: Path) -> None:
    again = packed(package.parent, "two")
    for name in ("churn-3.tar.gz", "churn-3-docker.tar.gz"):
        assert (package.parent / "one" / name).read_bytes() == (again / name).read_bytes()


def test_the_build_context_has_what_its_dockerfile_copies(package: Path) -> None:
    with tarfile.open(package.parent / "one/churn-3-docker.tar.gz") as held:
        names = {name.removeprefix("churn-3/") for name in held.getnames()}
        text = held.extractfile("churn-3/Dockerfile")
        assert text
        lines = text.read().decode().splitlines()
    assert lines[0].startswith("FROM python:3.")
    assert "COPY requirements.txt ." in lines
    assert {"requirements.txt", "score.py", "officina/packaging/serving.py"} <= names
