"""Compute and environment pages in a real browser: forms, buttons that say why they are off, no axe finding."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.portal import signed_in
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]
SEED = """
import json
from django.test import Client
from registry import environments
from studio.compute import services
from studio.runs.services import create_run
from studio.workspaces.models import Membership, User, Workspace
lab = Workspace.objects.get(name="{workspace}")
owner = User.objects.get(email="owner@example.org")
sessions = dict()
for role in ("Owner", "Contributor", "Data Scientist", "Compute Operator", "Reader"):
    email = "owner@example.org" if role == "Owner" else role.replace(" ", ".").lower() + "@compute.example"
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, "correct horse battery")
    Membership.objects.get_or_create(workspace=lab, user=user, defaults=dict(role=role))
    client = Client()
    client.force_login(user)
    sessions[role] = client.cookies["sessionid"].value
outsider = User.objects.filter(email="out@compute.example").first()
outsider = outsider or User.objects.create_user("out@compute.example", "correct horse battery")
client = Client()
client.force_login(outsider)
sessions["outsider"] = client.cookies["sessionid"].value
for name, kind, config in (
    ("trainers", "cluster", dict(max_nodes=2)),
    ("gpus", "cluster", dict(size="Standard_NC6s_v3")),
    ("my-box", "instance", dict()),
    ("far", "machine", dict()),
    ("pods", "kubernetes", dict()),
):
    services.create(workspace=lab, name=name, kind=kind, config=config, user=owner)
environments.create(
    workspace=lab, name="small", specification=dict(requirements="iniconfig==2.0.0"), user=owner
)
job = dict(jobType="Command", displayName="needs a gpu", experimentName="compute", command="true",
           environmentId="azureml:minimal@latest", computeId="gpus", inputs=dict(), outputs=dict())
create_run(workspace=lab, user=owner, document=job)
print("SEEDED " + json.dumps(sessions))
"""
PATHS = (
    "compute/", "compute/new/", "compute/new/?kind=instance", "compute/of/trainers/",
    "compute/of/my-box/", "compute/of/far/", "compute/of/pods/", "environments/",
    "environment/new/", "environment/of/small/", "environment/of/sklearn-1.5/",
)  # fmt: skip


@pytest.fixture(scope="module")
def sessions(studio_server: Studio) -> dict[str, str]:
    """Return a session for each role, beside computes, an environment and a run that waits."""
    code = SEED.format(workspace=studio_server.workspace)
    found: dict[str, str] = studio_server.seed(code)
    return found


def address(studio: Studio, path: str) -> str:
    return f"{studio.url}/w/{studio.workspace}/{path}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_accessible_and_quiet(
    browser: Browser, studio_server: Studio, sessions: dict[str, str], theme: str
) -> None:
    page = signed_in(browser, studio_server, sessions["Owner"], theme)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    found = {}
    for path in PATHS:
        answer = page.goto(address(studio_server, path))
        assert answer is not None
        assert answer.status == 200, path
        page.wait_for_timeout(300)
        violations = Axe().run(page).response["violations"]
        found[path] = [(each["id"], each["nodes"][0]["html"][:120]) for each in violations]
    page.context.close()
    assert {path: each for path, each in found.items() if each} == {}
    assert complaints == []


def test_a_waiting_run_says_why(owner: Page, studio_server: Studio) -> None:
    owner.goto(address(studio_server, "compute/"))
    expect(owner.get_by_text("no GPU on this server: a node of gpus needs 1")).to_be_visible()


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("Owner", True), ("Contributor", True), ("Compute Operator", True),
        ("Data Scientist", False), ("Reader", False),
    ],
)  # fmt: skip
def test_buttons_are_off_with_the_reason_for_those_who_may_not(
    browser: Browser, studio_server: Studio, sessions: dict[str, str], role: str, may: bool
) -> None:
    page = signed_in(browser, studio_server, sessions[role])
    page.goto(address(studio_server, "compute/"))
    new = page.get_by_role("link" if may else "button", name="New compute")
    expect(new).to_be_visible()
    if not may:
        expect(new).to_be_disabled()
        expect(new).to_have_attribute("title", re.compile("lacks compute.manage"))
    page.goto(address(studio_server, "compute/of/my-box/"))
    stop = page.get_by_role("button", name="Stop")
    (expect(stop).to_be_enabled if may else expect(stop).to_be_disabled)()
    page.context.close()


def test_an_outsider_finds_nothing(
    browser: Browser, studio_server: Studio, sessions: dict[str, str]
) -> None:
    page = signed_in(browser, studio_server, sessions["outsider"])
    for path in ("compute/", "environments/", "environment/of/small/"):
        answer = page.goto(address(studio_server, path))
        assert answer is not None
        assert answer.status == 404
    page.context.close()


def test_a_cluster_is_made_changed_and_deleted(owner: Page, studio_server: Studio) -> None:
    owner.goto(address(studio_server, "compute/"))
    owner.get_by_role("link", name="New compute").click()
    owner.get_by_label("Name").fill("by-hand")
    owner.get_by_label("Most nodes").fill("3")
    owner.get_by_role("button", name="Create").click()
    owner.wait_for_url("**/compute/of/by-hand/")
    owner.get_by_label("Most nodes").fill("0")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text("whole number from 1")).to_be_visible()
    owner.get_by_label("Most nodes").fill("5")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text("0 of 0 to 5")).to_be_visible()
    owner.on("dialog", lambda dialog: dialog.accept())
    owner.get_by_role("button", name="Delete").click()
    confirm = owner.locator("dialog[open] .btn-danger, dialog[open] .btn-danger-solid")
    if confirm.count():
        confirm.first.click()
    owner.wait_for_url("**/compute/")
    expect(owner.get_by_role("link", name="by-hand")).to_have_count(0)


def test_an_instance_is_stopped_and_started(owner: Page, studio_server: Studio) -> None:
    owner.goto(address(studio_server, "compute/of/my-box/"))
    owner.get_by_role("button", name="Stop").click()
    expect(owner.get_by_role("button", name="Start")).to_be_visible()
    owner.get_by_role("button", name="Start").click()
    expect(owner.get_by_role("button", name="Stop")).to_be_visible()


def test_the_form_of_an_environment_reads_along_and_names_a_bad_pin(
    owner: Page, studio_server: Studio
) -> None:
    owner.goto(address(studio_server, "environment/new/"))
    owner.get_by_label("pip requirements").check()
    owner.get_by_label("Content").fill("azureml-defaults\niniconfig==99.99.99\n")
    expect(owner.locator("#env-check")).to_contain_text("azureml-defaults needs no installation")
    owner.get_by_role("button", name="Check packages").click()
    checked = owner.locator("#env-check")
    expect(checked).to_contain_text("iniconfig==99.99.99 cannot be had", timeout=60_000)
    owner.get_by_label("Name").fill("by-hand-env")
    owner.get_by_label("Content").fill("iniconfig==2.0.0\n")
    owner.get_by_role("button", name="Register").click()
    owner.wait_for_url("**/environment/of/by-hand-env/")


def test_a_build_shows_its_log_and_the_page_its_packages(
    owner: Page, studio_server: Studio
) -> None:
    owner.goto(address(studio_server, "environment/of/small/"))
    owner.get_by_role("button", name=re.compile("^Build")).click()
    owner.wait_for_url("**/runs/**")
    log = owner.locator("section.logview").first
    expect(log).to_contain_text("iniconfig==2.0.0", timeout=120_000)
    expect(owner.get_by_text("exact packages")).to_be_visible(timeout=60_000)
    owner.goto(address(studio_server, "environment/of/small/"))
    expect(owner.locator(".pill-completed").first).to_contain_text("Built", timeout=60_000)
