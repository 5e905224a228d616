"""The rules and checks of a data asset over HTTP: one that is not there is not found."""

from __future__ import annotations

from typing import Any

from registry import services as registry


def test_an_unknown_asset_has_no_rules_and_no_checks_to_show(cast: Any) -> None:
    base, client = "/api/v1/workspaces/lab/quality", cast.client("reader")
    for path in ("nowhere", "nowhere/checks"):
        told = client.get(f"{base}/{path}")
        assert told.status_code == 404 and "nowhere" in told.json()["error"]["message"]
    registry.register(
        workspace=cast.lab, kind="data", name="Orders", user=cast.owner,
        document={"dataType": "uri_file", "dataUri": "https://example.org/o.csv"},
    )  # fmt: skip
    assert client.get(f"{base}/Orders").json() == {"name": "Orders", "rules": []}
    assert client.get(f"{base}/Orders/checks").json()["items"] == []
    other = cast.client("outsider").get(f"{base}/Orders")
    assert other.status_code == 404
