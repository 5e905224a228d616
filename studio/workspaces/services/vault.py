"""The key vault: values are encrypted at rest, bound to their place, and every read is audited."""

from __future__ import annotations

import json
import os
import re
import threading
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.models import SECRET_NAME, Secret, User, Workspace

MAX_VALUE = 25 * 1024  # as Azure Key Vault
_lock = threading.Lock()


def key_file() -> Path:
    """Return the file of the vault's keys, one a line, the newest first; back it up apart."""
    return Path(settings.OFFICINA_HOME) / "vault.key"


def _fernet() -> MultiFernet:
    path = key_file()
    with _lock:
        if not path.exists():
            _make_key(path)
    keys = [line.strip() for line in path.read_text("ascii").splitlines() if line.strip()]
    return MultiFernet([Fernet(key) for key in keys])


def _make_key(path: Path) -> None:
    """Make the key file whole or not at all: another process may be starting at this moment."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def set_secret(
    *, workspace: Workspace, actor: User, name: str, value: str, ip: str | None = None
) -> Secret:
    """Set a secret, as a new version if it is there already; the old value is gone."""
    if not re.fullmatch(SECRET_NAME, name):
        raise StudioError(
            f'"{name}" cannot be a secret\'s name.',
            hint="Use letters, digits, dashes and underscores; start with a letter.",
            where="name",
        )
    if not value or len(value.encode()) > MAX_VALUE:
        raise StudioError("A secret's value has 1 byte to 25 KiB.", where="value")
    columns = {"ciphertext": _seal(workspace, name, value), "created_by": actor}
    try:
        with transaction.atomic():
            secret = Secret.objects.filter(workspace=workspace, name__iexact=name).first()
            if secret is None:
                secret = Secret.objects.create(workspace=workspace, name=name, **columns)
            else:
                secret.ciphertext = _seal(workspace, secret.name, value)
                secret.created_by = actor
                secret.version += 1
                secret.updated = timezone.now()
                secret.save()
            audit.record(
                action="secret.set", actor=actor, workspace=workspace, target=secret.name,
                detail={"version": secret.version}, ip=ip,
            )  # fmt: skip
    except IntegrityError:
        raise StudioError(
            f"Somebody set {name} at the same moment.", hint="Set it again.", code="conflict"
        ) from None
    return secret


def read_secret(
    *, workspace: Workspace, actor: User, name: str, reason: str = "", ip: str | None = None
) -> str:
    """Return a secret's value, for a job; writes who read it and why."""
    secret = Secret.objects.filter(workspace=workspace, name__iexact=name).first()
    if secret is None:
        raise StudioError(
            f'There is no secret "{name}" in the key vault.',
            hint="Set it on the Secrets page.",
            where="name",
            code="not_found",
        )
    audit.record(
        action="secret.read", actor=actor, workspace=workspace, target=secret.name,
        detail={"reason": reason, "version": secret.version}, ip=ip,
    )  # fmt: skip
    return _open(workspace, secret)


def delete_secret(*, secret: Secret, actor: User, ip: str | None = None) -> None:
    """Delete a secret for good."""
    with transaction.atomic():
        audit.record(
            action="secret.delete", actor=actor, workspace=secret.workspace, target=secret.name,
            ip=ip,
        )  # fmt: skip
        secret.delete()


def _seal(workspace: Workspace, name: str, value: str) -> bytes:
    # The place is sealed in with the value: a row copied under another name does not open.
    body = json.dumps({"at": f"{workspace.guid}/{name.lower()}", "value": value})
    return _fernet().encrypt(body.encode())


def _open(workspace: Workspace, secret: Secret) -> str:
    try:
        body = json.loads(_fernet().decrypt(bytes(secret.ciphertext)))
    except InvalidToken:
        raise StudioError(
            f"The secret {secret.name} cannot be decrypted.",
            hint=f"Restore the key file {key_file().name} of this studio, or set the secret again.",
            where=secret.name,
            code="failed",
        ) from None
    if body["at"] != f"{workspace.guid}/{secret.name.lower()}":
        raise StudioError(f"The secret {secret.name} belongs elsewhere.", code="failed")
    return str(body["value"])
