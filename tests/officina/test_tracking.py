from __future__ import annotations

import json
import math
import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from officina.execution.messages import metric_number, parse_line, read_messages
from officina.tracking import Run


@pytest.fixture
def run(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    (folder / "work").mkdir(parents=True)
    monkeypatch.chdir(folder / "work")
    monkeypatch.setenv("OFFICINA_MESSAGES", str(folder / "messages.jsonl"))
    monkeypatch.setenv("OFFICINA_RUN_ID", "guid-1")
    return Run.get_context()


def sent(run):
    messages, _ = read_messages(run._messages)
    return messages


def test_a_repeated_metric_becomes_a_series(run):
    for value in (1, np.float32(0.5), np.int64(3)):
        run.log("loss", value)
    run.log("loss", 9, step=7)
    assert [(m["step"], m["value"]) for m in sent(run)] == [(0, 1), (1, 0.5), (2, 3), (7, 9)]
    assert run.id == "guid-1"


def test_nan_and_infinities_travel_as_words(run):
    run.log_list("x", [math.nan, math.inf, -math.inf])
    text = run._messages.read_text()
    assert [json.loads(line)["value"] for line in text.splitlines()] == [
        "NaN",
        "Infinity",
        "-Infinity",
    ]
    assert math.isnan(metric_number("NaN"))
    assert metric_number("-Infinity") == -math.inf


@pytest.mark.parametrize("value", ["3", None, [1, 2], {"a": 1}, 1j, np.array([1, 2]), 10**400])
def test_a_metric_that_is_no_number_is_refused_by_name(run, value):
    with pytest.raises(ValueError, match="accuracy"):
        run.log("accuracy", value)
    assert not run._messages.exists()


def test_each_kind_of_message_is_read_back_as_written(run):
    Path("fig.png").write_bytes(b"png")
    run.log_row("rows", a=1, b="x")
    run.log_row("rows", a=2)
    run.log_table("t", {"x": np.array([1.0, math.nan])})
    run.log_image("figure", "fig.png")
    run.log_confusion_matrix("cm", {"data": {"class_labels": ["a"], "matrix": [[1]]}})
    run.log_roc("roc", {"fpr": [0, 1], "tpr": [0, 1], "thresholds": [math.inf, 0]})
    run.log_param("alpha", 0.1)
    run.set_tags({"k": 1})
    run.upload_file("outputs/copy.png", "fig.png")
    run.register_model("m", "fig.png", tags={"a": 1})
    run.progress(0.5, "half")
    run.complete()
    messages = sent(run)
    assert [m["type"] for m in messages] == (
        ["table"] * 3
        + ["image", "confusion_matrix", "roc", "param", "tag", "artifact"]
        + ["register_model", "progress", "finished"]
    )
    assert messages[1]["value"] == {"a": [1, 2], "b": ["x", None]}
    assert messages[2]["value"] == {"x": [1.0, "NaN"]}
    assert messages[3]["path"] == "fig.png"
    assert messages[4]["value"] == {"labels": ["a"], "matrix": [[1]]}
    assert messages[9]["tags"] == {"a": "1"}


def test_a_plot_is_saved_among_the_outputs(run):
    class Plot:
        def savefig(self, path):
            Path(path).write_bytes(b"png")

    run.log_image("a/b", plot=Plot())
    assert Path(sent(run)[0]["path"]).read_bytes() == b"png"


def test_a_file_from_elsewhere_is_copied_to_the_run(run, tmp_path):
    (tmp_path / "far.txt").write_text("far")
    run.upload_file("far.txt", tmp_path / "far.txt")
    path = Path(sent(run)[0]["path"]).resolve()
    assert path.is_relative_to(run._messages.parent)
    assert path.read_text() == "far"


def test_a_path_is_told_from_the_folder_that_the_job_began_in(run, monkeypatch):
    Path("deep").mkdir()
    Path("deep/f.txt").write_text("x")
    monkeypatch.chdir("deep")
    run.upload_file("f.txt", "f.txt")
    assert sent(run)[0]["path"] == "deep/f.txt"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", ""])
def test_an_artifact_name_cannot_leave_the_run(run, name):
    Path("f").write_text("x")
    with pytest.raises(ValueError, match="cannot name"):
        run.upload_file(name, "f")


def test_a_message_too_large_for_one_write_is_refused(run):
    with pytest.raises(ValueError, match="at most"):
        run.log_table("big", {"x": ["x" * 1000] * 2000})


def test_a_long_list_is_logged_in_several_writes(run):
    run.log_list("x", range(50_000))
    messages, offset, found = [None], 0, 0
    while messages:
        messages, offset = read_messages(run._messages, offset)
        found += len(messages)
    assert found == 50_000


def test_a_script_outside_a_job_prints(monkeypatch, capsys):
    monkeypatch.delenv("OFFICINA_MESSAGES", raising=False)
    monkeypatch.delenv("OFFICINA_RUN_ID", raising=False)
    monkeypatch.delenv("AZUREML_RUN_ID", raising=False)
    run = Run.get_context()
    run.log("mse", 1.5)
    assert '"key":"mse","value":1.5' in capsys.readouterr().out
    assert run.id.startswith("OfflineRun_")


def _shout(path, name):
    run = Run("r", path)
    for number in range(500):
        run.log(name, number)
        run.log_param(name, "é" * 2000)


def test_lines_of_several_processes_stay_whole(tmp_path):
    path = tmp_path / "messages.jsonl"
    spawn = multiprocessing.get_context("fork")
    workers = [spawn.Process(target=_shout, args=(path, f"p{n}")) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lines = path.read_bytes().splitlines()
    assert len(lines) == 4 * 500 * 2
    assert all(parse_line(line)["type"] != "warning" for line in lines)


def test_a_half_written_last_line_waits_for_the_rest(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'{"type":"finished"}\n{"type":"fin')
    messages, offset = read_messages(path)
    assert [m["type"] for m in messages] == ["finished"]
    assert read_messages(path, offset) == ([], offset)
    with path.open("ab") as file:
        file.write(b'ished"}\n')
    assert read_messages(path, offset)[0] == [{"type": "finished"}]


def test_a_missing_file_has_no_messages(tmp_path):
    assert read_messages(tmp_path / "none", 5) == ([], 5)


@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        b"\xff\xfe",
        b"[1]",
        b'{"type":"explode"}',
        b'{"type":"metric","key":"a","step":0,"ts":1}',
        b'{"type":"metric","key":"a","value":"1","step":0,"ts":1}',
        b'{"type":"metric","key":"a","value":true,"step":0,"ts":1}',
        b'{"type":"metric","key":"","value":1,"step":0,"ts":1}',
        b'{"type":"metric","key":"a","value":1e999,"step":0,"ts":1}',
        b'{"type":"metric","key":"a","value":1,"step":99999999999999999999,"ts":1}',
        b'{"type":["metric"]}',
        b"[" * 100_000,
    ],
)
def test_a_garbage_line_is_a_warning_and_the_rest_is_read(tmp_path, line):
    path = tmp_path / "m.jsonl"
    path.write_bytes(line + b'\n{"type":"finished"}\n')
    messages, _ = read_messages(path)
    assert [m["type"] for m in messages] == ["warning", "finished"]


def test_an_endless_line_does_not_stop_the_reader(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_bytes(b"x" * 2_000_000)
    messages, offset = read_messages(path)
    assert messages[0]["type"] == "warning"
    assert offset == 2_000_000
