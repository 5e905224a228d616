"""A container behind Azure's own protocol, as its user meets it: from the form to the job's input."""

from __future__ import annotations

import datetime as dt
import html
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

pytest.importorskip("azure.storage.blob")

from officina.errors import StudioError
from officina.storage import ContentStore
from registry import services as registry
from registry.datastores import looking, services
from registry.models import Datastore
from studio.automation import services as automation
from studio.lib import tls
from studio.runs.logs import read_log
from studio.runs.models import Run
from studio.workspaces.models import User, Workspace
from tests.azurite import authority
from tests.azurite.server import ACCOUNT, KEY, Azurite, over_tls, running
from tests.studio.runs.conftest import command, submit

__all__ = ["command", "submit"]
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
CSV = b"city,count\nBern,3\nOslo,5\n"


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Run Azurite with the container `raw`: two tables and a folder marked as a Data Lake does."""
    from azure.storage.blob import ContainerClient

    with running(tmp_path_factory.mktemp("azurite")) as server:
        with ContainerClient.from_connection_string(server.connection, "raw") as container:
            container.create_container()
            container.upload_blob("lab/sales", b"", metadata={"hdi_isfolder": "true"})
            container.upload_blob("lab/sales/day.csv", CSV)
            container.upload_blob("lab/sales/deep/more.csv", CSV)
            container.upload_blob("elsewhere.csv", b"x\n1\n")
        yield server


@pytest.fixture(autouse=True)
def open_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.1/32")


def filled(azurite: Azurite, **more: Any) -> dict[str, Any]:
    place = {"account_name": ACCOUNT, "container_name": "raw", "prefix": "lab"}
    return place | {"endpoint_url": azurite.url, "account_key": KEY} | more


def token(azurite: Azurite, *, rights: str = "rl", minutes: int = 60) -> str:
    """Return a SAS token of the container, as its owner hands it out."""
    from azure.storage.blob import generate_container_sas

    now = dt.datetime.now(dt.UTC)
    return str(
        generate_container_sas(
            ACCOUNT, "raw", account_key=KEY, permission=rights, start=now - dt.timedelta(hours=2),
            expiry=now + dt.timedelta(minutes=minutes),
        )
    )  # fmt: skip


def make(azurite: Azurite, workspace: Workspace, user: User, kind: str, **more: Any) -> Datastore:
    config = filled(azurite, **more)
    return services.create(workspace=workspace, name=kind, kind=kind, config=config, user=user)


def test_from_the_form_to_a_version_and_a_job(
    azurite: Azurite, workspace: Workspace, user: User, home: Any, client: Client,
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]],
    finished: Callable[[Run], Run],
) -> None:  # fmt: skip
    client.force_login(user)
    pages = f"/w/{workspace.name}/datastores"
    form = {"kind": "azure_blob", "name": "lake", **filled(azurite)}
    told = client.post(f"{pages}/new/", form | {"test": "1"}, headers={"HX-Request": "true"})
    assert "The container raw of team answers (1 entries at the top)." in told.content.decode()
    # The answer takes the place of a line: what was typed, the key too, stays in the form.
    assert b"<form" not in told.content
    wrong = form | {"account_key": "d3Jvbmc=", "test": "1"}
    said = client.post(f"{pages}/new/", wrong, headers={"HX-Request": "true"}).content.decode()
    assert "AuthorizationFailure" in said or "AuthenticationFailed" in said
    assert "Correct the key or the token" in said and "d3Jvbmc=" not in said
    assert client.post(f"{pages}/new/", form).status_code == 302

    shown = html.unescape(client.get(f"{pages}/lake/?path=sales").content.decode())
    assert "day.csv" in shown and "deep" in shown and KEY not in shown
    assert "elsewhere.csv" not in client.get(f"{pages}/lake/").content.decode()
    assert "Oslo" in client.get(f"{pages}/lake/?file=sales/day.csv").content.decode()
    made = client.post(f"{pages}/lake/register/", {"path": "sales", "asset": "sales"})
    assert made.status_code == 302
    version = registry.find(workspace=workspace, kind="data", name="sales")
    tree = registry.open_tree(workspace=workspace, digest=version.tree)
    assert sorted(tree.files) == ["day.csv", "deep/more.csv"]

    uri = "azureml://datastores/lake/paths/sales/day.csv"
    inputs = {"table": {"jobInputType": "uri_file", "uri": uri}}
    run = finished(submit(command("grep -c Oslo ${{inputs.table}}", inputs=inputs)))
    assert run.status == "Completed", run.error
    assert read_log(run=run, offset=0).data.decode().strip().endswith("1")


@pytest.fixture
def principal(
    azurite: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Run a container that a service principal opens, and return what its form is filled with."""
    from azure.storage.blob import ContainerClient

    files = tls.ensure(tmp_path / "tls", hosts=[])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(files.authority))
    with authority.running(files) as sign_in, over_tls(azurite, files) as server:
        with ContainerClient.from_connection_string(server.connection, "raw") as container:
            container.create_container()
            container.upload_blob("lab/sales/day.csv", CSV)
        yield {
            "account_name": ACCOUNT, "container_name": "raw", "prefix": "lab",
            "endpoint_url": server.url, "authority_url": sign_in, "tenant_id": authority.TENANT,
            "client_id": authority.CLIENT, "client_secret": authority.SECRET,
        }  # fmt: skip


def test_a_service_principal_opens_it_from_the_form_to_a_job(
    principal: dict[str, str], workspace: Workspace, user: User, home: Any, client: Client,
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]],
    finished: Callable[[Run], Run],
) -> None:  # fmt: skip
    client.force_login(user)
    pages = f"/w/{workspace.name}/datastores"
    form = {"kind": "adls_gen2", "name": "lake", **principal}

    def tried(**more: str) -> str:
        sent = client.post(
            f"{pages}/new/", form | {"test": "1"} | more, headers={"HX-Request": "true"}
        )
        return html.unescape(sent.content.decode())

    assert "The container raw of team answers (1 entries at the top)." in tried()
    wrong = tried(client_secret="guessed-wrongly")
    assert "Invalid client secret provided" in wrong and "guessed-wrongly" not in wrong
    assert "Correct tenant, client and client secret" in wrong
    assert "unprotected" in tried(authority_url=principal["authority_url"].replace("https", "http"))
    assert "Check the address and the network" in tried(authority_url="https://127.0.0.1:9")

    assert client.post(f"{pages}/new/", form).status_code == 302
    assert "day.csv" in client.get(f"{pages}/lake/?path=sales").content.decode()
    shown = client.get(f"{pages}/lake/?file=sales/day.csv").content.decode()
    assert "Oslo" in shown and authority.SECRET not in shown
    moved = form | {"authority_url": "https://127.0.0.1:9", "client_secret": ""}
    refused = client.post(f"{pages}/lake/edit/", moved)
    assert refused.status_code == 400 and b"credentials have to be given again" in refused.content

    uri = "azureml://datastores/lake/paths/sales/day.csv"
    inputs = {"table": {"jobInputType": "uri_file", "uri": uri}}
    run = finished(submit(command("grep -c Oslo ${{inputs.table}}", inputs=inputs)))
    assert run.status == "Completed", run.error
    assert read_log(run=run, offset=0).data.decode().strip().endswith("1")
    assert authority.SECRET not in json.dumps([run.document, run.tags])


def test_a_folder_is_imported_and_written_to(
    azurite: Azurite, workspace: Workspace, user: User, inside: None,
    finished: Callable[[Run], Run],
) -> None:  # fmt: skip
    row = make(azurite, workspace, user, "adls_gen2", prefix="")
    services.upload(row, path="new/é b?#.txt", chunks=[b"be", b"e"], overwrite=False, user=user)
    with pytest.raises(StudioError, match="exists already"):
        services.upload(row, path="new/é b?#.txt", chunks=[b"x"], overwrite=False, user=user)
    with services.files(row, user=user).open("new/é b?#.txt") as file:
        assert file.read() == b"bee" and file.seek(1) == 1 and file.read() == b"ee"
    names = [each["name"] for each in looking.page(row, user=user, limit=2)["items"]]
    assert names == ["elsewhere.csv", "lab"]
    rest = looking.page(row, user=user, limit=2, after="lab")["items"]
    assert [(each["name"], each["folder"]) for each in rest] == [("new", True)]

    source = {"type": "file_system", "path": "lab/sales", "connection": "azureml:adls_gen2"}
    document = {"name": "sales", "type": "mltable", "source": source}
    run = finished(automation.import_data(workspace=workspace, user=user, document=document))
    log = read_log(run=run, offset=0).data.decode()
    assert run.status == "Completed", (run.error, log)
    version = registry.find(workspace=workspace, kind="data", name="sales")
    tree = registry.open_tree(workspace=workspace, digest=version.tree)
    assert sorted(tree.files) == ["MLTable", "day.csv", "deep/more.csv"]
    assert KEY not in json.dumps([run.document, run.tags, log])


def test_a_token_reads_and_what_is_wrong_is_told(azurite: Azurite) -> None:
    def told(kind: str = "azure_blob", **more: Any) -> str:
        config = {k: v for k, v in filled(azurite, **more).items() if v}
        answer = services.try_out(kind=kind, config=config)
        return f"{answer['message']} {answer['hint']}"

    assert "answers" in told(account_key="", sas_token=token(azurite))
    late = told(account_key="", sas_token=token(azurite, minutes=-60))
    assert "AuthorizationFailure" in late or "AuthenticationFailed" in late
    few = told(account_key="", sas_token=token(azurite, rights="w"))
    assert "give it the right to read, list and write" in few
    assert "Correct the names of account and container" in told(container_name="nowhere")
    assert "Correct the key" in told(account_key="not base64")
    assert "takes tenant, client and client secret" in told(
        "adls_gen2", account_key="", tenant_id="t"
    )
    assert "Check the address and the network" in told(endpoint_url="http://127.0.0.1:9")


def test_the_studios_own_bytes_may_lie_in_a_container(
    azurite: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("adlfs")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azurite.connection)
    store = ContentStore("abfs://raw/own")  # as STORAGE_URL says it
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.csv").write_bytes(CSV)
    (tmp_path / "in" / "deep" / "b.bin").write_bytes(bytes(range(256)) * 40_000)
    tree = store.put_tree(tmp_path / "in")
    store.materialize(tree.digest, tmp_path / "out")
    assert (tmp_path / "out" / "deep" / "b.bin").stat().st_size == 10_240_000
    assert (tmp_path / "out" / "a.csv").read_bytes() == CSV
    digest = tree.files["a.csv"].sha256
    assert store.exists(digest) and store.size(digest) == len(CSV)
    store.delete(digest)
    assert not store.exists(digest)
