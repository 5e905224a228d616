"""Imports: an order becomes a run, and the run's own process is told what to open."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.urls import reverse

from officina.data.importing_document import DATABASE, clean_import, connection_name
from officina.errors import StudioError
from officina.storage.datastores import check_gives
from officina.storage.datastores.web import Web
from registry import services as registry
from registry.datastores import looking
from registry.datastores import services as datastores
from registry.datastores.background import Started
from registry.models import Datastore
from studio.automation.services import quality
from studio.lib import preview as previews
from studio.runs.models import ENDED, HELD, Run
from studio.runs.services import create_run
from studio.workspaces.access import require
from studio.workspaces.models import Workspace

EXPERIMENT = "data-imports"
TAG = "import"
COMMAND = "python -m officina.data.importing"
# The studio's own stack, told in full: a name could be taken by an environment that somebody registers.
ENVIRONMENT = {
    "name": "current",
    "python": {"userManagedDependencies": True, "interpreterPath": "current"},
}
MOST_FILES = 100_000
# So much of a web file is fetched for a look at it.
HEAD_BYTES = 256 * 1024
# Read by the studio for the run: they lie on its own machine, or in its own store.
THROUGH_STUDIO = frozenset({"local", "folder"})


def import_data(
    *, workspace: Workspace, user: Any, document: Any, tags: dict[str, str] | None = None,
    name: str = "",
) -> Run:  # fmt: skip
    """Start an import; its run makes the next version of the data asset, unless nothing changed."""
    require(user, workspace, "registry.write")
    definition = check_import(workspace=workspace, document=document)
    return create_run(
        workspace=workspace, user=user, document=run_document(definition) | {
            "tags": {TAG: definition["assetName"], **(tags or {})}
        }, name=name,
    )  # fmt: skip


def import_once(*, workspace: Workspace, user: Any, document: dict[str, Any]) -> Started:
    """Start an import that a request for a version asked for, or return the one that is on its way."""
    require(user, workspace, "runs.submit")
    definition = check_import(workspace=workspace, document=document)
    under_way = imports_of(workspace, definition["assetName"]).exclude(status__in=ENDED)
    for run in under_way:
        if run.owner == user and run.document.get("dataImport") == definition:
            break
    else:
        run = import_data(workspace=workspace, user=user, document=document)
    url = reverse("run", args=[workspace.name, run.guid])
    return Started(guid=run.guid, name=run.name, asset=definition["assetName"], url=url)


def check_import(*, workspace: Workspace, document: Any) -> dict[str, Any]:
    """Return an import's cleaned definition; refuse one whose datastore cannot give what it asks."""
    definition = clean_import(document)
    registry.check_name(definition["assetName"], "data asset")
    name = connection_name(definition)
    if not name:
        return definition
    row = datastores.find(workspace=workspace, name=name)
    wanted = "tables" if definition["source"]["sourceType"] == DATABASE else "files"
    check_gives(datastores.kind_of(row), wanted)
    return definition


def run_document(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the job of an import: our own command alone, which asks the studio for the rest."""
    wanted = ("dataType", "description", "tags", "registerVersion")
    kept: dict[str, Any] = {key: definition[key] for key in wanted if key in definition}
    source = json.dumps(definition["source"], sort_keys=True)
    kept["properties"] = {**definition.get("properties", {}), "import.source": source[:4_000]}
    kept["always"] = definition.get("onlyIfChanged") is False
    return {
        "jobType": "Command",
        "displayName": f"Import {definition['assetName']}",
        "experimentName": EXPERIMENT,
        "description": f"Imports {words(definition)} as {definition['assetName']}.",
        "environmentId": ENVIRONMENT,
        "command": COMMAND,
        "inputs": {},
        "outputs": {"data": {"jobOutputType": "uri_folder", "mode": "rw_mount"}},
        "dataImport": definition,
        "registerData": kept,
    }


def words(definition: dict[str, Any]) -> str:
    """Return where an import comes from, for people."""
    source, name = definition["source"], connection_name(definition)
    if "tableName" in source:
        return f"the table {source['tableName']} of {name}"
    if "query" in source:
        return f"a query of {name}"
    return f"{source['path'] or 'all'} of {name}" if name else str(source["path"])


def order_for(run: Run) -> dict[str, Any]:
    """Tell a running import what to open, with the credentials that open it.

    Only the token of the run itself gets here. Its document has to be ours to the letter: nothing
    that a person wrote may run where credentials are.
    """
    definition = _genuine(run)
    require(run.owner, run.workspace, "registry.write")
    name = definition["assetName"]
    return {
        "document": definition,
        "open": _opened(run, definition),
        "known": _known(run, definition),
        "rules": quality.rules_of(workspace=run.workspace, name=name)
        if definition.get("enforceRules") else [],
        "allow": settings.IMPORT_ALLOW,
        "limits": {
            "bytes": settings.IMPORT_BYTES, "files": MOST_FILES,
            "query_seconds": settings.IMPORT_QUERY_SECONDS,
        },
    }  # fmt: skip


def _genuine(run: Run) -> dict[str, Any]:
    document = run.document
    given = document.get("dataImport")
    own = run_document(clean_import(given)) if given else {}
    free = {"tags", "displayName", "description", "experimentName", "computeId"}
    if not given or {k: v for k, v in document.items() if k not in free} != {
        k: v for k, v in own.items() if k not in free
    }:
        raise StudioError(
            "This run is not an import.", where="run", code="forbidden",
            hint="Start one with `officina data import`, or on the page Import data.",
        )  # fmt: skip
    if run.status not in HELD:
        raise StudioError("This import is not running.", where="run", code="conflict")
    return dict(given)


def _opened(run: Run, definition: dict[str, Any]) -> dict[str, Any]:
    source, name = definition["source"], connection_name(definition)
    if not name:
        return {"how": "web", "url": source["path"]}
    row = datastores.find(workspace=run.workspace, name=name)
    reason = f"datastore {row.name}: import by run {run.name}"
    if row.kind in THROUGH_STUDIO:
        return {"how": "studio", "path": source["path"]}
    config = datastores.config_of(row)
    if row.kind == "http":
        opened = datastores.files(row, user=run.owner, reason="import")
        assert isinstance(opened, Web)  # noqa: S101 - that is what the kind opens
        url, headers = opened.request_for(source["path"])
        return {"how": "web", "url": url, "headers": headers}
    found = {
        "kind": row.kind, "config": config,
        "secrets": datastores.secrets_of(row, user=run.owner, reason=reason),
    }  # fmt: skip
    if source["sourceType"] == DATABASE:
        return {"how": "rows", **found}
    return {"how": "files", "path": source["path"], **found}


def _known(run: Run, definition: dict[str, Any]) -> dict[str, str]:
    """Return what a web server said of the newest version, if that came from the same place."""
    if definition.get("onlyIfChanged") is False:
        return {}
    newest = registry.versions(
        workspace=run.workspace, kind="data", name=definition["assetName"]
    ).first()
    source = json.dumps(definition["source"], sort_keys=True)[:4_000]
    if newest is None or newest.properties.get("import.source") != source:
        return {}
    found = {
        "etag": newest.properties.get("import.etag", ""),
        "modified": newest.properties.get("import.lastModified", ""),
    }
    return found | {"version": newest.version} if any(found.values()) else {}


def files_of(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the files that an import takes from a place that only the studio reaches, then their number."""
    row, path = _through_studio(run)
    place = datastores.files(row, user=run.owner, reason="import")
    count = 0
    for name, size in itertools.islice(place.walk(path), MOST_FILES + 1):
        count += 1
        yield {"path": name, "size": size}
    yield {"end": count}


def file_of(run: Run, wanted: str) -> Datastore:
    """Return the datastore of an import's file; one that the import does not take is not found."""
    row, path = _through_studio(run)
    if path and wanted != path and not wanted.startswith(f"{path}/"):
        raise StudioError(f"The import does not take {wanted!r}.", where="path", code="not_found")
    return row


def _through_studio(run: Run) -> tuple[Datastore, str]:
    definition = _genuine(run)
    row = datastores.find(workspace=run.workspace, name=connection_name(definition))
    if row.kind not in THROUGH_STUDIO:
        raise StudioError("The run opens this datastore itself.", code="conflict")
    return row, definition["source"]["path"].strip("/")


def preview(*, workspace: Workspace, user: Any, document: Any) -> dict[str, Any]:
    """Return the first rows, or the first lines, of what an import would bring."""
    require(user, workspace, "registry.write")
    definition = check_import(workspace=workspace, document=document)
    source, name = definition["source"], connection_name(definition)
    if not name:
        return _web_preview(source["path"])
    row = datastores.find(workspace=workspace, name=name)
    if source["sourceType"] == DATABASE:
        return looking.preview(
            row,
            user=user,
            path="",
            query=source.get("query", ""),
            table=source.get("tableName", ""),
        )
    place = datastores.files(row, user=user, reason="preview")
    found = list(itertools.islice(place.walk(source["path"]), 101))
    if [path for path, _ in found] == [source["path"]]:
        return looking.preview(row, user=user, path=source["path"])
    return {"kind": "files", "items": [{"path": p, "size": s} for p, s in found[:100]],
            "more": len(found) > 100}  # fmt: skip


def _web_preview(url: str) -> dict[str, Any]:
    from officina.modules import fetch

    for answer, _ in fetch.answers(url, {}):
        if answer.status != 200:
            raise StudioError(
                f"The server answers {answer.status} {answer.reason}.", where="source.path"
            )
        head = answer.read(HEAD_BYTES)
        size = len(head) + (answer.length or 0)
        name = PurePosixPath(unquote(urlsplit(url).path)).name or "download"
        return {**previews.preview(name=name, size=size, source=io.BytesIO(head)), "size": size}
    raise StudioError("No answer came.", where="source.path")


def imports_of(workspace: Workspace, name: str = "") -> Any:
    """Return the runs that imported data, the newest first."""
    rows = Run.objects.filter(
        workspace=workspace, parent=None, labels__kind="tag", labels__key=TAG, deleted=None
    )
    return (rows.filter(labels__value=name) if name else rows).order_by("-created")
