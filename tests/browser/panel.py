"""What the tests of the designer's panel, results and dialogs share: a draft with a run in it."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.canvas import Canvas, graph, node
from tests.running import Studio

LIMIT = 180.0
ENDED = {"Completed", "Failed", "Canceled"}

SCRIPT = """import numpy as np
import pandas as pd


def azureml_main(dataframe1=None, dataframe2=None):
    rng = np.random.default_rng(0)
    rows = 2000
    table = {"id": [f"C-{n:05d}" for n in range(rows)]}
    table["plan"] = rng.choice(["Basic", "Family", "Plus"], rows)
    for n in range(498):
        table[f"value_{n:03d}"] = np.where(rng.random(rows) < 0.02, np.nan, rng.normal(n, 1, rows))
    return pd.DataFrame(table),
"""


def columns(*names: str) -> dict[str, Any]:
    """Return a column selector that names these."""
    return {"rules": [{"include": True, "by": "names", "value": list(names)}]}


TARGET = {"label": columns("target")}
COMPARED = graph(
    [
        node("import_data", "import_data", 320, 0, {"source": "sample", "sample": "breast_cancer"}),
        node("split_data", "split_data", 320, 130, {"fraction": 0.7, "random_seed": 7}),
        node("logistic", "two_class_logistic_regression", 40, 130),
        node("trees", "two_class_boosted_decision_tree", 640, 130, {"trees": 20}),
        node("train_left", "train_model", 160, 260, TARGET),
        node("train_right", "train_model", 520, 260, TARGET),
        node("score_left", "score_model", 160, 390),
        node("score_right", "score_model", 520, 390),
        node("evaluate", "evaluate_model", 340, 520),
        node("script", "execute_python_script", 900, 260, {"python_script": SCRIPT}),
    ],
    "import_data:dataset > split_data:dataset",
    "logistic:untrained_model > train_left:untrained_model",
    "trees:untrained_model > train_right:untrained_model",
    "split_data:results1 > train_left:dataset",
    "split_data:results1 > train_right:dataset",
    "train_left:trained_model > score_left:trained_model",
    "train_right:trained_model > score_right:trained_model",
    "split_data:results2 > score_left:dataset",
    "split_data:results2 > score_right:dataset",
    "score_left:scored > evaluate:scored",
    "score_right:scored > evaluate:scored_to_compare",
    "import_data:dataset > script:dataset1",
)

# Before any run: nothing of it has data yet.
FRESH = graph(
    [
        node("import_data", "import_data", 320, 0, {"source": "sample", "sample": "breast_cancer"}),
        node("select_columns", "select_columns", 320, 130),
        node("split_data", "split_data", 320, 260),
        node("script", "execute_python_script", 620, 130),
    ],
    "import_data:dataset > select_columns:dataset",
    "select_columns:results > split_data:dataset",
    "import_data:dataset > script:dataset1",
)


def call(studio: Studio, method: str, path: str, body: Any = None) -> Any:
    """Call the API as the owner and return what it answered."""
    request = urllib.request.Request(
        f"{studio.url}/api/v1/workspaces/{studio.workspace}/{path}",
        method=method,
        headers={"Authorization": f"Bearer {studio.token}", "Content-Type": "application/json"},
        data=None if body is None else json.dumps(body).encode(),
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def run_to_end(studio: Studio, guid: str) -> dict[str, Any]:
    """Submit a draft, wait until its run has ended and return its state."""
    call(studio, "POST", f"pipelines/{guid}/submit", {})
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        state: dict[str, Any] = call(studio, "GET", f"pipelines/{guid}/state")
        if state["run"]["status"] in ENDED:
            return state
        time.sleep(0.5)
    raise AssertionError("the run has not ended")


def panel(canvas: Canvas) -> Locator:
    """Return the panel at the right."""
    return canvas.page.get_by_role("complementary", name="Properties")


def field(canvas: Canvas, name: str) -> Locator:
    """Return the field of a parameter with all that belongs to it."""
    return panel(canvas).locator(f"[data-param='{name}']")


def dock(canvas: Canvas) -> Locator:
    """Return what is below the canvas."""
    return canvas.page.get_by_role("region", name="Results")


def command(page: Page, name: str) -> None:
    """Run a command by its name in the command palette."""
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").get_by_role("combobox").fill(name)
    page.keyboard.press("Enter")
