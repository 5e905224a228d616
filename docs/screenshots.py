"""Start a studio, run the samples and take the pictures that the README shows.

    .venv/bin/python docs/screenshots.py [names]    # all of them, or only these

Needs Debian's chromium and the development requirements.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, expect, sync_playwright  # noqa: E402

from tests.conftest import CHROMIUM, CHROMIUM_FLAGS  # noqa: E402
from tests.running import Studio, start_studio  # noqa: E402

SEED = """
import json, time
from django.test import Client
from designer.services import drafts, submitting
from designer.services.arranging import Ask
from registry.datastores import registering
from studio.portal.services import run_sample
from studio.workspaces.models import User, Workspace
user, workspace = User.objects.first(), Workspace.objects.first()
runs = []
for inputs in ({}, {"test_size": 0.3}):
    runs.append(run_sample(workspace=workspace, user=user, sample_id="diabetes", inputs=inputs))
draft = drafts.create_draft(
    workspace=workspace, user=user, name="Compare two learners", graph=drafts.sample_graph("automobile-compare")
)
runs.append(submitting.submit(pipeline=draft, user=user, ask=Ask()))
while not all(run.is_ended for run in runs):
    time.sleep(0.3)
    [run.refresh_from_db() for run in runs]
registering.register_sample(workspace=workspace, name="iris", user=user)
client = Client()
client.force_login(user)
print("SEEDED " + json.dumps([[r.guid for r in runs], draft.guid, client.cookies["sessionid"].value]))
"""


# What someone has done to the iris table so far.
STEPS = [
    {"op": "filter", "match": "all",
     "conditions": [{"column": "petal width (cm)", "operator": "more", "value": "1"}]},
    {"op": "derive", "name": "petal area", "left": "petal length (cm)", "operator": "*",
     "with": "column", "right": "petal width (cm)"},
    {"op": "aggregate", "function": "mean", "columns": ["petal area", "sepal length (cm)"],
     "by": ["target"]},
]  # fmt: skip


def main() -> None:
    """Take every page in both themes."""
    with start_studio("screenshots") as studio, sync_playwright() as playwright:
        seeded = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "shell", "-v", "0", "-c", SEED],
            env=studio.environment, cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        line = next(each for each in seeded.stdout.splitlines() if each.startswith("SEEDED "))
        guids, draft, session = json.loads(line.removeprefix("SEEDED "))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        for theme in ("light", "dark"):
            take(browser, studio, theme, guids, draft, session)


def take(
    browser: Browser, studio: Studio, theme: str, guids: list[str], draft: str, session: str
) -> None:
    """Take the pages in one theme."""
    base = f"{studio.url}/w/{studio.workspace}"
    pages = {
        "home": f"{base}/",
        "run": f"{base}/runs/{guids[1]}/",
        "graph": f"{base}/runs/{guids[2]}/?tab=graph",
        "compare": f"{base}/compare/?runs={guids[0]},{guids[1]}",
        "designer": f"{base}/pipelines/{draft}/?node=split_data&run={guids[2]}",
        "explore": f"{base}/data/iris/?tab=explore",
        "prepare": f"{base}/data/iris/?tab=prepare",
    }
    chosen = sys.argv[1:] or list(pages)
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    context.add_cookies([{"name": "sessionid", "value": session, "url": studio.url}])
    page = context.new_page()
    key = f"prepare:/api/v1/workspaces/{studio.workspace}/data/iris/versions/1:data.parquet"
    page.add_init_script(
        f"localStorage.setItem({json.dumps(key)}, {json.dumps(json.dumps(STEPS))})"
    )
    for name in chosen:
        page.goto(pages[name])
        page.wait_for_load_state("networkidle")
        if name == "designer":
            page.locator(".d-node[data-node='split_data']").wait_for()
            page.wait_for_timeout(2_000)  # the run's statuses and the preview arrive after the page
        if name == "compare":
            page.locator(".chart-plot .main-svg").nth(1).wait_for()
        if name == "prepare":
            page.locator(".prep-size", has_text="2 × 3").wait_for()
        if name == "explore":
            expect(page.locator("tr[data-waiting]")).to_have_count(0, timeout=60_000)
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        picture.save(ROOT / "docs" / "img" / f"{name}-{theme}.png", optimize=True)
    context.close()


if __name__ == "__main__":
    main()
