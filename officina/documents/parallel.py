"""Reads parallel steps and components: a command that runs the entry script over mini batches."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from officina.documents.expressions import EXPRESSION
from officina.documents.reading import Reading
from officina.documents.yamlio import Pointer

KEYS = frozenset(
    [
        "input_data",
        "mini_batch_size",
        "partition_keys",
        "max_concurrency_per_instance",
        "error_threshold",
        "mini_batch_error_threshold",
        "logging_level",
        "retry_settings",
        "task",
        "allowed_failed_percent",
    ]
)
TASK_KEYS = frozenset(
    [
        "type",
        "code",
        "entry_script",
        "environment",
        "program_arguments",
        "args",
        "append_row_to",
        "model",
    ]
)
# Of Azure's runner, given among the arguments of the script, which does not know them.
_RUNNER_ARGUMENTS = frozenset(
    [
        "--allowed_failed_percent",
        "--task_overhead_timeout",
        "--progress_update_timeout",
        "--first_task_creation_timeout",
        "--resource_monitor_interval",
        "--allowed_failed_count",
        "--copy_logs_to_parent",
        "--metrics_name_prefix",
        "--push_metrics_to_parent",
        "--dataprep_timeout",
        "--file_dataset_as_relative_path",
    ]
)


# What a step may set anew for the component that it uses.
SETTINGS = KEYS - {"task", "input_data"}


def as_command(reading: Reading, raw: Mapping[str, Any], pointer: Pointer) -> dict[str, Any]:
    """Return a parallel step or component as the command that does its work.

    Its own settings stay beside the command, under `parallel`, for a step that sets some anew.
    """
    here = (*pointer, "task")
    task = reading.mapping(raw.get("task"), here, "the task")
    reading.known(task, here, TASK_KEYS, "the task")
    kept = {key: raw[key] for key in (*KEYS, "resources") if raw.get(key) is not None}
    kept["task"] = {key: item for key, item in task.items() if key not in ("code", "environment")}
    rest = {key: item for key, item in raw.items() if key not in KEYS}
    rest |= {"type": "command", "command": _line(reading, kept, pointer), "parallel": kept}
    for key in ("code", "environment"):
        if task.get(key) is not None:
            rest[key] = task[key]
    resources = dict(reading.mapping(raw.get("resources"), (*pointer, "resources"), "resources"))
    rest["resources"] = {**resources, "instance_count": 1}  # its processes are on one machine
    return _with_files(rest, str(raw.get("input_data") or ""))


def with_settings(
    reading: Reading, component: Mapping[str, Any], given: Mapping[str, Any], pointer: Pointer
) -> dict[str, Any]:
    """Return a parallel component with what the step that uses it sets anew."""
    changes = {key: given[key] for key in SETTINGS & set(given) if given[key] is not None}
    if given.get("resources"):
        changes["resources"] = given["resources"]
    known = component.get("parallel")
    if not isinstance(known, Mapping) or not changes:
        return dict(component)
    if isinstance(changes.get("retry_settings"), Mapping):
        before = reading.mapping(known.get("retry_settings"), pointer, "retry_settings")
        news = changes["retry_settings"].items()
        changes["retry_settings"] = before | {key: item for key, item in news if item is not None}
    merged = {**known, **changes}
    return {**component, "command": _line(reading, merged, pointer), "parallel": merged}


def _line(reading: Reading, raw: Mapping[str, Any], pointer: Pointer) -> str:
    """Return the command that runs the entry script over the mini batches."""
    here = (*pointer, "task")
    task = reading.mapping(raw.get("task"), here, "the task")
    script = reading.text(task.get("entry_script"), (*here, "entry_script"), "the entry script")
    if not script:
        raise reading.error(
            here,
            "a parallel task needs an entry_script",
            hint="Name the script in its code folder.",
        )
    data = str(raw.get("input_data") or "")
    if not EXPRESSION.fullmatch(data.strip()):
        raise reading.error(
            (*pointer, "input_data"),
            "input_data must be ${{inputs.<name>}}",
            hint="Name the input that is cut into mini batches.",
        )
    words = ["python -m officina.jobs.parallel", f"--entry-script {shlex.quote(script)}"]
    words.append(f"--input {data.strip()}")
    words += _settings(reading, raw, pointer)
    if task.get("append_row_to"):
        words.append(f"--append-row-to {task['append_row_to']}")
    given = task.get("program_arguments") or task.get("args")
    arguments = reading.text(given, here, "program_arguments") or ""
    words.append("-- " + _own_arguments(arguments))
    return " ".join(words)


def _settings(reading: Reading, raw: Mapping[str, Any], pointer: Pointer) -> list[str]:
    words = []
    if raw.get("mini_batch_size"):
        words.append(f"--mini-batch-size {shlex.quote(str(raw['mini_batch_size']))}")
    keys = raw.get("partition_keys")
    if isinstance(keys, str):
        keys = json.loads(keys) if keys.startswith("[") else keys.split(",")
    if keys:
        words.append(f"--partition-keys {shlex.quote(','.join(str(key) for key in keys))}")
    resources = reading.mapping(raw.get("resources"), (*pointer, "resources"), "resources")
    count = int(resources.get("instance_count") or resources.get("instanceCount") or 1)
    each = raw.get("max_concurrency_per_instance")
    words.append(f"--workers {count * int(each or 1)}")
    retry = reading.mapping(raw.get("retry_settings"), (*pointer, "retry_settings"), "it")
    if retry.get("max_retries") is not None:
        words.append(f"--max-retries {int(retry['max_retries'])}")
    if retry.get("timeout") is not None:
        words.append(f"--timeout {reading.seconds(retry['timeout'], (*pointer, 'retry_settings'))}")
    for key in ("error_threshold", "mini_batch_error_threshold"):
        if raw.get(key) is not None:
            words.append(f"--{key.replace('_', '-')} {int(raw[key])}")
    return words


def _own_arguments(text: str) -> str:
    words, kept, skip = text.split(), [], False
    for word in words:
        if skip:
            skip = False
        elif word.partition("=")[0] in _RUNNER_ARGUMENTS:
            skip = "=" not in word
        else:
            kept.append(word)
    return " ".join(kept)


def _with_files(raw: dict[str, Any], data: str) -> dict[str, Any]:
    """Let the input that is cut be files here: `direct` would hand over its address."""
    name = data.strip("${} ").removeprefix("inputs.")
    entry = (raw.get("inputs") or {}).get(name)
    if isinstance(entry, Mapping) and entry.get("mode") in ("direct", "eval_mount", "Direct"):
        raw["inputs"] = {**raw["inputs"], name: {**entry, "mode": "ro_mount"}}
    return raw
