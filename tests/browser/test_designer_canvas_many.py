"""Hundreds of modules on the canvas: from far they are one picture, and everything still works from there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.canvas import Canvas, graph, node, open_canvas, seed
from tests.browser.portal import until
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]

COUNT, ACROSS = 420, 20
DRAWN = """() => {
  const canvas = document.querySelector('.d-overview');
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const colors = new Map();
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] > 100) {
      const color = [data[at], data[at + 1], data[at + 2]].join();
      colors.set(color, (colors.get(color) ?? 0) + 1);
    }
  return [...colors.values()].filter(count => count > 500).length;
}"""


def many() -> dict[str, Any]:
    """Return rows of modules, each fed by the one above it."""
    nodes = [
        node(f"n{at}", "split_data", at % ACROSS * 280, at // ACROSS * 128) for at in range(COUNT)
    ]
    return graph(
        nodes, *(f"n{at - ACROSS}:results1 > n{at}:dataset" for at in range(ACROSS, COUNT))
    )


@pytest.fixture
def canvas(browser: Browser, studio_server: Studio) -> Iterator[Canvas]:
    made = open_canvas(browser, studio_server, *seed(studio_server, graph=many(), title="Many"))
    yield made
    assert made.complaints == []
    made.page.context.close()


def test_from_far_many_modules_are_one_picture_that_keys_outline_and_clicks_work_in(
    canvas: Canvas,
) -> None:
    page = canvas.page
    overview, modules = page.locator(".d-overview"), page.locator(".d-node")
    expect(overview).to_be_attached()
    expect(modules).to_have_count(0)
    expect(page.locator(".d-overview-note")).to_contain_text("420 modules")
    until(page, f"({DRAWN})() > 0")

    # Keys: the module that has the focus is an element, and only that one.
    page.locator(".d-flow").focus()
    canvas.press("ArrowDown", "ArrowDown")
    expect(canvas.node(f"n{ACROSS}")).to_be_focused()
    expect(modules).to_have_count(1)
    expect(page.locator(".d-panel")).to_contain_text("Split Data")

    # The outline shares the selection and shows all.
    canvas.press("o")
    expect(page.locator(".d-outline [aria-selected=true]")).to_have_count(1)
    canvas.press("o")
    expect(page.locator(".d-outline")).to_have_count(0)
    expect(overview).to_be_attached()

    # A block tells its name, and a click goes to it.
    box = canvas.node(f"n{ACROSS}").bounding_box()
    assert box
    scale = box["width"] / 232
    x, y = box["x"] + 280 * scale + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    expect(page.locator(".d-tip")).to_contain_text("Split Data")
    page.mouse.click(x, y)
    expect(page.locator(".d-zoom")).to_have_text("100%")
    expect(overview).to_have_count(0)
    expect(canvas.node(f"n{ACROSS + 1}")).to_have_class("d-node is-selected")
    assert modules.count() < 100

    # Back out, and in again by the wheel.
    canvas.press("1")
    expect(overview).to_be_attached()
    expect(modules).to_have_count(1)
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    for _ in range(12):
        page.mouse.wheel(0, -240)
    page.keyboard.up("Control")
    expect(overview).to_have_count(0)
    expect(modules.first).to_be_visible()


def test_a_frame_in_the_overview_selects_what_it_touches(canvas: Canvas) -> None:
    page = canvas.page
    until(page, f"({DRAWN})() > 0")
    flow = page.locator(".d-flow").bounding_box()
    assert flow
    page.keyboard.down("Shift")
    canvas.drag(
        (flow["x"] + 8, flow["y"] + 60), (flow["x"] + flow["width"] - 8, flow["y"] + flow["height"] - 60)
    )  # fmt: skip
    page.keyboard.up("Shift")
    expect(page.locator(".d-panel")).to_contain_text("steps selected")
    canvas.press("Escape")
    expect(page.locator(".d-panel")).not_to_contain_text("steps selected")
