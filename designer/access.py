"""Finding a draft within its workspace; one of another workspace is not there."""

from __future__ import annotations

from designer.models import Pipeline
from officina.errors import StudioError
from studio.workspaces.models import User, Workspace

# Told apart on the light and on the dark canvas, and legible under white initials.
COLORS = (
    "#c2410c", "#0e7490", "#7c3aed", "#15803d", "#be185d", "#1d4ed8", "#a16207", "#b91c1c",
    "#0f766e", "#6d28d9", "#4d7c0f", "#9d174d",
)  # fmt: skip


def pipeline_of(workspace: Workspace, guid: str, *, deleted: bool = False) -> Pipeline:
    """Return a draft of the workspace; a deleted one only when it is asked for."""
    rows = Pipeline.objects.filter(workspace=workspace, guid=guid.replace("-", "").lower())
    if not deleted:
        rows = rows.alive()
    found = rows.select_related("workspace", "created_by", "modified_by").first()
    if found is None:
        raise StudioError(
            f"There is no pipeline {guid!r} in workspace {workspace.name}.",
            hint="It may have been deleted: look among the archived ones.",
            where="pipeline",
            code="not_found",
        )
    return found


def color_of(user: User) -> str:
    """Return the colour of a person's cursor, always the same one."""
    return COLORS[user.pk % len(COLORS)]


def initials_of(name: str) -> str:
    """Return the one or two letters that stand for a person."""
    words = name.replace("_", " ").replace(".", " ").split()
    letters = words[0][:2] if len(words) == 1 else words[0][:1] + words[-1][:1] if words else "?"
    return letters.upper()
