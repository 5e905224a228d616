"""What was uploaded and never used goes after a day; what anything uses, or may use soon, stays."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from officina.storage import Entry
from registry import services as registry
from registry.models import StoredBlob
from registry.services import leftovers


@pytest.fixture
def put(home: Any, cast: Any) -> Any:
    """Upload bytes and nothing more, so many days ago."""

    def upload(data: bytes, *, days: float = 2, workspace: Any = None) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        to = workspace or cast.lab
        registry.receive_blob(workspace=to, sha256=sha256, chunks=[data])
        StoredBlob.objects.filter(workspace=to, sha256=sha256).update(
            created=timezone.now() - timedelta(days=days)
        )
        return sha256

    return upload


def test_a_dry_run_counts_and_changes_nothing(put: Any) -> None:
    sha256 = put(b"12345")
    said = StringIO()
    call_command("leftovers", stdout=said)
    assert said.getvalue() == "1 files, 5 bytes would be removed.\n"
    assert registry.store().exists(sha256) and StoredBlob.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_only_what_is_old_and_unused_goes(put: Any, add: Any, cast: Any) -> None:
    version = add("data", "sales", {"a.csv": b"used"})
    StoredBlob.objects.update(created=timezone.now() - timedelta(days=9))
    old, young, shared = put(b"old"), put(b"young", days=0.9), put(b"shared")
    put(b"shared", days=0.1, workspace=cast.elsewhere)
    call_command("leftovers", "--apply", stdout=StringIO())
    store = registry.store()
    assert not store.exists(old)
    assert store.exists(young) and store.exists(shared)
    assert not StoredBlob.objects.filter(workspace=cast.lab, sha256=shared).exists()
    tree = registry.open_tree(workspace=cast.lab, digest=version.tree)
    assert store.read(tree.files["a.csv"].sha256) == b"used"


def test_what_a_client_is_about_to_use_is_young_again(put: Any, cast: Any) -> None:
    sha256 = put(b"known")
    files = {"a": Entry(sha256, 5)}
    assert registry.missing_blobs(workspace=cast.lab, files=files) == []
    assert leftovers.plan(workspace=cast.lab)["files"] == 0
    put(b"again")
    registry.receive_blob(
        workspace=cast.lab, sha256=hashlib.sha256(b"again").hexdigest(), chunks=[b"again"]
    )
    assert leftovers.plan()["files"] == 0


def test_what_a_killed_process_left_half_written_goes_too(put: Any, home: Any) -> None:
    put(b"x", days=0)
    torn = home / "store" / "incoming" / "incoming-torn"
    torn.write_bytes(b"half")
    fresh = torn.with_name("incoming-fresh")
    fresh.write_bytes(b"half")
    os.utime(torn, (time.time() - 90_000,) * 2)
    leftovers.drop()
    assert not torn.exists() and fresh.exists()


def test_another_workspaces_files_are_not_counted(put: Any, cast: Any) -> None:
    put(b"theirs", workspace=cast.elsewhere)
    assert leftovers.plan(workspace=cast.lab)["files"] == 0
    assert leftovers.plan()["files"] == 1
