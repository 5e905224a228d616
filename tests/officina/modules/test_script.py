from __future__ import annotations

import sys
import textwrap
import zipfile

import pandas as pd
import pytest

from officina.errors import StudioError
from officina.modules import userscript
from officina.modules.script import TEMPLATE
from officina.modules.tables import read_dataset


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    """Give the script a folder of its own, as a job has, and the messages file of the bench."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("OFFICINA_MESSAGES", str(tmp_path / "messages.jsonl"))
    return folder


@pytest.fixture
def people():
    return pd.DataFrame({"age": [31, 45], "name": ["Ann", "Bo"]})


def run(bench, code, **inputs):
    params = {"python_script": textwrap.dedent(code)}
    outputs = bench.run("execute_python_script", params, **inputs)
    return [read_dataset(outputs[port]) for port in ("results1", "results2")]


def test_the_template_passes_the_first_table_on(bench, people):
    folder = bench.put(people, {"age": {"role": "label"}})
    (frame, roles), (second, _) = run(bench, TEMPLATE, dataset1=folder)
    pd.testing.assert_frame_equal(frame, people)
    assert roles == {"age": {"role": "label"}}
    assert second.shape == (0, 0)


def test_two_tables_come_in_and_go_out(bench, people):
    code = """
        import pandas as pd
        FACTOR = 2
        def double(x):
            return x * FACTOR
        def azureml_main(dataframe1=None, dataframe2=None):
            both = dataframe1.merge(dataframe2, on="name")
            dataframe1["age"] = double(dataframe1["age"])
            return both, dataframe1
    """
    more = pd.DataFrame({"name": ["Bo"], "town": ["Bonn"]})
    (both, _), (first, _) = run(bench, code, dataset1=people, dataset2=more)
    assert both.to_dict("list") == {"age": [45], "name": ["Bo"], "town": ["Bonn"]}
    assert first["age"].tolist() == [62, 90]


@pytest.mark.parametrize(
    ("returned", "shapes"),
    [
        ("pd.DataFrame({'a': [1]}),", [(1, 1), (0, 0)]),
        ("pd.DataFrame({'a': [1]})", [(1, 1), (0, 0)]),
        ("[None, pd.DataFrame({7: [1]}, index=['x'])]", [(0, 0), (1, 1)]),
        ("None", [(0, 0), (0, 0)]),
    ],
)
def test_one_two_or_no_tables_may_be_returned(bench, returned, shapes):
    code = (
        f"import pandas as pd\ndef azureml_main(a, b):\n    assert a is None\n    return {returned}"
    )
    assert [frame.shape for frame, _ in run(bench, code)] == shapes


def test_a_bundle_can_be_imported_and_read(bench, people, work, tmp_path):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    with zipfile.ZipFile(bundle / "tools.zip", "w") as archive:
        archive.writestr("my_script_of_the_bundle.py", "def grow(df):\n    return df.assign(z=3)\n")
        archive.writestr("texts/sample.txt", "hello")
    (bundle / "plain.txt").write_text("world")
    code = """
        from pathlib import Path
        import pandas as pd
        from my_script_of_the_bundle import grow
        def azureml_main(dataframe1=None, dataframe2=None):
            folder = Path("./Script Bundle")
            words = [(folder / name).read_text() for name in ("texts/sample.txt", "plain.txt")]
            return grow(dataframe1), pd.DataFrame({"words": words})
    """
    (grown, _), (words, _) = run(bench, code, dataset1=people, script_bundle=bundle)
    assert grown["z"].tolist() == [3, 3]
    assert words["words"].tolist() == ["hello", "world"]
    assert "my_script_of_the_bundle" not in sys.modules
    assert not (work / "Script Bundle").exists()


@pytest.mark.parametrize("name", ["../out.py", "/tmp/out.py", "a/../../out.py", "..\\out.py"])
def test_a_bundle_that_leads_out_of_its_folder_is_refused(bench, tmp_path, name):
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr(name, "x = 1")
    with pytest.raises(StudioError, match="Error 0018") as caught:
        run(bench, TEMPLATE, script_bundle=tmp_path / "b.zip")
    assert caught.value.where == "script_bundle"
    assert not (tmp_path / "out.py").exists()


def test_a_link_in_a_bundle_is_refused(bench, tmp_path):
    entry = zipfile.ZipInfo("link")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(StudioError, match="Error 0018"):
        run(bench, TEMPLATE, script_bundle=tmp_path / "b.zip")


def test_a_bundle_that_would_fill_the_disk_is_refused(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(userscript, "MAX_BUNDLE", 1000)
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 1001)
    with pytest.raises(StudioError, match="Error 0006"):
        run(bench, TEMPLATE, script_bundle=tmp_path / "b.zip")


def test_figures_and_metrics_are_logged_through_the_run_under_both_names(bench, people, work):
    code = """
        from azureml.core import Run as AzureRun
        from officina.tracking import Run
        def azureml_main(dataframe1=None, dataframe2=None):
            from matplotlib import pyplot as plt
            plt.plot(dataframe1["age"])
            run = AzureRun.get_context()
            plt.savefig("line.png")
            run.upload_file("graphics/line.png", "line.png")
            run.log_image("ages", plot=plt)
            Run.get_context().log("mean", dataframe1["age"].mean())
            return dataframe1,
    """
    run(bench, code, dataset1=people)
    assert [m["value"] for m in bench.messages("metric")] == [38.0]
    [image] = bench.messages("image")
    assert (image["key"], (work / image["path"]).read_bytes()[:4]) == ("ages", b"\x89PNG")
    assert [m["name"] for m in bench.messages("artifact")] == ["graphics/line.png"]
    assert "azureml" not in sys.modules


FAULTY = [
    ("def azureml_main(a, b):\n    return (a,\n", "Line 2: '(' was never closed."),
    ("x = 1", "Line 1: The script has no function azureml_main."),
    ("\n\ndef azureml_main(a):\n    return a", "Line 3: azureml_main must take two tables"),
    ("x = 1\nprint(nope)\ndef azureml_main(a, b): pass", "Line 2: NameError: name 'nope'"),
    ("def azureml_main(a, b):\n    x = 1\n    return a['agee'],", "Line 3, in azureml_main: KeyError"),
    ("def f(a):\n    return 1 / 0\ndef azureml_main(a, b):\n    f(a)", "Line 2, in f: ZeroDivision"),
    ("def azureml_main(a, b):\n    import json\n    json.loads('{')", "Line 3, in azureml_main: JSON"),
    ("import nopackage\ndef azureml_main(a, b): pass", "Line 1: ModuleNotFoundError"),
    ("import sys\ndef azureml_main(a, b):\n    sys.exit(3)", "Line 3, in azureml_main: SystemExit: 3"),
    ("import sys\ndef azureml_main(a, b):\n    sys.exit()", "left with sys.exit()"),
    ("def azureml_main(a, b):\n    return 3", "returned something of type int"),
    ("def azureml_main(a, b):\n    return a, a, a", "returned 3 things"),
    ("azureml_main = None", "has no function azureml_main"),
    ("def azureml_main(a, b):\n    \0", "null"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "said"), FAULTY)
def test_a_script_that_fails_names_its_own_line(bench, people, code, said):
    with pytest.raises(StudioError, match="Error 0085") as caught:
        run(bench, code, dataset1=people)
    assert said in caught.value.message
    assert caught.value.where == "python_script"
    assert caught.value.hint
    [message] = bench.messages("failed")
    assert said in message["message"]


def test_a_misspelt_column_is_answered_with_the_nearest_and_a_trace(bench, people, capsys):
    with pytest.raises(StudioError) as caught:
        run(bench, FAULTY[4][0], dataset1=people)
    assert caught.value.hint.startswith("Did you mean age")
    trace = capsys.readouterr().err
    assert 'File "user_script.py", line 3, in azureml_main' in trace
    assert "return a['agee']," in trace
    assert "userscript.py" not in trace  # the studio's own frames explain nothing
