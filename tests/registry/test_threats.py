"""What ill will does to the registry: hostile models, sly filters, bodies read too early, files that carry script."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from registry.models import AssetVersion, StoredBlob
from studio.workspaces.models import AuditEntry
from tests.cast import bearer, run_token_of

LAB = "/api/v1/workspaces/lab"
SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


def test_whatever_one_does_with_a_hostile_model_nothing_of_it_runs(
    add: Any, cast: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = pickle.dumps(Bomb(home / "exploded"))
    add("model", "hostile", {"model.pkl": data, "m.joblib": data, "m.skops": b"PK\x03\x04x"})
    add("model", "hostile", {"model.pkl": data + b"."})

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the server read a pickle")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    client = Client()
    client.force_login(cast.owner)
    for tab in ("overview", "files", "versions", "lineage"):
        page = client.get(f"/w/lab/models/hostile/?version=1&tab={tab}")
        assert page.status_code == 200, tab
        if tab == "overview":
            assert b"mkdir" in page.content
    assert (
        client.get("/w/lab/models/hostile/?version=1&tab=files&file=model.pkl").status_code == 200
    )
    version = f"{LAB}/models/hostile/versions/1"
    for part in ("", "/inspection", "/files", "/lineage", "/dependents"):
        assert client.get(f"{version}{part}").status_code == 200, part
    assert client.get(f"{version}/compare?with=2").status_code == 200
    sent = client.get(f"{version}/files/model.pkl")
    assert b"".join(sent.streaming_content) == data
    refused = cast.client("owner").post(f"{version}/profile", {}, format="json")
    assert refused.status_code == 409 or refused.status_code == 400, refused.content
    assert "trust" in refused.content.decode()
    assert not (home / "exploded").exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "models"), ("post", "trees"), ("post", "uploads"), ("post", "import"),
        ("post", "retention"), ("put", "stages"), ("post", "runs"), ("post", "schedules"),
        ("post", "members"), ("patch", ""),
    ],
)  # fmt: skip
def test_no_body_is_read_before_it_is_known_who_sends_it(method: str, path: str, cast: Any) -> None:
    url = f"{LAB}/{path}".rstrip("/")
    for content_type in ("application/json", "application/yaml", "multipart/form-data; boundary=x"):
        given = {"data": b"{" * 5000 + b"!!python/object:os.system", "content_type": content_type}
        stranger = getattr(bearer("oft_nobody"), method)(url, **given)
        assert stranger.status_code in {401, 405}, stranger.content
        outsider = getattr(cast.client("outsider"), method)(url, **given)
        assert outsider.status_code in {404, 405}, outsider.content


@pytest.mark.parametrize(
    "query",
    [
        "order=asset__workspace__members", "order=password", "order=created_by__password",
        "archived=x", "created_by__password__startswith=a", "workspace__name=elsewhere",
    ],
)  # fmt: skip
def test_only_known_filters_and_orders_are_taken(query: str, add: Any, cast: Any) -> None:
    add("model", "churn")
    answer = cast.client("reader").get(f"{LAB}/models?{query}")
    if answer.status_code == 200:  # an unknown name is passed over, never looked up
        assert [row["name"] for row in answer.json()["items"]] == ["churn"]
    else:
        assert answer.status_code == 400, answer.content


@pytest.mark.parametrize("text", ["%", "_", "ch%n", "churn' OR '1'='1", "\\", '"', "$.x", "(a+)+$"])
def test_words_to_find_are_words_and_no_pattern(text: str, add: Any, cast: Any) -> None:
    add("model", "churn", tags={"team": "growth"})
    client = cast.client("reader")
    assert client.get(f"{LAB}/models", {"q": text}).json()["items"] == []
    assert client.get(f"{LAB}/models", {"tag": f"team={text}"}).json()["items"] == []
    assert client.get(f"{LAB}/models", {"q": "chur"}).json()["items"] != []


@pytest.mark.parametrize("name", ["a.svg", "a.html", "a.ipynb", "a.md", "a.xml", "a.pdf"])
def test_a_file_with_script_is_sent_to_be_kept_and_never_shown(
    name: str, add: Any, cast: Any
) -> None:
    add("data", "page", {name: SCRIPT, "b.txt": b"x"})
    client = Client()
    client.force_login(cast.reader)
    for url in (
        f"/w/lab/assets/data/page/1/{name}",
        f"{LAB}/data/page/versions/1/files/{name}",
    ):
        sent = client.get(url)
        assert sent.status_code == 200, url
        assert sent["Content-Disposition"].startswith("attachment")
        assert sent["Content-Security-Policy"].startswith("sandbox")
        assert sent["X-Content-Type-Options"] == "nosniff"
        assert sent.getvalue() == SCRIPT
    shown = client.get(f"/w/lab/data/page/?tab=files&file={name}").content
    assert b"<script>alert(1)" not in shown
    add("model", "m", description="<script>alert(2)</script>", tags={"<b>": "<img onerror=x>"})
    page = client.get("/w/lab/models/m/").content + client.get("/w/lab/models/").content
    assert b"<script>alert(2)" not in page
    assert b"<img onerror" not in page


def test_a_jobs_token_makes_no_schedule_no_compute_and_deletes_nothing(add: Any, cast: Any) -> None:
    add("model", "churn", {"m": b"1"})
    job = bearer(run_token_of(cast.owner, cast.lab, "0" * 32))
    for method, path in (
        ("put", "schedules/mine"), ("post", "schedules"), ("post", "computes"),
        ("put", "computes/mine"), ("delete", "models/churn"), ("get", "export"),
        ("delete", "models/churn/versions/1?confirm=true"), ("post", "members"),
        ("post", "service-accounts"), ("post", "models/churn/versions/1/shares"),
    ):  # fmt: skip
        answer = getattr(job, method)(f"{LAB}/{path}", {}, format="json")
        assert answer.status_code in {403, 404, 405}, (method, path, answer.content)
    assert AssetVersion.objects.filter(deleted=None).count() == 1


def test_deleting_takes_its_own_bytes_and_leaves_a_row_in_the_log(
    add: Any, cast: Any, home: Path, django_capture_on_commit_callbacks: Any
) -> None:
    add("data", "sales", {"a.csv": b"only here", "b.csv": b"shared"})
    add("data", "other", {"b.csv": b"shared"})
    (home / "secret.key").write_text("stays")
    client = cast.client("owner")
    dry = client.delete(f"{LAB}/data/sales/versions/1")
    assert dry.status_code == 200
    assert StoredBlob.objects.count() == 3 - 1
    for name in ("..", "../other", "sales/../other", "%2e%2e"):
        assert client.delete(f"{LAB}/data/{name}/versions/1?confirm=true").status_code in {400, 404}
    with django_capture_on_commit_callbacks(execute=True):
        done = client.delete(f"{LAB}/data/sales/versions/1?confirm=true")
    assert done.status_code in {200, 204}
    left = [path for path in (home / "store").rglob("*") if path.is_file()]
    assert not [path for path in left if path.read_bytes() == b"only here"]
    assert [path for path in left if path.read_bytes() == b"shared"]
    assert (home / "secret.key").read_text() == "stays"
    entry = AuditEntry.objects.filter(action="registry.delete").latest("pk")
    assert (entry.target, entry.actor) == ("data/sales/1", cast.owner)
