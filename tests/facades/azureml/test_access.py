"""Who gets in: tokens of every kind, other workspaces, signatures, and what is refused at once."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from registry import services as registry
from studio.runs.models import Experiment, Run
from studio.workspaces.models import ApiToken
from tests.cast import bearer, run_token_of, token_of

LAB = "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/lab"
TRAVERSALS = ["../up.txt", "a/../../up.txt", "..%2fup.txt", "%252e%252e/up.txt", "a%5c..%5cup.txt",
              "a//b.txt", "a/./b.txt"]  # fmt: skip


@pytest.fixture
def lab(cast: Any, tmp_path: Any, settings: Any) -> Any:
    settings.STORAGE_URL = (tmp_path / "store").as_uri()
    registry.create_default_datastores(cast.lab)
    return cast


def jwt_of(secret: str, resource: str = "https://ml.azure.example") -> str:
    """Return the JWT that the managed identity endpoint gives for an API token."""
    answer = Client().get(f"/msi/token?resource={resource}", headers={"X-IDENTITY-HEADER": secret})
    assert answer.status_code == 200, answer.content
    return str(answer.json()["access_token"])


def claims_of(jwt: str) -> dict[str, Any]:
    part = jwt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))  # type: ignore[no-any-return]


def put(client: Any, path: str, properties: Any) -> Any:
    return client.put(
        LAB + path, json.dumps({"properties": properties}), content_type="application/json"
    )


def sas(client: Any, datastore: str = "workspaceblobstore") -> str:
    """Return the signature that a client gets for a datastore's container."""
    answer = client.post(
        f"{LAB}/datastores/{datastore}/listSecrets", "{}", content_type="application/json"
    )
    assert answer.status_code == 200, answer.content
    return str(answer.json()["sasToken"])


def container(cast: Any, name: str = "workspaceblobstore") -> str:
    return f"/blob/{cast.lab.guid.hex}.blob.core.officina.invalid/{name}"


# -- tokens -----------------------------------------------------------------------------------------


def test_a_jwt_has_the_audience_that_was_asked_for(lab: Any) -> None:
    claims = claims_of(jwt_of(token_of(lab.owner), "https://ml.azure.somewhere"))
    assert claims["aud"] == "https://ml.azure.somewhere"
    assert claims["exp"] > time.time()


def test_a_wrong_api_token_is_told_in_the_words_that_azure_identity_shows(lab: Any) -> None:
    answer = Client().get("/msi/token?resource=x", headers={"X-IDENTITY-HEADER": "oft_nobody"})
    assert answer.status_code == 401
    assert answer.json()["statusCode"] == 401 and "not valid" in answer.json()["message"]


def test_a_jwt_opens_what_its_token_opens(lab: Any) -> None:
    client = bearer(jwt_of(token_of(lab.owner)))
    assert client.get(LAB).json()["name"] == "lab"
    assert client.get("/api/v1/workspaces/lab").status_code == 200


def test_addresses_are_matched_in_any_case_of_letters(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    assert client.get(LAB.upper()).status_code == 200
    assert client.get(LAB.lower() + "/DataStores").status_code == 200


def test_a_revoked_token_ends_its_jwts_and_signatures_at_once(lab: Any) -> None:
    secret = token_of(lab.owner)
    client = bearer(jwt_of(secret))
    signed = sas(client)
    url = f"{container(lab)}/x.txt?{signed}"
    assert Client().put(url, b"x").status_code == 201
    ApiToken.objects.update(revoked_at=timezone.now())
    assert client.get(LAB).status_code == 401
    assert Client().get(url).status_code == 401
    assert Client().put(url, b"y").status_code == 401
    assert (
        Client().get("/msi/token?resource=x", headers={"X-IDENTITY-HEADER": secret}).status_code
        == 401
    )


@pytest.mark.parametrize("spoil", ["signature", "claims", "none", "garbage"])
def test_a_forged_jwt_is_refused(lab: Any, spoil: str) -> None:
    head, body, sign = jwt_of(token_of(lab.owner)).split(".")
    other = (
        base64.urlsafe_b64encode(json.dumps({"jti": "1", "exp": 9999999999}).encode())
        .decode()
        .rstrip("=")
    )
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    forged = {
        "signature": f"{head}.{body}.{sign[:-4]}AAAA", "claims": f"{head}.{other}.{sign}",
        "none": f"{none}.{other}.", "garbage": "a.b.é",
    }[spoil]  # fmt: skip
    assert bearer(forged).get(LAB).status_code == 401


def test_a_jwt_that_has_ended_is_refused(lab: Any, monkeypatch: Any) -> None:
    jwt = jwt_of(token_of(lab.owner))
    later = time.time() + 3 * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    assert bearer(jwt).get(LAB).status_code == 401


def test_a_service_principal_gets_a_token_for_its_secret_only(lab: Any) -> None:
    form = {"grant_type": "client_credentials", "client_id": "me", "scope": "https://x/.default"}
    good = Client().post("/adfs/oauth2/token", {**form, "client_secret": token_of(lab.owner)})
    assert claims_of(good.json()["access_token"])["aud"] == "https://x"
    bad = Client().post("/adfs/oauth2/token", {**form, "client_secret": "oft_wrong"})
    assert bad.status_code == 401
    other = Client().post(
        "/adfs/oauth2/token", {"grant_type": "password", "username": "a", "password": "b"}
    )
    assert other.json()["error"] == "unsupported_grant_type"


def test_a_foreign_workspace_is_not_found(lab: Any) -> None:
    client = bearer(token_of(lab.outsider))
    for path in ("", "/jobs", "/jobs/x", "/datastores", "/data/x/versions/1", "/computes"):
        assert client.get(LAB + path).status_code == 404, path
    assert put(client, "/data/x/versions/1", {}).status_code == 404
    names = client.get(LAB.rpartition("/")[0]).json()["value"]
    assert [each["name"] for each in names] == ["elsewhere"]


def test_a_runs_own_token_opens_nothing_here(lab: Any) -> None:
    client = bearer(
        jwt_of(run_token_of(lab.owner, lab.lab, "11111111-0000-4000-8000-000000000000"))
    )
    for path in ("", "/jobs", "/datastores", "/data"):
        assert client.get(LAB + path).status_code == 403, path
    assert client.post(f"{LAB}/datastores/workspaceblobstore/listSecrets").status_code == 403


# -- signatures -------------------------------------------------------------------------------------


@pytest.fixture
def signed(lab: Any) -> Iterator[str]:
    yield sas(bearer(token_of(lab.owner)))


def test_a_blob_needs_a_signature(lab: Any) -> None:
    for method in ("get", "head", "put"):
        assert getattr(Client(), method)(f"{container(lab)}/x.txt").status_code == 403
    assert Client().get(f"{container(lab)}?restype=container&comp=list").status_code == 403
    client = Client()
    client.force_login(lab.owner)
    assert client.get(f"{container(lab)}/x.txt").status_code == 403


def test_a_signature_is_for_one_container_of_one_workspace(lab: Any, signed: str) -> None:
    assert (
        Client().put(f"{container(lab, 'workspacefilestore')}/x?{signed}", b"x").status_code == 403
    )
    other = f"/blob/{lab.elsewhere.guid.hex}.blob.x/workspaceblobstore/x?{signed}"
    assert Client().put(other, b"x").status_code == 403


def test_a_reader_gets_a_signature_that_only_reads(lab: Any, signed: str) -> None:
    Client().put(f"{container(lab)}/x?{signed}", b"x")
    reading = sas(bearer(token_of(lab.reader)))
    assert Client().get(f"{container(lab)}/x?{reading}").status_code == 200
    for more in ("", "&comp=block&blockid=a", "&comp=blocklist", "&comp=metadata"):
        assert Client().put(f"{container(lab)}/x?{reading}{more}", b"y").status_code == 403, more


def test_a_signature_ends(lab: Any, signed: str, monkeypatch: Any) -> None:
    later = time.time() + 3 * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    assert Client().get(f"{container(lab)}/x?{signed}").status_code == 403


def test_a_changed_signature_is_refused(lab: Any, signed: str) -> None:
    sig = parse_qs(signed)["sig"][0]
    for wrong in (sig[:-3] + "AAA", "x" + sig, "", "a:b:c"):
        assert Client().get(f"{container(lab)}/x", {"sig": wrong}).status_code == 403


def test_who_leaves_the_workspace_loses_the_signature(lab: Any, signed: str) -> None:
    lab.lab.memberships.filter(user=lab.owner).delete()
    assert Client().get(f"{container(lab)}/x?{signed}").status_code == 404


def test_the_files_of_another_workspace_are_not_named_by_their_digest(
    lab: Any, signed: str
) -> None:
    from officina.storage import Entry, trees

    blob = registry.store().put_bytes(b"secret of elsewhere")
    tree = registry.store().put_manifest({"s.txt": Entry(blob.sha256, blob.size)})
    registry.remember_tree(workspace=lab.elsewhere, tree=tree)
    assert trees.PREFIX
    url = f"{container(lab)}/trees/{tree.digest}/s.txt?{signed}"
    assert Client().get(url).status_code == 404


@pytest.mark.parametrize("name", TRAVERSALS)
def test_no_blob_call_takes_a_name_that_leads_elsewhere(lab: Any, signed: str, name: str) -> None:
    url = f"{container(lab)}/{name}?{signed}"
    for method, more in (
        ("put", ""), ("put", "&comp=block&blockid=YQ=="), ("put", "&comp=blocklist"),
        ("put", "&comp=metadata"), ("get", ""), ("head", ""),
    ):  # fmt: skip
        answer = getattr(Client(), method)(
            url + more, **({"data": b"x"} if method == "put" else {})
        )
        assert answer.status_code in {400, 404}, (method, more)
    listed = Client().get(f"{container(lab)}?restype=container&comp=list&prefix=../&{signed}")
    assert b"<Blob>" not in listed.content


def test_a_signed_log_opens_no_other_file(lab: Any) -> None:
    from django.test import RequestFactory

    from studio.facades.azureml import signing

    request = RequestFactory().get("/")
    request.user = lab.owner
    path = "ExperimentRun/dcid.a/user_logs/std_log.txt"
    query = signing.sign(request, lab.lab, "workspaceartifactstore", path=path)
    place = container(lab, "workspaceartifactstore")
    assert (
        Client().get(f"{place}/ExperimentRun/dcid.b/user_logs/std_log.txt?{query}").status_code
        == 403
    )
    assert Client().get(f"{place}?restype=container&comp=list&{query}").status_code == 403
    assert Client().put(f"{place}/{path}?{query}", b"x").status_code == 403
    assert urlsplit(place).path == place


def test_the_log_of_a_pipeline_opens_with_its_own_address_alone(lab: Any) -> None:
    experiment = Experiment.objects.create(workspace=lab.lab, name="e")
    for name in ("one", "other"):
        Run.objects.create(
            workspace=lab.lab, experiment=experiment, owner=lab.owner, name=name, kind=Run.PIPELINE
        )
    client = bearer(token_of(lab.owner))
    found = {}
    for name in ("one", "other"):
        told = client.get(f"/history/v1.0{LAB}/runs/{name}/details").json()
        (found[name],) = told["logFiles"].values()
    path, query = found["one"].split("?")
    assert Client().get(found["one"]).status_code == 200
    for sly in (path, f"{path}?sig=x", f"{path}?{found['other'].partition('?')[2]}"):
        assert Client().get(sly).status_code == 403, sly
    ApiToken.objects.update(revoked_at=timezone.now())
    assert Client().get(f"{path}?{query}").status_code == 401
