"""Blobs by name: what was uploaded, and the files of runs and stored trees seen as blobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from officina.errors import StudioError
from officina.storage import Blob, Entry, Tree
from officina.storage.paths import check_name
from registry import services as registry
from registry.models import StoredBlob
from studio.facades.azureml.models import NamedBlob
from studio.facades.azureml.places import (
    ARTIFACTS,
    DEFAULT,
    NAMED_FOLDER,
    OUTPUT_FOLDER,
    RUN_FOLDER,
    TREE_FOLDER,
)
from studio.runs import logs
from studio.runs.models import Artifact, Run
from studio.workspaces.models import Workspace

# How the client names the log that it streams.
LOG = "user_logs/std_log.txt"
MOST_LISTED = 5000
# Trees never change, so the files of one have one time: any that stays the same.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    """One blob: a name, its bytes and what is known about them."""

    path: str
    sha256: str
    size: int
    changed: datetime = LONG_AGO
    metadata: dict[str, str] = field(default_factory=dict)
    # A log that still grows has no digest yet.
    run: Run | None = None

    @property
    def etag(self) -> str:
        return f'"0x{(self.sha256 or str(self.size)).upper()[:24]}"'


def find(workspace: Workspace, container: str, path: str) -> Item | None:
    """Return the blob of this exact name, uploaded or seen."""
    row = NamedBlob.objects.filter(workspace=workspace, container=container, path=path).first()
    if row is not None:
        return _uploaded(row)
    return next((item for item in _seen(workspace, container, path) if item.path == path), None)


def below(
    workspace: Workspace, container: str, prefix: str, *, after: str = "", most: int = MOST_LISTED
) -> list[Item]:
    """Return the blobs whose names begin with `prefix`, in the order of names, from `after` on."""
    rows = NamedBlob.objects.filter(
        workspace=workspace, container=container, path__startswith=prefix, path__gte=after
    ).order_by("path")[: most + 1]
    found = {row.path: _uploaded(row) for row in rows}
    for item in _seen(workspace, container, prefix):
        if item.path.startswith(prefix) and item.path >= after:
            found.setdefault(item.path, item)
    return [found[path] for path in sorted(found)][: most + 1]


def tree_below(workspace: Workspace, container: str, path: str) -> Tree:
    """Return what lies at a path as a stored tree: one file, or the files below a folder."""
    one = find(workspace, container, path) if path else None
    if one is not None and one.sha256:
        name = path.rpartition("/")[2]
        files = {name: Entry(one.sha256, one.size)}
    else:
        folder = f"{path}/" if path else ""
        rows = below(workspace, container, folder, most=200_000)
        files = {
            item.path.removeprefix(folder): Entry(item.sha256, item.size)
            for item in rows
            if item.sha256 and item.path != folder
        }
    if not files:
        raise StudioError(
            f"There is nothing at {path or '/'!r} in the datastore {container}.",
            hint="Upload the files first.",
            where="uri",
            code="not_found",
        )
    return registry.receive_tree(workspace=workspace, files=files)


@transaction.atomic
def put(
    *, workspace: Workspace, container: str, path: str, blob: Blob,
    metadata: dict[str, str] | None = None, content_type: str = "",
) -> NamedBlob:  # fmt: skip
    """Give stored bytes a name in a container; a later upload of that name replaces them."""
    check_name(path)
    StoredBlob.objects.get_or_create(
        workspace=workspace, sha256=blob.sha256, defaults={"size": blob.size}
    )
    blobs = StoredBlob.objects.filter(workspace=workspace)
    old = (
        NamedBlob.objects.select_for_update()
        .filter(workspace=workspace, container=container, path=path)
        .first()
    )
    if old is None or old.sha256 != blob.sha256:
        blobs.filter(sha256=blob.sha256).update(references=F("references") + 1)
        if old is not None:
            blobs.filter(sha256=old.sha256).update(references=F("references") - 1)
    row, _ = NamedBlob.objects.update_or_create(
        workspace=workspace,
        container=container,
        path=path,
        defaults={
            "sha256": blob.sha256,
            "size": blob.size,
            "metadata": metadata or {},
            "content_type": content_type[:255],
            "changed": timezone.now(),
        },
    )
    return row


def set_metadata(
    *, workspace: Workspace, container: str, path: str, metadata: dict[str, str]
) -> bool:
    """Replace the metadata of an uploaded blob; False when there is none of that name."""
    rows = NamedBlob.objects.filter(workspace=workspace, container=container, path=path)
    return bool(rows.update(metadata=metadata))


def _uploaded(row: NamedBlob) -> Item:
    return Item(row.path, row.sha256, row.size, row.changed, row.metadata)


# -- what is seen as blobs ------------------------------------------------------------------------


def _seen(workspace: Workspace, container: str, prefix: str) -> Iterable[Item]:
    if container == ARTIFACTS and prefix.startswith(RUN_FOLDER):
        return _files_of_run(workspace, prefix)
    if container == DEFAULT and prefix.startswith(OUTPUT_FOLDER):
        return _files_of_output(workspace, prefix)
    if container == DEFAULT and prefix.startswith(TREE_FOLDER):
        return _files_of_tree(workspace, prefix)
    if container == DEFAULT and prefix.startswith(NAMED_FOLDER):
        digest, _, name = prefix.removeprefix(NAMED_FOLDER).partition("/")
        folder = f"{NAMED_FOLDER}{digest}/{name.partition('/')[0]}/"
        return _tree(workspace, digest, folder)
    return ()


def run_named(workspace: Workspace, name: str) -> Run | None:
    """Return a run by its name or guid."""
    rows = Run.objects.shown().filter(workspace=workspace)
    return rows.filter(Q(name=name) | Q(guid=name)).select_related("reused_from").first()


def _files_of_run(workspace: Workspace, prefix: str) -> Iterator[Item]:
    name, _, _ = prefix.removeprefix(RUN_FOLDER).partition("/")
    run = run_named(workspace, name)
    if run is None:
        return
    folder = f"{RUN_FOLDER}{name}/"
    stored = False
    for row in Artifact.objects.filter(run=run.reused_from or run):
        is_log = row.path == logs.LOG_NAME
        stored = stored or is_log
        path = folder + (LOG if is_log else row.path)
        yield Item(path, row.sha256, row.size, row.created)
    if not stored and run.kind != Run.PIPELINE:
        part = logs.read_log(run=run, offset=0, limit=1)
        yield Item(folder + LOG, "", part.size, run.started or run.created, run=run)


def _files_of_output(workspace: Workspace, prefix: str) -> Iterator[Item]:
    name, _, rest = prefix.removeprefix(OUTPUT_FOLDER).partition("/")
    run = run_named(workspace, name)
    if run is None:
        return
    output, slash, _ = rest.partition("/")
    for port, value in run.outputs.items():
        if port != output and (slash or not port.startswith(output)):
            continue
        digest = str(value.get("uri") or "").removeprefix("tree:")
        yield from _tree(workspace, digest, f"{OUTPUT_FOLDER}{name}/{port}/")


def _files_of_tree(workspace: Workspace, prefix: str) -> Iterator[Item]:
    digest = prefix.removeprefix(TREE_FOLDER).partition("/")[0]
    yield from _tree(workspace, digest, f"{TREE_FOLDER}{digest}/")


def _tree(workspace: Workspace, digest: str, folder: str) -> Iterator[Item]:
    try:
        tree = registry.open_tree(workspace=workspace, digest=digest)
    except StudioError:
        return
    for path, entry in tree.files.items():
        yield Item(folder + path, entry.sha256, entry.size)
