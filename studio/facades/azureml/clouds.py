"""What a client asks before anything else: where the cloud's services are, and for an access token."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from officina.errors import StudioError
from studio.facades.azureml import tokens, wire
from studio.lib import problems
from studio.workspaces.access import PUBLIC
from studio.workspaces.authentication import bad_token, find_token

CLOUD = "Officina"
# The client cuts "portal" after its second dot and builds the audience of tokens and the names of
# registries from the rest, so this one has to look as Azure's do. Nothing is ever sent there.
SUFFIX = "officina.invalid"
STORAGE_SUFFIX = "core.officina.invalid"
Given = JsonResponse | dict[str, Any]


def metadata(request: HttpRequest) -> Given:
    """Say where this cloud is; static, and needs no token."""
    here = wire.base(request)
    cloud = {
        "name": CLOUD,
        "portal": f"https://portal.azure.{SUFFIX}/",
        "resourceManager": here,
        "authentication": {
            "loginEndpoint": here,
            "audiences": [here],
            "tenant": "adfs",
            "identityProvider": "ADFS",
        },
        "suffixes": {"storage": STORAGE_SUFFIX},
    }
    return JsonResponse([cloud], safe=False)


def client(request: HttpRequest) -> Given:
    """Say what `officina azure` sets a client up with: the TLS address and the authority to trust."""
    if settings.SERVED_BY_TLS:
        return {"tls_url": settings.PUBLIC_URL, "authority": ""}
    if not settings.TLS_PORT:
        raise StudioError(
            "This studio has no TLS port, which Azure's clients insist on.",
            hint="Set OFFICINA_TLS_PORT, or an https OFFICINA_PUBLIC_URL behind a proxy.",
            code="unavailable",
        )
    host = urlsplit(wire.base(request)).hostname or "localhost"
    # The certificate is for names: an address of this machine is better called localhost.
    name = "localhost" if host in {"127.0.0.1", "::1"} else host
    file = Path(settings.OFFICINA_HOME) / "tls" / "ca.pem"
    authority = file.read_text(encoding="ascii") if file.is_file() else ""
    return {"tls_url": f"https://{name}:{settings.TLS_PORT}", "authority": authority}


def msi_token(request: HttpRequest) -> Any:
    """Answer as the managed identity endpoint of App Service does; the header carries our API token."""
    secret = request.headers.get("X-IDENTITY-HEADER") or request.headers.get("Secret") or ""
    audience = request.GET.get("resource", "")
    try:
        token, ends = _mint(request, secret, audience)
    except StudioError as error:
        # The two keys that azure-identity shows of what went wrong.
        status = problems.status_of(error)
        return status, {"statusCode": status, "message": f"{error.message} {error.hint}"}
    return {
        "access_token": token,
        "expires_on": str(ends),
        "resource": audience,
        "token_type": "Bearer",
        "client_id": "officina",
    }


def openid_configuration(request: HttpRequest, tenant: str = "adfs") -> Given:
    """Tell MSAL where tokens are."""
    here = f"{wire.base(request)}/{tenant}"
    version = "v2.0/" if "/v2.0/" in request.path else ""
    return {
        "issuer": here,
        "token_endpoint": f"{here}/oauth2/{version}token",
        "authorization_endpoint": f"{here}/oauth2/{version}authorize",
        "jwks_uri": f"{here}/discovery/keys",
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["HS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }


def oauth_token(request: HttpRequest, tenant: str = "adfs") -> Any:
    """Answer a client-credentials request: the client secret is our API token."""
    if request.POST.get("grant_type", "") != "client_credentials":
        return 400, {
            "error": "unsupported_grant_type",
            "error_description": "Only client_credentials is known: the client secret is a token "
            "from the studio's Tokens page.",
        }
    audience = request.POST.get("resource") or request.POST.get("scope", "").split(" ")[0]
    try:
        token, ends = _mint(
            request, request.POST.get("client_secret", ""), audience.removesuffix("/.default")
        )
    except StudioError as error:
        told = {"error": "invalid_client", "error_description": f"{error.message} {error.hint}"}
        return 401, told
    return {
        "token_type": "Bearer",
        "expires_in": max(0, ends - int(time.time())),
        "access_token": token,
    }


def _mint(request: HttpRequest, secret: str, audience: str) -> tuple[str, int]:
    """Return a JWT for whoever holds the API token, for any audience that is asked for."""
    token = find_token(secret)
    if token is None:
        raise bad_token()
    if len(audience) > 500:
        raise StudioError("The resource is longer than 500 characters.", where="resource")
    return tokens.mint(token, audience=audience, issuer=f"{wire.base(request)}/adfs")


# What people ask for of what is not served, by the word in the address; and what there is instead.
_NOT_SERVED = {
    "onlineendpoints": "Online endpoints",
    "batchendpoints": "Batch endpoints",
    "serverlessendpoints": "Serverless endpoints",
    "marketplacesubscriptions": "Marketplace subscriptions",
    "connections": "Connections",
    "featuresets": "Feature sets",
    "featurestoreentities": "Feature store entities",
    "outboundrules": "Outbound rules",
    "capabilityhosts": "Capability hosts",
    "genericasset": "Indexes and prompts",
    "package": "Model packages for deployments",
    "diagnose": "Diagnoses of a workspace",
    "resynckeys": "Storage keys",
    "provisionmanagednetwork": "Managed networks",
    "registries": "Changes to registries",
    "marketplacemodels": "Marketplace models",
}
_INSTEAD = {
    "connections": "Name a datastore where a connection is asked for: connection=azureml:<datastore>.",
    "package": "`officina model package` makes one that runs anywhere.",
    "diagnose": "`officina azure doctor` finds the usual mistakes.",
    "resynckeys": "Signed addresses end by themselves; there are no keys to renew.",
}


@csrf_exempt
def unknown(request: HttpRequest, rest: str = "") -> Any:
    """Answer 404 in the protocol's own shape, by name, for what the studio does not serve."""
    words = [word.lower() for word in request.path.split("/")]
    word = next((word for word in words if word in _NOT_SERVED), "")
    part = " ".join(each for each in request.path.split("/")[-4:] if each)
    what = _NOT_SERVED.get(word) or f"Addresses like {part[:120]!r}"
    hint = f"{_INSTEAD.get(word, '')} docs/azure.md lists what it serves.".strip()
    error = StudioError(
        f"{what} are not served by this studio.", hint=hint, where=request.path[:200],
        code="not_found",
    )  # fmt: skip
    return wire.refusal(error)


urlpatterns = [
    wire.at(r"metadata/endpoints", GET=(PUBLIC, metadata)),
    wire.at(r"azure/client", GET=(PUBLIC, client)),
    wire.at(r"msi/token", GET=(PUBLIC, msi_token)),
    wire.at(
        r"(?P<tenant>[A-Za-z0-9-]{1,64})/(?:v2\.0/)?\.well-known/openid-configuration",
        GET=(PUBLIC, openid_configuration),
    ),
    wire.at(r"(?P<tenant>[A-Za-z0-9-]{1,64})/oauth2/(?:v2\.0/)?token", POST=(PUBLIC, oauth_token)),
]
