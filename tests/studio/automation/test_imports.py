"""A file or the rows of a query become the next version of a data asset, by way of a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from officina.errors import StudioError
from registry import services as registry
from registry.datastores import registering
from registry.datastores import services as datastores
from studio.automation import services
from studio.runs.logs import read_log
from studio.runs.models import LineageEdge, Run
from studio.runs.services import create_run
from studio.workspaces.models import User, Workspace
from tests.studio.automation.conftest import Site

pytestmark = pytest.mark.django_db(transaction=True)
Finished = Callable[[Run], Run]


def from_web(site: Site, path: str = "/orders.csv", **more: Any) -> dict[str, Any]:
    source = {"type": "file_system", "path": site.url + path}
    return {"name": "orders", "type": "uri_folder", "source": source, **more}


def log_of(run: Run) -> str:
    return read_log(run=run, offset=0).data.decode()


def test_a_web_file_becomes_a_version_with_its_run_as_lineage(
    workspace: Workspace, user: User, site: Site, inside: None, finished: Finished
) -> None:
    site.pages["/orders.csv"] = b"id,amount\n1,2.5\n2,3\n"
    document = from_web(site, description="all orders", tags={"team": "shop"})
    run = finished(services.import_data(workspace=workspace, user=user, document=document))
    assert run.status == "Completed", (run.error, log_of(run))
    version = registry.find(workspace=workspace, kind="data", name="orders")
    tree = registry.open_tree(workspace=workspace, digest=version.tree)
    assert list(tree.files) == ["orders.csv"]
    assert (version.version, version.run_guid, version.tags) == ("1", run.guid, {"team": "shop"})
    assert version.properties["import.lastModified"] == "Sat, 21 Nov 2026 06:00:00 GMT"
    edge = LineageEdge.objects.get(target="data/orders/1")
    assert edge.source == f"run/{run.guid}"
    assert "20 bytes" in log_of(run)


def test_an_unchanged_file_makes_no_version_and_a_changed_one_does(
    workspace: Workspace, user: User, site: Site, inside: None, finished: Finished
) -> None:
    def again() -> Run:
        return finished(
            services.import_data(workspace=workspace, user=user, document=from_web(site))
        )

    site.pages["/orders.csv"] = b"id\n1\n"
    again()
    run = again()
    assert run.tags["unchanged"] == "true" and run.tags["data"] == "orders:1"
    assert "unchanged since version 1" in log_of(run)
    first = registry.find(workspace=workspace, kind="data", name="orders")
    assert run.outputs["data"]["uri"] == f"tree:{first.tree}"
    site.pages["/orders.csv"] = b"id\n1\n2\n"
    again()
    assert registry.find(workspace=workspace, kind="data", name="orders").version == "2"


def test_a_redirect_to_a_private_address_is_refused_and_the_log_is_kept(
    workspace: Workspace, user: User, site: Site, inside: None, finished: Finished,
) -> None:  # fmt: skip
    site.redirects["/orders.csv"] = "http://169.254.169.254/latest/meta-data/"
    run = finished(services.import_data(workspace=workspace, user=user, document=from_web(site)))
    assert run.status == "Failed"
    assert "169.254.169.254" in run.error["message"] and "private" in run.error["message"]
    assert "Fetching" in log_of(run)
    assert not registry.versions(workspace=workspace, kind="data", name="orders").exists()


def test_this_machine_is_refused_unless_an_administrator_opens_it(
    workspace: Workspace, user: User, site: Site, inside: None, finished: Finished,
    settings: LazySettings,
) -> None:  # fmt: skip
    settings.IMPORT_ALLOW = ""
    site.pages["/orders.csv"] = b"secret"
    run = finished(services.import_data(workspace=workspace, user=user, document=from_web(site)))
    assert run.status == "Failed" and "private address 127.0.0.1" in run.error["message"]
    assert site.asked == []


@pytest.mark.parametrize("how", ["declared", "cut"])
def test_what_is_too_large_or_breaks_off_is_not_registered(
    how: str, workspace: Workspace, user: User, site: Site, inside: None, finished: Finished,
    settings: LazySettings,
) -> None:  # fmt: skip
    site.pages["/orders.csv"] = b"id\n" + b"1\n" * 5_000
    site.cut = how == "cut"
    settings.IMPORT_BYTES = 1_000 if how == "declared" else 10**9
    run = finished(services.import_data(workspace=workspace, user=user, document=from_web(site)))
    wanted = "takes at most 1,000" if how == "declared" else "ended after 5,001 of 10,003 bytes"
    assert run.status == "Failed" and wanted in run.error["message"]
    assert not registry.versions(workspace=workspace, kind="data", name="orders").exists()


def test_a_folder_of_the_studios_machine_comes_through_the_studio(
    workspace: Workspace, user: User, inside: None, finished: Finished, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    share = tmp_path / "share"
    (share / "raw" / "deep").mkdir(parents=True)
    (share / "raw" / "a.csv").write_text("x\n1\n")
    (share / "raw" / "deep" / "b é.csv").write_text("x\n2\n")
    (share / "other.txt").write_text("not asked for")
    monkeypatch.setenv("OFFICINA_DATASTORE_FOLDERS", str(share))
    datastores.create(
        workspace=workspace, name="team", kind="folder", config={"path": str(share)}, user=user
    )
    document = {"name": "raw", "path": "azureml://datastores/workspaceblobstore/paths/raw",
                "source": {"type": "file_system", "path": "raw", "connection": "azureml:team"}}  # fmt: skip
    run = finished(services.import_data(workspace=workspace, user=user, document=document))
    assert run.status == "Completed", (run.error, log_of(run))
    version = registry.find(workspace=workspace, kind="data", name="raw")
    tree = registry.open_tree(workspace=workspace, digest=version.tree)
    assert sorted(tree.files) == ["a.csv", "deep/b é.csv"]


def test_what_takes_long_to_copy_is_registered_by_a_run_whoever_asks(
    workspace: Workspace, user: User, inside: None, finished: Finished, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, client: Client,
) -> None:  # fmt: skip
    (tmp_path / "share" / "set").mkdir(parents=True)
    (tmp_path / "share" / "set" / "a.csv").write_text("x\n1\n")
    monkeypatch.setenv("OFFICINA_DATASTORE_FOLDERS", str(tmp_path))
    monkeypatch.setattr(registering, "SMALL_BYTES", 3)
    datastores.create(
        workspace=workspace, name="team", kind="folder", config={"path": str(tmp_path / "share")},
        user=user,
    )  # fmt: skip
    client.force_login(user)
    uri = "azureml://datastores/team/paths/set"
    body = {"name": "set", "version": "7", "document": {"dataUri": uri}, "tags": {"a": "b"}}

    def asked() -> Any:
        place = f"/api/v1/workspaces/{workspace.name}/data"
        return client.post(place, json.dumps(body), content_type="application/json")

    first = asked()
    assert first.status_code == 202, first.content
    started = first.json()["run"]
    assert asked().json()["run"] == started  # the run that is on its way, not another one
    with pytest.raises(StudioError, match=f"job {started['name']} is importing it"):
        submit_with(workspace, user, "azureml:set:7")
    run = finished(Run.objects.get(guid=started["guid"]))
    assert run.status == "Completed", (run.error, log_of(run))
    version = registry.find(workspace=workspace, kind="data", name="set")
    assert (version.version, version.tags, version.size) == ("7", {"a": "b"}, 4)
    assert version.properties["source.uri"] == uri and version.document["dataType"] == "uri_folder"

    assert ">team/set<" in client.get(f"/w/{workspace.name}/data/set/").content.decode()

    page = f"/w/{workspace.name}/datastores/team/register/"
    sent = client.post(page, {"path": "set/a.csv", "asset": "one"})
    assert sent["Location"].startswith(f"/w/{workspace.name}/runs/")
    coming = Run.objects.get(tags__import="one")
    assert coming.document["dataImport"]["dataType"] == "uri_file"


def submit_with(workspace: Workspace, user: User, uri: str) -> Run:
    inputs = {"x": {"jobInputType": "uri_folder", "uri": uri}}
    document = {"jobType": "Command", "command": "true", "inputs": inputs}
    return create_run(workspace=workspace, user=user, document=document)


def test_data_that_breaks_a_rule_is_not_registered_and_its_rows_are_shown(
    workspace: Workspace, user: User, site: Site, inside: None, finished: Finished
) -> None:
    site.pages["/orders.csv"] = b"id,amount\n1,5\n2,-3\n"
    registry.create_asset(workspace=workspace, kind="data", name="orders")
    services.set_rules(
        workspace=workspace, user=user, name="orders",
        rules=[{"rule": "between", "column": "amount", "min": 0}],
    )  # fmt: skip
    document = from_web(site, enforce_rules=True)
    run = finished(services.import_data(workspace=workspace, user=user, document=document))
    assert run.status == "Failed" and "amount is at least 0" in run.error["message"]
    report = services.report_of(run)
    assert report is not None
    assert report["results"][0]["rows"] == [{"row": 1, "values": {"amount": -3, "id": 2}}]
    site.pages["/orders.csv"] = b"id,amount\n1,5\n2,3\n"
    run = finished(services.import_data(workspace=workspace, user=user, document=document))
    version = registry.find(workspace=workspace, kind="data", name="orders")
    assert run.status == "Completed" and version.properties["quality"] == "passed"


def test_only_the_running_import_itself_is_told_what_opens_its_source(
    workspace: Workspace, user: User, site: Site, inside: None, finished: Finished, client: Any
) -> None:
    from studio.workspaces.services import create_run_token, create_token

    run = services.import_data(workspace=workspace, user=user, document=from_web(site))
    path = f"/api/v1/workspaces/{workspace.name}/runs/{run.guid}/import"
    _, personal = create_token(user=user, name="mine")
    _, own = create_run_token(user=user, run=run.guid, workspace=workspace)
    for token, status in ((personal, 403), (own, 200)):
        answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status, answer.content
    changed = run.document | {"environmentVariables": {"PYTHONSTARTUP": "x.py"}}
    Run.objects.filter(pk=run.pk).update(document=changed)
    answer = client.get(path, headers={"Authorization": f"Bearer {own}"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        403, "This run is not an import.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"name": "a b", "source": {"path": "https://x.org/a"}}, "name"),
        ({"name": "a", "source": {"path": "/etc/passwd"}}, "source.path"),
        ({"name": "a", "source": {"path": "file:///etc/passwd"}}, "source.path"),
        ({"name": "a", "source": {"type": "database", "query": "select 1"}}, "source.connection"),
        ({"name": "a", "source": {"type": "database", "stored_procedure": "p"}},
         "source.stored_procedure"),
        ({"name": "a", "sauce": 1, "source": {"path": "https://x.org/a"}}, "sauce"),
        ({"name": "a", "source": {"query": "select 1", "connection": "azureml:gone"}}, "datastore"),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_carried_out_is_refused_at_once(
    document: dict[str, Any], where: str, workspace: Workspace, user: User
) -> None:
    with pytest.raises(StudioError) as caught:
        services.import_data(workspace=workspace, user=user, document=document)
    assert caught.value.where == where
    assert not Run.objects.exists(), json.dumps(document)
