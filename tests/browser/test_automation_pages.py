"""Imports, rules and schedules in a real browser: from the form to the version, the report and the history."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]
LONG = 90_000
SEED = """
import json
from django.test import Client
from registry.datastores import services
from studio.workspaces.models import User, Workspace
user = User.objects.get(email="owner@example.org")
lab = Workspace.objects.get(name="{workspace}")
client = Client()
client.force_login(user)
row = services.find(workspace=lab, name="workspaceblobstore")
lines = "".join(f"{{n}},{{n - 3}}\\n" for n in range(40))
services.upload(row, path="sales/day.csv", chunks=[b"id,amount\\n", lines.encode()],
    overwrite=True, user=user)
print("SEEDED " + json.dumps(client.cookies["sessionid"].value))
"""


@pytest.fixture(scope="module")
def session(studio_server: Studio) -> str:
    code = SEED.format(workspace=studio_server.workspace)
    return str(studio_server.seed(code))


def look(page: Page, name: str, wrong: list[tuple[str, str, str]]) -> None:
    """Note what axe finds on this page in both themes, and keep its picture where one is wanted."""
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme; }", theme)
        if folder := os.environ.get("OFFICINA_TEST_PICTURES"):
            page.screenshot(path=str(Path(folder, f"automation-{name}-{theme}.png")))
        options = {} if theme == "light" else {"runOnly": ["color-contrast"]}
        found = Axe().run(page, options=options).response["violations"]
        wrong += [(name, each["id"], each["nodes"][0]["html"][:200]) for each in found]


def test_data_is_imported_held_to_rules_and_imported_again_by_a_schedule(
    browser: Browser, studio_server: Studio, session: str
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.add_cookies([{"name": "sessionid", "value": session, "url": studio_server.url}])
    page = context.new_page()
    page.set_default_timeout(LONG)
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    wrong: list[tuple[str, str, str]] = []
    base = f"{studio_server.url}/w/{studio_server.workspace}"

    # Import, after a look at the source.
    page.goto(f"{base}/data-import/?source=files")
    page.get_by_label("Datastore").select_option("workspaceblobstore")
    page.get_by_label("Path").fill("sales/day.csv")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#import-preview").get_by_role("cell", name="-3")).to_be_visible()
    look(page, "import", wrong)
    page.get_by_label("Data asset").fill("sales")
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url("**/runs/*/")
    expect(page.locator("[data-status=Completed]").first).to_be_visible(timeout=LONG)

    # Rules, a check, and the rows that break them.
    page.goto(f"{base}/data/sales/")
    page.get_by_role("link", name="Quality").click()
    page.get_by_label("Rules", exact=True).fill(
        "- {rule: between, column: amount, min: 30}\n- {rule: unique, column: id}\n"
    )
    page.get_by_role("button", name="Save rules").click()
    expect(page.get_by_text("held to 2 rules", exact=True)).to_be_visible()
    look(page, "rules", wrong)
    page.get_by_role("button", name="Check").click()
    page.wait_for_url("**/checks/**")
    expect(page.get_by_text("33 of 40 rows do not meet it.")).to_be_visible(timeout=LONG)
    look(page, "report", wrong)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("21–33 of 33 rows")).to_be_visible()

    # The same import on a schedule, fired now: nothing changed, so there is no second version.
    page.goto(f"{base}/data-import/?source=files&name=sales")
    page.get_by_label("Datastore").select_option("workspaceblobstore")
    page.get_by_label("Path").fill("sales/day.csv")
    page.get_by_role("button", name="Schedule it").click()
    page.wait_for_url("**/schedules/new/**")
    page.get_by_label("Cron expression").check()
    page.get_by_label("Expression", exact=True).fill("0 6 * * 1")
    expect(page.locator("#times")).to_contain_text("06:00 on Monday")
    page.get_by_label("Do", exact=True).select_option("create_job")
    expect(page.get_by_label("Job", exact=True)).to_be_visible()
    page.get_by_label("Do", exact=True).select_option("import_data")
    assert "path: sales/day.csv" in page.get_by_label("Import", exact=True).input_value()
    look(page, "schedule-form", wrong)
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/schedules/of/import-sales/")
    page.get_by_role("button", name="Run now").click()
    history = page.locator("#history")
    expect(history.get_by_text("Unchanged since sales:1: no new version.")).to_be_visible(
        timeout=LONG
    )
    look(page, "schedule", wrong)
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("None: it is off.")).to_be_visible()
    page.goto(f"{base}/schedules/")
    expect(
        page.get_by_role("row", name="import-sales").get_by_text("off", exact=True)
    ).to_be_visible()
    look(page, "schedules", wrong)
    context.close()
    assert wrong == []
    assert said == []
