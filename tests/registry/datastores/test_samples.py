"""Each sample is registered as data with the rows and columns that it promises."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest

from officina.data import asking
from officina.data.samples import SAMPLES
from registry import services as registry
from registry.datastores import registering


@pytest.fixture(scope="module", autouse=True)
def no_child_stays() -> Iterator[None]:
    yield
    asking.stop()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_holds_what_it_promises(name: str, cast: Any) -> None:
    version = registering.register_sample(workspace=cast.lab, name=name, user=cast.owner)
    entry = registry.open_tree(workspace=cast.lab, digest=version.tree).files["data.parquet"]
    table = pq.read_table(io.BytesIO(registry.store().read(entry.sha256)))
    assert table.shape == (SAMPLES[name].rows, SAMPLES[name].columns)


def test_a_reader_registers_none(cast: Any) -> None:
    url = "/api/v1/workspaces/lab/samples/data"
    assert cast.client("reader").post(url, {"name": "iris"}, format="json").status_code == 403
    assert cast.client("reader").get(url).json()["items"][0]["name"] == "iris"
    unknown = cast.client("owner").post(url, {"name": "nope"}, format="json")
    assert "iris" in unknown.json()["error"]["hint"]
