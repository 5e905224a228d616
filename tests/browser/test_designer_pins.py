"""A pinned output on the canvas: marked, named in the plan, undone and let go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.canvas import Canvas, open_canvas, seed
from tests.browser.panel import ENDED, LIMIT, call, panel, run_to_end
from tests.browser.test_designer_runs import SLOW, chain
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]


@pytest.fixture
def canvas(browser: Browser, studio_server: Studio) -> Iterator[Canvas]:
    guid, session = seed(studio_server, graph=chain(SLOW.format(seconds=0, rows=120)))
    assert run_to_end(studio_server, guid)["run"]["status"] == "Completed"
    made = open_canvas(browser, studio_server, guid, session)
    yield made
    assert made.complaints == []
    made.page.context.close()


def ended(canvas: Canvas, number: int) -> Any:
    """Return the state of the draft's run of this number once it has ended."""
    for _ in range(int(LIMIT * 4)):
        state = call(canvas.studio, "GET", f"pipelines/{canvas.guid}/state")
        if state["run"]["number"] == number and state["run"]["status"] in ENDED:
            return state
        # Time passes inside the browser, so that its page goes on hearing of the run.
        canvas.page.wait_for_timeout(250)
    raise AssertionError(f"run {number} has not ended")


def test_an_output_is_pinned_and_let_go(canvas: Canvas, studio_server: Studio) -> None:
    page = canvas.page
    first = call(studio_server, "GET", f"pipelines/{canvas.guid}/state")["run"]["guid"]
    expect(canvas.node("script")).to_have_class(re.compile("is-(completed|reused)"), timeout=60_000)
    canvas.select("script")
    canvas.press("Shift+P")
    expect(canvas.node("script")).to_have_attribute("aria-label", re.compile("pinned"))
    expect(canvas.node("script").locator(".d-mark.is-pinned")).to_be_visible()
    expect(panel(canvas)).to_contain_text("Its output of run 1 is used as it is", timeout=60_000)
    expect(page.get_by_label("Output", exact=True)).to_have_value(first)
    canvas.press("Control+z")
    expect(canvas.node("script").locator(".d-mark.is-pinned")).to_have_count(0)
    canvas.press("Control+Shift+z")
    expect(canvas.node("script").locator(".d-mark.is-pinned")).to_be_visible()
    canvas.wait_saved()
    assert canvas.stored_node("script")["pinned"] == {"run": first}

    # What is below the pin takes the rows of run 1, and nothing above it runs.
    canvas.select("summarize_data")
    page.locator("#p-reuse").click()
    canvas.press("Control+Enter")
    plan = page.get_by_role("dialog")
    expect(plan.get_by_role("row").filter(has_text="Pinned to run 1")).to_have_count(1)
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.response["violations"] == [], found.generate_report()
    plan.get_by_role("button", name="Submit").click()
    expect(plan).to_have_count(0, timeout=60_000)
    state = ended(canvas, number=2)
    assert state["run"]["steps"] == 1, "only what is below the pin ran"
    assert state["nodes"]["script"]["pinned"] == {"run": first, "called": "run 1"}

    # By the menu of the node it is let go, by the list of runs it is pinned again.
    canvas.node("script").click(button="right", position={"x": 60, "y": 26})
    page.get_by_role("menuitem", name="Pin or unpin the output").click()
    expect(canvas.node("script").locator(".d-mark.is-pinned")).to_have_count(0)
    canvas.select("script")
    page.get_by_label("Output", exact=True).select_option(index=1)
    expect(canvas.node("script").locator(".d-mark.is-pinned")).to_be_visible()
