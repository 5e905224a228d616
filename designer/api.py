"""The designer's routes under /api/v1/; each subject has its file."""

from __future__ import annotations

from typing import Any

from designer import api_catalogue, api_drafts, api_preparing, api_runs, api_versions

# The catalogue's come first: `pipelines/import` is not a draft of that guid.
urlpatterns: list[Any] = [
    *api_catalogue.urlpatterns,
    *api_preparing.urlpatterns,
    *api_runs.urlpatterns,
    *api_versions.urlpatterns,
    *api_drafts.urlpatterns,
]
