"""Access is asked once, at the edge, by the name of an operation; what is not mapped is refused."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.crypto import constant_time_compare
from rest_framework.permissions import BasePermission

from officina.errors import StudioError
from studio.lib import problems
from studio.lib.pages import Page
from studio.workspaces.authentication import (
    authenticate,
    bad_token,
    find_token,
    run_scope,
    secret_in,
)
from studio.workspaces.models import Membership, User, Workspace
from studio.workspaces.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

    View = Callable[..., HttpResponseBase]

PUBLIC = "(public)"
SIGNED_IN = "(signed in)"


class Access(NamedTuple):
    """How a route is mapped: an operation's name, PUBLIC or SIGNED_IN."""

    operation: str
    run_tokens: bool = False


def allowed(user: Any, workspace: Workspace) -> frozenset[str]:
    """Return the operations that the user holds in the workspace; none for an outsider."""
    member = _membership(user, pk=workspace.pk)
    return member.operations if member is not None else frozenset()


def require(user: Any, workspace: Workspace, operation: str) -> None:
    """Raise unless the user holds the operation: not_found for outsiders, forbidden for members."""
    _check_known(operation)
    member = _membership(user, pk=workspace.pk)
    if member is None:
        raise no_workspace(workspace.name)
    _check_holds(member, operation)


def workspace_for(user: Any, name: str, operation: str, auth: Any = None) -> Membership:
    """Return the user's membership (with its workspace) if it holds the operation."""
    _check_known(operation)
    member = _membership(user, name__iexact=name)
    bound = getattr(auth, "workspace_id", None)
    if member is None or (bound is not None and bound != member.workspace_id):
        raise no_workspace(name)
    _check_holds(member, operation)
    return member


def _membership(user: Any, **workspace: Any) -> Membership | None:
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return None
    lookup = {f"workspace__{key}": value for key, value in workspace.items()}
    members = Membership.objects.select_related("workspace", "custom_role")
    return members.filter(user_id=user.pk, **lookup).first()


def _check_known(operation: str) -> None:
    if operation not in OPERATIONS:
        raise LookupError(f"unknown operation {operation!r}; known: {', '.join(OPERATIONS)}")


def _check_holds(member: Membership, operation: str) -> None:
    if operation not in member.operations:
        raise missing(operation, member.role)


def missing(operation: str, role: str) -> StudioError:
    """The error that names which right is missing."""
    return StudioError(
        f'Your role "{role}" lacks the operation {operation}.',
        hint=f"{OPERATIONS[operation]}: ask an owner of the workspace for a role that may.",
        where=operation,
        code="forbidden",
    )


def no_workspace(name: str) -> StudioError:
    """The same answer for a workspace that is not there and one that is not yours."""
    return StudioError(
        f'There is no workspace "{name}" that you belong to.',
        hint="Check the name, or ask an owner to invite you.",
        where="workspace",
        code="not_found",
    )


def check_run_scope(auth: Any, operation: str, guid: Any, *, run_tokens: bool = False) -> None:
    """Refuse a run's own token on anything but its run and the operations in its scope.

    `run_tokens` marks the few routes without a run in their URL that such a token may use as well.
    """
    scope = run_scope(auth)
    if scope is None:
        return
    same_run = guid is not None and str(guid) == str(scope["run"])
    if not (same_run or (guid is None and run_tokens)):
        raise StudioError(
            "This token belongs to one run and works only for that run.",
            hint="Use a personal token for anything else.",
            where="Authorization",
            code="forbidden",
        )
    if operation not in scope.get("operations", ()):
        raise StudioError(
            f"This run's token does not hold the operation {operation}.",
            where=operation,
            code="forbidden",
        )


# -- plain Django views ---------------------------------------------------------------------------


def operation(name: str, *, run_tokens: bool = False) -> Callable[[View], View]:
    """Map a function view to an operation; its `workspace` argument becomes the Workspace.

    The view finds `request.workspace`, `request.allowed` (operations held) and `request.auth` set.
    Outsiders get 404, members without the operation 403; StudioErrors of the view become answers.
    """
    _check_known(name)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            def call() -> HttpResponseBase:
                auth = _sign_in(request)
                member = workspace_for(request.user, kwargs["workspace"], name, auth)
                check_run_scope(auth, name, kwargs.get("guid"), run_tokens=run_tokens)
                _remember(request, member, auth)
                return view(request, *args, **{**kwargs, "workspace": member.workspace})

            return _answer(request, call)

        return _mark(guarded, Access(name, run_tokens))

    return decorate


def signed_in(view: View) -> View:
    """Map a function view to anyone who is signed in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        def call() -> HttpResponseBase:
            auth = _sign_in(request)
            check_run_scope(auth, SIGNED_IN, None)
            request.auth = auth  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        return _answer(request, call)

    return _mark(guarded, Access(SIGNED_IN))


def public(view: View) -> View:
    """Map a function view to everyone, signed in or not."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except StudioError as error:
            return problems.respond(request, error)

    guarded.access = Access(PUBLIC)  # type: ignore[attr-defined]
    return guarded


def _mark(view: View, access: Access) -> View:
    view.access = access  # type: ignore[attr-defined]
    # CSRF is checked by `_answer` itself: a bearer token needs no CSRF token, a session does.
    view.csrf_exempt = True  # type: ignore[attr-defined]
    return view


def _answer(request: HttpRequest, call: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    try:
        if secret_in(request.META.get("HTTP_AUTHORIZATION", "")) is None:
            refused = CsrfViewMiddleware(lambda _: None).process_view(  # type: ignore[arg-type]
                request,
                _checked,
                (),
                {},
            )
            if refused is not None:
                return refused
        return call()
    except StudioError as error:
        return problems.respond(request, error)


def _checked(request: HttpRequest) -> HttpResponseBase:
    """Stand for the view in the CSRF check, which asks whether it is exempt and never calls it."""
    return HttpResponseForbidden()


def _sign_in(request: HttpRequest) -> Any:
    user, auth = authenticate(request)
    if not user.is_authenticated:
        raise not_signed_in()
    request.user = user
    return auth


def not_signed_in() -> StudioError:
    return StudioError(
        "You are not signed in.",
        hint="Sign in, or send `Authorization: Bearer` with a token.",
        code="unauthenticated",
    )


def person(request: Any) -> User:
    """Return who asks, on a route that only signed-in people and service accounts reach."""
    if not isinstance(request.user, User):
        raise not_signed_in()
    return request.user


def _remember(request: Any, member: Membership, auth: Any) -> None:
    request.workspace = member.workspace
    request.membership = member
    request.allowed = member.operations
    request.auth = auth


# -- Django REST framework ------------------------------------------------------------------------


class OperationPermission(BasePermission):
    """Asks a view's `operations` map: action (or lower-case method) -> operation.

    A view without an entry for what is asked is refused. `run_tokens` lists the actions that a run's own
    token may use although no run is in their URL.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method == "OPTIONS":
            # DRF's description of a view: it must not tell outsiders more than a GET would.
            action = next(iter(view.operations), "")
        else:
            action = getattr(view, "action", None) or (request.method or "").lower()
        if action == "head":
            action = "get"
        operations: Mapping[str, str] = getattr(view, "operations", {})
        name = operations.get(action)
        if name is None:
            # A method that the view does not have is answered by DRF with 405, not with 403.
            return getattr(view, "action", None) is None and action not in _methods_of(view)
        if name == PUBLIC:
            return True
        if not request.user.is_authenticated:
            raise not_signed_in()
        run_tokens = action in getattr(view, "run_tokens", ())
        if name == SIGNED_IN:
            check_run_scope(request.auth, name, None, run_tokens=run_tokens)
            return True
        member = workspace_for(request.user, view.kwargs["workspace"], name, request.auth)
        check_run_scope(request.auth, name, view.kwargs.get("guid"), run_tokens=run_tokens)
        view.membership = member
        _remember(request._request, member, request.auth)
        return True


def _methods_of(view: Any) -> set[str]:
    return {name for name in view.http_method_names if hasattr(view, name)}


class WorkspaceViewMixin:
    """Gives a DRF view its `workspace`, resolved and checked by OperationPermission."""

    permission_classes: ClassVar[Any] = (OperationPermission,)
    # What lists answer with, for the OpenAPI document of views that page by hand too.
    pagination_class: ClassVar[Any] = Page
    membership: Membership

    def get_workspace(self) -> Workspace:
        """Return the workspace named in the URL."""
        return self.membership.workspace

    @property
    def workspace(self) -> Workspace:
        return self.membership.workspace


# -- websockets -----------------------------------------------------------------------------------


def for_scope(scope: Mapping[str, Any], workspace_name: str, operation: str) -> Workspace:
    """Return the workspace for a websocket's scope, or raise; ask at connect and at each subscribe.

    Reads the database afresh (call it through `database_sync_to_async`): a session that has ended or a
    token that was revoked since the connection was made is refused.
    """
    user, auth = user_of_scope(scope)
    guid = (scope.get("url_route") or {}).get("kwargs", {}).get("guid")
    member = workspace_for(user, workspace_name, operation, auth)
    check_run_scope(auth, operation, guid)
    return member.workspace


def user_of_scope(scope: Mapping[str, Any]) -> tuple[User, Any]:
    """Return who a websocket belongs to now, from its Authorization header or its session."""
    for key, value in scope.get("headers", ()):
        if key.lower() == b"authorization" and (secret := secret_in(value.decode("latin-1"))):
            token = find_token(secret)
            if token is None:
                raise bad_token()
            return token.user, token
    known = scope.get("user")
    pk = getattr(known, "pk", None)
    user = None if pk is None else User.objects.filter(pk=pk, is_active=True).first()
    session = scope.get("session")
    if user is None or session is None or not session.exists(session.session_key or ""):
        raise not_signed_in()
    if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        raise not_signed_in()
    return user, None
