"""What is left of the list of what a designer must do: each thing once, in a real browser."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.canvas import SMALL, Canvas, graph, middle, open_canvas, seed
from tests.browser.panel import ENDED, LIMIT, call, command, dock, field, panel, run_to_end
from tests.browser.test_designer_runs import SLOW, chain
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]


@pytest.fixture
def opened(browser: Browser, studio_server: Studio) -> Iterator[Any]:
    """Return a function that opens a draft of a graph; all are closed at the end."""
    made: list[Canvas] = []

    def open_graph(given: dict[str, Any], **more: Any) -> Canvas:
        guid, session = seed(studio_server, graph=given)
        made.append(open_canvas(browser, studio_server, guid, session, **more))
        return made[-1]

    yield open_graph
    for canvas in made:
        assert canvas.complaints == []
        canvas.page.context.close()


def palette(canvas: Canvas) -> Locator:
    return canvas.page.locator(".d-palette")


def test_the_palette_ranks_names_first_keeps_favourites_and_adds_by_double_click(
    opened: Any,
) -> None:
    canvas = opened(SMALL)
    rows = palette(canvas).locator(".d-row")
    canvas.page.get_by_role("combobox", name="Search modules").fill("rows")
    expect(rows.first).to_contain_text("Rows")
    names = palette(canvas).locator(".d-row-name").all_inner_texts()
    by_name = ["rows" in name.lower() for name in names]
    assert by_name == sorted(by_name, reverse=True), names
    rows.filter(has_text="Add Rows").hover()
    rows.filter(has_text="Add Rows").locator(".d-star").click()
    rows.filter(has_text="Remove Duplicate Rows").dblclick()
    expect(canvas.node("remove_duplicate_rows")).to_be_visible()
    canvas.page.get_by_role("combobox", name="Search modules").fill("")
    expect(palette(canvas).get_by_role("group", name="Favourites")).to_contain_text("Add Rows")
    recent = palette(canvas).get_by_role("group", name="Recent")
    expect(recent).to_contain_text("Remove Duplicate Rows")


def test_parameters_are_undone_told_on_the_node_and_written_down(opened: Any) -> None:
    canvas = opened(SMALL)
    page = canvas.page
    canvas.port("split_data", "results1", "source").hover()
    expect(page.locator(".d-tip")).to_contain_text("11 columns")
    canvas.select("split_data")
    box = field(canvas, "fraction").get_by_role("textbox")
    box.fill("0.85")
    expect(canvas.node("split_data")).to_contain_text("0.85")
    undo = page.get_by_role("button", name="Undo: Set fraction of split data")
    undo.click()
    expect(canvas.node("split_data")).not_to_contain_text("0.85")
    page.get_by_role("button", name="Redo: Set fraction of split data").click()
    expect(canvas.node("split_data")).to_contain_text("0.85")
    canvas.wait_saved()
    command(page, "Who changed what")
    history = page.get_by_role("dialog", name="Who changed what")
    expect(history).to_contain_text("changed Split Data: fraction")
    page.keyboard.press("Escape")

    # Below the selection, cut, and what a disabled source does to what it feeds.
    canvas.select("import_data")
    canvas.press("Shift+D")
    expect(page.locator(".d-node.is-selected")).to_have_count(2)
    canvas.select("import_data")
    canvas.press("d")
    expect(canvas.node("split_data")).to_have_class(re.compile("is-resting"))
    expect(canvas.node("split_data")).to_contain_text("Skipped: Import Data is disabled")
    page.reload()
    expect(canvas.node("split_data")).to_have_class(re.compile("is-resting"), timeout=60_000)
    canvas.select("import_data")
    canvas.press("d")
    expect(canvas.node("split_data")).not_to_have_class(re.compile("is-resting"))
    canvas.select("score_model")
    canvas.press("Control+x")
    expect(canvas.node("score_model")).to_have_count(0)


def test_places_are_found_snapped_and_spread(opened: Any) -> None:
    canvas = opened(SMALL)
    page = canvas.page
    x, y = middle(canvas.node("score_model"))
    aim, _ = middle(canvas.node("split_data"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=30)
    # A line shows as soon as the two are level; where the pointer is then hangs on the grid.
    for beyond in range(0, 33, 4):
        page.mouse.move(aim + beyond, y + 30)
        if page.locator(".d-guide").count():
            break
    expect(page.locator(".d-guide").first).to_be_attached()
    page.mouse.up()
    expect(page.locator(".d-guide")).to_have_count(0)
    viewport = page.locator(".react-flow__viewport")
    canvas.select("linear_regression")
    canvas.press("2")
    expect(canvas.node("linear_regression")).to_be_in_viewport()
    expect(page.locator(".d-zoom")).not_to_have_text("100%")
    near = viewport.get_attribute("style")
    small = page.locator(".d-minimap canvas")
    small.click(position={"x": 100, "y": 70})
    expect(viewport).not_to_have_attribute("style", near or "")
    canvas.press("1", "Control+a")
    command(page, "Distribute down")
    expect(page.get_by_role("button", name="Undo: Distribute 4 items")).to_be_enabled()
    canvas.wait_saved()
    heights = sorted(each["position"]["y"] for each in canvas.stored()["nodes"])
    gaps = [b - a for a, b in pairwise(heights)]
    assert max(gaps) - min(gaps) <= 8, heights


def test_an_empty_canvas_offers_three_samples_that_open_in_one_click(opened: Any) -> None:
    canvas = opened(graph([]))
    samples = canvas.page.get_by_role("list", name="Samples").get_by_role("button")
    expect(samples).to_have_count(3)
    samples.first.click()
    expect(canvas.page.locator(".d-node").nth(3)).to_be_visible(timeout=60_000)
    assert canvas.guid not in canvas.page.url


def test_two_people_in_one_field_are_told(
    opened: Any, browser: Browser, studio_server: Studio
) -> None:
    canvas = opened(SMALL)
    made = seed(studio_server, guid=canvas.guid, email="mona@example.org", role="Contributor")
    mona = open_canvas(browser, studio_server, *made)
    mona.select("split_data")
    field(mona, "fraction").get_by_role("textbox").click()
    canvas.select("split_data")
    expect(field(canvas, "fraction")).to_contain_text("Mona", timeout=60_000)
    field(mona, "fraction").get_by_role("textbox").fill("0.9")
    expect(field(canvas, "fraction").get_by_role("textbox")).to_have_value("0.9", timeout=60_000)
    assert mona.complaints == []
    mona.page.context.close()


def fresh(seconds: int, rows: int) -> str:
    """Return a script that no run before has left a result of."""
    return f"# {time.time_ns()}\n" + SLOW.format(seconds=seconds, rows=rows)


WATCH = """() => {
  window.told = [];
  window.drawn = [];
  const Real = window.WebSocket;
  window.WebSocket = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', event => {
        if (typeof event.data !== 'string') return;
        const said = JSON.parse(event.data);
        if (said.type === 'run' && said.step) window.told.push([said.step, said.status, performance.now()]);
      });
    }
  };
  new MutationObserver(changes => {
    for (const { target } of changes) {
      const node = target.dataset.node;
      if (node) window.drawn.push([node, target.className, performance.now()]);
    }
  }).observe(document.querySelector('.d-canvas'), {attributes: true, attributeFilter: ['class'], subtree: true});
}"""


def delays(page: Page, step: str) -> dict[str, float]:
    """Return for each status of a step how many ms after the news of it the node showed it."""
    told, drawn = page.evaluate("[window.told, window.drawn]")
    found = {}
    for status, look in (("Running", "is-running"), ("Completed", "is-completed")):
        news = [at for name, said, at in told if name == step and said == status]
        shown = [at for name, classes, at in drawn if name == step and look in classes.split()]
        assert shown, (status, json.dumps(told))
        # What a fetch brought before the message did is not late either.
        found[status] = min(shown) - min(news) if news else 0.0
    return found


def ended(canvas: Canvas, number: int) -> Any:
    """Return the state of the draft's run of this number once it has ended."""
    for _ in range(int(LIMIT * 4)):
        state = call(canvas.studio, "GET", f"pipelines/{canvas.guid}/state")
        if state["run"]["number"] == number and state["run"]["status"] in ENDED:
            return state
        canvas.page.wait_for_timeout(250)
    raise AssertionError(f"run {number} has not ended")


def edit_script(canvas: Canvas, code: str) -> None:
    draft = call(canvas.studio, "GET", f"pipelines/{canvas.guid}")
    for each in draft["graph"]["nodes"]:
        if each["id"] == "script":
            each["params"]["python_script"] = code
    body = {"graph": draft["graph"], "revision": draft["revision"]}
    call(canvas.studio, "PUT", f"pipelines/{canvas.guid}/draft", body)


def test_a_run_tells_how_far_it_is_what_it_reuses_and_when_it_will_be_done(
    browser: Browser, studio_server: Studio
) -> None:
    guid, session = seed(studio_server, graph=chain(fresh(seconds=3, rows=120)))
    assert run_to_end(studio_server, guid)["run"]["status"] == "Completed"
    canvas = open_canvas(browser, studio_server, guid, session)
    page = canvas.page
    edit_script(canvas, fresh(seconds=6, rows=119))
    expect(canvas.node("script")).to_have_class(re.compile("is-stale"), timeout=60_000)
    page.evaluate(WATCH)
    canvas.press("Control+Enter")
    submit = page.get_by_role("dialog").get_by_role("button", name="Submit")
    expect(submit).to_be_enabled(timeout=60_000)
    submit.click()
    script = canvas.node("script")
    expect(script).to_have_class(re.compile("is-running"), timeout=60_000)
    expect(script).to_contain_text(re.compile("about .* left|longer than usual"), timeout=60_000)
    expect(script.locator(".d-node-end")).to_contain_text(re.compile(r"\d"))
    pill = page.locator(".d-run-pill")
    expect(pill).to_contain_text(re.compile(r"1 of 3 done · \d.*(left|longer than usual)"))
    expect(page.locator(".d-summary")).to_contain_text("1 running: Execute Python Script")
    state = ended(canvas, number=2)
    assert state["run"]["status"] == "Completed"
    expect(canvas.node("summarize_data")).to_have_class(re.compile("is-completed"), timeout=60_000)
    late = delays(page, "script")
    assert all(each < 1000 for each in late.values()), late
    expect(page.locator("#announce")).to_contain_text("Run 2 Completed", timeout=60_000)

    # What was reused looks different, and leads to where its result came from.
    data = canvas.node("import_data")
    expect(data).to_have_class(re.compile("is-reused"))
    expect(data).to_have_attribute("aria-label", re.compile("Reused"))
    expect(data.locator(".status-reused use")).to_have_attribute("href", re.compile("#recycle$"))
    canvas.select("import_data")
    panel(canvas).get_by_role("tab", name="Lineage").click()
    source = panel(canvas).get_by_role("link", name="The run whose result it reuses")
    expect(source).to_have_attribute(
        "href", re.compile(f"/runs/{state['nodes']['import_data']['source_run']}/")
    )
    canvas.press("Control+f")
    found = page.get_by_role("combobox", name="Find in the pipeline")
    found.fill("runStatus=completed -reuse=true")
    expect(page.locator(".d-find-count")).to_have_text("2 found")
    canvas.press("Escape")
    assert canvas.complaints == []
    page.context.close()


def plan_of(canvas: Canvas) -> dict[str, str]:
    """Return what the open plan says of each step, by its title, and close it."""
    dialog = canvas.page.get_by_role("dialog", name="Submit")
    expect(dialog.get_by_role("row").nth(3)).to_be_visible(timeout=60_000)
    said = {}
    for row in dialog.get_by_role("row").all()[1:]:
        word, title = row.get_by_role("rowheader").inner_text().split("\n")[:2]
        said[title.strip()] = word.strip()
    canvas.press("Escape")
    expect(dialog).to_be_hidden()
    return said


def test_a_part_is_run_by_keys_and_from_the_menu(browser: Browser, studio_server: Studio) -> None:
    guid, session = seed(studio_server, graph=chain(fresh(seconds=0, rows=118)))
    assert run_to_end(studio_server, guid)["run"]["status"] == "Completed"
    canvas = open_canvas(browser, studio_server, guid, session)
    page = canvas.page
    edit_script(canvas, fresh(seconds=0, rows=117))
    expect(canvas.node("script")).to_have_class(re.compile("is-stale"), timeout=60_000)
    data, script, summary = "Import Data", "Execute Python Script", "Summarize Data"
    expected = {
        "t": ("Up to the chosen steps", {data: "Reused", script: "Runs", summary: "Left out"}),
        "Shift+T": ("From the chosen steps on", {data: "Left out", script: "Runs", summary: "Runs"}),
        "Shift+Enter": ("Only the chosen steps", {data: "Left out", script: "Runs", summary: "Left out"}),
    }  # fmt: skip
    for keys, (mode, steps) in expected.items():
        canvas.select("script")
        canvas.press(keys)
        what = page.get_by_role("dialog", name="Submit").get_by_label("What runs")
        expect(what.locator("option:checked")).to_have_text(mode)
        assert plan_of(canvas) == steps
    for name, (_, steps) in zip(
        ("Run to here…", "Run from here…", "Run the selected…"), expected.values(), strict=True
    ):
        canvas.node("script").click(button="right", position={"x": 60, "y": 26})
        page.get_by_role("menuitem", name=name).click()
        assert plan_of(canvas) == steps
    canvas.select("script")
    canvas.press("Shift+Enter")
    dialog = page.get_by_role("dialog", name="Submit")
    expect(dialog.get_by_role("button", name="Submit")).to_be_enabled(timeout=60_000)
    canvas.press("Control+Enter")
    expect(dialog).to_be_hidden(timeout=60_000)
    state = ended(canvas, number=2)
    assert (state["run"]["mode"], state["run"]["steps"]) == ("selected", 1)
    # The result of what ran alone is looked at with a key.
    canvas.select("script")
    canvas.press("p")
    expect(dock(canvas).get_by_role("grid")).to_have_attribute(
        "aria-rowcount", re.compile("11[78]")
    )
    assert canvas.complaints == []
    page.context.close()


def test_only_what_is_selected_is_arranged(opened: Any) -> None:
    canvas = opened(SMALL)
    before = {each["id"]: each["position"] for each in canvas.stored()["nodes"]}
    canvas.select("split_data")
    canvas.page.keyboard.down("Shift")
    canvas.select("linear_regression")
    canvas.page.keyboard.up("Shift")
    canvas.press("Shift+A")
    end = time.monotonic() + 60
    while True:
        after = {each["id"]: each["position"] for each in canvas.stored()["nodes"]}
        moved = {name for name in after if after[name] != before[name]}
        if moved:
            break
        assert time.monotonic() < end, "nothing moved"
        time.sleep(0.05)
    canvas.wait_saved()
    assert moved <= {"split_data", "linear_regression"}


def test_what_is_changed_is_on_the_server_without_being_saved(opened: Any) -> None:
    canvas = opened(SMALL)
    canvas.select("score_model")
    canvas.press("Delete")
    expect(canvas.node("score_model")).to_have_count(0)
    begun = time.monotonic()
    while any(each["id"] == "score_model" for each in canvas.stored()["nodes"]):
        assert time.monotonic() - begun < 60
        time.sleep(0.05)
