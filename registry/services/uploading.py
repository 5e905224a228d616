"""Files on their way in, chunk by chunk: what has arrived survives a cut line and a restart."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.utils import timezone

from officina.errors import StudioError
from officina.storage import Entry
from officina.storage.backends import reporting_full_disk
from officina.storage.paths import check_name
from officina.storage.store import torn
from officina.storage.trees import check_digest
from registry.models import StoredBlob, Upload
from registry.services import storing
from studio.lib import limits
from studio.workspaces.models import Workspace

MOST_BYTES = limits.FILE
MOST_OPEN = 500
STALE = timedelta(days=2)
CHUNK = 256 << 10


class _Digest:
    """The digest of an upload's first bytes."""

    def __init__(self) -> None:
        self.made, self.size = hashlib.sha256(), 0

    def add(self, data: bytes | memoryview) -> None:
        self.made.update(data)
        self.size += len(data)


# Digests are made while the bytes arrive. What a restart, or a cut line, took from here is read again at the end.
_digests: OrderedDict[str, _Digest] = OrderedDict()
MOST_DIGESTS = 1000


def _digest_of(upload: Upload, most: int) -> _Digest:
    """Take out what is known of an upload's digest: of `most` bytes, or of none."""
    found = _digests.pop(upload.guid, None)
    return found if found is not None and found.size <= most else _Digest()


def _keep_digest(upload: Upload, digest: _Digest) -> None:
    _digests[upload.guid] = digest
    while len(_digests) > MOST_DIGESTS:
        _digests.popitem(last=False)


def part_file(upload: Upload) -> Path:
    """Return where an upload's bytes gather; its name is ours, never the sender's."""
    return Path(settings.OFFICINA_HOME) / "uploads" / upload.guid


def begin_upload(
    *, workspace: Workspace, user: Any, name: str, size: Any, sha256: str = ""
) -> Upload:
    """Announce a file: its name inside its folder, its size and, when known, its digest.

    One whose bytes the workspace has already is finished at once, and one with this digest that was begun before
    goes on: a page that was loaded anew, or a second one, sends only what is missing.
    """
    check_name(name)
    if sha256:
        check_digest(sha256)
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= MOST_BYTES:
        raise StudioError(
            f"A file has 0 to {MOST_BYTES} bytes.", where="size",
            code="too_large" if isinstance(size, int) and size > MOST_BYTES else "invalid",
        )  # fmt: skip
    mine = Upload.objects.filter(workspace=workspace, user=user, finished=False)
    if sha256 and (begun := mine.filter(name=name, size=size, sha256=sha256).first()):
        return begun
    if mine.count() >= MOST_OPEN:
        raise StudioError(
            f"You have {MOST_OPEN} unfinished uploads here.",
            hint="Finish or cancel some; those that nobody touches for two days go by themselves.",
            code="conflict",
        )
    files = {name: Entry(sha256, size)} if sha256 else {}
    here = bool(files) and not storing.missing_blobs(workspace=workspace, files=files)
    return Upload.objects.create(
        workspace=workspace, user=user, name=name, size=size, sha256=sha256,
        finished=here, offset=size if here else 0,
    )  # fmt: skip


def find_upload(*, workspace: Workspace, user: Any, guid: str) -> Upload:
    """Return one's own upload; another person's is not found."""
    row = Upload.objects.filter(workspace=workspace, user=user, guid=guid).first()
    if row is None:
        raise StudioError(
            "There is no such upload of yours in this workspace.",
            hint="It was canceled, or nobody touched it for two days: begin it again.",
            where="upload",
            code="not_found",
        )
    return row


def append(upload: Upload, *, offset: int, chunks: Iterable[bytes]) -> Upload:
    """Add bytes at `offset`, which must be where the upload stands; keeps what came of a cut line.

    Memory holds one chunk at a time. Two senders at once: the second gets a conflict.
    """
    with _locked(upload) as target:
        if upload.finished:
            raise StudioError("This upload is finished.", code="conflict")
        if offset != upload.offset:
            raise StudioError(
                f"The upload stands at byte {upload.offset}, not {offset}.",
                hint="Ask for its offset, then send from there.",
                where="Upload-Offset",
                code="conflict",
            )
        target.seek(offset)
        target.truncate()
        digest = _digest_of(upload, offset)
        try:
            for chunk in chunks:
                if upload.offset + len(chunk) > upload.size:
                    raise StudioError(
                        f"More than the announced {upload.size} bytes arrived.",
                        hint="Begin again with the file's real size.",
                        code="too_large",
                    )
                _write(upload, target, chunk, digest)
        finally:
            # Also when the line was cut or the disk is full: what is on the disk counts.
            upload.save(update_fields=["offset", "changed"])
            _keep_digest(upload, digest)
    return upload


def _write(upload: Upload, target: BinaryIO, chunk: bytes, digest: _Digest) -> None:
    left = memoryview(chunk)
    while left:
        # On a disk that is almost full only a part is taken, without an error yet.
        written = left[: target.write(left)]
        if digest.size == upload.offset:
            digest.add(written)
        upload.offset += len(written)
        left = left[len(written) :]


def check(upload: Upload, *, seconds: float | None = None) -> int:
    """Read on, for some seconds, what a restart or a cut line kept out of the digest; returns the bytes checked.

    An upload that came in one go is checked already.
    """
    with _locked(upload) as source:
        if upload.finished:
            return upload.size
        _refuse_torn(upload)
        digest = _digest_of(upload, upload.size)
        try:
            _read_on(digest, source, until=None if seconds is None else time.monotonic() + seconds)
        finally:
            _keep_digest(upload, digest)
        return digest.size


def _read_on(digest: _Digest, source: BinaryIO, *, until: float | None) -> None:
    source.seek(digest.size)
    while (until is None or time.monotonic() < until) and (chunk := source.read(CHUNK)):
        digest.add(chunk)


def _refuse_torn(upload: Upload) -> None:
    if upload.offset != upload.size:
        raise StudioError(
            f"{upload.offset} of {upload.size} bytes have arrived.",
            hint="Send the rest first.",
            where="Upload-Offset",
            code="conflict",
        )


def finish(upload: Upload) -> StoredBlob:
    """Check the whole file's digest and store it; a wrong digest starts the upload afresh."""
    with _locked(upload) as source:
        if upload.finished:
            return StoredBlob.objects.get(workspace=upload.workspace, sha256=upload.sha256)
        _refuse_torn(upload)
        digest = _digest_of(upload, upload.size)
        _read_on(digest, source, until=None)
        sha256 = digest.made.hexdigest()
        if upload.sha256 and sha256 != upload.sha256:
            upload.offset = 0
            upload.save(update_fields=["offset", "changed"])
            raise torn(sha256, upload.sha256)
        blob = storing.store().take_file(part_file(upload), sha256=sha256)
        row = storing.remember_blob(workspace=upload.workspace, sha256=blob.sha256, size=blob.size)
        upload.sha256, upload.finished = blob.sha256, True
        upload.save(update_fields=["sha256", "finished", "changed"])
    return row


def cancel_upload(upload: Upload) -> None:
    """Forget an upload and what arrived of it."""
    part_file(upload).unlink(missing_ok=True)
    upload.delete()


def drop_stale_uploads() -> int:
    """Forget uploads that nobody touched for two days; returns how many."""
    old = Upload.objects.filter(changed__lt=timezone.now() - STALE)
    count = 0
    for upload in old:
        cancel_upload(upload)
        count += 1
    return count


@contextlib.contextmanager
def _locked(upload: Upload) -> Iterator[BinaryIO]:
    """Give an upload's bytes to one request at a time, with the row as it is now."""
    path = part_file(upload)
    with reporting_full_disk("uploads", "what has arrived of this file waits for the rest"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Opened without truncation: the lock must be held before anything changes.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StudioError(
                    "Another request is sending this file right now.",
                    hint="Wait until it ends, ask for the offset, then go on.",
                    code="conflict",
                ) from None
            upload.refresh_from_db()
            size = os.fstat(descriptor).st_size
            if size < upload.offset and not upload.finished:
                upload.offset = size  # the machine went down before all was on the disk
                upload.save(update_fields=["offset"])
            yield file
            if upload.finished:
                path.unlink(missing_ok=True)
