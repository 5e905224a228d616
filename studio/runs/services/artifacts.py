"""Files that a run leaves, taken while it is still going."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.db import transaction
from django.db.models import F

from officina.storage import paths
from registry import services as registry
from registry.models import StoredBlob
from studio.runs.models import Artifact, Run

# A file that is still being written is taken once it has been quiet for this long.
QUIET_SECONDS = 1.0
MAX_FILES = 20_000
CHUNK = 1 << 20


def store_artifact(
    *, run: Run, path: str, source: Path | bytes, kind: str = "file", key: str = ""
) -> Artifact:
    """Store a file under a name inside the run; a later one of that name replaces it."""
    name = paths.check_name(path)
    store = registry.store()
    blob = store.put_bytes(source) if isinstance(source, bytes) else store.put_file(source)
    return add_artifact(run=run, path=name, sha256=blob.sha256, size=blob.size, kind=kind, key=key)


@transaction.atomic(savepoint=False)
def add_artifact(
    *, run: Run, path: str, sha256: str, size: int, kind: str = "file", key: str = ""
) -> Artifact:
    """Record a stored file as the run's, counting the reference to its bytes."""
    StoredBlob.objects.bulk_create(
        [StoredBlob(workspace_id=run.workspace_id, sha256=sha256, size=size)], ignore_conflicts=True
    )
    blobs = StoredBlob.objects.filter(workspace_id=run.workspace_id)
    row = Artifact.objects.select_for_update().filter(run=run, path=path).first()
    if row is None or row.sha256 != sha256:
        blobs.filter(sha256=sha256).update(references=F("references") + 1)
        if row is not None:
            blobs.filter(sha256=row.sha256).update(references=F("references") - 1)
    if row is not None and kind == "file" and row.kind != "file":
        # The collector met a file that the script had named as an image or a table: keep the kind.
        kind, key = row.kind, row.key
    row = Artifact(run=run, path=path, sha256=sha256, size=size, kind=kind, key=key)
    Artifact.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["run", "path"],
        update_fields=["sha256", "size", "kind", "key"],
    )
    return row


@transaction.atomic
def remove_artifacts(*, run: Run, paths_gone: Iterable[str]) -> int:
    """Let go of files of a run; return how many there were."""
    rows = list(Artifact.objects.select_for_update().filter(run=run, path__in=list(paths_gone)))
    for row in rows:
        StoredBlob.objects.filter(workspace_id=run.workspace_id, sha256=row.sha256).update(
            references=F("references") - 1
        )
        row.delete()
    return len(rows)


def collect_files(
    *, run: Run, folders: dict[str, Path], seen: dict[str, tuple[int, int]], now: float | None
) -> int:
    """Store new and changed files of the folders; `now` None takes all, else only quiet ones.

    `seen` remembers size and time of what was stored, by artifact path. Returns how many were stored.
    """
    stored = 0
    for prefix, folder in folders.items():
        for path in _files_below(folder):
            name = f"{prefix}/{path.relative_to(folder).as_posix()}"
            with _opened(path, folder) as source:
                if source is None:
                    continue
                facts = os.fstat(source.fileno())
                mark = (facts.st_size, facts.st_mtime_ns)
                fresh = now is not None and now - facts.st_mtime < QUIET_SECONDS
                if seen.get(name) == mark or fresh:
                    continue
                blob = registry.store().put_stream(iter(lambda: source.read(CHUNK), b""))
            paths.check_name(name)
            add_artifact(run=run, path=name, sha256=blob.sha256, size=blob.size)
            seen[name] = mark
            stored += 1
    return stored


def _files_below(folder: Path) -> Iterator[Path]:
    count = 0
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            count += 1
            if count > MAX_FILES:
                return
            yield Path(root, name)


@contextmanager
def _opened(path: Path, folder: Path) -> Iterator[BinaryIO | None]:
    """Open a regular file inside `folder`; None for anything else.

    The job may swap a name for a link to one of the server's files at any moment, so the check is
    made on what was opened, not on the name.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield None
        return
    with os.fdopen(descriptor, "rb") as source:
        real = Path(f"/proc/self/fd/{descriptor}").readlink()
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        yield source if regular and real.is_relative_to(folder.resolve()) else None


def artifact_bytes(artifact: Artifact) -> BinaryIO:
    """Open an artifact's bytes."""
    return registry.store().open(artifact.sha256)
