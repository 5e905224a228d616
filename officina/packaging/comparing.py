"""Two models' answers to the same rows, side by side."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from officina.packaging.loading import plain

if TYPE_CHECKING:
    from officina.packaging.rows import Rows

LISTED = 20


@dataclass
class Comparison:
    """How far the answers lie apart; `rows_apart` are the first rows beyond the tolerance."""

    rows: int
    max_abs_difference: float | None
    mismatches: int
    mismatch_share: float
    label_agreement: float | None
    tolerance: float
    rows_apart: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the facts ready for JSON."""
        return {key: plain(value) for key, value in asdict(self).items()}


def compare(
    rows: Rows, before: dict[str, Any], after: dict[str, Any], *, tolerance: float
) -> Comparison:
    """Compare predictions, and probabilities where both have them.

    A number is apart when it differs by more than `tolerance` times the size of the answers (the
    larger of 1 and the answer itself); a label when it is another one.
    """
    import numpy as np

    one, other = np.asarray(before["predictions"]), np.asarray(after["predictions"])
    one, other = one.reshape(len(rows), -1), other.reshape(len(rows), -1)
    if one.shape != other.shape:
        raise ValueError(
            f"One model answers {one.shape[1]} values a row, the other {other.shape[1]}."
        )
    numbers: list[tuple[Any, Any]] = []
    apart = np.zeros(len(rows), dtype=bool)
    agreement = None
    if "probabilities" in before or one.dtype.kind not in "fc":
        same = (one.astype(str) == other.astype(str)).all(axis=1)
        if one.dtype.kind in "iufb" and other.dtype.kind in "iufb":
            same = (one.astype(float) == other.astype(float)).all(axis=1)
        agreement, apart = float(same.mean()), apart | ~same
    else:
        numbers.append((one, other))
    if "probabilities" in before and "probabilities" in after:
        chances = np.asarray(before["probabilities"]), np.asarray(after["probabilities"])
        if chances[0].shape == chances[1].shape:
            numbers.append(chances)
    largest = None
    for left, right in numbers:
        difference = np.abs(left.astype(float) - right.astype(float))
        # Both missing is agreement, one missing is not.
        both = np.isnan(left.astype(float)) & np.isnan(right.astype(float))
        difference = np.where(both, 0.0, np.where(np.isnan(difference), np.inf, difference))
        largest = max(largest or 0.0, float(difference.max(initial=0.0)))
        room = tolerance * np.maximum(1.0, np.nan_to_num(np.abs(left.astype(float))))
        apart |= (difference > room).reshape(len(rows), -1).any(axis=1)
    count = int(apart.sum())
    listed = [_row(rows, before, after, int(at)) for at in np.flatnonzero(apart)[:LISTED]]
    return Comparison(
        len(rows), largest, count, count / max(1, len(rows)), agreement, tolerance, listed
    )  # fmt: skip


def _row(rows: Rows, before: dict[str, Any], after: dict[str, Any], at: int) -> dict[str, Any]:
    names = rows.columns or tuple(f"x{place}" for place in range(rows.width))
    found = {"row": at, "input": dict(zip(names, rows.data[at], strict=True))}
    for word, answers in (("before", before), ("after", after)):
        found[word] = {key: plain(values[at]) for key, values in answers.items()}
    return found
