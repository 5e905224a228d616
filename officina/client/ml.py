"""`MLClient`: a workspace in the shapes of Azure's v2 SDK, without Azure's package."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from officina.client.client import Client
from officina.client.datastores import load_datastore
from officina.client.entities import Asset, Entity
from officina.client.journal import LoggedRun
from officina.client.schedules import import_data
from officina.client.shapes import shape_job
from officina.documents.computes import load_compute
from officina.errors import StudioError


def _to_stdout(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _to_stderr(text: str) -> None:
    sys.stderr.write(text + "\n")


class Jobs:
    """The jobs of a workspace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _job(self, run: Mapping[str, Any]) -> Entity:
        return Entity(shape_job(run, self._client.address_of(dict(run))))

    def create_or_update(
        self, job: Mapping[str, Any] | Path | str, *, name: str | None = None, **heads: Any
    ) -> Entity:
        """Submit a job: a mapping, a `command(...)`, a pipeline's call, or a file."""
        source = {**job, **heads} if isinstance(job, Mapping) else job
        changes = None if isinstance(job, Mapping) else heads or None
        run = self._client.create_job(source, set=changes, name=name, progress=_to_stderr)
        return self._job(run)

    def get(self, name: str) -> Entity:
        """Return a job."""
        return self._job(self._client.show_job(name))

    def list(self, *, parent_job_name: str | None = None, **filters: Any) -> Iterator[Entity]:
        """Yield jobs, newest first; filters are status, experiment, kind, search and archived."""
        for run in self._client.list_jobs(parent=parent_job_name, **filters):
            yield self._job(run)

    def stream(self, name: str, write: Callable[[str], None] = _to_stdout) -> Entity:
        """Write a job's log until it ends; a job that fails is a StudioError."""
        run = self._client.stream_job(name, write)
        if run["status"] == "Failed":
            error = run.get("error") or {}
            message = error.get("message") if isinstance(error, Mapping) else error
            raise StudioError(f"Job {name} failed: {message}", where=name, code="failed")
        return self._job(run)

    def begin_cancel(self, name: str) -> Entity:
        """Ask a job to end."""
        return self._job(self._client.cancel_job(name))

    cancel = begin_cancel

    def update(self, name: str, **changes: Any) -> Entity:
        """Change a job's display_name, description or tags."""
        return self._job(self._client.update_job(name, changes))

    def archive(self, name: str) -> None:
        """Hide a job from lists; nothing of it is deleted."""
        self._client.archive_job(name)

    def restore(self, name: str) -> None:
        """Show an archived job in lists again."""
        self._client.restore_job(name)

    def download(
        self,
        name: str,
        *,
        download_path: str | Path = ".",
        output_name: str | None = None,
        all: bool = True,
    ) -> list[Path]:  # type: ignore[valid-type]
        """Fetch a job's artifacts and outputs, or one output."""
        return self._client.download_job(name, Path(download_path), output_name)


class AssetsOfKind:
    """The data, models, environments or components of a workspace."""

    def __init__(self, client: Client, kind: str) -> None:
        self._assets = client.assets(kind)

    def create_or_update(self, asset: Mapping[str, Any] | Path | str) -> Entity:
        """Register a version, with its local files."""
        return Entity(self._assets.create(asset, progress=_to_stderr))

    def get(self, name: str, version: str | None = None, label: str | None = None) -> Entity:
        """Return a version; without one, the newest."""
        return Entity(self._assets.show(name, version=version, label=label))

    def list(self, name: str | None = None, *, archived: str = "active") -> Iterator[Entity]:
        """Yield the names, or one name's versions."""
        for row in self._assets.list(name, archived=archived):
            yield Entity(row)

    def archive(self, name: str, version: str | None = None, label: str | None = None) -> None:
        """Hide a version, or the whole name."""
        self._assets.archive(name, version=version, label=label)

    def restore(self, name: str, version: str | None = None, label: str | None = None) -> None:
        """Show it again."""
        self._assets.restore(name, version=version, label=label)

    def download(
        self, name: str, version: str | None = None, *, download_path: str | Path = "."
    ) -> list[Path]:  # type: ignore[valid-type]
        """Fetch a version's files."""
        return self._assets.download(name, Path(download_path) / name, version=version)


class DataOfWorkspace(AssetsOfKind):
    """The data of a workspace, which can be imported too."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, "data")
        self._client = client

    def import_data(self, data_import: Mapping[str, Any] | Path | str) -> Entity:
        """Start an import and return its job."""
        run = import_data(self._client, data_import)
        return Entity(shape_job(run, self._client.address_of(run)))

    def list_materialization_status(self, name: str) -> Iterator[Entity]:
        """Yield the jobs that import an asset, newest first."""
        place = f"{self._client.base}/imports"
        for run in self._client.transport.pages(place, {"name": name}):
            yield Entity(shape_job(run, self._client.address_of(run)))


class SchedulesOfWorkspace:
    """The schedules of a workspace."""

    def __init__(self, client: Client) -> None:
        self._schedules = client.schedules

    def begin_create_or_update(self, schedule: Mapping[str, Any] | Path | str) -> Entity:
        """Make a schedule, or replace the one of its name."""
        return Entity(self._schedules.save(schedule, progress=_to_stderr))

    create_or_update = begin_create_or_update

    def get(self, name: str) -> Entity:
        """Return one schedule, with the next times that it fires."""
        return Entity(self._schedules.show(name))

    def list(self, *, enabled: bool | None = None) -> Iterator[Entity]:
        """Yield the schedules."""
        return (Entity(row) for row in self._schedules.list(enabled=enabled))

    def begin_enable(self, name: str) -> Entity:
        """Switch a schedule on."""
        return Entity(self._schedules.change(name, {"isEnabled": True}))

    def begin_disable(self, name: str) -> Entity:
        """Switch a schedule off."""
        return Entity(self._schedules.change(name, {"isEnabled": False}))

    def begin_delete(self, name: str) -> None:
        """Forget a schedule; what it started stays."""
        self._schedules.delete(name)

    def trigger(self, name: str) -> Entity:
        """Fire a schedule now."""
        return Entity(self._schedules.trigger(name))

    enable, disable, delete = begin_enable, begin_disable, begin_delete


class ComputesOfWorkspace:
    """The computes of a workspace."""

    def __init__(self, client: Client) -> None:
        self._computes = client.computes

    def begin_create_or_update(self, compute: Mapping[str, Any]) -> Entity:
        """Make a compute, or change it to what is asked."""
        return Entity(self._computes.create(load_compute(compute)))

    create_or_update = begin_create_or_update

    begin_attach = begin_create_or_update

    def begin_update(self, compute: Mapping[str, Any]) -> Entity:
        """Change what is given of a compute, and leave the rest."""
        wish = load_compute(compute)
        return Entity(self._computes.update(wish["name"], wish))

    def get(self, name: str) -> Entity:
        """Return one compute."""
        return Entity(self._computes.show(name))

    def list(self, *, compute_type: str | None = None) -> Iterator[Entity]:
        """Yield the computes, or those of a type."""
        wanted = (compute_type or "").lower()
        for row in self._computes.list():
            if not wanted or str(row["type"]).lower() == wanted:
                yield Entity(row)

    def list_nodes(self, name: str) -> Iterator[Entity]:
        """Yield the nodes that serve a compute, with what runs on each."""
        return (Entity(row) for row in self._computes.nodes(name))

    def list_sizes(self) -> Iterator[Entity]:
        """Yield the sizes that a compute can have."""
        return (Entity(row) for row in self._computes.sizes())

    def list_usage(self) -> Iterator[Entity]:
        """Yield what is used of what is allowed."""
        return (Entity(row) for row in self._computes.usage())

    def begin_start(self, name: str) -> Entity:
        """Let a stopped compute take jobs again."""
        return Entity(self._computes.act(name, "start"))

    def begin_stop(self, name: str) -> Entity:
        """Let a compute take no new job."""
        return Entity(self._computes.act(name, "stop"))

    def begin_restart(self, name: str) -> Entity:
        """Stop a compute and start it again."""
        return Entity(self._computes.act(name, "restart"))

    def begin_delete(self, name: str) -> None:
        """Delete a compute."""
        self._computes.delete(name)

    delete = begin_delete


class DatastoresOfWorkspace:
    """The datastores of a workspace; credentials can be set and never read."""

    def __init__(self, client: Client) -> None:
        self._datastores = client.datastores

    def create_or_update(self, datastore: Mapping[str, Any] | Path | str) -> Entity:
        """Make a datastore from a mapping or its YAML, or give one that exists what is asked."""
        return Entity(self._datastores.create(load_datastore(datastore)))

    def get(self, name: str) -> Entity:
        """Return one datastore."""
        return Entity(self._datastores.show(name))

    def get_default(self) -> Entity:
        """Return the datastore that is used where none is named."""
        return next(row for row in self.list() if row["isDefault"])

    def list(self) -> Iterator[Entity]:
        """Yield the datastores."""
        return (Entity(row) for row in self._datastores.list())

    def delete(self, name: str) -> None:
        """Forget a datastore; what is stored there stays."""
        self._datastores.delete(name)


class Workspaces:
    """The workspaces that the token may see."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, name: str | None = None) -> Entity:
        """Return a workspace, by default the chosen one."""
        return Entity(self._client.workspace(name))

    def list(self) -> Iterator[Entity]:
        """Yield the workspaces."""
        return (Entity(row) for row in self._client.workspaces())


class MLClient:
    """A workspace of a studio.

    Address, token and workspace come from the arguments, else from OFFICINA_URL, OFFICINA_TOKEN and
    OFFICINA_WORKSPACE, else from what `officina login` kept.
    """

    def __init__(
        self, url: str | None = None, token: str | None = None, workspace: str | None = None
    ) -> None:
        self.client = Client(url, token, workspace)
        self.jobs = Jobs(self.client)
        self.data = DataOfWorkspace(self.client)
        self.schedules = SchedulesOfWorkspace(self.client)
        self.models = AssetsOfKind(self.client, "model")
        self.environments = AssetsOfKind(self.client, "environment")
        self.components = AssetsOfKind(self.client, "component")
        self.compute = ComputesOfWorkspace(self.client)
        self.datastores = DatastoresOfWorkspace(self.client)
        self.workspaces = Workspaces(self.client)

    def create_or_update(self, entity: Any, **heads: Any) -> Entity:
        """Submit a job, or register an asset, whichever it is."""
        if isinstance(entity, Asset):
            return AssetsOfKind(self.client, entity.kind).create_or_update(entity)
        return self.jobs.create_or_update(entity, **heads)

    def start_run(self, experiment: str = "Default", name: str = "") -> LoggedRun:
        """Begin a run of this script: logged from here, also while the studio is away."""
        return self.client.start_run(experiment, name)

    @property
    def workspace_name(self) -> str:
        """Return the workspace's name."""
        return self.client.workspace_name

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def __enter__(self) -> MLClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
