"""A group becomes a component with named ports, is looked into and comes apart, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.canvas import Canvas, graph, node, open_canvas, seed
from tests.browser.panel import call, dock, run_to_end
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]

LINE = graph(
    [
        node("import_data", "import_data", 320, 0, {"source": "sample", "sample": "diabetes"}),
        node("split_data", "split_data", 320, 160),
        node("remove_duplicate_rows", "remove_duplicate_rows", 320, 320),
        node("summarize_data", "summarize_data", 320, 480),
    ],
    "import_data:dataset > split_data:dataset",
    "split_data:results1 > remove_duplicate_rows:dataset",
    "remove_duplicate_rows:results > summarize_data:dataset",
)


@pytest.fixture
def canvas(browser: Browser, studio_server: Studio) -> Iterator[Canvas]:
    """Open a draft of four modules in a line."""
    made = open_canvas(browser, studio_server, *seed(studio_server, graph=LINE))
    yield made
    assert made.complaints == []
    made.page.context.close()


def save_as(canvas: Canvas, name: str, inputs: dict[str, str], outputs: dict[str, str]) -> None:
    """Group the two modules in the middle and save them as a component with these ports."""
    page = canvas.page
    canvas.select("split_data")
    page.keyboard.down("Shift")
    canvas.select("remove_duplicate_rows")
    page.keyboard.up("Shift")
    canvas.press("g")
    page.get_by_role("button", name="Save Group as a component").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    for old, new in (inputs | outputs).items():
        dialog.locator(f".n-port input[value='{old}']").fill(new)
    axe = Axe().run(page, ".modal, dialog[open]")
    assert axe.violations_count == 0, axe.generate_report()
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_have_count(0, timeout=60_000)


def test_a_group_becomes_a_component_with_named_ports_that_comes_apart_again(
    canvas: Canvas,
) -> None:
    page = canvas.page
    save_as(canvas, "Clean half", {"dataset": "rows"}, {"results": "clean", "results2": "rest"})
    made = canvas.node("clean_half")
    expect(made).to_be_visible()
    expect(page.locator(".d-node")).to_have_count(3)
    canvas.wait_saved()
    assert canvas.wires() == {
        "import_data:dataset > clean_half:rows",
        "clean_half:clean > summarize_data:dataset",
    }
    page.get_by_role("combobox", name="Search modules").fill("Clean half")
    expect(page.locator(".d-palette .d-row").first).to_contain_text("Clean half")
    page.get_by_role("combobox", name="Search modules").fill("")

    made.dblclick()
    crumbs = page.get_by_role("navigation", name="Component")
    expect(crumbs).to_contain_text("Clean half")
    expect(page.locator(".d-node")).to_have_count(2)
    expect(canvas.node("clean_half/split_data")).to_be_visible()
    canvas.select("clean_half/split_data")
    canvas.press("Delete")
    expect(page.locator(".d-node")).to_have_count(2)
    crumbs.get_by_role("button").click()
    expect(page.locator(".d-node")).to_have_count(3)

    canvas.select("clean_half")
    canvas.press("Shift+G")
    expect(page.locator(".d-node")).to_have_count(4)
    canvas.wait_saved()
    assert canvas.wires() == {
        "import_data:dataset > split_data:dataset",
        "split_data:results1 > remove_duplicate_rows:dataset",
        "remove_duplicate_rows:results > summarize_data:dataset",
    }
    canvas.press("Control+z")
    expect(canvas.node("clean_half")).to_be_visible()
    expect(page.locator(".d-node")).to_have_count(3)


def test_a_component_runs_as_one_node_and_its_outputs_are_looked_at(
    canvas: Canvas, studio_server: Studio
) -> None:
    save_as(canvas, "Clean part", {"dataset": "rows"}, {"results": "clean", "results2": "rest"})
    canvas.wait_saved()
    state = run_to_end(studio_server, canvas.guid)
    assert state["run"]["status"] == "Completed"
    outputs = state["nodes"]["clean_part"]["outputs"]
    assert outputs["clean"]["rows"] + outputs["rest"]["rows"] == 442
    expect(canvas.page.locator(".d-plate").last).to_contain_text("×", timeout=60_000)
    canvas.select("clean_part")
    canvas.press("p")
    expect(dock(canvas).get_by_role("columnheader").first).to_be_visible(timeout=60_000)
    canvas.node("clean_part").dblclick()
    inner = canvas.page.locator(".d-node:is(.is-completed, .is-reused)")
    expect(inner).to_have_count(2, timeout=60_000)
    canvas.press("Escape", "Escape")
    expect(canvas.page.locator(".d-node")).to_have_count(3)
    listed = call(studio_server, "GET", "designer/components/clean_part")
    assert set(listed["outputs"]) == {"clean", "rest"}
