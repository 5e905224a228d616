"""The key vault: values are encrypted at rest and leave only to who holds `secrets.read`."""

from __future__ import annotations

import base64
import re
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.models import SECRET_NAME, Secret, User, Workspace

MOST = 25_000


@lru_cache(maxsize=2)
def _cipher(key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"officina key vault")
    return Fernet(base64.urlsafe_b64encode(derived.derive(key.encode())))


@transaction.atomic
def set_secret(*, workspace: Workspace, name: str, value: str, actor: User) -> Secret:
    """Store a secret, or its next version."""
    if not re.fullmatch(SECRET_NAME, name):
        raise StudioError(
            f"{name!r} cannot name a secret.", where="name",
            hint="Use letters, digits, '-' and '_', starting with a letter; at most 127.",
        )  # fmt: skip
    if not value or len(value) > MOST:
        raise StudioError(f"A secret has 1 to {MOST} characters.", where="value")
    ciphertext = _cipher(settings.SECRET_KEY).encrypt(value.encode())
    row = Secret.objects.select_for_update().filter(workspace=workspace, name__iexact=name).first()
    if row is None:
        row = Secret.objects.create(
            workspace=workspace, name=name, ciphertext=ciphertext, created_by=actor
        )
    else:
        row.ciphertext, row.version, row.updated = ciphertext, row.version + 1, timezone.now()
        row.save(update_fields=["ciphertext", "version", "updated"])
    audit.record(workspace=workspace, actor=actor, action="secrets.set", target=row.name)
    return row


@transaction.atomic
def read_secret(*, workspace: Workspace, name: str, actor: User) -> str:
    """Return a secret's value; every read is written down."""
    row = Secret.objects.filter(workspace=workspace, name__iexact=name).first()
    if row is None:
        raise StudioError(f"There is no secret {name!r}.", where="name", code="not_found")
    audit.record(workspace=workspace, actor=actor, action="secrets.read", target=row.name)
    try:
        return _cipher(settings.SECRET_KEY).decrypt(bytes(row.ciphertext)).decode()
    except InvalidToken as error:
        raise StudioError(
            f"Secret {row.name} was encrypted with another secret key.",
            hint="Restore the installation's secret key, or set the secret again.",
            code="failed",
        ) from error


@transaction.atomic
def delete_secret(*, workspace: Workspace, name: str, actor: User) -> None:
    """Delete a secret."""
    deleted, _ = Secret.objects.filter(workspace=workspace, name__iexact=name).delete()
    if not deleted:
        raise StudioError(f"There is no secret {name!r}.", where="name", code="not_found")
    audit.record(workspace=workspace, actor=actor, action="secrets.delete", target=name)
