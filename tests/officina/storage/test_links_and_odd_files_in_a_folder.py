from __future__ import annotations

import os
from pathlib import Path

import pytest

from officina.errors import StudioError
from officina.storage import ContentStore


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A source folder with one file."""
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    return folder


def test_a_link_inside_the_folder_is_followed(root: Path, tmp_path: Path) -> None:
    (root / "b.txt").symlink_to("a.txt")
    tree = ContentStore(tmp_path / "store").put_tree(root)
    assert tree.files["a.txt"] == tree.files["b.txt"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside.txt", "/"])
def test_a_link_that_leaves_the_folder_is_refused_by_name(
    root: Path, tmp_path: Path, target: str
) -> None:
    (tmp_path / "outside.txt").write_text("secret")
    (root / "leak").symlink_to(target)
    with pytest.raises(StudioError, match="'leak' leads outside"):
        ContentStore(tmp_path / "store").put_tree(root)


def test_a_folder_link_to_above_does_not_loop(root: Path, tmp_path: Path) -> None:
    (root / "again").symlink_to(".")
    with pytest.raises(StudioError, match="'again' leads back"):
        ContentStore(tmp_path / "store").put_tree(root)


def test_a_pipe_is_refused_instead_of_waited_for(root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(StudioError, match="'pipe' is not a regular file"):
        ContentStore(tmp_path / "store").put_tree(root)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="nowhere") as caught:
        ContentStore(tmp_path / "store").put_tree(tmp_path / "nowhere")
    assert caught.value.code == "not_found"
