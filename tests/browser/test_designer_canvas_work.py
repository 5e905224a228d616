"""The canvas without a mouse, with company, offline, as a reader, as an outline, and while a run goes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.canvas import SMALL, Canvas, graph, node, open_canvas, seed
from tests.browser.portal import until
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]

CHAIN = graph(
    [
        node("import_data", "import_data", 320, 0, {"source": "sample", "sample": "diabetes"}),
        node("split_data", "split_data", 320, 128),
        node("summarize", "summarize_data", 320, 256),
    ],
    "import_data:dataset > split_data:dataset",
    "split_data:results1 > summarize:dataset",
)


@pytest.fixture
def canvas(browser: Browser, studio_server: Studio) -> Iterator[Canvas]:
    """Open a draft of four modules, one edge."""
    made = open_canvas(browser, studio_server, *seed(studio_server, graph=SMALL))
    yield made
    assert made.complaints == []
    made.page.context.close()


def wait_for(canvas: Canvas, run: str, limit: float = 120) -> dict[str, Any]:
    until = time.monotonic() + limit
    body: dict[str, Any] = {}
    while time.monotonic() < until:
        path = (
            f"/api/v1/workspaces/{canvas.studio.workspace}/pipelines/{canvas.guid}/state?run={run}"
        )
        body = json.loads(canvas.studio.get(path)[1])
        if body["run"]["status"] in {"Completed", "Failed", "Canceled"}:
            return body
        time.sleep(0.4)
    raise AssertionError(f"the run did not end: {body}")


def test_a_pipeline_is_built_connected_and_run_with_keys_only(
    browser: Browser, studio_server: Studio
) -> None:
    canvas = open_canvas(browser, studio_server, *seed(studio_server, graph=graph([])))
    page = canvas.page
    canvas.press("/")
    page.keyboard.type("import data")
    canvas.press("Enter", "Escape", "Escape")
    expect(canvas.node("import_data")).to_be_focused()
    canvas.press("Enter")
    expect(page.locator(".d-panel :focus")).to_have_count(1)
    for _ in range(40):
        if "ource" in page.evaluate("document.activeElement.closest('.p-field')?.innerText ?? ''"):
            break
        canvas.press("Tab")
    page.keyboard.type("sample")
    canvas.press("Escape")
    page.locator("[data-node=import_data]").focus()
    canvas.press("Space")
    page.keyboard.type("split")
    canvas.press("Enter")
    expect(canvas.node("split_data")).to_be_focused()
    canvas.press("/")
    page.keyboard.type("summarize")
    canvas.press("Enter", "Escape", "Escape")
    expect(canvas.node("summarize_data")).to_be_focused()
    canvas.press("c")
    expect(page.get_by_role("dialog", name="Connect Summarize Data")).to_be_visible()
    page.keyboard.type("split")
    canvas.press("Enter")
    expect(canvas.edge("summarize_data", "dataset")).to_have_count(1)
    canvas.press("Alt+ArrowDown")
    canvas.wait_saved()
    assert "import_data:dataset > split_data:dataset" in canvas.wires()
    canvas.press("Control+Enter")
    plan = page.get_by_role("dialog", name=re.compile("plan|run|submit", re.I))
    expect(plan).to_be_visible()
    submit = plan.get_by_role("button", name=re.compile("^Submit"))
    expect(submit).to_be_enabled(timeout=60_000)
    for _ in range(60):
        if submit.evaluate("it => it === document.activeElement"):
            break
        canvas.press("Tab")
    canvas.press("Enter")
    expect(page.locator(".d-run-pill")).to_be_visible(timeout=60_000)
    # Another test may have computed the same before.
    ended = re.compile("Completed|Reused")
    for name in ("import_data", "split_data", "summarize_data"):
        expect(canvas.node(name)).to_have_attribute("aria-label", ended, timeout=90_000)
    assert canvas.complaints == []
    page.context.close()


def test_arrow_keys_follow_the_connections(canvas: Canvas) -> None:
    canvas.node("import_data").focus()
    canvas.select("import_data")
    canvas.press("ArrowDown")
    expect(canvas.node("split_data")).to_be_focused()
    canvas.press("ArrowLeft")
    expect(canvas.node("linear_regression")).to_be_focused()
    assert canvas.page.locator(".d-node[tabindex='0']").count() == 1


def test_the_outline_shares_the_selection_and_is_worked_by_keys(canvas: Canvas) -> None:
    canvas.select("split_data")
    canvas.press("o")
    table = canvas.page.get_by_role("treegrid", name="Pipeline outline")
    expect(table).to_be_visible()
    row = table.locator("tr[data-node=split_data]")
    expect(row).to_have_attribute("aria-selected", "true")
    expect(row).to_contain_text("Import Data")
    row.focus()
    canvas.press("ArrowDown")
    expect(table.locator("tr:focus")).not_to_have_attribute("data-node", "split_data")
    canvas.press("Home", "F2")
    field = table.get_by_role("textbox")
    field.fill("First")
    field.press("Enter")
    expect(table).to_contain_text("First")
    canvas.press("o")
    expect(table).to_be_hidden()


def test_find_goes_through_what_matches_and_knows_filters(canvas: Canvas) -> None:
    canvas.press("Control+f")
    field = canvas.page.get_by_role("combobox", name="Find in the pipeline")
    field.fill("type=score_model OR linear")
    expect(canvas.page.locator(".d-find-count")).to_have_text("2 found")
    canvas.press("Enter")
    expect(canvas.page.locator(".d-node.is-selected")).to_have_count(1)
    field.fill("problems>0")
    expect(canvas.page.locator(".d-find-count")).to_contain_text("1 found", timeout=60_000)
    canvas.press("Escape")
    expect(field).to_be_hidden()


def test_ctrl_k_runs_commands_and_finds_modules(canvas: Canvas) -> None:
    canvas.press("Control+k")
    canvas.page.get_by_role("combobox", name="Search everything in this workspace").fill("outline")
    canvas.press("Enter")
    expect(canvas.page.get_by_role("treegrid")).to_be_visible()


def test_question_mark_lists_the_keys_which_can_be_changed_and_turned_off(canvas: Canvas) -> None:
    canvas.press("?")
    dialog = canvas.page.get_by_role("dialog", name="Keyboard shortcuts")
    dialog.get_by_role("button", name=re.compile("key of Disable")).click()
    canvas.press("b")
    expect(dialog).to_contain_text("is now B")
    canvas.press("Escape")
    canvas.select("split_data")
    canvas.press("b")
    expect(canvas.node("split_data")).to_have_class(re.compile("is-disabled"))
    canvas.press("?")
    dialog.get_by_role("switch").click()
    canvas.press("Escape")
    canvas.select("split_data")
    canvas.press("b")
    expect(canvas.node("split_data")).to_have_class(re.compile("is-disabled"))


def test_two_people_see_each_other_and_undo_only_their_own(
    canvas: Canvas, browser: Browser, studio_server: Studio
) -> None:
    session = seed(studio_server, guid=canvas.guid, email="mona@example.org", role="Contributor")
    mona = open_canvas(browser, studio_server, *session)
    expect(canvas.page.get_by_role("button", name="Show where Mona is")).to_be_visible()
    mona.select("split_data")
    expect(canvas.node("split_data").locator(".d-peer-tag")).to_have_text("Mona")
    mona.page.mouse.move(800, 300)
    mona.page.mouse.move(820, 310)
    expect(canvas.page.locator(".d-cursor")).to_contain_text("Mona")
    canvas.select("score_model")
    canvas.press("d")
    expect(mona.node("score_model")).to_have_class(re.compile("is-disabled"))
    mona.press("F2")
    mona.page.keyboard.type("Halves")
    mona.press("Enter")
    expect(canvas.node("split_data")).to_contain_text("Halves")
    canvas.press("Control+z")
    expect(canvas.node("score_model")).not_to_have_class(re.compile("is-disabled"))
    expect(canvas.node("split_data")).to_contain_text("Halves")
    assert mona.complaints == []
    mona.page.context.close()
    expect(canvas.page.get_by_role("button", name="Show where Mona is")).to_be_hidden(
        timeout=60_000
    )


def test_a_lost_connection_is_told_and_edits_wait(canvas: Canvas) -> None:
    canvas.page.context.set_offline(True)
    canvas.page.evaluate("dispatchEvent(new Event('offline'))")
    banner = canvas.page.locator(".d-offline")
    expect(banner).to_be_visible()  # provider.test.ts has the two seconds
    canvas.select("split_data")
    canvas.press("d")
    expect(banner).to_contain_text("1 change is kept")
    canvas.page.context.set_offline(False)
    canvas.page.evaluate("dispatchEvent(new Event('online'))")
    expect(banner).to_be_hidden(timeout=60_000)
    canvas.wait_saved()
    assert canvas.stored_node("split_data")["disabled"] is True
    canvas.complaints[:] = [
        said for said in canvas.complaints if "ERR_INTERNET_DISCONNECTED" not in said
    ]


def test_a_reader_looks_and_cannot_edit(
    canvas: Canvas, browser: Browser, studio_server: Studio
) -> None:
    rita = open_canvas(
        browser, studio_server, *seed(studio_server, guid=canvas.guid, email="rita@example.org", role="Reader")
    )  # fmt: skip
    expect(rita.page.locator(".d-toolbar")).to_contain_text("Read only")
    expect(rita.page.locator(".d-palette")).to_have_count(0)
    rita.select("split_data")
    rita.press("Delete", "d")
    expect(rita.page.locator(".d-node")).to_have_count(4)
    expect(rita.node("split_data")).not_to_have_class(re.compile("is-disabled"))
    assert rita.complaints == []
    rita.page.context.close()


def test_a_run_is_shown_live_and_what_is_edited_turns_stale(
    browser: Browser, studio_server: Studio
) -> None:
    canvas = open_canvas(browser, studio_server, *seed(studio_server, graph=CHAIN))
    run = canvas.page.evaluate(
        """async guid => {
          const token = JSON.parse(document.body.getAttribute('hx-headers:inherited'))['X-CSRFToken'];
          const answer = await fetch(`/api/v1/workspaces/lab/pipelines/${guid}/submit`, {
            method: 'POST', headers: {'Content-Type': 'application/json', 'X-CSRFToken': token}, body: '{"mode": "all"}'
          });
          return (await answer.json()).guid;
        }""",
        canvas.guid,
    )
    expect(canvas.page.locator(".d-run-pill")).to_be_visible(timeout=60_000)
    ended = wait_for(canvas, run)
    assert ended["run"]["status"] == "Completed"
    expect(canvas.page.locator(".d-node.is-completed, .d-node.is-reused")).to_have_count(
        3, timeout=60_000
    )
    expect(canvas.page.locator(".d-plate").first).to_contain_text("×")
    expect(canvas.edge("split_data", "dataset").locator(".is-flowed")).to_have_count(1)
    canvas.select("split_data")
    canvas.press("d")
    expect(canvas.node("split_data")).to_have_class(re.compile("is-stale"))
    expect(canvas.node("summarize")).to_have_class(re.compile("is-stale"))
    expect(canvas.node("import_data")).not_to_have_class(re.compile("is-stale"))
    canvas.page.get_by_role("button", name="Draft", exact=True).click()
    expect(canvas.page.locator(".d-node.is-completed")).to_have_count(0)
    assert "node=split_data" in canvas.page.url
    canvas.page.reload()
    expect(canvas.page.locator(".d-run-pill")).to_be_visible(timeout=60_000)
    assert canvas.complaints == []
    canvas.page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", ["canvas", "outline", "shortcuts", "find", "menu", "quickadd"])
def test_every_layer_is_accessible_in_both_themes(
    browser: Browser, studio_server: Studio, theme: str, view: str
) -> None:
    canvas = open_canvas(browser, studio_server, *seed(studio_server, graph=SMALL), theme=theme)
    canvas.select("split_data")
    if view == "menu":
        canvas.node("split_data").click(button="right", position={"x": 60, "y": 26})
    elif keys := {"outline": "o", "shortcuts": "?", "find": "Control+f", "quickadd": "Space"}.get(
        view
    ):
        canvas.press(keys)
    shown = {
        "canvas": ".d-panel .p-field", "outline": ".d-outline tbody tr", "shortcuts": ".d-shortcuts",
        "find": ".d-find", "menu": ".d-menu", "quickadd": ".d-quickadd .d-row",
    }  # fmt: skip
    expect(canvas.page.locator(shown[view]).first).to_be_visible()
    expect(canvas.page.locator(".d-panel .p-field").first).to_be_visible()
    until(canvas.page, "!document.getAnimations().length")
    found = Axe().run(canvas.page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:300]) for each in found] == []
    assert canvas.complaints == []
    canvas.page.context.close()


def test_a_finger_drags_a_module_in_and_taps_connect(
    browser: Browser, studio_server: Studio
) -> None:
    made = seed(studio_server, graph=SMALL)
    tablet = {"width": 1180, "height": 820}
    canvas = open_canvas(browser, studio_server, *made, has_touch=True, viewport=tablet)
    canvas.port("split_data", "results1", "source").tap(force=True)
    canvas.port("score_model", "dataset", "target").tap(force=True)
    expect(canvas.edge("score_model", "dataset")).to_have_count(1)
    assert canvas.complaints == []
    canvas.page.context.close()
