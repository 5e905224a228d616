"""How statuses, times and numbers are written on the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from studio.lib.templatetags import ui


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (1234567, "1,234,567"),
        (0.9127331182, "0.912733"),
        (4150.680189329983, "4,150.68"),
        (0.00001234, "1.234e-05"),
        (float("nan"), "NaN"),
        (float("-inf"), "−∞"),
        ("NaN", "NaN"),
        (True, "True"),
    ],
)
def test_a_number_is_grouped_and_shortened(value: object, text: str) -> None:
    assert ui.number(value) == text


def test_a_number_keeps_as_many_digits_as_asked() -> None:
    assert ui.number(0.19057346847560164, 10) == "0.1905734685"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.44, "0.4 s"),
        (12.2, "12 s"),
        (92, "1:32"),
        (7510, "2:05:10"),
        (None, "–"),
        (timedelta(minutes=2), "2:00"),
    ],
)
def test_a_duration_carries_its_unit(seconds: object, text: str) -> None:
    assert ui.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        ("", "–"),
        (True, "true"),
        (0.5, "0.5"),
        ("\ndef f():\n    pass\n", "def f():\n    pass"),
        (["day", "hour"], '["day", "hour"]'),
        ({"rules": [{"include": True, "columns": ["a", "b", "c"]}]}, '{\n  "rules": ['),
    ],
)
def test_a_value_is_written_as_json_and_keeps_its_lines(value: object, text: str) -> None:
    assert ui.as_json(value).startswith(text)
    assert ui.as_json(value) == text or text.endswith("[")


def test_a_size_carries_its_unit() -> None:
    assert [ui.byte_size(n) for n in (0, 999, 1_500_000, 3_200_000_000_000)] == [
        "0 B",
        "999 B",
        "1.5 MB",
        "3.2 TB",
    ]


def test_a_moment_is_relative_and_exact_on_hover() -> None:
    html = ui.ago(timezone.now() - timedelta(hours=2, minutes=5))
    assert ">2 h ago</time>" in html
    assert 'title="' in html
    assert "never" in ui.ago(None)


def test_a_completed_run_that_was_reused_says_so() -> None:
    assert ui.look_of("Completed", "abc")[2] == "Reused"
    assert ui.look_of("Failed", "abc")[2] == "Failed"


def test_an_unknown_status_is_shown_as_it_is() -> None:
    assert ui.look_of("Paused") == ("queued", "help-circle", "Paused")
