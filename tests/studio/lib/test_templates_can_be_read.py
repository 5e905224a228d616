"""Templates hold an element or a block a line, so that a change of one shows as one."""

from __future__ import annotations

import re
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"
# Neither a tag of Django nor an attribute's value can be broken: whichever is long by itself stays so.
ALONE = re.compile(r"\s*(\{% [^%]* %\}|[\w:.-]+=(\"[^\"]*\"|'[^']*').*)")
LONGEST = 160


def too_long(text: str) -> list[int]:
    """Return the numbers of the lines that hold more than one reads at a glance."""
    lines = enumerate(text.splitlines(), start=1)
    return [at for at, line in lines if len(line) > LONGEST and not ALONE.fullmatch(line)]


def test_what_is_long_by_itself_is_told_from_what_should_be_broken() -> None:
    href = "  href=\"{% url 'run' workspace.name run.guid %}?" + "x" * 150 + '">'
    note = '{% include "parts/note.html" with text="' + "x" * 150 + '" only %}'
    assert too_long(f"{href}\n{note}\n<p>{'word ' * 40}</p>\n<b>{note}</b>") == [3, 4]


def test_no_line_of_a_template_is_overlong() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html")}
    assert len(texts) > 100
    found = {str(path.relative_to(TEMPLATES)): too_long(text) for path, text in texts.items()}
    assert {name: lines for name, lines in found.items() if lines} == {}
