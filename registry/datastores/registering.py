"""Data assets made of what a datastore holds: the bytes are copied, so a version never changes."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from officina.data import ask
from officina.data.samples import sample_named
from officina.errors import StudioError
from officina.storage import Entry, Tree
from registry import services as registry
from registry.datastores import services
from registry.datastores.own import Own
from registry.models import AssetVersion, Datastore
from studio.workspaces.models import User, Workspace

CHUNK = 1 << 20
# More than this is copied by an import, whose run shows how far it is.
MOST_BYTES = 5 * 2**30
MOST_FILES = 20_000


def register_path(
    row: Datastore, *, path: str, name: str, user: User, description: str = ""
) -> AssetVersion:
    """Register a file or folder of a datastore as the next version of a data asset."""
    files = entries_at(row, path=path, user=user, most=MOST_BYTES)
    only = set(files) == {PurePosixPath(path).name} and path != ""
    return _register(
        row, tree=registry.store().put_manifest(files), name=name, user=user, description=description,
        kind="uri_file" if only else "uri_folder", path=path,
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
                    hint="Register a folder below it.", code="too_large",
                )  # fmt: skip
    # A file has its own name, one in a folder the rest of its path.
    return {
        name.removeprefix(path).strip("/") or PurePosixPath(name).name: entry
        for name, entry in found.items()
    }


def _too_large(error: StudioError, path: str, most: int) -> StudioError:
    if error.code != "too_large":
        return error
    words = f"{most >> 30} GiB" if most >= 2**30 else f"{most >> 20} MiB"
    return StudioError(
        f"{path or 'The datastore'} holds more than the {words} that are copied while you wait.",
        hint="Import it, from the page of data: that is a run, which shows how far it is.", where="path",
        code="too_large",
    )  # fmt: skip


def register_query(
    row: Datastore, *, query: str, name: str, user: User, description: str = ""
) -> AssetVersion:
    """Register the rows of a query, as Parquet, as the next version of a data asset."""
    database = services.database(row, user=user, reason="register")
    with tempfile.TemporaryDirectory(prefix="officina-query-") as folder:
        file = Path(folder, "data.parquet")
        write_parquet(database.batches(query), file)
        blob = registry.store().put_file(file)
    tree = registry.store().put_manifest({"data.parquet": Entry(blob.sha256, blob.size)})
    return _register(
        row, tree=tree, name=name, user=user, description=description, kind="uri_folder",
        query=query,
    )  # fmt: skip


def write_parquet(batches: Iterator[tuple[list[str], list[Any]]], file: Path) -> int:
    """Write rows to a Parquet file batch by batch; returns their number.

    A column whose later values do not fit the type of its first ones is an error that names it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: Any = None
    count = 0
    try:
        for names, rows in batches:
            columns: list[Any] = list(zip(*rows, strict=True)) if rows else [[] for _ in names]
            if len(set(names)) != len(names):
                raise StudioError(
                    "Two columns of the query have one name.", hint="Rename one with AS.",
                    where="query",
                )  # fmt: skip
            arrays = []
            for index, name in enumerate(names):
                kind = writer.schema.field(name).type if writer else None
                arrays.append(_array(pa, list(columns[index]), name, kind))
            table = pa.Table.from_arrays(arrays, names=names)
            if writer is None:
                writer = pq.ParquetWriter(file, table.schema)
            writer.write_table(table)
            count += len(rows)
    finally:
        if writer is not None:
            writer.close()
    return count


def _array(pa: Any, values: list[Any], name: str, kind: Any) -> Any:
    try:
        found = pa.array(values, type=kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        if kind is None:
            return pa.array([None if v is None else str(v) for v in values], pa.string())
        raise StudioError(
            f"Column {name!r} changes its type on the way: {error}", where="query",
            hint=f"Cast {name} to one type in the query.",
        ) from None  # fmt: skip
    # A batch of nulls says nothing of the type; text takes whatever follows.
    return found.cast(pa.string()) if pa.types.is_null(found.type) else found


def _register(
    row: Datastore, *, tree: Tree, name: str, user: User, description: str, kind: str,
    path: str = "", query: str = "",
) -> AssetVersion:  # fmt: skip
    uri = f"azureml://datastores/{row.name}/paths/{path}" if not query else ""
    source = {"source.datastore": row.name}
    source |= {"source.query": query[:2000]} if query else {"source.path": path, "source.uri": uri}
    return registry.register(
        workspace=row.workspace, kind="data", name=name or suggested(path or row.name), tree=tree,
        document={"dataType": kind, "dataUri": tree.uri}, description=description,
        properties=source, user=user,
    )  # fmt: skip


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
