"""Computes: the documents that Azure's clients send and read, over the compute services."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from officina.errors import StudioError
from studio.compute import services
from studio.compute.kinds import find_kind
from studio.compute.models import ComputeTarget
from studio.compute.sizes import SIZES, Size
from studio.facades.azureml import wire
from studio.runs.models import Run
from studio.workspaces.access import SIGNED_IN
from studio.workspaces.models import Workspace

# Names of parameters as the REST documents have them, where not as the kind's table says.
_IN_SCALE = ("min_nodes", "max_nodes", "idle_seconds")


def find(workspace: Workspace, name: str) -> ComputeTarget:
    """Return a compute; a name of public examples that nobody made yet is the local one."""
    if name in services.ALIASES:
        return services.resolve(workspace=workspace, name=name)
    return services.find(workspace=workspace, name=name)


def shown(row: ComputeTarget, name: str = "") -> dict[str, Any]:
    """Return a compute as ARM sends it."""
    kind = row.kind_row
    azure = "AmlCompute" if kind.name == "local" else kind.azure
    properties = {
        "computeType": azure,
        "computeLocation": row.workspace.location,
        "description": row.description or None,
        "provisioningState": "Succeeded",
        "provisioningErrors": None,
        "isAttachedCompute": kind.own_pool,
        "resourceId": row.config.get("resource_id") or None,
        "disableLocalAuth": True,
        "createdOn": wire.moment(row.created),
        "properties": _details(row),
    }
    chosen = name or row.name
    return wire.envelope(
        wire.resource_id(row.workspace, "computes", chosen), chosen, "computes", properties,
        created=row.created, location=row.workspace.location, tags=row.tags,
    )  # fmt: skip


def _details(row: ComputeTarget) -> dict[str, Any]:
    config = row.config
    size = row.size.name if row.size else "Standard_DS3_v2"
    if row.kind_row.azure == "ComputeInstance":
        idle = config.get("idle_seconds") or 0
        return {
            "vmSize": size,
            "state": "Stopped" if row.stopped else "Running",
            "applicationSharingPolicy": "Personal",
            "sshSettings": {"sshPublicAccess": "Disabled"},
            "idleTimeBeforeShutdown": f"PT{idle}S" if idle else None,
            "createdBy": {"userName": row.person.name if row.person else ""},
            "applications": [],
            "errors": [],
        }
    if row.kind_row.azure not in {"AmlCompute", "Local"}:
        return {key: value for key, value in config.items() if value not in (None, "")}
    return {
        "vmSize": size,
        "vmPriority": "Dedicated",
        "osType": "Linux",
        "scaleSettings": {
            "minNodeCount": config.get("min_nodes", 1 if row.name == "local" else 0),
            "maxNodeCount": config.get("max_nodes", 1),
            "nodeIdleTimeBeforeScaleDown": f"PT{config.get('idle_seconds', 120)}S",
        },
        "allocationState": "Steady",
        "currentNodeCount": row.nodes,
        "targetNodeCount": row.nodes,
        "remoteLoginPortPublicAccess": "Disabled",
        "enableNodePublicIp": False,
        "isolatedNetwork": False,
        "errors": [],
    }


def listed(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """Return the workspace's computes."""
    rows = ComputeTarget.objects.filter(workspace=workspace).select_related("workspace", "person")
    return wire.page(request, rows.order_by("name"), shown)


def get(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Return a compute, also under a name that public examples use."""
    return shown(find(workspace, name), name)


def put(request: HttpRequest, workspace: Workspace, name: str) -> Any:
    """Make a compute, or change what may change about it; it is ready at once."""
    body = wire.body(request)
    properties = wire.mapping(body, "properties")
    kind = find_kind(wire.text(properties, "computeType") or "AmlCompute")
    details = wire.mapping(properties, "properties")
    if wire.mapping(details, "schedules").get("computeStartStop"):
        raise StudioError(
            f"{name}: a compute has no times of its own at which it starts and stops here.",
            hint="Leave out `schedules`: `idle_time_before_shutdown` stops an instance that nobody uses.",
            where="properties.schedules",
        )
    row = services.create(
        workspace=workspace, name=name, kind=kind.name, config=_config(kind, details, properties),
        description=wire.text(properties, "description"), tags=wire.texts(body, "tags"),
        user=request.user,
    )  # fmt: skip
    # Clients of a year ago lose half of an answer that is final at once: they are sent to look again.
    return 201, shown(row), _follow(request, row)


def _follow(request: HttpRequest, row: ComputeTarget) -> dict[str, str]:
    """Return where the client hears how a change to a compute goes."""
    where = (
        f"{wire.base(request)}/subscriptions/{row.workspace.subscription_id}/providers"
        f"/Microsoft.MachineLearningServices/locations/{row.workspace.location}"
        f"/computeOperations/{row.pk}"
    )
    return {"Azure-AsyncOperation": where, "Location": where, "Retry-After": "1"}


def operation(request: HttpRequest, location: str, number: str) -> dict[str, Any]:
    """Say how making a compute goes: it was done when it was asked for."""
    return {"id": request.path, "name": number, "status": "Succeeded"}


def _config(kind: Any, details: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    """Return what the kind's parameters are given by; other keys of Azure's are not used here."""
    given = {**properties, **details, **wire.mapping(details, "scaleSettings")}
    found = {}
    for param in kind.params:
        value = given.get(param.key) if param.key else None
        if value is not None and not isinstance(value, dict | list):
            found[param.name] = value
    return found


def change(request: HttpRequest, workspace: Workspace, name: str) -> Any:
    """Change a cluster's scale."""
    row = services.find(workspace=workspace, name=name)
    properties = wire.mapping(wire.mapping(wire.body(request), "properties"), "properties")
    config = _config(row.kind_row, properties, {})
    return shown(services.update(target=row, config=config, user=request.user))


def delete(request: HttpRequest, workspace: Workspace, name: str) -> Any:
    """Delete a compute that nothing uses."""
    services.delete(target=services.find(workspace=workspace, name=name), user=request.user)
    return 204, None


def switch(request: HttpRequest, workspace: Workspace, name: str, verb: str) -> Any:
    """Start, stop or restart an instance."""
    row = services.find(workspace=workspace, name=name)
    found = {"start": services.start, "stop": services.stop, "restart": services.restart}
    found[verb.lower()](target=row, user=request.user)
    # It is done already, but 202 is the one answer that the client takes.
    return 202, None, _follow(request, row)


def nodes(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Return the nodes that serve a compute."""
    row = find(workspace, name)
    held = Run.objects.held().filter(compute=row)
    found = [
        {key: node[key] for key in ("nodeId", "nodeState", "runId")}
        | {"privateIpAddress": None, "publicIpAddress": None, "port": None}
        for node in services.list_nodes(row, held)
    ]
    return {"nodes": found, "value": found}


def sizes(request: HttpRequest, location: str) -> dict[str, Any]:
    """Return the table of sizes."""
    return wire.values(_size(size) for size in SIZES.values())


def _size(size: Size) -> dict[str, Any]:
    return {
        "name": size.name,
        "family": f"standard{size.family}Family",
        "vCPUs": size.cores,
        "gpus": size.gpus,
        "osVhdSizeMB": 1_047_552,
        "maxResourceVolumeMB": size.disk * 1024,
        "memoryGB": size.memory,
        "lowPriorityCapable": False,
        "premiumIO": True,
        "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
        "estimatedVMPrices": {
            "billingCurrency": "USD",
            "unitOfMeasure": "OneHour",
            "values": [{"retailPrice": size.hourly, "osType": "Linux", "vmTier": "Standard"}],
        },
    }


def usages(request: HttpRequest, location: str) -> dict[str, Any]:
    """Return how many slots and nodes are in use of what one's workspaces may use."""
    found: list[dict[str, Any]] = []
    for workspace in Workspace.objects.visible_to(request.user).order_by("name"):
        held = Run.objects.held().filter(workspace=workspace)
        found += services.usage(workspace, held=held)
    kind = "Microsoft.MachineLearningServices/usages"
    return wire.values(
        {"id": f"/locations/{location}/usages/{one['name']['value']}", "type": kind, **one}
        for one in found
    )


_ONE = wire.WORKSPACE + "/computes/(?P<name>[^/]+)"
_PLACE = wire.SUBSCRIPTION + f"/{wire.PROVIDER}/locations/(?P<location>[^/]+)"
urlpatterns = [
    wire.at(wire.WORKSPACE + "/computes", GET=("compute.read", listed)),
    wire.at(
        _ONE,
        GET=("compute.read", get),
        PUT=("compute.manage", put),
        PATCH=("compute.manage", change),
        DELETE=("compute.manage", delete),
    ),
    wire.at(_ONE + "/(?P<verb>start|stop|restart)", POST=("compute.manage", switch)),
    wire.at(_ONE + "/listNodes", POST=("compute.read", nodes)),
    wire.at(_PLACE + r"/computeOperations/(?P<number>[0-9]{1,18})", GET=(SIGNED_IN, operation)),
    wire.at(_PLACE + "/vmSizes", GET=(SIGNED_IN, sizes)),
    wire.at(_PLACE + "/usages", GET=(SIGNED_IN, usages)),
]
