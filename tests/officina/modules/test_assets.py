"""Registered data of any format becomes one table; saved models and transforms are handed on."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from officina.errors import StudioError
from officina.modules.tables import read_dataset, read_roles

ROWS = "name;price\nÄpfel;2,5\nBirnen;3\n"


def folder(tmp_path: Path, **files: str | bytes) -> Path:
    root = tmp_path / "asset"
    root.mkdir()
    for name, data in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return root


def read(bench, root, **params):
    return bench.table("data_asset", params, asset=root)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_found(bench, tmp_path, delimiter):
    text = "a,b,c\n1,x y,2.5\n2,z,3\n".replace(",", delimiter)
    frame = read(bench, folder(tmp_path, t_dot_csv=text))
    assert list(frame.columns) == ["a", "b", "c"]
    assert frame["c"].tolist() == [2.5, 3.0]


def test_commas_inside_values_do_not_hide_the_semicolons(bench, tmp_path):
    frame = read(bench, folder(tmp_path, t_dot_csv="a;b\n1,5;2\n2,5;3,1\n3,5;4\n"))
    assert list(frame.columns) == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_found(bench, tmp_path, capsys, encoding):
    frame = read(bench, folder(tmp_path, t_dot_csv=ROWS.encode(encoding)))
    assert frame["name"].tolist() == ["Äpfel", "Birnen"]
    assert ("read as Windows-1252" in capsys.readouterr().out) == (encoding == "cp1252")


def test_a_letter_far_down_decides_the_encoding(bench, tmp_path):
    text = "a\n" + "x\n" * 600_000 + "é\n"
    frame = read(bench, folder(tmp_path, t_dot_csv=text.encode()))
    assert frame["a"].iloc[-1] == "é"


def test_what_is_no_text_is_refused_with_what_to_do(bench, tmp_path):
    with pytest.raises(StudioError, match="not a text file") as caught:
        read(bench, folder(tmp_path, t_dot_csv=b"PK\x03\x04\x00\x00\x00"))
    assert "Path" in caught.value.hint


def test_a_folder_of_files_with_the_same_columns_is_one_table(bench, tmp_path):
    root = folder(
        tmp_path, a_dot_csv="x,y\n1,2\n", sub__b_dot_tsv="y\tx\n4\t3\n", README_dot_md="hello"
    )
    pd.DataFrame({"x": [5], "y": [6]}).to_parquet(root / "c.parquet")
    frame = read(bench, root)
    assert sorted(frame["x"]) == [1, 3, 5]
    assert sorted(frame["y"]) == [2, 4, 6]


def test_files_with_other_columns_are_named(bench, tmp_path):
    root = folder(tmp_path, a_dot_csv="x,y\n1,2\n", b_dot_csv="x,z\n1,2\n")
    with pytest.raises(StudioError, match=r"b.csv .* lacks y and has z besides"):
        read(bench, root)
    assert list(read(bench, root, path="b.csv").columns) == ["x", "z"]


def test_json_lines_are_a_table(bench, tmp_path):
    frame = read(bench, folder(tmp_path, t_dot_jsonl='{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n'))
    assert frame["b"].tolist() == ["x", "y"]


def test_a_dataset_of_the_designer_keeps_its_roles(bench):
    root = bench.put(pd.DataFrame({"x": [1], "y": [2]}), {"y": {"role": "label"}})
    outputs = bench.run("data_asset", asset=root)
    assert read_roles(outputs["data"]) == {"y": {"role": "label"}}


MLTABLE = """
type: mltable
paths:
  - pattern: ./*.csv
transformations:
  - read_delimited: {delimiter: ';', encoding: iso88591, header: no_header}
  - keep_columns: [Col2]
  - take: 3
"""


def test_an_mltable_is_read_as_it_says(bench, tmp_path):
    root = folder(tmp_path, a_dot_csv="1;é\n2;b\n".encode("latin-1"), b_dot_csv="3;c\n4;d\n",
                  MLTable=MLTABLE)  # fmt: skip
    frame = read(bench, root)
    assert list(frame.columns) == ["Col2"]
    assert frame["Col2"].tolist() == ["é", "b", "c"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("paths: [{file: ./gone.csv}]", "is not there"),
        ("paths: [{file: ../outside.csv}]", "is not there"),
        ("paths: [{file: 'https://example.com/a.csv'}]", "not in this asset"),
        ("paths: [{file: ./a.csv}]\ntransformations: [{filter: x}]", "asks for 'filter'"),
        ("nothing", "no mapping"),
    ],
)
def test_an_mltable_that_cannot_be_read_says_why(bench, tmp_path, text, said):
    (tmp_path / "outside.csv").write_text("a\n1\n")
    with pytest.raises(StudioError, match=said):
        read(bench, folder(tmp_path, a_dot_csv="a\n1\n", MLTable=text))


def test_an_asset_without_a_table_says_what_it_holds(bench, tmp_path):
    with pytest.raises(StudioError) as caught:
        read(bench, folder(tmp_path, notes_dot_txt="x"), path="*.csv")
    assert "notes.txt" in caught.value.hint


def test_a_link_out_of_the_asset_is_no_data(bench, tmp_path):
    root = folder(tmp_path, a_dot_csv="x\n1\n")
    (tmp_path / "secret.csv").write_text("x\n2\n")
    (root / "b.csv").symlink_to(tmp_path / "secret.csv")
    assert read(bench, root)["x"].tolist() == [1]


def test_a_saved_transform_is_handed_on_and_no_other_kind(bench):
    table = pd.DataFrame({"x": [1.0, None]})
    transform = bench.run("clean_missing_data", dataset=table)["transform"]
    again = bench.run("saved_transform", asset=transform)["transform"]
    assert (again / "model.pkl").read_bytes() == (transform / "model.pkl").read_bytes()
    assert json.loads((again / "meta.json").read_text())["kind"] == "transform"
    with pytest.raises(StudioError, match="not a trained model of the designer; it is transform"):
        bench.run("saved_model", asset=transform)


def test_a_saved_model_scores(bench):
    table = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 4.0, 6.0, 8.0]})
    learner = bench.run("linear_regression")["untrained_model"]
    trained = bench.run("train_model", {"label": "y"}, untrained_model=learner, dataset=table)
    model = bench.run("saved_model", asset=trained["trained_model"])["model"]
    scored = bench.run("score_model", trained_model=model, dataset=table)["scored"]
    frame, _ = read_dataset(scored)
    assert frame["Scored Labels"].tolist() == pytest.approx([2, 4, 6, 8], rel=1e-3)


def test_an_mlflow_model_is_no_model_of_the_designer(bench, tmp_path):
    with pytest.raises(StudioError, match="it is an MLflow model"):
        bench.run("saved_model", asset=folder(tmp_path, MLmodel="flavors: {}"))
