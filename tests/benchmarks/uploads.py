"""Eight large uploads at once into a running studio: throughput, and how much memory its processes take meanwhile.

    python tests/benchmarks/uploads.py [MiB each, 128] [how many at once, 8]

The bytes are random and made while they are sent, over loopback; home and uploads are removed at the end.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import httpx
import psutil

from tests import isolation
from tests.running import Studio, start_studio

MIB = 1 << 20


def main(mib: int, count: int) -> None:
    """Send, watch, check the digests, print."""
    free = shutil.disk_usage(tempfile.gettempdir()).free
    # Each file is there twice for a moment: as an upload and, copied, in the store.
    assert free > 2.5 * mib * MIB * count, (
        f"needs {2.5 * mib * count:,.0f} MiB below the temporary folder"
    )
    with start_studio("other", STORAGE_URL="") as studio:
        send(studio, 1, 0)  # so that what is loaded at first use is not counted
        watch = Watch(studio)
        begun = time.perf_counter()
        with watch, ThreadPoolExecutor(count) as pool:
            digests = list(pool.map(lambda n: send(studio, mib, n + 1), range(count)))
        seconds = time.perf_counter() - begun
        assert len(set(digests)) == count
    rate = mib * count / seconds
    print(f"{count} uploads of {mib:,} MiB at once, load {os.getloadavg()[0]:.1f}")
    print(f"{seconds:.1f} s, {rate:.0f} MiB/s, {watch.cpu:.1f} s CPU of the studio")
    print(
        f"memory of the web processes: {watch.before:.0f} MiB before, {watch.most:.0f} MiB at most"
    )
    grown = watch.most - watch.before
    print(
        f"grown by {grown:.0f} MiB for {mib * count:,} MiB ({'flat' if grown <= 40 else 'NOT FLAT'})"
    )


def send(studio: Studio, mib: int, seed: int) -> str:
    """Upload one file in chunks as the browser does; its digest is checked by the studio."""
    api = f"{studio.url}/api/v1/workspaces/{studio.workspace}/uploads"
    digest, whole = hashlib.sha256(), 0
    with httpx.Client(headers={"Authorization": f"Bearer {studio.token}"}, timeout=300) as client:
        begun = client.post(api, json={"name": f"{seed}.bin", "size": mib * MIB}).raise_for_status()
        at, step = f"{api}/{begun.json()['upload']}", begun.json()["chunk"] // MIB
        dice = random.Random(seed)
        for offset in range(0, mib, step):
            piece = dice.randbytes(min(step, mib - offset) * MIB)
            digest.update(piece)
            client.patch(
                at, content=piece,
                headers={"Upload-Offset": str(whole), "Content-Type": "application/octet-stream"},
            ).raise_for_status()  # fmt: skip
            whole += len(piece)
        stored = client.post(f"{at}/finish").raise_for_status().json()
    assert stored == {"name": f"{seed}.bin", "sha256": digest.hexdigest(), "size": whole}
    return digest.hexdigest()


class Watch:
    """Samples what the studio's processes hold: private memory, so that nothing shared counts twice."""

    def __init__(self, studio: Studio) -> None:
        assert studio.process
        self._root = psutil.Process(studio.process.pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.before = self.most = self._held()
        self._worked = self._cpu()
        self.cpu = 0.0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.cpu = self._cpu() - self._worked

    def _sample(self) -> None:
        while not self._over.wait(0.2):
            self.most = max(self.most, self._held())

    def _web(self) -> list[psutil.Process]:
        found = [p for p in self._root.children(recursive=True) if "serve" in " ".join(p.cmdline())]
        return found or self._root.children(recursive=True)

    def _held(self) -> float:
        total = 0
        for process in self._web():
            try:
                total += process.memory_full_info().uss
            except psutil.Error:
                continue
        return total / MIB

    def _cpu(self) -> float:
        return sum(sum(p.cpu_times()[:2]) for p in self._root.children(recursive=True))


if __name__ == "__main__":
    try:
        main(*[*map(int, sys.argv[1:3]), *(128, 8)[len(sys.argv[1:3]) :]])
    finally:
        shutil.rmtree(isolation.base, ignore_errors=True)
