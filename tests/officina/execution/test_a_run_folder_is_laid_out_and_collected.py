from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from officina.errors import StudioError
from officina.execution import launch, rundir
from officina.storage import ContentStore


@pytest.fixture
def store(tmp_path: Path) -> ContentStore:
    """A store in a folder."""
    return ContentStore(tmp_path / "store")


def tree(store: ContentStore, folder: Path, **files: str) -> str:
    """Store files given as keyword arguments (two underscores stand for a dot)."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return store.put_tree(folder).uri


def lay(store: ContentStore, place: Path, document: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Lay out with this interpreter and return job.json."""
    settings = {"code_tree": None, "inputs": {}, "env": {}, "run_id": "r1"} | more
    rundir.lay_out(place, document, store=store, python=Path(sys.executable), **settings)
    return dict(json.loads((place / "job.json").read_text()))


def test_a_command_reads_its_inputs_and_its_outputs_become_trees(
    store: ContentStore, tmp_path: Path
) -> None:
    code = tree(store, tmp_path / "code", go__sh='tr a-z A-Z <"$1" >"$2"; echo "$3" >"$4/note"')
    data = tree(store, tmp_path / "data", words__txt="hello")
    document = {
        "command": 'bash go.sh ${{inputs.d}} ${{outputs.f}} "${{inputs.x}}" ${{outputs.o}}',
        "inputs": {
            "d": {"jobInputType": "uri_file", "uri": data},
            "x": {"jobInputType": "literal", "value": "two $HOME words"},
        },
        "outputs": {"o": {"jobOutputType": "uri_folder"}, "f": {"jobOutputType": "uri_file"}},
    }
    place = tmp_path / "run"
    lay(store, place, document, code_tree=code, inputs={"d": data})
    launch.start(place)
    for _ in range(1200):
        if (result := launch.look(place).exit) is not None:
            break
        time.sleep(0.05)
    assert result is not None
    assert (result["code"], (place / "log.txt").read_text()) == (0, "")
    trees = rundir.collect(place, document, store)
    assert store.read(trees["f"].files["f"].sha256) == b"HELLO"
    assert store.read(trees["o"].files["note"].sha256) == b"two $HOME words\n"


def test_nothing_of_the_callers_environment_reaches_the_job(
    store: ContentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    document = {"command": "true", "environmentVariables": {"A": 1, "OFFICINA_TOKEN": "mine"}}
    env = lay(store, tmp_path / "run", document, env={"OFFICINA_URL": "http://here"})["env"]
    assert "DATABASE_URL" not in env
    assert "OFFICINA_TOKEN" not in env
    assert (env["A"], env["OFFICINA_URL"], env["OFFICINA_RUN_ID"]) == ("1", "http://here", "r1")


def test_code_that_changed_in_the_store_is_not_started(store: ContentStore, tmp_path: Path) -> None:
    code = tree(store, tmp_path / "code", train__py="print('ours')")
    stored = store.local_path(store.read_tree(code).files["train.py"].sha256)
    assert stored is not None
    stored.chmod(0o644)
    stored.write_text("print('evil')")
    with pytest.raises(StudioError, match=r"stored bytes of 'train\.py' changed"):
        lay(store, tmp_path / "run", {"command": "python train.py"}, code_tree=code)
    assert not (tmp_path / "run" / "job.json").exists()


def test_a_file_input_with_several_files_names_the_input(
    store: ContentStore, tmp_path: Path
) -> None:
    data = tree(store, tmp_path / "data", a="1", b="2")
    document = {"command": "true", "inputs": {"d": {"jobInputType": "uri_file", "uri": data}}}
    with pytest.raises(StudioError, match="2 files") as caught:
        lay(store, tmp_path / "run", document, inputs={"d": data})
    assert caught.value.where == "inputs.d"


def test_a_mounted_input_is_read_only_and_a_downloaded_one_is_not(
    store: ContentStore, tmp_path: Path
) -> None:
    data = tree(store, tmp_path / "data", a="1")
    document = {
        "command": "true",
        "inputs": {
            "m": {"jobInputType": "uri_folder", "uri": data, "mode": "ro_mount"},
            "c": {"jobInputType": "uri_folder", "uri": data, "mode": "download"},
        },
    }
    lay(store, tmp_path / "run", document, inputs={"m": data, "c": data})
    inputs = tmp_path / "run" / "inputs"
    assert (inputs / "m/a").stat().st_mode & 0o222 == 0
    assert (inputs / "c/a").stat().st_mode & 0o200
    rundir.remove(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_module_step_carries_its_parameters_and_ports(
    store: ContentStore, tmp_path: Path
) -> None:
    data = tree(store, tmp_path / "data", a="1")
    document = {
        "component": {"name": "split_data", "version": "1", "type": "module"},
        "inputs": {
            "dataset": {"jobInputType": "uri_folder", "uri": data},
            "fraction": {"jobInputType": "literal", "value": 0.8},
        },
        "outputs": {"first": {"jobOutputType": "uri_folder"}},
    }
    place = tmp_path / "run"
    module = lay(store, place, document, inputs={"dataset": data})["module"]
    assert module == {
        "name": "split_data",
        "version": "1",
        "params": {"fraction": 0.8},
        "inputs": {"dataset": str(place / "inputs/dataset")},
        "outputs": {"first": str(place / "outputs/first")},
    }


def test_an_output_that_links_outside_is_refused_by_name(
    store: ContentStore, tmp_path: Path
) -> None:
    document = {"command": "true", "outputs": {"o": {"jobOutputType": "uri_folder"}}}
    lay(store, tmp_path / "run", document)
    (tmp_path / "run/outputs/o/leak").symlink_to("/etc/passwd")
    with pytest.raises(StudioError, match="'leak' leads outside") as caught:
        rundir.collect(tmp_path / "run", document, store)
    assert caught.value.where == "outputs.o"
