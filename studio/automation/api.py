"""Schedules over JSON: make, list, change, fire, and their history."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from officina.errors import StudioError
from studio.automation import actions, services, timing, wording
from studio.automation.models import Firing, Schedule
from studio.lib.pages import Page
from studio.workspaces.access import WorkspaceViewMixin, person
from studio.workspaces.idempotency import idempotent


def body_of(request: Request) -> dict[str, Any]:
    """Return a request's JSON object."""
    if not isinstance(request.data, dict):
        raise StudioError("The body is a JSON object.", where="body")
    return request.data


def schedule_json(row: Schedule) -> dict[str, Any]:
    """Return a schedule with what is known of its times."""
    return {
        "name": row.name,
        "properties": services.shape(row),
        "next_run": row.next_run_at,
        "last_run": row.last_run_at,
        "when": wording.trigger_words(row.trigger),
        "does": actions.words(row.action),
        "owner": row.owner.email,
        "created": row.created,
        "changed": row.changed,
    }


def firing_json(row: Firing) -> dict[str, Any]:
    """Return one firing with its run."""
    return {
        "guid": row.guid,
        "due": row.due,
        "fired": row.fired,
        "manual": row.manual,
        "by": row.by.email if row.by else None,
        "state": row.state,
        "missed": row.missed,
        "run": {"guid": row.run.guid, "name": row.run.name, "status": row.run.status}
        if row.run else None,
        "error": row.error,
    }  # fmt: skip


class AutomationView(WorkspaceViewMixin, APIView):
    """What the views of schedules share."""

    kwargs: dict[str, Any]

    def schedule(self) -> Schedule:
        return services.find_schedule(workspace=self.workspace, name=self.kwargs["name"])

    def page(self, rows: Any, shape: Any) -> Response:
        pager = Page()
        items: list[Any] = pager.paginate_queryset(rows, self.request, view=self) or []
        return pager.get_paginated_response([shape(row) for row in items])


class ScheduleList(AutomationView):
    """The schedules of a workspace; POST {"name", "properties"} makes one."""

    operations = {"get": "runs.read", "post": "runs.submit"}

    @extend_schema(operation_id="schedules_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        asked = request.query_params.get("enabled", "").lower()
        enabled = {"true": True, "false": False}.get(asked)
        rows = services.schedules(workspace=self.workspace, enabled=enabled)
        return self.page(rows, schedule_json)

    @extend_schema(operation_id="schedules_create", request=dict, responses={201: dict})
    @idempotent
    def post(self, request: Request, workspace: str) -> Response:
        body = body_of(request)
        name = str(body.get("name") or "")
        if services.schedules(workspace=self.workspace).filter(name=name).exists():
            raise StudioError(
                f"There is a schedule {name!r} already.", where="name", code="conflict",
                hint="PUT replaces it.",
            )  # fmt: skip
        row, _ = services.save_schedule(
            workspace=self.workspace, name=name, document=_properties(body), user=person(request)
        )
        return Response(schedule_json(row), status=status.HTTP_201_CREATED)


class SchedulePreview(AutomationView):
    """What a trigger means: a sentence, and the next times in words; nothing is kept."""

    operations = {"post": "runs.read"}

    @extend_schema(operation_id="schedules_preview", request=dict, responses=dict)
    def post(self, request: Request, workspace: str) -> Response:
        trigger = body_of(request).get("trigger")
        if not isinstance(trigger, dict):
            raise StudioError("trigger is an object.", where="trigger")
        timing.check(trigger)
        times = timing.next_times(trigger)
        return Response(
            {"when": wording.trigger_words(trigger), "times": times,
             "words": wording.times_words(trigger, times)}
        )  # fmt: skip


class ScheduleDetail(AutomationView):
    """One schedule."""

    operations = {
        "get": "runs.read", "put": "runs.submit", "patch": "runs.submit", "delete": "runs.submit",
    }  # fmt: skip

    @extend_schema(operation_id="schedules_show", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        row = self.schedule()
        times = services.next_times(row)
        more = {"next_times": times, "next_words": wording.times_words(row.trigger, times)}
        return Response(schedule_json(row) | more)

    @extend_schema(operation_id="schedules_replace", request=dict, responses=dict)
    def put(self, request: Request, **_: str) -> Response:
        row, made = services.save_schedule(
            workspace=self.workspace, name=self.kwargs["name"], user=person(request),
            document=_properties(body_of(request)),
        )  # fmt: skip
        code = status.HTTP_201_CREATED if made else status.HTTP_200_OK
        return Response(schedule_json(row), status=code)

    @extend_schema(operation_id="schedules_change", request=dict, responses=dict)
    def patch(self, request: Request, **_: str) -> Response:
        body = body_of(request)
        known = {"isEnabled", "displayName", "description", "tags"}
        for key in body:
            if key not in known:
                raise StudioError(
                    f"{str(key)[:60]!r} cannot be changed alone.", where=str(key)[:60],
                    hint=f"Known: {', '.join(sorted(known))}; PUT replaces the whole schedule.",
                )  # fmt: skip
        enabled, tags = body.get("isEnabled"), body.get("tags")
        if not isinstance(enabled, bool | None) or not isinstance(tags, dict | None):
            raise StudioError("isEnabled is true or false, tags an object.", where="isEnabled")
        row = services.change_schedule(
            self.schedule(), user=person(request), enabled=enabled,
            display_name=_text(body, "displayName"), description=_text(body, "description"),
            tags=tags,
        )  # fmt: skip
        return Response(schedule_json(row))

    @extend_schema(operation_id="schedules_delete", responses={204: None})
    def delete(self, request: Request, **_: str) -> Response:
        services.delete_schedule(self.schedule(), user=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ScheduleTrigger(AutomationView):
    """Fires a schedule now; the answer has the run, or says why there is none."""

    operations = {"post": "runs.submit"}

    @extend_schema(operation_id="schedules_trigger", request=None, responses={201: dict})
    @idempotent
    def post(self, request: Request, **_: str) -> Response:
        firing = services.trigger(self.schedule(), user=person(request))
        return Response(firing_json(firing), status=status.HTTP_201_CREATED)


class ScheduleHistory(AutomationView):
    """The firings of a schedule, the newest first."""

    operations = {"get": "runs.read"}

    @extend_schema(operation_id="schedules_history", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        return self.page(services.history(self.schedule()), firing_json)


def _properties(body: dict[str, Any]) -> dict[str, Any]:
    found = body.get("properties", body)
    if not isinstance(found, dict):
        raise StudioError("properties is an object.", where="properties")
    return found


def _text(body: dict[str, Any], key: str) -> str | None:
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise StudioError(f"{key} is text.", where=key)
    return value


BASE = "workspaces/<str:workspace>/schedules"
ONE = f"{BASE}/<str:name>"
urlpatterns = [
    path("", include("studio.automation.api_data")),
    path(BASE, ScheduleList.as_view(), name="api-schedules"),
    path(f"{BASE}:preview", SchedulePreview.as_view(), name="api-schedule-preview"),
    path(ONE, ScheduleDetail.as_view(), name="api-schedule"),
    path(f"{ONE}/trigger", ScheduleTrigger.as_view(), name="api-schedule-trigger"),
    path(f"{ONE}/history", ScheduleHistory.as_view(), name="api-schedule-history"),
]
