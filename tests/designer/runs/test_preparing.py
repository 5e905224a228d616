"""A preparation becomes a draft, and a run of it makes a new version that shows where it is from."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from rest_framework.test import APIClient

from designer.models import Pipeline
from officina.data import asking
from officina.storage import Entry
from registry import lineage
from registry import services as registry
from studio.runs.models import Run
from studio.workspaces.models import Membership, User, Workspace

pytestmark = pytest.mark.django_db(transaction=True)
CSV = "id,amount,town\n" + "".join(f"{i},{i * 2},{'ab'[i % 2]}\n" for i in range(1, 31))
STEPS = [
    {"op": "filter", "conditions": [{"column": "id", "operator": "more", "value": "10"}]},
    {"op": "sort", "columns": ["id"], "disabled": True},
    {"op": "rename", "names": [{"from": "amount", "to": "sum"}]},
    {"op": "concat", "data": {"name": "more", "version": "1"}, "how": "all"},
    {"op": "fillna", "columns": ["town"], "value": "?"},
    {"op": "aggregate", "function": "sum", "columns": ["sum"], "by": ["town"]},
]
URL = "/api/v1/workspaces/growth/data/orders/versions/1/preparation"


@pytest.fixture(autouse=True)
def tables(workspace: Workspace, warm: None, messages: Any) -> Iterator[None]:
    for name, text in (("orders", CSV), ("more", "id,sum\n99,1000\n")):
        blob = registry.store().put_bytes(text.encode())
        tree = registry.store().put_manifest({"t.csv": Entry(blob.sha256, blob.size)})
        registry.register(
            workspace=workspace, kind="data", name=name, tree=tree,
            document={"dataType": "uri_folder", "dataUri": tree.uri},
        )  # fmt: skip
    yield
    asking.stop()


@pytest.fixture
def member(user: User) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


def test_a_run_makes_the_next_version_with_its_lineage_and_steps(
    member: APIClient, workspace: Workspace, work: Callable[[], None]
) -> None:
    answer = member.post(f"{URL}/run", {"steps": STEPS, "name": "sums"}, format="json")
    assert answer.status_code == 201, answer.json()
    work()
    run = Run.objects.get(guid=answer.json()["guid"])
    assert run.status == "Completed", run.error
    version = registry.find(workspace=workspace, kind="data", name="sums", label="latest")
    tree = registry.open_tree(workspace=workspace, digest=version.tree)
    frame = pd.read_parquet(io.BytesIO(registry.store().read(tree.files["data.parquet"].sha256)))
    source = pd.read_csv(io.StringIO(CSV)).query("id > 10").groupby("town")["amount"].sum()
    wanted = pd.DataFrame({"town": ["?", "a", "b"], "sum": [1000, source["a"], source["b"]]})
    assert_frame_equal(frame, wanted, check_dtype=False)
    assert version.run_guid == run.guid
    assert len(json.loads(version.properties["officina.preparation"])["steps"]) == len(STEPS)
    ends = {node["id"] for node in lineage.graph(workspace, version.end)["nodes"]}
    assert {"data/orders/1", "data/more/1", f"run/{run.guid}"} <= ends


def test_a_second_run_of_the_same_steps_is_reused_and_still_makes_a_version(
    member: APIClient, workspace: Workspace, work: Callable[[], None]
) -> None:
    for _ in range(2):
        assert member.post(f"{URL}/run", {"steps": STEPS[:1]}, format="json").status_code == 201
        work()
    found = registry.versions(workspace=workspace, kind="data", name="orders")
    assert [row.version for row in found] == ["3", "2", "1"]
    assert found[0].tree == found[1].tree


def test_a_draft_has_a_module_for_each_step_and_no_problems(
    member: APIClient, workspace: Workspace
) -> None:
    answer = member.post(f"{URL}/pipeline", {"steps": STEPS, "name": "Sums"}, format="json")
    assert answer.status_code == 201, answer.json()
    draft = Pipeline.objects.get(guid=answer.json()["guid"])
    assert draft.name == "Sums"
    modules = [node["component"] for node in draft.graph["nodes"]]
    assert sorted(modules) == sorted(
        ["data_asset", "data_asset", "clean_missing_data", "edit_metadata"]
        + ["execute_python_script"] * 3
    )
    assert member.get(f"/w/growth/pipelines/{draft.guid}/").status_code == 200


def test_steps_that_fail_are_neither_saved_nor_run(member: APIClient) -> None:
    for what in ("pipeline", "run"):
        wrong = [STEPS[0], {"op": "sort", "columns": ["nope"]}]
        answer = member.post(f"{URL}/{what}", {"steps": wrong}, format="json")
        assert answer.status_code == 400
        assert answer.json()["error"]["where"] == "steps.1"
    assert member.post(f"{URL}/run", {"steps": []}, format="json").status_code == 400
    bad = member.post(f"{URL}/run", {"steps": STEPS[:1], "name": "a/b"}, format="json")
    assert bad.status_code == 400


def test_a_reader_may_neither_save_nor_run(workspace: Workspace) -> None:
    reader = User.objects.create_user(email="rita@example.com", password="a-long-enough-one")
    Membership.objects.create(workspace=workspace, user=reader, role="Reader")
    client = APIClient()
    client.force_login(reader)
    for what in ("pipeline", "run"):
        answer = client.post(f"{URL}/{what}", {"steps": STEPS}, format="json")
        assert answer.status_code == 403
