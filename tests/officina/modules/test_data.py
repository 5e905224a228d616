from __future__ import annotations

import http.server
import json
import threading

import pandas as pd
import pytest
from sklearn import datasets

from officina.errors import StudioError
from officina.modules import fetch
from officina.modules.tables import read_dataset

ARFF = """% comment
@relation r
@attribute 'Größe in cm' numeric
@attribute colour {rot, 'hell blau'}
@attribute note string
@attribute day date "yyyy-MM-dd"
@data
1.5, rot, 'it, too', 2020-01-02
?, 'hell blau', ?, ?
"""


@pytest.mark.parametrize("name", ["diabetes", "iris", "wine", "breast_cancer"])
def test_a_sample_is_scikit_learns_table(bench, name):
    outputs = bench.run("import_data", {"sample": name})
    frame, roles = read_dataset(outputs["dataset"])
    expected = getattr(datasets, f"load_{name}")(as_frame=True).frame
    pd.testing.assert_frame_equal(frame, expected)
    assert roles == {"target": {"role": "label"}}
    profile = json.loads((outputs["dataset"] / "_profile.json").read_text())
    assert profile == {"rows": len(expected), "columns": len(expected.columns)}


def test_typed_csv_and_tsv_become_a_table(bench):
    expected = pd.DataFrame({"é": [1, 2], "b": ["x", None]})
    for kind, text in (("CSV", "é,b\n1,x\n2,\n"), ("TSV", "é\tb\n1\tx\n2\t\n")):
        frame = bench.table("enter_data_manually", {"data_format": kind, "data": text})
        pd.testing.assert_frame_equal(frame, expected, check_dtype=False)


def test_without_a_header_columns_are_numbered(bench):
    frame = bench.table("enter_data_manually", {"data": "1,2\n3,4", "has_header": False})
    assert list(frame.columns) == ["Col1", "Col2"]
    assert len(frame) == 2


def test_typed_arff_becomes_a_table(bench):
    outputs = bench.run("enter_data_manually", {"data_format": "ARFF", "data": ARFF})
    frame, roles = read_dataset(outputs["dataset"])
    assert list(frame.columns) == ["Größe in cm", "colour", "note", "day"]
    assert frame["Größe in cm"].isna().tolist() == [False, True]
    assert frame["colour"].tolist() == ["rot", "hell blau"]
    assert frame["note"][0] == "it, too"
    assert frame["day"][0] == pd.Timestamp("2020-01-02")
    assert roles == {"colour": {"categorical": True}}


def test_typed_svmlight_becomes_a_table(bench):
    text = "1 1:0.5 3:2\n-1 2:1\n"
    frame = bench.table("enter_data_manually", {"data_format": "SVMLight", "data": text})
    assert frame.to_numpy().tolist() == [[1, 0.5, 0, 2], [-1, 0, 1, 0]]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("CSV", "a,b\n1,2,3\n1\n1,2,3,4\n"),
        ("CSV", "\n"),
        ("ARFF", "a,b"),
        ("ARFF", "@attribute a {x}\n@data\ny\n"),
        ("ARFF", "@attribute a numeric\n@data\n1,2\n"),
        ("SVMLight", "hello"),
    ],
)
def test_broken_text_is_refused_with_a_number(bench, kind, text):
    with pytest.raises(StudioError, match=r"Error 000\d") as caught:
        bench.run("enter_data_manually", {"data_format": kind, "data": text})
    assert caught.value.hint
    assert bench.messages("failed")


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "asset"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "a.csv").write_text("x,y\n1,2\n")
    (root / "deep" / "b.csv").write_text("x,y\n3,4\n")
    (root / "deep" / "er" / "c.csv").write_text("x,y\n5,6\n")
    return root


@pytest.mark.parametrize(
    ("path", "rows"), [("**", 3), ("deep/**", 2), ("a.csv", 1), ("/deep/b.csv", 1), ("*.csv", 3)]
)
def test_files_of_a_folder_are_joined(bench, folder, path, rows):
    frame = bench.table("import_data", {"source": "data_asset", "path": path}, data=folder)
    assert len(frame) == rows
    assert list(frame.columns) == ["x", "y"]


def test_a_single_parquet_file_is_read(bench, tmp_path):
    expected = pd.DataFrame({"Größe": [1.5, None], "b": pd.Categorical(["x", "y"])})
    expected.to_parquet(tmp_path / "t.parquet")
    frame = bench.table("import_data", {"source": "data_asset"}, data=tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(frame, expected)


def test_encoding_and_delimiter_are_honoured(bench, tmp_path):
    (tmp_path / "t.csv").write_bytes("straße;n\nü;1\n".encode("latin-1"))
    params = {"source": "data_asset", "delimiter": "semicolon", "encoding": "latin-1"}
    frame = bench.table("import_data", params, data=tmp_path / "t.csv")
    assert frame.to_dict("list") == {"straße": ["ü"], "n": [1]}


@pytest.mark.parametrize("encoding", ["utf-8", "klingon"])
def test_the_wrong_encoding_is_a_clear_error(bench, tmp_path, encoding):
    (tmp_path / "t.csv").write_bytes("straße\nü\n".encode("latin-1"))
    with pytest.raises(StudioError, match="Error 0002"):
        bench.run(
            "import_data", {"source": "data_asset", "encoding": encoding}, data=tmp_path / "t.csv"
        )


def test_files_with_other_columns_are_refused(bench, folder):
    (folder / "deep" / "z.csv").write_text("x,other\n3,4\n")
    with pytest.raises(StudioError, match="Error 0010"):
        bench.run("import_data", {"source": "data_asset"}, data=folder)


def test_a_path_without_a_file_names_what_is_there(bench, folder):
    with pytest.raises(StudioError, match="Error 0020") as caught:
        bench.run("import_data", {"source": "data_asset", "path": "b.tsv"}, data=folder)
    assert "deep/b.csv" in caught.value.hint


def test_a_link_out_of_the_folder_is_not_followed(bench, folder, tmp_path):
    (tmp_path / "secret.csv").write_text("x,y\n9,9\n")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    frame = bench.table("import_data", {"source": "data_asset"}, data=folder)
    assert 9 not in frame["x"].tolist()


def test_an_unwired_data_port_is_said(bench):
    with pytest.raises(StudioError, match="Error 0003"):
        bench.run("import_data", {"source": "data_asset"})


@pytest.fixture
def site():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            moved = {"/moved.csv": "/t.csv", "/loop": "/loop", "/meta": "http://169.254.169.254/"}
            if self.path in moved:
                self.send_response(302)
                self.send_header("Location", moved[self.path])
                self.end_headers()
                return
            self.send_response(200 if self.path == "/t.csv" else 404)
            self.end_headers()
            self.wfile.write(b"a,b\n1,2\n")

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["/t.csv", "/moved.csv"])
def test_a_file_from_an_allowed_network_is_imported(bench, site, monkeypatch, path):
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.0/8")
    frame = bench.table("import_data", {"source": "http", "url": site + path})
    assert frame.to_dict("list") == {"a": [1], "b": [2]}


@pytest.mark.parametrize("path", ["/none.csv", "/loop", "/meta"])
def test_a_failed_or_escaping_download_is_a_clear_error(bench, site, monkeypatch, path):
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.0/8")
    with pytest.raises(StudioError, match="Error 0021"):
        bench.run("import_data", {"source": "http", "url": site + path})


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x.csv", "http://localhost/x.csv", "http://10.0.0.1/", "http://[::1]/",
        "http://169.254.169.254/latest", "http://192.168.1.1/", "http://0.0.0.0/",
        "http://[::ffff:127.0.0.1]/", "http://2130706433/", "file:///etc/passwd", "ftp://x/y",
        "http://", "http://x:port/", "http://100.64.0.1/", "http://[fe80::1%25lo]/",
    ],
)  # fmt: skip
def test_private_addresses_and_other_schemes_are_refused(bench, url):
    with pytest.raises(StudioError, match="Error 0021"):
        bench.run("import_data", {"source": "http", "url": url})


def test_a_download_that_is_too_large_is_cut_off(site, monkeypatch, tmp_path):
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.0/8")
    with pytest.raises(StudioError, match="larger than"):
        fetch.download(f"{site}/t.csv", tmp_path / "t", max_bytes=3)
