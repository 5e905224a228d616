"""Pages of datastores."""

from __future__ import annotations

from django.urls import path

from registry.datastores import views

W = "w/<str:workspace>/datastores"
ONE = f"{W}/<str:name>"

urlpatterns = [
    path(f"{W}/", views.index, name="datastores"),
    path(f"{W}/new/", views.new, name="datastore-new"),
    path("w/<str:workspace>/data-samples/", views.sample, name="data-sample"),
    path(f"{ONE}/", views.datastore, name="datastore"),
    path(f"{ONE}/edit/", views.edit, name="datastore-edit"),
    path(f"{ONE}/test/", views.test, name="datastore-test"),
    path(f"{ONE}/register/", views.register, name="datastore-register"),
    path(f"{ONE}/upload/", views.upload, name="datastore-upload"),
    path(f"{ONE}/delete/", views.delete, name="datastore-delete"),
    path(f"{ONE}/default/", views.default, name="datastore-default"),
    path(f"{ONE}/files/<path:path>", views.file, name="datastore-file"),
]
