"""`officina azure`: what a script written for Azure needs to reach this studio instead."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import ssl
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from officina.cli.exits import Exit, told_to_people
from officina.errors import StudioError

if TYPE_CHECKING:
    from officina.client.profile import Profile

app = typer.Typer(
    help="Let scripts written for azure-ai-ml reach this studio.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Shell(StrEnum):
    """What `--shell` takes."""

    SH = "sh"
    POWERSHELL = "powershell"
    FISH = "fish"
    DOTENV = "dotenv"


class Recipe(StrEnum):
    """What `--recipe` takes."""

    A = "a"
    C = "c"


@app.command("env")
def print_environment(
    shell: Annotated[Shell, typer.Option("--shell", help="The shell to write for.")] = Shell.SH,
    recipe: Annotated[
        Recipe, typer.Option("--recipe", help="a: managed identity; c: service principal.")
    ] = Recipe.A,
    workspace: Annotated[
        str | None, typer.Option("-w", "--workspace-name", help="Default: the chosen one.")
    ] = None,
) -> None:
    """Print the variables for `eval "$(officina azure env)"`; they hold your token."""
    with told_to_people():
        from officina.client.profile import load_profile

        profile = load_profile(workspace=workspace)
        values = environment(profile, recipe)
        print("\n".join(_lines(values, shell)))


def environment(profile: Profile, recipe: Recipe = Recipe.A) -> dict[str, str]:
    """Return the variables that lead azure-ai-ml, unmodified, to the studio of the profile."""
    if not profile.token:
        raise StudioError(
            "There is no token to sign in with.",
            hint="Run `officina login`, or set OFFICINA_TOKEN.",
            where="token",
            code="unauthenticated",
        )
    facts = client_facts(profile)
    tls = facts["tls_url"].rstrip("/")
    values = {
        "ARM_CLOUD_METADATA_URL": f"{tls}/metadata/endpoints?api-version=2019-05-01",
        "REGISTRY_DISCOVERY_ENDPOINT_URL": f"{tls}/",
    }
    if facts["authority"]:
        bundle = str(write_bundle(facts["authority"]))
        values |= {"REQUESTS_CA_BUNDLE": bundle, "SSL_CERT_FILE": bundle}
    if recipe is Recipe.A:
        return values | {
            "IDENTITY_ENDPOINT": f"{profile.url}/msi/token",
            "IDENTITY_HEADER": profile.token,
        }
    return values | {
        "AZURE_AUTHORITY_HOST": tls,
        "AZURE_TENANT_ID": "adfs",
        "AZURE_CLIENT_ID": "officina",
        "AZURE_CLIENT_SECRET": profile.token,
    }


def _lines(values: dict[str, str], shell: Shell) -> list[str]:
    if shell is Shell.POWERSHELL:
        return [
            f"$env:{name} = '{value.replace(chr(39), chr(39) * 2)}'"
            for name, value in values.items()
        ]
    if shell is Shell.FISH:
        return [f"set -gx {name} {shlex.quote(value)}" for name, value in values.items()]
    if shell is Shell.DOTENV:
        return [f'{name}="{value}"' for name, value in values.items()]
    return [f"export {name}={shlex.quote(value)}" for name, value in values.items()]


@app.command("config")
def write_config(
    path: Annotated[Path, typer.Argument(help="Where config.json goes.")] = Path(),
    workspace: Annotated[
        str | None, typer.Option("-w", "--workspace-name", help="Default: the chosen one.")
    ] = None,
) -> None:
    """Write the config.json that `MLClient.from_config` reads."""
    with told_to_people():
        from officina.client import Client

        with Client() as client:
            found = client.workspace(workspace)
        target = path / "config.json" if path.is_dir() else path
        values = {
            "subscription_id": found.get("subscription_id")
            or "00000000-0000-0000-0000-000000000000",
            "resource_group": found.get("resource_group") or "officina",
            "workspace_name": found["name"],
        }
        target.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        print(target)


@app.command("trust")
def trust() -> None:
    """Keep the studio's authority, together with the public ones, and say how to use it."""
    with told_to_people():
        from officina.client.profile import load_profile

        facts = client_facts(load_profile())
        if not facts["authority"]:
            print("The studio is served with a certificate of its own: there is nothing to trust.")
            return
        bundle = write_bundle(facts["authority"])
        print(f"TLS address    {facts['tls_url']}")
        print(f"SHA-256        {fingerprint(facts['authority'])}")
        print(f"Authority      {bundle.with_name('authority.pem')}")
        print(f"Combined       {bundle}   (the studio's authority and the public ones)")
        print("\nIn this shell:")
        for line in _lines(
            {"REQUESTS_CA_BUNDLE": str(bundle), "SSL_CERT_FILE": str(bundle)}, Shell.SH
        ):
            print(f"  {line}")
        print(
            "\nCompare the SHA-256 with what the studio's own machine prints before you trust it."
        )


def client_facts(profile: Profile) -> dict[str, Any]:
    """Ask the studio for its TLS address and authority."""
    import httpx

    try:
        answer = httpx.get(f"{profile.url}/azure/client", timeout=10)
        answer.raise_for_status()
        found = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise StudioError(
            f"The studio at {profile.url} does not say how Azure's clients reach it: {error}",
            hint="Check OFFICINA_URL and that the studio runs; `officina azure doctor` looks further.",
            where="url",
            code="unavailable",
        ) from error
    return {"tls_url": str(found["tls_url"]), "authority": str(found["authority"])}


def bundle_path() -> Path:
    """Return where the combined bundle of the chosen profile lies."""
    from officina.client.profile import profile_path

    return profile_path().parent / "azure" / "bundle.pem"


def write_bundle(authority: str) -> Path:
    """Write the studio's authority and the public ones into one file: a bundle replaces the default one."""
    import certifi

    path = bundle_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    public = Path(certifi.where()).read_text(encoding="utf-8")
    _replace(path.with_name("authority.pem"), authority)
    _replace(path, f"{authority.rstrip()}\n\n{public}")
    return path


def _replace(path: Path, text: str) -> None:
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def fingerprint(authority: str) -> str:
    """Return the SHA-256 of a certificate as people compare it."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(authority.strip() + "\n")).hexdigest().upper()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


@app.command("doctor")
def doctor(
    workspace: Annotated[
        str | None, typer.Option("-w", "--workspace-name", help="Default: the chosen one.")
    ] = None,
) -> None:
    """Look for the usual mistakes, in the order in which they would show."""
    with told_to_people():
        from officina.cli.azure_doctor import examine
        from officina.client.profile import load_profile

        failed = 0
        for finding in examine(load_profile(workspace=workspace)):
            print(f"{finding.mark}  {finding.text}")
            if finding.advice:
                print(f"      {finding.advice}")
            failed += finding.mark == "FAIL"
        if failed:
            print(f"\n{failed} to mend; begin with the first.", file=sys.stderr)
            raise SystemExit(Exit.REFUSED)
