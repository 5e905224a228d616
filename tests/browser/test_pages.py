"""The portal's pages in a real browser, against a running studio with a real run in it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]
EMAIL = "owner@example.org"
LIMIT = 120.0
SEED = """
from django.test import Client
from studio.portal.services import run_sample
from studio.workspaces.models import User, Workspace
user = User.objects.get(email="{email}")
client = Client()
client.force_login(user)
run = run_sample(workspace=Workspace.objects.get(name="{workspace}"), user=user, sample_id="diabetes-graph")
import json
print("SEEDED " + json.dumps([run.guid, client.cookies["sessionid"].value]))
"""
TABS = ("overview", "metrics", "graph", "steps", "outputs", "children", "definition", "lineage")
PATHS = (
    "", "runs/", "experiments/", "experiments/samples/", "compare/", "compare/all/", "compute/", "samples/",
    "models/", "data/", "environments/", "components/", "components/split_data/",
    *(f"runs/RUN/?tab={tab}" for tab in TABS),
)  # fmt: skip


@pytest.fixture(scope="module")
def seeded(studio_server: Studio) -> tuple[str, str]:
    """Run the graph sample to its end and return its guid and the owner's session."""
    code = SEED.format(email=EMAIL, workspace=studio_server.workspace)
    guid, session = studio_server.seed(code)
    until = time.monotonic() + LIMIT
    status = ""
    while time.monotonic() < until and status not in {"Completed", "Failed", "Canceled"}:
        _, body = studio_server.get(f"/api/v1/workspaces/{studio_server.workspace}/runs/{guid}")
        status = json.loads(body)["status"]
        time.sleep(0.3)
    assert status == "Completed"
    return guid, session


@pytest.fixture(params=["light", "dark"])
def themed(
    request: pytest.FixtureRequest, browser: Browser, studio_server: Studio, seeded: tuple[str, str]
) -> Iterator[Page]:
    """Return a signed-in page in one theme that notes what the console and the policy complain of."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.add_cookies(
        [
            {"name": "sessionid", "value": seeded[1], "url": studio_server.url},
            {"name": "theme", "value": request.param, "url": studio_server.url},
        ]
    )
    page = context.new_page()
    page.complaints = []  # type: ignore[attr-defined]
    page.on(
        "console", lambda said: page.complaints.append(said.text) if said.type == "error" else None
    )  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
    yield page
    context.close()


def address(studio: Studio, path: str, guid: str) -> str:
    return f"{studio.url}/w/{studio.workspace}/{path.replace('RUN', guid)}"


@pytest.mark.parametrize("path", PATHS)
def test_page_is_accessible_and_quiet_in_both_themes(
    themed: Page, studio_server: Studio, seeded: tuple[str, str], path: str
) -> None:
    answer = themed.goto(address(studio_server, path, seeded[0]))
    assert answer is not None
    assert answer.status == 200
    themed.wait_for_load_state(
        "networkidle", timeout=60_000
    ) if "RUN" not in path and path else themed.wait_for_timeout(700)
    found = Axe().run(themed).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
    assert themed.complaints == []  # type: ignore[attr-defined]


def test_a_keyboard_alone_reaches_a_run_and_its_tabs(
    themed: Page, studio_server: Studio, seeded: tuple[str, str]
) -> None:
    themed.goto(address(studio_server, "runs/", seeded[0]))
    themed.keyboard.press("Tab")
    expect(themed.locator(":focus")).to_have_text("Skip to content")
    link = themed.locator(f"a.main-link[href*='{seeded[0]}']")
    for _ in range(80):
        if link.evaluate("it => it === document.activeElement"):
            break
        themed.keyboard.press("Tab")
    themed.keyboard.press("Enter")
    themed.wait_for_url(f"**/runs/{seeded[0]}/**")
    themed.get_by_role("link", name="Graph", exact=True).focus()
    themed.keyboard.press("Enter")
    themed.wait_for_url("**tab=graph*")
    themed.get_by_role("button", name="Rerun").focus()
    themed.keyboard.press("Enter")
    expect(themed.get_by_role("dialog")).to_be_visible()
    themed.keyboard.press("Escape")
    expect(themed.get_by_role("dialog")).to_be_hidden()


def test_rerunning_reuses_every_step_and_says_so(
    themed: Page, studio_server: Studio, seeded: tuple[str, str]
) -> None:
    themed.goto(address(studio_server, "runs/RUN/", seeded[0]))
    themed.get_by_role("button", name="Rerun").click()
    themed.get_by_role("dialog").get_by_role("button", name="Submit").click()
    themed.wait_for_url(lambda url: "/runs/" in url and seeded[0] not in url)
    expect(themed.locator("#run-head")).to_contain_text("7 reused", timeout=60_000)
