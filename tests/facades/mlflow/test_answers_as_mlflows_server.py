"""What `mlflow server` 3.17 answered to more than two hundred requests, good and bad, is what we answer too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from studio.runs import live
from tests.cast import token_of
from tests.facades.mlflow.answers import answers

RECORDED = Path(__file__).with_name("answers.json")
# Where we differ on purpose: what the reference answers, and what we do.
KNOWN = {
    # There, no status at all: a word that nobody knows is taken for none.
    'runs/update {"status": "WHAT"}': ("-", "400 INVALID_PARAMETER_VALUE"),
    # Both things are wrong, and another one is said first.
    'POST model-versions/create {"name": "none", "source": "runs:/x/y"}': (
        "400 INVALID_PARAMETER_VALUE", "404 RESOURCE_DOES_NOT_EXIST",
    ),
}  # fmt: skip


def test_we_answer_as_mlflows_own_server_does(
    cast: Any, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(live, "send_all", lambda groups, message: None)
    settings.STORAGE_URL = str(tmp_path / "store")
    client = Client(headers={"Authorization": f"Bearer {token_of(cast.owner)}"})

    def send(verb: str, path: str, fields: dict[str, Any]) -> tuple[int, Any]:
        url = f"/mlflow/lab/api/2.0/mlflow/{path}"
        if verb == "GET":
            answer = client.get(url, fields)
        else:
            answer = client.generic(verb, url, json.dumps(fields), "application/json")
        return answer.status_code, json.loads(answer.content)

    ours, theirs = answers(send), json.loads(RECORDED.read_text(encoding="utf-8"))
    assert ours.keys() == theirs.keys()
    different = {key: (theirs[key], ours[key]) for key in theirs if ours[key] != theirs[key]}
    assert different == KNOWN
