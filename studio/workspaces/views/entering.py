"""Signing in and out, the first administrator, invitations, and one's own profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from officina.errors import StudioError
from studio.lib.problems import status_of
from studio.workspaces import audit, services
from studio.workspaces.access import person, public, signed_in
from studio.workspaces.models import User
from studio.workspaces.sign_in import check_login, safe_next

if TYPE_CHECKING:
    from django.http import HttpRequest

BACKEND = "django.contrib.auth.backends.ModelBackend"
THEME_COOKIE_SECONDS = 365 * 24 * 3600


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for e-mail and password."""
    target = safe_next(request)
    if request.user.is_authenticated and request.method == "GET":
        return redirect(target)
    context: dict[str, Any] = {"next": target, "email": request.POST.get("email", "")}
    if request.method == "GET":
        return render(request, "workspaces/login.html", context)
    try:
        user = check_login(
            email=request.POST.get("email", ""),
            password=request.POST.get("password", ""),
            ip=audit.ip_of(request),
        )
    except StudioError as error:
        # 200 would make a password manager keep the wrong password.
        code = 403 if error.code == "unauthenticated" else status_of(error)
        context["problem"] = error
        return render(request, "workspaces/login.html", context, status=code)
    login(request, user, backend=BACKEND)
    audit.record(action="login", actor=user, ip=audit.ip_of(request))
    return _with_theme(redirect(target), user.theme)


@signed_in
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session."""
    audit.record(action="logout", actor=person(request), ip=audit.ip_of(request))
    logout(request)
    return redirect(settings.LOGIN_URL)


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def set_up(request: HttpRequest, secret: str) -> HttpResponse:
    """Make the first administrator, by the one-time link of the console."""
    if not services.setup_link_is_open(secret):
        raise StudioError(
            "This set-up link was used or has expired.",
            hint="Sign in, or restart the studio for a new link.",
            code="not_found",
        )
    form = {"email": "", "display_name": "", "workspace": "main"}
    form |= {name: request.POST[name] for name in form if name in request.POST}
    if request.method == "GET":
        return render(request, "workspaces/setup.html", {"form": form})
    try:
        user, workspace = services.create_first_admin(
            secret=secret,
            password=request.POST.get("password", ""),
            ip=audit.ip_of(request),
            **form,
        )
    except StudioError as error:
        context = {"form": form, "problem": error}
        return render(request, "workspaces/setup.html", context, status=status_of(error))
    login(request, user, backend=BACKEND)
    return redirect(f"/w/{workspace.name}/")


@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, secret: str) -> HttpResponse:
    """Join a workspace by an invitation: as the signed-in user, or as a new one."""
    invitation = services.find_invitation(secret)
    form = {"email": invitation.email, "display_name": ""}
    form |= {name: request.POST[name] for name in form if name in request.POST}
    context = {"invitation": invitation, "form": form, "next": request.path}
    if request.method == "GET":
        return render(request, "workspaces/invite.html", context)
    try:
        user = request.user if request.user.is_authenticated else None
        password = request.POST.get("password", "")
        member = services.join(
            secret=secret, user=user, password=password, ip=audit.ip_of(request), **form
        )
    except StudioError as error:
        context["problem"] = error
        return render(request, "workspaces/invite.html", context, status=status_of(error))
    if user is None:
        login(request, member.user, backend=BACKEND)
    messages.success(request, f"You are now {member.role} in {member.workspace.title}.")
    return redirect(f"/w/{member.workspace.name}/")


@signed_in
@sensitive_post_parameters("old_password", "password")
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change one's own name and password."""
    user = person(request)
    context = {"person": user, "themes": User.Theme.choices}
    if request.method == "GET":
        return render(request, "workspaces/profile.html", context)
    try:
        if "password" in request.POST:
            services.change_password(
                user=user,
                old=request.POST.get("old_password", ""),
                new=request.POST["password"],
            )
            # This session goes on; every other one of this user has just ended.
            update_session_auth_hash(request, user)
            messages.success(request, "The password is changed; other sessions have ended.")
        else:
            user.display_name = request.POST.get("display_name", "").strip()[:120]
            user.save(update_fields=["display_name"])
            messages.success(request, "Saved.")
    except StudioError as error:
        context["problem"] = error
        return render(request, "workspaces/profile.html", context, status=status_of(error))
    return redirect("profile")


@signed_in
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the choice of light, dark or the system's theme."""
    choice = request.POST.get("theme", "")
    if choice not in User.Theme.values:
        raise StudioError(
            f'There is no theme "{choice}".', hint="Themes: system, light, dark.", where="theme"
        )
    User.objects.filter(pk=person(request).pk).update(theme=choice)
    if request.headers.get("HX-Request"):
        return _with_theme(HttpResponse(status=204), choice)
    return _with_theme(redirect(safe_next(request)), choice)


def _with_theme(response: HttpResponse, choice: str) -> HttpResponse:
    # A cookie, because the first page before signing in has a theme as well.
    response.set_cookie("theme", choice, max_age=THEME_COOKIE_SECONDS, samesite="Lax")
    return response
