"""Comments on a draft and its nodes; who is named in one learns of it."""

from __future__ import annotations

import re

from django.db import transaction
from django.utils import timezone

from designer import journal
from designer.models import Comment, Pipeline
from officina.errors import StudioError
from studio.workspaces import events
from studio.workspaces.models import User

MENTION = re.compile(r"(?<![\w.])@(?:\"([^\"]{1,120})\"|([\w.+-]{1,120}(?:@[\w.-]+\w)?))")
MOST_MENTIONS = 20
MAX_TEXT = 10_000


@transaction.atomic
def add_comment(*, pipeline: Pipeline, user: User, text: str, node: str = "") -> Comment:
    """Say something about a draft or a node, and tell those whom it names."""
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        raise StudioError(f"A comment has 1 to {MAX_TEXT} characters.", where="text")
    nodes = {each["id"] for each in journal.refresh(pipeline).graph["nodes"]}
    if node and node not in nodes:
        raise StudioError(f"The pipeline has no module {node!r}.", where="node", code="not_found")
    comment = Comment.objects.create(pipeline=pipeline, node=node, text=text, author=user)
    for person in mentioned(pipeline, text):
        events.emit(
            pipeline.workspace,
            events.PIPELINE_MENTION,
            f"pipeline/{pipeline.guid}",
            {
                "comment": comment.pk,
                "node": node,
                "pipeline": pipeline.name,
                "by": user.email,
                "user": person.email,
                "text": text[:500],
                "url": f"/w/{pipeline.workspace.name}/pipelines/{pipeline.guid}/?node={node}",
            },
        )
    tell(comment)
    return comment


def mentioned(pipeline: Pipeline, text: str) -> list[User]:
    """Return the members whom a text names: `@olga`, `@olga@example.org` or `@"Olga Orlova"`."""
    names = {(quoted or plain).rstrip(".").lower() for quoted, plain in MENTION.findall(text)}
    if not names:
        return []
    members = User.objects.filter(
        memberships__workspace=pipeline.workspace, is_active=True, is_service=False
    )
    return [
        user
        for user in members.distinct().order_by("pk")
        if names & {user.email.lower(), user.name.lower(), user.email.split("@")[0].lower()}
    ][:MOST_MENTIONS]


def resolve_comment(*, comment: Comment, user: User, resolved: bool) -> Comment:
    """Mark a comment as settled, or open it again."""
    comment.resolved_at = timezone.now() if resolved else None
    comment.resolved_by = user if resolved else None
    comment.save(update_fields=["resolved_at", "resolved_by"])
    tell(comment)
    return comment


def tell(comment: Comment) -> None:
    """Let open canvases read the comments again."""
    journal.frame(comment.pipeline.guid, {"type": "comments", "node": comment.node})


def comment_of(pipeline: Pipeline, pk: int) -> Comment:
    """Return one comment; an unknown one is not found."""
    found = pipeline.comments.select_related("author", "resolved_by", "pipeline").filter(pk=pk)
    comment = found.first()
    if comment is None:
        raise StudioError("There is no such comment.", where="comment", code="not_found")
    return comment
