"""The studio over HTTP: `Client` runs, watches and fetches jobs."""

from __future__ import annotations

from officina.client.client import Client

__all__ = ["Client"]
