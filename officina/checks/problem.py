"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing to mend: a stable code, the words for people, and where it is.

    An "error" must be mended before the pipeline can run; a "warning" is worth a look.
    """

    code: str
    message: str
    node: str = ""
    port: str = ""
    hint: str = ""
    severity: str = "error"

    def as_json(self) -> dict[str, str]:
        """Return the problem as the browser and the API take it."""
        return {
            "code": self.code,
            "message": self.message,
            "node": self.node,
            "port": self.port,
            "hint": self.hint,
            "severity": self.severity,
        }
