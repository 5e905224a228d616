"""A PostgreSQL server is tested, listed, queried without any right to write, and registered from."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from officina.errors import StudioError
from registry.datastores import looking, services
from registry.datastores.background import Started

HERE = settings.DATABASES["default"]
pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="DATABASE_URL is not PostgreSQL"),
]


@pytest.fixture
def shop(cast: Any, make: Any, transactional_db: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.0/8,::1/128")
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists orders_for_test")
        cursor.execute("create sequence if not exists seq_for_test")
        cursor.execute(
            "create table orders_for_test as select g as n, 'a:b%' as t from generate_series(1, 25000) g"
        )
    yield make("shop", "postgresql", **given())
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists orders_for_test")


def given(**more: Any) -> dict[str, Any]:
    found = connection.settings_dict
    return {
        "server_name": found["HOST"] or "127.0.0.1", "port": int(found["PORT"] or 5432),
        "database_name": found["NAME"], "user_name": found["USER"], "password": found["PASSWORD"],
        **more,
    }  # fmt: skip


def test_tables_are_listed_queried_and_registered(cast: Any, shop: Any) -> None:
    assert services.test(shop, user=cast.owner)["ok"]
    names = [each["name"] for each in looking.page(shop, user=cast.owner, limit=1000)["items"]]
    assert "orders_for_test" in names
    shown = looking.preview(
        shop,
        user=cast.owner,
        query="select n::int, t from orders_for_test where t like 'a:%' order by n",
    )
    assert shown["grid"]["rows"][0] == [1, "a:b%"]
    begun = looking.register(
        shop, query="select * from orders_for_test", asset="orders", user=cast.owner
    )
    assert isinstance(begun, Started) and begun.asset == "orders"


def test_a_query_cannot_write(cast: Any, shop: Any) -> None:
    with pytest.raises(StudioError, match="read-only"):
        looking.preview(shop, user=cast.owner, query="select nextval('seq_for_test')")


def test_a_wrong_password_is_told_without_the_password(cast: Any, shop: Any, make: Any) -> None:
    row = make("bad", "postgresql", **given(password="wrong-pa55word"))
    told = services.test(row, user=cast.owner)
    if not told["ok"]:
        assert "password" in told["message"] and "wrong-pa55word" not in str(told)
