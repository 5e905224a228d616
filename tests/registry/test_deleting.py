"""A deletion says first what depends on it, then frees the bytes and keeps the number taken."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from django.db import connection

from officina.errors import StudioError
from officina.storage import Entry
from registry import services as registry
from registry.models import AssetVersion, StoredBlob, StoredTree
from studio.workspaces.models import AuditEntry


def test_the_dry_run_changes_nothing(add: Any, lab: Any) -> None:
    row = add("data", "sales", {"a.csv": b"x" * 1000})
    plan = registry.delete(row)
    assert (plan["deleted"], plan["files"], plan["freed"]) == (False, 1, 1000)
    assert registry.find(workspace=lab, kind="data", name="sales").tree


def test_deleting_frees_the_bytes_and_keeps_an_audit_row(
    add: Any, lab: Any, cast: Any, django_capture_on_commit_callbacks: Any
) -> None:
    row = add("data", "sales", {"a.csv": b"x" * 1000})
    digest = registry.open_tree(workspace=lab, digest=row.tree).files["a.csv"].sha256
    with django_capture_on_commit_callbacks(execute=True):
        registry.delete(row, confirm=True, user=cast.owner)
    assert not registry.store().exists(digest)
    assert not StoredTree.objects.filter(workspace=lab).exists()
    assert not StoredBlob.objects.filter(workspace=lab).exists()
    entry = AuditEntry.objects.get(action="registry.delete")
    assert (entry.target, entry.detail["freed"]) == ("data/sales/1", 1000)


def test_a_deleted_number_is_never_given_again(add: Any, lab: Any) -> None:
    row = add("data", "sales", {"a.csv": b"one"})
    registry.delete(row, confirm=True)
    with pytest.raises(StudioError, match="There is no data sales"):
        registry.find(workspace=lab, kind="data", name="sales", version="1", archived=True)
    with pytest.raises(StudioError, match="stays taken"):
        add("data", "sales", {"a.csv": b"two"}, version="1")
    with pytest.raises(StudioError, match="deleted"):
        registry.restore(workspace=lab, kind="data", name="sales", version="1")
    assert add("data", "sales", {"a.csv": b"two"}).version == "2"


def test_bytes_that_another_version_shares_stay(
    add: Any, lab: Any, django_capture_on_commit_callbacks: Any
) -> None:
    first = add("data", "sales", {"a.csv": b"same", "b.csv": b"old!!"})
    second = add("data", "sales", {"a.csv": b"same", "b.csv": b"new!!"})
    assert registry.delete(first)["freed"] == 5
    with django_capture_on_commit_callbacks(execute=True):
        registry.delete(first, confirm=True)
    for entry in registry.open_tree(workspace=lab, digest=second.tree).files.values():
        assert registry.store().read(entry.sha256)


def test_bytes_that_are_named_again_before_the_commit_stay(
    add: Any, lab: Any, django_capture_on_commit_callbacks: Any
) -> None:
    row = add("data", "sales", {"a.csv": b"same"})
    with django_capture_on_commit_callbacks(execute=True):
        registry.delete(row, confirm=True)
        again = add("data", "copy", {"b.csv": b"same"})
    [entry] = registry.open_tree(workspace=lab, digest=again.tree).files.values()
    assert registry.store().read(entry.sha256) == b"same"


def test_a_folder_of_more_files_than_one_statement_names_is_deleted(
    lab: Any, home: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with registry.store().batch() as batch:
        blobs = [batch.put_bytes(b"%d" % number) for number in range(600)]
    files = {f"{number}": Entry(b.sha256, b.size) for number, b in enumerate(blobs)}
    tree = registry.store().put_manifest(files)
    registry.remember_tree(workspace=lab, tree=tree)
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        usual = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 550)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            registry.release_tree(workspace=lab, digest=tree.digest)
    finally:
        if connection.vendor == "sqlite":
            connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, usual)
    assert not StoredBlob.objects.filter(workspace=lab).exists()
    assert not registry.store().exists(blobs[0].sha256)


def test_a_whole_asset_goes_and_its_name_counts_on(
    add: Any, lab: Any, django_capture_on_commit_callbacks: Any
) -> None:
    add("data", "sales", {"a.csv": b"same", "b.csv": b"old!!"})
    add("data", "sales", {"a.csv": b"same", "b.csv": b"new!!"})
    at = {"workspace": lab, "kind": "data", "name": "sales"}
    assert registry.delete_asset(**at)["freed"] == 14
    with django_capture_on_commit_callbacks(execute=True):
        registry.delete_asset(**at, confirm=True)
    assert not registry.assets(workspace=lab, archived="all").exists()
    with pytest.raises(StudioError, match="There is no data sales"):
        registry.named(**at)
    assert add("data", "sales", {"a.csv": b"again"}).version == "3"
    assert AssetVersion.objects.filter(asset__name="sales", deleted=None).count() == 1


def test_what_is_shared_is_not_deleted_unless_forced(add: Any, lab: Any, cast: Any) -> None:
    row = add("model", "churn", {"m.pkl": b"weights"})
    registry.share(row, cast.elsewhere, user=cast.owner)
    assert [each["kind"] for each in registry.dependents(row)] == ["share"]
    with pytest.raises(StudioError, match="in use: shared with elsewhere"):
        registry.delete(row, confirm=True)
    registry.delete(row, confirm=True, force=True)
    assert not StoredTree.objects.exists()
