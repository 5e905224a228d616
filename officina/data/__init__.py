"""A look at data: rows by windows, profiles, guesses and differences, worked out in child processes."""

from __future__ import annotations

from officina.data.asking import ask, warm
from officina.data.guessing import guesses

__all__ = ["ask", "guesses", "warm"]
