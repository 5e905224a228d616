"""Datastores and the look at data in a real browser: accessible, quiet, and showing the table."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]
SEED = """
import json
from django.test import Client
from officina.storage import Entry
from registry import services as registry
from registry.datastores import registering, services
from studio.workspaces.models import User, Workspace
user = User.objects.get(email="owner@example.org")
lab = Workspace.objects.get(name="{workspace}")
client = Client()
client.force_login(user)
row = services.find(workspace=lab, name="workspaceblobstore")
services.upload(row, path="raw/orders.csv", chunks=[b"day,sum\\n1,2\\n2,5\\n"], overwrite=True, user=user)
services.upload(row, path="notes.txt", chunks=[b"hello"], overwrite=True, user=user)
if not services.rows(lab).filter(name="shop").exists():
    services.create(workspace=lab, name="shop", kind="postgresql", user=user, config=dict(
        server_name="127.0.0.1", database_name="shop", user_name="reader", password="not-shown"))
    services.create(workspace=lab, name="old", kind="dbfs", user=user, config={{}})
registering.register_sample(workspace=lab, name="iris", user=user, asset="flowers")
text = ",".join(f"column{{i}}" for i in range(500)) + "\\n" + "\\n".join(
    ",".join(str(r * i % 97) for i in range(500)) for r in range(300))
wide = registry.store().put_bytes(text.encode())
tree = registry.store().put_manifest({{"wide.csv": Entry(wide.sha256, wide.size)}})
registry.register(workspace=lab, kind="data", name="wide", tree=tree, user=user,
    document={{"dataType": "uri_file", "dataUri": tree.uri}})
for rows in ("1,a\\n2,b\\n3,c\\n", "1,a\\n2,B\\n4,d\\n"):
    blob = registry.store().put_bytes(("id,word\\n" + rows).encode())
    tree = registry.store().put_manifest({{"t.csv": Entry(blob.sha256, blob.size)}})
    registry.register(workspace=lab, kind="data", name="keyed", tree=tree, user=user,
        document={{"dataType": "uri_file", "dataUri": tree.uri}})
print("SEEDED " + json.dumps(client.cookies["sessionid"].value))
"""
PATHS = (
    "datastores/", "datastores/new/", "datastores/new/?kind=s3", "datastores/shop/edit/",
    "datastores/shop/", "datastores/old/", "datastores/workspaceblobstore/",
    "datastores/workspaceblobstore/?path=raw&file=raw/orders.csv",
    "data/flowers/?tab=explore", "data/wide/?tab=explore",
)  # fmt: skip


@pytest.fixture(scope="module")
def session(studio_server: Studio) -> str:
    code = SEED.format(workspace=studio_server.workspace)
    return str(studio_server.seed(code))


def open_page(browser: Browser, studio: Studio, session: str, theme: str) -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.add_cookies(
        [
            {"name": "sessionid", "value": session, "url": studio.url},
            {"name": "theme", "value": theme, "url": studio.url},
        ]
    )
    return context.new_page()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_accessible_and_quiet(
    theme: str, browser: Browser, studio_server: Studio, session: str
) -> None:
    page = open_page(browser, studio_server, session, theme)
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    wrong = []
    for path in PATHS:
        answer = page.goto(f"{studio_server.url}/w/{studio_server.workspace}/{path}")
        assert answer is not None and answer.status == 200, path
        if "explore" in path:
            expect(page.get_by_role("heading", name="Columns")).to_be_visible(timeout=60_000)
            expect(
                page.locator("section.card", has_text="Columns").locator("tbody tr").first
            ).to_be_visible(timeout=60_000)
        if folder := os.environ.get("OFFICINA_TEST_PICTURES"):
            name = "".join(c if c.isalnum() else "-" for c in path)
            page.screenshot(path=str(Path(folder, f"{name}-{theme}.png")), full_page=True)
        found = Axe().run(page).response["violations"]
        wrong += [(path, each["id"], each["nodes"][0]["html"][:200]) for each in found]
    page.context.close()
    assert wrong == []
    assert said == []


def test_a_table_of_500_columns_scrolls(
    browser: Browser, studio_server: Studio, session: str
) -> None:
    page = open_page(browser, studio_server, session, "light")
    page.goto(f"{studio_server.url}/w/{studio_server.workspace}/data/wide/?tab=explore")
    grid = page.get_by_role("grid", name="Rows")
    expect(grid).to_be_visible(timeout=60_000)
    grid.evaluate("it => { it.scrollLeft = it.scrollWidth; it.scrollTop = it.scrollHeight; }")
    expect(grid.get_by_text("column499")).to_be_visible(timeout=60_000)
    # 299 * 499 % 97 in the last row.
    expect(grid.get_by_role("gridcell", name=str(299 * 499 % 97), exact=True).first).to_be_visible(
        timeout=60_000
    )
    page.context.close()


def test_a_sample_is_registered_in_one_click_and_shown(
    browser: Browser, studio_server: Studio, session: str
) -> None:
    page = open_page(browser, studio_server, session, "light")
    page.goto(f"{studio_server.url}/w/{studio_server.workspace}/datastores/")
    page.get_by_role("button", name="Register wine").click()
    page.wait_for_url("**/data/wine/?version=*", timeout=60_000)
    # Names and types at once, then every column's statistics.
    lines = page.locator("section.card", has_text="Columns").locator("tbody tr")
    expect(lines).to_have_count(14, timeout=60_000)
    expect(page.locator("tr[data-waiting]")).to_have_count(0, timeout=60_000)
    expect(lines.first).to_contain_text("alcohol")
    expect(page.get_by_text("target is likely the target")).to_be_visible()
    page.context.close()


def test_two_versions_are_compared_by_a_key(
    browser: Browser, studio_server: Studio, session: str
) -> None:
    page = open_page(browser, studio_server, session, "light")
    address = f"{studio_server.url}/w/{studio_server.workspace}/data/keyed/"
    page.goto(f"{address}?tab=explore")
    page.get_by_label("Compare with version").select_option("1")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("Rows are matched by id.")).to_be_visible(timeout=60_000)
    changed = page.get_by_role("region", name="Changed rows").get_by_role("row")
    expect(changed).to_have_count(3)
    wrong = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in wrong] == []
    page.context.close()


def test_testing_a_connection_says_why_not(
    browser: Browser, studio_server: Studio, session: str
) -> None:
    page = open_page(browser, studio_server, session, "light")
    page.goto(f"{studio_server.url}/w/{studio_server.workspace}/datastores/shop/")
    page.get_by_role("button", name="Test connection").click()
    expect(
        page.get_by_text("127.0.0.1 is at 127.0.0.1, which datastores may not use.").first
    ).to_be_visible()
    assert "not-shown" not in page.content()
    page.context.close()
