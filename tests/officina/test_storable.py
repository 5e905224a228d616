"""A text that no database stores is refused where it comes in, in words, and nowhere later."""

from __future__ import annotations

import io
import json

import pytest
from rest_framework.exceptions import ParseError

from officina.execution.messages import parse_line
from officina.storable import unstorable
from studio.lib.parsers import JSONParser


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (rb'{"a": ["x\u0000"]}', "U+0000"),
        (rb'{"a\ud83d": 1}', "U+D83D"),
        (rb'{"smile": "\ud83d\ude00", "path": "\\u0000 \\ud83d"}', ""),
        ('{"a": "ö 😀"}'.encode(), ""),
    ],
)
def test_what_cannot_be_stored_is_named(body: bytes, found: str) -> None:
    assert unstorable(body, json.loads(body)) == found


def test_a_request_with_such_a_text_is_refused() -> None:
    with pytest.raises(ParseError, match=r"U\+0000"):
        JSONParser().parse(io.BytesIO(rb'{"name": "a\u0000"}'))


def test_a_job_that_reports_such_a_text_is_warned() -> None:
    message = parse_line(rb'{"type": "tag", "key": "a", "value": "\u0000"}')
    assert message["type"] == "warning"
    assert "U+0000" in message["text"]
