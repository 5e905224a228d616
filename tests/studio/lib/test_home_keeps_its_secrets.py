"""The folder of one studio: private, with a key of its own, and sockets at paths that fit."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from studio.lib import home


def test_the_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    key = home.secret_key(tmp_path / "h")
    assert home.secret_key(tmp_path / "h") == key
    assert len(key) > 50
    assert stat.S_IMODE((tmp_path / "h" / "secret.key").stat().st_mode) == 0o600


def test_two_studios_have_two_keys(tmp_path: Path) -> None:
    assert home.secret_key(tmp_path / "a") != home.secret_key(tmp_path / "b")


def test_sockets_lie_in_the_home_where_the_path_is_short(tmp_path: Path) -> None:
    short = Path("/tmp/h")
    assert home.run_folder(short) == short / "run"


def test_a_deep_home_gets_one_short_private_folder_for_all_its_processes(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    home.prepare(deep)
    folder = home.run_folder(deep)
    assert len(str(folder / "forkhost.sock")) <= home.LONGEST_SOCKET_PATH
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with ThreadPoolExecutor() as pool:
        assert set(pool.map(lambda _: home.run_folder(deep), range(20))) == {folder}
    folder.rmdir()


def test_a_short_folder_that_others_can_write_to_is_not_used(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    home.prepare(deep)
    first = home.run_folder(deep)
    first.chmod(0o777)
    second = home.run_folder(deep)
    assert second != first
    first.rmdir()
    second.rmdir()
