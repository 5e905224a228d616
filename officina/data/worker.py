"""Answer questions on stored tables, one JSON line each: `python -m officina.data.worker`.

A process of its own, so that a large or hostile file costs the server nothing but this child. It
ends with its standard input, and after five idle minutes.
"""

from __future__ import annotations

import json
import os
import resource
import select
import sys
from pathlib import Path
from typing import Any

IDLE = 300.0
MEMORY = 12 * 2**30


def main() -> None:
    """Serve until the server goes away."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(2)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    from officina.data import reading  # noqa: F401 - now: the first question comes soon
    from officina.modules import preview  # noqa: F401

    while select.select([sys.stdin], [], [], IDLE)[0]:
        line = sys.stdin.readline()
        if not line:
            return
        answers.write(json.dumps(_answer(json.loads(line))) + "\n")
        answers.flush()


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    from officina.errors import StudioError

    try:
        return {"ok": VERBS[asked.pop("verb")](**asked)}
    except StudioError as error:
        return {"error": error.as_json()}
    except MemoryError:
        return {"error": {"message": "The table is too large to look at here.", "where": "",
                          "hint": "Look at it in a job.", "code": "too_large"}}  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError, RuntimeError) as error:
        text = f"The table cannot be read: {type(error).__name__}: {error}"[:500]
        return {
            "error": {
                "message": text,
                "where": "file",
                "hint": "Check the file.",
                "code": "invalid",
            }
        }


def rows(
    *, store: str, sha256: str, name: str, cache: str, start: int, count: int, first: int, last: int
) -> dict[str, Any]:
    """Return a window of rows and columns; with it the table's size and how it was read."""
    from officina.data import reading
    from officina.modules import preview

    path, said = reading.open_stored(store, sha256, name, Path(cache))
    with preview.open_table(path, name) as table:
        described = preview.describe_columns(table, {})
        shown = described[first:last]
        names = [column["name"] for column in shown]
        return {
            "rows": table.metadata.num_rows,
            "columns": len(described),
            "data": preview.rows_of(table, names, start, count) if names else [],
            "schema": [[c["name"], c["type"]] for c in described]
            if not first and not start
            else None,
            "said": said,
        }


def profile(
    *, store: str, sha256: str, name: str, cache: str, columns: list[str]
) -> list[dict[str, Any]]:
    """Return the statistics of columns."""
    from officina.data import reading
    from officina.modules import preview

    path, _ = reading.open_stored(store, sha256, name, Path(cache))
    return preview.profiles(path, columns, {})


def correlations(*, store: str, sha256: str, name: str, cache: str) -> dict[str, Any]:
    """Return Pearson's correlation of the number columns, and the strongest pairs."""
    from officina.data import profiling, reading

    path, _ = reading.open_stored(store, sha256, name, Path(cache))
    return profiling.correlations(path, name)


def diff(
    *, old: dict[str, str], new: dict[str, str], store: str, cache: str, key: str = ""
) -> dict[str, Any]:
    """Return what differs between two stored tables."""
    from officina.data import comparing, reading

    paths = [reading.open_stored(store, t["sha256"], t["name"], Path(cache))[0] for t in (old, new)]
    before, after = paths
    return comparing.diff(before, after, key)


def sample(*, name: str, target: str) -> int:
    """Write a sample table to a file; returns its rows."""
    from officina.data import samples

    return samples.write(name, Path(target))


def glance(**asked: Any) -> dict[str, Any]:
    """Return the first rows of a file, or of the head of one."""
    from officina.data import glancing

    return glancing.glance(**asked)


def prepare(**asked: Any) -> dict[str, Any]:
    """Return what preparation steps make of a sample of a table."""
    from officina.data import rehearsing

    return rehearsing.rehearse(**asked)


VERBS: dict[str, Any] = {
    "rows": rows,
    "profile": profile,
    "correlations": correlations,
    "diff": diff,
    "sample": sample,
    "prepare": prepare,
    "glance": glance,
}

if __name__ == "__main__":
    main()
