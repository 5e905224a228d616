"""A run that a real mlflow client logs from elsewhere looks like any other in the portal, live and afterwards."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.facades.mlflow import clients
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow, pytest.mark.clients]
LIMIT = 60_000
SESSION = """
from django.test import Client
from studio.workspaces.models import User
client = Client()
client.force_login(User.objects.get(email="owner@example.org"))
print("SESSION " + client.cookies["sessionid"].value)
"""


@pytest.fixture
def going(studio_server: Studio, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start the script, and return its run's id while it waits for a line before it ends."""
    script = clients.HERE / "scripts" / "outside.py"
    with subprocess.Popen(
        [str(clients.python_of("mlflow3")), str(script)], cwd=tmp_path, text=True,
        env=clients.environment(studio_server), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout
        # The client itself prints where its runs are shown.
        guid = next(line for line in process.stdout if line.startswith("RUN ")).split()[1]
        yield guid, process
        process.kill()


@pytest.fixture
def page(browser: Browser, studio_server: Studio) -> Iterator[Page]:
    printed = studio_server.shell(SESSION)
    session = next(line for line in printed.splitlines() if line.startswith("SESSION "))
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    cookie = {"name": "sessionid", "value": session.split()[1], "url": studio_server.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    found = context.new_page()
    found.set_default_timeout(LIMIT)
    yield found
    context.close()


def test_all_that_a_client_logged_is_on_the_runs_page(
    page: Page, studio_server: Studio, going: tuple[str, subprocess.Popen[str]], tmp_path: Path
) -> None:
    guid, process = going
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    base = f"{studio_server.url}/w/{studio_server.workspace}/runs/{guid}/"
    page.goto(base)
    aside = page.locator("#run-aside")
    for text in ("folds", "lbfgs", "toy", "training", "model classifier", "Tried on my laptop."):
        expect(aside).to_contain_text(text)
    expect(page.locator("#run-head")).to_contain_text("search")
    expect(page.locator("#run-head")).to_contain_text("Running")
    page.goto(f"{base}?tab=children")
    for name, score in (("trial 0", "0.8000"), ("trial 1", "0.9000")):
        row = page.locator("#run-children tr", has_text=name)
        expect(row).to_contain_text("Completed")
        expect(row).to_contain_text(score)
    assert Axe().run(page).response["violations"] == []
    page.screenshot(path=str(tmp_path / "children.png"))
    page.goto(f"{base}?tab=outputs&file=notes/readme.txt")
    expect(page.locator("pre.pre")).to_contain_text("second line")
    page.goto(f"{base}?tab=outputs&file=models/classifier/MLmodel")
    expect(page.locator("pre.pre")).to_contain_text("flavors")
    page.goto(f"{base}?tab=outputs&file=table.csv")
    expect(page.locator(".files-view")).to_contain_text("2 columns")
    page.goto(f"{base}?tab=metrics")
    expect(page.locator("main")).to_contain_text("system/cpu_utilization_percentage")
    chart = page.locator("[data-widget=chart][data-title='loss by step']")
    expect(chart.locator(".plot-container, svg, canvas").first).to_be_visible()
    # Live: the status changes on the open page as soon as the client says so.
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()
    expect(page.locator("#run-head")).to_contain_text("Completed")
    assert process.wait(60) == 0
    assert process.stdout
    printed = next(line for line in process.stdout if "View run search at: " in line)
    _, body = studio_server.get(
        f"/api/v1/workspaces/{studio_server.workspace}/runs/{guid}/metrics?key=loss", timeout=30
    )
    assert len(json.loads(body)["series"]["loss"]["steps"]) == 21
    page.goto(f"{base}?tab=lineage")
    # The link that the client printed leads here.
    page.goto(printed.split(" at: ")[1].strip())
    page.wait_for_url(base)
    page.screenshot(path=str(tmp_path / "overview.png"), full_page=True)
    assert complaints == []
