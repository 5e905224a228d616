from __future__ import annotations

import pandas as pd
import pytest

from officina.catalogue import Catalogue
from officina.errors import StudioError


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "job").mkdir()
    monkeypatch.chdir(tmp_path / "job")
    return tmp_path / "job"


@pytest.fixture
def frame():
    return pd.DataFrame({"é": [1.5, None], "s": ["a,b", "c\td"]})


@pytest.mark.parametrize(
    ("kind", "path", "file", "read"),
    [
        ("csv", "export/data", "export/data.csv", pd.read_csv),
        ("tsv", "t.tsv", "t.tsv", lambda path: pd.read_csv(path, sep="\t")),
        ("parquet", "deep/er/v1.2", "deep/er/v1.2.parquet", pd.read_parquet),
    ],
)
def test_the_table_is_a_file_among_the_outputs(
    bench, frame, in_a_folder_of_its_own, kind, path, file, read
):
    bench.run("export_data", {"path": path, "file_format": kind}, dataset=frame)
    pd.testing.assert_frame_equal(read(in_a_folder_of_its_own / "outputs" / file), frame)


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", ".", "..\\x"])
def test_a_path_out_of_the_outputs_is_refused(bench, frame, in_a_folder_of_its_own, path):
    with pytest.raises(StudioError, match="Error 0002") as caught:
        bench.run("export_data", {"path": path}, dataset=frame)
    assert caught.value.where == "path"
    assert not list(in_a_folder_of_its_own.parent.glob("x*"))


def test_it_is_reused_unless_it_shall_regenerate():
    component = Catalogue().get("export_data")
    assert component.reusable({})
    assert not component.reusable({"regenerate_output": True})
