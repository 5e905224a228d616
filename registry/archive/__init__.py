"""A workspace's assets and runs as one zip with a manifest, and back."""

from __future__ import annotations

from registry.archive.exporting import export_workspace, provide_files, provide_part
from registry.archive.importing import Arrival, Place, import_archive, moment, provide_import

__all__ = [
    "Arrival",
    "Place",
    "export_workspace",
    "import_archive",
    "moment",
    "provide_files",
    "provide_import",
    "provide_part",
]
