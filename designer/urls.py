"""Pages of the designer."""

from __future__ import annotations

from django.urls import path

from designer import views

W = "w/<str:workspace>"

urlpatterns = [
    path(f"{W}/pipelines/", views.pipelines, name="pipelines"),
    path(f"{W}/pipelines/new/", views.new, name="pipeline-new"),
    path(f"{W}/pipelines/<str:guid>/", views.editor, name="pipeline"),
    path(f"{W}/pipelines/<str:guid>/delete/", views.delete, name="pipeline-delete"),
    path(f"{W}/pipelines/<str:guid>/undelete/", views.undelete, name="pipeline-undelete"),
]
