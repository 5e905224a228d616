"""Reads `--set a.b=c` and other arguments of the form name=value."""

from __future__ import annotations

import typer


def read_changes(texts: list[str], option: str = "--set") -> dict[str, str]:
    """Return arguments as dotted path to text; the document's reader gives them types.

    One argument may hold several (`a=1 b=2`), as shell scripts for `az` write them.
    """
    changes = {}
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or not path.strip():
            raise typer.BadParameter(f"{text!r} is not of the form path=value", param_hint=option)
        changes[path.strip()] = value
    return changes
