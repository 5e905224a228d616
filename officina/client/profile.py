"""Which studio to talk to: arguments, else environment, else what `officina login` kept."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from officina.errors import StudioError

DEFAULT_URL = "http://localhost:8000"


@dataclass(frozen=True)
class Profile:
    """An address, a token and a workspace; the token stays out of every text made from it."""

    url: str = DEFAULT_URL
    token: str = field(default="", repr=False)
    workspace: str = ""
    defaults: dict[str, str] = field(default_factory=dict)


def profile_path() -> Path:
    """Return the file that `officina login` writes."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "officina" / "profile.json"


def load_profile(
    url: str | None = None, token: str | None = None, workspace: str | None = None
) -> Profile:
    """Return the profile to use; a kept token goes only to the address it was kept for."""
    kept = _kept()
    chosen = url or os.environ.get("OFFICINA_URL") or kept.url
    given = token or os.environ.get("OFFICINA_TOKEN")
    same = chosen.rstrip("/") == kept.url.rstrip("/")
    return Profile(
        url=check_url(chosen),
        token=given or (kept.token if same else ""),
        workspace=workspace
        or os.environ.get("OFFICINA_WORKSPACE")
        or (kept.workspace if same else ""),
    )


def save_profile(profile: Profile) -> Path:
    """Keep a profile, readable by its owner alone."""
    path = profile_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        json.dump(asdict(profile), target)
    draft.replace(path)
    return path


def defaults() -> dict[str, str]:
    """Return what `officina configure --defaults` kept."""
    return _kept().defaults


def configure(changes: dict[str, str]) -> Path:
    """Keep defaults for later commands; an empty value takes one away."""
    kept = _kept()
    rest = {**kept.defaults, **{k: v for k, v in changes.items() if k != "workspace"}}
    url = kept.url if profile_path().exists() else os.environ.get("OFFICINA_URL") or kept.url
    return save_profile(
        replace(
            kept,
            url=check_url(url),
            workspace=changes.get("workspace", kept.workspace),
            defaults={key: value for key, value in rest.items() if value},
        )
    )


def choose_workspace(name: str) -> Path:
    """Work in this workspace from now on; what is kept for another studio is not touched."""
    kept, used = _kept(), load_profile()
    if os.environ.get("OFFICINA_WORKSPACE") or (
        profile_path().exists() and kept.url.rstrip("/") != used.url
    ):
        raise StudioError(
            "The environment chooses the studio and the workspace.",
            hint=f"Set OFFICINA_WORKSPACE={name}, or unset OFFICINA_URL and OFFICINA_WORKSPACE.",
            where="OFFICINA_WORKSPACE",
        )
    return save_profile(replace(kept, url=used.url, workspace=name))


def check_url(url: str) -> str:
    """Return an address of a studio without its last slash; refuse what is none."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise StudioError(
            "The studio's address must look like http://host:8000.",
            hint="Set OFFICINA_URL, or run 'officina login --url URL --token TOKEN'.",
            where="url",
        )
    return url.rstrip("/")


def _kept() -> Profile:
    try:
        values = json.loads(profile_path().read_text(encoding="utf-8"))
        return Profile(
            url=str(values["url"]),
            token=str(values.get("token", "")),
            workspace=str(values.get("workspace", "")),
            defaults={str(k): str(v) for k, v in dict(values.get("defaults") or {}).items()},
        )
    except FileNotFoundError:
        return Profile()
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise StudioError(
            "The file that 'officina login' keeps cannot be read.",
            hint="Run 'officina login' again.",
            where=str(profile_path()),
        ) from error
