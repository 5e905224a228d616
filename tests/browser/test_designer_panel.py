"""Setting a step's parameters in the panel, in a real browser against a running studio."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.canvas import Canvas, open_canvas, seed
from tests.browser.panel import FRESH, dock, field, panel
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]


@pytest.fixture
def canvas(browser: Browser, studio_server: Studio) -> Iterator[Canvas]:
    """Open a draft that has never run."""
    made = open_canvas(browser, studio_server, *seed(studio_server, graph=FRESH, title="Panel"))
    yield made
    assert made.complaints == []
    made.page.context.close()


def test_fields_say_their_range_their_fault_and_go_back_to_their_default(canvas: Canvas) -> None:
    canvas.select("split_data")
    fraction = field(canvas, "fraction")
    box = fraction.get_by_role("textbox", name="Fraction of rows in the first output")
    expect(fraction).to_contain_text("0 – 1")
    box.fill("1.5")
    expect(fraction).to_contain_text("Give at most 1")
    expect(box).to_have_attribute("aria-invalid", "true")
    box.fill("0.8")
    expect(fraction.get_by_role("img", name="changed")).to_be_visible()
    expect(fraction.get_by_role("slider")).to_have_value("0.8")
    fraction.get_by_role("slider").press("ArrowRight")
    expect(box).to_have_value("0.81")
    canvas.wait_saved()
    assert canvas.stored_node("split_data")["params"]["fraction"] == 0.81
    fraction.hover()
    fraction.get_by_role("button", name=re.compile("Reset")).click()
    expect(box).to_have_value("0.5")
    canvas.wait_saved()
    assert "fraction" not in canvas.stored_node("split_data")["params"]


def test_a_field_appears_when_another_calls_for_it(canvas: Canvas) -> None:
    canvas.select("split_data")
    expect(field(canvas, "stratify_by")).to_have_count(0)
    panel(canvas).get_by_role("switch", name="Stratified split").check()
    expect(field(canvas, "stratify_by")).to_be_visible()
    panel(canvas).get_by_role("combobox", name="Splitting mode").select_option(
        label="Regular expression"
    )
    expect(field(canvas, "fraction")).to_have_count(0)
    expect(field(canvas, "expression")).to_be_visible()


def test_columns_are_offered_before_any_run_filtered_by_type_and_completed(canvas: Canvas) -> None:
    canvas.select("select_columns")
    picker = field(canvas, "columns")
    expect(picker).to_contain_text("31 columns known from the upstream schema")
    entry = picker.get_by_role("combobox")
    entry.click()
    options = picker.get_by_role("listbox").get_by_role("option")
    expect(options).to_have_count(31)
    picker.get_by_role("button", name="Text", exact=True).click()
    expect(options).to_have_count(0)
    picker.get_by_role("button", name="All", exact=True).click()
    entry.fill("worst rad")
    expect(options).to_have_count(1)
    canvas.press("Enter")
    entry.fill("target")
    canvas.press("Enter")
    expect(picker.get_by_role("button", name="Remove worst radius")).to_be_visible()
    expect(picker).to_contain_text("2 of 31 columns")
    canvas.wait_saved()
    rule = canvas.stored_node("select_columns")["params"]["columns"]["rules"][0]
    assert rule == {"include": True, "by": "names", "value": ["worst radius", "target"]}
    # What is chosen here is what the next step is offered.
    canvas.select("split_data")
    panel(canvas).get_by_role("switch", name="Stratified split").check()
    expect(field(canvas, "stratify_by")).to_contain_text("2 columns known")


def test_rules_choose_by_type_and_exclude_by_name(canvas: Canvas) -> None:
    canvas.select("select_columns")
    picker = field(canvas, "columns")
    picker.get_by_role("button", name="Rules").click()
    picker.get_by_role("button", name="Add rule").click()
    picker.get_by_role("button", name="Add rule").click()
    picker.get_by_label("Rule 2: by").select_option(label="names")
    picker.get_by_role("combobox", name="Rule 2: add a column").fill("target")
    canvas.press("Enter")
    expect(picker).to_contain_text("30 of 31 columns")
    picker.get_by_label("Rule 1: by").select_option(label="type")
    picker.get_by_role("button", name="string", exact=True).click()
    canvas.wait_saved()
    rules = canvas.stored_node("select_columns")["params"]["columns"]["rules"]
    assert rules == [
        {"include": True, "by": "type", "value": ["numeric", "string"]},
        {"include": False, "by": "names", "value": ["target"]},
    ]


def test_a_parameter_is_bound_to_one_of_the_pipeline_and_shows_its_value(canvas: Canvas) -> None:
    canvas.select("split_data")
    seed_field = field(canvas, "random_seed")
    seed_field.get_by_role("textbox").fill("42")
    seed_field.hover()
    seed_field.locator("summary").click()
    seed_field.get_by_role("button", name=re.compile("New parameter")).click()
    bound = seed_field.get_by_role("button", name="Random seed", exact=True)
    expect(bound).to_contain_text("= 42")
    bound.click()
    value = panel(canvas).get_by_role("textbox", name="Value of random_seed")
    value.fill("7")
    canvas.select("split_data")
    expect(bound).to_contain_text("= 7")
    canvas.wait_saved()
    stored = canvas.stored()
    assert stored["parameters"]["random_seed"]["default"] == 7
    assert (
        canvas.stored_node("split_data")["params"]["random_seed"]
        == "${{parent.inputs.random_seed}}"
    )
    seed_field.locator("summary").click()
    seed_field.get_by_role("button", name=re.compile("Let go")).click()
    expect(seed_field.get_by_role("textbox")).to_have_value("7")


def test_a_problem_leads_to_its_field_and_submit_says_what_blocks_it(canvas: Canvas) -> None:
    dock(canvas).get_by_role("tab", name=re.compile("Problems")).click()
    problem = dock(canvas).get_by_role("list", name="Problems").get_by_role("button").first
    expect(problem).to_contain_text(re.compile("Select Columns|Select columns|select_columns"))
    problem.click()
    expect(panel(canvas).get_by_role("heading", level=2)).to_contain_text("Select Columns")
    expect(field(canvas, "columns").get_by_role("combobox")).to_be_focused()
    canvas.press("Escape")
    canvas.page.get_by_role("button", name="Submit", exact=True).click()
    dialog = canvas.page.get_by_role("dialog", name="Submit")
    expect(dialog).to_contain_text("blocks this run")
    expect(dialog.get_by_role("button", name=re.compile("Submit"))).to_be_disabled()


def test_code_is_completed_with_real_columns_and_its_faults_have_lines(canvas: Canvas) -> None:
    canvas.select("script")
    editor = field(canvas, "python_script").get_by_role("textbox")
    editor.click()
    canvas.press("Control+a", "Delete")
    canvas.page.keyboard.type("def azureml_main(dataframe1=None, dataframe2=None):\n")
    canvas.page.keyboard.type('return dataframe1[["worst ra')
    listed = canvas.page.locator(".cm-tooltip-autocomplete")
    expect(listed).to_contain_text("worst radius")
    canvas.page.wait_for_timeout(200)  # so soon after it opened, Enter is still a line break
    canvas.press("Enter")
    expect(editor).to_contain_text('dataframe1[["worst radius"]]')
    expect(canvas.page.locator(".cm-lint-marker")).to_have_count(0)
    canvas.press("Control+End")
    canvas.page.keyboard.type("\nx = = 1")
    expect(canvas.page.locator(".cm-lint-marker-error")).to_have_count(1)
    canvas.wait_saved()
    assert "worst radius" in canvas.stored_node("script")["params"]["python_script"]


def test_run_settings_of_a_step_are_kept(canvas: Canvas) -> None:
    canvas.select("split_data")
    panel(canvas).get_by_role("switch", name="Reuse results").uncheck()
    panel(canvas).get_by_role("textbox", name="Comment").fill("Keep 20 % for the champion.")
    canvas.wait_saved()
    stored = canvas.stored_node("split_data")
    assert stored["forceRerun"] is True
    assert stored["comment"] == "Keep 20 % for the champion."
    canvas.page.keyboard.press("Escape")
    canvas.page.locator(".react-flow__pane").click(position={"x": 20, "y": 300})
    panel(canvas).get_by_role("switch", name="Continue on step failure").check()
    panel(canvas).get_by_label("Experiment").fill("churn")
    canvas.wait_saved()
    assert canvas.stored()["settings"]["continue_on_step_failure"] is True
    assert canvas.stored()["settings"]["experiment"] == "churn"


def test_a_step_is_discussed_and_the_discussion_settled(canvas: Canvas) -> None:
    canvas.select("split_data")
    panel(canvas).locator("details.menu > summary").first.click()
    panel(canvas).get_by_role("button", name="Discuss").click()
    dialog = canvas.page.get_by_role("dialog", name=re.compile("Discussion of"))
    box = dialog.get_by_role("textbox", name="New comment")
    box.press_sequentially("Why 0.5 and not 0.8, @own")
    dialog.get_by_role("option").first.click()
    expect(box).to_have_value(re.compile("@owner@example.org"))
    box.press("Control+Enter")
    said = dialog.get_by_role("listitem").filter(has_text="Why 0.5")
    expect(said.locator(".n-mention")).to_have_text("@owner@example.org")
    said.get_by_role("button", name="Resolve").click()
    expect(dialog).to_contain_text("All is settled")
    dialog.get_by_role("button", name=re.compile("Show 1 settled")).click()
    expect(said.get_by_role("button", name="Open again")).to_be_visible()


def test_the_help_of_a_module_is_one_click_away(canvas: Canvas) -> None:
    canvas.select("split_data")
    with canvas.page.context.expect_page() as opened:
        panel(canvas).get_by_role("link", name="Help on Split Data").click()
    help_page = opened.value
    expect(help_page.get_by_role("heading", level=1)).to_have_text("Split Data")
    expect(help_page.get_by_role("table")).to_contain_text("Fraction of rows in the first output")
    expect(help_page.get_by_label("Example in YAML")).to_contain_text("split_data")
    assert Axe().run(help_page).response["violations"] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_panel_is_accessible_in_both_themes(
    browser: Browser, studio_server: Studio, theme: str
) -> None:
    made = seed(studio_server, graph=FRESH, title="Panel")
    canvas = open_canvas(browser, studio_server, *made, theme=theme)
    for name in ("select_columns", "split_data", "script"):
        canvas.select(name)
        expect(panel(canvas).get_by_role("tab", name="Parameters")).to_be_visible()
        if name == "script":
            expect(canvas.page.locator(".cm-content")).to_be_visible()
        violations = Axe().run(canvas.page, context=".d-panel").response["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in violations] == []
    assert canvas.complaints == []
    canvas.page.context.close()
