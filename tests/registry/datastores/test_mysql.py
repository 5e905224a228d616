"""A MariaDB server that the test starts: tested, listed, queried without any right to write, registered from."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from officina.errors import StudioError
from registry.datastores import looking, services
from registry.datastores.background import Started
from tests.running import free_port

SERVER = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
pytestmark = pytest.mark.skipif(
    SERVER is None, reason="no mariadbd: apt-get install mariadb-server"
)
PASSWORD = "s3cret-Pa55"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run a server of our own below the temporary folder, and return its port."""
    folder = tmp_path_factory.mktemp("mariadb")
    data, socket, port = folder / "data", folder / "s", free_port()
    user = ["--user=root"] if os.getuid() == 0 else []
    assert SERVER
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", *user, "--skip-test-db",
         "--auth-root-authentication-method=normal"],
        check=True, capture_output=True,
    )  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [SERVER, "--no-defaults", f"--datadir={data}", *user, f"--socket={socket}",
             f"--port={port}", "--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}",
             "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0"],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _fill(process, socket, folder)
        yield port
    finally:
        process.terminate()
        process.wait(60)


def _fill(process: subprocess.Popen[bytes], socket: Path, folder: Path) -> None:
    """Wait for the server, then make a shop with 25,000 orders and a user who may write to it."""
    while True:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            connection = pymysql.connect(unix_socket=str(socket), user="root", autocommit=True)
            break
        except pymysql.OperationalError:
            time.sleep(0.1)
    with connection, connection.cursor() as cursor:
        for statement in (
            "create database shop character set utf8mb4",
            "use shop",
            f"create user clerk identified by '{PASSWORD}'",
            "grant all on shop.* to clerk",
            "create table shop.orders (n int primary key, t varchar(20), price decimal(8,2), at datetime)",
            "insert into shop.orders select seq, 'a:b% 서울', seq / 4, '2026-01-02 03:04:05' from seq_1_to_25000",
            "create view shop.cheap as select * from shop.orders where price < 2",
            "create table shop.`odd ``name` (x int)",
        ):
            cursor.execute(statement)


@pytest.fixture
def shop(cast: Any, make: Any, server: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.0/8")
    return make("shop", "mysql", **given(server))


def given(port: int, **more: Any) -> dict[str, Any]:
    address = {"server_name": "127.0.0.1", "port": port, "database_name": "shop"}
    return address | {"user_name": "clerk", "password": PASSWORD, "tls": False, **more}


def test_tables_are_listed_previewed_and_registered(cast: Any, shop: Any) -> None:
    told = services.test(shop, user=cast.owner)
    assert told["ok"] and "shop opens" in told["message"], told
    names = [each["name"] for each in looking.page(shop, user=cast.owner, limit=100)["items"]]
    assert names == ["cheap", "odd `name", "orders"]
    shown = looking.preview(
        shop, user=cast.owner,
        query="select n, t, price, at from orders where t like 'a:b%' order by n",
    )["grid"]  # fmt: skip
    assert shown["rows"][0] == [1, "a:b% 서울", 0.25, "2026-01-02T03:04:05"]
    assert looking.preview(shop, user=cast.owner, table="odd `name")["grid"]["rows"] == []
    begun = looking.register(shop, table="odd `name", user=cast.owner)
    assert isinstance(begun, Started) and begun.asset == "odd-name"


@pytest.mark.parametrize(
    "query",
    ["delete from orders", "insert into orders values (0, '', 0, now())", "drop table orders"],
)
def test_a_query_cannot_write(cast: Any, shop: Any, query: str) -> None:
    with pytest.raises(StudioError, match=r"(?i)read.only"):
        looking.preview(shop, user=cast.owner, query=query)
    left = looking.preview(shop, user=cast.owner, query="select count(*) from orders")
    assert left["grid"]["rows"] == [[25_000]]


def test_what_is_wrong_is_told_and_no_secret_with_it(
    cast: Any, shop: Any, make: Any, server: int
) -> None:
    wrong = {
        "password": ({"password": "wrong-pa55word"}, "Correct the user or the password"),
        "database": ({"database_name": "shopp"}, ""),
        "port": ({"port": 1}, "Check server, port and network"),
    }
    for name, (change, hint) in wrong.items():
        told = services.test(make(name, "mysql", **(given(server) | change)), user=cast.owner)
        assert not told["ok"] and hint in told["hint"], (name, told)
        assert "wrong-pa55word" not in str(told) and PASSWORD not in str(told)
    with pytest.raises(StudioError, match="syntax"):
        looking.preview(shop, user=cast.owner, query="selekt 1")


def test_sql_server_says_that_nobody_answers(
    cast: Any, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.0/8")
    row = make("sql", "azure_sql", **given(free_port()))
    told = services.test(row, user=cast.owner)
    assert not told["ok"] and "SQL Server does not answer" in told["message"]
    assert told["hint"] == "Check server, port and network." and PASSWORD not in str(told)
