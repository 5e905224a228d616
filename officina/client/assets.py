"""Data, models, environments and components of a workspace: registered, listed, changed, fetched."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from officina.client.download import download_listing
from officina.client.shapes import shape_asset, shape_version
from officina.client.upload import upload_locals
from officina.documents import parse_reference
from officina.documents.assets import load_asset
from officina.errors import StudioError

if TYPE_CHECKING:
    from officina.client.client import Client

COLLECTIONS = {
    "data": "data",
    "model": "models",
    "environment": "environments",
    "component": "components",
}
_RUN_FILES = re.compile(
    r"(?:azureml:/?/?(?:subscriptions/.+?/)?jobs/(?P<job>[^/]+)/outputs/(?P<port>[^/]+)(?:/paths)?"
    r"|runs:/(?P<run>[^/]+))(?:/(?P<path>.*))?\Z"
)
Row = dict[str, Any]


class Assets:
    """The assets of one kind, in the shapes that `az ml` prints."""

    def __init__(self, client: Client, kind: str) -> None:
        self._client = client
        self.kind = kind

    @property
    def _base(self) -> str:
        return f"{self._client.base}/{COLLECTIONS[self.kind]}"

    def _at(self, name: str, version: str | None = None) -> str:
        place = f"{self._base}/{quote(name, '')}"
        return place if version is None else f"{place}/versions/{quote(version, '')}"

    def create(
        self,
        source: Path | str | Mapping[str, Any],
        *,
        set: Mapping[str, Any] | None = None,
        progress: Callable[[str], None] = lambda text: None,
    ) -> Row:
        """Register a version from a file or mapping, with its local files, and return it.

        Of data in a datastore that takes long to copy, wait for the job that does it: the job goes
        on when the waiting is broken off.
        """
        path = Path(source) if isinstance(source, str | Path) else None
        base = None if path else Path.cwd()
        loaded = load_asset(
            self.kind, path or source, base=base, overrides=set
        )  # fmt: skip
        for warning in loaded.warnings:
            progress(f"warning: {warning}")
        transport = self._client.transport
        body = upload_locals(
            loaded.body, loaded.local, transport=transport, base=self._client.base,
            progress=progress,
        )  # fmt: skip
        stage = body.pop("stage", "")
        body = self._with_run_files(body)
        row = transport.json("POST", self._base, json=body, key=str(uuid.uuid4()))
        if "run" in row and "version" not in row:
            row = self._registered_by(row["run"], progress)
        if stage:
            row = self._patch(row["name"], row["version"], {"stage": stage})
        return shape_version(row)

    def _registered_by(self, started: Row, progress: Callable[[str], None]) -> Row:
        """Wait for the run that copies what is large, and return the version that it registered."""
        name = str(started["name"])
        progress(f"job {name} copies it: {self._client.address_of(started)}")
        run = self._client.stream_job(name, lambda text: progress(text.rstrip("\n")))
        made = (run.get("tags") or {}).get("data")
        if run["status"] != "Completed" or not made:
            error = run.get("error") or {}
            raise StudioError(
                f"Job {name} ended as {run['status']}, so nothing was registered. "
                f"{error.get('message') or ''}".rstrip(),
                hint=str(error.get("hint") or "See its log."), where="path",
            )  # fmt: skip
        asset, _, version = str(made).rpartition(":")
        return dict(self._client.transport.json("GET", self._at(asset, version)))

    def show(self, name: str, *, version: str | None = None, label: str | None = None) -> Row:
        """Return a version: the one named, the one that a label names, or the newest."""
        if name.startswith("azureml:"):
            # As a job names it: azureml:<name>@<label>, azureml://registries/.../labels/latest.
            meant = parse_reference(name)
            name, version, label = meant.name, version or meant.version, label or meant.label
        chosen = version or label or "latest"
        return shape_version(self._client.transport.json("GET", self._at(name, chosen)))

    def list(self, name: str | None = None, *, archived: str = "active") -> Iterator[Row]:
        """Yield the assets, or the versions of one, newest first."""
        transport = self._client.transport
        params = {"archived": archived, "page_size": 200}
        if name is None:
            for row in transport.pages(self._base, params):
                yield shape_asset(row)
            return
        for row in transport.pages(f"{self._at(name)}/versions", params):
            yield shape_version(row)

    def update(
        self, name: str, *, version: str | None, label: str | None, set: Mapping[str, Any]
    ) -> Row:
        """Change description, tags, properties or stage by dotted paths."""
        row = self.show(name, version=version, label=label)
        body: Row = {}
        for path, value in set.items():
            head, _, rest = path.partition(".")
            if head not in {"description", "tags", "properties", "stage"}:
                raise StudioError(
                    f"'{head}' of a version cannot change.",
                    hint="Change description, tags, properties or stage, or make a new version.",
                    where=f"--set {path}",
                )
            if rest:
                body.setdefault(head, dict(row.get(head) or {}))[rest] = str(value)
            else:
                body[head] = value
        return shape_version(self._patch(name, row["version"], body))

    def archive(self, name: str, *, version: str | None = None, label: str | None = None) -> None:
        """Hide a version, or the whole name, from lists; nothing is deleted."""
        self._archived(name, version, label, True)

    def restore(self, name: str, *, version: str | None = None, label: str | None = None) -> None:
        """Show again what was archived."""
        self._archived(name, version, label, False)

    def _archived(self, name: str, version: str | None, label: str | None, wanted: bool) -> None:
        if label and not version:
            version = str(self.show(name, label=label)["version"])
        place = self._at(name, version)
        self._client.transport.json("PATCH", place, json={"archived": wanted})

    def delete(self, name: str, *, version: str | None = None, confirm: bool = False) -> Row:
        """Delete a version or a whole name; without `confirm`, only say what would go."""
        query = {"confirm": "true"} if confirm else {}
        return dict(self._client.transport.json("DELETE", self._at(name, version), params=query))

    def download(self, name: str, dest: Path, *, version: str | None = None) -> list[Path]:  # type: ignore[valid-type]
        """Fetch a version's files into `dest`, each checked against its digest."""
        place = self._at(name, version or "latest")
        return download_listing(self._client.transport, f"{place}/files", dest)

    def _patch(self, name: str, version: str, body: Row) -> Row:
        transport = self._client.transport
        return dict(transport.json("PATCH", self._at(name, str(version)), json=body))

    def _with_run_files(self, body: Row) -> Row:
        """Let an address of a run's files be those files: their bytes are in the store already."""
        document = body.get("document") or {}
        key = "modelUri" if self.kind == "model" else "dataUri"
        match = _RUN_FILES.match(str(document.get(key) or ""))
        if match is None:
            return body
        run = self._client.show_job(match["job"] or match["run"])
        tree = _tree_of(
            self._client, run, match["port"] or "artifacts", (match["path"] or "").strip("/")
        )
        rest = {name: value for name, value in document.items() if name != key}
        return {**body, "tree": tree, "run": run["guid"], "document": rest}


def _tree_of(client: Client, run: Row, port: str, path: str) -> str:
    """Store a part of a run's files as a tree and return its address; no bytes are moved."""
    place = f"{client.base}/runs/{run['guid']}"
    listings = [f"{place}/outputs/{quote(port, '')}/files"]
    if port in {"artifacts", "default"}:
        # An output of that name is `./outputs`; otherwise it means all that the job left.
        named = port in (run.get("outputs") or {})
        listings = [*(listings if named else []), f"{place}/artifacts"]
    files = next(filter(None, (_files_below(client, each, path) for each in listings)), {})
    if not files:
        raise StudioError(
            f"Job {run['name']} has no files at {port}/{path}.", where="path", code="not_found",
            hint="See them with 'officina job download', or on the job's page.",
        )  # fmt: skip
    answer = client.transport.json(
        "POST", f"{client.base}/trees", json={"files": files}, key=str(uuid.uuid4())
    )
    return f"tree:{answer['digest']}"


def _files_below(client: Client, listing: str, path: str) -> dict[str, Row]:
    found = {}
    for item in client.transport.pages(listing, {"page_size": 500}):
        if inside := _below(str(item["path"]), path):
            found[inside] = {"sha256": item["sha256"], "size": item["size"], "executable": False}
    return found


def _below(name: str, path: str) -> str:
    """Return the name seen from a folder or, for the file itself, its last part; '' for others."""
    if not path:
        return name
    if name == path:
        return name.rsplit("/", 1)[-1]
    return name.removeprefix(path + "/") if name.startswith(path + "/") else ""
