"""The portal's own pages."""

from __future__ import annotations

from django.urls import path

from studio.portal import metrics
from studio.portal.views import compute, environments, home

W = "w/<str:workspace>"

urlpatterns = [
    path("", home.root, name="root"),
    path("metrics", metrics.metrics, name="metrics"),
    path(f"{W}/", home.home, name="home"),
    path(f"{W}/samples/", home.samples, name="samples"),
    path(f"{W}/samples/<str:sample>/run/", home.sample_run, name="sample-run"),
    path(f"{W}/search.json", home.search, name="search"),
    path(f"{W}/compute/", compute.compute, name="compute"),
    path(f"{W}/compute/new/", compute.new, name="compute-new"),
    path(f"{W}/compute/of/<str:name>/", compute.one, name="compute-one"),
    path(f"{W}/environments/", environments.listing, name="environments"),
    path(f"{W}/environment/new/", environments.new, name="environment-new"),
    path(f"{W}/environment/check/", environments.check, name="environment-check"),
    path(f"{W}/environment/cache/", environments.clear, name="environment-cache"),
    path(f"{W}/environment/of/<str:name>/", environments.one, name="environment"),
    path(f"{W}/environment/of/<str:name>/build/", environments.build, name="environment-build"),
    path(
        f"{W}/environment/of/<str:name>/export/<str:form>/",
        environments.export,
        name="environment-export",
    ),
]
