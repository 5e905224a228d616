"""Pages of the designer: drafts, and their canvas."""

from __future__ import annotations

from django.urls import path

from designer import views, views_endpoints, views_modules

W = "w/<str:workspace>"
ENDPOINTS = f"{W}/endpoints/pipelines"

urlpatterns = [
    path(f"{W}/pipelines/", views.pipelines, name="pipelines"),
    path(f"{W}/pipelines/new/", views.new, name="pipeline-new"),
    path(f"{W}/pipelines/<str:guid>/", views.editor, name="pipeline"),
    path(f"{W}/pipelines/<str:guid>/delete/", views.delete, name="pipeline-delete"),
    path(f"{W}/pipelines/<str:guid>/undelete/", views.undelete, name="pipeline-undelete"),
    path(f"{W}/modules/<str:name>/", views_modules.module_help, name="module-help"),
    path(f"{ENDPOINTS}/", views_endpoints.endpoints, name="pipeline-endpoints"),
    path(f"{ENDPOINTS}/<str:name>/", views_endpoints.endpoint, name="pipeline-endpoint"),
    path(
        f"{ENDPOINTS}/<str:name>/change/", views_endpoints.change, name="pipeline-endpoint-change"
    ),
    path(f"{ENDPOINTS}/<str:name>/run/", views_endpoints.run, name="pipeline-endpoint-run"),
]
