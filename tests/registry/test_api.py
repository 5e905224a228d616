"""Assets over JSON: made, listed, changed, downloaded and ended, by those who may."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from registry import services as registry
from registry.services import staging
from studio.workspaces.models import Membership, User
from tests.registry.conftest import tree_of

API = "/api/v1/workspaces/lab"


@pytest.fixture
def held(home: Any, lab: Any) -> Any:
    """Store files in the workspace and return the tree's address."""

    def keep(files: dict[str, bytes]) -> str:
        tree = tree_of(files)
        registry.remember_tree(workspace=lab, tree=tree)
        return tree.uri

    return keep


def test_a_data_asset_is_made_from_its_tree(cast: Any, held: Any) -> None:
    client = cast.client("contributor")
    body = {"name": "sales", "tree": held({"a.csv": b"x,y\n"}), "tags": {"team": "growth"}}
    made = client.post(f"{API}/data", body, format="json")
    assert made.status_code == 201, made.content
    assert made.json()["document"]["dataType"] == "uri_file"
    again = client.post(f"{API}/data", {**body, "type": "uri_folder"}, format="json").json()
    assert (again["version"], again["document"]["dataType"]) == ("2", "uri_folder")
    listed = client.get(f"{API}/data?tag=team=growth").json()
    assert [(row["name"], row["latest"], row["versions"]) for row in listed["items"]] == [
        ("sales", "2", 2)
    ]


@pytest.mark.parametrize(
    ("kind", "body", "word"),
    [
        ("data", {"name": "x"}, "needs its files"),
        ("data", {"name": "../x", "tree": "tree:" + "0" * 64}, "cannot name"),
        ("data", {"name": "x", "tree": "tree:" + "0" * 64}, "not in this workspace"),
        ("models", {"name": "x"}, "needs its files"),
        ("models", {"name": ["x"]}, "is a text"),
        ("code", {"name": "x"}, "needs its files"),
        ("components", {"name": "x", "document": []}, ""),
        ("data", [1], "JSON object"),
    ],
)
def test_a_document_that_says_too_little_is_refused(
    kind: str, body: Any, word: str, cast: Any, home: Any
) -> None:
    answer = cast.client("owner").post(f"{API}/{kind}", body, format="json")
    assert answer.status_code in {400, 404}, answer.content
    assert word in answer.content.decode()


def test_a_model_without_mlmodel_is_no_mlflow_model(cast: Any, held: Any) -> None:
    body = {"name": "m", "tree": held({"m.pkl": b"x"}), "type": "mlflow_model"}
    answer = cast.client("owner").post(f"{API}/models", body, format="json")
    assert answer.status_code == 400
    assert "MLmodel" in answer.json()["error"]["message"]


def test_a_version_is_found_by_number_latest_and_label(add: Any, cast: Any) -> None:
    add("model", "churn", {"m.pkl": b"1"})
    add("model", "churn", {"m.pkl": b"2"})
    client = cast.client("contributor")
    pointed = client.put(f"{API}/models/churn/labels/champion", {"version": "1"}, format="json")
    assert pointed.status_code == 200, pointed.content
    for asked, version in (("2", "2"), ("latest", "2"), ("champion", "1")):
        assert client.get(f"{API}/models/churn/versions/{asked}").json()["version"] == version
    assert client.get(f"{API}/models/churn/versions/9").status_code == 404
    assert client.get(f"{API}/models/churn").json()["labels"] == {"champion": "1"}
    assert client.delete(f"{API}/models/churn/labels/champion").status_code == 204


def test_a_file_comes_back_byte_for_byte_and_a_folder_as_a_zip(add: Any, cast: Any) -> None:
    data = bytes(range(256)) * 9000
    add("model", "one", {"model.pkl": data})
    add("model", "many", {"model.pkl": data, "code/score.py": b"print()"})
    client = cast.client("reader")
    answer = client.get(f"{API}/models/one/versions/1/download")
    assert b"".join(answer.streaming_content) == data
    assert "model.pkl" in answer["Content-Disposition"]
    answer = client.get(f"{API}/models/many/versions/1/download")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert archive.testzip() is None
    assert archive.read("model.pkl") == data
    assert sorted(archive.namelist()) == ["code/score.py", "model.pkl"]
    part = client.get(
        f"{API}/models/many/versions/1/files/model.pkl", headers={"Range": "bytes=5-9"}
    )
    assert b"".join(part.streaming_content) == data[5:10]


def test_deleting_is_a_dry_run_until_confirmed(add: Any, cast: Any) -> None:
    add("data", "sales", {"a.csv": b"12345"})
    client = cast.client("owner")
    at = f"{API}/data/sales/versions/1"
    assert client.delete(at).json()["freed"] == 5
    assert client.get(at).status_code == 200
    assert client.delete(f"{at}?confirm=true").json()["deleted"] is True
    assert client.get(at).status_code == 404


def test_two_people_move_a_model_to_a_guarded_stage(add: Any, cast: Any, lab: Any) -> None:
    staging.set_rules(workspace=lab, own=[], guarded_stages=["Production"], user=cast.owner)
    add("model", "churn", {"m.pkl": b"1"})
    at = f"{API}/models/churn/versions/1"
    asker, approver = cast.client("contributor"), cast.client("owner")
    refused = asker.patch(at, {"stage": "Production"}, format="json")
    assert refused.status_code == 409
    asked = asker.post(f"{at}/stage-requests", {"stage": "Production", "note": "n"}, format="json")
    number = asked.json()["id"]
    for client in (asker, approver):
        client.post(f"{API}/stage-requests/{number}", {"approve": True}, format="json")
    assert approver.get(at).json()["stage"] == "Production"
    done = approver.get(f"{API}/stage-requests/{number}").json()
    assert (done["requested_by"], done["decided_by"]) == ("carl@example.org", "olga@example.org")


def test_a_share_is_made_only_into_a_workspace_of_ones_own(add: Any, cast: Any) -> None:
    add("model", "churn", {"m.pkl": b"1"})
    at = f"{API}/models/churn/versions/1/shares"
    assert cast.client("owner").post(at, {"workspace": "elsewhere"}).status_code == 404
    Membership.objects.create(workspace=cast.elsewhere, user=cast.owner, role="Reader")
    assert cast.client("owner").post(at, {"workspace": "elsewhere"}).status_code == 403
    Membership.objects.filter(workspace=cast.elsewhere, user=cast.owner).update(role="Owner")
    made = cast.client("owner").post(at, {"workspace": "elsewhere"}, format="json")
    assert made.json()["reference"] == "azureml://workspaces/lab/models/churn/versions/1"
    assert cast.client("reader").get(at).json()["workspaces"] == ["elsewhere"]


ROLES = {
    "Owner": "rwd", "Contributor": "rwd", "Data Scientist": "rwd", "Compute Operator": "",
    "Reader": "r", None: None,
}  # fmt: skip


@pytest.mark.parametrize("role", list(ROLES))
def test_each_role_may_do_what_its_row_says(role: str | None, add: Any, cast: Any) -> None:
    from rest_framework.test import APIClient

    may = ROLES[role]
    user = User.objects.create_user("una@example.org", "correct horse battery")
    if role:
        Membership.objects.create(workspace=cast.lab, user=user, role=role)
    add("model", "churn", {"m.pkl": b"1"})
    client = APIClient()
    client.force_login(user)
    at = f"{API}/models/churn/versions/1"
    asked = {
        "r": client.get(at).status_code,
        "w": client.patch(at, {"description": "d"}, format="json").status_code,
        "d": client.delete(at).status_code,
    }
    for letter, status in asked.items():
        wanted = 404 if may is None else 200 if letter in may else 403
        assert status == wanted, (role, letter)


def test_archiving_by_patch_needs_the_right_to_delete(add: Any, cast: Any) -> None:
    add("model", "churn", {"m.pkl": b"1"})
    client = cast.client("contributor")
    at = f"{API}/models/churn"
    assert client.patch(at, {"archived": True}, format="json").json()["archived"] is True
    assert client.get(f"{API}/models").json()["total"] == 0
    assert client.patch(at, {"archived": False}, format="json").json()["archived"] is False
    assert cast.client("reader").patch(at, {"archived": True}, format="json").status_code == 403
