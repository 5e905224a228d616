"""Files on their way in, chunk by chunk: what has arrived survives a cut line and a restart."""

from __future__ import annotations

import contextlib
import fcntl
import os
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
from officina.storage.trees import check_digest
from registry.models import StoredBlob, Upload
from registry.services import storing
from studio.workspaces.models import Workspace

MOST_BYTES = 50 << 30
MOST_OPEN = 500
STALE = timedelta(days=2)
CHUNK = 1 << 20


def part_file(upload: Upload) -> Path:
    """Return where an upload's bytes gather; its name is ours, never the sender's."""
    return Path(settings.OFFICINA_HOME) / "uploads" / upload.guid


def begin_upload(
    *, workspace: Workspace, user: Any, name: str, size: Any, sha256: str = ""
) -> Upload:
    """Announce a file: its name inside its folder, its size and, when known, its digest.

    One whose bytes the workspace has already is finished at once.
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
    _refuse_finished(upload)
    with _locked(upload) as target:
        upload.refresh_from_db()
        if offset != upload.offset:
            raise StudioError(
                f"The upload stands at byte {upload.offset}, not {offset}.",
                hint="Ask for its offset, then send from there.",
                where="Upload-Offset",
                code="conflict",
            )
        target.seek(offset)
        target.truncate()
        arrived = offset
        try:
            for chunk in chunks:
                if arrived + len(chunk) > upload.size:
                    raise StudioError(
                        f"More than the announced {upload.size} bytes arrived.",
                        hint="Begin again with the file's real size.",
                        code="too_large",
                    )
                target.write(chunk)
                arrived += len(chunk)
        finally:
            # Also when the line was cut or the disk is full: what is on the disk counts.
            with contextlib.suppress(OSError):
                target.flush()
            arrived = min(arrived, os.fstat(target.fileno()).st_size)
            upload.offset = arrived
            upload.save(update_fields=["offset", "changed"])
    return upload


def finish(upload: Upload) -> StoredBlob:
    """Check the whole file's digest and store it; a wrong digest starts the upload afresh."""
    if upload.finished:
        return StoredBlob.objects.get(workspace=upload.workspace, sha256=upload.sha256)
    with _locked(upload) as source:
        upload.refresh_from_db()
        if upload.offset != upload.size:
            raise StudioError(
                f"{upload.offset} of {upload.size} bytes have arrived.",
                hint="Send the rest first.",
                where="Upload-Offset",
                code="conflict",
            )
        source.seek(0)
        try:
            blob = storing.store().put_stream(
                _chunks(source), expected=upload.sha256 or None, limit=upload.size
            )
        except StudioError as error:
            if error.where == "sha256":
                upload.offset = 0
                upload.save(update_fields=["offset", "changed"])
            raise
        row = storing.remember_blob(workspace=upload.workspace, sha256=blob.sha256, size=blob.size)
        upload.sha256, upload.finished = blob.sha256, True
        upload.save(update_fields=["sha256", "finished", "changed"])
        part_file(upload).unlink(missing_ok=True)
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


def _refuse_finished(upload: Upload) -> None:
    if upload.finished:
        raise StudioError("This upload is finished.", code="conflict")


@contextlib.contextmanager
def _locked(upload: Upload) -> Iterator[BinaryIO]:
    path = part_file(upload)
    with reporting_full_disk("uploads"):
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
            yield file


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk
