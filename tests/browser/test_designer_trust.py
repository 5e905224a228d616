"""What the designer owes its people around the canvas: never blank, plain words, a way back, themes, times, touch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, expect

from tests.browser.canvas import SMALL, Canvas, graph, middle, node, open_canvas, seed
from tests.browser.panel import run_to_end
from tests.browser.portal import until
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]

PAIR = graph(
    [
        node("import_data", "import_data", 320, 0, {"source": "sample", "sample": "diabetes"}),
        node("summarize", "summarize_data", 320, 140),
    ],
    "import_data:dataset > summarize:dataset",
)
GROUND = "getComputedStyle(document.querySelector('{}')).backgroundColor"


@pytest.fixture
def canvas(browser: Browser, studio_server: Studio) -> Iterator[Canvas]:
    made = open_canvas(browser, studio_server, *seed(studio_server, graph=SMALL))
    yield made
    assert made.complaints == []
    made.page.context.close()


def brightness(color: str) -> float:
    return sum(map(float, re.findall(r"[\d.]+", color)[:3])) / 3


def test_before_the_island_is_there_its_frame_is_and_in_the_right_theme(
    browser: Browser, studio_server: Studio
) -> None:
    canvas = open_canvas(browser, studio_server, *seed(studio_server, graph=SMALL), theme="dark")
    page = canvas.page
    held: list[Route] = []
    page.route(re.compile(r"/assets/designer-[\w-]+\.js"), lambda route: held.append(route))
    page.reload(wait_until="commit")
    loading = page.get_by_role("status", name="Loading the designer")
    expect(loading).to_be_visible()
    assert brightness(page.evaluate(GROUND.format(".d-boot"))) < 60
    expect(page.get_by_role("navigation").first).to_be_visible()
    until(page, "performance.getEntriesByName('first-contentful-paint').length")
    for route in held:
        route.continue_()
    page.unroute_all(behavior="ignoreErrors")
    expect(page.locator(".d-node")).to_have_count(4)
    expect(loading).to_have_count(0)

    # Another theme while it is open: canvas and minimap follow.
    map_of = "document.querySelector('.d-minimap canvas').toDataURL()"
    before = page.evaluate(map_of)
    assert brightness(page.evaluate(GROUND.format(".d-dots"))) < 60
    page.get_by_label("Theme", exact=True).click()
    page.get_by_role("button", name="Light").click()
    expect(page.locator(".react-flow.light")).to_be_attached()
    assert brightness(page.evaluate(GROUND.format(".d-dots"))) > 200
    until(page, f"before => {map_of} !== before", before)
    assert canvas.complaints == []
    page.context.close()


def test_what_is_empty_says_the_next_step_and_what_failed_says_why_and_how_to_go_on(
    browser: Browser, studio_server: Studio
) -> None:
    canvas = open_canvas(browser, studio_server, *seed(studio_server, graph=graph([])))
    page = canvas.page
    expect(page.locator(".d-empty")).to_contain_text("press Space")
    expect(page.locator(".d-samples li")).to_have_count(3)
    page.get_by_role("combobox", name="Search modules").fill("no such module")
    expect(page.locator(".d-palette")).to_contain_text("no such module")

    words = {"message": "The catalogue is not there.", "hint": "Ask for it again.", "id": "abc123"}
    page.route(
        "**/designer/catalogue",
        lambda route: route.fulfill(status=503, content_type="application/json", body=json.dumps({"error": words})),
    )  # fmt: skip
    page.reload()
    told = page.locator(".d-palette").get_by_role("alert")
    expect(told).to_contain_text(
        "could not be loaded. The catalogue is not there. Ask for it again. (id abc123)"
    )
    page.unroute_all(behavior="ignoreErrors")
    told.get_by_role("button", name="Try again").click()
    expect(page.locator(".d-palette .d-row").first).to_be_visible()
    canvas.complaints[:] = [said for said in canvas.complaints if "503" not in said]
    assert canvas.complaints == []
    page.context.close()


def test_deleting_names_what_goes_and_what_loses_its_input_and_can_be_taken_back(
    canvas: Canvas,
) -> None:
    page = canvas.page
    note = page.locator(".toast-note")
    canvas.select("import_data")
    canvas.press("Delete")
    expect(canvas.node("import_data")).to_have_count(0)
    expect(note).to_contain_text("import data deleted. Without input now: split data.")
    note.get_by_role("button", name="Undo").click()
    expect(canvas.node("import_data")).to_be_visible()
    expect(canvas.edge("split_data", "dataset")).to_have_count(1)
    expect(note).to_have_count(0)

    # Once something else was changed, it takes back nothing of that.
    canvas.select("score_model")
    canvas.press("Delete")
    canvas.select("split_data")
    canvas.press("d")
    expect(canvas.node("split_data")).to_have_class(re.compile("is-disabled"))
    note.get_by_role("button", name="Undo").click()
    expect(note).to_contain_text("Other changes came after it")
    expect(canvas.node("split_data")).to_have_class(re.compile("is-disabled"))


def test_a_run_shows_in_the_tab_and_its_overlay_is_accessible_in_both_themes(
    browser: Browser, studio_server: Studio
) -> None:
    seeded = seed(studio_server, graph=PAIR, title="Marked")
    canvas = open_canvas(browser, studio_server, *seeded)
    page = canvas.page
    run = run_to_end(studio_server, canvas.guid)["run"]["guid"]
    expect(page).to_have_title(re.compile("^✓ Marked"), timeout=60_000)
    expect(page.locator("link[rel=icon]")).to_have_attribute(
        "href", re.compile("favicon-completed")
    )
    page.get_by_role("button", name="Draft", exact=True).click()
    expect(page).to_have_title(re.compile("^Marked"))
    page.context.close()
    for theme in ("light", "dark"):
        shown = open_canvas(browser, studio_server, *seeded, theme=theme, query=f"?run={run}")
        expect(shown.page.locator(".d-node:is(.is-completed, .is-reused)")).to_have_count(2)
        expect(shown.page.locator(".d-plate")).to_have_count(1)
        shown.select("summarize")
        expect(shown.page.locator(".d-panel .p-field").first).to_be_visible()
        until(shown.page, "!document.getAnimations().length")
        found = Axe().run(shown.page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:300]) for each in found] == []
        assert shown.complaints == []
        shown.page.context.close()
    assert canvas.complaints == []


def test_times_are_relative_and_exact_in_the_zone_of_who_looks(
    browser: Browser, studio_server: Studio
) -> None:
    canvas = open_canvas(
        browser, studio_server, *seed(studio_server, graph=SMALL), timezone_id="Asia/Tokyo"
    )
    canvas.select("split_data")
    canvas.press("d")
    canvas.wait_saved()
    saved = canvas.page.locator(".d-saved")
    expect(saved).to_have_text(re.compile(r"^Saved (just now|\d+ (s|min) ago)"))
    title = saved.get_attribute("title") or ""
    day, clock = re.sub(r"\s", " ", title).split(", ")
    shown = datetime.strptime(f"{day} {clock}", "%m/%d/%Y %I:%M:%S %p")
    now = datetime.now(ZoneInfo("Asia/Tokyo")).replace(tzinfo=None)
    assert abs((now - shown).total_seconds()) < 600
    assert canvas.complaints == []
    canvas.page.context.close()


def fingers(canvas: Canvas) -> Any:
    """Return a function that puts, moves and lifts fingers."""
    session = canvas.page.context.new_cdp_session(canvas.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    return touch


def test_fingers_pan_pinch_and_open_the_menu(browser: Browser, studio_server: Studio) -> None:
    made = seed(studio_server, graph=SMALL)
    tablet = {"width": 1180, "height": 820}
    canvas = open_canvas(browser, studio_server, *made, has_touch=True, viewport=tablet)
    page, touch = canvas.page, fingers(canvas)
    flow = page.locator(".d-flow").bounding_box()
    assert flow
    x, y = flow["x"] + 60, flow["y"] + flow["height"] - 120

    before = middle(canvas.node("split_data"))
    touch("touchStart", (x, y))
    for step in range(1, 5):
        touch("touchMove", (x + step * 10, y - step * 5))
    touch("touchEnd")
    after = middle(canvas.node("split_data"))
    assert after[0] - before[0] == pytest.approx(40, abs=12)
    assert after[1] - before[1] == pytest.approx(-20, abs=8)

    zoom = page.locator(".d-zoom")
    start = zoom.inner_text()
    touch("touchStart", (x, y))
    touch("touchStart", (x, y), (x + 40, y))
    for step in range(1, 5):
        touch("touchMove", (x, y), (x + 40 + step * 10, y))
    touch("touchEnd")
    expect(zoom).not_to_have_text(start)

    canvas.press("1")
    place = middle(canvas.node("split_data"))
    touch("touchStart", place)
    expect(page.get_by_role("menu")).to_be_visible()
    touch("touchEnd")
    expect(page.get_by_role("menu")).to_be_visible()
    expect(canvas.node("split_data")).to_have_class(re.compile("is-selected"))
    assert canvas.complaints == []
    page.context.close()
