"""Computes are made, shown, changed, started, stopped and deleted in Azure's terms, by those who may."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from studio.compute import services
from studio.compute.models import ComputeTarget, Node, Quota
from studio.workspaces.models import Event, Membership, User

BASE = "/api/v1/workspaces/lab"
CLUSTER = {
    "properties": {
        "computeType": "AmlCompute",
        "properties": {
            "vmSize": "STANDARD_DS3_V2",
            "scaleSettings": {
                "minNodeCount": 0, "maxNodeCount": 5, "nodeIdleTimeBeforeScaleDown": "PT2M30S",
            },
        },
    }
}  # fmt: skip


@pytest.fixture
def owner(cast: Any) -> Any:
    return cast.client("owner")


def test_a_cluster_of_azures_document_comes_back_as_one(owner: Any) -> None:
    made = owner.put(f"{BASE}/computes/aml-cluster", CLUSTER)
    assert made.status_code == 201, made.content
    shown = owner.get(f"{BASE}/computes/aml-cluster").json()["properties"]
    assert shown["provisioningState"] == "Succeeded"
    inner = shown["properties"]
    assert inner["vmSize"] == "Standard_DS3_v2"
    assert inner["scaleSettings"] == CLUSTER["properties"]["properties"]["scaleSettings"]
    assert (inner["currentNodeCount"], inner["allocationState"]) == (0, "Steady")
    assert owner.put(f"{BASE}/computes/aml-cluster", CLUSTER).status_code == 200


def test_a_patch_changes_the_scale_and_not_the_size(owner: Any) -> None:
    owner.put(f"{BASE}/computes/c1", CLUSTER)
    changed = owner.patch(f"{BASE}/computes/c1", {"config": {"max_nodes": 9}})
    assert changed.json()["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 9
    refused = owner.patch(f"{BASE}/computes/c1", {"config": {"size": "Standard_F8s_v2"}})
    assert refused.status_code == 409


def test_an_instance_starts_stops_and_restarts(owner: Any) -> None:
    owner.put(f"{BASE}/computes/box", {"properties": {"computeType": "ComputeInstance"}})
    assert owner.post(f"{BASE}/computes/box/stop").json()["state"] == "Stopped"
    assert owner.post(f"{BASE}/computes/box/start").json()["state"] == "Running"
    shown = owner.post(f"{BASE}/computes/box/restart").json()
    assert shown["properties"]["properties"]["state"] == "Running"
    assert owner.post(f"{BASE}/computes/box/explode").status_code == 404


@pytest.mark.parametrize(
    ("kind", "azure"),
    [
        ("machine", "VirtualMachine"), ("ssh", "VirtualMachine"), ("kubernetes", "Kubernetes"),
        ("dask", "Dask"), ("spark", "SynapseSpark"), ("databricks", "Databricks"),
        ("hdinsight", "HDInsight"), ("datalakeanalytics", "DataLakeAnalytics"),
    ],
)  # fmt: skip
def test_every_kind_is_recorded(owner: Any, kind: str, azure: str) -> None:
    made = owner.put(f"{BASE}/computes/it", {"kind": kind, "config": {}})
    assert made.json()["properties"]["computeType"] == azure


def test_a_run_on_a_recorded_kind_is_refused_with_the_reason(owner: Any) -> None:
    owner.put(f"{BASE}/computes/bricks", {"kind": "databricks"})
    document = {
        "jobType": "Command", "command": "true", "computeId": "bricks",
        "environmentId": "azureml:minimal@latest",
    }  # fmt: skip
    answer = owner.post(f"{BASE}/runs", {"document": document})
    assert "exists only in Azure" in answer.content.decode()
    assert answer.status_code >= 400


def test_an_instance_belongs_to_one_person(cast: Any, owner: Any) -> None:
    owner.put(f"{BASE}/computes/box", {"kind": "instance"})
    document = {
        "jobType": "Command", "command": "true", "computeId": "box",
        "environmentId": "azureml:minimal@latest",
    }  # fmt: skip
    answer = cast.client("contributor").post(f"{BASE}/runs", {"document": document})
    assert answer.status_code == 403
    assert "instance of" in answer.content.decode()


def test_sizes_and_usage_in_azures_words(owner: Any) -> None:
    sizes = owner.get(f"{BASE}/compute-sizes?type=gpu").json()["value"]
    assert sizes
    assert all(size["gpus"] for size in sizes)
    owner.put(f"{BASE}/computes/c1", CLUSTER)
    usage = owner.get(f"{BASE}/compute-usage").json()["value"]
    assert [row["name"]["value"] for row in usage] == ["slots", "c1/nodes"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"kind": "cluster", "config": {"size": "Standard_X1"}}, "There is no size"),
        ({"kind": "cluster", "config": {"max_nodes": 0}}, "whole number from 1"),
        ({"kind": "cluster", "config": {"min_nodes": 3, "max_nodes": 2}}, "fewest nodes"),
        ({"kind": "cluster", "config": {"wings": 2}}, "has no 'wings'"),
        ({"kind": "submarine"}, "no kind of compute"),
        ({"properties": {"properties": {}}}, "computeType"),
        ({"kind": "cluster", "config": {"machines": "local"}}, "no machines of its own"),
    ],
)
def test_a_wrong_wish_is_refused_with_what_is_wrong(owner: Any, body: Any, told: str) -> None:
    owner.get(f"{BASE}/computes")
    answer = owner.put(f"{BASE}/computes/c1", body)
    assert answer.status_code == 400
    assert told in answer.content.decode()


def test_roles_without_the_operation_look_and_touch_nothing(cast: Any, owner: Any) -> None:
    owner.put(f"{BASE}/computes/box", {"kind": "instance"})
    scientist = User.objects.create_user("dora@example.org", "correct horse battery")
    Membership.objects.create(workspace=cast.lab, user=scientist, role="Data Scientist")
    operator = User.objects.create_user("omar@example.org", "correct horse battery")
    Membership.objects.create(workspace=cast.lab, user=operator, role="Compute Operator")
    cast.scientist, cast.operator = scientist, operator
    for who, status in (("reader", 403), ("scientist", 403), ("operator", 200), ("outsider", 404)):
        client = cast.client(who)
        assert client.post(f"{BASE}/computes/box/stop").status_code == status, who
        page = client.get("/w/lab/compute/")
        if status == 403:
            assert "lacks compute.manage" in page.content.decode()
            assert "lacks compute.manage" in client.get("/w/lab/compute/of/box/").content.decode()


def test_a_compute_that_serves_others_or_has_runs_stays(owner: Any) -> None:
    owner.put(f"{BASE}/computes/bench", {"kind": "machine"})
    owner.put(f"{BASE}/computes/on-it", {"kind": "cluster", "config": {"machines": "bench"}})
    assert ComputeTarget.objects.get(name="on-it").pool == "lab.bench"
    assert owner.delete(f"{BASE}/computes/bench").status_code == 409
    assert owner.delete(f"{BASE}/computes/local").status_code == 409
    assert owner.delete(f"{BASE}/computes/on-it").status_code == 204
    assert owner.delete(f"{BASE}/computes/bench").status_code == 204


def test_the_pages_form_makes_changes_and_deletes(owner: Any) -> None:
    form = {"kind": "cluster", "name": "paged", "p-size": "Standard_DS2_v2", "p-max_nodes": "3"}
    made = owner.post("/w/lab/compute/create/", form, format="multipart")
    assert made.headers["Location"] == "/w/lab/compute/of/paged/"
    change = "/w/lab/compute/of/paged/change/"
    owner.post(change, {"action": "update", "p-max_nodes": "7"}, format="multipart")
    assert ComputeTarget.objects.get(name="paged").config["max_nodes"] == 7
    owner.post(change, {"action": "delete"}, format="multipart")
    assert not ComputeTarget.objects.filter(name="paged").exists()


def test_a_quota_is_set_and_lifted_and_a_share_is_for_administrators(cast: Any, owner: Any) -> None:
    url = "/w/lab/compute/quota/"
    owner.post(url, {"user": "carl@example.org", "slots": "1"}, format="multipart")
    assert Quota.objects.get(workspace=cast.lab).slots == 1
    owner.post(url, {"user": "carl@example.org", "slots": ""}, format="multipart")
    assert not Quota.objects.exists()
    refused = owner.post(url, {"slots": "", "share": "5"}, format="multipart")
    assert refused.status_code == 403


def test_quotas_and_the_share_are_set_and_read_over_the_api(cast: Any, owner: Any) -> None:
    place = f"{BASE}/compute-quotas"
    assert owner.put(place, {"slots": 4}, format="json").json() == {
        "user": None, "slots": 4, "share": 1,
    }  # fmt: skip
    email = cast.contributor.email
    owner.put(place, {"user": email, "slots": 2}, format="json")
    assert [row["user"] for row in owner.get(place).json()["value"]].count(email) == 1
    assert owner.put(place, {"share": 3}, format="json").status_code == 403
    assert cast.client("reader").put(place, {"slots": 1}, format="json").status_code == 403
    owner.put(place, {"slots": None}, format="json")
    assert [row["user"] for row in owner.get(place).json()["value"]] == [email]


def test_an_instance_costs_what_it_was_on_this_month(cast: Any, owner: Any) -> None:
    owner.put(f"{BASE}/computes/box", {"properties": {"computeType": "ComputeInstance"}})
    target = ComputeTarget.objects.get(name="box")
    now = timezone.now()
    since = now - timedelta(days=10)

    def did(what: str, when: datetime) -> None:
        event = Event.objects.create(
            workspace=cast.lab, type="ComputeChanged", subject="compute/box", data={"did": what}
        )
        Event.objects.filter(pk=event.pk).update(created=when)

    Event.objects.all().delete()
    # On since long ago; off two days after the month began, on again for the last hour.
    ComputeTarget.objects.filter(pk=target.pk).update(
        created=now - timedelta(days=90), on_since=now - timedelta(hours=1)
    )
    did("stop", since + timedelta(hours=48))
    did("start", now - timedelta(hours=1))
    target.refresh_from_db()
    found = services.hours_on(workspace=cast.lab, targets=[target], since=since)
    assert found[target.pk] == pytest.approx(49, abs=0.1)


def test_a_cluster_counts_its_own_nodes_and_not_its_pools_machines(owner: Any) -> None:
    Node.objects.create(name="m1", slots=4, seen=timezone.now())
    assert owner.put(f"{BASE}/computes/c1", CLUSTER).json()["nodes"] == 0
    assert owner.get(f"{BASE}/computes/local").json()["nodes"] == 1


def test_a_waiting_run_is_moved_and_low_high_or_a_number_is_its_priority(
    cast: Any, owner: Any
) -> None:
    document = {
        "jobType": "Command", "command": "true", "environmentId": "azureml:minimal@latest",
        "queueSettings": {"priority": "high"}, "inputs": {}, "outputs": {},
    }  # fmt: skip
    run = owner.post(f"{BASE}/runs", {"document": document}, format="json").json()
    assert run["priority"] == 10
    path = f"{BASE}/runs/{run['guid']}"
    assert owner.patch(path, {"priority": -5}, format="json").json()["priority"] == -5
    assert cast.client("reader").patch(path, {"priority": 5}, format="json").status_code == 403
    document["queueSettings"] = {"priority": "soon"}
    refused = owner.post(f"{BASE}/runs", {"document": document}, format="json")
    assert refused.status_code == 400
    assert "low, medium, high" in refused.content.decode()
