"""What a person sees of a run on the canvas: live status, rows, parts of a run, failures, retry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.canvas import Canvas, graph, node, open_canvas, seed
from tests.browser.panel import call, command, dock, run_to_end
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]

SLOW = """import time


def azureml_main(dataframe1=None, dataframe2=None):
    time.sleep({seconds})
    return dataframe1.head({rows}),
"""


def script(node_id: str, y: int, code: str) -> dict[str, Any]:
    return node(node_id, "execute_python_script", 320, y, {"python_script": code})


def chain(middle: str) -> dict[str, Any]:
    """Return a line of three steps, a script between data and its summary."""
    return graph(
        [
            node("import_data", "import_data", 320, 0, {"source": "sample", "sample": "iris"}),
            script("script", 140, middle),
            node("summarize_data", "summarize_data", 320, 280),
        ],
        "import_data:dataset > script:dataset1",
        "script:results1 > summarize_data:dataset",
    )


@pytest.fixture
def opened(browser: Browser, studio_server: Studio) -> Iterator[Any]:
    """Return a function that opens a draft of a graph; all are closed at the end."""
    made: list[Canvas] = []

    def open_graph(given: dict[str, Any]) -> Canvas:
        guid, session = seed(studio_server, graph=given)
        made.append(open_canvas(browser, studio_server, guid, session))
        return made[-1]

    yield open_graph
    for canvas in made:
        assert canvas.complaints == []
        canvas.page.context.close()


def submit(canvas: Canvas, **body: Any) -> str:
    """Submit the draft as another program would and return the run."""
    run = call(canvas.studio, "POST", f"pipelines/{canvas.guid}/submit", {"mode": "all", **body})
    return str(run["guid"])


def in_plan(page: Page) -> Locator:
    return page.get_by_role("dialog")


def test_status_comes_here_after_a_reload_and_in_a_second_tab(
    opened: Any, studio_server: Studio
) -> None:
    canvas = opened(chain(SLOW.format(seconds=25, rows=150)))
    second = canvas.page.context.new_page()
    second.goto(canvas.page.url)
    expect(second.locator(".d-saved[data-saved=yes]")).to_be_visible(timeout=60_000)
    run = submit(canvas)
    running = ".d-node[data-node='script'].is-running"
    canvas.page.wait_for_selector(running, timeout=60_000)
    # The other tab hears of it by its own sockets.
    second.wait_for_selector(running, timeout=60_000)
    canvas.page.reload()
    canvas.page.wait_for_selector(".d-node[data-node='script']", timeout=60_000)
    canvas.page.wait_for_selector(running, timeout=60_000)
    expect(canvas.node("script").locator(".d-node-end")).to_contain_text(re.compile(r"\d"))
    expect(canvas.page.locator(".d-run-pill")).to_be_visible()

    # The draft stays editable while the run goes on, and the overlay can be taken off.
    canvas.select("summarize_data")
    canvas.press("F2")
    canvas.page.keyboard.type("Told in short")
    canvas.press("Enter")
    expect(canvas.node("summarize_data")).to_contain_text("Told in short")
    canvas.page.get_by_role("button", name="Draft", exact=True).click()
    expect(canvas.page.locator(running)).to_have_count(0)

    command(canvas.page, "Cancel the run")
    state = None
    for _ in range(480):
        state = call(studio_server, "GET", f"pipelines/{canvas.guid}/state?run={run}")
        if state["run"]["status"] == "Canceled":
            break
        canvas.page.wait_for_timeout(250)
    assert state is not None
    assert state["run"]["status"] == "Canceled"


def test_edges_show_rows_and_columns_and_warn_when_most_rows_are_gone(
    opened: Any, studio_server: Studio
) -> None:
    canvas = opened(chain(SLOW.format(seconds=0, rows=30)))
    assert run_to_end(studio_server, canvas.guid)["run"]["status"] == "Completed"
    plates = canvas.page.locator(".d-plate")
    expect(plates.filter(has_text="150 × 5")).to_have_count(1, timeout=60_000)
    few = plates.filter(has_text="30 × 5")
    expect(few).to_have_class(re.compile("is-warning"))
    expect(few).to_have_attribute("title", "120 of 150 rows are gone (80%).")


def test_a_failure_is_told_on_the_node_and_retried_with_the_edited_draft(
    opened: Any, studio_server: Studio
) -> None:
    broken = (
        "def azureml_main(dataframe1=None, dataframe2=None):\n    raise ValueError('no shelf')\n"
    )
    canvas = opened(chain(broken))
    assert run_to_end(studio_server, canvas.guid)["run"]["status"] == "Failed"
    expect(canvas.node("script")).to_have_class(re.compile("is-failed"), timeout=60_000)
    expect(canvas.node("script")).to_contain_text("no shelf")
    canvas.select("script")
    canvas.press("l")
    expect(dock(canvas)).to_contain_text("no shelf", timeout=60_000)
    graph_now = canvas.stored()
    for each in graph_now["nodes"]:
        if each["id"] == "script":
            each["params"]["python_script"] = SLOW.format(seconds=0, rows=150)
    revision = call(studio_server, "GET", f"pipelines/{canvas.guid}")["revision"]
    body = {"graph": graph_now, "revision": revision}
    call(studio_server, "PUT", f"pipelines/{canvas.guid}/draft", body)
    expect(canvas.node("script")).to_have_class(re.compile("is-stale"), timeout=60_000)
    command(canvas.page, "Retry what failed")
    in_plan(canvas.page).get_by_role("button", name=re.compile("Submit|Retry|Run")).last.click()
    done = canvas.page.locator(".d-node:is(.is-completed, .is-reused)")
    expect(done).to_have_count(3, timeout=90_000)
