"""Data assets made of what a datastore holds: the bytes are copied, so a version never changes."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from officina.data import ask
from officina.data.samples import sample_named
from officina.errors import StudioError
from officina.storage import Entry
from officina.storage.datastores import check_gives
from registry import services as registry
from registry.datastores import background, services
from registry.datastores.background import Started
from registry.datastores.own import Own
from registry.models import AssetVersion, Datastore
from studio.workspaces.models import User, Workspace

CHUNK = 1 << 20
# So much is copied while somebody waits, in about a second; what is more, by a run.
SMALL_BYTES, SMALL_FILES = 8 << 20, 50
MOST_FILES = 20_000


def register_path(
    row: Datastore, *, path: str, name: str, user: User, description: str = ""
) -> AssetVersion | Started:
    """Register a file or folder of a datastore as the next version of a data asset.

    What is small, or stored already, at once; for any other, return the run that does it.
    """
    name = name or suggested(path or row.name)
    started = start_if_large(row, path=path, name=name, user=user, description=description)
    if started is not None:
        return started
    files = entries_at(row, path=path, user=user, most=SMALL_BYTES)
    tree = registry.store().put_manifest(files)
    only = set(files) == {PurePosixPath(path).name} and path != ""
    return registry.register(
        workspace=row.workspace, kind="data", name=name, tree=tree, description=description,
        document={"dataType": "uri_file" if only else "uri_folder", "dataUri": tree.uri},
        properties=_source(row, path), user=user,
    )  # fmt: skip


def start_if_large(
    row: Datastore, *, path: str, name: str, user: User, kind: str = "", version: str = "",
    description: str = "", tags: dict[str, str] | None = None,
    properties: dict[str, str] | None = None,
) -> Started | None:  # fmt: skip
    """Start the run that registers a path; None when it is so small that nobody has to wait."""
    place = services.files(row, user=user, reason="register")
    if isinstance(place, Own):
        return None  # stored already: no byte is copied
    found = list(islice(place.walk(path), SMALL_FILES + 1))
    sizes = [size for _, size in found]
    # A web server does not say how large its file is.
    if len(found) <= SMALL_FILES and None not in sizes and sum(filter(None, sizes)) <= SMALL_BYTES:
        return None
    only = path != "" and found[0][0] == path
    source = _source(row, path)
    return background.start(
        workspace=row.workspace, user=user, name=name, description=description, version=version,
        kind=kind or ("uri_file" if only else "uri_folder"), tags=tags,
        properties=source | (properties or {}),
        source={"type": "file_system", "path": source["source.uri"]},
    )  # fmt: skip


def entries_at(row: Datastore, *, path: str, user: User, most: int) -> dict[str, Entry]:
    """Return the files at a path of a datastore by their names below it, their bytes stored.

    Those of the studio's own datastores are stored already; others are copied, up to `most` bytes.
    """
    place = services.files(row, user=user, reason="register")
    if isinstance(place, Own):
        found = place.entries(path)
    else:
        found = {}
        store, total = registry.store(), 0
        for name, _ in place.walk(path):
            with place.open(name) as source:
                try:
                    blob = store.put_stream(_chunks(source), limit=most - total)
                except StudioError as error:
                    raise _too_large(error, path, most) from error
            found[name] = Entry(blob.sha256, blob.size)
            total += blob.size
            if len(found) > MOST_FILES:
                raise StudioError(
                    f"{path or 'The datastore'} holds more than {MOST_FILES:,} files.", where="path",
                    hint="Import it, or take a folder below it.", code="too_large",
                )  # fmt: skip
    # A file has its own name, one in a folder the rest of its path.
    return {
        name.removeprefix(path).strip("/") or PurePosixPath(name).name: entry
        for name, entry in found.items()
    }


def _too_large(error: StudioError, path: str, most: int) -> StudioError:
    if error.code != "too_large":
        return error
    return StudioError(
        f"{path or 'The datastore'} holds more than the {most >> 20} MiB that are copied while you wait.",
        hint="Import it, from the page of data: that is a run, which shows how far it is.", where="path",
        code="too_large",
    )  # fmt: skip


def register_rows(
    row: Datastore, *, table: str = "", query: str = "", name: str, user: User,
    description: str = "",
) -> Started:  # fmt: skip
    """Start the run that registers the rows of a table or query: nobody knows how many will come."""
    check_gives(services.kind_of(row), "tables")
    source = {"query": query} if query else {"table": table}
    return background.start(
        workspace=row.workspace, user=user, kind="uri_folder", description=description,
        name=name or suggested(table.replace(".", "-") or row.name),
        source={"type": "database", "connection": row.name, **source},
        properties={"source.datastore": row.name, "source.query": query[:2000]} if query
        else {"source.datastore": row.name, "source.table": table},
    )  # fmt: skip


def _source(row: Datastore, path: str) -> dict[str, str]:
    """Return what a version says of where it comes from."""
    uri = f"azureml://datastores/{row.name}/paths/{path}"
    return {"source.datastore": row.name, "source.path": path, "source.uri": uri}


def suggested(path: str) -> str:
    """Return a name for a data asset of this path."""
    stem = PurePosixPath(path).stem or "data"
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:100] or "data"


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk


def register_sample(
    *, workspace: Workspace, name: str, user: User, asset: str = ""
) -> AssetVersion:
    """Register one of scikit-learn's tables as data; a child process writes it."""
    sample = sample_named(name)
    with tempfile.TemporaryDirectory(prefix="officina-sample-") as folder:
        file = Path(folder, "data.parquet")
        ask("sample", name=name, target=str(file))
        blob = registry.store().put_file(file)
    tree = registry.store().put_manifest({"data.parquet": Entry(blob.sha256, blob.size)})
    return registry.register(
        workspace=workspace, kind="data", name=asset or sample.name, tree=tree,
        document={"dataType": "uri_folder", "dataUri": tree.uri}, tags={"sample": "scikit-learn"},
        description=f"{sample.title}: {sample.rows:,} rows, {sample.task}.", user=user,
    )  # fmt: skip
