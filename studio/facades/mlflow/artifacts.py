"""The artifact calls: files of runs, of logged models and (read only) of registered versions, by path."""

from __future__ import annotations

import re
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse

from officina.storage import Entry, paths
from registry import services as registry
from studio.facades.mlflow.callers import Caller, job_only
from studio.facades.mlflow.wire import ABSENT, Message, Refusal
from studio.lib.files import UserFileResponse, is_picture
from studio.runs.models import Artifact, LoggedModel, Run
from studio.runs.services import artifacts as stored
from studio.runs.services import logged_models

CHUNK = 256 << 10
REGISTRY = "registry"
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]+):")
_RUN = re.compile(r"^\d+/(?P<run>[0-9a-f]{32})/artifacts(?:/(?P<rest>.*))?\Z", re.S)
_MODEL = re.compile(r"^\d+/models/(?P<model>m-[0-9a-f]{32})/artifacts(?:/(?P<rest>.*))?\Z", re.S)
_VERSION = re.compile(r"^registry/(?P<name>[^/]+)/(?P<version>[^/]+)(?:/(?P<rest>.*))?\Z", re.S)


@dataclass
class Place:
    """What an artifact path names: a run, a logged model or stored files, and a path inside."""

    rest: str
    run: Run | None = None
    model: LoggedModel | None = None
    files: dict[str, Entry] = field(default_factory=dict)

    def entries(self) -> dict[str, Entry]:
        """Return the files at and below the path, by their whole name."""
        files = self.files
        if self.run is not None:
            rows = Artifact.objects.filter(run=self.run.reused_from or self.run)
            if self.rest:
                rows = rows.filter(path__startswith=self.rest)
            columns = rows.values_list("path", "sha256", "size")
            files = {path: Entry(sha256, size) for path, sha256, size in columns}
        if self.model is not None:
            files = {
                name: Entry(each["sha256"], each["size"]) for name, each in self.model.files.items()
            }
        below = f"{self.rest}/" if self.rest else ""
        return {n: e for n, e in files.items() if n == self.rest or n.startswith(below)}


def place_of(caller: Caller, path: str, *, write: bool = False) -> Place:
    """Find what a path names, and see that the caller may go there."""
    path = path.strip("/") if not write else path.lstrip("/")
    rest = ""
    if match := _RUN.match(path) or _MODEL.match(path) or _VERSION.match(path):
        rest = match["rest"] or ""
    else:
        paths.check_name(path or "/")
        raise Refusal(f"There are no artifacts at {path[:200]!r}.", ABSENT)
    if rest or write:
        rest = paths.check_name(rest)
    if "run" in match.groupdict():
        return Place(rest, run=caller.find_run(match["run"], alive=write, wide=False))
    if "model" in match.groupdict():
        return Place(rest, model=model_for(caller, match["model"], write=write))
    if write:
        raise Refusal("The files of a registered version never change.", "PERMISSION_DENIED")
    row = registry.find(
        workspace=caller.workspace, kind="model", name=match["name"], version=match["version"],
        archived=True,
    )  # fmt: skip
    files = {}
    if row.tree:
        tree = registry.open_tree(workspace=caller.workspace, digest=row.tree)
        files = dict(tree.files)
    return Place(rest, files=files)


def model_for(caller: Caller, guid: str, *, write: bool = False) -> LoggedModel:
    """Return a logged model; a job's token reaches those of its own runs only."""
    row = logged_models.find_model(workspace=caller.workspace, guid=guid)
    if caller.job is not None and not caller.reaches(row.run):
        raise job_only("models that its own runs logged")
    return row


def listing(caller: Caller, message: Message) -> dict[str, Any]:
    """List a folder, with names relative to it; a file and a missing folder list as nothing."""
    path = message.text("path")
    if not path:
        return {"files": []}
    return {"files": listed(place_of(caller, path))}


def listed(place: Place, *, whole: bool = False) -> list[dict[str, Any]]:
    """Return the files and folders right below a place; `whole` names start at its root."""
    start = f"{place.rest}/" if place.rest else ""
    found: dict[str, dict[str, Any]] = {}
    for name, entry in place.entries().items():
        if name == place.rest:
            continue
        first, mark, _ = name.removeprefix(start).partition("/")
        shown = start + first if whole else first
        found[first] = (
            {"path": shown, "is_dir": True}
            if mark
            else {"path": shown, "is_dir": False, "file_size": entry.size}
        )
    return [found[name] for name in sorted(found)]


def list_of_run(caller: Caller, message: Message) -> dict[str, Any]:
    """List a run's artifacts the older way: names from the root, as R and Java ask."""
    guid = message.text("run_id") or message.text("run_uuid")
    run = caller.find_run(guid or message.text("run_id", required=True), wide=False)
    path = message.text("path").strip("/")
    place = Place(paths.check_name(path) if path else "", run=run)
    root = f"mlflow-artifacts:/{caller.experiment_id(run.experiment)}/{run.guid}/artifacts"
    return {"root_uri": root, "files": listed(place, whole=True)}


def list_of_model(caller: Caller, message: Message) -> dict[str, Any]:
    model = model_for(caller, message.text("model_id", required=True))
    path = message.text("artifact_directory_path").strip("/")
    place = Place(paths.check_name(path) if path else "", model=model)
    root = (
        f"mlflow-artifacts:/{caller.experiment_id(model.experiment)}/models/{model.guid}/artifacts"
    )
    return {"root_uri": root, "files": listed(place, whole=True)}


def download(caller: Caller, message: Message) -> HttpResponse:
    """Send a file, always as a download: stored HTML must not run as a page of ours."""
    path = message.text("artifact_path", required=True)
    place = place_of(caller, path)
    entry = place.entries().get(place.rest)
    if entry is None or not place.rest:
        raise Refusal(f"There is no artifact at {path[:300]!r}.", ABSENT)
    return UserFileResponse(
        registry.store().open(entry.sha256), name=place.rest, size=entry.size, download=True,
        part=caller.request.headers.get("Range", ""),
    )  # type: ignore[return-value] # fmt: skip


def upload(caller: Caller, message: Message) -> dict[str, Any]:
    """Store the body, whatever type it says it has, as a file of a run or logged model."""
    place = place_of(caller, message.text("artifact_path", required=True), write=True)
    blob = registry.store().put_stream(body_of(caller.request))
    promised = _DIGEST.search(caller.request.headers.get("Content-Digest", ""))
    if promised and promised[1] != b64encode(bytes.fromhex(blob.sha256)).decode():
        raise Refusal("The upload does not have the digest that was promised; send it again.")
    if place.run is not None:
        kind = "image" if is_picture(place.rest) else "file"
        stored.add_artifact(
            run=place.run, path=place.rest, sha256=blob.sha256, size=blob.size, kind=kind,
            key=place.rest[:250] if kind == "image" else "",
        )  # fmt: skip
    elif place.model is not None:
        logged_models.add_file(model=place.model, path=place.rest, blob=blob)
    return {}


def body_of(request: HttpRequest) -> Iterator[bytes]:
    """Yield the raw body as it arrives: Django takes one that comes in chunks for empty, and copies all others."""
    source, length = request.META["wsgi.input"], request.META.get("CONTENT_LENGTH")
    read = getattr(source, "read1", source.read)
    endless = sys.maxsize if request.META.get("HTTP_TRANSFER_ENCODING") else 0
    got, most = 0, int(length) if length else endless
    while got < most and (chunk := read(min(CHUNK, most - got))):
        got += len(chunk)
        yield chunk
    if length and got != int(length):
        raise Refusal(f"The upload ended after {got} of {length} bytes; send it again.")


def delete(caller: Caller, message: Message) -> dict[str, Any]:
    """Delete a file, or a folder with all that is in it; what is not there is no error."""
    caller.people_only()
    place = place_of(caller, message.text("artifact_path", required=True), write=True)
    names = list(place.entries())
    if place.run is not None:
        stored.remove_artifacts(run=place.run, paths_gone=names)
    elif place.model is not None:
        logged_models.remove_files(model=place.model, paths_gone=names)
    return {}


def multipart(caller: Caller, message: Message) -> dict[str, Any]:
    """Send the client back to plain uploads: it falls back on exactly this sentence."""
    raise Refusal(
        "Multipart upload is not supported for the current artifact repository", "NOT_IMPLEMENTED"
    )


def source_path(source: str) -> str | None:
    """Return the path in a `mlflow-artifacts:` address, or None for any other."""
    if not source.startswith("mlflow-artifacts:"):
        return None
    rest = source.removeprefix("mlflow-artifacts:")
    if rest.startswith("//"):
        rest = rest[2:].partition("/")[2]
    return unquote(rest.lstrip("/"))
