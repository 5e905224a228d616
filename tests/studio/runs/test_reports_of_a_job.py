"""What a job reports is stored beside the database's transactions, and keeps what others said meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from officina.storage import ContentStore, Entry
from registry import services as registry
from registry.models import AssetVersion
from studio.runs.models import Run
from studio.runs.services import reporting, tracking

pytestmark = pytest.mark.django_db(transaction=True)


def test_no_file_is_stored_while_the_database_is_locked(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]], work: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    stored: list[bool] = []
    for name in ("put_bytes", "put_source", "put_manifest"):
        original = getattr(ContentStore, name)

        def noting(*given: Any, _original: Any = original, **named: Any) -> Any:
            stored.append(connection.in_atomic_block)
            return _original(*given, **named)

        monkeypatch.setattr(ContentStore, name, noting)
    script = (
        "from officina.tracking import Run; r = Run.get_context();"
        "open('m.bin', 'w').write('m'); r.upload_file('kept/m.bin', 'm.bin');"
        "r.log_table('rows', {'a': [1]}); r.register_model('tiny', 'm.bin')"
    )
    run = submit(command(f'python -c "{script}"'))
    work()
    run.refresh_from_db()
    assert run.status == "Completed", run.error
    kinds = dict(run.artifacts.values_list("path", "kind"))
    assert (kinds["kept/m.bin"], kinds["figures/rows.table.json"]) == ("file", "table")
    row = AssetVersion.objects.get(asset__name="tiny")
    assert (row.document["path"], row.size) == ("m.bin", 1)
    assert len(stored) >= 4 and not any(stored)


def test_a_tag_that_came_over_http_stays_when_data_is_registered(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]]
) -> None:
    run = submit(command("true"))
    run.cursor = {"data": [{"name": "d", "output": "o", "properties": {}, "unchanged": False}]}
    tracking.log_batch(run=Run.objects.get(pk=run.pk), tags={"said": "meanwhile"})
    blob = registry.store().put_bytes(b"x")
    tree = registry.store().put_manifest({"a": Entry(blob.sha256, blob.size)})
    registry.remember_tree(workspace=run.workspace, tree=tree)
    reporting.register_data(run=run, trees={"o": tree})
    run.refresh_from_db()
    assert run.tags == {"said": "meanwhile", "data": "d:1"}
