"""Compute and environment pages in a real browser: forms, buttons that say why they are off, no axe finding."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.portal import signed_in
from tests.roles import OUTSIDER
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]
SEED = """
import json
from registry import environments
from studio.compute import services
from studio.runs.services import create_run
from studio.workspaces.models import User, Workspace
from tests.roles import sessions_of
lab = Workspace.objects.get(name="{workspace}")
owner = User.objects.get(email="owner@example.org")
sessions = sessions_of(lab)
for name, kind, config in (
    ("trainers", "cluster", dict(max_nodes=2)),
    ("gpus", "cluster", dict(size="Standard_NC6s_v3")),
    ("my-box", "instance", dict()),
    ("far", "machine", dict()),
    ("pods", "kubernetes", dict()),
    ("host", "ssh", dict(address="ana@host.example")),
    ("bricks", "databricks", dict()),
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


# What each role holds of what these pages ask for; the rest is shown switched off, with the reason.
MAY = {
    "Owner": {"compute.manage", "registry.write", "runs.submit", "runs.edit"},
    "Contributor": {"compute.manage", "registry.write", "runs.submit", "runs.edit"},
    "Data Scientist": {"registry.write", "runs.submit", "runs.edit"},
    "Compute Operator": {"compute.manage"},
    "Reader": set(),
}
CONTROLS = {
    "compute/": [
        ("New compute", "compute.manage"), ("Save", "compute.manage"),
        ("Start needs a gpu sooner", "runs.edit"),
    ],
    "compute/of/my-box/": [
        ("Stop", "compute.manage"), ("Restart", "compute.manage"), ("Delete", "compute.manage"),
        ("Save", "compute.manage"),
    ],
    "environments/": [("New environment", "registry.write"), ("Delete unused", "compute.manage")],
    "environment/of/small/": [("New version", "registry.write"), ("Build", "runs.submit")],
}  # fmt: skip


@pytest.mark.parametrize("role", list(MAY))
def test_what_a_role_may_not_do_is_shown_switched_off_with_the_reason(
    browser: Browser, studio_server: Studio, sessions: dict[str, str], role: str
) -> None:
    page = signed_in(browser, studio_server, sessions[role])
    for path, controls in CONTROLS.items():
        answer = page.goto(address(studio_server, path))
        assert answer is not None
        if role == "Compute Operator" and path.startswith("environment"):
            assert answer.status == 403
            continue
        assert answer.status == 200
        main = page.get_by_role("main")
        for name, operation in controls:
            named = re.compile(f"^{name}")
            if operation in MAY[role]:
                button = main.get_by_role("button", name=named)
                expect(button.or_(main.get_by_role("link", name=named)).first).to_be_enabled()
                continue
            off = main.get_by_role("button", name=named).first
            expect(off).to_be_disabled()
            expect(off).to_have_attribute("title", re.compile(f'"{role}" lacks {operation}'))
    answer = page.goto(address(studio_server, "compute/of/far/"))
    told = page.get_by_text("manage.py join --pool")
    expect(told).to_have_count(1 if "compute.manage" in MAY[role] else 0)
    answer = page.goto(address(studio_server, "compute/new/"))
    assert answer is not None
    assert answer.status == (200 if "compute.manage" in MAY[role] else 403)
    page.context.close()


def test_an_outsider_finds_nothing(
    browser: Browser, studio_server: Studio, sessions: dict[str, str]
) -> None:
    page = signed_in(browser, studio_server, sessions[OUTSIDER])
    for path in (*CONTROLS, "compute/new/", "environment/of/sklearn-1.5/"):
        # The status is what counts: no page is drawn.
        assert page.request.get(address(studio_server, path)).status == 404, path
    page.context.close()


def test_each_kind_tells_how_a_machine_joins_or_why_none_can(
    owner: Page, studio_server: Studio
) -> None:
    owner.context.grant_permissions(["clipboard-read", "clipboard-write"])
    owner.goto(address(studio_server, "compute/of/far/"))
    join = owner.get_by_role("region", name="Join a machine")
    join.get_by_role("button", name="Copy").click()
    expect(owner.get_by_text("Copied").first).to_be_visible()
    copied = owner.evaluate("navigator.clipboard.readText()")
    assert f"python manage.py join --pool {studio_server.workspace}.far" in copied
    assert 'DATABASE_URL="$DATABASE_URL" \\\n' in copied
    for name, told in (("pods", "kind: Deployment"), ("host", "ssh -p 22 ana@host.example")):
        owner.goto(address(studio_server, f"compute/of/{name}/"))
        expect(owner.get_by_label("Command")).to_contain_text(told)
        expect(owner.get_by_text("No machine", exact=True)).to_be_visible()
    owner.goto(address(studio_server, "compute/of/bricks/"))
    expect(owner.get_by_text("Databricks exists only in Azure")).to_be_visible()
    owner.goto(address(studio_server, "compute/new/?kind=dask"))
    expect(owner.get_by_label("Scheduler address")).to_be_visible()


def test_quotas_shares_and_a_runs_place_are_changed_on_the_page(
    owner: Page, studio_server: Studio
) -> None:
    owner.goto(address(studio_server, "compute/"))
    owner.get_by_label("Slots", exact=True).fill("3")
    owner.get_by_label("Share of the workspace").fill("2")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text("3 slots, share 2")).to_be_visible()
    owner.get_by_label("For").select_option(label="reader")
    owner.get_by_label("Slots", exact=True).fill("1")
    owner.get_by_label("Share of the workspace").fill("")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text("1 slot", exact=True)).to_be_visible()
    for person, share in (("reader", ""), ("Whole workspace", "1")):
        owner.get_by_label("For").select_option(label=person)
        owner.get_by_label("Slots", exact=True).fill("")
        owner.get_by_label("Share of the workspace").fill(share)
        owner.get_by_role("button", name="Save").click()
        expect(owner.get_by_text("lifted.").first).to_be_visible()
    expect(owner.get_by_text("No quota: all free slots may be used.")).to_be_visible()
    queue = owner.get_by_role("region", name="Queue of local")
    row = queue.get_by_role("row").filter(has_text="needs a gpu").first
    before = int(row.locator("form .num").inner_text())
    row.get_by_role("button", name="Start needs a gpu sooner").click()
    expect(row.locator("form .num")).to_have_text(str(before + 1))


def test_a_cluster_is_made_from_the_size_table_changed_and_deleted(
    owner: Page, studio_server: Studio
) -> None:
    owner.goto(address(studio_server, "compute/"))
    owner.get_by_role("link", name="New compute").click()
    owner.get_by_label("Name").fill("by-hand")
    owner.get_by_label("Size").select_option("Standard_F4s_v2")
    owner.get_by_label("Fewest nodes").fill("1")
    owner.get_by_label("Most nodes").fill("3")
    owner.get_by_label("Idle seconds before scale down").fill("30")
    owner.get_by_role("button", name="Create").click()
    owner.wait_for_url("**/compute/of/by-hand/")
    facts = owner.get_by_label("Facts")
    expect(facts).to_contain_text("4 cores, 8 GiB")
    expect(facts).to_contain_text("0.169")
    expect(owner.get_by_text("1 of 1 to 3")).to_be_visible()
    owner.get_by_label("Most nodes").fill("0")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text("whole number from 1")).to_be_visible()
    owner.get_by_label("Fewest nodes").fill("9")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text("The fewest nodes are more than the most nodes.")).to_be_visible()
    owner.get_by_label("Most nodes").fill("5")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_text("1 of 1 to 5")).to_be_visible()
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


def test_the_form_names_what_cannot_be_mapped_and_an_image_that_is_not_used(
    owner: Page, studio_server: Studio
) -> None:
    owner.goto(address(studio_server, "environment/new/"))
    checked = owner.locator("#env-check")
    owner.get_by_label("Content").fill("dependencies:\n  - python=3.11\n  - cudatoolkit=11\n")
    expect(checked).to_contain_text("cudatoolkit is no Python package and was left out")
    owner.get_by_label("Image", exact=True).first.check()
    expect(owner.get_by_label("Content")).to_be_hidden()
    owner.get_by_role("textbox", name="Image").fill("docker.io/me/mine:1")
    owner.get_by_role("button", name="Check packages").click()
    expect(checked).to_contain_text("docker.io/me/mine:1 not used: no container runtime")
    owner.get_by_label("Interpreter as it is").check()
    owner.get_by_label("Name").fill("as-it-is")
    owner.get_by_role("button", name="Register").click()
    owner.wait_for_url("**/environment/of/as-it-is/")
    expect(owner.get_by_text("As it is", exact=True)).to_be_visible()


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
    owner.goto(address(studio_server, "environments/"))
    row = owner.get_by_role("region", name="Cache").get_by_role("row").filter(has_text="small")
    row.get_by_role("button", name=re.compile("^Delete small")).click()
    owner.get_by_role("dialog").get_by_role("button", name=re.compile("Delete|Confirm|Yes")).click()
    expect(owner.get_by_text("freed; the next use builds again.")).to_be_visible()
