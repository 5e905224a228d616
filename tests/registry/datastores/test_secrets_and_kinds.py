"""Kinds are declared rows; what is secret goes to the vault and never comes back."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from django.test import Client

from officina.errors import StudioError
from officina.storage import datastores
from registry.datastores import services
from studio.workspaces.models import AuditEntry, Secret

PASSWORD = "tr0ub4dor-and-3"
SERVER = {"server_name": "db.example.org", "database_name": "shop", "user_name": "reader"}


def test_a_password_is_in_the_vault_and_on_no_page(cast: Any, make: Any) -> None:
    row = make("shop", "postgresql", **SERVER, password=PASSWORD)
    assert PASSWORD not in json.dumps(row.config)
    assert Secret.objects.get(workspace=cast.lab).name == row.config["vault"]["password"]
    api = cast.client("owner").get("/api/v1/workspaces/lab/datastores/shop")
    assert api.json()["secrets"] == ["password"]
    client = Client()
    client.force_login(cast.owner)
    for path in ("datastores/", "datastores/shop/edit/"):
        assert PASSWORD not in client.get(f"/w/lab/{path}").content.decode()
    assert PASSWORD not in api.content.decode()
    assert PASSWORD not in str(list(AuditEntry.objects.values()))


def test_a_blank_password_keeps_the_old_one_and_a_new_address_asks_for_it(
    cast: Any, make: Any
) -> None:
    row = make("shop", "postgresql", **SERVER, password=PASSWORD)
    services.update(row, user=cast.owner, config={**SERVER, "database_name": "other"})
    assert services.secrets_of(row, user=cast.owner, reason="test") == {"password": PASSWORD}
    with pytest.raises(StudioError, match="credentials have to be given again"):
        services.update(row, user=cast.owner, config={**SERVER, "server_name": "evil.example.org"})


def test_deleting_a_datastore_deletes_its_secrets(cast: Any, make: Any) -> None:
    services.delete(make("shop", "mysql", **SERVER, password=PASSWORD), user=cast.owner)
    assert not Secret.objects.filter(workspace=cast.lab).exists()


@pytest.mark.parametrize("kind", ["adls_gen1", "dbfs", "AzureDataLakeGen1"])
def test_kinds_without_a_backend_are_kept_and_say_so_when_used(
    kind: str, cast: Any, make: Any
) -> None:
    config = {"store_name": "old"} if "1" in kind else {"path": "/mnt"}
    told = services.test(make("old", kind, **config), user=cast.owner)
    assert not told["ok"]
    assert "cannot be used by this studio" in told["message"]


def test_a_missing_driver_says_what_to_install(
    cast: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pymssql", None)  # as where the extras are not installed
    told = services.test(make("sql", "azure_sql", **SERVER), user=cast.owner)
    assert "pip install pymssql" in told["hint"]


def test_a_field_that_is_not_declared_is_refused_with_the_declared_ones(make: Any) -> None:
    with pytest.raises(StudioError, match="no field 'buckett'") as caught:
        make("x", "s3", buckett="data")
    assert "bucket" in caught.value.hint


def test_an_unknown_kind_is_answered_with_the_nearest() -> None:
    with pytest.raises(StudioError) as caught:
        datastores.kind_named("postgres")
    assert "postgresql" in caught.value.hint


def test_a_reader_makes_none_and_an_outsider_finds_none(cast: Any, make: Any) -> None:
    make("shop", "postgresql", **SERVER)
    url = "/api/v1/workspaces/lab/datastores"
    body = {"name": "x", "kind": "dbfs", "config": {}}
    assert cast.client("reader").post(url, body, format="json").status_code == 403
    assert cast.client("contributor").post(url, body, format="json").status_code == 201
    assert cast.client("outsider").get(f"{url}/shop").status_code == 404
    assert cast.client("contributor").get(url).json()["total"] == 2


def test_a_reader_runs_no_query_and_a_link_runs_none_either(cast: Any, make: Any) -> None:
    make("shop", "postgresql", **SERVER)
    url = "/api/v1/workspaces/lab/datastores/shop/preview"
    answer = cast.client("reader").post(url, {"query": "select 1"}, format="json")
    assert answer.status_code == 403
    assert "registry.write" in answer.json()["error"]["message"]
    client = Client()
    client.force_login(cast.owner)
    page = client.get("/w/lab/datastores/shop/?query=select+1+as+unseen").content.decode()
    # The address is in the theme form, to lead back here; neither the form nor a table took it up.
    assert page.replace("select+1+as+unseen", "").count("unseen") == 0
