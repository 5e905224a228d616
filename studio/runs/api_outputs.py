"""Output ports over JSON: windows of tables, models and evaluations."""

from __future__ import annotations

import json

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from officina.errors import StudioError
from studio.runs import outputs
from studio.runs.api import RUN, RunView, query

WORDS_FOR_NO = frozenset({"0", "false", "no"})


class RunOutputPreview(RunView):
    """A look at what stands at an output port."""

    operations = {"get": "runs.read"}

    @extend_schema(
        operation_id="runs_output_preview",
        parameters=[
            query("start", "first row wanted", OpenApiTypes.INT),
            query("rows", "most rows wanted", OpenApiTypes.INT),
            query(
                "columns", 'a count, a window "100:150", a JSON list of names, or names with commas'
            ),
            query("profile", "0 for the rows alone"),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, workspace: str, guid: str, port: str) -> Response:
        answer = outputs.preview(run=self.get_run(), port=port, window=_window(request))
        return Response(answer, headers={"Cache-Control": "private, max-age=600"})


class RunOutputEvaluation(RunView):
    """The measures and curves of Evaluate Model."""

    operations = {"get": "runs.read"}

    @extend_schema(operation_id="runs_output_evaluation", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, guid: str, port: str) -> Response:
        answer = outputs.evaluation(run=self.get_run(), port=port)
        return Response(answer, headers={"Cache-Control": "private, max-age=600"})


def _window(request: Request) -> outputs.Window:
    asked = request.query_params
    first, last, names = _columns(asked.get("columns", ""))
    return outputs.Window(
        start=_count(asked.get("start") or "0", "start"),
        rows=_count(asked.get("rows") or "100", "rows"),
        first=first,
        last=last,
        names=names,
        profile=asked.get("profile", "1").lower() not in WORDS_FOR_NO,
    )


def _count(text: str, where: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise StudioError(f"{text[:40]!r} is not a whole number.", where=where)
    return int(text)


def _columns(text: str) -> tuple[int, int | None, tuple[str, ...]]:
    """Read `50`, `100:150`, `["a, b", "c"]` or `a,c`."""
    text = text.strip()
    if not text:
        return 0, None, ()
    if text.startswith("["):
        try:
            names = json.loads(text)
        except ValueError:
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise StudioError("It is not a JSON list of column names.", where="columns")
        return 0, None, tuple(names)
    first, colon, last = text.partition(":")
    if colon and (first or "0").isdigit() and (last or "0").isdigit():
        return (
            _count(first or "0", "columns"),
            _count(last, "columns") if last else None,
            (),
        )
    if text.isascii() and text.isdigit():
        return 0, _count(text, "columns"), ()
    return 0, None, tuple(text.split(","))


urlpatterns = [
    path(
        f"{RUN}/outputs/<str:port>/preview", RunOutputPreview.as_view(), name="api-output-preview"
    ),
    path(
        f"{RUN}/outputs/<str:port>/evaluation",
        RunOutputEvaluation.as_view(),
        name="api-output-evaluation",
    ),
]
