"""Blobs, bodies and documents: what is stored, sent back and refused."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from django.test import Client

from registry.models import AssetVersion
from studio.facades.azureml import wire
from studio.facades.azureml.models import NamedBlob
from studio.runs.models import Run
from tests.cast import bearer, token_of
from tests.facades.azureml.test_access import LAB, container, lab, put, sas, signed

__all__ = ["lab", "signed"]


def upload(cast: Any, query: str, name: str, data: bytes = b"x", **headers: str) -> Any:
    return Client().put(f"{container(cast)}/{name}?{query}", data, headers=headers)


def registered(cast: Any, name: str, kind: str = "uri_file") -> Any:
    uri = f"azureml://datastores/workspaceblobstore/paths/{name}"
    client = bearer(token_of(cast.owner))
    return put(client, "/data/d/versions/1", {"dataType": kind, "dataUri": uri})


# -- blobs ------------------------------------------------------------------------------------------


def test_a_blob_comes_back_whole_and_in_ranges(lab: Any, signed: str) -> None:
    data = bytes(range(256)) * 40
    assert upload(lab, signed, "a/b.bin", data).status_code == 201
    url = f"{container(lab)}/a/b.bin?{signed}"
    whole = Client().get(url)
    assert b"".join(whole.streaming_content) == data
    part = Client().get(url, headers={"x-ms-range": "bytes=100-199", "If-Match": whole["ETag"]})
    assert part.status_code == 206 and part["Content-Range"] == f"bytes 100-199/{len(data)}"
    assert b"".join(part.streaming_content) == data[100:200]
    assert Client().get(url, headers={"x-ms-range": "bytes=99999-"}).status_code == 416
    backwards = Client().get(url, headers={"x-ms-range": "bytes=200-100"})
    assert (backwards.status_code, backwards["Content-Length"]) == (200, str(len(data)))
    assert b"".join(backwards.streaming_content) == data
    assert Client().get(url, headers={"If-Match": '"0xother"'}).status_code == 412


def test_an_empty_blob_has_no_range_and_comes_whole(lab: Any, signed: str) -> None:
    upload(lab, signed, "empty.txt", b"")
    url = f"{container(lab)}/empty.txt?{signed}"
    # The client asks for a range first, and without one when it hears that there is none.
    assert Client().get(url, headers={"x-ms-range": "bytes=0-33554431"}).status_code == 416
    assert b"".join(Client().get(url).streaming_content) == b""


@pytest.mark.parametrize(
    ("method", "path", "says"),
    [
        ("put", "/onlineEndpoints/e", "Online endpoints are not served"),
        ("post", "/batchEndpoints/e/listKeys", "Batch endpoints are not served"),
        ("get", "/nonsense", "nonsense' are not served"),
        ("post", "/diagnose", "`officina azure doctor`"),
        ("get", "/connections/c", "Name a datastore"),
    ],
)
def test_what_is_not_served_is_told_by_name(lab: Any, method: str, path: str, says: str) -> None:
    client = Client(enforce_csrf_checks=True)
    headers = {"Authorization": f"Bearer {token_of(lab.owner)}"}
    answer = client.generic(method.upper(), LAB + path, "{}", headers=headers)
    assert answer.status_code == 404
    assert says in answer.json()["error"]["message"]


def test_blocks_become_a_blob_in_the_order_of_the_list(lab: Any, signed: str) -> None:
    for block, data in (("Yg==", b"second"), ("YQ==", b"first ")):
        assert upload_block(lab, signed, block, data).status_code == 201
    listing = b"<BlockList><Latest>YQ==</Latest><Latest>Yg==</Latest></BlockList>"
    url = f"{container(lab)}/j.txt?comp=blocklist&{signed}"
    assert Client().put(url, listing, content_type="application/xml").status_code == 201
    assert NamedBlob.objects.get(path="j.txt").sha256 == hashlib.sha256(b"first second").hexdigest()
    assert Client().put(url, listing, content_type="application/xml").status_code == 400


def upload_block(cast: Any, query: str, block: str, data: bytes) -> Any:
    return Client().put(f"{container(cast)}/j.txt?comp=block&blockid={block}&{query}", data)


@pytest.mark.parametrize(
    "listing",
    [
        b"", b"<BlockList>", b"not xml", b"<Other/>", b'<!DOCTYPE a [<!ENTITY b "c">]><BlockList/>\xff',
        b"<BlockList><Latest>bm90IHRoZXJl</Latest></BlockList>",
    ],
)  # fmt: skip
def test_a_malformed_block_list_is_refused(lab: Any, signed: str, listing: bytes) -> None:
    url = f"{container(lab)}/m.txt?comp=blocklist&{signed}"
    answer = Client().put(url, listing, content_type="application/xml")
    assert answer.status_code == 400 and answer["x-ms-error-code"] == "InvalidInput"


def test_metadata_stay_with_the_blob_until_it_is_replaced(lab: Any, signed: str) -> None:
    upload(lab, signed, "m.txt", **{"x-ms-meta-name": "one"})
    url = f"{container(lab)}/m.txt?{signed}"
    assert Client().head(url)["x-ms-meta-name"] == "one"
    done = Client().put(f"{url}&comp=metadata", headers={"x-ms-meta-upload_status": "completed"})
    assert done.status_code == 200
    assert Client().head(url)["x-ms-meta-upload_status"] == "completed"
    assert Client().put(f"{container(lab)}/none?comp=metadata&{signed}").status_code == 404


def test_an_absent_blob_says_so_in_its_header(lab: Any, signed: str) -> None:
    answer = Client().head(f"{container(lab)}/nothing?{signed}")
    assert answer.status_code == 404 and answer["x-ms-error-code"] == "BlobNotFound"


def test_a_blob_is_not_overwritten_when_that_was_not_wished(lab: Any, signed: str) -> None:
    assert upload(lab, signed, "o.txt").status_code == 201
    assert upload(lab, signed, "o.txt", **{"If-None-Match": "*"}).status_code == 409


def test_a_list_pages_and_shows_folders(lab: Any, signed: str) -> None:
    for name in ("p/a.txt", "p/q/b.txt", "p/q/c.txt", "z.txt"):
        upload(lab, signed, name)
    url = f"{container(lab)}?restype=container&comp=list&{signed}"
    flat = Client().get(f"{url}&prefix=p/").content.decode()
    assert flat.count("<Blob>") == 3 and "z.txt" not in flat
    folders = Client().get(f"{url}&prefix=p/&delimiter=/").content.decode()
    assert folders.count("<Blob>") == 1 and "<BlobPrefix><Name>p/q/</Name></BlobPrefix>" in folders
    first = Client().get(f"{url}&maxresults=2").content.decode()
    assert first.count("<Blob>") == 2 and "<NextMarker>p/q/c.txt</NextMarker>" in first
    rest = Client().get(f"{url}&maxresults=2&marker=p/q/c.txt").content.decode()
    assert rest.count("<Blob>") == 2 and "<NextMarker></NextMarker>" in rest


def test_a_list_by_folders_goes_on_behind_what_one_reading_holds(
    lab: Any, signed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.facades.azureml.containers.MOST_LISTED", 1)  # 20 names a reading
    for name in ("a.txt", *(f"f/{n:02}.txt" for n in range(25)), "z.txt"):
        upload(lab, signed, name)
    url = f"{container(lab)}?restype=container&comp=list&{signed}&delimiter=/"
    seen: list[str] = []
    marker = ""
    while True:
        page = Client().get(f"{url}&marker={marker}").content.decode()
        seen += re.findall("<Name>(.*?)</Name>", page)
        marker = re.search("<NextMarker>(.*?)</NextMarker>", page)[1]  # type: ignore[index]
        if not marker:
            break
    assert seen == ["a.txt", "f/", "z.txt"]


# -- documents --------------------------------------------------------------------------------------


def test_uploaded_files_become_data_that_jobs_can_use(lab: Any, signed: str) -> None:
    upload(lab, signed, "LocalUpload/1/a.csv", b"1,2")
    answer = registered(lab, "LocalUpload/1/a.csv")
    assert answer.status_code == 201, answer.content
    row = AssetVersion.objects.get(asset__name="d")
    assert row.tree and row.size == 3
    again = registered(lab, "LocalUpload/1/a.csv")
    assert again.status_code == 200
    upload(lab, signed, "LocalUpload/2/b.csv", b"3,4")
    assert registered(lab, "LocalUpload/2/b.csv").status_code == 409


def test_data_of_nothing_is_refused(lab: Any) -> None:
    assert registered(lab, "nowhere").status_code == 404
    client = bearer(token_of(lab.owner))
    for uri in ("./local.csv", "/etc/passwd", "file:///etc/passwd", ""):
        answer = put(client, "/data/l/versions/1", {"dataType": "uri_file", "dataUri": uri})
        assert answer.status_code == 400, uri


def test_files_of_another_workspace_are_not_taken(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    ws = "azureml://subscriptions/s/resourcegroups/r/workspaces/elsewhere"
    uri = f"{ws}/datastores/workspaceblobstore/paths/x"
    answer = put(client, "/data/l/versions/1", {"dataType": "uri_file", "dataUri": uri})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{", b"null", b'{"properties": []}', b'{"properties": {"jobType": 1}}', b"\xff\xfe", b"{}",
     b'{"properties": {"jobType": "Command", "command": {"a": 1}}}', b'{"a": NaN}',
     b'{"properties": {"jobType": "Pipeline", "jobs": [1]}}',
     b'{"properties": {"jobType": "Pipeline", "jobs": {"a": 1}}}',
     b'{"properties": {"jobType": "Command", "command": "x", "inputs": [], "environmentId": "minimal"}}',
     b'{"properties": {"jobType": "Command", "command": "x", "tags": "no", "environmentId": "minimal"}}'],
)  # fmt: skip
def test_a_malformed_job_is_refused_and_nothing_is_kept(lab: Any, body: bytes) -> None:
    client = bearer(token_of(lab.owner))
    answer = client.put(f"{LAB}/jobs/bad", body, content_type="application/json")
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"]["message"]
    assert not Run.objects.exists()


def test_an_oversized_body_is_refused(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    body = b'{"properties": {"description": "' + b"x" * wire.LONGEST_BODY + b'"}}'
    answer = client.put(f"{LAB}/jobs/big", body, content_type="application/json")
    assert answer.status_code == 413


def test_a_deep_body_is_refused(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    for body in (b"[" * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500):
        answer = client.put(f"{LAB}/jobs/deep", body, content_type="application/json")
        assert answer.status_code in {400, 413}


@pytest.mark.parametrize("kind", ["Sweep", "AutoML", "Spark"])
def test_what_cannot_run_yet_is_kept_and_says_so(lab: Any, kind: str) -> None:
    client = bearer(token_of(lab.owner))
    sent = {"jobType": kind, "displayName": "later", "taskDetails": {"taskType": "Regression"}}
    answer = put(client, "/jobs/later", sent)
    assert answer.status_code == 201, answer.content
    got = client.get(f"{LAB}/jobs/later").json()["properties"]
    assert got["status"] == "Failed" and got["taskDetails"] == sent["taskDetails"]
    history = client.get(f"/history/v1.0{LAB}/runs/later/details").json()
    assert "cannot run" in history["error"]["error"]["message"]


def test_a_local_path_of_the_server_is_never_read(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    sent = {
        "jobType": "Command", "command": "cat ${{inputs.f}}", "environmentId": "azureml:minimal:1",
        "inputs": {"f": {"jobInputType": "uri_file", "uri": "/etc/passwd"}},
    }  # fmt: skip
    assert put(client, "/jobs/sly", sent).status_code == 400
    assert put(
        client, "/jobs/sly", {**sent, "inputs": {}, "command": "ls", "codeId": "/etc"}
    ).status_code in {400, 404}


def test_what_is_not_served_says_so(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    answer = client.get(f"{LAB}/nothingOfTheKind/x")
    assert answer.status_code == 404 and "error" in answer.json()
    assert client.delete(f"{LAB}/datastores/workspaceblobstore/listSecrets").status_code == 405


def test_lists_page_by_links(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    for number in range(3):
        put(
            client,
            f"/environments/e{number}/versions/1",
            {"condaFile": "name: e\ndependencies:\n  - python=3.11\n"},
        )
    first = client.get(f"{LAB}/environments?$top=2").json()
    assert len(first["value"]) == 2
    pages = [first]
    while link := pages[-1].get("nextLink"):
        pages.append(client.get(link.removeprefix("http://testserver")).json())
    names = [row["name"] for page in pages for row in page["value"]]
    # Curated ones stand before those of the workspace.
    assert sorted(names[-3:]) == ["e0", "e1", "e2"]
    assert len(set(names)) == len(names) and all(len(page["value"]) <= 2 for page in pages)


def test_a_documents_own_words_come_back(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    sent = {
        "componentSpec": {
            "type": "command", "name": "c", "version": "1", "command": "echo ${{inputs.x}}", "display_name": "C",
            "environment": "azureml:minimal:1", "inputs": {"x": {"type": "integer", "default": "3"}}, "outputs": {},
        },
        "isAnonymous": False, "properties": {"client_component_hash": "h"}, "tags": {}, "description": "said",
    }  # fmt: skip
    assert put(client, "/components/c/versions/1", sent).status_code == 201
    got = client.get(f"{LAB}/components/c/versions/azureml_default").json()["properties"]
    assert got["componentSpec"] == sent["componentSpec"]
    assert got["properties"] == {"client_component_hash": "h"} and got["description"] == "said"
    assert json.dumps(got)
    assert sas(client)


def test_a_deployment_makes_a_plain_workspace_as_it_was_asked_for(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    where = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Resources/deployments/d"

    def deploy(name: str, **more: Any) -> Any:
        given = {"workspaceName": name, "friendlyName": "New", "description": "for tests", **more}
        values = {key: {"value": value} for key, value in given.items()}
        return client.put(where, {"properties": {"parameters": values}}, format="json")

    made = deploy("newer", tagValues={"team": "a"}, kind="default")
    assert made.status_code == 201 and made.json()["properties"]["duration"]
    found = client.get(LAB.replace("/lab", "/newer")).json()
    assert (found["properties"]["description"], found["tags"]) == ("for tests", {"team": "a"})
    hub = deploy("hubby", kind="hub")
    assert hub.status_code == 400 and "hub" in hub.json()["error"]["message"]
    gone = client.delete(LAB.replace("/lab", "/newer"))
    assert gone.status_code == 409 and "not deleted" in gone.json()["error"]["message"]
