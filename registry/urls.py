"""Pages of assets."""

from __future__ import annotations

from django.urls import path

from registry import views

W = "w/<str:workspace>"

urlpatterns = [
    path(f"{W}/models/", views.models, name="models"),
    path(f"{W}/models/<str:name>/", views.model, name="model"),
    path(f"{W}/data/", views.data_assets, name="data-assets"),
    path(f"{W}/data/<str:name>/", views.data_asset, name="data-asset"),
    path(
        f"{W}/assets/<str:kind>/<str:name>/<str:version>/<path:path>",
        views.asset_file,
        name="asset-file",
    ),
    path(f"{W}/environments/", views.environments, name="environments"),
    path(f"{W}/components/", views.components, name="components"),
    path(f"{W}/components/<str:name>/", views.component, name="component"),
]
