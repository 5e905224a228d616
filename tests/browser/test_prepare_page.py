"""The Prepare tab in a real browser: steps tried as they are changed, saved, and run into a version."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.portal import signed_in
from tests.roles import OUTSIDER
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]
LONG = 60_000
SEED = """
import json
from officina.storage import Entry
from registry import services as registry
from studio.workspaces.models import User, Workspace
from tests.roles import sessions_of
lab = Workspace.objects.get(name="{workspace}")
owner = User.objects.get(email="owner@example.org")
sessions = sessions_of(lab)
orders = "id,amount,town\\n" + "".join(f"{{i}},{{i * 2}},{{'ab'[i % 2]}}\\n" for i in range(1, 41))
for name, file, data in (
    ("prepared", "orders.csv", orders.encode()),
    ("cut-short", "t.parquet", b"PAR1 no footer"),
    ("picture", "t.csv", b"\\x89PNG\\r\\n\\x00\\x00"),
):
    blob = registry.store().put_bytes(data)
    tree = registry.store().put_manifest({{file: Entry(blob.sha256, blob.size)}})
    registry.register(workspace=lab, kind="data", name=name, tree=tree, user=owner,
        document={{"dataType": "uri_folder", "dataUri": tree.uri}})
print("SEEDED " + json.dumps(sessions))
"""


@pytest.fixture(scope="module")
def sessions(studio_server: Studio) -> dict[str, str]:
    """Return a session for each role, beside tables to prepare."""
    code = SEED.format(workspace=studio_server.workspace)
    found: dict[str, str] = studio_server.seed(code)
    return found


def visit(page: Page, studio: Studio, asset: str = "prepared", tab: str = "prepare") -> int:
    answer = page.goto(f"{studio.url}/w/{studio.workspace}/data/{asset}/?tab={tab}")
    assert answer is not None
    return answer.status


def add(page: Page, title: str) -> None:
    page.locator("details.prep-add summary").click()
    page.locator("details.prep-add").get_by_role("button", name=title, exact=True).click()


def add_filter(page: Page, column: str, operator: str, value: str) -> None:
    add(page, "Filter rows")
    page.get_by_label("Column of condition 1").select_option(column)
    page.get_by_label("Operator of condition 1").select_option(operator)
    page.get_by_label("Value of condition 1").fill(value)


def sizes(page: Page, *expected: str) -> None:
    """Wait until the table and its steps have these sizes."""
    expect(page.locator(".prep-size")).to_have_text(list(expected), timeout=LONG)


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("OFFICINA_TEST_PICTURES"):
        page.screenshot(path=str(Path(folder, f"{name}.png")))


def test_steps_are_tried_as_they_are_changed(owner: Page, studio_server: Studio) -> None:
    said: list[str] = []
    owner.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    assert visit(owner, studio_server) == 200
    sizes(owner, "40 × 3")
    add_filter(owner, "id", "more", "10")
    sizes(owner, "40 × 3", "30 × 3")
    add(owner, "Derive a column")
    expect(owner.locator("[data-problem='1']")).to_contain_text("is empty", timeout=LONG)
    owner.get_by_label("New column").fill("sum")
    owner.get_by_label("Column", exact=True).select_option("amount")
    sizes(owner, "40 × 3", "30 × 3", "30 × 4")
    head = owner.get_by_role("columnheader", name="sum")
    expect(head).to_contain_text("new")
    add(owner, "Sum or aggregate")
    group = owner.locator(".prep-form fieldset")
    group.first.get_by_label("sum").check()
    group.last.get_by_label("town").check()
    sizes(owner, "40 × 3", "30 × 3", "30 × 4", "2 × 2")
    # 12 + 14 + … + 40 over the odd or even ids from 11 to 40, and one more each.
    cells = owner.get_by_role("grid").get_by_role("gridcell")
    expect(cells.filter(has_text=re.compile("^795$"))).to_have_count(1, timeout=LONG)
    # Order, disabling, undo and redo.
    owner.get_by_role("button", name="Disable Filter rows").click()
    sizes(owner, "40 × 3", "off", "40 × 4", "2 × 2")
    owner.get_by_role("button", name="Undo").click()
    sizes(owner, "40 × 3", "30 × 3", "30 × 4", "2 × 2")
    owner.get_by_role("button", name="Move Derive a column up").click()
    sizes(owner, "40 × 3", "40 × 4", "30 × 4", "2 × 2")
    owner.get_by_role("button", name="Remove Derive a column").click()
    expect(owner.locator(".prep-step").nth(2).locator(".field-error")).to_contain_text(
        'There is no column "sum".', timeout=LONG
    )
    owner.keyboard.press("Control+z")
    sizes(owner, "40 × 3", "40 × 4", "30 × 4", "2 × 2")
    # What was done is there after a reload.
    owner.reload()
    sizes(owner, "40 × 3", "40 × 4", "30 × 4", "2 × 2")
    picture(owner, "prepare-steps")
    assert said == []


def test_steps_become_a_pipeline_and_a_new_version(owner: Page, studio_server: Studio) -> None:
    visit(owner, studio_server)
    add_filter(owner, "town", "is", "a")
    sizes(owner, "40 × 3", "20 × 3")
    owner.get_by_role("button", name="Save as pipeline").click()
    owner.get_by_role("dialog").get_by_role("button", name="Save").click()
    owner.wait_for_url("**/pipelines/*/", timeout=LONG)
    expect(owner.locator(".d-node")).to_have_count(2, timeout=LONG)
    owner.go_back()
    owner.get_by_role("button", name="Run now").click()
    owner.get_by_role("dialog").get_by_label("Data asset").fill("only-a")
    owner.get_by_role("dialog").get_by_role("button", name="Run").click()
    owner.wait_for_url("**/runs/*/", timeout=LONG)
    expect(owner.locator(".title-row .pill")).to_contain_text("Completed", timeout=2 * LONG)
    visit(owner, studio_server, "only-a")
    sizes(owner, "20 × 3")
    owner.get_by_role("button", name="Steps that made this version").click()
    expect(owner.locator(".prep-title").last).to_have_text("1. Filter rows")
    visit(owner, studio_server, "only-a", "lineage")
    expect(owner.get_by_text("prepared").first).to_be_visible(timeout=LONG)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_accessible_in_both_themes(
    theme: str, browser: Browser, studio_server: Studio, sessions: dict[str, str]
) -> None:
    page = signed_in(browser, studio_server, sessions["Contributor"], theme)
    visit(page, studio_server)
    for title in ("Rename columns", "Add another table", "Filter rows"):
        add(page, title)
        expect(page.locator(".prep-form")).to_be_visible()
    expect(page.locator(".field-error:visible").first).to_be_visible(timeout=LONG)
    found = Axe().run(page).response["violations"]
    picture(page, f"prepare-{theme}")
    page.context.close()
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []


def test_each_role_may_do_what_its_operations_say(
    browser: Browser, studio_server: Studio, sessions: dict[str, str]
) -> None:
    may = {"Owner": True, "Contributor": True, "Data Scientist": True, "Reader": False}
    for role, allowed in may.items():
        page = signed_in(browser, studio_server, sessions[role])
        assert visit(page, studio_server) == 200, role
        sizes(page, "40 × 3")
        for name in ("Save as pipeline", "Run now"):
            button = page.get_by_role("button", name=name)
            expect(button).to_be_enabled(enabled=allowed)
            if not allowed:
                expect(button).to_have_attribute("title", re.compile("."))
        # Trying is reading: a reader may.
        add_filter(page, "id", "most", "5")
        sizes(page, "40 × 3", "5 × 3")
        page.context.close()
    for role, status in (("Compute Operator", 403), (OUTSIDER, 404)):
        page = signed_in(browser, studio_server, sessions[role])
        assert visit(page, studio_server) == status, role
        page.context.close()


def test_broken_files_say_so_on_the_page(owner: Page, studio_server: Studio) -> None:
    for name, words in (("cut-short", "does not end as a Parquet file"), ("picture", "is no text")):
        for tab in ("explore", "prepare"):
            assert visit(owner, studio_server, name, tab) == 200
            expect(owner.get_by_role("alert").filter(has_text=words)).to_be_visible(timeout=LONG)
