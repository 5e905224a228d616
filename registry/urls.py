"""Pages of assets."""

from __future__ import annotations

from django.urls import include, path, re_path

from registry.views import actions, catalogue, lists, pages, upkeep

W = "w/<str:workspace>"
ASSET = (
    r"^w/(?P<workspace>[^/]+)/(?P<folder>models|data|components|environments|code)"
    r"/(?P<name>[^/]+)/"
)
VERSION = ASSET + r"versions/(?P<version>[^/]+)/"

urlpatterns = [
    path("", include("registry.datastores.urls")),
    path(f"{W}/models/", lists.models, name="models"),
    path(f"{W}/data/", lists.data_assets, name="data-assets"),
    path(f"{W}/code/", lists.code, name="code-assets"),
    path(f"{W}/components/", catalogue.components, name="components"),
    path(f"{W}/components/<str:name>/", catalogue.component, name="component"),
    re_path(f"{ASSET}$", pages.asset, name="asset"),
    re_path(f"{VERSION}edit/$", actions.edit, name="asset-edit"),
    re_path(f"{VERSION}label/$", actions.label, name="asset-label"),
    re_path(f"{VERSION}archive/$", actions.archive, name="asset-archive"),
    re_path(f"{VERSION}share/$", actions.share, name="asset-share"),
    re_path(f"{VERSION}stage/$", actions.stage, name="asset-stage"),
    re_path(f"{VERSION}facts/$", actions.facts, name="asset-facts"),
    re_path(f"{VERSION}delete/$", actions.delete, name="asset-delete"),
    path(f"{W}/settings/assets/", upkeep.upkeep, name="asset-upkeep"),
    path(f"{W}/settings/assets/save", upkeep.change, name="asset-upkeep-change"),
    path(f"{W}/settings/assets/import/", upkeep.bring_in, name="asset-import"),
    path(f"{W}/settings/assets/export", upkeep.export, name="asset-export"),
    path(f"{W}/stage-requests/<int:number>/", actions.decide, name="stage-decide"),
    path(
        f"{W}/assets/<str:kind>/<str:name>/<str:version>/",
        pages.asset_download,
        name="asset-download",
    ),
    path(
        f"{W}/assets/<str:kind>/<str:name>/<str:version>/<path:path>",
        pages.asset_file,
        name="asset-file",
    ),
]
