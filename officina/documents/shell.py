"""Puts values into a shell command as data, whatever quoting surrounds the place they go to."""

from __future__ import annotations

import re
import shlex

from officina.errors import StudioError

_SAFE = re.compile(r"[\w@%+=:,./\-]+\Z", re.ASCII)
_HEREDOC = re.compile(r"(?<!<)<<(?!<)")


class ShellText:
    """Follows a command from left to right and spells a value for the quoting that is open at that
    point.
    """

    def __init__(self) -> None:
        self.open: list[str] = []  # of ' " ( and `, innermost last
        self.comment = False
        self.heredoc = False
        self._last = " "

    def read(self, text: str) -> None:
        """Move over a piece of the command that its author wrote."""
        index = 0
        self.heredoc = self.heredoc or bool(_HEREDOC.search(text))
        while index < len(text):
            index += self._step(text, index)
            self._last = text[index - 1]

    def _step(self, text: str, index: int) -> int:
        char = text[index]
        inner = self.open[-1] if self.open else ""
        if self.comment:
            self.comment = char != "\n"
        elif inner == "'":
            if char == "'":
                self.open.pop()
        elif char == "\\":
            return min(2, len(text) - index)
        elif inner == "$'":
            if char == "'":
                self.open.pop()
        elif text.startswith("$'", index) and inner != '"':
            self.open.append("$'")
            return 2
        elif char == "`":
            self._toggle("`")
        elif text.startswith("$(", index) or (char == "(" and inner != '"'):
            self.open.append("(")
            return 2 if char == "$" else 1
        elif char == ")" and inner == "(":
            self.open.pop()
        elif char == '"':
            self._toggle('"')
        elif char == "'" and inner != '"':
            self.open.append("'")
        elif char == "#" and inner != '"':
            self.comment = self._last.isspace() or self._last in ";&|("
        return 1

    def _toggle(self, mark: str) -> None:
        if self.open and self.open[-1] == mark:
            self.open.pop()
        else:
            self.open.append(mark)

    def spell(self, text: str) -> str:
        """Return the value so that the shell reads exactly this text."""
        self._last = "x"
        inner = self.open[-1] if self.open else ""
        if _SAFE.match(text):
            return text
        if "\0" in text:
            raise StudioError(
                "an input holds a NUL character, which no program can be given", where="command"
            )
        if self.comment:
            return re.sub(r"\s", " ", text)
        if "`" in self.open or inner == "$'" or self.heredoc:
            raise StudioError(
                f"the value {text[:40]!r} is not safe inside backquotes, $'' or a here-document",
                where="command",
                hint="Use $(...) instead of backquotes, or pass the value as an argument.",
            )
        if inner == '"':
            return re.sub(r'([\\"$`])', r"\\\1", text)
        if inner == "'":
            return text.replace("'", "'\"'\"'")
        return shlex.quote(text)
