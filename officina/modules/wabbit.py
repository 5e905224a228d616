"""Vowpal Wabbit over lines of a file; only a job imports it."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from officina.modules.columns import type_of
from officina.modules.errors import (
    EMPTY_INPUT,
    FILE_NOT_FOUND,
    INVALID_DATA,
    NOT_PARSED,
    WRONG_LEARNER,
    module_error,
)
from officina.modules.tables import DATA, Roles, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from officina.modules.context import Context

# What the module sets itself, and what would wait for a network: each with its short form.
REFUSED = (
    "-d", "--data", "-f", "--final_regressor", "-i", "--initial_regressor", "-t", "--testonly",
    "-p", "--predictions", "-r", "--raw_predictions", "-c", "--cache", "--cache_file", "--daemon",
    "--port", "--port_file", "--foreground", "--sendto", "--pid_file", "--readable_model",
    "--invert_hash", "--save_per_pass", "--span_server", "--span_server_port", "--audit_regressor",
    "--dictionary", "--dictionary_path", "--input_feature_regularizer", "-h", "--help", "--version",
    "--output_feature_regularizer_binary", "--output_feature_regularizer_text", "--stdin",
    "--json", "--dsjson", "--flatbuffer", "--extra_metrics",
)  # fmt: skip
READABLE, INVERTED = "readable_model.txt", "inverted_hash.txt"
PAIRED = ("logistic", "hinge")


class VowpalModel:
    """The bytes of a model of Vowpal Wabbit, and with which arguments it was trained."""

    def __init__(self, model: bytes, arguments: list[str]) -> None:
        self.model = model
        self.arguments = arguments

    @property
    def of_two_classes(self) -> bool:
        """Whether the model tells -1 from 1 by one number."""
        text = " ".join(self.arguments).replace("=", " ")
        return any(f"--loss_function {name}" in text for name in PAIRED) and not any(
            name in text for name in ("--oaa", "--ect", "--csoaa", "--wap")
        )


def train(ctx: Context) -> None:
    """Run Train Vowpal Wabbit Model."""
    arguments = parse(ctx.params["arguments"] or "")
    lines = read_lines(ctx)
    # A job may write to its own outputs, and to no common folder for temporary files.
    with tempfile.TemporaryDirectory(dir=ctx.outputs["trained_model"]) as name:
        folder = Path(name)
        begun: list[str] = []
        if ctx.has("pretrained"):
            model, _ = load(ctx, "pretrained")
            (folder / "before.vw").write_bytes(model.model)
            begun = ["-i", str(folder / "before.vw")]
            # The loss function, for one, is not kept in the model's own file.
            arguments = [*model.arguments, *arguments]
        (folder / "data.vw").write_text("\n".join(lines) + "\n", encoding="utf-8")
        ctx.report.progress(0.01, f"{len(lines)} lines")
        _workspace([*begun, *arguments, *_outputs(ctx, folder, arguments)]).finish()
        result = VowpalModel((folder / "model.vw").read_bytes(), arguments)
        ctx.save("trained_model", result, _meta(ctx, len(lines)))
        for file in (READABLE, INVERTED):
            if (folder / file).is_file():
                (ctx.outputs["trained_model"] / file).write_bytes((folder / file).read_bytes())


def _outputs(ctx: Context, folder: Path, arguments: list[str]) -> list[str]:
    """Return the arguments that name files."""
    given = ["-d", str(folder / "data.vw"), "-f", str(folder / "model.vw")]
    if any(word.startswith("--passes") for word in arguments):
        given += ["-k", "--cache_file", str(folder / "data.cache")]
    if ctx.params["readable"]:
        given += ["--readable_model", str(folder / READABLE)]
    if ctx.params["inverted_hash"]:
        given += ["--invert_hash", str(folder / INVERTED)]
    return given


def _meta(ctx: Context, rows: int) -> dict[str, Any]:
    return {
        "kind": "trained",
        "task": "vowpal_wabbit",
        "algorithm": ctx.component.name,
        "title": ctx.component.title,
        "params": {name: value for name, value in ctx.params.items() if value is not None},
        "seed": None,
        "label": None,
        "signature": [],
        "rows": rows,
    }


def load(ctx: Context, port: str) -> tuple[VowpalModel, dict[str, Any]]:
    """Return the model at a port; refuse one that is none of Vowpal Wabbit's."""
    model, meta = ctx.load(port, "trained")
    if meta["task"] != "vowpal_wabbit":
        raise module_error(
            WRONG_LEARNER,
            f"{meta['title']} is no model of Vowpal Wabbit.",
            where=port,
            hint="Wire Train Vowpal Wabbit Model to it.",
        )
    return model, meta


def score(ctx: Context) -> None:
    """Run Score Vowpal Wabbit Model."""
    model, _ = load(ctx, "trained_model")
    arguments = parse(ctx.params["arguments"] or "")
    lines = read_lines(ctx)
    with tempfile.TemporaryDirectory(dir=ctx.outputs["results"]) as name:
        file = Path(name) / "model.vw"
        file.write_bytes(model.model)
        workspace = _workspace(["-i", str(file), "-t", "--quiet", *arguments])
        try:
            answers = [workspace.predict(line) for line in lines]
        except RuntimeError as error:
            raise _fault(error, "data") from error
        finally:
            workspace.finish()
    columns: dict[str, Any] = {}
    roles: Roles = {}
    if ctx.params["labels"]:
        columns["Labels"] = _labels(lines)
        roles["Labels"] = {"role": "label"}
    _add_answers(columns, roles, answers, model, ctx)
    ctx.save_table("results", Table(pd.DataFrame(columns), roles))


def _add_answers(
    columns: dict[str, Any],
    roles: Roles,
    answers: Sequence[Any],
    model: VowpalModel,
    ctx: Context,
) -> None:
    """Name the predictions by what kind they are of: a number, a class, or several numbers."""
    if isinstance(answers[0], list | tuple):
        for place in range(max(len(answer) for answer in answers)):
            columns[f"Results {place + 1}"] = [
                answer[place] if place < len(answer) else None for answer in answers
            ]
        return
    columns["Results"] = answers
    if isinstance(answers[0], int):
        roles["Results"] = {"role": "score", "kind": "multiclass_labels"}
        return
    if not model.of_two_classes:
        roles["Results"] = {"role": "score", "kind": "regression_labels"}
        return
    linked = "logistic" in " ".join(model.arguments).partition("--link")[2][:12]
    numbers = np.asarray(answers, dtype=float)
    chances = numbers if linked else expit(numbers)
    role = {"role": "score", "classes": [-1, 1]}
    columns["Scored Labels"] = np.where(chances > 0.5, 1, -1)
    roles["Scored Labels"] = role | {"kind": "binary_labels"}
    roles["Results"] = {"role": "score"}
    if ctx.params["probabilities"]:
        columns["Probabilities"] = chances
        roles["Probabilities"] = role | {"kind": "binary_probabilities"}


def parse(text: str) -> list[str]:
    """Part the arguments as a shell would; refuse those that the module sets itself."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise module_error(
            NOT_PARSED,
            f"The arguments cannot be read: {error}",
            where="arguments",
            hint="Close every quotation mark.",
        ) from error
    for word in words:
        name = word.split("=")[0]
        if name in REFUSED or (len(word) > 2 and word[0] == "-" and word[1] in "dfiprct"):
            raise module_error(
                NOT_PARSED,
                f'The argument "{word}" is not allowed here.',
                where="arguments",
                hint="Files and modes are set by the module; leave it out.",
            )
    return words


def read_lines(ctx: Context) -> list[str]:
    """Return the lines of the data in Vowpal Wabbit's own format."""
    place = Path(ctx.inputs["data"])
    lines = _table_lines(ctx) if (place / DATA).is_file() else _file_lines(place, ctx)
    lines = [line for line in lines if line.strip()]
    if not lines:
        raise module_error(
            EMPTY_INPUT,
            "The data have no lines.",
            where="data",
            hint="Look at the step that makes them.",
        )
    if ctx.params["file_type"] == "svmlight":
        return [_from_svmlight(line, number) for number, line in enumerate(lines, 1)]
    return lines


def _table_lines(ctx: Context) -> list[str]:
    table = ctx.table("data", allow_empty=False)
    names = [name for name in table.frame.columns if type_of(table, name) == "string"]
    if len(names) != 1:
        raise module_error(
            INVALID_DATA,
            f"The table has {len(names)} columns of texts, not one with lines of data.",
            where="data",
            hint="Select the column with the lines, or wire a file to it.",
        )
    return [str(line) for line in table.frame[names[0]].dropna()]


def _file_lines(place: Path, ctx: Context) -> list[str]:
    files = [place] if place.is_file() else sorted(one for one in place.rglob("*") if one.is_file())
    wanted = ctx.params["file_name"]
    if wanted and not place.is_file():
        files = [one for one in files if one.relative_to(place).as_posix() == wanted]
    if len(files) != 1:
        raise module_error(
            FILE_NOT_FOUND,
            f'There is no file "{wanted}".' if wanted else f"There are {len(files)} files.",
            where="file_name",
            hint="Give the name of the data file, as it lies in the folder.",
        )
    return files[0].read_text(encoding="utf-8", errors="replace").splitlines()


def _from_svmlight(line: str, number: int) -> str:
    label, *pairs = line.partition("#")[0].split()
    if any(pair.count(":") != 1 for pair in pairs):
        raise module_error(
            INVALID_DATA,
            f"Line {number} is not in SVMLight's format: {line[:80]}",
            where="data",
            hint="Lines are <label> <number>:<value> <number>:<value> and so on.",
        )
    return f"{label} | {' '.join(pair for pair in pairs if not pair.startswith('qid:'))}"


def _labels(lines: Sequence[str]) -> pd.Series[Any]:
    """Return the first number before each line's first bar; none where a line has no label."""
    heads = [line.partition("|")[0].split() for line in lines]
    texts = pd.Series([head[0] if head else None for head in heads], dtype=object)
    labels = pd.to_numeric(texts, errors="coerce")
    whole = labels.dropna() % 1 == 0
    return labels.astype("Int64") if whole.all() else labels


def _workspace(arguments: list[str]) -> Any:
    from vowpalwabbit import Workspace

    try:
        return Workspace(arg_list=arguments)
    except RuntimeError as error:
        raise _fault(error, "arguments") from error


def _fault(error: Exception, where: str) -> Exception:
    return module_error(
        INVALID_DATA,
        f"Vowpal Wabbit says: {error}",
        where=where,
        hint="See its documentation of the arguments and of the input format.",
    )
