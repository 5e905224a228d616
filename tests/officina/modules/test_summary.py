from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import datasets


def test_the_statistics_are_those_of_pandas_and_scipy(bench):
    frame = datasets.load_wine(as_frame=True).frame
    frame.loc[3, "ash"] = float("nan")
    result = bench.table("summarize_data", {}, dataset=frame).set_index("Feature")
    assert list(result.index) == list(frame.columns)
    assert (result["Count"] == 178).all()
    for name, series in frame.items():
        row, known = result.loc[name], series.dropna()
        quantiles = known.quantile([0.25, 0.5, 0.75, 0.005, 0.01, 0.05, 0.95, 0.99, 0.995])
        expected = {
            "Unique Value Count": series.nunique(), "Missing Value Count": series.isna().sum(),
            "Min": known.min(), "Max": known.max(), "Mean": known.mean(),
            "Mean Deviation": (known - known.mean()).abs().mean(),
            "Mode": stats.mode(known).mode, "Range": np.ptp(known),
            "Sample Variance": np.var(known, ddof=1),
            "Sample Standard Deviation": np.std(known, ddof=1),
            "Sample Skewness": stats.skew(known, bias=False),
            "Sample Kurtosis": stats.kurtosis(known, bias=False),
        }  # fmt: skip
        names = [
            "1st Quartile",
            "Median",
            "3rd Quartile",
            "P0.5",
            "P1",
            "P5",
            "P95",
            "P99",
            "P99.5",
        ]
        expected |= dict(zip(names, quantiles, strict=True))
        for measure, value in expected.items():
            np.testing.assert_allclose(row[measure], value, rtol=1e-9, err_msg=f"{name} {measure}")


def test_texts_dates_and_empty_columns_are_only_counted(bench):
    frame = pd.DataFrame(
        {
            "s": ["x", "x", None],
            "d": pd.to_datetime(["2020", "2021", "2021"]),
            "e": [float("nan")] * 3,
            "t": [True, True, False],
        }
    )
    result = bench.table("summarize_data", {}, dataset=frame).set_index("Feature")
    assert result["Unique Value Count"].tolist() == [1, 2, 0, 2]
    assert result["Missing Value Count"].tolist() == [1, 0, 3, 0]
    assert result.loc[["s", "d", "e"], "Min":].isna().all(axis=None)
    assert result.loc["t", ["Min", "Max", "Range"]].tolist() == [0, 1, 1]
    assert result.loc["t", "Mean"] == 2 / 3


def test_a_table_without_rows_or_columns_is_described(bench):
    result = bench.table("summarize_data", {}, dataset=pd.DataFrame({"a": pd.Series(dtype=float)}))
    assert result["Count"].tolist() == [0]
    assert len(bench.table("summarize_data", {}, dataset=pd.DataFrame())) == 0
