from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from officina.errors import StudioError
from officina.modules.preview import preview
from officina.modules.tables import read_dataset, write_dataset, write_profile


@pytest.fixture
def folder(tmp_path):
    frame = pd.DataFrame(
        {
            "größe": [1.0, np.nan, 3.0, np.inf],
            "text": ["a", "b", "a", None],
            "kind": pd.Categorical(["x", "y", "x", "x"]),
            "empty": [np.nan] * 4,
            "flag": [True, False, True, True],
            "day": pd.to_datetime(["2020-01-01"] * 4),
            "price": [Decimal("1.5")] * 4,
            "list": [[1], [2], [3], None],
        }
    )
    write_dataset(tmp_path / "d", frame, {"text": {"role": "label"}})
    return tmp_path / "d"


def test_a_preview_tells_size_types_and_missing_values(folder):
    found = preview(folder)
    json.dumps(found, allow_nan=False)
    columns = {profile["name"]: profile for profile in found["profile"]}
    assert (found["rows"], found["columns"]) == (4, 8)
    size = columns["größe"]
    assert (size["missing"], size["mean"], size["distinct"]) == (1, 2, 3)
    assert sum(one["count"] for one in size["histogram"]) == 2
    assert columns["text"]["role"] == "label"
    assert columns["text"]["top"] == [{"value": "a", "count": 2}, {"value": "b", "count": 1}]
    assert columns["kind"]["categorical"] is True
    assert columns["empty"] | {"missing": 4, "histogram": None} == columns["empty"]
    assert columns["day"] | {"type": "datetime", "min": "2020-01-01T00:00:00"} == columns["day"]
    assert columns["price"]["max"] == 1.5
    assert found["data"][3][0] == "Infinity"
    assert found["data"][1][0] is None or found["data"][1][0] == "NaN"


def test_the_bins_are_those_of_numpy(tmp_path):
    values = np.random.default_rng(0).normal(size=10_001).round(2)
    write_dataset(tmp_path, pd.DataFrame({"a": values}))
    [column] = preview(tmp_path)["profile"]
    counts, edges = np.histogram(values, bins=20)
    assert [one["count"] for one in column["histogram"]] == counts.tolist()
    assert [one["from"] for one in column["histogram"]] == pytest.approx(edges[:-1].tolist())
    assert column["distinct"] == len(np.unique(values))
    assert column["std"] == pytest.approx(values.std(ddof=1))


def test_a_big_table_keeps_its_profile_beside_it(tmp_path):
    write_dataset(tmp_path, pd.DataFrame({f"c{i}": range(100_001) for i in range(10)}))
    write_profile(tmp_path)
    kept = json.loads((tmp_path / "_profile.json").read_text())
    assert kept["rows"] == 100_001
    assert kept["profile"] == preview(tmp_path)["profile"]


def test_rows_are_given_from_any_start_and_columns_chosen(tmp_path):
    frame = pd.DataFrame({"a": range(1000), "b": range(1000)})
    (tmp_path / "d").mkdir()
    frame.to_parquet(tmp_path / "d" / "data.parquet", row_group_size=100)
    found = preview(tmp_path / "d", start=195, rows=10, columns=["b"])
    assert [row[0] for row in found["data"]] == list(range(195, 205))
    assert found["rows"] == 1000
    assert preview(tmp_path / "d", start=5000)["data"] == []


def test_a_table_without_rows_or_columns_has_a_preview(tmp_path):
    write_dataset(tmp_path / "r", pd.DataFrame({"a": pd.Series([], dtype="float64")}))
    assert preview(tmp_path / "r")["rows"] == 0
    write_dataset(tmp_path / "c", pd.DataFrame())
    assert preview(tmp_path / "c")["columns"] == 0


def test_what_is_no_table_is_a_clear_error(tmp_path, folder):
    with pytest.raises(StudioError, match="Error 0003"):
        preview(tmp_path / "none")
    (tmp_path / "data.parquet").write_bytes(b"nonsense")
    with pytest.raises(StudioError, match="Error 0018"):
        preview(tmp_path)
    with pytest.raises(StudioError, match="Error 0001"):
        preview(folder, columns=["gross"])


def test_a_preview_imports_no_pickle_and_no_pandas(folder):
    script = (
        "import sys; from officina.modules.preview import preview; from pathlib import Path\n"
        f"preview(Path({str(folder)!r}))\n"
        "print(sorted({'pandas', 'sklearn', 'joblib'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_a_dataset_comes_back_as_it_was_written(folder, tmp_path):
    frame, roles = read_dataset(folder)
    write_dataset(tmp_path / "again", frame, roles)
    pd.testing.assert_frame_equal(read_dataset(tmp_path / "again")[0], frame)
    assert roles == {"text": {"role": "label"}}
    for name in ("data.parquet", "_schema.json"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_doubled_names_and_mixed_types_are_refused(tmp_path):
    with pytest.raises(StudioError, match="Error 0010"):
        write_dataset(tmp_path, pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(StudioError, match="Error 0018"):
        write_dataset(tmp_path, pd.DataFrame({"a": [1, "x", [2]]}))
