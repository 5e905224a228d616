"""Expressions are replaced by data, and data never becomes syntax."""

from __future__ import annotations

import shlex
import string
import subprocess
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from officina.documents import command_line, references_in, resolve
from officina.errors import StudioError

NAMES = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=8).map(
    lambda text: f"inputs.x{text}"
)


def command(text: str, **inputs: object) -> dict[str, object]:
    entries = {name: {"jobInputType": "literal", "value": value} for name, value in inputs.items()}
    return {"jobType": "Command", "command": text, "inputs": entries}


def test_every_form_of_reference_is_found_once() -> None:
    text = (
        "${{inputs.x}} ${{ outputs.x }} ${{parent.inputs.x}} ${{parent.outputs.x}} ${{name}} "
        "${{parent.jobs.s-1.outputs.y}} ${{default_datastore}} ${{inputs.x}} $[[inputs.z]]"
    )
    assert references_in(text) == [
        "inputs.x",
        "outputs.x",
        "parent.inputs.x",
        "parent.outputs.x",
        "name",
        "parent.jobs.s-1.outputs.y",
        "default_datastore",
        "inputs.z",
    ]


def test_a_whole_text_expression_keeps_the_type() -> None:
    assert resolve(" ${{inputs.x}} ", {"inputs.x": 3}) == 3
    assert resolve("n=${{inputs.x}}", {"inputs.x": 3}) == "n=3"


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(StudioError) as caught:
        resolve("${{inputs.tset}}", {"inputs.test": 1})
    assert "inputs.tset" in caught.value.message
    assert "Did you mean 'inputs.test'?" in caught.value.hint


def test_a_doubled_dollar_is_no_expression() -> None:
    assert resolve("a $${{inputs.x}}", {}) == "a $${{inputs.x}}"


@given(
    st.dictionaries(NAMES, st.text(), max_size=4),
    st.lists(st.text(string.ascii_letters + " "), max_size=5),
)
@example({"inputs.xa": "${{inputs.xa}}"}, ["", ""])
def test_values_are_put_in_once_and_never_read_again(
    values: dict[str, str], pieces: list[str]
) -> None:
    names = list(values)
    text, expected = "", ""
    for index, piece in enumerate(pieces):
        text += piece
        expected += piece
        if names:
            name = names[index % len(names)]
            text += f"${{{{{name}}}}}"
            expected += values[name]
    whole = len(pieces) == 1 and names and not pieces[0].strip()
    assert resolve(text, values) == (values[names[0]] if whole else expected)


def test_an_optional_block_is_dropped_without_its_input() -> None:
    text = "run $[[--x ${{inputs.x}}]] $[[ --y ${{inputs.y}} ]]end"
    document = command(text, x=1) | {
        "component": {"inputs": {"y": {"type": "string", "optional": True}}}
    }
    assert command_line(document, {}, {}) == "run --x 1 end"


def test_an_optional_block_may_lack_its_inner_braces() -> None:
    assert command_line(command("run $[[inputs.x]]", x="v"), {}, {}) == "run v"


def test_a_required_input_without_value_is_an_error() -> None:
    with pytest.raises(StudioError, match="has no value"):
        command_line(command("run ${{inputs.x}}", x=None), {}, {})


def test_paths_take_the_place_of_data_inputs_and_outputs() -> None:
    document = {
        "command": "cp ${{inputs.d}}/a ${{outputs.o}}/b",
        "inputs": {"d": {"jobInputType": "uri_folder", "uri": "tree:00", "mode": "ro_mount"}},
    }
    line = command_line(document, {"d": "/runs/my data"}, {"o": "/runs/out"})
    assert line == "cp '/runs/my data'/a /runs/out/b"


def test_booleans_are_spelled_as_python_does() -> None:
    assert command_line(command("run ${{inputs.x}}", x=False), {}, {}) == "run False"


SHAPES = [
    "printf %s ${{inputs.x}}",
    'printf %s "${{inputs.x}}"',
    "printf %s '${{inputs.x}}'",
    'printf %s "$(printf %s ${{inputs.x}})"',
    "# don't\nprintf %s ${{inputs.x}}",
    "printf %s $[[${{inputs.x}}]]",
    "true && (printf %s ${{inputs.x}})",
]


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=25)
@given(value=st.text(st.sampled_from("ab '\"$`\\;&|()#\t*~!{}<>\n%-=é"), min_size=1, max_size=12))
@example(value="$(touch /tmp/never) `id` '; id #")
def test_a_shell_reads_every_value_as_data(shape: str, value: str) -> None:
    if "$(" in shape:
        value = value.rstrip("\n") or "a"  # the shell itself drops line ends there
    line = command_line(command(shape, x=value), {}, {})
    done = subprocess.run(["/bin/bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (value, "")


@pytest.mark.parametrize(
    "text",
    ["echo `echo ${{inputs.x}}`", "echo $'${{inputs.x}}'", "cat <<END\n${{inputs.x}}\nEND\n"],
)
def test_where_quoting_cannot_help_an_unsafe_value_is_refused(text: str) -> None:
    with pytest.raises(StudioError, match="not safe"):
        command_line(command(text, x="$(id)"), {}, {})
    assert "plain" in command_line(command(text, x="plain"), {}, {})


def test_a_text_of_open_brackets_is_read_in_no_time() -> None:
    start = time.process_time()
    for text in ("$[[" * 200_000, "${{" * 200_000, "$[[inputs." * 100_000):
        assert references_in(text) == []
    assert time.process_time() - start < 10


def test_harmless_values_stay_readable() -> None:
    for value in ("abc", "a/b.csv", 0.2, "k=v,w:x"):
        line = command_line(command("run ${{inputs.x}}", x=value), {}, {})
        assert shlex.split(line) == ["run", str(value)]
        assert "'" not in line
