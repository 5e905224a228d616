"""Content-addressed storage: bytes by SHA-256, folders as trees, in a folder or a bucket."""

from __future__ import annotations

from officina.storage.store import ContentStore
from officina.storage.trees import Blob, Entry, Tree, tree_digest

__all__ = ["Blob", "ContentStore", "Entry", "Tree", "tree_digest"]
