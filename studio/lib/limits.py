"""How large the body of a request may be: known from its address and method before any of it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.urls import Resolver404, resolve

from officina.errors import StudioError

View = TypeVar("View", bound=Callable[..., Any])

# What every address takes that says nothing else: a JSON document or a form.
DOCUMENT = 16 * 2**20
# A file on its way into a store.
FILE = 50 * 2**30


def takes(**methods: int) -> Callable[[View], View]:
    """Let a view take larger bodies, by method: `@takes(POST=limits.FILE)`. Classes carry `takes = {...}`."""

    def mark(view: View) -> View:
        view.takes = methods  # type: ignore[attr-defined]
        return view

    return mark


def most_bytes(method: str, path: str) -> int:
    """Return how many bytes the view at an address takes; the database is not asked."""
    try:
        view: Any = resolve(path).func
    except Resolver404:
        return DOCUMENT
    declared = getattr(view, "takes", None) or getattr(getattr(view, "cls", None), "takes", {})
    return int(declared.get(method, DOCUMENT))


def too_large(most: int) -> StudioError:
    """Return the error for a body that is larger than its address takes."""
    words = f"{most >> 30} GiB" if most >= 2**30 else f"{most >> 20} MiB"
    return StudioError(
        f"The request is larger than the {words} that this address takes.",
        hint="Upload files as files, or send the document in parts.",
        code="too_large",
    )
