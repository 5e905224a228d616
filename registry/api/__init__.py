"""Stored trees and versioned assets over JSON."""

from __future__ import annotations

from typing import Any

from django.urls import path, re_path

from registry.api import assets, blobs, upkeep, uploads, versions

BASE = "workspaces/<str:workspace>"
ASSETS = r"^workspaces/(?P<workspace>[^/]+)/(?:assets/)?(?P<kind>data|models|components|environments|code)"
NAME = ASSETS + r"/(?P<name>[^/]+)"
VERSION = NAME + r"/versions/(?P<version>[^/]+)"


def _asset_routes() -> list[Any]:
    return [
        re_path(f"{ASSETS}$", assets.AssetList.as_view(), name="api-assets"),
        re_path(f"{NAME}$", assets.AssetDetail.as_view(), name="api-asset"),
        re_path(f"{NAME}/versions$", assets.AssetVersions.as_view(), name="api-versions"),
        re_path(
            NAME + r"/labels/(?P<label>[^/]+)$", assets.LabelDetail.as_view(), name="api-label"
        ),
    ]


def _version_routes() -> list[Any]:
    parts: dict[str, Any] = {
        "": versions.VersionDetail,
        "/files": versions.VersionFiles,
        "/files/(?P<path>.+)": versions.VersionFile,
        "/download": versions.VersionDownload,
        "/lineage": versions.VersionLineage,
        "/dependents": versions.VersionDependents,
        "/inspection": versions.ModelInspection,
        "/shares": versions.VersionShares,
        "/stage-requests": versions.VersionStageRequests,
    }
    names = {part: "api-version" + part.partition("/(")[0].replace("/", "-") for part in parts}
    names["/files/(?P<path>.+)"] = "api-version-file"
    return [
        re_path(f"{VERSION}{part}$", view.as_view(), name=names[part])
        for part, view in parts.items()
    ]


urlpatterns = [
    path(f"{BASE}/blobs/<str:sha256>", blobs.BlobView.as_view(), name="api-blob"),
    path(f"{BASE}/blobs", blobs.BlobBatch.as_view(), name="api-blobs"),
    path(f"{BASE}/trees", blobs.TreeView.as_view(), name="api-trees"),
    path(f"{BASE}/assets", assets.AssetSearch.as_view(), name="api-assets-search"),
    path(f"{BASE}/uploads", uploads.UploadList.as_view(), name="api-uploads"),
    path(f"{BASE}/uploads/<str:upload>", uploads.UploadDetail.as_view(), name="api-upload"),
    path(
        f"{BASE}/uploads/<str:upload>/finish",
        uploads.UploadFinish.as_view(),
        name="api-upload-finish",
    ),
    path(f"{BASE}/export", upkeep.Export.as_view(), name="api-export"),
    path(f"{BASE}/import", upkeep.Import.as_view(), name="api-import"),
    path(f"{BASE}/retention", upkeep.RetentionList.as_view(), name="api-retention"),
    path(
        f"{BASE}/retention/<int:number>",
        upkeep.RetentionDetail.as_view(),
        name="api-retention-rule",
    ),
    path(f"{BASE}/stages", upkeep.Stages.as_view(), name="api-stages"),
    path(f"{BASE}/stage-requests", versions.StageRequests.as_view(), name="api-stage-requests"),
    path(
        f"{BASE}/stage-requests/<int:number>",
        versions.StageRequestDetail.as_view(),
        name="api-stage-request",
    ),
    *_asset_routes(),
    *_version_routes(),
]
