"""The pages of tokens, service accounts, secrets and activity."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from officina.errors import StudioError
from studio.lib import health
from studio.lib.problems import status_of
from studio.workspaces import activity as activity_log
from studio.workspaces import audit, events, services
from studio.workspaces.access import operation, person
from studio.workspaces.models import ApiToken, Secret, ServiceAccount, Workspace
from studio.workspaces.operations import BUILT_IN_ROLES

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

PER_PAGE = 50


def expiry_of(days: str) -> datetime | None:
    """Return when a token made now ends; no days is never."""
    if not days:
        return None
    if not days.isdecimal() or not 1 <= int(days) <= 3650:
        raise StudioError("A token lasts 1 to 3650 days.", where="days")
    return timezone.now() + timedelta(days=int(days))


@operation("tokens.own")
@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List one's own tokens; make one and show its secret this once."""
    mine = ApiToken.objects.filter(user=person(request), revoked_at=None)
    context: dict[str, Any] = {"workspace": workspace, "url": request.build_absolute_uri("/")}
    status = 200
    if request.method == "POST":
        try:
            _, context["secret"] = services.create_token(
                user=request.user,  # type: ignore[arg-type]
                name=request.POST.get("name", ""),
                workspace=workspace if request.POST.get("only_here") else None,
                expires=expiry_of(request.POST.get("days", "")),
                ip=audit.ip_of(request),
            )
        except StudioError as error:
            context["problem"] = error
            status = status_of(error)
    context["tokens"] = mine.personal().select_related("workspace")
    return render(request, "workspaces/tokens.html", context, status=status)


@operation("tokens.own")
@require_POST
def revoke(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """End one of one's own tokens."""
    token = get_object_or_404(ApiToken, user_id=request.user.pk, pk=pk)
    services.revoke_token(token=token, **_by(request))
    messages.success(request, f"The token {token.name} no longer works.")
    return redirect("tokens", workspace=workspace.name)


def accounts_page(
    request: HttpRequest, workspace: Workspace, status: int = 200, **more: Any
) -> HttpResponse:
    """Render the service accounts, also with a problem or a fresh secret on the page."""
    accounts = workspace.service_accounts.select_related("user").prefetch_related(
        "user__memberships", "user__api_tokens"
    )
    rows = [
        {
            "account": account,
            "role": next((m.role for m in account.user.memberships.all()), ""),
            "tokens": [token for token in account.user.api_tokens.all() if token.is_live],
        }
        for account in accounts
    ]
    names = [*BUILT_IN_ROLES, *workspace.custom_roles.values_list("name", flat=True)]
    context = {"workspace": workspace, "rows": rows, "role_names": names, **more}
    return render(request, "workspaces/service_accounts.html", context, status=status)


@operation("serviceaccounts.manage")
@never_cache
@require_http_methods(["GET", "POST"])
def service_accounts(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the service accounts and make one."""
    if request.method == "GET":
        return accounts_page(request, workspace)
    try:
        services.create_service_account(
            workspace=workspace,
            name=request.POST.get("name", ""),
            role=request.POST.get("role", ""),
            **_by(request),
        )
    except StudioError as error:
        return accounts_page(request, workspace, status_of(error), problem=error)
    return redirect("service-accounts", workspace=workspace.name)


@operation("serviceaccounts.manage")
@never_cache
@require_POST
def change_service_account(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """Make or revoke a service account's token, or delete the account."""
    account = get_object_or_404(
        ServiceAccount.objects.select_related("user"), workspace=workspace, pk=pk
    )
    try:
        if request.POST.get("action") == "delete":
            services.delete_service_account(account=account, **_by(request))
        elif token := request.POST.get("revoke"):
            row = get_object_or_404(ApiToken, user=account.user, pk=int(token or 0))
            services.revoke_token(token=row, **_by(request))
        else:
            _, secret = services.create_account_token(
                account=account,
                name=request.POST.get("name", ""),
                expires=expiry_of(request.POST.get("days", "")),
                **_by(request),
            )
            return accounts_page(request, workspace, secret=secret, secret_of=account)
    except StudioError as error:
        return accounts_page(request, workspace, status_of(error), problem=error)
    return redirect("service-accounts", workspace=workspace.name)


@operation("secrets.list")
@require_http_methods(["GET"])
def secrets(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the names in the key vault."""
    return _secrets_page(request, workspace)


def _secrets_page(
    request: HttpRequest, workspace: Workspace, status: int = 200, **more: Any
) -> HttpResponse:
    rows = workspace.secrets.select_related("created_by").defer("ciphertext")
    context = {
        "workspace": workspace,
        "secrets": rows,
        "may_write": "secrets.write" in request.allowed,  # type: ignore[attr-defined]
        **more,
    }
    return render(request, "workspaces/secrets.html", context, status=status)


@operation("secrets.write")
@sensitive_post_parameters("value")
@require_POST
def set_secret(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Set a secret."""
    try:
        secret = services.set_secret(
            workspace=workspace,
            name=request.POST.get("name", "").strip(),
            value=request.POST.get("value", ""),
            **_by(request),
        )
    except StudioError as error:
        return _secrets_page(request, workspace, status_of(error), problem=error)
    messages.success(request, f"{secret.name} is set, version {secret.version}.")
    return redirect("secrets", workspace=workspace.name)


@operation("secrets.write")
@require_POST
def delete_secret(request: HttpRequest, workspace: Workspace, pk: int) -> HttpResponse:
    """Delete a secret."""
    secret = get_object_or_404(Secret, workspace=workspace, pk=pk)
    services.delete_secret(secret=secret, **_by(request))
    messages.success(request, f"{secret.name} is deleted.")
    return redirect("secrets", workspace=workspace.name)


@operation("workspace.read")
@require_http_methods(["GET"])
def activity(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show what happened in the workspace, and to those who may see it, who did what."""
    may_audit = "audit.read" in request.allowed  # type: ignore[attr-defined]
    shown = [activity_log.EVENTS, *([activity_log.AUDIT] if may_audit else []), "health"]
    show = request.GET.get("show", "")
    show = show if show in shown else activity_log.EVENTS
    context: dict[str, Any] = {"workspace": workspace, "show": show, "may_audit": may_audit}
    if show == "health":
        return render(request, "workspaces/health.html", context | {"parts": health.report()})
    asked = activity_log.Asked.of(request.GET, show)
    try:
        rows = activity_log.rows(workspace, asked)
    except StudioError as error:
        context["problem"] = error
        rows = workspace.events.none()
    if (form := request.GET.get("download", "")) in activity_log.FORMATS:
        return _sent(workspace, rows, show, form)
    query = request.GET.copy()
    query.pop("page", None)
    context |= {
        "kinds": activity_log.kinds(workspace, show),
        "asked": asked,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "url_prefix": f"?{query.urlencode()}&" if query else "?",
    }
    if show == activity_log.EVENTS:
        for event in context["page"]:
            event.title, event.link = events.describe(event)
    return render(request, "workspaces/activity.html", context)


def _sent(workspace: Workspace, rows: Any, show: str, form: str) -> Any:
    sent = StreamingHttpResponse(
        activity_log.written(rows, show, form), content_type=activity_log.FORMATS[form]
    )
    sent["Content-Disposition"] = f'attachment; filename="{workspace.name}-{show}.{form}"'
    return sent


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"actor": request.user, "ip": audit.ip_of(request)}
