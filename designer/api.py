"""The designer's routes under /api/v1/; each subject has its file."""

from __future__ import annotations

from typing import Any

from designer import api_drafts, api_runs

urlpatterns: list[Any] = [*api_runs.urlpatterns, *api_drafts.urlpatterns]
