from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from officina.modules.scripting import findings

COLUMNS = {"dataframe1": ["age", "fare"], "dataframe2": ["town"]}


def found(body, columns=COLUMNS):
    code = "def azureml_main(dataframe1=None, dataframe2=None):\n" + textwrap.indent(
        textwrap.dedent(body).strip(), "    "
    )
    return [(one.line, one.message, one.hint) for one in findings(code, columns)]


def test_a_column_that_is_not_there_is_a_warning_at_its_place():
    code = 'def azureml_main(df, other):\n    return df["agee"],\n'
    [one] = findings(code, COLUMNS)
    assert (one.line, one.column, one.severity) == (2, 15, "warning")
    assert one.message == 'dataframe1 has no column "agee".'
    assert one.hint.startswith("Did you mean age")


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ('return dataframe1["age"], dataframe2["town"]', []),
        ('return dataframe1[["age", "x"]], dataframe2["y"]', ["x", "y"]),
        ('dataframe1["x"] = 1\nreturn dataframe1["x"],', []),
        ('dataframe1 = dataframe1.assign(x=1)\nreturn dataframe1["x"],', []),
        ('for dataframe1 in []:\n    pass\nreturn dataframe1["x"],', []),
        ('name = "x"\nreturn dataframe1[name], dataframe1[0], dataframe1["age":]', []),
        ('del dataframe1["x"]\nreturn dataframe1,', ["x"]),
        ('return dict(x=1)["x"]', []),
    ],
)
def test_only_columns_that_are_surely_not_there_are_named(body, missing):
    assert [message for _, message, _ in found(body)] == [
        f'{"dataframe2" if name == "y" else "dataframe1"} has no column "{name}".'
        for name in missing
    ]


def test_nothing_is_said_of_columns_that_are_not_known():
    assert found('return dataframe1["x"],', {"dataframe1": None}) == []
    assert found('return dataframe1["x"],', None) == []


@pytest.mark.parametrize(
    ("code", "line", "message"),
    [
        ("x = (", 1, "'(' was never closed."),
        ("def azureml_main(a, b):\nreturn 1", 2, "expected an indented block"),
        ("x = 1\n", 1, "The script has no function azureml_main."),
        ("def azureml_main(a): pass", 1, "azureml_main must take two tables"),
        ("def azureml_main(a, b, c): pass", 1, "azureml_main must take two tables"),
        ("", 1, "The script has no function azureml_main."),
    ],
)
def test_what_cannot_run_is_an_error_at_its_line(code, line, message):
    [one] = findings(code)
    assert (one.severity, one.line) == ("error", line)
    assert one.message.startswith(message)
    assert one.hint


@pytest.mark.parametrize(
    "code",
    [
        "def azureml_main(a, b, c=None): pass",
        "def azureml_main(*tables): pass",
        "from my_script import azureml_main",
        "import my_script\nazureml_main = my_script.main",
        "if True:\n    def azureml_main(a, b): pass",
        "from my_script import *",
    ],
)
def test_other_ways_to_have_the_function_are_fine(code):
    assert findings(code) == []


def test_looking_at_a_script_loads_no_library():
    script = (
        "import sys; from officina.modules.scripting import findings; findings('x = 1');"
        "assert not {'pandas', 'numpy', 'pickle'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
