"""Secrets: encrypted, never shown back, read only by jobs, every read written down."""

from __future__ import annotations

import logging

import pytest
from django.test import Client

from officina.errors import StudioError
from studio.workspaces import services
from studio.workspaces.models import AuditEntry, Secret
from studio.workspaces.services import vault
from tests.cast import bearer, run_token_of, token_of
from tests.studio.workspaces.test_tokens import everything_stored

VALUE = "hunter2-in-the-vault"
URL = "/api/v1/workspaces/lab/secrets"
RUN = "22222222-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def own_key(settings, tmp_path) -> None:
    settings.OFFICINA_HOME = tmp_path


def test_a_value_is_in_no_answer_no_table_and_no_log(
    cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = cast.client("owner")
    answers = [
        client.put(f"{URL}/db", {"value": VALUE}),
        client.get(URL),
        client.get(f"{URL}/db/value"),
        client.get("/w/lab/secrets/"),
        client.get("/w/lab/activity/?show=audit"),
        client.get("/api/v1/workspaces/lab/audit"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 403, 200, 200, 200]
    assert "db" in answers[1].content.decode()
    for answer in answers:
        assert VALUE not in answer.content.decode()
    assert VALUE not in everything_stored()
    assert VALUE not in caplog.text


def test_a_refused_value_is_not_echoed(cast) -> None:
    page = Client()
    page.force_login(cast.owner)
    form = {"name": "no such name!", "value": VALUE}
    answer = page.post("/w/lab/secrets/set", form)
    assert answer.status_code == 400 and VALUE not in answer.content.decode()


def test_a_job_reads_a_value_and_the_read_is_audited(cast) -> None:
    services.set_secret(workspace=cast.lab, actor=cast.owner, name="db", value=VALUE)
    job = bearer(run_token_of(cast.contributor, cast.lab, RUN))
    answer = job.get(f"{URL}/db/value")
    assert (answer.json()["value"], answer["Cache-Control"]) == (VALUE, "no-store")
    entry = AuditEntry.objects.get(action="secret.read")
    assert (entry.actor, entry.target) == (cast.contributor, "db")
    assert RUN in entry.detail["reason"]


def test_a_readers_job_and_a_personal_token_read_nothing(cast) -> None:
    services.set_secret(workspace=cast.lab, actor=cast.owner, name="db", value=VALUE)
    job = bearer(run_token_of(cast.reader, cast.lab, RUN))
    assert job.get(f"{URL}/db/value").status_code == 403
    assert bearer(token_of(cast.owner)).get(f"{URL}/db/value").status_code == 403
    assert not AuditEntry.objects.filter(action="secret.read").exists()


def test_setting_again_makes_a_new_version(cast) -> None:
    for value in ("one", "two"):
        services.set_secret(workspace=cast.lab, actor=cast.owner, name="db", value=value)
    assert Secret.objects.get().version == 2
    assert services.read_secret(workspace=cast.lab, actor=cast.owner, name="DB") == "two"


def test_a_row_moved_to_another_name_does_not_open(cast) -> None:
    services.set_secret(workspace=cast.lab, actor=cast.owner, name="db", value=VALUE)
    Secret.objects.update(name="mine")
    with pytest.raises(StudioError, match="belongs elsewhere"):
        services.read_secret(workspace=cast.lab, actor=cast.owner, name="mine")


def test_the_key_file_is_private_and_its_loss_is_said(cast) -> None:
    services.set_secret(workspace=cast.lab, actor=cast.owner, name="db", value=VALUE)
    assert vault.key_file().stat().st_mode & 0o777 == 0o600
    vault.key_file().unlink()
    with pytest.raises(StudioError, match="cannot be decrypted"):
        services.read_secret(workspace=cast.lab, actor=cast.owner, name="db")


def test_a_new_first_key_still_opens_what_the_old_one_sealed(cast) -> None:
    from cryptography.fernet import Fernet

    services.set_secret(workspace=cast.lab, actor=cast.owner, name="db", value=VALUE)
    old = vault.key_file().read_bytes()
    vault.key_file().write_bytes(Fernet.generate_key() + b"\n" + old)
    assert services.read_secret(workspace=cast.lab, actor=cast.owner, name="db") == VALUE
