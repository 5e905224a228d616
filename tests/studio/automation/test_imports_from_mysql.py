"""A table of a real MariaDB server, imported on a schedule that another system fires by REST."""

from __future__ import annotations

from collections.abc import Callable

import pymysql
import pytest

from registry import services as registry
from registry.datastores import services as datastores
from registry.models import AssetVersion
from studio.automation import services
from studio.compute import services as computes
from studio.runs.logs import read_log
from studio.runs.models import Run
from studio.workspaces.models import User, Workspace
from tests.cast import bearer, token_of
from tests.registry.datastores.test_mysql import PASSWORD, SERVER, given, server

__all__ = ["server"]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(SERVER is None, reason="no mariadbd: apt-get install mariadb-server"),
]
IMPORT = {
    "assetName": "orders", "dataType": "mltable",
    "source": {"sourceType": "database", "connection": "azureml:shop",
               "query": "select n, t, price, at from orders order by n"},
}  # fmt: skip


def test_each_firing_takes_what_is_new_and_nothing_new_makes_no_version(
    workspace: Workspace, user: User, inside: None, server: int,
    finished: Callable[[Run], Run], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.0/8")
    datastores.create(
        workspace=workspace, name="shop", kind="mysql", user=user, config=given(server)
    )
    client = bearer(token_of(user))
    base = f"/api/v1/workspaces/{workspace.name}/schedules"
    trigger = {"triggerType": "Cron", "expression": "0 4 * * *"}
    action = {"actionType": "ImportData", "dataImportDefinition": IMPORT}
    made = client.post(
        base,
        {"name": "orders", "properties": {"trigger": trigger, "action": action}},
        format="json",
    )
    assert made.status_code == 201, made.content

    def fire() -> Run:
        computes.beat_node()  # on a busy machine the last beat may be long ago
        told = client.post(f"{base}/orders/trigger").json()
        run = finished(Run.objects.get(guid=told["run"]["guid"]))
        assert run.status == "Completed", (run.error, read_log(run=run, offset=0).data.decode())
        return run

    def newest() -> AssetVersion:
        return registry.find(workspace=workspace, kind="data", name="orders")

    assert fire().tags["data"] == "orders:1"
    assert newest().properties["import.rows"] == "25000"
    again = fire()
    assert (again.tags["data"], again.tags["unchanged"]) == ("orders:1", "true")
    with pymysql.connect(
        host="127.0.0.1", port=server, user="clerk", password=PASSWORD, database="shop",
        autocommit=True,
    ) as connection, connection.cursor() as cursor:  # fmt: skip
        cursor.execute("insert into orders values (25001, 'late', 1.5, '2026-02-03 04:05:06')")
    assert fire().tags["data"] == "orders:2"
    assert newest().properties["import.rows"] == "25001"
    history = client.get(f"{base}/orders/history").json()["items"]
    assert [(each["manual"], each["run"]["status"]) for each in history] == [
        (True, "Completed")
    ] * 3

    import pyarrow.parquet as pq

    tree = registry.open_tree(workspace=workspace, digest=newest().tree)
    with registry.store().open(tree.files["data.parquet"].sha256) as source:
        table = pq.read_table(source)
    assert [str(f.type) for f in table.schema] == ["int64", "string", "double", "timestamp[us]"]
    assert table.slice(25_000).to_pylist()[0]["t"] == "late"


def test_a_wrong_password_fails_in_words(
    workspace: Workspace, user: User, inside: None, server: int,
    finished: Callable[[Run], Run], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.0/8")
    config = given(server, password="wrong-pa55word")
    datastores.create(workspace=workspace, name="shop", kind="mysql", user=user, config=config)
    document = {"name": "orders", "source": {"table": "orders", "connection": "azureml:shop"}}
    run = finished(services.import_data(workspace=workspace, user=user, document=document))
    log = read_log(run=run, offset=0).data.decode()
    assert run.status == "Failed" and "Access denied" in run.error["message"], (run.error, log)
    assert "wrong-pa55word" not in str(run.error) + log
