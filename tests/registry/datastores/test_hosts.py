"""A datastore reaches neither this machine nor the metadata service of a cloud."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from officina.errors import StudioError
from registry.datastores import looking, services

METADATA = "http://169.254.169.254/latest/meta-data"


@pytest.fixture
def site() -> Iterator[str]:
    """Serve /t.csv, and /away that leads to the metadata service, on this machine."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302 if self.path == "/away" else 200)
            if self.path == "/away":
                self.send_header("Location", METADATA)
            self.end_headers()
            if self.path == "/who":
                self.wfile.write(str(self.headers.get("Authorization")).encode())
            elif self.path != "/away":
                self.wfile.write(b"a,b\n1,2\n")

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "http://10.0.0.1:1",
        "http://192.168.1.1", METADATA, "http://[::ffff:169.254.169.254]", "http://0.0.0.0",
        "http://2130706433", "file:///etc/passwd", "gopher://example.org",
    ],
)  # fmt: skip
def test_a_web_address_inside_is_refused(url: str, cast: Any, make: Any) -> None:
    row = make("web", "http", url=url)
    assert not services.test(row, user=cast.owner)["ok"]
    with pytest.raises(StudioError):
        looking.preview(row, user=cast.owner, path="t.csv")


def test_a_redirect_into_the_inside_is_refused_even_from_an_allowed_place(
    site: str, cast: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.1/32")
    row = make("web", "http", url=site)
    assert services.test(row, user=cast.owner)["ok"]
    shown = looking.preview(row, user=cast.owner, path="t.csv")
    assert shown["grid"]["rows"] == [[1, 2]]
    with pytest.raises(StudioError, match=r"169\.254\.169\.254"):
        looking.preview(row, user=cast.owner, path="away")


def test_the_token_goes_to_its_own_host(
    site: str, cast: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.1/32")
    row = make("web", "http", url=site, bearer="sesame")
    shown = looking.preview(row, user=cast.owner, path="who")
    assert shown["text"] == "Bearer sesame"


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "/var/run", "a,b", "0.0.0.0"])
def test_a_database_inside_the_machine_is_refused(
    kind: str, host: str, cast: Any, make: Any
) -> None:
    row = make("db", kind, server_name=host, database_name="x")
    told = services.test(row, user=cast.owner)
    assert not told["ok"]
    assert "may not use" in told["message"] or "is not a host" in told["message"]


def test_an_endpoint_of_a_bucket_inside_the_machine_is_refused(cast: Any, make: Any) -> None:
    row = make("s3", "s3", bucket="b", endpoint_url="http://127.0.0.1:9000", anonymous=True)
    assert "may not use" in services.test(row, user=cast.owner)["message"]
