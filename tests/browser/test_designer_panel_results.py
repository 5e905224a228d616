"""Looking at what a run gave, planning one, versions and exports, in a real browser."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.canvas import Canvas, graph, node, open_canvas, seed
from tests.browser.panel import COMPARED, call, command, dock, field, panel, run_to_end
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]
BROKEN = graph(
    [
        node("import_data", "import_data", 320, 0, {"source": "sample", "sample": "iris"}),
        node(
            "script",
            "execute_python_script",
            320,
            130,
            {
                "python_script": "def azureml_main(dataframe1=None, dataframe2=None):\n"
                "    print('before it breaks')\n"
                "    raise ValueError('no such shelf')\n"
            },
        ),
    ],
    "import_data:dataset > script:dataset1",
)

LOOKS = (
    ("script", "Preview"),
    ("import_data", "Statistics"),
    ("evaluate", "Preview"),
    ("train_right", "Preview"),
    ("split_data", "Compare"),
)
DIALOGS = (
    "Versions",
    "Who changed what",
    "Export",
    "Import a graph",
    "Publish",
    "Runs of this pipeline",
    "Make an inference",
    "Submit",
)


@pytest.fixture(scope="module")
def compared(studio_server: Studio) -> tuple[str, str]:
    """Make a draft that compares two models, and run it to its end."""
    guid, session = seed(studio_server, graph=COMPARED, title="Compared")
    assert run_to_end(studio_server, guid)["run"]["status"] == "Completed"
    return guid, session


@pytest.fixture
def canvas(browser: Browser, studio_server: Studio, compared: tuple[str, str]) -> Iterator[Canvas]:
    """Open that draft with its run over it."""
    made = open_canvas(browser, studio_server, *compared)
    # One of the tests submits again: what was done by then may also be reused.
    done = made.page.locator(".d-node:is(.is-completed, .is-reused)")
    expect(done).to_have_count(10, timeout=60_000)
    yield made
    assert made.complaints == []
    made.page.context.close()


def heads(canvas: Canvas) -> Locator:
    return dock(canvas).get_by_role("columnheader")


def test_a_preview_has_types_missing_histograms_and_true_counts(canvas: Canvas) -> None:
    canvas.select("script")
    expect(dock(canvas)).to_contain_text("2,000 × 500")
    grid = dock(canvas).get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", "2001")
    expect(grid).to_have_attribute("aria-colcount", "501")
    value = heads(canvas).filter(has_text="value_000")
    expect(value).to_contain_text("% missing")
    expect(value.locator("svg.column-bars rect").first).to_be_attached()
    expect(heads(canvas).filter(has_text="plan")).to_contain_text("3 unique")


def test_500_columns_scroll_are_pinned_searched_and_copied(canvas: Canvas) -> None:
    canvas.select("script")
    grid = dock(canvas).get_by_role("grid")
    expect(grid).to_be_visible()
    assert dock(canvas).locator(".grid-cell").count() < 700
    first = heads(canvas).filter(has_text="id")
    first.hover()
    first.get_by_role("button", name="Pin id").click()
    grid.focus()
    canvas.press("Control+End")
    expect(heads(canvas).filter(has_text="value_497")).to_be_visible()
    expect(heads(canvas).filter(has_text=re.compile("^id")).first).to_be_in_viewport()
    expect(grid.get_by_role("row").last).to_contain_text("C-01999")
    spent = canvas.page.evaluate(SCROLL)
    assert spent < 33, f"a frame of scrolling takes {spent:.0f} ms"
    dock(canvas).get_by_role("button", name="Search and filter columns").click()
    dock(canvas).get_by_role("searchbox").fill("value_12")
    expect(dock(canvas)).to_contain_text("10 of 500 columns")
    dock(canvas).get_by_role("searchbox").fill("plan")
    grid.focus()
    canvas.press("Control+Home", "ArrowRight", "Shift+ArrowDown", "Control+c")
    copied = canvas.page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(r"(Basic|Family|Plus)\n(Basic|Family|Plus)", copied)


# The work of a frame on the main thread, with the waits of a busy machine left out.
SCROLL = """async () => {
  const grid = document.querySelector('.d-dock .grid-scroll');
  const spent = [];
  for (let step = 0; step < 30; step += 1) {
    const before = performance.now();
    grid.scrollLeft = step * 900;
    grid.dispatchEvent(new Event('scroll'));
    spent.push(performance.now() - before);
    await new Promise(requestAnimationFrame);
  }
  return spent.sort((a, b) => a - b)[15];
}"""


def test_statistics_tell_all_of_a_column(canvas: Canvas) -> None:
    canvas.select("import_data")
    dock(canvas).get_by_role("tab", name="Statistics").click()
    row = dock(canvas).get_by_role("row").filter(has_text="mean radius")
    row.get_by_role("button").click()
    detail = dock(canvas).get_by_role("complementary", name="Statistics of mean radius")
    expect(detail).to_contain_text("569")
    expect(detail).to_contain_text("14.1273")


def test_two_ports_are_compared_side_by_side(canvas: Canvas) -> None:
    dock(canvas).get_by_role("tab", name="Compare").click()
    dock(canvas).get_by_label("Left: output").select_option("split_data:results1")
    dock(canvas).get_by_label("Right: output").select_option("split_data:results2")
    expect(dock(canvas)).to_contain_text("398 rows left, 171 right")
    expect(dock(canvas).get_by_role("row").filter(has_text="mean radius")).to_contain_text("→")
    dock(canvas).get_by_role("button", name="Rows", exact=True).click()
    expect(dock(canvas).get_by_role("grid")).to_have_count(2)


def test_a_threshold_moves_the_confusion_matrix_of_both_models(canvas: Canvas) -> None:
    canvas.select("evaluate")
    evaluation = dock(canvas).get_by_role("region", name="Evaluation")
    expect(evaluation).to_contain_text("Left model")
    threshold = evaluation.get_by_role("region", name="Threshold")
    before = threshold.get_by_role("table").first.inner_text()
    slider = threshold.get_by_role("slider", name="Threshold")
    slider.fill("0.99")
    expect(threshold.get_by_role("status")).to_have_text("0.99")
    assert threshold.get_by_role("table").first.inner_text() != before
    expect(threshold.get_by_role("table")).to_have_count(2)
    evaluation.locator(".k-curve").first.scroll_into_view_if_needed()
    expect(evaluation.locator(".k-curve .main-svg").first).to_be_visible(timeout=60_000)


def test_a_model_shows_what_it_learned(canvas: Canvas) -> None:
    canvas.select("train_left")
    weights = dock(canvas).get_by_role("list", name="Coefficients")
    expect(weights.get_by_role("listitem")).to_have_count(31)
    canvas.select("train_right")
    expect(dock(canvas).get_by_role("list", name="Importance of each feature")).to_be_visible()
    dock(canvas).get_by_role("tab", name="Trees").click()
    expect(dock(canvas).get_by_role("img", name=re.compile("Tree of 398 rows"))).to_be_visible()


def test_submitting_shows_first_what_runs_what_is_reused_and_why(canvas: Canvas) -> None:
    canvas.select("split_data")
    # A share that no test run before has left a result for.
    share = f"0.7{1000 + time.time_ns() % 8999}"
    field(canvas, "fraction").get_by_role("textbox").fill(share)
    canvas.wait_saved()
    canvas.page.get_by_role("button", name="Submit", exact=True).click()
    dialog = canvas.page.get_by_role("dialog", name="Submit")
    changed = dialog.get_by_role("row").filter(has_text="Split Data").first
    expect(changed).to_contain_text("fraction 0.7")
    expect(changed).to_contain_text(share.rstrip("0"))
    expect(dialog.get_by_role("row").filter(has_text="Import Data")).to_contain_text("Reused")
    expect(dialog.get_by_role("status")).to_contain_text(re.compile(r"\d+ steps run, \d+ reused"))
    canvas.press("Control+Enter")
    expect(dialog).to_be_hidden()
    expect(canvas.page.locator(".d-node.is-reused").first).to_be_visible(timeout=60_000)


def compare(canvas: Canvas, left: str, right: str, number: int = 0) -> Locator:
    """Lay two outputs side by side, the left one of another run if one is numbered."""
    results = dock(canvas)
    results.get_by_role("tab", name="Compare").click()
    results.get_by_label("Left: output").select_option(left)
    results.get_by_label("Right: output").select_option(right)
    if number:
        runs = results.get_by_label("Left: run")
        option = runs.locator("option").filter(has_text=re.compile(rf"^Run {number}\b"))
        runs.select_option(option.get_attribute("value"))
    return results


def test_two_models_are_compared_by_feature(canvas: Canvas) -> None:
    results = compare(canvas, "train_left:trained_model", "train_right:trained_model")
    weights = results.get_by_role("region", name="Coefficients side by side")
    expect(weights.get_by_role("row").filter(has_text="mean radius")).to_contain_text("only left")
    expect(results.get_by_role("button", name="Rows", exact=True)).to_be_hidden()
    results.get_by_role("tab", name="Importance").click()
    importance = results.get_by_role("region", name="Importance side by side")
    expect(importance.get_by_role("row")).to_have_count(31)
    results.get_by_role("tab", name="Settings").click()
    told = results.get_by_role("region", name="Settings side by side").get_by_role("row")
    expect(told.filter(has_text="Learner")).to_contain_text("Logistic")
    expect(told.filter(has_text="Learner")).to_contain_text("Boosted")
    results.get_by_role("tab", name="Trees").click()
    expect(results.get_by_role("region", name="Right")).to_contain_text("Depth")


def test_a_model_and_its_evaluation_are_compared_with_those_of_another_run(
    browser: Browser, studio_server: Studio, compared: tuple[str, str]
) -> None:
    guid, session = compared
    draft = call(studio_server, "GET", f"pipelines/{guid}")
    for each in draft["graph"]["nodes"]:
        if each["id"] == "logistic":
            each["params"]["l2_weight"] = 40
    body = {"graph": draft["graph"], "revision": draft["revision"]}
    call(studio_server, "PUT", f"pipelines/{guid}/draft", body)
    assert run_to_end(studio_server, guid)["run"]["status"] == "Completed"
    canvas = open_canvas(browser, studio_server, guid, session)
    results = compare(canvas, "train_left:trained_model", "train_left:trained_model", number=1)
    row = results.get_by_role("row").filter(has_text="mean radius")
    expect(row).to_contain_text(re.compile(r"[+−]\d"), timeout=60_000)
    compare(canvas, "evaluate:evaluation", "evaluate:evaluation", number=1)
    metrics = results.get_by_role("region", name="Metrics side by side")
    expect(metrics.get_by_role("row").filter(has_text="AUC").first).to_be_visible()
    # Two models in each of two runs, under one threshold and in the same figures.
    threshold = results.get_by_role("region", name="Threshold")
    expect(threshold.get_by_role("table")).to_have_count(4)
    expect(threshold).to_contain_text("Right · Left model")
    violations = Axe().run(canvas.page, context=".d-dock").response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in violations] == []
    assert canvas.complaints == []
    canvas.page.context.close()


def test_a_checkpoint_is_kept_compared_and_brought_back(canvas: Canvas) -> None:
    command(canvas.page, "Versions")
    dialog = canvas.page.get_by_role("dialog", name="Versions")
    dialog.get_by_role("textbox", name="Name of the checkpoint").fill("before the change")
    dialog.get_by_role("button", name="Keep a checkpoint").click()
    row = dialog.get_by_role("listitem").filter(has_text="before the change")
    expect(row).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    canvas.select("split_data")
    seed_box = field(canvas, "random_seed").get_by_role("textbox")
    seed_box.fill("99")
    canvas.wait_saved()
    command(canvas.page, "Versions")
    row.get_by_role("button", name="Diff to draft").click()
    diff = canvas.page.get_by_role("dialog", name="What changed")
    expect(diff.get_by_role("row").filter(has_text="Split Data")).to_contain_text("99")
    diff.get_by_role("button", name="Versions").click()
    row.get_by_role("button", name="Restore…").click()
    row.get_by_role("button", name="Restore", exact=True).click()
    expect(seed_box).to_have_value("7")


@pytest.mark.parametrize(
    ("tab", "word"), [("YAML", "jobs:"), ("Python", "def"), ("JSON", '"schema"')]
)
def test_the_draft_is_exported(canvas: Canvas, tab: str, word: str) -> None:
    command(canvas.page, "Export")
    dialog = canvas.page.get_by_role("dialog", name="Export")
    dialog.get_by_role("tab", name=tab).click()
    expect(dialog.locator(".cm-content")).to_be_visible()
    with canvas.page.expect_download() as downloaded:
        dialog.get_by_role("button", name="Download").click()
    text = downloaded.value.path().read_text()
    assert word in text
    assert "split_data" in text


def test_a_graph_is_imported_as_a_new_draft(canvas: Canvas) -> None:
    command(canvas.page, "Import a graph")
    dialog = canvas.page.get_by_role("dialog", name="Import")
    dialog.get_by_role("textbox", name="Text").fill("jobs: [")
    dialog.get_by_role("button", name="Import as a new draft").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_role("textbox", name="Name").fill("Brought in")
    dialog.get_by_role("textbox", name="Text").fill(json.dumps(BROKEN))
    canvas.complaints.clear()  # the browser tells of the refusal, a 400
    dialog.get_by_role("button", name="Import as a new draft").click()
    canvas.page.wait_for_url(lambda url: canvas.guid not in url)
    expect(canvas.page.locator("#designer-crumb")).to_have_text("Brought in")


def test_a_run_is_cloned_to_a_draft(canvas: Canvas) -> None:
    command(canvas.page, "Runs of this pipeline")
    dialog = canvas.page.get_by_role("dialog", name="Runs of this pipeline")
    dialog.get_by_role("button", name="Clone to draft").first.click()
    canvas.page.wait_for_url(lambda url: canvas.guid not in url)
    expect(canvas.page.locator(".d-node")).to_have_count(10)


def test_publishing_gives_an_address_to_call(canvas: Canvas, studio_server: Studio) -> None:
    command(canvas.page, "Publish")
    dialog = canvas.page.get_by_role("dialog", name="Publish")
    dialog.get_by_label("Endpoint").fill("compared-models")
    dialog.get_by_role("button", name="Publish", exact=True).click()
    done = canvas.page.get_by_role("dialog", name="Published")
    expect(done.get_by_label("How to call it")).to_contain_text("compared-models/submit")
    assert call(studio_server, "GET", "pipeline-endpoints/compared-models")["default_version"]


def test_a_script_is_tried_on_a_sample_and_compared_with_its_last_run(canvas: Canvas) -> None:
    canvas.select("script")
    script = field(canvas, "python_script")
    script.get_by_role("textbox").click()
    canvas.press("Control+Home")
    canvas.page.keyboard.type("# tried\n")
    script.get_by_role("button", name="Diff to last run").click()
    expect(script.locator(".cm-changedLine, .cm-insertedLine").first).to_contain_text("# tried")
    script.get_by_role("button", name="Diff to last run").click()
    script.get_by_role("button", name="Run on a sample").click()
    tried = script.get_by_role("status")
    expect(tried).to_contain_text("Completed", timeout=90_000)
    tried.get_by_role("button", name="Preview").click()
    expect(dock(canvas)).to_contain_text("From a run on a sample")
    expect(dock(canvas).get_by_role("grid")).to_be_visible()


def test_a_failure_leads_to_the_line_of_the_log(browser: Browser, studio_server: Studio) -> None:
    guid, session = seed(studio_server, graph=BROKEN, title="Broken")
    assert run_to_end(studio_server, guid)["run"]["status"] == "Failed"
    canvas = open_canvas(browser, studio_server, guid, session)
    dock(canvas).get_by_role("tab", name=re.compile("Problems")).click()
    failure = dock(canvas).get_by_role("listitem").filter(has_text="no such shelf")
    expect(failure).to_be_visible()
    failure.get_by_role("button", name=re.compile("Open log")).click()
    expect(canvas.page).to_have_url(re.compile(r"#L\d+$"))
    before = canvas.page.url.partition("#L")[2]
    expect(dock(canvas).locator(".log-row").filter(has_text="before it breaks")).to_be_visible()
    expect(dock(canvas).locator(".log-row.is-current")).to_have_count(1)
    # The line is gone to as well where the log is open already, on another line.
    canvas.page.evaluate("history.replaceState(null, '', '#L1')")
    dock(canvas).get_by_role("tab", name=re.compile("Problems")).click()
    failure.get_by_role("button", name=re.compile("Open log")).click()
    expect(dock(canvas).locator(".log-row.is-current")).to_have_count(1)
    assert canvas.page.url.endswith(f"#L{before}")
    assert canvas.complaints == []
    canvas.page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_results_and_dialogs_are_accessible_in_both_themes(
    browser: Browser, studio_server: Studio, compared: tuple[str, str], theme: str
) -> None:
    canvas = open_canvas(browser, studio_server, *compared, theme=theme)
    for name, tab in LOOKS:
        canvas.select(name)
        dock(canvas).get_by_role("tab", name=tab).click()
        canvas.page.wait_for_timeout(900)
        see_no_violations(canvas.page, ".d-dock")
    for tab in ("Outputs", "Logs", "Lineage"):
        panel(canvas).get_by_role("tab", name=tab).click()
        canvas.page.wait_for_timeout(400)
        see_no_violations(canvas.page, ".d-panel")
    for name in DIALOGS:
        command(canvas.page, name)
        expect(canvas.page.locator("dialog.p-dialog")).to_be_visible()
        canvas.page.wait_for_timeout(700)
        see_no_violations(canvas.page, "dialog.p-dialog")
        canvas.page.locator("dialog.p-dialog").get_by_role("button", name="Close").click()
        expect(canvas.page.locator("dialog.p-dialog")).to_have_count(0)
    assert canvas.complaints == []
    canvas.page.context.close()


def see_no_violations(page: Page, where: str) -> None:
    found = Axe().run(page, context=where).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
