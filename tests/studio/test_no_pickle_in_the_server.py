"""The server never loads what a job made: no model library is imported, no pickle is read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IMPORT_ALL = """
import sys
import studio.asgi
from django.urls import get_resolver
from importlib import import_module
import studio.celery, studio.lib.tasks, studio.runs.tasks

def walk(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from walk(pattern.url_patterns)
        else:
            yield pattern

routes = list(walk(get_resolver().url_patterns))
assert len(routes) > 50, len(routes)
heavy = {"sklearn", "pandas", "joblib", "torch", "cloudpickle", "dill"}
print(sorted(heavy & set(sys.modules)))
"""


def test_no_model_library_is_imported_by_server_or_beat(tmp_path: Path) -> None:
    environment = {
        **os.environ, "OFFICINA_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "studio.settings",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "page", ["", "experiments/", "compute/", "models/", "data/", "members/", "tokens/"]
)
def test_no_page_reads_a_pickle(cast, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import pickle

    from django.contrib.sessions.backends.base import SessionBase
    from django.test import Client

    client = Client()
    client.force_login(cast.owner)
    assert SessionBase().serializer.__name__ == "JSONSerializer"
    calls: list[str] = []

    def refuse(*args: object, **kwargs: object) -> None:
        calls.append(page)
        raise AssertionError("a page read a pickle")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    assert client.get(f"/w/lab/{page}").status_code == 200
    assert calls == []
