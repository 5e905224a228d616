"""Who calls, and what of a workspace they may touch: a person's token all they may, a job's only its own runs."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Q
from django.http import HttpRequest

from officina.errors import StudioError
from studio.facades.mlflow import memory
from studio.facades.mlflow.wire import Refusal, absent
from studio.runs.models import Experiment, Run
from studio.workspaces import access
from studio.workspaces.authentication import bad_token, find_token, run_scope, secret_in
from studio.workspaces.models import ApiToken, Membership, User, Workspace

DEFAULT = "Default"
_EXPERIMENT = "SELECT name, archived FROM runs_experiment WHERE id = %s AND workspace_id = %s"
# How deep runs that a job begins may be nested.
DEPTH = 10


@dataclass
class Caller:
    """One request's sender in one workspace; `job` is the run whose own token it is, or None."""

    user: User
    workspace: Workspace
    job: Run | None = None
    request: Any = field(default=None, repr=False)

    def experiment_id(self, row: Experiment) -> str:
        """Return an experiment's id as MLflow shows it: each workspace has its own "0"."""
        return "0" if row.name == DEFAULT else str(row.pk)

    def find_experiment(self, ident: str) -> Experiment:
        """Return an experiment by MLflow's id; a job's token finds its own only."""
        rows = Experiment.objects.filter(workspace=self.workspace)
        if ident == "0":
            row = rows.get_or_create(workspace=self.workspace, name=DEFAULT)[0]
        else:
            check_number(ident)
            found = next(iter(rows.filter(pk=int(ident))), None) if is_number(ident) else None
            if found is None:
                raise Refusal(
                    f"No Experiment with id={ident[:100]} exists", "RESOURCE_DOES_NOT_EXIST"
                )
            row = found
        self.check_experiment(row)
        return row

    def experiment_of_new_runs(self, ident: str) -> Experiment:
        """Return an experiment of which no more is known than what a new run in it needs."""
        if not is_number(ident) or ident == "0":
            return self.find_experiment(ident)
        with connection.cursor() as cursor:
            cursor.execute(_EXPERIMENT, [int(ident), self.workspace.pk])
            found = cursor.fetchone()
        if found is None:
            return self.find_experiment(ident)
        row = Experiment(
            pk=int(ident), workspace=self.workspace, name=found[0], archived=bool(found[1])
        )
        self.check_experiment(row)
        return row

    def check_experiment(self, row: Experiment) -> None:
        if self.job is not None and row.pk != self.job.experiment_id:
            raise job_only(f"the experiment {self.job.experiment.name!r} that its job belongs to")

    def find_run(self, ident: str, *, alive: bool = False, wide: bool = True) -> Run:
        """Return a run of the workspace; `alive` refuses a deleted one, as every write does."""
        rows = Run.objects.select_related("experiment", "owner", "parent", "root")
        if not wide:
            rows = rows.defer("document", "key_parts", "cursor", "inputs", "outputs")
        run = rows.filter(guid=ident, workspace=self.workspace).first()
        if run is None or not self.reaches(run):
            if run is not None:
                raise job_only("its own run and the runs nested in it")
            raise absent("Run", ident)
        if alive and run.deleted is not None:
            raise deleted(run.guid)
        run.workspace = self.workspace
        return run

    def find_target(self, ident: str) -> Run:
        """Return a run to log to; only its key and what is checked here is read."""
        if self.job is not None:
            return self.find_run(ident, alive=True, wide=False)
        rows = Run.objects.filter(guid=ident, workspace=self.workspace)
        found = rows.values_list("pk", "deleted").first()
        if found is None:
            raise absent("Run", ident)
        if found[1] is not None:
            raise deleted(ident)
        return Run(pk=found[0], guid=ident, workspace=self.workspace)

    def reaches(self, run: Run | None) -> bool:
        """Say whether a job's token may touch this run: its own, or one begun inside it."""
        if self.job is None:
            return True
        for _ in range(DEPTH):
            if run is None:
                return False
            if run.pk == self.job.pk:
                return True
            run = run.parent
        return False

    def own_runs(self, prefix: str = "") -> Q:
        """Return the condition that limits a search to what the caller may see."""
        return runs_of_job(None if self.job is None else self.job.pk, prefix)

    def people_only(self) -> None:
        """Refuse a job's token."""
        if self.job is not None:
            raise job_only("its own run")


def runs_of_job(job: int | None, prefix: str = "") -> Q:
    """Return the condition that limits runs to a job's own and those begun inside it; none for None."""
    if job is None:
        return Q()
    return Q(
        Q(**{f"{prefix}pk": job})
        | Q(**{f"{prefix}parent": job})
        | Q(**{f"{prefix}parent__parent": job})
    )


def deleted(guid: str) -> Refusal:
    return Refusal(f"The run {guid} must be in the 'active' state. Current state is deleted.")


def job_only(what: str) -> Refusal:
    return Refusal(
        f"A job's own token works only for {what}. Use a personal token for anything else.",
        "PERMISSION_DENIED",
    )


def is_number(ident: str) -> bool:
    return ident.isascii() and ident.isdigit() and len(ident) < 19


def check_number(ident: str) -> None:
    """Refuse an experiment's id that is none."""
    if not (ident.isascii() and ident.isdigit()):
        raise Refusal(
            f"Invalid experiment ID {ident[:100]!r}. Experiment ID must be a valid integer."
        )


def secret_of(request: HttpRequest) -> tuple[str, str | None]:
    """Return a request's token, from Bearer or as the password of Basic, and the e-mail address of the latter."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    secret = secret_in(header)
    email = None
    if secret is None and header[:6].lower() == "basic ":
        try:
            email, _, secret = base64.b64decode(header[6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise bad_token() from None
    if not secret:
        # A session is no sign-in here: without CSRF tokens, another site could use it.
        raise StudioError(
            "You are not signed in.",
            hint="Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME (your e-mail address) "
            "and MLFLOW_TRACKING_PASSWORD (a token of the Tokens page).",
            code="unauthenticated",
        )
    return secret, email


def _member(request: HttpRequest, workspace: str | None, operation: Any) -> tuple[Any, Membership]:
    """Return the token and its membership of the workspace, which holds the operation."""
    secret, email = secret_of(request)
    known = memory.recall(secret, workspace) if workspace else None
    token = known.token if known is not None else find_token(secret)
    if token is None or (email is not None and email.lower() != token.user.email.lower()):
        raise bad_token()
    wanted = operation(token)
    if known is not None and wanted in known.member.operations:
        return token, known.member
    name = workspace if workspace is not None else _default_workspace(token)
    member = access.workspace_for(token.user, name, wanted, token)
    if workspace:
        memory.remember(secret, workspace, token, member)
    return token, member


def enter(
    request: HttpRequest, workspace: str | None, operation: str, run_operation: str = ""
) -> Caller:
    """Sign a request in, find its workspace and ask for the operation; raise StudioError or Refusal.

    `run_operation` is what a job's token must hold instead; "" means the same operation.
    """

    def wanted_by(token: ApiToken) -> str:
        return operation if run_scope(token) is None else (run_operation or operation)

    token, member = _member(request, workspace, wanted_by)
    scope = run_scope(token)
    job = None
    if scope is not None:
        if wanted_by(token) not in scope.get("operations", ()):
            raise job_only("its own run")
        rows = Run.objects.select_related("experiment").defer("document", "key_parts", "cursor")
        job = rows.filter(guid=scope["run"], workspace=member.workspace).first()
        if job is None:
            raise job_only("its own run")
    return Caller(user=token.user, workspace=member.workspace, job=job, request=request)


def _default_workspace(token: ApiToken) -> str:
    """Return the token's workspace, else the first that its owner belongs to."""
    if token.workspace is not None:
        return token.workspace.name
    first = Workspace.objects.visible_to(token.user).order_by("memberships__pk").first()
    if first is None:
        raise StudioError("You belong to no workspace yet.", code="not_found")
    return first.name
