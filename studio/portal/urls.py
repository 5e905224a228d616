"""The portal's own pages."""

from __future__ import annotations

from django.urls import path

from studio.portal.views import compute, home

W = "w/<str:workspace>"

urlpatterns = [
    path("", home.root, name="root"),
    path(f"{W}/", home.home, name="home"),
    path(f"{W}/samples/", home.samples, name="samples"),
    path(f"{W}/samples/<str:sample>/run/", home.sample_run, name="sample-run"),
    path(f"{W}/search.json", home.search, name="search"),
    path(f"{W}/compute/", compute.compute, name="compute"),
]
