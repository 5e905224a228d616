"""Access tokens in the form that Azure's clients want: JWTs that stand for one of our API tokens.

A JWT only names its ApiToken: each request looks that up, so what is revoked ends at once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Any

from django.conf import settings

from studio.workspaces.models import ApiToken

LIFETIME = 3600
LONGEST = 4096
_SALT = b"studio.facades.azureml.jwt:"
_HEADER = {"alg": "HS256", "typ": "JWT"}


def mint(token: ApiToken, *, audience: str, issuer: str) -> tuple[str, int]:
    """Return a JWT for this token and when it ends, in seconds since 1970."""
    now = int(time.time())
    ends = now + LIFETIME
    if token.expires is not None:
        ends = min(ends, int(token.expires.timestamp()))
    claims = {
        "aud": audience,
        "iss": issuer,
        "iat": now,
        "nbf": now - 60,
        "exp": ends,
        "sub": str(token.user_id),
        "oid": str(token.user_id),
        "tid": "adfs",
        "name": token.user.name,
        "upn": token.user.email,
        "jti": str(token.pk),
    }
    body = f"{_encode(_HEADER)}.{_encode(claims)}"
    return f"{body}.{_sign(body, settings.SECRET_KEY)}", ends


def read(text: str) -> ApiToken | None:
    """Return the live ApiToken that a JWT of ours names; None for anything else."""
    if len(text) > LONGEST or text.count(".") != 2:
        return None
    body, _, signature = text.rpartition(".")
    given = signature.encode("utf-8", "replace")
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(hmac.compare_digest(_sign(body, key).encode(), given) for key in keys):
        return None
    claims = _decode(body.partition(".")[2])
    if not isinstance(claims.get("exp"), int) or claims["exp"] <= time.time():
        return None
    return ApiToken.objects.live().select_related("user").filter(pk=str(claims.get("jti"))).first()


def _sign(body: str, key: str) -> str:
    own = hashlib.sha256(_SALT + key.encode()).digest()
    return _text(hmac.new(own, body.encode("utf-8", "replace"), hashlib.sha256).digest())


def _encode(value: dict[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _decode(part: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return value if isinstance(value, dict) else {}


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
