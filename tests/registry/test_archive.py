"""A workspace's archive holds every version and comes back whole; a wicked one changes nothing."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from officina.errors import StudioError
from registry import archive
from registry import services as registry
from registry.models import AssetVersion, StoredBlob


@pytest.fixture
def packed(add: Any, lab: Any) -> bytes:
    add("data", "sales", {"a.csv": b"same", "b.csv": b"old"}, tags={"team": "growth"})
    add("data", "sales", {"a.csv": b"same", "b.csv": b"new"}, description="second")
    add("model", "churn", {"m/MLmodel": b"flavors: {}"}, document={"modelType": "mlflow_model"})
    registry.set_label(workspace=lab, kind="data", name="sales", label="gold", version="1")
    return b"".join(archive.export_workspace(lab))


def test_the_archive_has_a_manifest_and_each_byte_once(packed: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(packed)) as found:
        assert found.testzip() is None
        manifest = json.loads(found.read("manifest.json"))
        assert (manifest["assets"], manifest["versions"]) == (2, 3)
        assert len([n for n in found.namelist() if n.startswith("blobs/")]) == 4


def test_the_archive_tells_the_history_of_runs(packed: bytes, lab: Any, cast: Any) -> None:
    from studio.runs.models import Experiment, LineageEdge, Run

    experiment = Experiment.objects.create(workspace=lab, name="Default")
    Run.objects.create(
        workspace=lab, experiment=experiment, name="first", kind="command", document={"a": 1},
        owner=cast.owner, status="Completed",
    )  # fmt: skip
    LineageEdge.objects.create(workspace=lab, source="data/sales/1", target="run/1")
    packed = b"".join(archive.export_workspace(lab))
    with zipfile.ZipFile(io.BytesIO(packed)) as found:
        row = json.loads(found.read("runs.jsonl"))
        assert (row["name"], row["owner"], row["document"]) == (
            "first",
            "olga@example.org",
            {"a": 1},
        )
        assert json.loads(found.read("lineage.jsonl"))["source"] == "data/sales/1"
    report = archive.import_archive(workspace=cast.elsewhere, source=io.BytesIO(packed))
    assert len(report["imported"]) == 4
    assert (report["manifest"]["runs"], report["manifest"]["versions"]) == (1, 3)


def test_it_comes_back_whole_in_another_workspace(packed: bytes, cast: Any) -> None:
    to = cast.elsewhere
    dry = archive.import_archive(workspace=to, source=io.BytesIO(packed))
    assert len(dry["imported"]) == 3
    assert not AssetVersion.objects.filter(asset__workspace=to).exists()
    report = archive.import_archive(
        workspace=to, source=io.BytesIO(packed), confirm=True, user=cast.outsider
    )
    assert len(report["imported"]) == 3
    gold = registry.find(workspace=to, kind="data", name="sales", label="gold")
    tree = registry.open_tree(workspace=to, digest=gold.tree)
    assert registry.store().read(tree.files["b.csv"].sha256) == b"old"
    assert gold.tags == {"team": "growth"}
    again = archive.import_archive(workspace=to, source=io.BytesIO(packed), confirm=True)
    assert (len(again["skipped"]), again["imported"], again["conflicts"]) == (3, [], [])


def test_a_version_with_other_content_stays_as_it_is(packed: bytes, add: Any, cast: Any) -> None:
    mine = add("data", "sales", {"a.csv": b"mine"}, workspace=cast.elsewhere)
    report = archive.import_archive(
        workspace=cast.elsewhere, source=io.BytesIO(packed), confirm=True
    )
    assert report["conflicts"] == ["data/sales/1"]
    mine.refresh_from_db()
    tree = registry.open_tree(workspace=cast.elsewhere, digest=mine.tree)
    assert registry.store().read(tree.files["a.csv"].sha256) == b"mine"


def repacked(packed: bytes, change: Any) -> io.BytesIO:
    """Return the archive with its members passed through `change(name, data) -> (name, data)`."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            name, data = change(info.filename, old.read(info))
            if data is not None:
                new.writestr(name, data)
    return out


def refused(to: Any, source: io.BytesIO, word: str) -> None:
    with pytest.raises(StudioError, match=word):
        archive.import_archive(workspace=to, source=source, confirm=True)


def test_changed_bytes_are_refused(packed: bytes, cast: Any) -> None:
    # The store is shared: only bytes that are nowhere yet can be wrong.
    StoredBlob.objects.all().delete()
    wicked = repacked(packed, lambda n, d: (n, b"x" * len(d) if n.startswith("blobs/") else d))
    refused(cast.elsewhere, wicked, "have the digest")
    assert not AssetVersion.objects.filter(asset__workspace=cast.elsewhere).exists()


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "blobs/../../x", "readme.txt", "a\\b"])
def test_a_name_that_is_not_ours_is_refused(name: str, packed: bytes, cast: Any) -> None:
    out = io.BytesIO(packed)
    with zipfile.ZipFile(out, "a") as found:
        found.writestr(name, b"x")
    refused(cast.elsewhere, out, "refused")


def test_a_link_is_refused(packed: bytes, cast: Any) -> None:
    out = io.BytesIO(packed)
    with zipfile.ZipFile(out, "a") as found:
        info = zipfile.ZipInfo("blobs/" + "0" * 64)
        info.external_attr = 0o120777 << 16
        found.writestr(info, b"/etc/passwd")
    refused(cast.elsewhere, out, "link")


def test_a_bomb_is_refused_before_it_unpacks(packed: bytes, cast: Any) -> None:
    out = io.BytesIO(packed)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as found:
        found.writestr("blobs/" + "0" * 64, b"\0" * (64 << 20))
    refused(cast.elsewhere, out, "would unpack")


@pytest.mark.parametrize(
    ("member", "data", "word"),
    [
        ("manifest.json", b"{", "manifest"),
        ("manifest.json", b'{"format": 99}', "format"),
        ("manifest.json", None, "missing"),
        ("assets.jsonl", b"[1]\n", "no asset"),
        ("assets.jsonl", b'{"kind":"data","name":"../x","versions":[]}\n', "cannot name"),
        ("assets.jsonl", b"{" * 5000 + b"\n", "cannot be read"),
    ],
)
def test_a_damaged_list_is_refused(
    member: str, data: bytes | None, word: str, packed: bytes, cast: Any
) -> None:
    wicked = repacked(packed, lambda n, d: (n, data if n == member else d))
    refused(cast.elsewhere, wicked, word)


def test_no_zip_is_refused(home: Any, cast: Any) -> None:
    refused(cast.elsewhere, io.BytesIO(b"PK\x03\x04 nothing more"), "no zip")


def test_only_those_who_manage_take_or_bring_one(packed: bytes, cast: Any, lab: Any) -> None:
    base = "/api/v1/workspaces/lab"
    assert cast.client("contributor").get(f"{base}/export").status_code == 403
    sent = cast.client("owner").get(f"{base}/export")
    assert zipfile.ZipFile(io.BytesIO(b"".join(sent.streaming_content))).testzip() is None
    blob = registry.receive_blob(
        workspace=cast.elsewhere, sha256=registry.store().put_bytes(packed).sha256, chunks=[packed]
    )
    told = cast.client("outsider").post(
        "/api/v1/workspaces/elsewhere/import",
        {"sha256": blob.sha256, "confirm": True},
        format="json",
    )
    assert len(told.json()["imported"]) == 3, told.content
