"""Officina's engine, SDK and command line: everything that needs no server."""

from __future__ import annotations

__version__ = "0.1.0"
