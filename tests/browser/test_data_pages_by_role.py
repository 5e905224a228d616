"""The pages of data as each role meets them: what it may do works, the rest is off and says why."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, TimeoutError

from tests.browser.portal import signed_in
from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]
SEED = """
import json
from officina.storage import Entry
from registry import services as registry
from registry.datastores import services
from studio.automation import services as automation
from studio.workspaces.models import User, Workspace
from tests.roles import sessions_of
lab = Workspace.objects.get(name="{workspace}")
owner = User.objects.get(email="owner@example.org")
sessions = sessions_of(lab)
if not services.rows(lab).filter(name="role-lake").exists():
    services.create(workspace=lab, name="role-lake", kind="adls_gen1", user=owner, config=dict(store_name="x"))
    store = services.find(workspace=lab, name="workspacefilestore")
    services.upload(store, path="roles/a.csv", chunks=[b"x,y\\n1,2\\n"], overwrite=True, user=owner)
    for rows in ("1,a\\n2,b\\n", "1,a\\n2,B\\n"):
        blob = registry.store().put_bytes(("id,word\\n" + rows).encode())
        tree = registry.store().put_manifest({{"t.csv": Entry(blob.sha256, blob.size)}})
        registry.register(workspace=lab, kind="data", name="role-words", tree=tree, user=owner,
            document={{"dataType": "uri_file", "dataUri": tree.uri}})
    automation.set_rules(workspace=lab, user=owner, name="role-words", rules=[dict(rule="unique", column="id")])
    automation.save_schedule(workspace=lab, name="role-import", user=owner, document=dict(
        trigger=dict(triggerType="Cron", expression="0 6 * * *"), action=dict(
            actionType="ImportData", dataImportDefinition=dict(assetName="role-words", dataType="uri_folder",
                source=dict(sourceType="file_system", path="roles", connection="azureml:workspacefilestore")))))
print("SEEDED " + json.dumps(sessions))
"""
ASSET = "data/role-words/"
# Each page with the controls that change something, and the operation that each takes.
PAGES: dict[str, dict[str, str]] = {
    "datastores/": {"New datastore": "registry.write", "Register iris": "registry.write"},
    "datastores/role-lake/": {"Edit": "registry.write"},
    "datastores/workspacefilestore/?path=roles&file=roles/a.csv": {
        "Upload": "registry.write", "Register as data": "registry.write",
    },
    "data/": {"Upload": "registry.write"},
    ASSET: {"New version": "registry.write", "Edit": "registry.write"},
    f"{ASSET}?tab=explore&from=1": {},
    f"{ASSET}?tab=prepare": {
        "Run now": "runs.submit", "Save as pipeline": "designer.write",
    },
    f"{ASSET}?tab=files": {},
    f"{ASSET}?tab=versions": {},
    f"{ASSET}?tab=lineage": {},
    "data-quality/role-words/": {"Save rules": "registry.write", "Check": "runs.submit"},
    "schedules/": {"New schedule": "runs.submit", "Run role-import now": "runs.submit"},
    "schedules/of/role-import/": {"Run now": "runs.submit", "Delete": "runs.submit"},
}  # fmt: skip
READS = {"registry.read", "runs.read"}
WRITES = READS | {"registry.write", "runs.submit", "designer.write"}
MAY = {
    "Owner": WRITES, "Contributor": WRITES, "Data Scientist": WRITES,
    "Compute Operator": {"runs.read"}, "Reader": READS,
}  # fmt: skip
# Axe has seen these pages as their owner; here it looks at controls that are off.
LOOKED_AT = "Reader"


@pytest.fixture(scope="module")
def sessions(studio_server: Studio) -> dict[str, str]:
    code = SEED.format(workspace=studio_server.workspace)
    return studio_server.seed(code)  # type: ignore[no-any-return]


def faults(page: Page, path: str, controls: dict[str, str], may: set[str]) -> list[Any]:
    """Return what is not as it should be: a control that is missing, on, off, or off without a reason."""
    found = []
    for name, operation in controls.items():
        named = page.get_by_role("button", name=name, exact=True)
        first = (
            named.or_(page.get_by_role("link", name=name, exact=True)).filter(visible=True).first
        )
        try:
            first.wait_for()  # the tab Prepare draws its own
        except TimeoutError:
            found.append((path, name, "is not there"))
            continue
        if first.is_enabled() != (operation in may):
            found.append((path, name, "is on" if first.is_enabled() else "is off"))
        elif operation not in may and operation not in (first.get_attribute("title") or ""):
            found.append((path, name, "does not say why it is off"))
    return found


@pytest.mark.parametrize("role", [*MAY, "Outsider"])
def test_every_page_of_data_serves_this_role(
    role: str, browser: Browser, studio_server: Studio, sessions: dict[str, str]
) -> None:
    theme = "dark" if role == LOOKED_AT else "light"
    page = signed_in(browser, studio_server, sessions[role], theme)
    page.set_default_timeout(30_000)
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    may, wrong = MAY.get(role, set()), []
    for path, controls in PAGES.items():
        needed = "runs.read" if path.startswith("schedules/") else "registry.read"
        wanted = 404 if role == "Outsider" else 200 if needed in may else 403
        answer = page.goto(f"{studio_server.url}/w/{studio_server.workspace}/{path}")
        if answer is None or answer.status != wanted:
            wrong.append((path, f"answers {answer and answer.status}, not {wanted}"))
            continue
        if wanted != 200:
            # Whoever may not see it is told so on a page of ours, with what is missing.
            if role != "Outsider" and needed not in page.content():
                wrong.append((path, "does not name the operation that is missing"))
            continue
        wrong += faults(page, path, controls, may)
        if role == LOOKED_AT:
            found = Axe().run(page).response["violations"]
            wrong += [(path, each["id"], each["nodes"][0]["html"][:200]) for each in found]
    page.context.close()
    assert wrong == []
    assert said == []
