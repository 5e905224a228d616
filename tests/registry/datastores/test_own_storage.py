"""The two datastores that every workspace has hold files by name."""

from __future__ import annotations

from typing import Any

import pytest

from officina.errors import StudioError
from registry import services as registry
from registry.datastores import looking, registering, services

FILES = {"set/a.csv": b"a,b\n1,2\n", "set/deep/b.txt": b"bee"}


@pytest.fixture
def own(cast: Any) -> Any:
    registry.create_default_datastores(cast.lab)
    row = services.find(workspace=cast.lab, name="workspaceblobstore")
    for path, data in FILES.items():
        services.upload(row, path=path, chunks=[data], overwrite=False, user=cast.owner)
    return row


def test_an_uploaded_folder_is_the_same_tree_when_browsed(cast: Any, own: Any) -> None:
    top = looking.page(own, user=cast.reader)["items"]
    assert [(each["name"], each["folder"]) for each in top] == [("set", True)]
    inside = looking.page(own, user=cast.reader, path="set")["items"]
    assert [(each["name"], each["size"]) for each in inside] == [("a.csv", 8), ("deep", None)]


def test_a_file_comes_back_byte_for_byte(cast: Any, own: Any) -> None:
    client = cast.client("reader")
    base = "/api/v1/workspaces/lab/datastores/workspaceblobstore/files"
    for path, data in FILES.items():
        answer = client.get(f"{base}/{path}")
        assert b"".join(answer.streaming_content) == data


def test_overwriting_is_refused_by_name_unless_asked_for(cast: Any, own: Any) -> None:
    client = cast.client("contributor")
    url = "/api/v1/workspaces/lab/datastores/workspaceblobstore/files/set/a.csv"
    more = {"data": b"new", "content_type": "application/octet-stream"}
    refused = client.put(url, **more)
    assert refused.status_code == 409
    assert "set/a.csv" in refused.json()["error"]["message"]
    assert client.put(f"{url}?overwrite=true", **more).status_code == 201
    with services.files(own, user=cast.owner).open("set/a.csv") as source:
        assert source.read() == b"new"


def test_another_workspace_sees_none_of_it(cast: Any, own: Any) -> None:
    registry.create_default_datastores(cast.elsewhere)
    row = services.find(workspace=cast.elsewhere, name="workspaceblobstore")
    assert looking.page(row, user=cast.outsider)["items"] == []
    url = "/api/v1/workspaces/lab/datastores/workspaceblobstore/browse"
    assert cast.client("outsider").get(url).status_code == 404


def test_a_folder_of_it_becomes_data(cast: Any, own: Any) -> None:
    version = registering.register_path(own, path="set", name="set", user=cast.owner)
    tree = registry.open_tree(workspace=cast.lab, digest=version.tree)
    assert sorted(tree.files) == ["a.csv", "deep/b.txt"]


def test_it_can_be_neither_deleted_nor_changed(cast: Any, own: Any) -> None:
    with pytest.raises(StudioError, match="comes with the workspace"):
        services.delete(own, user=cast.owner)
