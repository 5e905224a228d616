"""A draft of a small regression pipeline, a worker that is called by hand, and clients."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings
from rest_framework.test import APIClient

from designer.models import Pipeline
from designer.services import drafts
from studio.compute import services as computes
from studio.runs import services
from studio.runs.models import Run
from tests.studio.runs.conftest import home, messages, user, workspace  # noqa: F401


def names(*columns: str) -> dict[str, Any]:
    return {"rules": [{"include": True, "by": "names", "value": list(columns)}]}


def csv(rows: int = 200) -> str:
    noise = np.random.default_rng(1).normal(size=rows)
    lines = [f"{i},{i % 7},{3 * i + noise[i]:.3f}" for i in range(rows)]
    return "a,b,y\n" + "\n".join(lines) + "\n"


def node(id: str, component: str, **params: Any) -> dict[str, Any]:
    return {
        "id": id, "component": component, "version": "1", "params": params,
        "position": {"x": 0, "y": 0},
    }  # fmt: skip


def edge(source: str, target: str) -> dict[str, Any]:
    source_name, _, source_port = source.partition(".")
    target_name, _, target_port = target.partition(".")
    return {
        "id": f"{target_name}:{target_port}", "source": source_name, "sourceHandle": source_port,
        "target": target_name, "targetHandle": target_port,
    }  # fmt: skip


def regression_graph(data: str | None = None) -> dict[str, Any]:
    return {
        "schema": 1,
        "nodes": [
            node("enter", "enter_data_manually", data=data or csv()),
            node("split", "split_data", fraction="${{parent.inputs.fraction}}", random_seed=0),
            node("learner", "linear_regression"),
            node("train", "train_model", label=names("y")),
            node("score", "score_model"),
            node("evaluate", "evaluate_model"),
        ],
        "edges": [
            edge("enter.dataset", "split.dataset"),
            edge("learner.untrained_model", "train.untrained_model"),
            edge("split.results1", "train.dataset"),
            edge("train.trained_model", "score.trained_model"),
            edge("split.results2", "score.dataset"),
            edge("score.scored", "evaluate.scored"),
        ],
        "parameters": {"fraction": {"type": "number", "default": 0.7}},
    }


@pytest.fixture(scope="session")
def fork_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep one warm host for all these tests: a module starts in milliseconds."""
    address = tmp_path_factory.mktemp("host") / "fork.sock"
    process = subprocess.Popen([sys.executable, "-m", "officina.execution.forkhost", address])
    for _ in range(2400):
        if address.exists():
            break
        time.sleep(0.05)
    yield address
    process.terminate()
    process.wait(60)


@pytest.fixture
def warm(home: Any, fork_host: Path, settings: LazySettings) -> None:  # noqa: F811
    settings.FORKHOST_SOCKET = fork_host


@pytest.fixture
def draft(workspace: Any, user: Any, warm: None, messages: Any) -> Pipeline:  # noqa: F811
    return drafts.create_draft(
        workspace=workspace, user=user, name="Regression", graph=regression_graph()
    )


@pytest.fixture
def work(messages: list[tuple[int, int]]) -> Callable[[], None]:  # noqa: F811
    """Do what a worker does until no message is left; a node that is silent for long gets none."""

    def go() -> None:
        computes.beat_node()
        while messages:
            computes.beat_node()
            run, fence = messages.pop(0)
            services.execute(run_id=run, fence=fence)

    return go


@pytest.fixture
def change(user: Any) -> Callable[..., None]:  # noqa: F811
    """Change the draft's graph as someone on the canvas would."""

    def go(draft: Pipeline, edit: Callable[[dict[str, Any]], None]) -> None:
        draft.refresh_from_db()
        graph = json.loads(json.dumps(draft.graph))
        edit(graph)
        drafts.save_draft(pipeline=draft, user=user, graph=graph)

    return go


@pytest.fixture
def api(workspace: Any, user: Any, draft: Pipeline) -> Callable[..., Any]:  # noqa: F811
    """Call a route of the draft; `expect` is the status that must come."""
    client = APIClient()
    client.force_login(user)
    base = f"/api/v1/workspaces/{workspace.name}"

    def call(method: str, path: str, body: Any = None, expect: int = 200, **more: Any) -> Any:
        url = base + path if path.startswith("/") else f"{base}/pipelines/{draft.guid}/{path}"
        kind = {"format": "json"} if method != "get" else {}
        answer = getattr(client, method)(url, body, **kind, **more)
        assert answer.status_code == expect, answer.content
        return answer.json() if answer.content else None

    return call


@pytest.fixture
def run_draft(api: Any, work: Any) -> Callable[..., Run]:
    """Submit the draft and see it through to its end."""

    def go(**body: Any) -> Run:
        computes.beat_node()
        guid = api("post", "submit", body, expect=201)["guid"]
        work()
        return Run.objects.get(guid=guid)

    return go


def node_of(graph: dict[str, Any], id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in graph["nodes"] if each["id"] == id)
    return found


def steps(run: Run) -> dict[str, tuple[str, bool]]:
    return {c.step: (c.status, c.is_reused) for c in run.children.all()}
