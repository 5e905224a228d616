"""What a client asks of the server itself, what there is none of here, and the page behind printed links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from studio.facades.mlflow.callers import DEFAULT, Caller, is_number
from studio.facades.mlflow.wire import Message, Refusal
from studio.runs.models import Experiment, LoggedModel
from studio.workspaces.access import operation, public, signed_in
from studio.workspaces.models import Workspace

# The protocol that is spoken here: clients choose their own by it.
PROTOCOL = "3.17.2"


def health(caller: Caller, message: Message) -> HttpResponse:
    return HttpResponse("OK", content_type="text/plain")


def version(caller: Caller, message: Message) -> HttpResponse:
    return HttpResponse(PROTOCOL, content_type="text/plain")


def server_info(caller: Caller, message: Message) -> dict[str, Any]:
    return {
        "store_type": "SqlStore",
        "workspaces_enabled": False,
        "multipart_uploads_enabled": False,
        "multipart_downloads_enabled": False,
        "trace_archival_enabled": False,
    }


def not_here(caller: Caller, message: Message) -> dict[str, Any]:
    """Refuse what MLflow's server has and this one does not, in a way that clients do not repeat."""
    raise Refusal(
        "This server keeps runs, metrics, artifacts and models. It has no traces, prompts gateway, "
        "AI gateway, Unity Catalog, webhooks, scorers or evaluation datasets.",
        "NOT_IMPLEMENTED",
    )


def unknown(caller: Caller, message: Message) -> dict[str, Any]:
    raise Refusal("There is no MLflow call at this address.", "ENDPOINT_NOT_FOUND")


@require_safe
@public
def link(request: HttpRequest, named: str = "") -> HttpResponse:
    """Lead from the links that clients print, `#/experiments/1/runs/abc`, to the studio's pages.

    Browsers keep what stands after the # to themselves, so a script reads it and asks for `page`. This page tells
    nobody anything, and comes before anyone signs in: a sign-in would lose that part.
    """
    to = reverse("mlflow-page", args=[named]) if named else reverse("mlflow-first-page")
    return render(request, "facades/mlflow_links.html", {"to": to})


@require_safe
@signed_in
def first_page(request: HttpRequest) -> HttpResponse:
    """Go on with the workspace that a person sees first."""
    first = Workspace.objects.visible_to(request.user).order_by("memberships__pk").first()
    if first is None:
        return redirect("/")
    return redirect(f"{reverse('mlflow-page', args=[first.name])}?{request.GET.urlencode()}")


@require_safe
@operation("workspace.read")
def page(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Lead to what a link names: runs, a run, a model or an experiment."""
    try:
        return redirect(_place(workspace, request.GET))
    except NoReverseMatch:  # no such name can be
        return redirect("experiments", workspace=workspace.name)


def _place(workspace: Workspace, given: Mapping[str, str]) -> str:
    """Return the page of the runs, run, logged model, registered model or experiment that a link names."""
    if runs := given.get("runs"):
        return f"{reverse('compare', args=[workspace.name])}?{urlencode({'runs': runs})}"
    run = given.get("run", "")
    if logged := given.get("logged"):
        models = LoggedModel.objects.filter(guid=logged, experiment__workspace=workspace)
        run = models.values_list("run__guid", flat=True).first() or ""
    if run:
        return reverse("run", args=[workspace.name, run])
    if model := given.get("model"):
        place = reverse("asset", args=[workspace.name, "models", model])
        version = given.get("version")
        return f"{place}?{urlencode({'version': version})}" if version else place
    wanted = given.get("experiment", "")
    rows = Experiment.objects.filter(workspace=workspace)
    row = rows.filter(name=DEFAULT).first() if wanted == "0" else None
    if row is None and is_number(wanted):
        row = rows.filter(pk=int(wanted)).first()
    if row is None:
        return reverse("experiments", args=[workspace.name])
    return reverse("experiment", args=[workspace.name, row.name])
