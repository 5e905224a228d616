"""A list costs the same number of queries, however long it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from officina.storage import Entry
from registry import services as registry
from registry.models import COLLECTIONS
from studio.facades.azureml.models import SentAsset, SentJob
from studio.runs.models import Experiment, Run
from tests.cast import bearer, token_of
from tests.facades.azureml.test_access import LAB, lab

__all__ = ["lab"]


def jobs(cast: Any, numbers: range, parent: Run | None = None) -> None:
    """Make jobs with an output: every other one as azure-ai-ml sends it, the rest as our own do."""
    experiment, _ = Experiment.objects.get_or_create(workspace=cast.lab, name="many")
    for number in numbers:
        run = Run.objects.create(
            workspace=cast.lab, experiment=experiment, owner=cast.owner, kind=Run.COMMAND,
            name=f"{parent or 'job'}-{number}", step=str(number) if parent else "", parent=parent,
            root=parent, outputs={"o": {"uri": "tree:" + "0" * 64}},
            document={"jobType": "Command", "command": "true"},
        )  # fmt: skip
        if number % 2:
            sent = {"jobType": "Command", "outputs": {"o": {"jobOutputType": "uri_folder"}}}
            SentJob.objects.create(run=run, properties=sent)


def steps(cast: Any, numbers: range) -> None:
    experiment, _ = Experiment.objects.get_or_create(workspace=cast.lab, name="many")
    pipeline, _ = Run.objects.get_or_create(
        workspace=cast.lab, name="pipeline",
        defaults={"experiment": experiment, "owner": cast.owner, "kind": Run.PIPELINE},
    )  # fmt: skip
    jobs(cast, numbers, pipeline)


def version(cast: Any, kind: str, name: str) -> None:
    """Register a version of stored files, a component with what its client sent too."""
    blob = registry.store().put_bytes(b"x")
    tree = registry.store().put_manifest({"x": Entry(blob.sha256, blob.size)})
    registry.remember_tree(workspace=cast.lab, tree=tree)
    row = registry.register(
        workspace=cast.lab, kind=kind, name=name, document={"dataUri": tree.uri}, user=cast.owner,
        tree=None if kind == "environment" else tree,
    )  # fmt: skip
    if kind == "component":
        SentAsset.objects.create(version=row, properties={"componentSpec": {"type": "command"}})


HISTORY = f"/history/v1.0{LAB}"
JOBS = {
    "jobs": (LAB + "/jobs", jobs),
    "steps": (LAB + "/jobs?parentJobName=pipeline", steps),
    "children": (HISTORY + "/runs/pipeline/children", steps),
}


def asked(client: Any, url: str) -> tuple[int, int]:
    """Return how long a list is, and how many queries it took."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url)
    assert answer.status_code == 200, answer.content
    return len(answer.json()["value"]), len(queries)


@pytest.mark.parametrize("which", JOBS)
def test_fifty_jobs_ask_the_database_as_often_as_five(lab: Any, which: str) -> None:
    url, make = JOBS[which]
    client = bearer(token_of(lab.owner))
    client.get(url)  # what is asked once for a token is asked now
    make(lab, range(5))
    assert asked(client, url)[0] == 5
    few = asked(client, url)[1]
    make(lab, range(5, 50))
    assert asked(client, url) == (50, few)


@pytest.mark.parametrize("kind", COLLECTIONS)
def test_more_assets_and_versions_take_no_more_queries(lab: Any, kind: str) -> None:
    client = bearer(token_of(lab.owner))
    names = f"{LAB}/{COLLECTIONS[kind]}"
    found = []
    for size in (2, 7):
        for number in range(size):
            version(lab, kind, "one")
            version(lab, kind, f"{size}-{number}")
        client.get(names)
        found.append((asked(client, names), asked(client, f"{names}/one/versions")))
    (few_names, few_versions), (names_, versions) = found
    assert names_[0] == few_names[0] + 7
    assert versions[0] == few_versions[0] + 7
    assert (names_[1], versions[1]) == (few_names[1], few_versions[1])
