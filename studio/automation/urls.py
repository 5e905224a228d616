"""Pages of schedules, imports and data quality."""

from __future__ import annotations

from django.urls import path

from studio.automation.views import importing, quality, schedules

W = "w/<str:workspace>"
ONE = f"{W}/schedules/of/<str:name>"
QUALITY = f"{W}/data-quality/<str:name>"

urlpatterns = [
    path(f"{W}/schedules/", schedules.index, name="schedules"),
    path(f"{W}/schedules/new/", schedules.new, name="schedule-new"),
    path(f"{W}/schedules/preview/", schedules.preview, name="schedule-preview"),
    path(f"{ONE}/", schedules.one, name="schedule"),
    path(f"{ONE}/change/", schedules.change, name="schedule-change"),
    path(f"{W}/data-import/", importing.page, name="data-import"),
    path(f"{W}/data-import/start/", importing.start, name="data-import-start"),
    path(f"{W}/data-import/preview/", importing.preview, name="data-import-preview"),
    path(f"{QUALITY}/", quality.rules, name="data-quality"),
    path(f"{QUALITY}/rules/", quality.declare, name="data-quality-rules"),
    path(f"{QUALITY}/check/", quality.check, name="data-quality-check"),
    path(f"{QUALITY}/checks/<str:guid>/", quality.report, name="data-quality-report"),
]
