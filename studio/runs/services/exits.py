"""How a job's end reads to people."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from officina.errors import StudioError

PIECE = 1 << 16
# What the libraries of a job say where the network is taken away, by a namespace or by the kernel's rules.
NO_NETWORK = re.compile(
    r"urlopen|connection|resol|unreachable|name or service|sock|Errno (13|101|-2|-3)", re.IGNORECASE
)
TRACE = b"Traceback (most recent call last):"


def exit_error(
    result: dict[str, Any], tail: list[str], *, isolated: bool = False
) -> dict[str, Any]:
    """Say in words how the job ended; of one that was kept from the network, when that may be why."""
    reason, code, signal = result["reason"], result.get("code"), result.get("signal")
    peak = f"{(result.get('peak_rss') or 0) / 2**20:,.0f} MiB"
    texts = {
        "timeout": ("The job ran longer than its limit.", "Raise limits.timeout."),
        "memory": (
            f"The job was stopped for its memory: peak {peak}. {result.get('detail', '')}".strip(),
            "Give it less data at a time, or a compute with more memory.",
        ),
        "log": (
            f"The job was stopped: {result.get('detail') or 'its log grew too large'}",
            "Print less, or write to a file in ./outputs.",
        ),
        "processes": (
            f"The job was stopped: {result.get('detail') or 'it started too many processes'}",
            "Use a pool of a few workers.",
        ),
        "shim_error": (f"The job could not be started: {result.get('detail', '')}", ""),
    }
    if signal == 9:  # and not by us, which has a reason of its own
        texts["exited"] = (
            f"The job was killed by signal 9; its memory was at most {peak}.",
            "That is what a machine does that has no memory left. Give the job less data at a time, "
            "or run fewer at once.",
        )
    last = next((line for line in reversed(tail) if line.strip()), "")
    how = f"was killed by signal {signal}" if signal else f"exited with code {code}"
    message, hint = texts.get(reason, (f"The job {how}.", f"Last line of its log: {last}"))
    if isolated and reason == "exited" and NO_NETWORK.search(last):
        hint = f"This workspace is isolated: its jobs reach no network. {hint}"
    return StudioError(message, hint=hint[:1000], code="failed").as_json() | {"tail": tail}


def telling_line(log: Path) -> int | None:
    """Return the line of the log, from 1, where the last trace of a failure begins; else the last one."""
    number, last, trace, begins = 0, 0, 0, True
    try:
        with log.open("rb") as file:
            while piece := file.readline(PIECE):  # a line may be as long as the log
                number += begins
                if begins and piece.startswith(TRACE):
                    trace = number
                if piece.strip():
                    last = number
                begins = piece.endswith(b"\n")
    except OSError:
        return None
    return trace or last or None


def vanished_error() -> dict[str, Any]:
    """Say that nothing is left of the job, its result neither."""
    return StudioError(
        "The job's processes vanished without a result.",
        hint="The machine or the process that held the job was killed. Run it again, "
        "or set maxAttempts to have it retried.",
        code="failed",
    ).as_json()


def disk_error(error: OSError) -> dict[str, Any]:
    """Say that the worker could not write."""
    return StudioError(
        f"The worker could not write the run's files: {error.strerror}.",
        hint="Free space under the studio's home and run again.",
        code="storage_full" if error.errno == 28 else "failed",
    ).as_json()


def unexpected_error(guid: str) -> dict[str, Any]:
    """Say that the studio itself is at fault, and where its log tells more."""
    return StudioError(
        "The worker met an unexpected error.",
        hint=f"An administrator finds it in the worker's log under {guid}.",
        code="failed",
    ).as_json()
