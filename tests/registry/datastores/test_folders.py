"""A folder is browsed, read, written and registered from, and never left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from officina.errors import StudioError
from registry import services as registry
from registry.datastores import looking, registering, services


def names(row: Any, user: Any, **more: Any) -> list[str]:
    return [each["name"] for each in looking.page(row, user=user, **more)["items"]]


def test_a_folder_is_browsed_page_by_page(cast: Any, make: Any, share: Path) -> None:
    for number in range(5):
        (share / f"f{number}").write_text("x")
    row = make("team", "folder", path=str(share))
    first = looking.page(row, user=cast.owner, limit=3)
    assert [each["name"] for each in first["items"]] == ["f0", "f1", "f2"]
    second = looking.page(row, user=cast.owner, limit=10, after=first["next"])
    assert [each["name"] for each in second["items"]] == ["f3", "f4", "notes.txt", "raw"]
    assert second["next"] == ""
    assert names(row, cast.owner, path="raw") == ["a.csv"]


def test_a_table_of_it_is_previewed(cast: Any, make: Any, share: Path) -> None:
    row = make("team", "folder", path=str(share))
    shown = looking.preview(row, user=cast.owner, path="raw/a.csv")
    assert shown["grid"]["rows"] == [[1, 2], [3, 4]]


def test_a_folder_that_nobody_opened_is_refused(cast: Any, make: Any, share: Path) -> None:
    for path in ("/etc", str(share.parent), str(share / ".."), "share"):
        row = make(f"bad{abs(hash(path))}", "folder", path=path)
        told = services.test(row, user=cast.owner)
        assert not told["ok"]
        assert "OFFICINA_DATASTORE_FOLDERS" in told["hint"]


def test_links_that_lead_out_are_neither_shown_nor_read(
    cast: Any, make: Any, share: Path, home: Path
) -> None:
    (home / "vault.key").write_text("secret")
    (share / "out").symlink_to(home)
    (share / "key").symlink_to(home / "vault.key")
    row = make("team", "folder", path=str(share))
    assert names(row, cast.owner) == ["notes.txt", "raw"]
    for path in ("key", "out/vault.key", "../home/vault.key", "/etc/passwd"):
        with pytest.raises(StudioError):
            looking.preview(row, user=cast.owner, path=path)
    with pytest.raises(StudioError):
        services.upload(row, path="out/x", chunks=[b"x"], overwrite=True, user=cast.owner)
    assert not (home / "x").exists()


def test_a_file_and_a_folder_become_data_assets_whose_bytes_stay(
    cast: Any, make: Any, share: Path
) -> None:
    row = make("team", "folder", path=str(share))
    one = registering.register_path(row, path="raw/a.csv", name="table", user=cast.owner)
    (share / "raw" / "a.csv").write_text("changed")
    two = registering.register_path(row, path="raw", name="table", user=cast.owner)
    assert (one.version, one.document["dataType"]) == ("1", "uri_file")
    assert (two.version, two.document["dataType"]) == ("2", "uri_folder")
    tree = registry.open_tree(workspace=cast.lab, digest=one.tree)
    assert registry.store().read(tree.files["a.csv"].sha256) == b"x,y\n1,2\n3,4\n"
    assert one.properties["source.datastore"] == "team"


def test_uploading_over_a_file_names_it(cast: Any, make: Any, share: Path) -> None:
    row = make("team", "folder", path=str(share))
    with pytest.raises(StudioError, match=r"notes\.txt exists already"):
        services.upload(row, path="notes.txt", chunks=[b"x"], overwrite=False, user=cast.owner)
    services.upload(row, path="notes.txt", chunks=[b"x"], overwrite=True, user=cast.owner)
    assert (share / "notes.txt").read_bytes() == b"x"


def test_a_read_only_folder_takes_nothing(cast: Any, make: Any, share: Path) -> None:
    row = make("team", "folder", path=str(share), read_only=True)
    with pytest.raises(StudioError, match="read only"):
        services.upload(row, path="new", chunks=[b"x"], overwrite=False, user=cast.owner)
