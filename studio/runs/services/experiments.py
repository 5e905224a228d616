"""Experiments: making, renaming, archiving with their runs, and their tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.runs.models import Experiment, Run
from studio.workspaces import audit
from studio.workspaces.models import Workspace

NAME_LENGTH = 255


def check_name(name: str) -> str:
    """Return a name that an experiment may have; refuse any other."""
    if not name.strip() or len(name) > NAME_LENGTH:
        raise StudioError(
            f"An experiment's name has 1 to {NAME_LENGTH} characters.", where="name", code="invalid"
        )
    return name


def create_experiment(
    *, workspace: Workspace, user: Any, name: str, tags: Mapping[str, str] | None = None
) -> Experiment:
    """Make an experiment; a name that is taken, also by an archived one, is a conflict."""
    check_name(name)
    try:
        with transaction.atomic():
            row = Experiment.objects.create(workspace=workspace, name=name, tags=dict(tags or {}))
            audit.record(
                workspace=workspace, actor=user, action="experiments.create",
                target=f"experiment/{name}",
            )  # fmt: skip
    except IntegrityError:
        raise _taken(name) from None
    return row


def rename_experiment(*, experiment: Experiment, user: Any, name: str) -> Experiment:
    """Give an experiment another name that is still free."""
    check_name(name)
    was = experiment.name
    experiment.name = name
    try:
        with transaction.atomic():
            experiment.save(update_fields=["name", "changed"])
            audit.record(
                workspace=experiment.workspace, actor=user, action="experiments.rename",
                target=f"experiment/{name}", detail={"was": was},
            )  # fmt: skip
    except IntegrityError:
        experiment.name = was
        raise _taken(name) from None
    return experiment


def _taken(name: str) -> StudioError:
    return StudioError(
        f"There is an experiment {name!r} already.",
        hint="Choose another name; an archived experiment keeps its own.",
        where="name",
        code="conflict",
    )


@transaction.atomic
def archive_experiment(*, experiment: Experiment, user: Any) -> None:
    """Hide an experiment and mark its runs deleted; `restore_experiment` brings both back."""
    now = timezone.now()
    Run.objects.filter(experiment=experiment, deleted=None).update(deleted=now)
    _set_archived(experiment, user, archived=True)


@transaction.atomic
def restore_experiment(*, experiment: Experiment, user: Any) -> None:
    """Bring an experiment back with all its runs."""
    Run.objects.filter(experiment=experiment).exclude(deleted=None).update(deleted=None)
    _set_archived(experiment, user, archived=False)


def _set_archived(experiment: Experiment, user: Any, *, archived: bool) -> None:
    experiment.archived = archived
    experiment.save(update_fields=["archived", "changed"])
    audit.record(
        workspace=experiment.workspace, actor=user,
        action="experiments.archive" if archived else "experiments.restore",
        target=f"experiment/{experiment.name}",
    )  # fmt: skip


@transaction.atomic
def tag_experiment(*, experiment: Experiment, key: str, value: str | None) -> bool:
    """Set a tag, or take it away with None; False when it was not there to be taken."""
    row = Experiment.objects.select_for_update().get(pk=experiment.pk)
    if value is None and key not in row.tags:
        return False
    if value is None:
        del row.tags[key]
    else:
        row.tags[key] = value
    row.save(update_fields=["tags", "changed"])
    return True
