"""Work on a model from its page: starting it, its state, the packages, two versions side by side."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from officina import environments
from officina.errors import StudioError
from officina.storage import Tree
from registry import environments as named
from registry import services as registry
from registry.inspection import inspect_model
from registry.models import AssetVersion
from studio.runs import modelwork
from studio.runs.api_models import archive_of, named_at, version_at
from studio.runs.models import ModelWork
from studio.runs.modelwork import choosing
from studio.runs.modelwork.facts import last_result
from studio.runs.overview import url_of
from studio.workspaces.access import operation, require
from studio.workspaces.models import Workspace

WORDS = {
    "convert": {"title": "Convert to ONNX", "icon": "transform", "verb": "Convert"},
    "package": {"title": "Package", "icon": "package", "verb": "Package"},
    "profile": {"title": "Profile", "icon": "gauge", "verb": "Profile"},
}
FRAMEWORKS = {
    "sklearn": "ScikitLearn", "onnx": "ONNX", "torch": "PyTorch", "pytorch": "PyTorch",
    "keras": "TensorFlow", "tensorflow": "TensorFlow", "lightgbm": "LightGBM", "xgboost": "XGBoost",
}  # fmt: skip
ACTIVE_EVERY = "3s"
LISTED = 50


def context_of(request: Any, version: AssetVersion, tree: Tree) -> dict[str, Any]:
    """Return what a model's overview shows of the work on this version."""
    workspace = version.asset.workspace
    report = inspect_model(tree) if tree.files else {"flavours": [], "scans": []}
    allowed = modelwork.actions(version, tree, request.allowed, str(request.membership.role))
    newest = modelwork.newest(version)
    profile = last_result(version, ModelWork.PROFILE)
    packages = ModelWork.objects.filter(version=version, action=ModelWork.PACKAGE).exclude(
        result={}
    )
    names = [*environments.curated_names()]
    rows = registry.assets(workspace=workspace, kind=named.KIND).order_by("name")[:LISTED]
    others = registry.versions(workspace=workspace, kind="model", name=version.asset.name)
    pieces = [
        words | {"action": action, "reason": allowed[action]["reason"], "piece": newest.get(action)}
        for action, words in WORDS.items()
    ]
    runs = [each.run for each in newest.values() if each.run is not None]
    return {
        "work": pieces,
        "working": any(not run.is_ended for run in runs),
        "every": ACTIVE_EVERY,
        "profile": profile,
        "package": packages.first(),
        "chosen": choosing.choose(version, tree, report) if tree.files else None,
        "told": _told(version, tree, report),
        "sample_text": version.properties.get("sample_input") or report.get("sample") or "",
        "dangerous": [name for scan in report["scans"] for name in scan["dangerous"]],
        "environments": [*names, *(f"azureml:{row.name}@latest" for row in rows)],
        "siblings": [each for each in others[:LISTED] if each.pk != version.pk],
    }


def _told(version: AssetVersion, tree: Tree, report: dict[str, Any]) -> dict[str, str]:
    """Return the framework that people wrote, else the one that the files tell of."""
    saved_by = choosing.sklearn_version(tree) if tree.files else ""
    flavours = [each for each in report["flavours"] if each in FRAMEWORKS]
    guess = "ScikitLearn" if saved_by else next((FRAMEWORKS[each] for each in flavours), "")
    framework = version.properties.get("framework", "")
    known = version.properties.get("framework_version", "")
    return {
        "framework": framework or guess,
        "version": known or (saved_by if not framework or framework == guess else ""),
    }


def _tree(version: AssetVersion) -> Tree:
    if not version.tree:
        return Tree("", {})
    return registry.open_tree(workspace=version.asset.workspace, digest=version.tree)


@require_safe
@operation("registry.read")
def work(request: HttpRequest, workspace: Workspace, name: str, version: str) -> HttpResponse:
    """Show the state of the newest work on a version; the page asks again while one runs."""
    row = version_at(workspace, name, version)
    context = context_of(request, row, _tree(row))
    context |= {
        "workspace": workspace,
        "version": row,
        "asset": row.asset,
        "kind": "model",
        "oob": True,
    }
    return render(request, "registry/_model_work.html", context)


@require_POST
@operation("runs.submit")
def start(request: HttpRequest, workspace: Workspace, name: str, version: str) -> HttpResponse:
    """Start work on a version and go to its run."""
    row = version_at(workspace, name, version)
    action = request.POST.get("action", "")
    try:
        if action == ModelWork.CONVERT:
            require(request.user, workspace, "registry.write")
        run = modelwork.submit(
            version=row, action=action, user=request.user, options=request.POST.dict()
        )
    except StudioError as error:
        if error.code == "forbidden":
            raise
        messages.error(request, f"{error.message} {error.hint}".strip())
        back = redirect("asset", workspace=workspace.name, folder="models", name=name)
        back["Location"] += f"?version={row.version}"
        return back
    return redirect(url_of(run))


@require_safe
@operation("registry.read")
def chart(request: HttpRequest, workspace: Workspace, name: str, version: str) -> HttpResponse:
    """Return the figure of the newest profile: latency by batch size."""
    found = last_result(version_at(workspace, name, version), ModelWork.PROFILE)
    rows = found.get("batches", [])
    sizes = [row["rows"] for row in rows]
    traces = [
        {
            "type": "scatter", "mode": "lines+markers", "name": label, "x": sizes,
            "y": [row[key] for row in rows],
        }
        for key, label in (("p50_ms", "p50"), ("p95_ms", "p95"), ("p99_ms", "p99"))
    ]  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": "rows a request"}, "type": "log"},
        "yaxis": {"title": {"text": "ms"}, "rangemode": "tozero"},
    }
    return JsonResponse({"data": traces, "layout": layout})


@require_safe
@operation("registry.read")
def package(
    request: HttpRequest, workspace: Workspace, name: str, version: str, number: int, file: str
) -> HttpResponseBase:
    """Send an archive of a package."""
    row = version_at(workspace, name, version)
    return archive_of(row, number, file, part=request.headers.get("Range", ""))


@require_safe
@operation("registry.read")
def compare(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show two versions of a model side by side, or versions of two models."""
    asset = registry.named(workspace=workspace, kind="model", name=name)
    versions = list(registry.versions(workspace=workspace, kind="model", name=name)[:LISTED])
    one = request.GET.get("one") or (versions[1].version if len(versions) > 1 else "latest")
    other = request.GET.get("other") or "latest"
    context = {
        "workspace": workspace, "asset": asset, "versions": versions, "one": one, "other": other,
        "found": None, "problem": None,
    }  # fmt: skip
    try:
        rows = version_at(workspace, name, one), named_at(workspace, other, name=name)
        context["found"] = modelwork.contrast(*rows)
    except StudioError as error:
        context["problem"] = error
    status = 404 if context["problem"] else 200
    return render(request, "registry/model_compare.html", context, status=status)
