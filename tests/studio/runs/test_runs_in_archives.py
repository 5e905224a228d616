"""Runs travel in a workspace's archive: documents, metrics, logs, files and lineage come back as they were."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from officina.errors import StudioError
from officina.storage import Entry
from registry import archive
from registry import services as registry
from studio.runs.models import Artifact, LineageEdge, MetricSegment, Run
from studio.runs.services import read_series, record_metrics, store_artifact
from studio.runs.services.metrics import Point


@pytest.fixture
def packed(cast: Any, tmp_path: Path, settings: LazySettings) -> bytes:
    """An archive of `lab`: a pipeline with a step that has metrics, a log, a file, code and lineage."""
    settings.OFFICINA_HOME, settings.STORAGE_URL = tmp_path, str(tmp_path / "store")
    store = registry.store()
    blob = store.put_bytes(b"print(1)\n")
    tree = store.put_manifest({"train.py": Entry(blob.sha256, blob.size)})
    model = registry.register(
        workspace=cast.lab, kind="model", name="churn", document={}, tree=tree
    )
    common = {"workspace": cast.lab, "owner": cast.contributor}
    common["experiment"] = cast.lab.experiments.create(name="churn")
    top = Run.objects.create(**common, name="top", kind="pipeline", status="Completed")
    step = Run.objects.create(
        **common, name="fit", kind="command", status="Running", parent=top, root=top, step="fit",
        document={"codeId": tree.uri}, tags={"team": "growth"}, params={"lr": 0.1},
    )  # fmt: skip
    registry.hold_tree(workspace=cast.lab, digest=tree.digest)
    points = [Point("loss", 1 / (n + 1), n, 1e9 + n) for n in range(300)]
    record_metrics(run=step, points=[*points, Point("odd", float("nan"), 0, 1e9)])
    store_artifact(run=step, path="log.txt", source=b"line 1\nline 2\n")
    store_artifact(run=step, path="outputs/a.csv", source=b"a\n1\n")
    LineageEdge.objects.create(workspace=cast.lab, source=f"run/{step.guid}", target=model.end)
    return b"".join(archive.export_workspace(cast.lab))


def bring(cast: Any, packed: bytes, **more: Any) -> dict[str, Any]:
    given = {"workspace": cast.elsewhere, "user": cast.outsider, "confirm": True} | more
    return archive.import_archive(source=io.BytesIO(packed), **given)


def digests(workspace: Any) -> dict[str, Any]:
    """Return all that names bytes in a workspace, by names that another workspace has too."""
    rows = Artifact.objects.filter(run__workspace=workspace)
    models = registry.versions(workspace=workspace, kind="model", name="churn")
    fit = Run.objects.filter(workspace=workspace, name="fit")
    segments = MetricSegment.objects.filter(series__run__workspace=workspace)
    segments = segments.order_by("series__key", "first_step")
    return {
        "files": sorted(rows.values_list("run__name", "path", "sha256", "size")),
        "models": [(row.version, row.tree) for row in models],
        "code": list(fit.values_list("document", "params", "tags")),
        "points": [bytes(each) for each in segments.values_list("data", flat=True)],
    }


def test_what_goes_out_comes_back_the_same(packed: bytes, cast: Any) -> None:
    dry = bring(cast, packed, confirm=False)
    assert sorted(dry["imported"]) == ["model/churn/1", "run/fit", "run/top"]
    assert not Run.objects.filter(workspace=cast.elsewhere).exists()
    report = bring(cast, packed)
    assert (report["next"], len(report["imported"])) == (None, 3)
    assert digests(cast.elsewhere) == digests(cast.lab)

    run = Run.objects.get(workspace=cast.elsewhere, name="fit")
    old = Run.objects.get(workspace=cast.lab, name="fit")
    assert run.guid != old.guid and run.parent and run.parent.name == "top"
    assert run.metrics == old.metrics
    assert read_series(run=run, key="loss") == read_series(run=old, key="loss")
    assert (run.status, run.reason) == ("Canceled", "it was Running when it was exported")
    assert run.owner == cast.outsider
    edge = LineageEdge.objects.get(workspace=cast.elsewhere)
    assert (edge.source, edge.target) == (f"run/{run.guid}", "model/churn/1")
    digest = run.document["codeId"].removeprefix("tree:")
    assert "train.py" in registry.open_tree(workspace=cast.elsewhere, digest=digest).files

    again = bring(cast, packed)
    assert (again["imported"], again["conflicts"]) == ([], [])
    assert digests(cast.elsewhere) == digests(cast.lab)


def test_it_comes_in_pieces_when_there_is_little_time(packed: bytes, cast: Any) -> None:
    after, steps, imported = None, 0, []
    while True:
        # No time at all: one line a request, and from the fourth request on all the time there is.
        report = bring(cast, packed, after=after, seconds=0 if steps == 0 or steps == 2 else 60)
        imported += report["imported"]
        steps += 1
        if report["next"] is None:
            break
        after = archive.Place(**report["next"])
        assert steps < 5
    assert steps > 1
    assert sorted(set(imported)) == ["model/churn/1", "run/fit", "run/top"]
    assert digests(cast.elsewhere) == digests(cast.lab)


def test_a_run_of_another_name_is_never_written_over(packed: bytes, cast: Any) -> None:
    mine = Run.objects.create(
        workspace=cast.elsewhere, owner=cast.outsider, name="fit", kind="command",
        experiment=cast.elsewhere.experiments.create(name="mine"), status="Completed",
    )  # fmt: skip
    assert bring(cast, packed)["conflicts"] == ["run/fit"]
    mine.refresh_from_db()
    assert mine.document == {} and not mine.artifacts.exists() and not mine.series.exists()


@pytest.mark.parametrize(
    ("part", "change", "word"),
    [
        ("runs", {"guid": "../../x"}, "is no run"),
        ("runs", {"name": "a/b"}, "cannot name"),
        ("artifacts", {"path": "../../etc/passwd"}, "refused"),
        ("artifacts", {"sha256": "0" * 64}, "missing or has another size"),
        ("artifacts", {"size": "7"}, "no number"),
        ("metrics", {"n": True}, "no number"),
    ],
)
def test_a_sly_line_is_refused(packed: bytes, cast: Any, part: str, change: Any, word: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == f"{part}.jsonl":
                rows = [{**json.loads(line), **change} for line in data.splitlines()]
                data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
            new.writestr(info, data)
    with pytest.raises(StudioError, match=word):
        bring(cast, out.getvalue())
