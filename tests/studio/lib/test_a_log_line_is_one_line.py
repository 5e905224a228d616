"""Nothing that a user sends can forge a log line or steer a terminal."""

from __future__ import annotations

import logging

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from studio.lib import logs


def line(text: str, *args: object) -> str:
    record = logging.LogRecord("studio.test", logging.WARNING, __file__, 1, text, args, None)
    record.request_id = "r1"
    return logs.OneLine().format(record)


@given(st.text())
def test_any_text_stays_on_its_line_without_control_characters(text: str) -> None:
    made = line("asked for %s", text)
    assert len(made.splitlines()) == 1
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in made)


def test_escapes_are_written_out() -> None:
    assert line("%s", "a\r\nERROR fake \x1b[2J").endswith("a\\r\\nERROR fake \\x1b[2J")


def test_a_line_carries_time_level_logger_and_request() -> None:
    assert line("hello").split(" ", 1)[1] == "WARNING studio.test [r1] hello"


def test_a_traceback_is_escaped_too() -> None:
    try:
        raise ValueError("first\nCRITICAL forged \x1b[31m")
    except ValueError:
        import sys

        record = logging.LogRecord(
            "studio", logging.ERROR, __file__, 1, "broke", (), sys.exc_info()
        )
    rows = logs.OneLine().format(record).splitlines()
    assert all(row.startswith("    ") for row in rows[1:])
    assert "\x1b" not in "".join(rows)


@pytest.mark.parametrize(
    ("given_id", "kept"), [("abc-1", True), ("a b", False), ("x" * 65, False), ("a\x1b", False)]
)
@pytest.mark.django_db
def test_a_request_id_is_taken_over_only_if_well_formed(
    client: Client, given_id: str, kept: bool
) -> None:
    answer = client.get("/healthz", headers={"x-request-id": given_id})
    assert (answer["x-request-id"] == given_id) is kept
