"""Each role walks the pages of a workspace: what it may open opens, and what it may not do is off and says why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.portal import signed_in
from tests.roles import OUTSIDER, ROLES
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]
SEED = """
import json
from registry import services as registry
from registry.services import staging
from studio.workspaces.models import Membership, User, Workspace
from studio.workspaces.operations import BUILT_IN_ROLES
from studio.workspaces.services import create_workspace
from tests.roles import email_of, sessions_of
owner = User.objects.get(email="owner@example.org")
made = []
for name in ("roles", "roles-other"):
    lab = Workspace.objects.filter(name=name).first() or create_workspace(name=name, user=owner)
    made.append(lab)
lab, other = made
sessions = sessions_of(lab)
contributor = User.objects.get(email=email_of("Contributor"))
Membership.objects.get_or_create(workspace=other, user=contributor, defaults={"role": "Owner"})
if not registry.assets(workspace=lab, kind="model", text="churn").exists():
    for kind in ("model", "data"):
        registry.register(workspace=lab, kind=kind, name="churn", document={}, user=owner)
    staging.set_rules(workspace=lab, own=[], guarded_stages=["Production"], user=owner)
held = {name: sorted(operations) for name, operations in BUILT_IN_ROLES.items()}
print("SEEDED " + json.dumps([sessions, held]))
"""
# A page, the operation that opens it, and on it a control with the operation that turns it on.
PAGES = (
    ("models/", "registry.read", "Upload", "registry.write"),
    ("data/", "registry.read", "Upload", "registry.write"),
    ("environments/", "registry.read", "New environment", "registry.write"),
    ("datastores/", "registry.read", "New datastore", "registry.write"),
    ("compute/", "compute.read", "New compute", "compute.manage"),
    ("schedules/", "runs.read", "New schedule", "runs.submit"),
    ("models/churn/", "registry.read", "Stage", "registry.write"),
)
OPENED = {
    "": "workspace.read", "components/": "registry.read", "code/": "registry.read",
    "runs/": "runs.read", "experiments/": "experiments.read", "pipelines/": "designer.read",
    "members/": "members.read", "settings/": "workspace.read",
    "settings/assets/": "workspace.manage", "settings/assets/import/": "workspace.manage",
    "activity/": "workspace.read", "activity/?show=audit": "workspace.read",
    "activity/?show=health": "workspace.read", "secrets/": "secrets.list",
    "service-accounts/": "serviceaccounts.manage", "tokens/": "tokens.own",
    "samples/": "workspace.read", "compare/": "runs.read", "data-import/": "registry.read",
    "models/churn/versions/1/delete/": "registry.delete",
}  # fmt: skip


@pytest.fixture(scope="module")
def seeded(studio_server: Studio) -> tuple[dict[str, str], dict[str, list[str]]]:
    sessions, held = studio_server.seed(SEED)
    return sessions, held


@pytest.mark.parametrize("role", [*ROLES, OUTSIDER])
def test_a_role_opens_what_it_may_and_sees_why_the_rest_is_off(
    role: str, browser: Browser, studio_server: Studio, seeded: Any
) -> None:
    sessions, held = seeded
    allowed = set(held.get(role, ()))
    page = signed_in(browser, studio_server, sessions[role])
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    base = f"{studio_server.url}/w/roles/"

    def status(operation: str) -> int:
        return 404 if role == OUTSIDER else 200 if operation in allowed else 403

    opened = dict.fromkeys((p for p, *_ in PAGES), "") | OPENED
    opened |= {path: operation for path, operation, *_ in PAGES}
    found = {path: page.request.get(base + path).status for path in opened}
    assert found == {path: status(operation) for path, operation in opened.items()}
    if role == OUTSIDER:
        page.context.close()
        return
    for path, operation, control, needed in PAGES:
        if operation not in allowed:
            continue
        page.goto(base + path, wait_until="domcontentloaded")
        button = page.locator(".page-head").get_by_text(control, exact=True).first
        if needed in allowed:
            expect(button).to_be_enabled()
        else:
            expect(button).to_be_disabled()
            assert needed in (button.get_attribute("title") or ""), path
    _every_link_opens(page, base)
    assert complaints == []
    page.context.close()


def _every_link_opens(page: Page, base: str) -> None:
    """No line of the menu or the palette leads where the role may not go."""
    page.goto(base, wait_until="domcontentloaded")
    links = page.eval_on_selector_all("#rail a[href]", "all => all.map(it => it.pathname)")
    lines = json.loads(page.locator("#palette-data").text_content() or "[]")
    found = page.request.get(f"{base}search.json?q=se").json()["results"]
    urls = {*links, *(line["url"].partition("#")[0] for line in [*lines, *found])}
    origin = base.partition("/w/")[0]
    assert {url: page.request.get(origin + url).status for url in urls} == dict.fromkeys(urls, 200)


def test_a_guarded_stage_takes_two_people(
    browser: Browser, studio_server: Studio, seeded: Any
) -> None:
    first, second = (
        signed_in(browser, studio_server, seeded[0][role]) for role in ("Owner", "Contributor")
    )
    address = f"{studio_server.url}/w/roles/models/churn/"
    first.goto(address)
    first.locator(".page-head").get_by_text("Stage", exact=True).click()
    dialog = first.get_by_role("dialog")
    dialog.get_by_label("Stage", exact=True).select_option("Production")
    dialog.locator("button.btn-primary").click()
    # Whoever asked may take it back, and cannot agree to it.
    expect(first.get_by_text("Production").first).to_be_visible()
    first.goto(address)
    expect(first.get_by_text("Someone else has to approve it.")).to_be_visible()
    expect(first.get_by_role("button", name="Approve")).to_have_count(0)
    expect(first.locator(".title-row .tag", has_text="Production")).to_have_count(0)
    second.goto(address)
    second.get_by_role("button", name="Approve").click()
    expect(second.locator(".title-row .tag", has_text="Production")).to_be_visible()
    second.goto(f"{studio_server.url}/w/roles/activity/?show=audit&type=registry.stage")
    expect(second.get_by_role("row", name="contributor@example.org").first).to_contain_text(
        "to: Production"
    )
    for page in (first, second):
        page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_of_settings_and_activity_are_accessible(
    theme: str, browser: Browser, studio_server: Studio, seeded: Any
) -> None:
    page = signed_in(browser, studio_server, seeded[0]["Owner"], theme)
    for path in ("settings/", "activity/", "activity/?show=audit", "activity/?show=health"):
        page.goto(f"{studio_server.url}/w/roles/{path}")
        found = Axe().run(page).response["violations"]
        assert [(path, each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
    with page.expect_download() as got:
        page.goto(f"{studio_server.url}/w/roles/activity/?show=audit")
        page.get_by_role("link", name="CSV").click()
    assert got.value.path().read_text().startswith("created,actor_name,action")
    page.context.close()


def test_jobs_are_isolated_by_an_owner(
    browser: Browser, studio_server: Studio, seeded: Any
) -> None:
    page = signed_in(browser, studio_server, seeded[0]["Owner"])
    page.goto(f"{studio_server.url}/w/roles-other/settings/")
    for choice in ("Isolated", "Open"):
        page.get_by_role("radio", name=choice).check()
        page.get_by_role("button", name="Save network").click()
        expect(page.locator("h2", has_text="Network of jobs").locator("..")).to_contain_text(
            choice.lower()
        )
    page.context.close()
