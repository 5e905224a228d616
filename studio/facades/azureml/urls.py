"""Every address of the Azure facade, most asked first."""

from __future__ import annotations

from studio.facades.azureml import (
    assets,
    blobs,
    clouds,
    computes,
    datastores,
    history,
    jobs,
    registries,
    schedules,
    wire,
    workspaces,
)
from studio.workspaces.access import public

urlpatterns = [
    *blobs.urlpatterns,
    *history.urlpatterns,
    *jobs.urlpatterns,
    *assets.urlpatterns,
    *datastores.urlpatterns,
    *computes.urlpatterns,
    *schedules.urlpatterns,
    *registries.urlpatterns,
    *workspaces.urlpatterns,
    *clouds.urlpatterns,
    wire.route(
        r"^(?P<rest>(?:mferp/managementfrontend/|genericasset/(?:v[0-9.]+/)?)?subscriptions/.*)$",
        public(clouds.unknown),
    ),
]
