"""A request with an `Idempotency-Key` has one effect however often it is sent."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from officina.errors import StudioError
from studio.workspaces.access import person
from studio.workspaces.models import IdempotencyKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.request import Request

    Handler = Callable[..., Response]

# How long the others wait for the first, and when a first that never answered is taken for dead.
WAIT_SECONDS = 20.0
ABANDONED_AFTER = timedelta(seconds=60)
MAX_KEY = 255
# A client that repeats a request does so soon; after this the key is free again.
KEPT_FOR = timedelta(days=1)


def idempotent(handler: Handler) -> Handler:
    """Let a DRF handler honour `Idempotency-Key`; use it on POSTs whose answer holds no secret.

    The first request with a key does the work; the same request again gets the same answer, and a
    different one with that key 409. Only successful answers are kept: after an error the key is free.
    """

    @wraps(handler)
    def wrapper(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            return handler(view, request, *args, **kwargs)
        if len(key) > MAX_KEY:
            raise StudioError(
                f"The Idempotency-Key has more than {MAX_KEY} characters.", where="Idempotency-Key"
            )
        row, is_first = _claim(request, key)
        if not is_first:
            return _answer_of_first(row)
        try:
            response = handler(view, request, *args, **kwargs)
        except BaseException:
            row.delete()
            raise
        if response.status_code >= 300:
            row.delete()
            return response
        _keep(row, response)
        return response

    return wrapper


def forget_old_keys() -> int:
    """Delete keys that nobody will repeat any more, and return how many."""
    deleted, _ = IdempotencyKey.objects.filter(created__lt=timezone.now() - KEPT_FOR).delete()
    return deleted


def _claim(request: Request, key: str) -> tuple[IdempotencyKey, bool]:
    digest = _digest(request)
    where = f"{request.method} {request.path}"[:512]
    try:
        # A savepoint: inside a caller's transaction the refused insert must not spoil the rest.
        with transaction.atomic():
            row = IdempotencyKey.objects.create(
                user=person(request), key=key, request=where, request_digest=digest
            )
        return row, True
    except IntegrityError:
        pass
    found = IdempotencyKey.objects.filter(user=person(request), key=key).first()
    if found is None:
        raise _in_progress()
    if found.request != where or found.request_digest != digest:
        raise StudioError(
            "This Idempotency-Key was used for another request.",
            hint="Send a new key with a new request.",
            where="Idempotency-Key",
            code="conflict",
        )
    return found, _take_over(found)


def _take_over(row: IdempotencyKey) -> bool:
    """Claim a key whose first request died before it answered."""
    if row.status is not None or timezone.now() - row.created < ABANDONED_AFTER:
        return False
    now = timezone.now()
    same = IdempotencyKey.objects.filter(pk=row.pk, status=None, created=row.created)
    if same.update(created=now) != 1:
        return False
    row.created = now
    return True


def _answer_of_first(row: IdempotencyKey) -> Response:
    ends = time.monotonic() + WAIT_SECONDS
    pause = 0.02
    while row.status is None:
        if time.monotonic() > ends:
            raise _in_progress()
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)
        found = IdempotencyKey.objects.filter(pk=row.pk).first()
        if found is None:
            raise _in_progress()
        row = found
    return Response(row.response, status=row.status, headers={"Idempotent-Replayed": "true"})


def _keep(row: IdempotencyKey, response: Response) -> None:
    row.status = response.status_code
    row.response = json.loads(json.dumps(response.data, cls=JSONEncoder))
    row.save(update_fields=["status", "response"])


def _in_progress() -> StudioError:
    return StudioError(
        "The first request with this Idempotency-Key has not answered yet, or it failed.",
        hint="Send the same request again in a moment.",
        where="Idempotency-Key",
        code="conflict",
    )


def _digest(request: Request) -> str:
    """Return a digest of what was sent: parsed, so that it does not hang on key order or boundaries."""
    digest = hashlib.sha256()
    data: Any = request.data
    plain = {name: data.getlist(name) for name in data} if hasattr(data, "getlist") else data
    files: Any = getattr(request, "FILES", {})
    for name in files:
        for file in files.getlist(name):
            digest.update(f"{name}\0{file.name}\0{file.size}\0".encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    shown = {key: value for key, value in plain.items() if key not in files} if files else plain
    digest.update(json.dumps(shown, sort_keys=True, cls=JSONEncoder).encode())
    return digest.hexdigest()
