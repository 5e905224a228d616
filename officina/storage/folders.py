"""Walk a user's folder: what is left out, where links may lead, and what is refused."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from officina.errors import StudioError
from officina.storage.paths import check_name

if TYPE_CHECKING:
    from officina.storage.ignore import Ignore


def walk(folder: Path, *, ignore: Ignore | None = None) -> Iterator[tuple[str, Path]]:
    """Yield (relative name, real path) of each file below `folder`, in the order of names.

    A link is followed while it stays inside the folder; one that leaves it, and a socket, pipe or
    device, is refused by name, so that nobody ships a file of the machine by chance or on purpose.
    """
    root = folder.resolve()
    if not root.is_dir():
        raise StudioError(
            f"There is no folder {str(folder)!r}.", hint="Check the path.", code="not_found"
        )
    yield from _walk(root, root, "", ignore, (root,))


def _walk(
    root: Path, here: Path, prefix: str, ignore: Ignore | None, above: tuple[Path, ...]
) -> Iterator[tuple[str, Path]]:
    with os.scandir(here) as listing:
        found = sorted(listing, key=lambda item: item.name)
    for item in found:
        name = prefix + item.name
        real = Path(item.path)
        if item.is_symlink():
            if ignore and (ignore.matches(name, folder=False) or ignore.matches(name, folder=True)):
                continue
            real = _follow(root, real, name, above)
        is_folder = real.is_dir()
        if ignore and ignore.matches(name, folder=is_folder):
            continue
        check_name(name)
        if is_folder:
            yield from _walk(root, real, name + "/", ignore, (*above, real))
        elif stat.S_ISREG(real.lstat().st_mode):
            yield name, real
        else:
            raise StudioError(
                f"{name!r} is not a regular file (a pipe, socket or device).",
                hint="Remove it, or name it in .amlignore.",
                where=name,
            )


def _follow(root: Path, link: Path, name: str, above: tuple[Path, ...]) -> Path:
    hint = "Copy the file into the folder, or name the link in .amlignore."
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise StudioError(f"The link {name!r} leads nowhere.", hint=hint, where=name) from error
    if not target.is_relative_to(root):
        raise StudioError(f"The link {name!r} leads outside its folder.", hint=hint, where=name)
    if target in above:
        raise StudioError(
            f"The link {name!r} leads back to a folder above it.", hint=hint, where=name
        )
    return target
