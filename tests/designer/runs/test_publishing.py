"""A published pipeline is called by name with a token, in Azure's words or ours."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from studio.compute import services as computes
from studio.runs.models import Run
from studio.workspaces.models import Membership, User
from tests.cast import bearer, token_of
from tests.designer.runs.conftest import node_of, steps

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def published(api: Any) -> dict[str, Any]:
    made: dict[str, Any] = api("post", "publish", {"name": "nightly", "description": "d"}, 201)
    return made


def test_a_client_runs_it_with_azures_field_names_and_a_token(
    api: Any, published: Any, user: Any, work: Any
) -> None:
    client = bearer(token_of(user))
    computes.beat_node()
    body = {
        "ExperimentName": "tests",
        "ParameterAssignments": {"fraction": "0.8"},
        "RunSource": "SDK",
    }
    path = published["submit_url"].split("//", 1)[1].split("/", 1)[1]
    answer = client.post(f"/{path}", body, format="json")
    assert answer.status_code == 201, answer.content
    run = Run.objects.get(guid=answer.json()["Id"])
    work()
    run.refresh_from_db()
    assert (run.status, run.experiment.name) == ("Completed", "tests"), run.error
    assert run.children.get(step="split").params["fraction"] == 0.8
    assert run.tags | {"officina.endpoint": "nightly", "officina.published": "1"} == run.tags
    assert [one["guid"] for one in api("get", "/pipeline-endpoints/nightly")["runs"]] == [run.guid]


def test_the_address_stays_and_versions_never_change(
    api: Any, published: Any, change: Any, draft: Any, work: Any
) -> None:
    change(draft, lambda graph: node_of(graph, "learner")["params"].update(l2_weight=3.0))
    second = api("post", "publish", {"name": "nightly", "version": "2.0"}, 201)
    assert second["submit_url"] == published["submit_url"]
    assert second["default_version"] == "2.0"
    api("post", "publish", {"name": "nightly", "version": "2.0"}, 409)
    old = api("post", "/pipeline-endpoints/nightly/submit", {"pipeline_version": "1"}, 201)
    new = api("post", "/pipeline-endpoints/nightly/submit", {}, 201)
    weights = [
        Run.objects.get(guid=r["guid"]).document["jobs"]["learner"]["inputs"] for r in (old, new)
    ]
    assert [w.get("l2_weight", {}).get("value") for w in weights] == [None, 3.0]
    api("patch", "/pipeline-endpoints/nightly", {"default_version": "1"})
    shown = api("get", "/pipeline-endpoints/nightly")
    assert [(v["version"], v["default"]) for v in shown["versions"]] == [
        ("2.0", False),
        ("1", True),
    ]
    assert api("get", "/pipeline-endpoints")["items"][0]["versions"] == 2


def test_wrong_calls_say_what_is_wrong(api: Any, published: Any, change: Any, draft: Any) -> None:
    url = "/pipeline-endpoints/nightly/submit"
    wrong = api("post", url, {"ParameterAssignments": {"fractoin": 1}}, 400)
    assert wrong["error"]["where"] == "ParameterAssignments.fractoin"
    assert "fraction" in wrong["error"]["hint"]
    assert api("post", url, {"ParameterAssignments": {"fraction": "much"}}, 400)
    assert api("post", url, {"Experiment Name": "x"}, 400)
    assert api("post", url, {"PipelineVersion": "9"}, 404)
    assert api("post", "/pipeline-endpoints/nothing/submit", {}, 404)
    api("patch", "/pipeline-endpoints/nightly", {"disabled": True})
    assert "switched off" in api("post", url, {}, 409)["error"]["message"]
    change(draft, lambda graph: graph.update(edges=[]))
    assert api("post", "publish", {"name": "broken"}, 409)
    assert api("post", "publish", {"name": "no way"}, 400)


def test_a_caller_may_set_only_what_is_offered(api: Any) -> None:
    api("post", "publish", {"name": "fixed", "parameters": []}, 201)
    refused = api(
        "post", "/pipeline-endpoints/fixed/submit", {"parameters": {"fraction": 0.9}}, 400
    )
    assert "takes no parameter" in refused["error"]["message"]
    api("post", "publish", {"name": "fixed", "parameters": ["nothing"]}, 400)


def test_readers_may_look_but_not_run_or_publish(
    api: Any, published: Any, workspace: Any, draft: Any
) -> None:
    rita = User.objects.create_user(email="rita@example.com", password="a-long-enough-one")
    Membership.objects.create(workspace=workspace, user=rita, role="Reader")
    client = APIClient()
    client.force_login(rita)
    base = f"/api/v1/workspaces/{workspace.name}"
    assert client.get(f"{base}/pipeline-endpoints/nightly").status_code == 200
    for path in (
        "pipeline-endpoints/nightly/submit", f"pipelines/{draft.guid}/publish",
        f"pipelines/{draft.guid}/submit", f"pipelines/{draft.guid}/try",
    ):  # fmt: skip
        assert client.post(f"{base}/{path}", {}, format="json").status_code == 403
    plan = client.post(f"{base}/pipelines/{draft.guid}/plan", {}, format="json")
    assert plan.status_code == 200


def test_the_pages_show_versions_and_how_to_call_it(
    api: Any, published: Any, user: Any, workspace: Any, work: Any
) -> None:
    client = Client()
    client.force_login(user)
    listed = client.get(f"/w/{workspace.name}/endpoints/pipelines/")
    assert "nightly" in listed.content.decode()
    page = client.get(f"/w/{workspace.name}/endpoints/pipelines/nightly/").content.decode()
    assert "ParameterAssignments" in page and published["submit_url"] in page
    sent = client.post(
        f"/w/{workspace.name}/endpoints/pipelines/nightly/run/", {"parameter-fraction": "0.6"}
    )
    assert sent.status_code == 302
    computes.beat_node()
    work()
    run = Run.objects.get(parent=None)
    assert run.children.get(step="split").params["fraction"] == 0.6
    page = client.get(f"/w/{workspace.name}/endpoints/pipelines/nightly/").content.decode()
    assert run.guid in page


def test_a_script_is_tried_on_a_sample_of_its_inputs(
    api: Any, run_draft: Any, work: Any, draft: Any
) -> None:
    assert "Run to there first" in api("post", "try", {"node": "score"}, 409)["error"]["hint"]
    run_draft()
    refused = api("post", "try", {"node": "score", "code": "print(1)"}, 400)
    assert "no script" in refused["error"]["message"]
    run = Run.objects.get(guid=api("post", "try", {"node": "score"}, 201)["guid"])
    work()
    run.refresh_from_db()
    assert steps(run) == {"score": ("Completed", True)} and run.experiment.name == "tries"
    assert api("get", "state")["run"]["number"] == 1, "a try is no run of the draft"
