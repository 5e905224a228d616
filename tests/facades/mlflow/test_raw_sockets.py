"""What no well-behaved client sends, byte for byte, to a running studio."""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.facades.mlflow.test_real_clients import call
from tests.running import Studio

pytestmark = pytest.mark.live
FILES = "api/2.0/mlflow-artifacts"


def send(studio: Studio, method: str, path: str, rest: bytes, *, leave: bool = False) -> bytes:
    """Send a request below the workspace's address; return the whole answer unless it leaves at once."""
    head = (
        f"{method} /mlflow/{studio.workspace}/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {studio.token}\r\nConnection: close\r\n"
    )
    parts = urlsplit(studio.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        connection.sendall(head.encode() + rest)
        if leave:
            return b""
        found = b""
        while data := connection.recv(65536):
            found += data
        return found


@pytest.fixture
def run(studio_server: Studio) -> str:
    made = call(studio_server, "runs/create", {"experiment_id": "0"})
    return str(made["run"]["info"]["run_id"])


def files_of(studio: Studio, run: str) -> Any:
    answer = send(studio, "GET", f"{FILES}/artifacts?path=0/{run}/artifacts", b"\r\n")
    return json.loads(answer.partition(b"\r\n\r\n")[2])["files"]


def test_an_upload_that_ends_midway_is_not_stored(studio_server: Studio, run: str) -> None:
    """Small and large, with a length and in chunks; whole ones sent after them are the only ones there."""
    place = f"{FILES}/artifacts/0/{run}/artifacts"
    chunked = b"Transfer-Encoding: chunked\r\n\r\n"
    for name, rest in {
        "short": b"Content-Length: 100\r\n\r\nhalf",
        "short-chunks": chunked + b"4\r\nhalf\r\n",
        "torn-chunk": chunked + b"64\r\nhalf",
        "long": b"Content-Length: 5000000\r\n\r\n" + bytes(3_000_000),
        "long-chunks": chunked + b"2dc6c0\r\n" + bytes(3_000_000) + b"\r\n",
    }.items():
        send(studio_server, "PUT", f"{place}/{name}", rest, leave=True)
    digest = b"Content-Digest: sha-256=:" + b"A" * 43 + b"=:\r\n"
    answer = send(studio_server, "PUT", f"{place}/other", digest + b"Content-Length: 3\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 400")
    whole = chunked + b"3\r\nabc\r\n2dc6c0\r\n" + bytes(3_000_000) + b"\r\n0\r\n\r\n"
    for name in ("one", "two"):
        assert send(studio_server, "PUT", f"{place}/{name}", whole).startswith(b"HTTP/1.1 200")
    until = time.monotonic() + 60
    while len(files_of(studio_server, run)) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    found = {each["path"]: each["file_size"] for each in files_of(studio_server, run)}
    assert found == {"one": 3_000_003, "two": 3_000_003}


PATHS = (
    "../x", "%2e%2e/x", "..%2fx", "%252e%252e%252fx", "a\\..\\..\\x", "%5c..%5cx", "//etc/passwd", "%2fetc/passwd",
    "%00", "a%00b", "%c0%ae%c0%ae/x", "%ef%bc%8e%ef%bc%8e/x", "./../x", "a/%2e/b", "%", "%zz",
)  # fmt: skip


def test_no_spelling_of_a_path_leads_out_of_a_run(studio_server: Studio, run: str) -> None:
    """As it stands on the wire: no client or test library has tidied the path up before."""
    other = call(studio_server, "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    body = b"Content-Length: 1\r\n\r\nx"
    wrong = []
    for name in (*PATHS, f"../../{other}/artifacts/x", f"%2e%2e/%2e%2e/{other}/artifacts/x"):
        place = f"0/{run}/artifacts/{name}"
        answers = {
            "get": send(studio_server, "GET", f"{FILES}/artifacts/{place}", b"\r\n"),
            "put": send(studio_server, "PUT", f"{FILES}/artifacts/{place}", body),
            "delete": send(studio_server, "DELETE", f"{FILES}/artifacts/{place}", b"\r\n"),
            "list": send(studio_server, "GET", f"{FILES}/artifacts?path={place}", b"\r\n"),
            "create": send(studio_server, "POST", f"{FILES}/mpu/create/{place}", body),
        }
        for verb, answer in answers.items():
            status = int(answer[9:12])
            harmless = verb in {"list", "put", "delete"} and status == 200 and name in {"%", "%zz"}
            if not (400 <= status < 500 or status == 501 or harmless):
                wrong.append((verb, name, answer[:200]))
    assert not wrong
    assert files_of(studio_server, other) == []
