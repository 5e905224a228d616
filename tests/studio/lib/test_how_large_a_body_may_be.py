"""Each address says how large a body it takes; what says nothing takes a document."""

from __future__ import annotations

import pytest

from studio.lib import limits

API = "/api/v1/workspaces/lab"
SHA = "0" * 64
FILES = [
    ("PUT", f"{API}/blobs/{SHA}"),
    ("PATCH", f"{API}/uploads/0123456789abcdef0123456789abcdef"),
    ("PUT", f"{API}/datastores/workspaceblobstore/files/a/b.csv"),
    ("POST", "/w/lab/datastores/workspaceblobstore/upload/"),
    ("PUT", "/mlflow/lab/api/2.0/mlflow-artifacts/artifacts/0/x/artifacts/a"),
    ("PUT", f"/blob/{'0' * 32}.blob.core.windows.net/c/a.bin"),
]
DOCUMENTS = [
    ("POST", f"{API}/runs"),
    ("POST", f"{API}/uploads"),
    ("GET", f"{API}/blobs/{SHA}"),
    ("POST", "/mlflow/lab/api/2.0/mlflow/runs/log-batch"),
    ("POST", "/login/"),
    ("POST", "/nowhere"),
    ("PATCH", "/%ff/\udcff"),
]


@pytest.mark.parametrize(("method", "path"), FILES)
def test_files_may_be_large(method: str, path: str) -> None:
    assert limits.most_bytes(method, path) == limits.FILE


@pytest.mark.parametrize(("method", "path"), DOCUMENTS)
def test_documents_may_not(method: str, path: str) -> None:
    assert limits.most_bytes(method, path) == limits.DOCUMENT


def test_lists_of_files_lie_between() -> None:
    for method, path in (("POST", f"{API}/trees"), ("PUT", f"{API}/blobs")):
        assert limits.DOCUMENT < limits.most_bytes(method, path) <= 64 * 2**20
