"""Ctrl+K finds everything that has a name and that the person may see, and each line leads somewhere."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from designer.models import Pipeline, PipelineEndpoint
from registry import services as registry
from registry.models import AssetKind, Datastore
from studio.automation.models import Schedule
from studio.compute.models import ComputeTarget
from studio.runs.models import Experiment, Run
from studio.workspaces.models import Membership, User


def found(cast: Any, who: str, text: str) -> dict[str, str]:
    client = Client()
    client.force_login(getattr(cast, who))
    lines = client.get("/w/lab/search.json", {"q": text}).json()["results"]
    return {line["group"]: line["url"] for line in lines}


@pytest.fixture
def zebras(cast: Any) -> Any:
    """One thing of each kind that is called zebra, and the same in a workspace of strangers."""
    for lab, user in ((cast.lab, cast.owner), (cast.elsewhere, cast.outsider)):
        experiment = Experiment.objects.create(workspace=lab, name="zebra-experiment")
        more = {"workspace": lab, "experiment": experiment, "owner": user}
        Run.objects.create(**more, name="zebra-run", kind="command", status="Completed")
        for kind in AssetKind.values:
            registry.register(workspace=lab, kind=kind, name=f"zebra-{kind}", document={})
        by = {"created_by": user}
        Pipeline.objects.create(workspace=lab, name="Zebra", modified_by=user, **by)
        PipelineEndpoint.objects.create(workspace=lab, name="zebra-endpoint", **by)
        Schedule.objects.create(
            workspace=lab, name="nightly", display_name="Zebra", owner=user,
            document={"trigger": {"triggerType": "Recurrence", "frequency": "day", "interval": 1}},
        )  # fmt: skip
        Datastore.objects.create(workspace=lab, name="zebra_store")
        ComputeTarget.objects.create(workspace=lab, name="zebra-cluster")
    Membership.objects.create(
        workspace=cast.lab, user=User.objects.create_user("zebra@example.org"), role="Reader"
    )
    return cast


def test_everything_with_a_name_is_found_and_its_page_opens(zebras: Any) -> None:
    lines = found(zebras, "owner", "zebra")
    assert set(lines) == {
        "Runs", "Experiments", "Models", "Data", "Components", "Environments", "Code", "Pipelines",
        "Pipeline endpoints", "Schedules", "Datastores", "Compute", "Members",
    }  # fmt: skip
    client = Client()
    client.force_login(zebras.owner)
    for url in lines.values():
        assert client.get(url).status_code == 200, url


def test_nobody_finds_what_the_role_may_not_see(zebras: Any) -> None:
    Membership.objects.filter(user=zebras.reader).update(role="Compute Operator")
    assert set(found(zebras, "reader", "zebra")) == {"Runs", "Schedules", "Compute", "Members"}
    client = Client()
    client.force_login(zebras.outsider)
    assert client.get("/w/lab/search.json?q=zebra").status_code == 404


@pytest.mark.parametrize(
    ("who", "text", "group", "finds"),
    [
        ("owner", "retention", "Pages", True),
        ("reader", "retention", "Pages", False),
        ("reader", "settings workspace", "Pages", True),
        ("owner", "split data", "Components", True),
        ("owner", "sklearn-1.5", "Environments", True),
        ("owner", "z", "Runs", False),
        ("owner", "ze%ra", "Runs", False),
        ("owner", "zebra_run", "Runs", False),
        ("owner", "zebra'--", "Runs", False),
        ("owner", "\\", "Runs", False),
    ],
)
def test_words_are_taken_as_they_are(
    who: str, text: str, group: str, *, finds: bool, zebras: Any
) -> None:
    assert (group in found(zebras, who, text)) is finds
