"""A download can be read in parts, as browsers and resuming clients ask for them."""

from __future__ import annotations

import io

import pytest

from studio.lib.files import UserFileResponse

DATA = bytes(range(256)) * 20


def answer(part: str) -> UserFileResponse:
    return UserFileResponse(io.BytesIO(DATA), name="a.bin", size=len(DATA), part=part)


@pytest.mark.parametrize(
    ("part", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-99", 10, 100),
        ("bytes=5000-", 5000, 5120),
        ("bytes=-20", 5100, 5120),
        ("bytes=5000-99999", 5000, 5120),
        ("bytes=-99999", 0, 5120),
    ],
)
def test_one_range_answers_that_part(part: str, first: int, end: int) -> None:
    response = answer(part)
    assert response.status_code == 206
    assert response.getvalue() == DATA[first:end]
    assert response["Content-Length"] == str(end - first)
    assert response["Content-Range"] == f"bytes {first}-{end - 1}/{len(DATA)}"


@pytest.mark.parametrize(
    "part", ["", "bytes=", "bytes=-", "lines=1-2", "bytes=0-1,5-6", "bytes=9-3"]
)
def test_anything_else_answers_the_whole(part: str) -> None:
    response = answer(part)
    assert response.status_code == 200
    assert response.getvalue() == DATA


def test_a_range_behind_the_end_is_refused_with_the_size() -> None:
    response = answer("bytes=5120-")
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(DATA)}"
    assert response.getvalue() == b""
