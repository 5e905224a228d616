"""Open data sets under Azure's names, without a network."""

from __future__ import annotations

import pytest

from officina import opendatasets
from officina.errors import StudioError
from officina.opendatasets import Diabetes


def test_diabetes_has_azures_columns_and_units() -> None:
    table = Diabetes.get_tabular_dataset()
    frame = table.to_pandas_dataframe()
    names = ["AGE", "SEX", "BMI", "BP", "S1", "S2", "S3", "S4", "S5", "S6", "Y"]
    assert list(frame.columns) == names and len(frame) == 442
    assert list(frame.iloc[0]) == [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87, 151]
    assert len(table.take(3).to_pandas_dataframe()) == 3
    assert len(opendatasets.Wine().to_pandas_dataframe()) == 178


def test_what_needs_a_network_says_so() -> None:
    with pytest.raises(StudioError, match="MNIST is fetched from Microsoft's servers") as told:
        _ = opendatasets.MNIST
    assert "data import" in told.value.hint
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = opendatasets.Nonsense
