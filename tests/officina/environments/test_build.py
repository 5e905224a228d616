"""Environments are built once by key, shared, and explained when they cannot be built."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from officina.environments import build, curated, prepare, resolved, uv
from officina.environments import cache as cache_of
from officina.errors import StudioError

# Only what hangs takes so many seconds.
LIMIT = 120
TINY = "# one small wheel\niniconfig==2.0.0\n"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


def environment_key(specification: str, cache: Path = Path()) -> str:
    """Return the key of an environment that is resolved."""
    known = resolved(specification, cache=cache)
    assert known is not None
    return known[0]


def test_a_package_is_installed_and_the_second_call_is_cached(cache: Path) -> None:
    lines: list[str] = []
    first = prepare(TINY, cache=cache, log=lines.append)
    assert not first.cached
    assert any("building" in line for line in lines)
    seen = subprocess.run(
        [first.python, "-c", "import iniconfig; print(iniconfig.__file__)"],
        capture_output=True,
        text=True,
    )
    assert first.key in seen.stdout
    lines.clear()
    second = prepare(TINY, cache=cache, log=lines.append)
    assert second.cached
    assert (second.python, second.key) == (first.python, first.key)
    assert "cached" in lines[-1]
    assert environment_key(TINY, cache=cache) == first.key


def test_a_cached_environment_needs_neither_uv_nor_network(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(TINY, cache=cache, log=lambda _: None)

    def refuse() -> str:
        raise AssertionError("uv was asked")

    monkeypatch.setattr(uv, "uv_binary", refuse)
    assert prepare(TINY, cache=cache, log=lambda _: None).cached


def test_the_installed_environment_has_bytecode_and_is_read_only(cache: Path) -> None:
    place = prepare(TINY, cache=cache, log=lambda _: None).python.parent.parent
    package = next(place.glob("lib/python*/site-packages/iniconfig"))
    assert list((package / "__pycache__").glob("*.pyc"))
    assert not package.stat().st_mode & 0o222


def test_concurrent_builds_of_one_key_build_once(tmp_path: Path) -> None:
    results: list[build.Prepared] = []
    workers = [
        threading.Thread(
            target=lambda: results.append(prepare("minimal", cache=tmp_path, log=lambda _: None))
        )
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len({result.key for result in results}) == 1
    assert sum(not result.cached for result in results) == 1
    assert not list(tmp_path.glob(".building-*"))


def test_the_minimal_environment_is_the_bare_interpreter(tmp_path: Path) -> None:
    python = prepare("azureml:minimal@latest", cache=tmp_path, log=lambda _: None).python
    done = subprocess.run(
        [python, "-c", "import importlib.metadata as m; print(len(list(m.distributions())))"],
        capture_output=True,
    )
    assert done.stdout == b"0\n"


def test_a_package_that_does_not_exist_shows_what_uv_said(tmp_path: Path) -> None:
    with pytest.raises(StudioError) as caught:
        prepare("# x\nofficina-no-such-package-5f1c==1.0\n", cache=tmp_path, log=lambda _: None)
    assert caught.value.code == "invalid"
    assert "officina-no-such-package-5f1c" in caught.value.message
    assert not list(tmp_path.glob(".building-*"))


def test_a_half_made_environment_is_built_anew(tmp_path: Path) -> None:
    made = prepare("minimal", cache=tmp_path, log=lambda _: None)
    place = made.python.parent.parent
    place.chmod(0o755)
    (place / "officina.json").unlink()
    assert not prepare("minimal", cache=tmp_path, log=lambda _: None).cached


def test_each_use_is_noted_for_eviction(tmp_path: Path) -> None:
    made = prepare("minimal", cache=tmp_path, log=lambda _: None)
    used = tmp_path / f"{made.key}.used"
    os.utime(used, ns=(0, 0))
    prepare("minimal", cache=tmp_path, log=lambda _: None)
    assert used.stat().st_mtime_ns > 0


def test_a_python_that_is_not_here_is_replaced_and_said(tmp_path: Path) -> None:
    lines: list[str] = []
    wanted = {"name": "old", "conda_file": {"dependencies": ["python=3.2"]}}
    prepare(wanted, cache=tmp_path, log=lines.append)
    assert any("Python 3.2 is not on this machine" in line for line in lines)


def test_the_committed_locks_pin_what_is_declared_and_name_no_index() -> None:
    for one in curated.CURATED.values():
        lock = one.lock()
        assert "://" not in lock and "--index" not in lock and "--find-links" not in lock
        for package in one.packages:
            assert f"\n{package}" in f"\n{lock}", package
        assert lock.count("--hash=sha256:") >= lock.count("==")


def test_the_key_changes_with_the_lock_and_needs_no_build() -> None:
    assert environment_key("sklearn-1.5") != environment_key("minimal")
    assert environment_key("azureml:AzureML-sklearn-1.5@latest") == environment_key("sklearn-1.5")
    assert len(environment_key("minimal")) == 64


def test_an_environment_may_be_moved_with_its_cache(tmp_path: Path) -> None:
    made = prepare("minimal", cache=tmp_path / "a", log=lambda _: None)
    shutil.copytree(tmp_path / "a" / made.key, tmp_path / "b", symlinks=True)
    done = subprocess.run(
        [tmp_path / "b" / "bin" / "python", "-c", "import sys; print(sys.prefix)"],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(tmp_path / "b")
    assert json.loads((tmp_path / "b" / "officina.json").read_text())["name"] == "minimal"


def test_a_build_that_is_no_longer_wanted_ends_and_leaves_nothing(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    begun = threading.Event()

    def look() -> None:
        if begun.is_set():
            raise Enough

    def log(line: str) -> None:
        if "building" in line:
            begun.set()

    with pytest.raises(Enough):
        prepare("sklearn-1.5", cache=tmp_path, log=log, look=look)
    assert not list(tmp_path.glob(".building-*"))
    # The lock is free again: the next one does not wait for it.
    assert not prepare("minimal", cache=tmp_path, log=log).cached


def test_waiting_for_anothers_build_can_be_given_up(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def give_up() -> None:
        raise Enough

    key = environment_key("minimal")
    lines: list[str] = []
    with (tmp_path / f"{key}.lock").open("w") as held:
        assert build.try_lock(held)
        with pytest.raises(Enough):
            prepare("minimal", cache=tmp_path, log=lines.append, look=give_up)
    assert "waiting for another build" in lines[-1]


def test_what_a_killed_builder_left_is_taken_away(tmp_path: Path) -> None:
    left = tmp_path / f".building-{environment_key('minimal')[:16]}-killed"
    (left / "bin").mkdir(parents=True)
    prepare("minimal", cache=tmp_path, log=lambda _: None)
    assert not left.exists()


def test_a_full_disk_is_told_as_such_and_not_blamed_on_a_package() -> None:
    said = ["error: Failed to install: numpy-1.26.4.whl (numpy==1.26.4)\n",
            "  cause: failed to copy file: No space left on device (os error 28)\n"]  # fmt: skip
    told = uv._failure("mine", "installed", said)
    assert told.code == "storage_full"
    assert "disk is full" in told.message


def test_the_log_of_a_build_does_not_name_the_index() -> None:
    lines: list[str] = []
    uv._read(["Failed to fetch https://me:secret@index.example/simple\n"], [], lines.append)
    assert lines == ["Failed to fetch (the index)"]


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv of util-linux")
def test_a_killed_builder_takes_uv_along_and_the_next_one_sweeps(tmp_path: Path) -> None:
    """The index takes uv's call and never answers, so the build stands still when its builder is killed."""
    code = (
        "import sys; from pathlib import Path; from officina.environments import prepare\n"
        "prepare('sklearn-1.5', cache=Path(sys.argv[1]), log=lambda line: None)"
    )
    cache = tmp_path / "cache"
    with socket.create_server(("127.0.0.1", 0)) as index:
        index.settimeout(LIMIT)
        environment = {
            name: text for name, text in os.environ.items() if not name.startswith("UV_")
        }
        environment |= {
            "UV_DEFAULT_INDEX": f"http://127.0.0.1:{index.getsockname()[1]}/simple",
            "UV_CACHE_DIR": str(tmp_path / "uv"), "UV_HTTP_TIMEOUT": "600", "NO_PROXY": "*",
        }  # fmt: skip
        builder = subprocess.Popen([sys.executable, "-c", code, str(cache)], env=environment)
        asked = index.accept()[0]
        with asked:
            asked.settimeout(LIMIT)
            assert list(cache.glob(".building-*"))
            builder.kill()
            builder.wait()
            while asked.recv(2**16):
                pass  # what uv asked, up to its end
    assert cache_of.clear(cache) == []
    assert not list(cache.glob(".building-*"))


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv of util-linux")
def test_what_a_builder_killed_just_now_started_does_not_begin(tmp_path: Path) -> None:
    code = "from officina.environments import uv; print(*uv._guard(), sep='\\n', end='')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    orphan = [*ended.stdout.split("\n"), "touch", str(tmp_path / "begun")]
    assert subprocess.run(orphan, check=False).returncode
    assert not (tmp_path / "begun").exists()
