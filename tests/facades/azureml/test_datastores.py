"""Datastores of other places through the protocol: made, listed, changed, deleted, and their keys never shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry.datastores import registering, services
from registry.models import Datastore
from studio.runs.models import Run
from studio.workspaces.services import vault
from tests.cast import bearer, token_of
from tests.facades.azureml.test_access import LAB, lab, put

__all__ = ["lab"]
KEY = "c2VjcmV0LWtleQ=="


def blob(**more: Any) -> dict[str, Any]:
    return {
        "datastoreType": "AzureBlob", "accountName": "acct", "containerName": "box",
        "endpoint": "core.windows.net", "protocol": "https", "description": "the lake",
        "credentials": {
            "credentialsType": "AccountKey", "secrets": {"secretsType": "AccountKey", "key": KEY},
        },
        **more,
    }  # fmt: skip


def test_a_container_is_recorded_and_its_key_goes_to_the_vault(lab: Any) -> None:
    client = bearer(token_of(lab.contributor))
    made = put(client, "/datastores/lake", blob())
    assert made.status_code == 201, made.content
    shown = made.json()["properties"]
    assert (shown["accountName"], shown["containerName"]) == ("acct", "box")
    assert shown["credentials"] == {"credentialsType": "AccountKey"}
    assert KEY not in made.content.decode()
    row = Datastore.objects.get(name="lake")
    assert row.kind == "azure_blob" and KEY not in json.dumps(row.config)
    name = row.config["vault"]["account_key"]
    read = vault.read_secret(workspace=lab.lab, actor=lab.owner, name=name, reason="test")
    assert read == KEY

    refused = client.post(
        f"{LAB}/datastores/lake/listSecrets", "{}", content_type="application/json"
    )
    assert refused.status_code == 403 and KEY not in refused.content.decode()
    changed = put(client, "/datastores/lake", blob(containerName="other"))
    assert changed.status_code == 200
    assert changed.json()["properties"]["containerName"] == "other"
    assert put(client, "/datastores/workspaceblobstore", blob()).status_code == 409


def test_data_that_takes_long_to_copy_is_answered_while_a_run_copies_it(
    lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.csv").write_bytes(b"x\n1\n")
    monkeypatch.setenv("OFFICINA_DATASTORE_FOLDERS", str(tmp_path))
    monkeypatch.setattr(registering, "SMALL_BYTES", 3)
    services.create(
        workspace=lab.lab, name="team", kind="folder", config={"path": str(tmp_path)},
        user=lab.owner,
    )  # fmt: skip
    client = bearer(token_of(lab.contributor))
    uri = "azureml://datastores/team/paths/set"
    wanted = {"dataType": "mltable", "dataUri": uri, "description": "d"}
    made = put(client, "/data/set/versions/3", wanted)
    assert made.status_code == 201, made.content
    shown = made.json()["properties"]
    assert (shown["provisioningState"], shown["dataUri"]) == ("Creating", uri)
    run = Run.objects.get(name=shown["properties"]["officina.import.run"])
    assert run.document["dataImport"]["registerVersion"] == "3"
    assert put(client, "/data/set/versions/3", wanted).json()["properties"] == shown
    # A small one is there at once.
    monkeypatch.setattr(registering, "SMALL_BYTES", 99)
    small = put(client, "/data/small/versions/1", {"dataType": "uri_folder", "dataUri": uri})
    assert small.json()["properties"]["provisioningState"] == "Succeeded"


def test_lists_hold_what_the_client_has_words_for(lab: Any) -> None:
    services.create(
        workspace=lab.lab, name="rows", kind="mysql", user=lab.owner,
        config={"server_name": "db.example.org", "database_name": "shop"},
    )  # fmt: skip
    client = bearer(token_of(lab.contributor))
    gen2 = {
        "datastoreType": "AzureDataLakeGen2", "accountName": "acct", "filesystem": "raw",
        "credentials": {
            "credentialsType": "ServicePrincipal", "clientId": "c", "tenantId": "t",
            "secrets": {"secretsType": "ServicePrincipal", "clientSecret": KEY},
        },
    }  # fmt: skip
    assert put(client, "/datastores/lake2", gen2).status_code == 201
    none = {"credentials": {"credentialsType": "None"}}
    gen1 = {"datastoreType": "AzureDataLakeGen1", "storeName": "old", **none}
    assert put(client, "/datastores/lake1", gen1).status_code == 201
    rows = client.get(f"{LAB}/datastores").json()["value"]
    told = {row["name"]: row["properties"]["datastoreType"] for row in rows}
    assert told == {
        "lake1": "AzureDataLakeGen1", "lake2": "AzureDataLakeGen2",
        "workspaceblobstore": "AzureBlob", "workspacefilestore": "AzureBlob",
    }  # fmt: skip
    assert KEY not in json.dumps(rows)
    answer = client.get(f"{LAB}/datastores/rows")
    assert answer.status_code == 400 and "no word for" in answer.content.decode()


def test_only_those_who_may_make_and_delete_them(lab: Any) -> None:
    reader, owner = bearer(token_of(lab.reader)), bearer(token_of(lab.owner))
    assert put(reader, "/datastores/lake", blob()).status_code == 403
    assert put(owner, "/datastores/lake", blob()).status_code == 201
    assert reader.delete(f"{LAB}/datastores/lake").status_code == 403
    assert owner.delete(f"{LAB}/datastores/lake").status_code == 200
    assert not Datastore.objects.filter(name="lake").exists()
    assert owner.delete(f"{LAB}/datastores/workspaceblobstore").status_code >= 400
    share = blob(datastoreType="AzureFile", fileShareName="s")
    told = put(owner, "/datastores/share", share)
    assert told.status_code == 400 and "mount it" in told.content.decode()


def test_the_suffix_of_our_own_cloud_leads_to_azures(lab: Any) -> None:
    # A script that names no endpoint sends that of the cloud that it talks to.
    client = bearer(token_of(lab.owner))
    answer = put(client, "/datastores/lake", blob(endpoint="core.officina.invalid"))
    assert answer.json()["properties"]["endpoint"] == "core.windows.net", answer.content
    assert not Datastore.objects.get(name="lake").config.get("endpoint_url")
