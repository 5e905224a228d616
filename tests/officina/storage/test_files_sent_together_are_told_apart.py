"""Many files in one body come out as they went in; a torn or lying body is refused."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

import pytest

from officina.errors import StudioError
from officina.storage import frames


def named(*contents: bytes) -> list[tuple[str, bytes]]:
    return [(hashlib.sha256(data).hexdigest(), data) for data in contents]


def slowly(body: bytes, step: int) -> Callable[[int], bytes]:
    """Read as from a socket that gives a few bytes at a time."""
    source = io.BytesIO(body)
    return lambda size: source.read(min(size, step))


@pytest.mark.parametrize("step", [1, 7, 1 << 16])
def test_they_come_out_as_they_went_in(step: int) -> None:
    files = named(b"", b"a,b\n1,2\n", bytes(range(256)) * 9, b"64 10\n")
    assert list(frames.unpack(slowly(frames.pack(files), step))) == files


@pytest.mark.parametrize("cut", [1, 60, 66, 70])
def test_a_cut_body_is_refused(cut: int) -> None:
    body = frames.pack(named(b"0123456789"))
    with pytest.raises(StudioError, match="cannot be told apart"):
        list(frames.unpack(slowly(body[:cut], 1 << 16)))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\n", "told apart"),
        (b"x" * 500, "told apart"),
        (b"0" * 64 + b" -1\n", "told apart"),
        (b"0" * 64 + b" 1e3\n", "told apart"),
        (b"../../etc/passwd 3\nabc", "not a SHA-256"),
        (b"0" * 64 + b" 1048577\n", "too large"),
    ],
)
def test_a_body_that_lies_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(StudioError, match=message):
        list(frames.unpack(slowly(body, 1 << 16)))


def test_no_more_than_the_limits_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST_FILES", 2)
    with pytest.raises(StudioError) as caught:
        list(frames.unpack(slowly(frames.pack(named(b"1", b"2", b"3")), 1 << 16)))
    assert caught.value.code == "too_large"
