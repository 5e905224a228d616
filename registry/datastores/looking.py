"""What pages and API show of a datastore: a page of a folder, the beginning of a file or query."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from officina.errors import StudioError
from registry.datastores import registering, services
from registry.datastores.background import Started
from registry.models import AssetVersion, Datastore
from studio.lib import preview as previews
from studio.workspaces.models import User

ROWS = 100
# A Parquet file's footer is at its end: up to this size the file is read whole for a look.
MOST_WHOLE = 64 * 2**20


def page(
    row: Datastore, *, user: User, path: str = "", after: str = "", limit: int = 200
) -> dict[str, Any]:
    """Return `{"kind": "files" | "tables", "items", "next"}`."""
    if services.kind_of(row).gives == "tables":
        names = services.database(row, user=user, reason="browse").tables()
        rest = [name for name in names if name > after]
        more = rest[limit - 1] if len(rest) > limit else ""
        items = [{"name": name, "path": name, "folder": False} for name in rest[:limit]]
        return {"kind": "tables", "path": "", "items": items, "next": more}
    found = services.files(row, user=user).list(path, after=after, limit=limit)
    items = [
        {
            "name": each.name, "path": each.path, "folder": each.is_folder, "size": each.size,
            "changed": datetime.fromtimestamp(each.changed, UTC) if each.changed else None,
        }
        for each in found.items
    ]  # fmt: skip
    return {"kind": "files", "path": path, "items": items, "next": found.next}


def preview(
    row: Datastore, *, user: User, path: str = "", query: str = "", table: str = ""
) -> dict[str, Any]:
    """Return the beginning of a file, or the first rows of a query or table."""
    if query or table:
        database = services.database(row, user=user, reason="preview")
        asked = query or database.select_of(table)
        found = database.preview(asked, limit=ROWS)
        grid = {**found, "total": len(found["rows"])}
        return {
            "kind": "table", "grid": grid, "rows": None, "columns": len(found["columns"]),
            "shown": len(found["rows"]), "query": asked,
        }  # fmt: skip
    if not path:
        raise StudioError("Nothing is chosen.", hint="Give a path or a query.", where="path")
    place = services.files(row, user=user, reason="preview")
    size = place.size(path)
    with place.open(path) as source:
        if size is None:
            size = source.seek(0, io.SEEK_END)
            source.seek(0)
        if path.lower().endswith(".parquet") and size > MOST_WHOLE and not source.seekable():
            return {"kind": "none", "why": "Register it to look inside.", "size": size}
        return {**previews.preview(name=path, size=size, source=source), "size": size}


def register(
    row: Datastore, *, user: User, path: str = "", query: str = "", table: str = "",
    asset: str = "", description: str = "",
) -> AssetVersion | Started:  # fmt: skip
    """Register a path, query or table of a datastore as the next version of a data asset."""
    if query or table:
        return registering.register_rows(
            row, query=query, table="" if query else table, name=asset, user=user,
            description=description,
        )  # fmt: skip
    return registering.register_path(
        row, path=path.strip("/"), name=asset, user=user, description=description
    )
