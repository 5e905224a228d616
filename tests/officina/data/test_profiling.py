"""Correlations are those of pandas, missing values and all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from officina.data.profiling import correlations, pearson


def test_each_pair_uses_the_rows_in_which_both_are_there() -> None:
    draw = np.random.default_rng(3)
    frame = pd.DataFrame(draw.normal(size=(500, 4)), columns=list("abcd"))
    frame["b"] += frame["a"]
    frame["c"] = frame["c"] * 1e-3 + 1e5
    frame = frame.mask(draw.random(frame.shape) < 0.2)
    found = pearson(frame.to_numpy())
    assert found == pytest.approx(frame.corr().to_numpy(), abs=1e-5)


def test_a_column_that_does_not_vary_has_no_correlation(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    table = {"a": [1, 2, 3, 4], "b": [0.1, 0.1, 0.1, 0.1], "c": [True, True, False, False]}
    pq.write_table(pa.table(table | {"d": ["x"] * 4, "e": [None, 1, 2, 3]}), file)
    found = correlations(file, "a.parquet")
    assert found["names"] == ["a", "b", "c", "e"]
    assert {name for pair in found["pairs"] for name in pair[:2]} == {"a", "c", "e"}
    assert found["rows"] == 4
