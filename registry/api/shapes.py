"""How assets read as JSON, and what their views share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from rest_framework import serializers, status
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from officina.environments.curated import Curated
from officina.errors import StudioError
from registry import services
from registry.curated import curated_named, refuse_change
from registry.datastores.background import Started
from registry.models import Asset, AssetVersion, StageRequest
from studio.lib.pages import Page
from studio.workspaces.access import WorkspaceViewMixin

KINDS = {
    "data": "data",
    "models": "model",
    "components": "component",
    "environments": "environment",
    "code": "code",
}


def kind_of(word: str) -> str:
    """Return the kind that a plural or singular word of an address means."""
    if word in KINDS:
        return KINDS[word]
    if word in KINDS.values():
        return word
    raise StudioError(
        f"There is no kind of asset {word!r}.", code="not_found", where="kind",
        hint=f"Known: {', '.join(KINDS)}.",
    )  # fmt: skip


def with_newest(rows: QuerySet[Asset]) -> Any:
    """Add each asset's newest version, its size and the number of versions; costs one page's worth."""
    own = AssetVersion.objects.filter(asset=OuterRef("pk"))
    live = own.filter(archived=False).order_by("-number")
    total = own.filter(deleted=None).order_by().values("asset").annotate(n=Count("pk")).values("n")
    return rows.annotate(
        latest=Subquery(live.values("version")[:1]),
        latest_size=Subquery(live.values("size")[:1]),
        latest_run=Subquery(live.values("run_guid")[:1]),
        latest_stage=Subquery(live.values("stage")[:1]),
        latest_tags=Subquery(live.values("tags")[:1]),
        latest_created=Subquery(live.values("created")[:1]),
        count=Coalesce(Subquery(total[:1]), 0),
    )


def newest_of(page: Iterable[Asset]) -> list[Asset]:
    """Return a page's assets with their newest versions, in the page's order.

    Looked up by key once the page is cut: in one query SQLite works them out for every row skipped.
    """
    # Keys alone: sorting 100,000 whole rows to show 50 costs ten times as much.
    keys = (
        list(page.values_list("pk", flat=True))
        if isinstance(page, QuerySet)
        else [row.pk for row in page]
    )
    found = {row.pk: row for row in with_newest(Asset.objects.filter(pk__in=keys))}
    return [found[key] for key in keys if key in found]


class AssetSerializer(serializers.ModelSerializer[Asset]):
    """An asset's name with its newest version."""

    latest = serializers.CharField(allow_null=True, read_only=True)
    versions = serializers.IntegerField(source="count", read_only=True)
    size = serializers.IntegerField(source="latest_size", allow_null=True, read_only=True)
    stage = serializers.CharField(source="latest_stage", allow_null=True, read_only=True)

    class Meta:
        model = Asset
        fields = [
            "kind", "name", "description", "tags", "properties", "archived", "created", "changed",
            "latest", "versions", "size", "stage",
        ]  # fmt: skip


class AssetVersionSerializer(serializers.ModelSerializer[AssetVersion]):
    """One version of an asset."""

    name = serializers.CharField(source="asset.name")
    kind = serializers.CharField(source="asset.kind")
    labels: Any = serializers.SlugRelatedField("name", many=True, read_only=True)
    created_by = serializers.EmailField(source="created_by.email", default=None)

    class Meta:
        model = AssetVersion
        fields = [
            "kind", "name", "version", "reference", "document", "tree", "size", "description",
            "tags", "properties", "stage", "labels", "run_guid", "created_by", "archived",
            "created", "changed",
        ]  # fmt: skip


def registered(found: AssetVersion | Started) -> Response:
    """Answer with the version that was made (201), or with the run that will make it (202)."""
    if isinstance(found, Started):
        return Response(found.shown(), status=status.HTTP_202_ACCEPTED)
    return Response(AssetVersionSerializer(found).data, status=status.HTTP_201_CREATED)


class StageRequestSerializer(serializers.ModelSerializer[StageRequest]):
    """A wish to move a version to a stage, and what became of it."""

    name = serializers.CharField(source="version.asset.name")
    version = serializers.CharField(source="version.version")
    requested_by = serializers.EmailField(source="requested_by.email", default=None)
    decided_by = serializers.EmailField(source="decided_by.email", default=None)

    class Meta:
        model = StageRequest
        fields = [
            "id", "name", "version", "stage", "note", "state", "requested_by", "created",
            "decided_by", "decision_note", "decided",
        ]  # fmt: skip


class RegistryView(WorkspaceViewMixin, APIView):
    """What the views of assets share: the kind, the version and pages of lists."""

    kwargs: dict[str, Any]

    @property
    def kind(self) -> str:
        return kind_of(self.kwargs["kind"])

    def at(self) -> dict[str, Any]:
        """Return workspace, kind and name, as every service takes them."""
        return {"workspace": self.workspace, "kind": self.kind, "name": self.kwargs["name"]}

    @property
    def curated(self) -> Curated | None:
        """Return the curated environment in the address; the workspace's own of that name wins."""
        return curated_named(**self.at())

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE_METHODS and "name" in self.kwargs:
            refuse_change(**self.at())

    def version(self) -> AssetVersion:
        """Return the version in the address; `latest` and labels work too."""
        wanted = self.kwargs["version"]
        at = self.at()
        known = AssetVersion.objects.filter(
            Q(version=wanted), asset__workspace=self.workspace, asset__kind=self.kind,
            asset__name=at["name"], deleted=None,
        )  # fmt: skip
        if known.exists():
            return services.find(**at, version=wanted, archived=True)
        if wanted == "latest" or wanted in services.labels(**at):
            return services.find(**at, label=wanted)
        return services.find(**at, version=wanted, archived=True)

    def page(self, rows: Any, serializer: type[Any]) -> Response:
        pager = Page()
        if serializer is AssetSerializer:
            rows = rows.only("pk")
        items: list[Any] | None = pager.paginate_queryset(rows, self.request, view=self)
        if serializer is AssetSerializer:
            items = newest_of(items or [])
        return pager.get_paginated_response(serializer(items, many=True).data)

    def body(self) -> dict[str, Any]:
        """Return the request's object; anything else is refused."""
        data = self.request.data
        if not isinstance(data, dict):
            raise StudioError("The body is a JSON object.", where="body")
        return data

    def truth(self, name: str) -> bool:
        """Read a yes-or-no of the query."""
        return self.request.query_params.get(name, "").lower() in {"1", "true", "yes"}
