"""Building a pipeline on the canvas with the mouse, in a real browser against a running studio."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.canvas import SMALL, Canvas, graph, middle, open_canvas, seed
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]


@pytest.fixture
def canvas(browser: Browser, studio_server: Studio) -> Iterator[Canvas]:
    """Open a draft of four modules, one edge."""
    made = open_canvas(browser, studio_server, *seed(studio_server, graph=SMALL))
    yield made
    assert made.complaints == []
    made.page.context.close()


def palette_row(canvas: Canvas, title: str) -> Locator:
    canvas.page.get_by_role("combobox", name="Search modules").fill(title)
    row = canvas.page.locator(".d-palette .d-row").first
    expect(row).to_contain_text(title)
    return row


def test_a_module_lands_where_it_is_dropped_on_the_grid(canvas: Canvas) -> None:
    row = palette_row(canvas, "Join Data")
    canvas.drag(row, (620, 520))
    expect(canvas.node("join_data")).to_be_visible()
    x, y = middle(canvas.node("join_data"))
    assert abs(x - 620) < 10
    assert abs(y - 520) < 10
    canvas.wait_saved()
    place = canvas.stored_node("join_data")["position"]
    assert place["x"] % 8 == 0
    assert place["y"] % 8 == 0


def test_enter_in_the_palette_adds_the_best_match_at_the_centre(canvas: Canvas) -> None:
    canvas.press("/")
    field = canvas.page.get_by_role("combobox", name="Search modules")
    expect(field).to_be_focused()
    field.fill("eval")
    expect(canvas.page.locator(".d-palette .d-row").first).to_contain_text("Evaluate Model")
    canvas.press("Enter")
    expect(canvas.node("evaluate_model")).to_be_visible()
    field.fill("")
    expect(canvas.page.get_by_role("group", name="Recent")).to_contain_text("Evaluate Model")


def test_searching_the_palette_answers_within_50_ms(canvas: Canvas) -> None:
    # In the page's own time: what else runs on the machine is no part of the answer.
    session = canvas.page.context.new_cdp_session(canvas.page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        told = session.send("Performance.getMetrics")["metrics"]
        return next(1000 * each["value"] for each in told if each["name"] == "TaskDuration")

    field = canvas.page.get_by_role("combobox", name="Search modules")
    texts = ("s", "sp", "split", "regression", "data", "model tr")
    field.fill("m")
    before = spent()
    for text in texts:
        field.fill(text)
        canvas.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    expect(canvas.page.locator(".d-palette .d-row").first).to_contain_text("Model")
    assert (spent() - before) / len(texts) < 50


def test_a_drawn_edge_connects_and_one_input_has_one_edge(canvas: Canvas) -> None:
    canvas.drag(
        canvas.port("split_data", "results1", "source"),
        canvas.port("score_model", "dataset", "target"),
    )
    expect(canvas.edge("score_model", "dataset")).to_have_count(1)
    canvas.drag(
        canvas.port("split_data", "results2", "source"),
        canvas.port("score_model", "dataset", "target"),
    )
    canvas.wait_saved()
    assert "split_data:results2 > score_model:dataset" in canvas.wires()
    assert "split_data:results1 > score_model:dataset" not in canvas.wires()
    canvas.press("Control+z")
    canvas.wait_saved()
    assert "split_data:results1 > score_model:dataset" in canvas.wires()


def test_legal_ports_glow_and_an_illegal_drop_says_why(canvas: Canvas) -> None:
    start, wrong = (
        canvas.port("linear_regression", "learner", "source"),
        canvas.port("split_data", "dataset", "target"),
    )
    if not start.count():
        start = canvas.page.locator(
            ".react-flow__node[data-id='linear_regression'] .d-handle.source"
        ).first
    (x, y), (to_x, to_y) = middle(start), middle(wrong)
    canvas.page.mouse.move(x, y)
    canvas.page.mouse.down()
    canvas.page.mouse.move(to_x, to_y + 30, steps=6)
    expect(wrong).to_have_class(with_class("is-dim"))
    canvas.page.mouse.move(to_x, to_y, steps=4)
    canvas.page.mouse.up()
    expect(canvas.page.locator(".d-hint")).to_have_text("Learner cannot feed Dataset.")
    canvas.wait_saved()
    assert canvas.wires() == {"import_data:dataset > split_data:dataset"}


def test_a_loop_is_refused_and_shown(canvas: Canvas) -> None:
    canvas.drag(
        canvas.port("split_data", "results1", "source"),
        canvas.port("score_model", "dataset", "target"),
    )
    canvas.drag(
        canvas.port("score_model", "scored", "source"),
        canvas.port("split_data", "dataset", "target"),
    )
    expect(canvas.page.locator(".d-hint")).to_contain_text("close a loop of 2 modules")
    expect(canvas.page.locator(".d-node.in-loop")).to_have_count(2)


def test_an_edge_dropped_on_the_canvas_offers_only_what_fits(canvas: Canvas) -> None:
    x, y = middle(canvas.node("linear_regression"))
    canvas.drag(
        canvas.page.locator(".react-flow__node[data-id='linear_regression'] .d-handle.source"),
        (x, y + 160),
    )
    offered = canvas.page.get_by_role("dialog", name="Add a module")
    expect(offered).to_be_visible()
    names = offered.locator(".d-row-name").all_inner_texts()
    assert "Train Model" in names
    assert "Join Data" not in names
    offered.get_by_role("combobox").fill("train model")
    canvas.press("Enter")
    expect(canvas.node("train_model")).to_be_visible()
    canvas.wait_saved()
    assert any(
        "> train_model:" in wire and wire.startswith("linear_regression:")
        for wire in canvas.wires()
    )


def test_double_click_on_the_canvas_adds_there(canvas: Canvas) -> None:
    canvas.page.mouse.dblclick(420, 600)
    canvas.page.get_by_role("combobox", name="Add a module").fill("normalize")
    canvas.press("Enter")
    expect(canvas.node("normalize_data")).to_be_visible()


def test_a_module_dropped_on_an_edge_is_spliced_in_and_deleting_it_heals(canvas: Canvas) -> None:
    top, foot = (
        canvas.port("import_data", "dataset", "source"),
        canvas.port("split_data", "dataset", "target"),
    )
    (x, y1), (_, y2) = middle(top), middle(foot)
    canvas.drag(palette_row(canvas, "Clean Missing Data"), (x, (y1 + y2) / 2))
    expect(canvas.node("clean_missing_data")).to_be_visible()
    canvas.wait_saved()
    assert canvas.wires() == {
        "import_data:dataset > clean_missing_data:dataset",
        "clean_missing_data:cleaned > split_data:dataset",
    }
    canvas.press("Delete")
    canvas.wait_saved()
    assert canvas.wires() == {"import_data:dataset > split_data:dataset"}


def test_moving_a_module_is_undone_by_name_and_survives_a_reload(canvas: Canvas) -> None:
    x, y = middle(canvas.node("score_model"))
    canvas.drag((x, y), (x + 160, y + 64))
    undo = canvas.page.get_by_role("button", name="Undo: Move score model")
    expect(undo).to_be_enabled()
    canvas.wait_saved()
    assert canvas.stored_node("score_model")["position"] != {"x": 320, "y": 320}
    undo.click()
    canvas.wait_saved()
    assert canvas.stored_node("score_model")["position"] == {"x": 320, "y": 320}
    canvas.page.get_by_role("button", name="Redo: Move score model").click()
    canvas.wait_saved()
    moved = canvas.stored_node("score_model")["position"]
    canvas.page.reload()
    expect(canvas.node("score_model")).to_be_visible()
    assert canvas.stored_node("score_model")["position"] == moved


def test_a_rectangle_and_shift_clicks_select(canvas: Canvas) -> None:
    x, y = middle(canvas.node("import_data"))
    _, low = middle(canvas.node("split_data"))
    canvas.page.keyboard.down("Shift")
    canvas.drag((x - 150, y - 40), (x + 150, low + 10))
    canvas.page.keyboard.up("Shift")
    expect(canvas.page.locator(".d-node.is-selected")).to_have_count(2)
    canvas.page.mouse.click(x - 250, low + 120)
    expect(canvas.page.locator(".d-node.is-selected")).to_have_count(0)
    canvas.select("import_data")
    canvas.page.keyboard.down("Shift")
    canvas.select("score_model")
    canvas.page.keyboard.up("Shift")
    expect(canvas.page.locator(".d-node.is-selected")).to_have_count(2)
    canvas.press("Control+a")
    expect(canvas.page.locator(".d-node.is-selected")).to_have_count(4)
    canvas.select("split_data")
    canvas.press("Shift+U")
    expect(canvas.page.locator(".d-node.is-selected")).to_have_count(2)


def test_copies_travel_between_drafts_as_readable_json(
    canvas: Canvas, browser: Browser, studio_server: Studio
) -> None:
    canvas.press("Control+a", "Control+c")
    text = canvas.page.evaluate("navigator.clipboard.readText()")
    held = json.loads(text)
    assert [each["id"] for each in held["nodes"]] == [each["id"] for each in SMALL["nodes"]]
    assert len(held["edges"]) == 1
    other = open_canvas(browser, studio_server, *seed(studio_server, graph=graph([])))
    other.page.locator(".d-flow").focus()
    other.page.evaluate(
        """text => {
          const data = new DataTransfer();
          data.setData('text/plain', text);
          const init = {clipboardData: data, bubbles: true, cancelable: true};
          document.activeElement.dispatchEvent(new ClipboardEvent('paste', init));
        }""",
        text,
    )
    expect(other.page.locator(".d-node")).to_have_count(4)
    other.wait_saved()
    assert other.wires() == {"import_data:dataset > split_data:dataset"}
    assert other.stored_node("import_data")["params"] == {"source": "sample", "sample": "diabetes"}
    assert other.complaints == []
    other.page.context.close()


def test_duplicates_keep_parameters_and_inner_edges_in_one_undo_step(canvas: Canvas) -> None:
    canvas.press("Control+a", "Control+d")
    expect(canvas.page.locator(".d-node")).to_have_count(8)
    canvas.wait_saved()
    assert "import_data_2:dataset > split_data_2:dataset" in canvas.wires()
    canvas.press("Control+z")
    expect(canvas.page.locator(".d-node")).to_have_count(4)


def test_arranging_puts_sources_above_and_is_one_undo_step(canvas: Canvas) -> None:
    before = {each["id"]: each["position"] for each in canvas.stored()["nodes"]}
    canvas.page.get_by_role("button", name="Arrange", exact=True).click()
    expect(canvas.page.get_by_role("button", name="Undo: Arrange")).to_be_enabled(timeout=60_000)
    canvas.wait_saved()
    after = {each["id"]: each["position"] for each in canvas.stored()["nodes"]}
    assert after != before
    assert after["import_data"]["y"] < after["split_data"]["y"]
    canvas.press("Control+z")
    canvas.wait_saved()
    assert {each["id"]: each["position"] for each in canvas.stored()["nodes"]} == before


def test_a_frame_takes_along_what_lies_in_it(canvas: Canvas) -> None:
    canvas.select("split_data")
    canvas.press("f")
    title = canvas.page.get_by_role("textbox", name="Title of the frame")
    title.fill("Preparation")
    title.press("Enter")
    frame = canvas.page.locator(".d-note.is-frame")
    expect(frame).to_contain_text("Preparation")
    box = frame.bounding_box()
    assert box
    before = canvas.stored_node("split_data")["position"]
    canvas.drag((box["x"] + 40, box["y"] + 14), (box["x"] + 200, box["y"] + 14))
    canvas.wait_saved()
    assert canvas.stored_node("split_data")["position"]["x"] > before["x"] + 80


def test_a_note_shows_markdown(canvas: Canvas) -> None:
    canvas.page.locator(".d-flow").click(position={"x": 40, "y": 300})
    canvas.press("n")
    field = canvas.page.get_by_role("textbox", name="Text of the note")
    field.fill("# Plan\n\nSplit **before** scaling.\n\n- one\n- two")
    field.press("Control+Enter")
    note = canvas.page.locator(".d-note")
    expect(note.locator("strong").nth(1)).to_have_text("before")
    expect(note.locator("li")).to_have_count(2)


def test_a_disabled_module_is_marked_and_stored(canvas: Canvas) -> None:
    canvas.select("split_data")
    canvas.press("d")
    expect(canvas.node("split_data")).to_have_class(with_class("is-disabled"))
    canvas.wait_saved()
    assert canvas.stored_node("split_data")["disabled"] is True


def test_f2_renames_in_place(canvas: Canvas) -> None:
    canvas.select("split_data")
    canvas.press("F2")
    field = canvas.page.get_by_role("textbox", name="New name of Split Data")
    field.fill("Halves")
    field.press("Enter")
    expect(canvas.node("split_data")).to_contain_text("Halves")
    expect(canvas.node("split_data")).to_be_focused()


def test_a_group_folds_to_one_node_with_ports_and_comes_apart_again(canvas: Canvas) -> None:
    canvas.select("split_data")
    canvas.page.keyboard.down("Shift")
    canvas.select("score_model")
    canvas.page.keyboard.up("Shift")
    canvas.press("g")
    canvas.page.get_by_role("button", name="Fold Group").click()
    folded = canvas.page.locator(".d-node.is-folded")
    expect(folded).to_contain_text("2 modules")
    expect(folded.locator(".d-handle.target")).to_have_count(1)
    folded.dblclick()
    expect(canvas.page.locator(".d-crumbs")).to_contain_text("Group")
    expect(canvas.page.locator(".d-node")).to_have_count(2)
    canvas.page.locator(".d-crumbs button").click()
    expect(folded).to_be_visible()
    canvas.press("Control+z", "Control+z")
    expect(canvas.page.locator(".d-node")).to_have_count(4)


def test_aligning_and_nudging(canvas: Canvas) -> None:
    canvas.press("Control+a")
    canvas.node("split_data").click(button="right", position={"x": 60, "y": 26})
    canvas.page.get_by_role("menuitem", name="Align left").click()
    canvas.wait_saved()
    assert {each["position"]["x"] for each in canvas.stored()["nodes"]} == {0}
    canvas.select("import_data")
    canvas.press("Alt+ArrowRight", "Alt+ArrowRight", "Alt+Shift+ArrowDown")
    canvas.wait_saved()
    assert canvas.stored_node("import_data")["position"] == {"x": 16, "y": 1}
    canvas.press("Control+z")
    canvas.wait_saved()
    assert canvas.stored_node("import_data")["position"] == {"x": 0, "y": 0}


def test_zoom_by_keys_and_wheel_stays_between_10_and_200_percent(canvas: Canvas) -> None:
    zoom = canvas.page.locator(".d-zoom")
    canvas.page.mouse.move(700, 400)
    canvas.page.keyboard.down("Control")
    for _ in range(14):
        canvas.page.mouse.wheel(0, -400)
    expect(zoom).to_have_text("200%")
    for _ in range(40):
        canvas.page.mouse.wheel(0, 400)
    canvas.page.keyboard.up("Control")
    expect(zoom).to_have_text("10%")
    canvas.press("0")
    expect(zoom).to_have_text("100%")
    canvas.press("1")
    expect(canvas.node("import_data")).to_be_in_viewport()


def test_a_port_says_its_name_and_type(canvas: Canvas) -> None:
    canvas.port("split_data", "results1", "source").hover()
    tip = canvas.page.locator(".d-tip")
    expect(tip).to_contain_text("Dataset")
    box = canvas.port("split_data", "results1", "source").evaluate(
        "it => { const r = getComputedStyle(it, '::after'); return [parseFloat(r.width), parseFloat(r.height)] }"
    )
    assert min(box) >= 24


def with_class(text: str) -> re.Pattern[str]:
    return re.compile(rf"\b{text}\b")
