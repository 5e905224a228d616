"""What `officina azure doctor` looks at: each check yields what it found and what to do about it."""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from officina.cli.azure import client_facts
from officina.errors import StudioError

if TYPE_CHECKING:
    from officina.client.profile import Profile

CONFIG = ("workspace_name", "subscription_id", "resource_group")
BUNDLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
SET = 'Run: eval "$(officina azure env)"'


@dataclass(frozen=True)
class Finding:
    """One line of the report: "ok  ", "note" or "FAIL"."""

    mark: str
    text: str
    advice: str = ""


def ok(text: str) -> Finding:
    return Finding("ok  ", text)


def note(text: str, advice: str = "") -> Finding:
    return Finding("note", text, advice)


def fail(text: str, advice: str) -> Finding:
    return Finding("FAIL", text, advice)


def examine(profile: Profile, environ: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Yield what is right and wrong with this shell, this machine and the way to the studio."""
    env = os.environ if environ is None else environ
    absent = [name for name in BUNDLES if env.get(name) and not Path(env[name]).is_file()]
    for name in absent:
        # Nothing can be asked over TLS until this is mended, not even by us.
        yield fail(f"{name} names {env[name]}, which is not there.", f"{SET} (or: unset {name})")
    if absent:
        return
    try:
        facts = client_facts(profile)
    except StudioError as error:
        yield from _proxies(env, profile.url)
        yield fail(error.message, "Check OFFICINA_URL, or `officina login`; the studio must run.")
        return
    tls = facts["tls_url"].rstrip("/")
    yield ok(f"the studio answers at {profile.url}; its TLS address is {tls}")
    yield from _variables(env, tls)
    yield from _bundles(env, facts)
    yield from _proxies(env, tls)
    yield from _proxies(env, env.get("IDENTITY_ENDPOINT") or profile.url)
    yield from _metadata(env, tls, facts["authority"])
    yield from _sign_in(env, profile, tls)
    yield from _config(profile)
    yield from _packages()


def _variables(env: Mapping[str, str], tls: str) -> Iterator[Finding]:
    given = env.get("ARM_CLOUD_METADATA_URL", "")
    if not given:
        yield fail("ARM_CLOUD_METADATA_URL is not set: the client would go to Azure.", SET)
    elif not given.startswith(f"{tls}/metadata/endpoints"):
        yield fail(
            f"ARM_CLOUD_METADATA_URL leads to {given}, the studio is at {tls}.",
            f"Scheme, host and port must be the same, also localhost and 127.0.0.1. {SET}",
        )
    else:
        yield ok("ARM_CLOUD_METADATA_URL leads to the studio")
    cloud = env.get("AZUREML_CURRENT_CLOUD")
    if cloud and cloud != "Officina":
        yield fail(f"AZUREML_CURRENT_CLOUD names {cloud}.", "Unset it: unset AZUREML_CURRENT_CLOUD")
    if env.get("AZUREML_DEV_URL_MFE"):
        yield fail("AZUREML_DEV_URL_MFE overrides a part of the addresses.", "Unset it.")


def _bundles(env: Mapping[str, str], facts: Mapping[str, Any]) -> Iterator[Finding]:
    if not facts["authority"]:
        yield ok("the studio's certificate is one that others vouch for: no bundle is needed")
        return
    ours = _body(facts["authority"])
    for name in BUNDLES:
        path = env.get(name, "")
        if not path:
            yield fail(f"{name} is not set: the studio's certificate is not trusted.", SET)
            continue
        try:
            text = Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            yield fail(f"{name} names {path}, which cannot be read: {error.strerror}.", SET)
            continue
        if ours not in re.sub(r"\s", "", text):
            yield fail(
                f"{path} does not hold this studio's authority; it may be that of an earlier one.",
                "Run `officina azure trust`.",
            )
        elif text.count("BEGIN CERTIFICATE") < 20:
            yield note(
                f"{path} holds the studio's authority alone: pip and others break in this shell.",
                "`officina azure trust` writes a bundle with the public ones too.",
            )
        else:
            yield ok(f"{name} holds the studio's authority and the public ones")


def _body(pem: str) -> str:
    inner = re.search(r"-----BEGIN CERTIFICATE-----(.*?)-----END", pem, re.DOTALL)
    return re.sub(r"\s", "", inner[1]) if inner else pem


def _proxies(env: Mapping[str, str], url: str) -> Iterator[Finding]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    names = (f"{parts.scheme}_proxy", "all_proxy")
    proxy = next((env[n] for name in names for n in (name.upper(), name) if env.get(n)), "")
    without = env.get("NO_PROXY", "") or env.get("no_proxy", "")
    if proxy and host not in without and "*" not in without:
        yield note(
            f"Requests to {url} go through the proxy {urlsplit(proxy).hostname or proxy}.",
            f"If that fails: export NO_PROXY={host}",
        )


def _metadata(env: Mapping[str, str], tls: str, authority: str) -> Iterator[Finding]:
    import httpx

    url = env.get("ARM_CLOUD_METADATA_URL") or f"{tls}/metadata/endpoints"
    context = ssl.create_default_context()
    try:
        if authority:
            context.load_verify_locations(cadata=authority)
        answer = httpx.get(url, verify=context, timeout=10)
        clouds = answer.json()
        if clouds[0]["resourceManager"] not in url:
            yield fail(
                f"The studio calls itself {clouds[0]['resourceManager']}, which is not in {url}.",
                "Use one and the same address everywhere.",
            )
            return
    except (httpx.HTTPError, ValueError, LookupError, TypeError, OSError) as error:
        yield fail(
            f"{url} does not answer over TLS: {error}",
            "If a proxy is in between, set NO_PROXY; else the name must be one of the certificate: "
            "add it to OFFICINA_HOSTS on the studio.",
        )
        return
    yield ok("TLS works, and the studio tells where its services are")
    if (date := answer.headers.get("date")) is not None:
        from email.utils import parsedate_to_datetime

        skew = abs(parsedate_to_datetime(date).timestamp() - time.time())
        if skew > 60:
            yield fail(f"The clocks differ by {skew:.0f} s.", "Tokens need clocks that agree.")


def _sign_in(env: Mapping[str, str], profile: Profile, tls: str) -> Iterator[Finding]:
    import httpx

    chosen = env.get("AZURE_TOKEN_CREDENTIALS", "").lower()
    if chosen not in {"", "prod", "environmentcredential", "managedidentitycredential"}:
        yield fail(
            f"AZURE_TOKEN_CREDENTIALS={env['AZURE_TOKEN_CREDENTIALS']} keeps DefaultAzureCredential "
            "from the studio's sign-in.",
            "Unset it: unset AZURE_TOKEN_CREDENTIALS",
        )
    if env.get("AZURE_CLIENT_ID") and env.get("AZURE_TENANT_ID", "") != "adfs":
        yield fail(
            "AZURE_CLIENT_ID and AZURE_TENANT_ID name an account of Azure, which is tried first.",
            "Unset them: unset AZURE_CLIENT_ID AZURE_TENANT_ID AZURE_CLIENT_SECRET",
        )
        return
    if env.get("AZURE_CLIENT_ID"):
        yield from _principal(env, profile, tls)
        return
    endpoint, header = env.get("IDENTITY_ENDPOINT", ""), env.get("IDENTITY_HEADER", "")
    if not (endpoint and header):
        yield fail("IDENTITY_ENDPOINT and IDENTITY_HEADER are not set.", SET)
        return
    asked = {"resource": "https://ml.azure.officina.invalid", "api-version": "2019-08-01"}
    try:
        answer = httpx.get(
            endpoint, params=asked, headers={"X-IDENTITY-HEADER": header}, timeout=10
        )
    except httpx.HTTPError as error:
        yield fail(f"IDENTITY_ENDPOINT does not answer: {error}", SET)
        return
    if answer.status_code == 401:
        yield fail(
            "The token in IDENTITY_HEADER is unknown, expired or revoked.",
            f"Make one on the Tokens page and `officina login`. {SET}",
        )
        return
    token = answer.json()["access_token"] if answer.is_success else ""
    if _claims(token).get("aud") != asked["resource"]:
        yield fail(f"IDENTITY_ENDPOINT answers {answer.status_code} and no token.", SET)
        return
    yield ok(f"signed in as {_claims(token).get('upn', 'somebody')}")
    yield from _workspace(profile, token)


def _principal(env: Mapping[str, str], profile: Profile, tls: str) -> Iterator[Finding]:
    """Try recipe C: a service principal whose secret is an API token."""
    import httpx

    recipe = 'Run: eval "$(officina azure env --recipe c)"'
    if env.get("AZURE_AUTHORITY_HOST", "").rstrip("/") != tls:
        yield fail(
            f"AZURE_AUTHORITY_HOST is {env.get('AZURE_AUTHORITY_HOST') or 'not set'}, "
            f"the studio is at {tls}.",
            recipe,
        )
        return
    asked = {
        "grant_type": "client_credentials",
        "client_secret": env.get("AZURE_CLIENT_SECRET", ""),
    }
    asked |= {
        "client_id": env["AZURE_CLIENT_ID"],
        "scope": "https://ml.azure.officina.invalid/.default",
    }
    try:
        answer = httpx.post(f"{profile.url}/adfs/oauth2/token", data=asked, timeout=10)
        token = str(answer.json().get("access_token") or "")
    except (httpx.HTTPError, ValueError) as error:
        yield fail(f"The studio does not answer the sign-in: {error}", recipe)
        return
    if not token:
        yield fail(
            "The token in AZURE_CLIENT_SECRET is unknown, expired or revoked.",
            f"Make one on the Tokens page and `officina login`. {recipe}",
        )
        return
    yield ok(f"signed in as {_claims(token).get('upn', 'somebody')} (recipe C)")
    yield from _workspace(profile, token)


def _claims(token: str) -> dict[str, Any]:
    try:
        part = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _workspace(profile: Profile, token: str) -> Iterator[Finding]:
    import httpx

    url = f"{profile.url}/subscriptions/any/providers/Microsoft.MachineLearningServices/workspaces"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    names = [each["name"] for each in answer.json()["value"]] if answer.is_success else []
    if profile.workspace and profile.workspace.lower() not in {name.lower() for name in names}:
        yield fail(
            f"You are not a member of the workspace {profile.workspace}.",
            f"You see: {', '.join(names) or 'none'}.",
        )
    else:
        yield ok(f"workspaces that you see: {', '.join(names) or 'none'}")


def _config(profile: Profile) -> Iterator[Finding]:
    """Look for the config.json that `MLClient.from_config` would find from here."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        for path in (folder / "config.json", folder / ".azureml" / "config.json"):
            if not path.is_file():
                continue
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                name, _, _ = (found[key] for key in CONFIG)
            except (OSError, ValueError, LookupError, TypeError):
                yield fail(
                    f"{path} is not a workspace's config.json: it needs {', '.join(CONFIG)}.",
                    "Run `officina azure config`.",
                )
                return
            if profile.workspace and name != profile.workspace:
                yield note(f"{path} names the workspace {name}, you chose {profile.workspace}.")
            else:
                yield ok(f"{path} names the workspace {name}")
            return
    yield note(
        "There is no config.json here, which MLClient.from_config needs.",
        "Run `officina azure config`, or give MLClient its four arguments.",
    )


def _packages() -> Iterator[Finding]:
    from importlib import metadata

    try:
        version = metadata.version("azure-ai-ml")
    except metadata.PackageNotFoundError:
        yield note("azure-ai-ml is not installed beside this command; it may be elsewhere.")
        return
    yield ok(f"azure-ai-ml {version}")
    try:
        marshmallow = tuple(int(part) for part in metadata.version("marshmallow").split(".")[:2])
    except (metadata.PackageNotFoundError, ValueError):
        return
    if marshmallow >= (3, 24) and tuple(int(p) for p in version.split(".")[:2]) < (1, 24):
        yield fail(
            f"azure-ai-ml {version} does not work with this marshmallow.",
            "pip install 'marshmallow<3.24'",
        )
