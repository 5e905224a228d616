"""The job that converts a model to ONNX, compares both and hands over what agrees.

python -m officina.packaging.converting --model <folder> --to <folder> --result <folder>
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from officina.packaging import comparing, generating, loading
from officina.packaging.onnx import CannotConvert, to_onnx
from officina.packaging.rows import NotRows, Rows, read
from officina.tracking import Run

MODEL = "model.onnx"
TIMED_SECONDS = 0.5


def main(words: list[str] | None = None) -> int:
    """Convert, compare, write; return the exit code."""
    parser = argparse.ArgumentParser(prog="officina.packaging.converting")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True, help="folder of the ONNX model")
    parser.add_argument("--result", type=Path, required=True, help="folder of result.json")
    parser.add_argument("--sample", type=Path)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--tolerance", type=float, default=1e-3)
    parser.add_argument(
        "--most-apart", type=float, default=0.01, help="share of rows that may differ"
    )
    given = parser.parse_args(words)
    run = Run.get_context()
    try:
        return _convert(given, run)
    except (loading.CannotLoad, CannotConvert, NotRows, ValueError) as error:
        say(f"error: {error}")
        run.fail(str(error), code="invalid", where="model")
        return 1


def say(text: str) -> None:
    """Write a line to the job's log."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def sample_of(path: Path | None) -> Rows | None:
    """Return the rows of a sample file, when there is one."""
    if path is None:
        return None
    return read(path.read_bytes())


def _convert(given: argparse.Namespace, run: Run) -> int:
    # A model of another scikit-learn warns a line for each of its trees: once says it all.
    warnings.simplefilter("once")
    run.progress(0.05, "loading")
    model = loading.load(given.model)
    say(f"loaded a {model.flavour} model: {type(model.estimator).__name__}")
    rows = generating.rows_for(model, count=given.rows, sample=sample_of(given.sample))
    run.progress(0.3, "converting")
    graph = to_onnx(model, rows)
    given.to.mkdir(parents=True, exist_ok=True)
    place = given.to / MODEL
    place.write_bytes(graph)
    say(f"written {MODEL}, {len(graph):,} bytes")
    run.progress(0.6, f"comparing {len(rows)} rows")
    other = loading.load(place)
    found = comparing.compare(
        rows, _native(model, rows), other.predict(rows), tolerance=given.tolerance
    )
    _report(run, found)
    allowed = found.mismatch_share <= given.most_apart
    if not allowed:
        _show_rows(run, found)
        run.fail(
            f"{found.mismatches} of {found.rows} rows get another answer from the ONNX model "
            f"({found.mismatch_share:.1%}; {given.most_apart:.1%} may).",
            code="invalid", where="model",
            hint=f"First: {_one(found.rows_apart[0])}. The table 'rows apart' has more; a larger "
            "tolerance accepts them.",
        )  # fmt: skip
        return 1
    run.progress(0.8, "timing both")
    speeds = {
        "native_ms": _speed(lambda: _native(model, rows)),
        "onnx_ms": _speed(lambda: other.predict(rows)),
    }
    for key, value in speeds.items():
        run.log(key, value)
    say(
        f"{len(rows)} rows take {speeds['native_ms']:.2f} ms before, {speeds['onnx_ms']:.2f} ms as ONNX"
    )
    result: dict[str, Any] = {
        "comparison": found.as_json(),
        "speed": speeds,
        "file": MODEL,
        "bytes": len(graph),
    }
    result |= {"sample": Rows(rows.columns, rows.data[:5]).as_split(), "flavour": model.flavour}
    given.result.mkdir(parents=True, exist_ok=True)
    (given.result / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    run.progress(1.0, "done")
    return 0


def _native(model: loading.Loaded, rows: Rows) -> dict[str, Any]:
    """Return the estimator's own answers, without what a flavour lays about them."""
    inputs = model.frame(rows)
    found = {"predictions": model.estimator.predict(inputs)}
    if hasattr(model.estimator, "predict_proba"):
        found["probabilities"] = model.estimator.predict_proba(inputs)
    return found


def _speed(work: Any) -> float:
    """Return the middle of the milliseconds that the work takes, warm."""
    work()
    taken: list[float] = []
    until = time.perf_counter() + TIMED_SECONDS
    while not taken or (time.perf_counter() < until and len(taken) < 200):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)[len(taken) // 2]


def _report(run: Run, found: comparing.Comparison) -> None:
    run.log("mismatch_share", found.mismatch_share)
    if found.max_abs_difference is not None:
        run.log("max_abs_difference", found.max_abs_difference)
    if found.label_agreement is not None:
        run.log("label_agreement", found.label_agreement)
    largest = (
        "no numbers" if found.max_abs_difference is None else f"{found.max_abs_difference:.3g}"
    )
    labels = (
        "" if found.label_agreement is None else f", labels agree in {found.label_agreement:.2%}"
    )
    say(
        f"compared {found.rows} rows: largest difference {largest}{labels}, "
        f"{found.mismatches} beyond the tolerance of {found.tolerance:g}"
    )


def _one(row: dict[str, Any]) -> str:
    cells = ", ".join(f"{key}={value}" for key, value in list(row["input"].items())[:6])
    return f"row {row['row']} ({cells}) gave {_told(row['before'])}, as ONNX {_told(row['after'])}"


def _told(answer: dict[str, Any]) -> str:
    """Write an answer as people read it: the prediction, and the probabilities behind it."""
    chances = answer.get("probabilities")
    if not isinstance(chances, list):
        return str(answer["predictions"])
    listed = ", ".join(f"{each:.9g}" for each in chances[:8] if isinstance(each, float))
    return f"{answer['predictions']} ({listed}{', ...' if len(chances) > 8 else ''})"


def _show_rows(run: Run, found: comparing.Comparison) -> None:
    for row in found.rows_apart:
        say(_one(row))
    table: dict[str, list[Any]] = {"row": [], "before": [], "as ONNX": []}
    for row in found.rows_apart:
        table["row"].append(row["row"])
        table["before"].append(_told(row["before"]))
        table["as ONNX"].append(_told(row["after"]))
        for key, value in row["input"].items():
            table.setdefault(f"input {key}", []).append(value)
    run.log_table("rows apart", table)


if __name__ == "__main__":
    raise SystemExit(main())
