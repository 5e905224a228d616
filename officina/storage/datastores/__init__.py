"""Datastores: places outside the studio that data lies in, declared as rows of a table."""

from __future__ import annotations

from officina.storage.datastores.kinds import (
    KINDS,
    Kind,
    check_gives,
    clean,
    kind_named,
    open_database,
    open_files,
)
from officina.storage.datastores.places import Files, Item, Listing

__all__ = [
    "KINDS",
    "Files",
    "Item",
    "Kind",
    "Listing",
    "check_gives",
    "clean",
    "kind_named",
    "open_database",
    "open_files",
]
