"""A workspace that is exported and brought into another is the same there: counts, digests, and who made what."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from designer.models import Comment, PipelineEndpoint
from designer.services.drafts import create_draft, sample_graph
from designer.services.publishing import publish
from designer.services.versions import create_version
from officina.storage import Entry
from registry import archive
from registry import services as registry
from registry.datastores import services
from registry.models import Asset, AssetVersion, Datastore
from registry.services import staging
from studio.automation.models import Firing
from studio.automation.services.quality import set_rules
from studio.automation.services.schedules import save_schedule
from studio.runs.models import Experiment, LineageEdge, ModelWork, Run
from studio.runs.services import store_artifact

PASSWORD = "only-in-the-vault"
SCHEDULE = {
    "displayName": "Nightly",
    "trigger": {"triggerType": "Cron", "expression": "0 3 * * *", "timeZone": "UTC"},
    "action": {
        "actionType": "CreateJob",
        "jobDefinition": {
            "jobType": "Command", "command": "true", "environmentId": "azureml:current@latest",
        },
    },
}  # fmt: skip


def tree_of(**files: bytes) -> Any:
    store = registry.store()
    blobs = {name: store.put_bytes(data) for name, data in files.items()}
    return store.put_manifest({name: Entry(b.sha256, b.size) for name, b in blobs.items()})


@pytest.fixture
def full(cast: Any, tmp_path: Path, settings: LazySettings) -> Any:
    """`lab` with one of each thing that an archive carries."""
    settings.OFFICINA_HOME, settings.STORAGE_URL = tmp_path, str(tmp_path / "store")
    lab, user = cast.lab, cast.owner
    experiment = Experiment.objects.create(
        workspace=lab, name="churn", description="Who leaves.", tags={"a": "b"}
    )
    Experiment.objects.create(workspace=lab, name="empty", archived=True)
    common = {"workspace": lab, "experiment": experiment, "owner": user, "status": "Completed"}
    run = Run.objects.create(**common, name="fit", kind="command")
    store_artifact(run=run, path="log.txt", source=b"line 1\n")
    for number in range(3):
        model = registry.register(
            workspace=lab, kind="model", name="churn", document={}, user=user, run_guid=run.guid,
            tree=tree_of(m=b"%d" % number), description=f"try {number}", tags={"n": str(number)},
        )  # fmt: skip
    registry.delete(model, confirm=True, user=user)  # number 3 stays taken, also elsewhere
    first, second = (
        registry.find(workspace=lab, kind="model", name="churn", version=v) for v in "12"
    )
    registry.update(second, stage="Production", user=user)
    registry.set_label(workspace=lab, kind="model", name="churn", label="champion", version="2")
    asset = Asset.objects.get(workspace=lab, kind="model", name="churn")
    registry.update_asset(asset, description="All of it.", tags={"team": "growth"}, user=user)
    services.create(
        workspace=lab, name="shop", kind="postgresql", user=user,
        config={"server_name": "db.example.org", "database_name": "shop", "password": PASSWORD},
    )  # fmt: skip
    data = registry.register(workspace=lab, kind="data", name="sales", document={})
    registry.archive(workspace=lab, kind="data", name="sales", user=user)
    for source, target in ((data.end, f"run/{run.guid}"), (f"run/{run.guid}", first.end)):
        LineageEdge.objects.create(workspace=lab, source=source, target=target)
    packed = tree_of(**{"churn-1.tar.gz": b"an archive"})
    registry.remember_tree(workspace=lab, tree=packed)
    registry.hold_tree(workspace=lab, digest=packed.digest)
    pack = Run.objects.create(**common, name="pack", kind="command")
    ModelWork.objects.create(
        version=first, run=pack, action="package", options={"form": "docker"},
        result={"tree": packed.digest, "archives": []},
    )  # fmt: skip
    ModelWork.objects.create(
        version=first, action="convert", options={"name": "x"}, result={"bytes": 1}, made=second
    )
    schedule, _ = save_schedule(workspace=lab, name="nightly", document=SCHEDULE, user=user)
    Firing.objects.create(schedule=schedule, due=timezone.now(), state="Submitted", run=run)
    registry.restore(workspace=lab, kind="data", name="sales", user=user)
    rules = [{"column": "price", "rule": "not_null"}]
    set_rules(workspace=lab, user=user, name="sales", rules=rules)
    registry.archive(workspace=lab, kind="data", name="sales", user=user)
    graph = sample_graph("diabetes-graph")
    draft = create_draft(workspace=lab, user=user, name="Churn", graph=graph)
    create_version(pipeline=draft, user=user, name="first try")
    Comment.objects.create(pipeline=draft, text="Why this split?", author=user, node="")
    publish(pipeline=draft, user=user, name="score")
    return cast


def told(workspace: Any) -> dict[str, Any]:
    """Return all that a workspace's archive says of it, without what differs between two workspaces."""
    guids = {
        guid: f"guid-{name}"
        for rows in (workspace.runs, workspace.pipelines)
        for guid, name in rows.values_list("guid", "name")
    }
    found: dict[str, Any] = {}

    with zipfile.ZipFile(io.BytesIO(b"".join(archive.export_workspace(workspace)))) as packed:
        assert packed.testzip() is None
        for name in packed.namelist():
            if name.endswith(".jsonl"):
                text = packed.read(name).decode()
                for guid, stands in guids.items():
                    text = text.replace(guid, stands)
                found[name] = [json.loads(line) for line in text.splitlines()]
            elif name != "manifest.json":
                found[name] = packed.read(name)
    for row in found["assets.jsonl"]:
        for version in row["versions"]:
            del version["created"]
    for row in found["schedules.jsonl"]:
        row["document"].pop("isEnabled")
    return found


def told_bytes(packed: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(packed)) as found:
        return b"".join(found.read(name) for name in found.namelist())


def test_another_workspace_tells_the_same_after_it_came_in(full: Any) -> None:
    packed = b"".join(archive.export_workspace(full.lab))
    assert PASSWORD.encode() not in told_bytes(packed)
    dry = archive.import_archive(workspace=full.elsewhere, source=io.BytesIO(packed))
    assert not full.elsewhere.pipelines.exists()
    assert not AssetVersion.objects.filter(asset__workspace=full.elsewhere).exists()
    report: dict[str, Any] = {}
    for _ in range(2):  # the second time nothing comes twice
        given = {"workspace": full.elsewhere, "confirm": True, "user": full.outsider}
        report = archive.import_archive(source=io.BytesIO(packed), **given)
        assert report["conflicts"] == []
    assert report["imported"] == []
    assert set(report["skipped"]) == set(dry["imported"])

    before, after = told(full.lab), told(full.elsewhere)
    # People of the other workspace are strangers here: whoever brought it in stands for them.
    for rows in (*before.values(), *after.values()):
        for row in rows if isinstance(rows, list) else ():
            row.pop("owner", None)
            row.pop("by", None)
    assert sorted(before) == sorted(after)
    for part, rows in before.items():
        assert after[part] == rows, part
    for part in (
        "datastores",
        "model_work",
        "schedules",
        "firings",
        "quality_rules",
        "published_pipelines",
    ):
        assert before[f"{part}.jsonl"], part


def test_what_came_in_works_here(full: Any) -> None:
    packed = b"".join(archive.export_workspace(full.lab))
    archive.import_archive(
        workspace=full.elsewhere, source=io.BytesIO(packed), confirm=True, user=full.outsider
    )
    here = full.elsewhere
    shop = Datastore.objects.get(workspace=here, name="shop")
    page = full.client("outsider").get(f"/w/{here.name}/datastores/shop/").content.decode()
    assert "carries no credentials" in page
    services.update(shop, user=full.outsider, config=services.config_of(shop) | {"password": "new"})
    assert services.shown(shop)["needs"] == [] and services.shown(shop)["secrets"] == ["password"]
    schedule = here.schedules.get(name="nightly")
    assert (schedule.enabled, schedule.next_run_at, schedule.owner) == (False, None, full.outsider)
    assert schedule.firings.get().run.workspace == here
    work = ModelWork.objects.filter(version__asset__workspace=here)
    assert {each.action for each in work} == {"package", "convert"}
    assert work.get(action="convert").made.stage == "Production"
    package = work.get(action="package").result["tree"]
    assert "churn-1.tar.gz" in registry.open_tree(workspace=here, digest=package).files
    made = registry.find(workspace=here, kind="model", name="churn", version="1")
    assert Run.objects.get(guid=made.run_guid).workspace == here
    new = registry.register(workspace=here, kind="model", name="churn", document={})
    assert new.version == "4"  # 3 was deleted over there
    endpoint = PipelineEndpoint.objects.get(workspace=here)
    assert endpoint.default is not None
    assert endpoint.default.source.pipeline.workspace == here


def test_a_guarded_stage_is_not_entered_by_way_of_an_archive(full: Any) -> None:
    staging.set_rules(
        workspace=full.elsewhere, own=[], guarded_stages=["Production"], user=full.outsider
    )
    packed = b"".join(archive.export_workspace(full.lab))
    archive.import_archive(
        workspace=full.elsewhere, source=io.BytesIO(packed), confirm=True, user=full.outsider
    )
    row = registry.find(workspace=full.elsewhere, kind="model", name="churn", version="2")
    assert row.stage == "None"
