"""A large table is looked at, correlated and prepared, and the web process grows by none of it."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.benchmarks.explore import memory_of_web
from tests.running import Studio

pytestmark = pytest.mark.live
ROWS, COLUMNS = 400_000, 40
SEED = """
from pathlib import Path
from officina.storage import Entry
from registry import services as registry
from studio.workspaces.models import Workspace
blob = registry.store().put_file(Path({file!r}))
tree = registry.store().put_manifest({{"data.parquet": Entry(blob.sha256, blob.size)}})
registry.register(workspace=Workspace.objects.get(name={workspace!r}), kind="data", name="large-table",
    tree=tree, document={{"dataType": "uri_folder", "dataUri": tree.uri}})
"""


def test_the_web_process_never_holds_the_table(studio_server: Studio, tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    # 128 MB as numbers; few different ones, so that the file is small.
    draw = np.random.default_rng(0).integers(0, 1_000, size=(COLUMNS, ROWS)).astype("float64")
    pq.write_table(pa.table({f"c{i}": column for i, column in enumerate(draw)}), file)
    workspace = studio_server.workspace
    code = SEED.format(file=str(file), workspace=workspace)
    studio_server.shell(code)
    base = f"/api/v1/workspaces/{workspace}/data/large-table/versions/1"
    status, body = studio_server.get(f"{base}/rows?rows=10", timeout=60)
    assert status == 200, body
    before = memory_of_web(studio_server)
    assert before > 2**20
    status, body = studio_server.get(f"{base}/profile?last=50", timeout=120)
    assert status == 200 and len(json.loads(body)["profile"]) == COLUMNS
    status, body = studio_server.get(f"{base}/correlations", timeout=120)
    assert status == 200, body
    found = post(
        studio_server, f"{base}/preparation", {"steps": [{"op": "dropna"}], "rows": 100_000}
    )
    assert found["rows"] == ROWS and found["sample"]["rows"] == 100_000
    grown = memory_of_web(studio_server) - before
    assert grown < draw.nbytes / 2, f"{grown / 2**20:.0f} MiB"


def post(studio: Studio, path: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {studio.token}", "Content-Type": "application/json"}
    request = urllib.request.Request(studio.url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found
