"""The JSON API of people and sharing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.response import Response
from rest_framework.views import APIView

from officina.errors import StudioError
from studio.workspaces import activity, audit, services
from studio.workspaces import serializers as shapes
from studio.workspaces.access import SIGNED_IN, WorkspaceViewMixin, person, workspace_for
from studio.workspaces.authentication import run_scope
from studio.workspaces.idempotency import idempotent
from studio.workspaces.models import ApiToken, Membership, Workspace
from studio.workspaces.operations import BUILT_IN_ROLES, OPERATIONS

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class ViewSet(WorkspaceViewMixin, viewsets.GenericViewSet[Any]):
    """A page of rows, and one row of the workspace in the URL."""

    def list(self, request: Request, **_: Any) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def one(self) -> Any:
        """Return the row named in the URL, or 404."""
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])

    def body(self, request: Request, **options: Any) -> dict[str, Any]:
        """Return the checked body."""
        serializer = self.get_serializer(data=request.data, **options)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def shape(self, row: Any, status: int = 200, **more: Any) -> Response:
        return Response({**self.get_serializer(row).data, **more}, status=status)

    def by(self) -> dict[str, Any]:
        """Return who does it and from where, for the audit log."""
        return {"actor": self.request.user, "ip": audit.ip_of(self.request)}


class Workspaces(viewsets.GenericViewSet[Workspace]):
    """The workspaces that one belongs to."""

    operations = {
        "list": SIGNED_IN,
        "create": SIGNED_IN,
        "retrieve": "workspace.read",
        "partial_update": "workspace.manage",
    }
    serializer_class = shapes.WorkspaceShape

    def get_queryset(self) -> QuerySet[Workspace]:
        mine = Workspace.objects.visible_to(self.request.user)
        bound = getattr(self.request.auth, "workspace_id", None)
        return mine.filter(pk=bound) if bound is not None else mine

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @idempotent
    def create(self, request: Request) -> Response:
        if person(request).is_service or getattr(request.auth, "workspace_id", None) is not None:
            raise StudioError(
                "A service account or a token of one workspace cannot make workspaces.",
                hint="Use a person's own token for all workspaces.",
                code="forbidden",
            )
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = services.create_workspace(user=person(request), **body.validated_data)
        return Response(self.get_serializer(made).data, status=201)

    def retrieve(self, request: Request, workspace: str) -> Response:
        member = workspace_for(request.user, workspace, "workspace.read", request.auth)
        shape = self.get_serializer(member.workspace).data
        held = sorted(member.operations)
        return Response({**shape, "role": member.role, "operations": held})

    def partial_update(self, request: Request, workspace: str) -> Response:
        member = workspace_for(request.user, workspace, "workspace.manage", request.auth)
        body = shapes.WorkspaceChange(data=request.data)
        body.is_valid(raise_exception=True)
        changed = services.update_workspace(
            workspace=member.workspace,
            actor=person(request),
            ip=audit.ip_of(request),
            **body.validated_data,
        )
        return Response(self.get_serializer(changed).data)


class Members(ViewSet):
    """Who belongs to the workspace, and as what."""

    operations = {
        "list": "members.read",
        "partial_update": "members.manage",
        "destroy": "members.manage",
    }
    serializer_class = shapes.MemberShape

    def get_queryset(self) -> QuerySet[Any]:
        return self.workspace.memberships.select_related("user", "workspace", "custom_role")

    def partial_update(self, request: Request, **_: Any) -> Response:
        role = self.body(request)["role"]
        return self.shape(services.change_role(member=self.one(), role=role, **self.by()))

    def destroy(self, request: Request, **_: Any) -> Response:
        services.remove_member(member=self.one(), **self.by())
        return Response(status=204)


class Roles(ViewSet):
    """Built-in and custom roles; PATCH and DELETE take custom ones only."""

    operations = {
        "list": "members.read",
        "create": "members.manage",
        "partial_update": "members.manage",
        "destroy": "members.manage",
    }
    serializer_class = shapes.RoleShape

    def get_queryset(self) -> QuerySet[Any]:
        return self.workspace.custom_roles.all()

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def list(self, request: Request, **_: Any) -> Response:
        built_in = [
            {"id": None, "name": name, "operations": sorted(held), "built_in": True}
            for name, held in BUILT_IN_ROLES.items()
        ]
        custom = [
            {**row, "built_in": False}
            for row in self.get_serializer(self.get_queryset(), many=True).data
        ]
        return Response({"items": [*built_in, *custom], "operations": OPERATIONS})

    def create(self, request: Request, **_: Any) -> Response:
        made = services.create_role(workspace=self.workspace, **self.body(request), **self.by())
        return self.shape(made, 201)

    def partial_update(self, request: Request, **_: Any) -> Response:
        operations = self.body(request, partial=True).get("operations", [])
        changed = services.update_role(role=self.one(), operations=operations, **self.by())
        return self.shape(changed)

    def destroy(self, request: Request, **_: Any) -> Response:
        services.delete_role(role=self.one(), **self.by())
        return Response(status=204)


class Invitations(ViewSet):
    """Open invitations; the link is in the answer to POST and nowhere else."""

    operations = {
        "list": "members.manage",
        "create": "members.manage",
        "destroy": "members.manage",
    }
    serializer_class = shapes.InvitationShape

    def get_queryset(self) -> QuerySet[Any]:
        return self.workspace.invitations.filter(used_at=None, expires__gt=timezone.now())

    def create(self, request: Request, **_: Any) -> Response:
        row, link = services.invite(workspace=self.workspace, **self.body(request), **self.by())
        return self.shape(row, 201, link=request.build_absolute_uri(link))

    def destroy(self, request: Request, **_: Any) -> Response:
        services.withdraw_invitation(invitation=self.one(), **self.by())
        return Response(status=204)


class Tokens(ViewSet):
    """One's own tokens; the secret is in the answer to POST and nowhere else."""

    operations = {"list": "tokens.own", "create": "tokens.own", "destroy": "tokens.own"}
    serializer_class = shapes.TokenShape

    def get_queryset(self) -> QuerySet[Any]:
        # A token of one workspace neither sees nor ends those of others.
        mine = ApiToken.objects.filter(user=person(self.request)).select_related("workspace")
        if getattr(self.request.auth, "workspace_id", None) is not None:
            mine = mine.filter(workspace=self.workspace)
        return mine.personal()

    def create(self, request: Request, **_: Any) -> Response:
        body = self.body(request)
        bound = (
            getattr(request.auth, "workspace_id", None) is not None or person(request).is_service
        )
        token, secret = services.create_token(
            user=person(request),
            name=body["name"],
            workspace=self.workspace if body["only_here"] or bound else None,
            expires=_after(body.get("days"), request.auth),
            ip=audit.ip_of(request),
        )
        return self.shape(token, 201, token=secret)

    def destroy(self, request: Request, **_: Any) -> Response:
        services.revoke_token(token=self.one(), **self.by())
        return Response(status=204)


def _after(days: int | None, auth: Any = None) -> Any:
    """Return when a token ends: never later than the token that made it."""
    asked = timezone.now() + timedelta(days=days) if days else None
    limit = getattr(auth, "expires", None)
    if limit is None or asked is None:
        return asked or limit
    return min(asked, limit)


class ServiceAccounts(ViewSet):
    """Principals for scripts."""

    operations = dict.fromkeys(
        ("list", "create", "destroy", "create_token"), "serviceaccounts.manage"
    )
    serializer_class = shapes.ServiceAccountShape

    def get_queryset(self) -> QuerySet[Any]:
        return self.workspace.service_accounts.select_related("user").prefetch_related(
            "user__memberships"
        )

    def create(self, request: Request, **_: Any) -> Response:
        made = services.create_service_account(
            workspace=self.workspace, **self.body(request), **self.by()
        )
        return self.shape(made, 201)

    def destroy(self, request: Request, **_: Any) -> Response:
        services.delete_service_account(account=self.one(), **self.by())
        return Response(status=204)

    @extend_schema(request=shapes.TokenShape, responses={201: shapes.TokenShape})
    def create_token(self, request: Request, **_: Any) -> Response:
        """Make a token of the account; its secret is in this answer only."""
        body = shapes.TokenShape(data=request.data)
        body.is_valid(raise_exception=True)
        token, secret = services.create_account_token(
            account=self.one(),
            name=body.validated_data["name"],
            expires=_after(body.validated_data.get("days"), request.auth),
            **self.by(),
        )
        return Response({**shapes.TokenShape(token).data, "token": secret}, status=201)


def _value_in(body: Any) -> Any:
    return body.get("value") if isinstance(body, dict) else None


class Secrets(ViewSet):
    """The names in the key vault; a value goes only to a job, by its run's own token."""

    operations = {
        "list": "secrets.list",
        "update": "secrets.write",
        "destroy": "secrets.write",
        "value": "secrets.read",
    }
    run_tokens = ("value",)
    serializer_class = shapes.SecretShape

    def get_queryset(self) -> QuerySet[Any]:
        return self.workspace.secrets.defer("ciphertext")

    def one(self) -> Any:
        return get_object_or_404(self.get_queryset(), name__iexact=self.kwargs["name"])

    def update(self, request: Request, name: str, **_: Any) -> Response:
        body = self.get_serializer(data={"value": _value_in(request.data), "name": name})
        body.is_valid(raise_exception=True)
        value = body.validated_data["value"]
        secret = services.set_secret(workspace=self.workspace, name=name, value=value, **self.by())
        return self.shape(secret)

    def destroy(self, request: Request, **_: Any) -> Response:
        services.delete_secret(secret=self.one(), **self.by())
        return Response(status=204)

    @extend_schema(responses=shapes.SecretValue)
    def value(self, request: Request, name: str, **_: Any) -> Response:
        """Return a value to a job."""
        scope = run_scope(request.auth)
        if scope is None:
            raise StudioError(
                "The value of a secret is given only to jobs.",
                hint="Read it in a job, where OFFICINA_TOKEN is the run's own token.",
                code="forbidden",
            )
        value = services.read_secret(
            workspace=self.workspace, name=name, reason=f"run {scope['run']}", **self.by()
        )
        response = Response({"name": name, "value": value})
        response["Cache-Control"] = "no-store"
        return response


class Events(ViewSet):
    """What happened, newest first; `?type=RunCompleted&q=&since=2026-11-01&until=2026-11-30`."""

    operations = {"list": "workspace.read"}
    serializer_class = shapes.EventShape

    def get_queryset(self) -> QuerySet[Any]:
        asked = activity.Asked.of(self.request.query_params, activity.EVENTS)
        return activity.rows(self.workspace, asked)


class Audit(ViewSet):
    """Who did what, newest first; `?action=secret.read&who=&q=&since=&until=`."""

    operations = {"list": "audit.read"}
    serializer_class = shapes.AuditShape

    def get_queryset(self) -> QuerySet[Any]:
        asked = activity.Asked.of(self.request.query_params, activity.AUDIT)
        return activity.rows(self.workspace, asked)


class Me(APIView):
    """Who the caller is, and where they belong."""

    operations = {"get": SIGNED_IN, "put": SIGNED_IN}

    @extend_schema(responses=shapes.UserShape)
    def get(self, request: Request) -> Response:
        members = Membership.objects.filter(user=person(request)).select_related("workspace")
        bound = getattr(request.auth, "workspace_id", None)
        if bound is not None:
            members = members.filter(workspace_id=bound)
        places = [{"name": row.workspace.name, "role": row.role} for row in members]
        return Response({**shapes.UserShape(person(request)).data, "workspaces": places})

    @extend_schema(request=shapes.Password, responses={204: None})
    def put(self, request: Request) -> Response:
        """Set the caller's password; the old one is asked if there is one."""
        body = shapes.Password(data=request.data)
        body.is_valid(raise_exception=True)
        if person(request).is_service:
            raise StudioError("A service account has no password.", code="forbidden")
        services.change_password(user=person(request), **body.validated_data)
        return Response(status=204)


_ws = "workspaces/<str:workspace>"
_list: dict[str, Any] = {"get": "list", "post": "create"}
_change: dict[str, Any] = {"patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("me", Me.as_view(), name="api-me"),
    path("workspaces", Workspaces.as_view(_list), name="api-workspaces"),
    path(
        f"{_ws}",
        Workspaces.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="api-workspace",
    ),
    path(f"{_ws}/members", Members.as_view({"get": "list"})),
    path(f"{_ws}/members/<int:pk>", Members.as_view(_change)),
    path(f"{_ws}/roles", Roles.as_view(_list)),
    path(f"{_ws}/roles/<int:pk>", Roles.as_view(_change)),
    path(f"{_ws}/invitations", Invitations.as_view(_list)),
    path(f"{_ws}/invitations/<int:pk>", Invitations.as_view({"delete": "destroy"})),
    path(f"{_ws}/tokens", Tokens.as_view(_list)),
    path(f"{_ws}/tokens/<int:pk>", Tokens.as_view({"delete": "destroy"})),
    path(f"{_ws}/service-accounts", ServiceAccounts.as_view(_list)),
    path(f"{_ws}/service-accounts/<int:pk>", ServiceAccounts.as_view({"delete": "destroy"})),
    path(
        f"{_ws}/service-accounts/<int:pk>/tokens",
        ServiceAccounts.as_view({"post": "create_token"}),
    ),
    path(f"{_ws}/secrets", Secrets.as_view({"get": "list"})),
    path(f"{_ws}/secrets/<str:name>", Secrets.as_view({"put": "update", "delete": "destroy"})),
    path(f"{_ws}/secrets/<str:name>/value", Secrets.as_view({"get": "value"})),
    path(f"{_ws}/events", Events.as_view({"get": "list"})),
    path(f"{_ws}/audit", Audit.as_view({"get": "list"})),
]
