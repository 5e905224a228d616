"""Workspaces, discovery of services, sizes and usages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from officina.errors import StudioError
from studio.facades.azureml import places, wire
from studio.workspaces import audit, services
from studio.workspaces.access import PUBLIC, SIGNED_IN, person
from studio.workspaces.models import Workspace

API_KEYS = ("api", "experimentation", "history", "hyperdrive", "labeling", "modelmanagement",
            "pipelines", "studio", "catalog", "metric", "artifact", "execution")  # fmt: skip


def shown(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """Return a workspace as ARM sends it."""
    here = wire.base(request)
    properties = {
        "workspaceId": str(workspace.guid),
        "friendlyName": workspace.title,
        "description": workspace.description,
        "discoveryUrl": f"{here}/discovery/workspaces/{workspace.guid}",
        "mlFlowTrackingUri": f"{here}/mlflow/{workspace.name}",
        "storageAccount": f"/subscriptions/{workspace.subscription_id}/resourceGroups/"
        f"{workspace.resource_group}/providers/Microsoft.Storage/storageAccounts/"
        f"{places.account(request, workspace)}",
        "provisioningState": "Succeeded",
        "publicNetworkAccess": "Enabled",
        "hbiWorkspace": False,
        "workspaceHubConfig": {},
    }
    return wire.envelope(
        workspace.resource_id, workspace.name, "", properties, created=workspace.created,
        location=workspace.location, tags=_tags(workspace), kind="Default",
        identity={"type": "None"}, sku={"name": "Basic", "tier": "Basic"},
    )  # fmt: skip


def _tags(workspace: Workspace) -> dict[str, str]:
    found = workspace.settings.get("tags")
    return found if isinstance(found, dict) else {}


def get(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """Return a workspace."""
    return shown(request, workspace)


def listed(request: HttpRequest) -> dict[str, Any]:
    """Return the workspaces of whoever asks."""
    rows = Workspace.objects.visible_to(request.user).order_by("name")
    bound = getattr(getattr(request, "auth", None), "workspace_id", None)
    if bound is not None:
        rows = rows.filter(pk=bound)
    return wire.page(request, rows, lambda row: shown(request, row))


def change(request: HttpRequest, workspace: Workspace) -> Any:
    """Change a workspace's title, description and tags."""
    body = wire.body(request)
    properties = wire.mapping(body, "properties")
    if "tags" in body:
        services.change_settings(workspace=workspace, tags=wire.texts(body, "tags"))
    if "friendlyName" in properties:
        workspace.display_name = wire.text(properties, "friendlyName")[:120]
    if "description" in properties:
        workspace.description = wire.text(properties, "description")
    workspace.save(update_fields=["display_name", "description"])
    audit.record(
        workspace=workspace, actor=person(request), action="workspace.change", target=workspace.name
    )
    return shown(request, workspace)


def delete(request: HttpRequest, workspace: Workspace) -> Any:
    """Refuse to delete a workspace: nothing in the studio does."""
    raise StudioError(
        "Workspaces are not deleted in this studio.", code="conflict",
        hint="Archive or delete what is in it; its members can leave.",
    )  # fmt: skip


def keys(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """Return the workspace's keys: there are none, people and jobs sign in with their own tokens."""
    return {}


def discovery(request: HttpRequest, guid: str) -> dict[str, Any]:
    """Say where the services of a workspace are; asked without a token, and the same for each."""
    return dict.fromkeys(API_KEYS, wire.base(request))


# -- creating, by the ARM template that the client sends ------------------------------------------


def deploy(request: HttpRequest, name: str) -> Any:
    """Make the workspace that a deployment's parameters name; the template itself is not run."""
    body = wire.mapping(wire.body(request), "properties")
    given = wire.mapping(body, "parameters")

    def value(key: str) -> str:
        found = wire.mapping(given, key).get("value")
        return found if isinstance(found, str) else ""

    wanted = value("workspaceName")
    if not wanted:
        raise StudioError(
            "The deployment names no workspace.",
            hint="Only the deployments that make a workspace are known here.",
            where="properties.parameters.workspaceName",
        )
    if (kind := value("kind").lower()) not in {"", "default"}:
        raise StudioError(
            f"A workspace of the kind {kind!r} is not served by this studio.",
            hint="It has plain workspaces: no hubs, projects or feature stores.",
            where="properties.parameters.kind",
        )
    known = Workspace.objects.visible_to(request.user).filter(name__iexact=wanted).first()
    if known is None:
        tags = wire.texts(wire.mapping(given, "tagValues"), "value")
        made = services.create_workspace(
            name=wanted, user=person(request), display_name=value("friendlyName")[:120],
            description=value("description"),
        )  # fmt: skip
        made.settings = {**made.settings, "tags": tags}
        made.save(update_fields=["settings"])
    return 201, deployment(request, name)


def deployment(request: HttpRequest, name: str) -> dict[str, Any]:
    """Return a deployment, which is done as soon as it is asked for."""
    return {
        "id": request.path,
        "name": name,
        "properties": {"provisioningState": "Succeeded", "duration": "PT0S", "outputs": {}},
    }


def deployment_operations(request: HttpRequest, name: str) -> dict[str, Any]:
    """Return the steps of a deployment: none is left."""
    return {"value": []}


_LIST = rf"/{wire.PROVIDER}/workspaces"
_DEPLOYMENT = wire.GROUP + r"/providers/Microsoft\.Resources/deployments/(?P<name>[^/]{1,90})"
urlpatterns = [
    wire.at(
        wire.WORKSPACE,
        GET=("workspace.read", get),
        PATCH=("workspace.manage", change),
        DELETE=("workspace.manage", delete),
    ),
    wire.at(wire.GROUP + _LIST, GET=(SIGNED_IN, listed)),
    wire.at(wire.SUBSCRIPTION + _LIST, GET=(SIGNED_IN, listed)),
    wire.at(wire.WORKSPACE + "/listKeys", POST=("workspace.read", keys)),
    wire.at(r"discovery/workspaces/(?P<guid>[^/]+)", GET=(PUBLIC, discovery)),
    wire.at(_DEPLOYMENT, GET=(SIGNED_IN, deployment), PUT=(SIGNED_IN, deploy)),
    wire.at(
        wire.GROUP + r"/deployments/(?P<name>[^/]{1,90})/operations",
        GET=(SIGNED_IN, deployment_operations),
    ),
]
