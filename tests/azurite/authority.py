"""The service that signs a service principal in, as azure-identity asks it: the part that Azurite has not.

Azurite looks at a token's issuer, audience and times and not at its signature, so any key will do.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import jwt

from studio.lib import tls

TENANT, CLIENT = "ab1f708d-50f6-404c-a006-d71b2ac7a606", "f997392c-e15a-4ad8-af9e-cd6966caba7f"
SECRET = "the principal's own secret"
SCOPE = "https://storage.azure.com/.default"


@contextlib.contextmanager
def running(files: tls.Files) -> Iterator[str]:
    """Serve over TLS and yield the address: what a datastore calls its sign-in address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        base = f"https://{self.headers['Host']}/{TENANT}"
        if self.path.partition("?")[0] != f"/{TENANT}/v2.0/.well-known/openid-configuration":
            self._answer(400, {"error": "invalid_tenant", "error_description": "No such tenant."})
            return
        self._answer(200, {
            "issuer": f"{base}/v2.0", "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        })  # fmt: skip

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked = {name: values[0] for name, values in parse_qs(body).items()}
        if (asked.get("client_id"), asked.get("client_secret")) != (CLIENT, SECRET):
            self._answer(401, {
                "error": "invalid_client",
                "error_description": "AADSTS7000215: Invalid client secret provided.",
            })  # fmt: skip
            return
        assert (asked["grant_type"], asked["scope"]) == ("client_credentials", SCOPE), asked
        now = int(time.time())
        claims = {
            "aud": "https://storage.azure.com", "iss": f"https://sts.windows.net/{TENANT}/",
            "iat": now - 60, "nbf": now - 60, "exp": now + 3600, "appid": CLIENT, "tid": TENANT,
        }  # fmt: skip
        token = jwt.encode(claims, "k" * 32, algorithm="HS256")
        self._answer(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": token})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass
