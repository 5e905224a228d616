"""Modules that are imported when first used, so that declarations beside the code stay light."""

from __future__ import annotations

import importlib
from typing import Any


class LazyModule:
    """Stand in for a module; the first attribute that is asked for imports it.

    Unlike `importlib.util.LazyLoader` this puts nothing into `sys.modules` before that.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)

    def __repr__(self) -> str:
        return f"<{self._name}, imported when first used>"


def lazy(name: str) -> Any:
    """Return a stand-in for the module of that dotted name."""
    return LazyModule(name)
