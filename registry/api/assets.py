"""Assets over JSON: lists, names, labels."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from officina.errors import StudioError
from registry import creating, curated, services
from registry.api.shapes import (
    AssetSerializer,
    AssetVersionSerializer,
    RegistryView,
    registered,
    with_newest,
)
from registry.models import Asset

ORDERS = {"name": "name", "changed": "changed", "created": "created"}
FILTERS = [
    OpenApiParameter("q", str, description="words that name or description have"),
    OpenApiParameter("tag", str, description="key, or key=value"),
    OpenApiParameter("archived", str, enum=["active", "archived", "all"]),
    OpenApiParameter("order", str, description="name, changed or created; - in front reverses"),
]


class AssetList(RegistryView):
    """The assets of one kind; POST registers a version from a JSON document."""

    operations = {"get": "registry.read", "post": "registry.write"}

    @extend_schema(
        operation_id="assets_list", parameters=FILTERS, responses=AssetSerializer(many=True)
    )
    def get(self, request: Request, workspace: str, kind: str) -> Response:
        asked = request.query_params
        rows = services.assets(
            workspace=self.workspace,
            kind=self.kind,
            text=asked.get("q", ""),
            tag=asked.get("tag", ""),
            archived=asked.get("archived", "active"),
        )
        if order := asked.get("order"):
            field = ORDERS.get(order.removeprefix("-"))
            if field is None:
                raise StudioError(
                    f"There is no order {order!r}.", hint=f"Known: {', '.join(ORDERS)}.",
                    where="order",
                )  # fmt: skip
            sign = "-" if order.startswith("-") else ""
            rows = rows.order_by(sign + field, sign + "pk")
        answer = self.page(rows, AssetSerializer)
        if self.kind == curated.KIND and asked.get("archived", "active") != "archived":
            self._add_curated(answer, asked)
        return answer

    def _add_curated(self, answer: Response, asked: Any) -> None:
        """Put the curated environments before the workspace's own, on the first page."""
        if asked.get("tag"):
            return
        found = curated.as_assets(self.workspace, text=asked.get("q", ""))
        answer.data["total"] += len(found)
        if answer.data["page"] == 1:
            answer.data["items"] = [*found, *answer.data["items"]]

    @extend_schema(
        operation_id="assets_create",
        request=OpenApiTypes.OBJECT,
        responses={201: AssetVersionSerializer, 202: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request, workspace: str, kind: str) -> Response:
        row = creating.create_version(
            workspace=self.workspace, kind=self.kind, body=self.body(), user=request.user
        )
        return registered(row)


class AssetDetail(RegistryView):
    """One asset's name: what may change about it, and its end."""

    operations = {"get": "registry.read", "patch": "registry.write", "delete": "registry.delete"}

    @extend_schema(operation_id="assets_get", responses=AssetSerializer)
    def get(self, request: Request, workspace: str, kind: str, name: str) -> Response:
        if (one := self.curated) is not None:
            [found] = [x for x in curated.as_assets(self.workspace) if x["name"] == one.name]
            return Response({**found, "labels": {"latest": curated.VERSION}})
        asset = services.named(**self.at())
        row = with_newest(Asset.objects.filter(pk=asset.pk)).get()
        return Response({**AssetSerializer(row).data, "labels": services.labels(**self.at())})

    @extend_schema(
        operation_id="assets_update", request=OpenApiTypes.OBJECT, responses=AssetSerializer
    )
    def patch(self, request: Request, workspace: str, kind: str, name: str) -> Response:
        body = self.body()
        asset = services.named(**self.at())
        if "archived" in body:
            self._archive(body["archived"])
        if new_name := body.get("name"):
            asset = services.rename(**self.at(), new_name=str(new_name), user=request.user)
            self.kwargs["name"] = asset.name
        changes = {k: body[k] for k in ("description", "tags", "properties") if k in body}
        if changes:
            services.update_asset(asset, **changes, user=request.user)
        return self.get(request, workspace, kind, asset.name)

    def _archive(self, wanted: Any) -> None:
        verb = services.archive if wanted else services.restore
        if "registry.delete" not in self.membership.operations:
            raise StudioError(
                "Archiving needs the operation registry.delete.", where="archived",
                code="forbidden",
            )  # fmt: skip
        verb(**self.at(), user=self.request.user)

    @extend_schema(operation_id="assets_delete", responses={200: OpenApiTypes.OBJECT})
    def delete(self, request: Request, workspace: str, kind: str, name: str) -> Response:
        """Say what would be deleted; `?confirm=true` deletes, `&force=true` also what is in use."""
        return Response(
            services.delete_asset(
                **self.at(),
                confirm=self.truth("confirm"),
                force=self.truth("force"),
                user=request.user,
            )
        )


class AssetVersions(RegistryView):
    """The versions of one asset, newest first."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="assets_versions", responses=AssetVersionSerializer(many=True))
    def get(self, request: Request, workspace: str, kind: str, name: str) -> Response:
        if (one := self.curated) is not None:
            found = curated.as_version(self.workspace, one)
            page = {"total": 1, "page": 1, "page_size": 1, "next": None, "previous": None}
            return Response({"items": [found], **page})
        services.named(**self.at())
        shown = request.query_params.get("archived", "active")
        rows: Any = services.versions(**self.at(), archived=shown)
        if stage := request.query_params.get("stage"):
            rows = rows.filter(stage=stage)
        return self.page(rows.prefetch_related("labels"), AssetVersionSerializer)


class LabelDetail(RegistryView):
    """A label of an asset: PUT {"version"} points it, DELETE takes it away."""

    operations = {"put": "registry.write", "delete": "registry.write"}

    @extend_schema(operation_id="labels_put", request=OpenApiTypes.OBJECT, responses=dict)
    def put(self, request: Request, workspace: str, kind: str, name: str, label: str) -> Response:
        version = str(self.body().get("version") or "")
        if not version:
            raise StudioError("Say which version the label names.", where="version")
        row = services.set_label(**self.at(), label=label, version=version, user=request.user)
        return Response({"label": row.name, "version": row.version.version})

    @extend_schema(operation_id="labels_delete", responses={204: None})
    def delete(
        self, request: Request, workspace: str, kind: str, name: str, label: str
    ) -> Response:
        services.delete_label(**self.at(), label=label, user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AssetSearch(RegistryView):
    """Assets of every kind whose name or description has the words."""

    operations = {"get": "registry.read"}

    @extend_schema(
        operation_id="assets_search", parameters=FILTERS, responses=AssetSerializer(many=True)
    )
    def get(self, request: Request, workspace: str) -> Response:
        asked = request.query_params
        rows = services.assets(
            workspace=self.workspace, text=asked.get("q", ""), tag=asked.get("tag", ""),
            archived=asked.get("archived", "active"),
        )  # fmt: skip
        return self.page(rows, AssetSerializer)
