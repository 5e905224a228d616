"""The client that scripts and the command line use."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urljoin, urlsplit

import httpx

from officina.client.assets import Assets
from officina.client.computes import Computes
from officina.client.datastores import Datastores
from officina.client.download import download_listing
from officina.client.journal import LoggedRun
from officina.client.logs import ENDED, follow
from officina.client.modelwork import ModelWork
from officina.client.profile import load_profile
from officina.client.schedules import Schedules
from officina.client.transport import Transport
from officina.client.upload import upload_locals
from officina.documents import load_job
from officina.errors import StudioError
from officina.jobfile import read_job_file
from officina.storage import git

API = "/api/v1/workspaces"
_GUID = re.compile(r"[0-9a-f]{32}")
Run = dict[str, Any]


class Client:
    """A studio, seen from one workspace.

    Address, token and workspace come from the arguments, else from OFFICINA_URL, OFFICINA_TOKEN and
    OFFICINA_WORKSPACE, else from what `officina login` kept. All errors are `StudioError`.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        workspace: str | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.profile = load_profile(url, token, workspace)
        self.transport = Transport(self.profile, transport=transport)
        self._workspace = self.profile.workspace
        self._mlflow = ""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()

    # Workspaces

    def workspaces(self) -> list[dict[str, Any]]:
        """Return the workspaces that the token may see."""
        answer = self.transport.json("GET", API)
        return list(answer["items"] if isinstance(answer, Mapping) else answer)

    def workspace(self, name: str | None = None) -> dict[str, Any]:
        """Return one workspace, by default the chosen one."""
        return dict(self.transport.json("GET", f"{API}/{quote(name or self.workspace_name, '')}"))

    @property
    def workspace_name(self) -> str:
        """Return the chosen workspace, or the only one there is."""
        if not self._workspace:
            names = [str(item["name"]) for item in self.workspaces()]
            if len(names) != 1:
                raise StudioError(
                    f"Which workspace? You are in {len(names)}: {', '.join(names[:20]) or 'none'}.",
                    hint="Give --workspace, or set OFFICINA_WORKSPACE.",
                    where="workspace",
                )
            self._workspace = names[0]
        return self._workspace

    @property
    def base(self) -> str:
        """Return the path of the workspace's part of the API."""
        return f"{API}/{quote(self.workspace_name, '')}"

    def _run(self, name: str) -> str:
        return f"{self.base}/runs/{quote(name, '')}"

    def create_workspace(self, name: str, *, display_name: str = "") -> dict[str, Any]:
        """Make a workspace that the caller owns."""
        body = {"name": name, "display_name": display_name or name}
        return dict(self.transport.json("POST", API, json=body, key=str(uuid.uuid4())))

    def update_workspace(self, name: str | None, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change a workspace's words."""
        place = f"{API}/{quote(name or self.workspace_name, '')}"
        return dict(self.transport.json("PATCH", place, json=dict(changes)))

    def page(self, path: str) -> str:
        """Return the address of a page of the workspace."""
        return f"{self.profile.url}/w/{quote(self.workspace_name, '')}/{path}"

    @property
    def mlflow_path(self) -> str:
        """Return the path under which the workspace speaks MLflow."""
        if not self._mlflow:
            self._mlflow = urlsplit(str(self.workspace()["mlflow_tracking_uri"])).path.rstrip("/")
        return self._mlflow

    def start_run(self, experiment: str = "Default", name: str = "") -> LoggedRun:
        """Begin a run that is logged from here, whether or not the studio answers now."""
        return LoggedRun(self, experiment, name)

    def assets(self, kind: str) -> Assets:
        """Return the assets of a kind: data, model, environment or component."""
        return Assets(self, kind)

    @property
    def model_work(self) -> ModelWork:
        """Return the work on the workspace's models."""
        return ModelWork(self)

    @property
    def computes(self) -> Computes:
        """Return the workspace's computes."""
        return Computes(self)

    @property
    def datastores(self) -> Datastores:
        """Return the workspace's datastores."""
        return Datastores(self)

    @property
    def schedules(self) -> Schedules:
        """Return the workspace's schedules."""
        return Schedules(self)

    # Jobs

    def create_job(
        self,
        source: Path | str | Mapping[str, Any],
        *,
        set: Mapping[str, Any] | None = None,
        name: str | None = None,
        progress: Callable[[str], None] = lambda text: None,
    ) -> Run:
        """Submit a job (a file, or a document), with its local files, and return the run.

        `set` changes the document by dotted paths, as `--set` does. `progress` is told of warnings
        and uploads.
        """
        path = Path(source) if isinstance(source, str | Path) else None
        if path is not None:
            loaded = read_job_file(path, overrides=set)
        else:
            given = cast("Mapping[str, Any]", source)
            loaded = load_job(given, base=Path.cwd(), overrides=set)
        for warning in loaded.warnings:
            progress(f"warning: {warning}")
        document = upload_locals(
            loaded.document,
            loaded.local,
            transport=self.transport,
            base=self.base,
            progress=progress,
        )
        body: dict[str, Any] = {"document": document}
        wanted = name or document.get("name")
        if wanted:
            body["name"] = wanted
        code = next((ref.path for ref in loaded.local if ref.kind == "code"), None)
        folder = code or (path.resolve().parent if path else None)
        state = git.describe(folder if folder.is_dir() else folder.parent) if folder else None
        if state:
            body["git"] = state
        return dict(
            self.transport.json("POST", f"{self.base}/runs", json=body, key=str(uuid.uuid4()))
        )

    def address_of(self, run: Run) -> str:
        """Return the address of a run's page."""
        return urljoin(self.profile.url + "/", str(run.get("url") or ""))

    def show_job(self, name: str) -> Run:
        """Return a run by its name or guid."""
        return dict(self.transport.json("GET", self._run(name)))

    def list_jobs(
        self,
        *,
        status: str | None = None,
        experiment: str | None = None,
        kind: str | None = None,
        parent: str | None = None,
        search: str | None = None,
        archived: str = "active",
        order: str = "-created",
        page_size: int = 50,
    ) -> Iterator[Run]:
        """Yield runs, newest first, page by page."""
        if parent is not None and not _GUID.fullmatch(parent):
            parent = str(self.show_job(parent)["guid"])
        given = {"status": status, "experiment": experiment, "kind": kind}
        given |= {"parent": parent, "search": search}
        # A studio of before knows no such filter.
        given["archived"] = archived if archived != "active" else None
        params = {key: value for key, value in given.items() if value is not None}
        params |= {"order": order, "page_size": str(page_size)}
        return self.transport.pages(f"{self.base}/runs", params)

    def children(self, name: str) -> Iterator[Run]:
        """Yield the steps of a pipeline run."""
        return self.transport.pages(f"{self._run(name)}/children", {"page_size": 200})

    def update_job(self, name: str, changes: Mapping[str, Any]) -> Run:
        """Change a run's display_name, description, notes or tags (`tags.a`)."""
        run = self.show_job(name)
        body: dict[str, Any] = {}
        for path, value in changes.items():
            head, _, rest = path.partition(".")
            if head not in {"display_name", "description", "notes", "tags"}:
                raise StudioError(
                    f"'{head}' of a job cannot change.",
                    hint="Change display_name, description, notes or tags.",
                    where=f"--set {path}",
                )
            if rest:
                body.setdefault(head, dict(run.get(head) or {}))[rest] = str(value)
            else:
                body[head] = value
        return dict(self.transport.json("PATCH", self._run(name), json=body))

    def archive_job(self, name: str) -> Run:
        """Hide a run from lists; nothing is deleted."""
        return dict(self.transport.json("PATCH", self._run(name), json={"archived": True}))

    def restore_job(self, name: str) -> Run:
        """Show an archived run in lists again."""
        return dict(self.transport.json("PATCH", self._run(name), json={"archived": False}))

    def cancel_job(self, name: str) -> Run:
        """Ask a run to end, and return it as it is now."""
        answer = self.transport.json("POST", f"{self._run(name)}/cancel", key=str(uuid.uuid4()))
        return dict(answer) if answer else self.show_job(name)

    def stream_job(self, name: str, write: Callable[[str], None]) -> Run:
        """Write a run's log as it grows, or its steps and their logs; return the ended run."""
        return follow(self.transport, f"{self.base}/runs", self.show_job(name), write)

    def download_job(self, name: str, dest: Path, output: str | None = None) -> list[Path]:
        """Fetch a run's artifacts and outputs, or one output, into `dest`; return the files."""
        run = self.show_job(name)
        outputs = dict(run.get("outputs") or {})
        if output is not None and output not in outputs:
            raise StudioError(
                f"The job has no output {output!r}; it has {', '.join(outputs) or 'none'}"
                f"{'' if run['status'] in ENDED else ' so far'}.",
                where="output-name",
                code="not_found",
            )
        address = self._run(str(run["guid"]))
        written: list[Path] = []
        if output is None:
            written += download_listing(self.transport, f"{address}/artifacts", dest / "artifacts")
        for port in [output] if output is not None else outputs:
            listing = f"{address}/outputs/{quote(port, '')}/files"
            written += download_listing(self.transport, listing, dest / "named-outputs" / port)
        return written
