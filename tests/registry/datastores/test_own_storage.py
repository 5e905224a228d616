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


def test_its_address_is_what_a_job_and_a_data_asset_read(cast: Any, own: Any) -> None:
    from studio.runs.services import creating

    short = "azureml://datastores/workspaceblobstore/paths/set"
    long = (
        f"azureml://subscriptions/{cast.lab.subscription_id}/resourcegroups/x/workspaces/lab"
        "/datastores/workspaceblobstore/paths/set/a.csv"
    )
    inputs: dict[str, Any] = {
        "all": {"jobInputType": "uri_folder", "uri": short},
        "one": {"jobInputType": "uri_file", "uri": long},
    }
    document = {"jobType": "Command", "command": "true", "inputs": inputs}
    creating.settle(cast.lab, document, user=cast.contributor)
    for name, files in (("all", {"a.csv", "deep/b.txt"}), ("one", {"a.csv"})):
        digest = inputs[name]["uri"].removeprefix("tree:")
        assert set(registry.open_tree(workspace=cast.lab, digest=digest).files) == files
    assert inputs["all"]["source"] == short

    client = cast.client("contributor")
    for name, uri, type_ in (("folder", short, "uri_folder"), ("file", long, "uri_file")):
        body = {"name": name, "document": {"dataUri": uri}}
        made = client.post("/api/v1/workspaces/lab/data", body, format="json").json()
        assert made["document"]["dataType"] == type_, made
        assert made["properties"]["source.uri"] == uri
    digest = made["tree"]
    read = registry.open_tree(workspace=cast.lab, digest=digest).files["a.csv"].sha256
    assert registry.store().read(read) == FILES["set/a.csv"]


@pytest.mark.parametrize(
    ("uri", "word"),
    [
        ("azureml://datastores/workspaceblobstore/paths/none.csv", "nothing at"),
        ("azureml://datastores/nowhere/paths/a", "no datastore"),
        ("azureml://datastores/workspaceblobstore/paths/../../etc/passwd", "refused|nothing at"),
        (
            "azureml://subscriptions/x/resourcegroups/y/workspaces/elsewhere"
            "/datastores/workspaceblobstore/paths/set",
            "not in this workspace",
        ),
    ],
)
def test_an_address_of_nothing_is_told(uri: str, word: str, cast: Any, own: Any) -> None:
    from registry.datastores import addresses

    with pytest.raises(StudioError, match=word):
        addresses.tree_at(workspace=cast.lab, uri=uri, user=cast.owner)


def test_a_folder_elsewhere_is_copied_for_a_job(cast: Any, make: Any, share: Any) -> None:
    from registry.datastores import addresses

    make("team", "folder", path=str(share))
    uri = "azureml://datastores/team/paths/raw/"
    tree = addresses.tree_at(workspace=cast.lab, uri=uri, user=cast.contributor)
    assert set(tree.files) == {"a.csv"} and not addresses.is_file(tree, uri)
    with pytest.raises(StudioError):
        addresses.tree_at(workspace=cast.lab, uri=uri, user=cast.outsider)
