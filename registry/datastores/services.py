"""Making, testing, browsing and reading the datastores of a workspace."""

from __future__ import annotations

import secrets as random
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from officina.errors import StudioError
from officina.storage import datastores
from officina.storage.datastores import Files, Kind
from officina.storage.datastores.databases import Database
from registry.datastores.own import Own
from registry.models import Datastore
from registry.services.storing import DEFAULT_DATASTORES
from studio.workspaces import audit
from studio.workspaces.models import Secret, User, Workspace
from studio.workspaces.services import vault

OWN = Kind(
    "local", "The studio's storage", "AzureBlob", "files", "", icon="database",
    help="Came with the workspace. Its files are kept with all other bytes of the studio.",
)  # fmt: skip


def rows(workspace: Workspace) -> Any:
    """Return the workspace's datastores, by name."""
    return Datastore.objects.filter(workspace=workspace).order_by("name")


def find(*, workspace: Workspace, name: str) -> Datastore:
    """Return a datastore by name, or say which there are."""
    row = rows(workspace).filter(name__iexact=name).first()
    if row is None:
        known = ", ".join(rows(workspace).values_list("name", flat=True)[:20])
        raise StudioError(
            f"There is no datastore {name!r} in this workspace.", where="datastore",
            hint=f"Known: {known}.", code="not_found",
        )  # fmt: skip
    return row


def kind_of(row: Datastore) -> Kind:
    """Return what a datastore is."""
    return OWN if row.kind == OWN.name else datastores.kind_named(row.kind)


def create(
    *, workspace: Workspace, name: str, kind: str, config: Mapping[str, Any], user: User,
    description: str = "",
) -> Datastore:  # fmt: skip
    """Record a datastore; its secrets go to the key vault and are never shown again."""
    from registry.services.assets import check_name

    check_name(name, "datastore")
    declared = datastores.kind_named(kind)
    kept, secret = datastores.clean(declared, config)
    kept |= {"description": description} if description else {}
    try:
        with transaction.atomic():
            row = Datastore.objects.create(
                workspace=workspace, name=name, kind=declared.name, config=kept
            )
            _keep(row, secret, user)
            audit.record(
                action="datastore.create", actor=user, workspace=workspace, target=name,
                detail={"kind": declared.name},
            )  # fmt: skip
    except IntegrityError:
        raise StudioError(
            f"There is a datastore {name!r} already.", hint="Choose another name.", where="name",
            code="conflict",
        ) from None  # fmt: skip
    return row


@transaction.atomic
def update(
    row: Datastore, *, user: User, config: Mapping[str, Any] | None = None,
    is_default: bool | None = None,
) -> Datastore:  # fmt: skip
    """Change a datastore's fields; secrets that are left blank stay as they are."""
    if config is not None:
        refuse_own(row, "changed")
        kept, secret = datastores.clean(kind_of(row), config, keep_secrets=True)
        same = {
            key: row.config[key] for key in ("vault", "description", "needs") if key in row.config
        }
        moved = _place(row.config) != _place(kept)
        if moved and row.config.get("vault"):
            _refuse_moving(row, secret)
        row.config = kept | same
        row.save(update_fields=["config"])
        _keep(row, secret, user)
    if is_default:
        rows(row.workspace).update(is_default=False)
        row.is_default = True
        row.save(update_fields=["is_default"])
    audit.record(
        action="datastore.update", actor=user, workspace=row.workspace, target=row.name,
        detail={"kind": row.kind},
    )  # fmt: skip
    return row


_PLACES = (
    "endpoint_url",
    "authority_url",
    "account_name",
    "server_name",
    "port",
    "url",
    "tls",
    "user_name",
)


def _place(config: Mapping[str, Any]) -> list[Any]:
    return [config.get(name) for name in _PLACES]


def _refuse_moving(row: Datastore, secret: Mapping[str, str]) -> None:
    """Refuse to send kept credentials to another server: whoever changes the address gives them anew."""
    held = set(row.config.get("vault") or {})
    if held - set(secret):
        raise StudioError(
            "The address changed, so the credentials have to be given again.", where="credentials",
            hint=f"Fill in {', '.join(sorted(held))}.",
        )  # fmt: skip


@transaction.atomic
def delete(row: Datastore, *, user: User) -> None:
    """Forget a datastore and its secrets; what it holds stays where it is."""
    refuse_own(row, "deleted")
    if row.is_default:
        raise StudioError(
            f"{row.name} is the default datastore.", hint="Make another one the default first.",
            where="datastore", code="conflict",
        )  # fmt: skip
    names = list((row.config.get("vault") or {}).values())
    for secret in Secret.objects.filter(workspace=row.workspace, name__in=names):
        vault.delete_secret(secret=secret, actor=user)
    audit.record(
        action="datastore.delete", actor=user, workspace=row.workspace, target=row.name,
        detail={"kind": row.kind},
    )  # fmt: skip
    row.delete()


def refuse_own(row: Datastore, verb: str) -> None:
    if row.kind == OWN.name or row.name in DEFAULT_DATASTORES:
        raise StudioError(
            f"{row.name} comes with the workspace and cannot be {verb}.", where="datastore",
            code="conflict",
        )  # fmt: skip


def _keep(row: Datastore, secret: Mapping[str, str], user: User) -> None:
    held = dict(row.config.get("vault") or {})
    for field, value in secret.items():
        # A random part: a secret of that name that somebody else set is not ours to replace.
        name = held.get(field) or f"datastore-{random.token_hex(6)}-{field.replace('_', '-')}"
        vault.set_secret(workspace=row.workspace, actor=user, name=name, value=value)
        held[field] = name
    if held != (row.config.get("vault") or {}):
        # Given anew, after the archive of a workspace brought the datastore without them.
        needs = [each for each in row.config.get("needs", ()) if each not in held]
        row.config = {**row.config, "vault": held, "needs": needs}
        row.save(update_fields=["config"])


def secrets_of(row: Datastore, *, user: User, reason: str) -> dict[str, str]:
    """Return a datastore's credentials, to open it with; each reading is in the audit log."""
    held = row.config.get("vault") or {}
    return {
        field: vault.read_secret(workspace=row.workspace, actor=user, name=name, reason=reason)
        for field, name in held.items()
    }


def config_of(row: Datastore) -> dict[str, Any]:
    """Return what a datastore is opened with, beside its credentials."""
    return {k: v for k, v in row.config.items() if k not in ("vault", "description", "needs")}


def files(row: Datastore, *, user: User, reason: str = "browse") -> Files:
    """Open a datastore of files."""
    if row.kind == OWN.name:
        return Own(row.workspace, row.name)
    at = f"datastore {row.name}: {reason}"
    return datastores.open_files(
        kind_of(row), config_of(row), secrets_of(row, user=user, reason=at)
    )


def database(row: Datastore, *, user: User, reason: str = "query") -> Database:
    """Open a datastore of tables."""
    at = f"datastore {row.name}: {reason}"
    opened = secrets_of(row, user=user, reason=at)
    return datastores.open_database(kind_of(row), config_of(row), opened)


def test(row: Datastore, *, user: User) -> dict[str, Any]:
    """Say whether a datastore answers: `{"ok", "message", "hint"}`."""
    try:
        if kind_of(row).gives == "tables":
            told = database(row, user=user, reason="test").test()
        else:
            told = files(row, user=user, reason="test").test()
    except StudioError as error:
        return {"ok": False, "message": error.message, "hint": error.hint, "where": error.where}
    return {"ok": True, "message": told, "hint": "", "where": ""}


def try_out(*, kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Say whether a datastore that is not made yet would answer."""
    try:
        declared = datastores.kind_named(kind)
        kept, secret = datastores.clean(declared, config)
        if declared.gives == "tables":
            told = datastores.open_database(declared, kept, secret).test()
        else:
            told = datastores.open_files(declared, kept, secret).test()
    except StudioError as error:
        return {"ok": False, "message": error.message, "hint": error.hint, "where": error.where}
    return {"ok": True, "message": told, "hint": "", "where": ""}


def shown(row: Datastore) -> dict[str, Any]:
    """Return a datastore as API and pages show it: of its secrets only the names of their fields."""
    kind = kind_of(row)
    return {
        "name": row.name,
        "kind": row.kind,
        "title": kind.title,
        "azureType": kind.azure_type,
        "gives": kind.gives,
        "config": config_of(row),
        "icon": kind.icon,
        "facts": [
            (param.label, "" if param.type == "boolean" else row.config[param.name])
            for param in kind.params
            if row.config.get(param.name) not in (None, "", False)
        ],
        "secrets": sorted(row.config.get("vault") or {}),
        "needs": row.config.get("needs") or [],
        "description": row.config.get("description", ""),
        "isDefault": row.is_default,
        "builtIn": row.kind == OWN.name,
        "note": kind.help if kind.gives == "none" or row.kind == OWN.name else "",
        "created": row.created,
    }


def upload(
    row: Datastore, *, path: str, chunks: Iterable[bytes], overwrite: bool, user: User
) -> int:
    """Store a file in a datastore; one that is there is named and stays, unless `overwrite`."""
    size = files(row, user=user, reason="upload").write(path, chunks, overwrite=overwrite)
    audit.record(
        action="datastore.upload", actor=user, workspace=row.workspace, target=row.name,
        detail={"path": path, "size": size},
    )  # fmt: skip
    return size
