from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from officina.documents import load_job

SCRIPT = """
import argparse, os, time
def init():
    global args
    parser = argparse.ArgumentParser(); parser.add_argument("--word"); args = parser.parse_args()
def run(mini_batch):
    names = [os.path.basename(each) for each in mini_batch]
    if "bad.txt" in names: raise ValueError("bad one")
    if "slow.txt" in names: time.sleep(60)
    if "dies.txt" in names: os._exit(3)
    return [f"{args.word} {name}" for name in names]
def shutdown(): print("bye")
"""
TABLE_SCRIPT = """
def init(): pass
def run(mini_batch, context):
    return [f"{context.partition_key_value} {len(mini_batch)} {int(mini_batch.n.sum())}"]
"""


def parallel(folder: Path, *words: str, script: str = SCRIPT) -> subprocess.CompletedProcess[str]:
    (folder / "entry.py").write_text(script)
    command = [sys.executable, "-m", "officina.jobs.parallel", "--entry-script", "entry.py"]
    root = str(Path(__file__).resolve().parents[3])
    return subprocess.run(
        [*command, "--workers", "2", *words], cwd=folder, capture_output=True, text=True,
        check=False, timeout=120, env={"PYTHONPATH": root, "PATH": os.environ["PATH"]},
    )  # fmt: skip


def files(folder: Path, *names: str) -> Path:
    place = folder / "data"
    place.mkdir()
    for name in names:
        (place / name).write_text(name)
    return place


def test_files_are_handed_out_and_rows_come_back_in_order(tmp_path: Path) -> None:
    place = files(tmp_path, "a.txt", "b.txt", "c.txt", "d.txt", "e.txt")
    out = tmp_path / "rows.csv"
    done = parallel(tmp_path, "--input", str(place), "--mini-batch-size", "2",
                    "--append-row-to", str(out), "--", "--word", "hi")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert out.read_text().splitlines() == [f"hi {name}.txt" for name in "abcde"]
    assert "3 of 3 mini batches done" in done.stdout
    assert "bye" in done.stdout


def test_failures_are_retried_and_those_allowed_are_left_out(tmp_path: Path) -> None:
    place = files(tmp_path, "a.txt", "bad.txt", "dies.txt", "slow.txt")
    words = ["--input", str(place), "--max-retries", "1", "--timeout", "2",
             "--append-row-to", str(tmp_path / "rows")]  # fmt: skip
    done = parallel(tmp_path, *words, "--mini-batch-error-threshold", "3", "--", "--word", "hi")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "rows").read_text() == "hi a.txt\n"
    assert "(try 2)" in done.stdout
    assert "longer than 2 s" in done.stdout
    strict = parallel(tmp_path, *words, "--mini-batch-error-threshold", "0", "--", "--word", "hi")
    assert strict.returncode == 1
    assert "at most 0 may" in strict.stdout


def test_a_table_is_partitioned_by_its_keys(tmp_path: Path) -> None:
    for store in ("s1", "s2"):
        (tmp_path / "t" / store).mkdir(parents=True)
        (tmp_path / "t" / store / "x.csv").write_text("n,brand\n1,p\n2,q\n3,p\n")
    (tmp_path / "t" / "MLTable").write_text(
        "paths:\n- pattern: ./*/*.csv\ntransformations:\n- read_delimited: {delimiter: ','}\n"
        "- extract_columns_from_partition_format: /{Store}/*.csv\n"
    )
    out = tmp_path / "rows"
    done = parallel(tmp_path, "--input", "t", "--partition-keys", "Store,brand",
                    "--append-row-to", str(out), script=TABLE_SCRIPT)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert out.read_text().splitlines() == [
        "{'Store': 's1', 'brand': 'p'} 2 4", "{'Store': 's1', 'brand': 'q'} 1 2",
        "{'Store': 's2', 'brand': 'p'} 2 4", "{'Store': 's2', 'brand': 'q'} 1 2",
    ]  # fmt: skip


def test_a_parallel_step_becomes_a_command_that_its_component_declares() -> None:
    job = """
type: pipeline
jobs:
  score:
    type: parallel
    inputs:
      rows: {type: mltable, path: "azureml:rows:1", mode: direct}
      model: {type: uri_folder, path: "azureml:m:1"}
    outputs: {scored: {type: uri_file}}
    input_data: ${{inputs.rows}}
    mini_batch_size: 10kb
    resources: {instance_count: 2}
    max_concurrency_per_instance: 3
    retry_settings: {max_retries: 1, timeout: 30}
    task:
      type: run_function
      entry_script: score.py
      environment: azureml:sklearn-1.5@latest
      program_arguments: --model ${{inputs.model}} --allowed_failed_percent 30
      append_row_to: ${{outputs.scored}}
"""
    node = load_job(job).document["jobs"]["score"]
    command = node["component"]["command"]
    assert command.startswith("python -m officina.jobs.parallel --entry-script score.py")
    assert "--workers 6" in command
    assert command.endswith("-- --model ${{inputs.model}}")
    assert node["inputs"]["rows"]["mode"] == "ro_mount"
    assert node["resources"] == {"instance_count": 1}
