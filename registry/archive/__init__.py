"""A workspace's assets as one zip with a manifest, and back."""

from __future__ import annotations

from registry.archive.exporting import export_workspace, provide_part
from registry.archive.importing import import_archive

__all__ = ["export_workspace", "import_archive", "provide_part"]
