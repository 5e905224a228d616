"""Who is asking: the browser session, or a bearer token."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication

from officina.errors import StudioError
from studio.workspaces.models import ApiToken, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from rest_framework.request import Request

    from studio.workspaces.models import User

TOKEN_PREFIX = "oft_"  # noqa: S105 - what every token starts with
# One write a minute is enough to say when a token was last used.
LAST_USED_EVERY = timedelta(minutes=1)


# What reads other forms of a token (a facade's JWT): each returns the live token or None.
token_readers: list[Callable[[str], ApiToken | None]] = []


def find_token(secret: str) -> ApiToken | None:
    """Return the live token with this secret, or None; notes when it was used."""
    if secret.startswith(TOKEN_PREFIX):
        live = ApiToken.objects.live().select_related("user")
        token = live.filter(token_hash=digest_of(secret)).first() if len(secret) <= 200 else None
    else:
        token = next((found for read in token_readers if (found := read(secret))), None)
    if token is None or not token.user.is_active:
        return None
    now = timezone.now()
    if token.last_used is None or now - token.last_used > LAST_USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used=now)
    return token


def secret_in(header: str) -> str | None:
    """Return the token that an Authorization header carries as Bearer."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return None


def authenticate(request: HttpRequest) -> tuple[User | AnonymousUser, ApiToken | None]:
    """Return the user and, when a bearer token was sent, the token; a wrong token is an error."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if header:
        secret = secret_in(header)
        if secret is not None:
            token = find_token(secret)
            if token is None:
                raise bad_token()
            return token.user, token
    return getattr(request, "user", AnonymousUser()), None


def bad_token() -> StudioError:
    return StudioError(
        "The token is not valid: it is unknown, expired or revoked.",
        hint="Make a new one on the Tokens page, or run `officina login`.",
        where="Authorization",
        code="unauthenticated",
    )


def run_scope(auth: Any) -> dict[str, Any] | None:
    """Return the scope of a run's own token, or None for every other kind of sign-in."""
    scope = getattr(auth, "scope", None)
    if isinstance(scope, dict) and "run" in scope:
        return scope
    return None


class TokenAuthentication(authentication.BaseAuthentication):
    """Reads `Authorization: Bearer oft_...`; `request.auth` is then the ApiToken."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        secret = secret_in(request.META.get("HTTP_AUTHORIZATION", ""))
        if secret is None:
            return None
        token = find_token(secret)
        if token is None:
            raise bad_token()
        # The plain request is told too, so that code below DRF sees the same person.
        request._request.user = token.user
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="officina"'


class TokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document describes a bearer token."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": f"{TOKEN_PREFIX}..."}
