"""Many runs are compared as lines over what tells them apart."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.portal import signed_in
from tests.running import Studio

RUNS = 40
SEED = """
from django.test import Client
from django.utils import timezone
from studio.runs.models import Experiment, Run
from studio.runs.services import record_metrics
from studio.runs.services.creating import label_run
from studio.runs.services.metrics import Point
from studio.workspaces.models import User, Workspace
workspace = Workspace.objects.get(name="{workspace}")
experiment, made = Experiment.objects.get_or_create(workspace=workspace, name="many")
now = timezone.now()
for at in range({runs} if made else 0):
    run = Run.objects.create(
        workspace=workspace, experiment=experiment, name=f"many-{{at}}", display_name=f"Trial {{at}}",
        owner=User.objects.first(), kind="command", status="Completed", queued=now, started=now, ended=now,
        params={{"depth": at % 8, "booster": ["gbtree", "dart"][at % 2]}},
        document={{"jobType": "Command", "command": "true", "inputs": {{}}}},
    )
    label_run(run)
    record_metrics(run=run, points=[Point("auc", 0.5 + at / 100, 0, 1.0)])
client = Client()
client.force_login(User.objects.first())
print('SEEDED "' + client.cookies["sessionid"].value + '"')
"""


pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_range_on_an_axis_keeps_the_runs_in_it(
    browser: Browser, studio_server: Studio, theme: str
) -> None:
    code = SEED.format(workspace=studio_server.workspace, runs=RUNS)
    page = signed_in(browser, studio_server, studio_server.seed(code), theme)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{studio_server.url}/w/{studio_server.workspace}/compare/all/?experiment=many")
    expect(page.locator(".parallel-line")).to_have_count(RUNS)
    status = page.locator(".parallel").get_by_role("status")
    expect(status).to_have_text(f"{RUNS} runs")
    assert Axe().run(page).response["violations"] == []
    # From the top of the last axis to its middle: the better half by auc.
    grip = page.locator(".parallel-grip").last.bounding_box()
    assert grip
    middle = grip["x"] + grip["width"] / 2
    page.mouse.move(middle, grip["y"] + 1)
    page.mouse.down()
    page.mouse.move(middle, grip["y"] + grip["height"] / 2, steps=4)
    page.mouse.up()
    expect(status).to_have_text(re.compile(f"^\\d+ of {RUNS} runs$"))
    kept = int(status.inner_text().split()[0])
    assert RUNS // 4 < kept < RUNS * 3 // 4
    rows = page.get_by_role("row").filter(has_text="Trial")
    expect(rows.filter(visible=True)).to_have_count(kept)
    expect(page.get_by_role("link", name=f"Trial {RUNS - 1}", exact=True)).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(rows.filter(visible=True)).to_have_count(RUNS)
    assert complaints == []
    page.context.close()
