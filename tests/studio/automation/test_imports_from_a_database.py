"""The rows of a query on a real PostgreSQL server become a version, and nobody reads its password."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from registry import services as registry
from registry.datastores import services as datastores
from studio.automation import services
from studio.runs.logs import read_log
from studio.runs.models import Run
from studio.workspaces.models import AuditEntry, User, Workspace

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="DATABASE_URL is not PostgreSQL"),
]
Finished = Callable[[Run], Run]


@pytest.fixture
def shop(
    workspace: Workspace, user: User, inside: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.0/8,::1/128")
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists sales_for_test")
        cursor.execute("create sequence if not exists sequence_for_test")
        cursor.execute(
            "create table sales_for_test as select g as id, (g * 1.5)::numeric(10,2) as amount,"
            " case when g > 20000 then g end as late, 'a:' || g as code,"
            " timestamptz '2026-01-01 00:00+00' + g * interval '1 second' as placed"
            " from generate_series(1, 25000) g"
        )
    found = connection.settings_dict
    datastores.create(
        workspace=workspace, name="shop", kind="postgresql", user=user,
        config={
            "server_name": found["HOST"] or "127.0.0.1", "port": int(found["PORT"] or 5432),
            "database_name": found["NAME"], "user_name": found["USER"],
            "password": found["PASSWORD"] or "pa55word-of-the-shop",
        },
    )  # fmt: skip
    yield
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists sales_for_test")


def ordered(**source: Any) -> dict[str, Any]:
    source = {"type": "database", "connection": "azureml:shop", **source}
    return {"name": "sales", "type": "mltable", "source": source}


def test_a_query_becomes_a_table_and_the_same_rows_no_second_version(
    workspace: Workspace, user: User, shop: None, finished: Finished
) -> None:
    document = ordered(query="select * from sales_for_test order by id")
    run = finished(services.import_data(workspace=workspace, user=user, document=document))
    log = read_log(run=run, offset=0).data.decode()
    assert run.status == "Completed", (run.error, log)
    version = registry.find(workspace=workspace, kind="data", name="sales")
    tree = registry.open_tree(workspace=workspace, digest=version.tree)
    assert sorted(tree.files) == ["MLTable", "data.parquet"]
    assert version.properties["import.rows"] == "25000" and run.metrics["rows"] == 25_000
    assert "25,000 rows in" in log
    import pyarrow.parquet as pq

    with registry.store().open(tree.files["data.parquet"].sha256) as source:
        table = pq.read_table(source)
    assert [str(f.type) for f in table.schema] == [
        "int64", "double", "int64", "string", "timestamp[us, tz=UTC]",
    ]  # fmt: skip
    assert table.slice(24_999).to_pylist()[0]["late"] == 25_000
    again = finished(services.import_data(workspace=workspace, user=user, document=document))
    assert again.tags["data"] == "sales:1" and again.tags["unchanged"] == "true"
    whole = json.dumps([run.document, run.tags, run.error, log])
    secret = connection.settings_dict["PASSWORD"] or "pa55word-of-the-shop"
    assert secret not in whole
    read = AuditEntry.objects.filter(action="secret.read").order_by("pk").last()
    assert read is not None and f"import by run {again.name}" in read.detail["reason"]


def test_a_query_that_writes_or_is_wrong_fails_in_words(
    workspace: Workspace, user: User, shop: None, finished: Finished
) -> None:
    for query, told in (
        ("select nextval('sequence_for_test')", "read-only"),
        ("select * from nowhere_at_all", "nowhere_at_all"),
    ):
        run = finished(
            services.import_data(workspace=workspace, user=user, document=ordered(query=query))
        )
        assert run.status == "Failed" and told in run.error["message"]
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from sales_for_test")
        assert cursor.fetchone() == (25_000,)
