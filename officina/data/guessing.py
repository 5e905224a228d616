"""Which column is likely the target and which tell rows apart, by names and statistics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_ID = re.compile(
    r"(^|[_\s-])(id|key|guid|uuid|index|no|nr|number)$|(?<=[a-z])(Id|ID|Key)$|^(id|ID)", re.A
)
_TARGET = re.compile(
    r"^(target|label|class|y|outcome|churn|churned|default|survived|species|price|quality|fraud|response)$"
    r"|_(target|label|class|flag)$|^is_",
    re.IGNORECASE,
)


def guesses(profile: Sequence[dict[str, Any]], rows: int) -> dict[str, Any]:
    """Return `{"ids": [...], "target": name | None, "why"}` from the profile of all columns."""
    ids = [column["name"] for column in profile if rows > 1 and _is_id(column, rows)]
    rest = [column for column in profile if column["name"] not in ids]
    for column in reversed(rest):
        if column.get("role") == "label":
            return {"ids": ids, "target": column["name"], "why": "it is marked as the label"}
    for column in reversed(rest):
        if _TARGET.search(column["name"]) and _varies(column):
            return {"ids": ids, "target": column["name"], "why": "of its name"}
    few = [c for c in rest[-1:] if _varies(c) and (c.get("distinct") or rows) <= max(2, rows // 20)]
    if few and few[0].get("type") != "datetime":
        return {
            "ids": ids,
            "target": few[0]["name"],
            "why": "it is the last column and takes few values",
        }
    return {"ids": ids, "target": None, "why": ""}


def is_id_name(name: str) -> bool:
    """Say whether a column is named like one that tells rows apart."""
    return _ID.search(name) is not None


def _varies(column: dict[str, Any]) -> bool:
    return (column.get("distinct") or 0) > 1


def _is_id(column: dict[str, Any], rows: int) -> bool:
    if column.get("missing") or column.get("distinct") != rows:
        return False
    if is_id_name(column["name"]):
        return column.get("type") in ("integer", "string")
    return column.get("type") == "string" and rows >= 20
