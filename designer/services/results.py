"""What the runs of a draft left: the latest result of each of its nodes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any

from django.db.models import QuerySet

from designer.models import Pipeline
from designer.services.drafts import PIPELINE_TAG
from officina.documents.references import parse_reference
from officina.errors import StudioError
from registry import services as registry
from studio.runs.models import Run, Status
from studio.workspaces.models import Workspace

# So many runs back a node's earlier result is looked for.
DEPTH = 50
FINGERPRINTS, SOURCES = "officina.fingerprints", "officina.sources"


def settled(workspace: Workspace) -> Callable[[str, str], str]:
    """Return a function that says which version an asset's name means now, `@latest` included.

    A name that is bound, or that nothing here answers to, stays as it is.
    """

    @cache
    def version(name: str, kind: str) -> str:
        try:
            ref = parse_reference(name)
            if not name.startswith("azureml:") or ref.version:
                return name
            found = registry.find(
                workspace=workspace,
                kind="model" if kind in {"mlflow_model", "custom_model"} else "data",
                name=name if ref.shared else ref.name,
                label=ref.label or "",
            )
        except StudioError:
            return name
        return f"azureml:{found.asset.name}:{found.version}"

    return version


def runs_of(pipeline: Pipeline) -> QuerySet[Run]:
    """Return the draft's runs, the newest first."""
    return Run.objects.filter(
        workspace=pipeline.workspace,
        parent=None,
        labels__kind="tag",
        labels__key=PIPELINE_TAG,
        labels__value=pipeline.guid,
    ).order_by("-pk")


def run_of(pipeline: Pipeline, guid: str) -> Run:
    """Return one of the draft's runs by guid or name."""
    rows = runs_of(pipeline).select_related("workspace", "owner", "compute")
    found = rows.filter(guid=guid).first() or rows.filter(name=guid).first()
    if found is None:
        raise StudioError(
            f"There is no run {guid!r} of pipeline {pipeline.name}.",
            hint="Choose one of its runs.",
            where="run",
            code="not_found",
        )
    return found


def latest_results(
    pipeline: Pipeline, steps: Iterable[str], first: Run | None = None
) -> dict[str, Run]:
    """Return for each step its newest completed run, those of the run `first` before all others."""
    wanted = set(steps)
    found: dict[str, Run] = {}
    if first is not None:
        found = {c.step: c for c in _completed([first.pk]).filter(step__in=wanted)}
    if wanted - found.keys():
        parents = list(runs_of(pipeline).values_list("pk", flat=True)[:DEPTH])
        for child in _completed(parents).filter(step__in=wanted - found.keys()).order_by("-pk"):
            found.setdefault(child.step, child)
    with_parents(found.values())
    return found


def _completed(parents: list[int]) -> QuerySet[Run]:
    rows = Run.objects.filter(parent_id__in=parents, status=Status.COMPLETED)
    return rows.defer("cursor", "metrics", "key_parts", "document", "params", "inputs")


def with_parents(children: Iterable[Run]) -> None:
    """Give each child its pipeline's run, read once: its document is as long as the pipeline."""
    rows = [child for child in children if child.parent_id is not None]
    parents = Run.objects.in_bulk({child.parent_id for child in rows})
    for child in rows:
        child.parent = parents.get(child.parent_id)


def earlier_steps(pipeline: Pipeline, steps: Iterable[str]) -> dict[str, Run]:
    """Return for each step the newest run of it that ended or goes on, however it ended."""
    parents = list(runs_of(pipeline).values_list("pk", flat=True)[:DEPTH])
    rows = Run.objects.filter(parent_id__in=parents, step__in=list(steps)).exclude(step_key="")
    found: dict[str, Run] = {}
    for child in rows.order_by("-pk").only(
        "step", "status", "key_parts", "parent_id", "error", "step_key", "reused_from_id"
    ):
        found.setdefault(child.step, child)
    return found


def print_of(child: Run) -> str:
    """Return what a step's results were computed from, in the words of `fingerprints`."""
    known = noted(child.parent, FINGERPRINTS) if child.parent else {}
    return str(known.get(child.step.partition("/")[0]) or f"run/{child.guid}")


def noted(run: Run, key: str) -> dict[str, Any]:
    """Return one of the JSON notes that a submission leaves in its document's properties."""
    text = (run.document.get("properties") or {}).get(key)
    return _read(text) if isinstance(text, str) else {}


@lru_cache(maxsize=64)
def _read(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
