"""What a snapshot leaves out: `.amlignore`, else `.gitignore`, read as git reads them."""

from __future__ import annotations

from pathlib import Path

import pathspec

from officina.errors import StudioError

ALWAYS = frozenset(
    {".git", "__pycache__", ".venv", "node_modules", ".ipynb_checkpoints", ".mypy_cache"}
    | {".pytest_cache", ".ruff_cache", ".officina", ".DS_Store"}
)
NAMES = (".amlignore", ".gitignore")
# Data folders often carry a .gitignore of everything; only .amlignore is meant for uploads.
DATA_NAMES = (".amlignore",)
MAX_BYTES = 1_000_000


class Ignore:
    """The ignore files of one folder; nested ones are read when the walk first asks below them."""

    def __init__(self, root: Path, file_name: str | None) -> None:
        self._root = root
        self._file_name = file_name
        self._specs: dict[str, pathspec.GitIgnoreSpec | None] = {}

    def matches(self, name: str, *, folder: bool) -> bool:
        """Tell whether `name` (relative, forward slashes) is left out; ask for its folders first.

        The walk never enters a folder that is left out, so, as in git, a file below one cannot be
        brought back with `!`.
        """
        parent, _, last = name.rpartition("/")
        if last in ALWAYS:
            return True
        if self._file_name is None:
            return False
        while True:
            spec = self._spec(parent)
            if spec is not None:
                below = name[len(parent) + 1 :] if parent else name
                verdict = spec.check_file(below + "/" if folder else below).include
                if verdict is not None:
                    return verdict
            if not parent:
                return False
            parent = parent.rpartition("/")[0]

    def _spec(self, parent: str) -> pathspec.GitIgnoreSpec | None:
        if parent not in self._specs:
            path = self._root / parent / str(self._file_name)
            self._specs[parent] = _read(path) if path.is_file() else None
        return self._specs[parent]


def load_ignore(folder: Path, *, names: tuple[str, ...] = NAMES) -> Ignore:
    """Return what `folder` leaves out: by its `.amlignore`, else `.gitignore` files."""
    root = folder.resolve()
    return Ignore(root, next((name for name in names if (root / name).is_file()), None))


def _read(path: Path) -> pathspec.GitIgnoreSpec:
    if path.stat().st_size > MAX_BYTES:
        raise StudioError(f"{path.name} is larger than {MAX_BYTES} bytes.", where=str(path))
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        return pathspec.GitIgnoreSpec.from_lines(map(_below, text.splitlines()))
    except ValueError as error:
        raise StudioError(f"A pattern cannot be read: {error}", where=str(path)) from error


def _below(line: str) -> str:
    # In git `docs/**` means what is below docs, not docs itself; the library takes both.
    return f"{line.rstrip()}/*" if line.rstrip().endswith("/**") else line
