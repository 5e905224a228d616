"""Two models' answers are compared number by number and label by label."""

from __future__ import annotations

import numpy as np
import pytest

from officina.packaging.comparing import compare
from officina.packaging.rows import read

ROWS = read({"columns": ["a"], "data": [[1], [2], [3], [4]]})


def test_numbers_may_differ_by_the_tolerance_times_their_size() -> None:
    before = {"predictions": np.array([0.0, 1.0, 1000.0, 5.0])}
    after = {"predictions": np.array([0.0005, 1.0, 1000.5, 5.1])}
    found = compare(ROWS, before, after, tolerance=1e-3)
    assert (found.mismatches, found.label_agreement) == (1, None)
    assert found.max_abs_difference == pytest.approx(0.5)
    assert found.rows_apart == [
        {"row": 3, "input": {"a": 4}, "before": {"predictions": 5.0}, "after": {"predictions": 5.1}}
    ]


def test_labels_agree_or_not_and_probabilities_count_as_numbers() -> None:
    chances = np.array([[0.9, 0.1]] * 4)
    before = {"predictions": np.array(["x", "x", "y", "y"]), "probabilities": chances}
    after = {"predictions": np.array(["x", "y", "y", "y"]), "probabilities": chances + 0.01}
    found = compare(ROWS, before, after, tolerance=0.1)
    assert (found.label_agreement, found.mismatches) == (0.75, 1)
    assert compare(ROWS, before, after, tolerance=0.001).mismatches == 4


def test_whole_numbers_as_labels_agree_whatever_their_type() -> None:
    chances = np.full((4, 2), 0.5)
    before = {"predictions": np.array([0, 1, 1, 0]), "probabilities": chances}
    after = {"predictions": np.array([0.0, 1.0, 1.0, 0.0]), "probabilities": chances}
    assert compare(ROWS, before, after, tolerance=0).label_agreement == 1.0


def test_a_missing_answer_on_one_side_alone_is_apart() -> None:
    nan = float("nan")
    before = {"predictions": np.array([nan, nan, 1.0, 1.0])}
    after = {"predictions": np.array([nan, 1.0, nan, 1.0])}
    found = compare(ROWS, before, after, tolerance=1)
    assert [row["row"] for row in found.rows_apart] == [1, 2]


def test_answers_of_another_width_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="1 values a row, the other 2"):
        compare(ROWS, {"predictions": np.zeros(4)}, {"predictions": np.zeros((4, 2))}, tolerance=1)
