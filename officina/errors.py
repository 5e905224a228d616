"""The one error that is meant for people: what happened, where, and what to do about it."""

from __future__ import annotations

from typing import Any


class StudioError(Exception):
    """Something the user can understand and mend.

    `code` is one of the keys of `HTTP_STATUS`; `where` names the field, file or line; `hint` says what to do.
    """

    def __init__(
        self, message: str, *, hint: str = "", where: str = "", code: str = "invalid"
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where
        self.code = code

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{place}{self.message}{hint}"

    def as_json(self) -> dict[str, Any]:
        """Return the error in the one shape that API, CLI and run pages show."""
        return {"code": self.code, "message": self.message, "where": self.where, "hint": self.hint}


HTTP_STATUS = {
    "invalid": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "too_large": 413,
    "rate_limited": 429,
    "failed": 500,
    "unavailable": 503,
    "storage_full": 507,
}
