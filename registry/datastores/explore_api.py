"""A look at a version's tables over JSON."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from officina.errors import StudioError
from registry import services
from registry.api.shapes import RegistryView
from registry.datastores import explore

HEADERS = {"Cache-Control": "private, max-age=600"}


class TableView(RegistryView):
    """What the views of a version's tables share."""

    operations = {"get": "registry.read"}
    kind = "data"

    def table(self) -> explore.Table:
        return explore.table_of(self.version(), self.request.query_params.get("file", ""))

    def count(self, name: str, default: int) -> int:
        text = self.request.query_params.get(name) or str(default)
        if not text.isascii() or not text.isdigit() or len(text) > 12:
            raise StudioError(f"{text[:40]!r} is not a whole number.", where=name)
        return int(text)


class Rows(TableView):
    """A window of a table: `?start=&rows=&first=&last=` (columns by index)."""

    @extend_schema(operation_id="data_rows", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        found = explore.rows(
            self.table(), start=self.count("start", 0), count=self.count("rows", 100),
            first=self.count("first", 0), last=self.count("last", 50),
        )  # fmt: skip
        found["notes"] = explore.notes(found["said"], found["rows"])
        return Response(found, headers=HEADERS)


class Profile(TableView):
    """Statistics of columns `first` to `last`, and guesses of target and ids."""

    @extend_schema(operation_id="data_profile", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        table = self.table()
        facts = explore.rows(table, count=0, first=0, last=1)
        names = [name for name, _ in facts["schema"]]
        first = self.count("first", 0)
        found = explore.profile(table, names[first : self.count("last", first + 50)])
        answer: dict[str, Any] = {"rows": facts["rows"], "columns": len(names), "profile": found}
        answer["guesses"] = explore.guesses(found, facts["rows"], len(names))
        return Response(answer, headers=HEADERS)


class Correlations(TableView):
    """Pearson's correlations of the number columns, from the first 100,000 rows."""

    @extend_schema(operation_id="data_correlations", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        return Response(explore.correlations(self.table()), headers=HEADERS)


class Diff(TableView):
    """What differs from another version (`?from=1`, `&key=id`): columns, rows and distributions."""

    @extend_schema(operation_id="data_diff", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        wanted = request.query_params.get("from", "")
        if not wanted:
            raise StudioError("Say from which version.", where="from", hint="Add ?from=1.")
        other = services.find(**self.at(), version=wanted, archived=True)
        file = request.query_params.get("file", "")
        before = explore.table_of(other, file if file in explore.tables_in(other) else "")
        key = request.query_params.get("key", "")
        return Response(explore.diff(before, self.table(), key))


ONE = "workspaces/<str:workspace>/data/<str:name>/versions/<str:version>"
urlpatterns = [
    path(f"{ONE}/rows", Rows.as_view(), name="api-data-rows"),
    path(f"{ONE}/profile", Profile.as_view(), name="api-data-profile"),
    path(f"{ONE}/correlations", Correlations.as_view(), name="api-data-correlations"),
    path(f"{ONE}/diff", Diff.as_view(), name="api-data-diff"),
]
