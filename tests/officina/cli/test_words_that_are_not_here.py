"""Scripts for `az` meet nouns that the studio lacks: each is told what to do instead; help shows examples."""

from __future__ import annotations

import pytest
import typer

from officina.cli.app import app, main
from officina.cli.examples import EXAMPLES
from officina.documents.overrides import set_paths
from officina.errors import StudioError


def run(words: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["officina", *words.split()])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("ml online-endpoint create -n e", 3, "Endpoints are not in this version"),
        ("registry list", 3, "azureml://registries"),
        ("job connect-ssh -n x", 3, "officina job stream"),
        ("account clear", 0, "nothing to do"),
        ("jbo list", 2, "Did you mean 'job'"),
    ],
)
def test_a_word_of_az_that_is_not_here_is_explained(
    words: str, code: int, says: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert run(words, monkeypatch) == code
    told = capsys.readouterr()
    assert says in told.err
    assert not told.out


def test_help_ends_with_examples_and_each_is_of_a_command_that_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("ml job create -h", monkeypatch) == 0
    assert "officina job create -f job.yml --stream" in capsys.readouterr().out
    known = {str(command.name) for command in app.registered_commands}
    for group in app.registered_groups:
        assert isinstance(group.typer_instance, typer.Typer)
        known |= {f"{group.name} {each.name}" for each in group.typer_instance.registered_commands}
    assert EXAMPLES.keys() <= known


def test_set_reaches_into_lists() -> None:
    document = {"conda_file": {"dependencies": ["python=3.10", {"pip": ["numpy"]}]}}
    changes = {
        "conda_file.dependencies[0]": "python=3.11",
        "conda_file.dependencies[1].pip[1]": "tqdm",
    }
    changed = set_paths(document, changes)["conda_file"]["dependencies"]
    assert changed == ["python=3.11", {"pip": ["numpy", "tqdm"]}]
    with pytest.raises(StudioError, match="there is no '7'"):
        set_paths(document, {"conda_file.dependencies[7]": "x"})
