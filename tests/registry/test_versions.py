"""Versions are numbered, found, listed, labelled, archived and changed."""

from __future__ import annotations

from typing import Any

import pytest

from officina.errors import StudioError
from registry import services as registry


def versions_of(lab: Any, name: str, shown: str = "active") -> list[str]:
    rows = registry.versions(workspace=lab, kind="model", name=name, archived=shown)
    return [row.version for row in rows]


def test_versions_count_up_and_the_newest_is_latest(add: Any, lab: Any) -> None:
    for data in (b"one", b"two"):
        add("model", "churn", {"model.pkl": data})
    assert versions_of(lab, "churn") == ["2", "1"]
    assert registry.find(workspace=lab, kind="model", name="churn", label="latest").version == "2"


def test_a_version_is_never_overwritten(add: Any) -> None:
    add("model", "churn", {"model.pkl": b"one"}, version="7")
    with pytest.raises(StudioError, match="exists already"):
        add("model", "churn", {"model.pkl": b"two"}, version="7")
    assert add("model", "churn", {"model.pkl": b"two"}).version == "8"


def test_a_label_moves_from_version_to_version(add: Any, lab: Any) -> None:
    add("model", "churn")
    add("model", "churn")
    at = {"workspace": lab, "kind": "model", "name": "churn"}
    registry.set_label(**at, label="champion", version="1")
    assert registry.find(**at, label="champion").version == "1"
    registry.set_label(**at, label="champion", version="2")
    assert registry.find(**at, label="champion").version == "2"
    assert registry.labels(**at) == {"champion": "2"}
    registry.delete_label(**at, label="champion")
    with pytest.raises(StudioError, match="no label 'champion'"):
        registry.find(**at, label="champion")


@pytest.mark.parametrize("label", ["latest", "Latest", "v3", "a b", "a:b", "a@b", "", "a/b"])
def test_a_label_that_would_read_as_something_else_is_refused(
    label: str, add: Any, lab: Any
) -> None:
    add("model", "churn")
    with pytest.raises(StudioError, match="cannot be a label"):
        registry.set_label(workspace=lab, kind="model", name="churn", label=label, version="1")


def test_an_archived_version_is_neither_listed_nor_latest(add: Any, lab: Any) -> None:
    add("model", "churn")
    add("model", "churn")
    registry.archive(workspace=lab, kind="model", name="churn", version="2")
    assert versions_of(lab, "churn") == ["1"]
    assert versions_of(lab, "churn", "archived") == ["2"]
    assert registry.find(workspace=lab, kind="model", name="churn").version == "1"
    registry.restore(workspace=lab, kind="model", name="churn", version="2")
    assert versions_of(lab, "churn") == ["2", "1"]


def test_an_archived_asset_leaves_the_list_until_it_gets_a_new_version(add: Any, lab: Any) -> None:
    add("model", "churn")
    registry.archive(workspace=lab, kind="model", name="churn")
    assert not registry.assets(workspace=lab, kind="model").exists()
    assert registry.assets(workspace=lab, kind="model", archived="archived").count() == 1
    add("model", "churn")
    assert registry.assets(workspace=lab, kind="model").count() == 1


def test_the_list_is_searched_by_words_and_tags(add: Any, lab: Any) -> None:
    add("model", "churn", tags={"team": "growth"}, description="who leaves")
    add("model", "fraud", tags={"team": "risk"})

    def named(**by: str) -> list[str]:
        return [row.name for row in registry.assets(workspace=lab, kind="model", **by)]

    assert named(text="leaves chu") == ["churn"]
    assert named(tag="team=risk") == ["fraud"]
    assert named(tag="team:growth") == ["churn"]
    assert sorted(named(tag="team")) == ["churn", "fraud"]


def test_update_replaces_tags_and_keeps_what_is_not_named(add: Any, lab: Any) -> None:
    row = add("model", "churn", tags={"a": "1"}, description="first")
    registry.update(row, tags={"b": "2"}, properties={"score": 0.9})
    fresh = registry.find(workspace=lab, kind="model", name="churn")
    assert (fresh.tags, fresh.description) == ({"b": "2"}, "first")
    assert fresh.properties == {"score": "0.9"}
    assert not registry.assets(workspace=lab, kind="model", tag="a").exists()


def test_a_renamed_asset_keeps_its_versions(add: Any, lab: Any) -> None:
    add("model", "churn")
    add("model", "taken")
    registry.rename(workspace=lab, kind="model", name="churn", new_name="leavers")
    assert versions_of(lab, "leavers") == ["1"]
    with pytest.raises(StudioError, match="already"):
        registry.rename(workspace=lab, kind="model", name="leavers", new_name="taken")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "x" * 256, "a\n"])
def test_a_name_that_could_be_a_path_is_refused(name: str, add: Any) -> None:
    with pytest.raises(StudioError, match="cannot name"):
        add("model", name)
