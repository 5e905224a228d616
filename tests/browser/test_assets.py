"""The pages of assets in a real browser: uploaded by hand and by drop, cut and gone on, and read by everyone."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]
SEED = """
import json, pickle
from officina.storage import Entry
from registry import services as registry
from studio.runs.models import LineageEdge
from studio.workspaces.models import User, Workspace
from tests.roles import sessions_of
lab = Workspace.objects.get(name="{workspace}")
sessions = sessions_of(lab)
if not registry.assets(workspace=lab, kind="model", text="churn-seeded").exists():
    def tree(files):
        blobs = {{n: registry.store().put_bytes(d) for n, d in files.items()}}
        return registry.store().put_manifest({{n: Entry(b.sha256, b.size) for n, b in blobs.items()}})
    owner = User.objects.get(email="owner@example.org")
    data = registry.register(workspace=lab, kind="data", name="sales-seeded", document={{"dataType": "uri_file"}},
        tree=tree({{"sales.csv": b"city,sum\\nOslo,7\\nRome,9\\n"}}), user=owner, tags={{"team": "growth"}})
    files = {{"model.pkl": pickle.dumps({{"a": 1}}), "notes.txt": b"hello"}}
    model = registry.register(workspace=lab, kind="model", name="churn-seeded", tree=tree(files),
        document={{"modelType": "custom_model"}}, user=owner, description="Who leaves.")
    registry.set_label(workspace=lab, kind="model", name="churn-seeded", label="champion", version="1")
    registry.request_stage(model, stage="Production", note="AUC 0.91", user=owner)
    LineageEdge.objects.create(workspace=lab, source=data.end, target="run/" + "0" * 32, label="data")
    LineageEdge.objects.create(workspace=lab, source="run/" + "0" * 32, target=model.end)
print("SEEDED " + json.dumps(sessions))
"""
PAGES = (
    "models/", "data/", "code/", "components/", "settings/assets/", "settings/assets/import/",
    *(f"models/churn-seeded/?tab={tab}" for tab in ("overview", "files", "versions", "lineage")),
    "data/sales-seeded/?tab=files", "models/churn-seeded/versions/1/delete/",
)  # fmt: skip


@pytest.fixture(scope="module")
def sessions(studio_server: Studio) -> dict[str, str]:
    """Seed two assets with lineage, and return each role's session."""
    code = SEED.format(workspace=studio_server.workspace)
    return studio_server.seed(code)  # type: ignore[no-any-return]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_page_is_accessible_and_quiet(path: str, theme: str, visit: Any) -> None:
    page = visit(path, theme=theme)
    assert page.status == 200
    if folder := os.environ.get("SCREENSHOT_FOLDER"):
        name = path.replace("/", "_").replace("?", "_")
        page.screenshot(path=f"{folder}/{name}-{theme}.png", full_page=True)
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
    assert page.complaints == []


STATUS = {
    "Owner": 200, "Contributor": 200, "Data Scientist": 200, "Compute Operator": 403, "Reader": 200,
    "Outsider": 404,
}  # fmt: skip


@pytest.mark.parametrize("who", list(STATUS))
def test_each_role_sees_the_models_page_as_its_row_says(who: str, visit: Any) -> None:
    page = visit("models/", who)
    assert page.status == STATUS[who]
    if page.status == 200:
        upload = page.get_by_role("button", name="Upload", exact=True).first
        if who == "Reader":
            expect(upload).to_be_disabled()
            assert "registry.write" in (upload.get_attribute("title") or "")
        else:
            expect(upload).to_be_enabled()


def choose(page: Page, files: list[str], name: str) -> None:
    page.get_by_role("button", name="Upload", exact=True).first.click()
    page.locator('[data-input="files"]').set_input_files(files)
    page.get_by_label("Name", exact=True).fill(name)
    page.locator("[data-start]").click()


def test_a_file_is_uploaded_in_chunks_over_a_line_that_is_cut(
    visit: Any, tmp_path: Path, studio_server: Studio
) -> None:
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(21_000_000))
    page = visit("data/", "Contributor")
    cut = []

    def maybe(route: Route) -> None:
        if route.request.method == "PATCH" and len(cut) < 2:
            cut.append(1)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/uploads/*", maybe)
    choose(page, [str(big)], f"big-{os.getpid()}")
    page.wait_for_url("**/data/big-*/?version=1", timeout=60_000)
    assert len(cut) == 2
    status, body = studio_server.get(
        f"/api/v1/workspaces/{studio_server.workspace}/data/big-{os.getpid()}/versions/1/download",
        timeout=60,
    )
    assert (status, body) == (200, big.read_bytes())


def test_a_dropped_folder_keeps_its_paths(visit: Any, tmp_path: Path) -> None:
    page = visit("code/", "Contributor")
    page.get_by_role("button", name="Upload", exact=True).first.click()
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "train.py").write_text("print('hello')\n")
    (folder / "README.md").write_text("read me\n")
    page.locator('[data-input="folder"]').set_input_files(str(folder))
    page.get_by_label("Name", exact=True).fill(f"project-{os.getpid()}")
    page.locator("[data-start]").click()
    page.wait_for_url("**/code/project-*/?version=1", timeout=60_000)
    page.get_by_role("link", name="Files").click()
    expect(page.get_by_role("link", name="src/train.py", exact=True)).to_be_visible()


def test_an_upload_is_canceled_half_way(visit: Any, tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(30_000_000))
    page = visit("data/", "Contributor")
    page.route("**/uploads/*", lambda route: (page.wait_for_timeout(200), route.continue_()))
    choose(page, [str(big)], "never-there")
    page.get_by_role("button", name="Cancel upload").click()
    expect(page.get_by_role("button", name="Close", exact=True).last).to_be_visible()
    page.reload()
    expect(page.get_by_text("never-there")).to_have_count(0)


def test_search_leads_from_the_keyboard_to_an_asset(visit: Any) -> None:
    page = visit("models/")
    page.keyboard.press("Control+k")
    page.keyboard.type("sales-seeded")
    expect(page.get_by_role("option", name="sales-seeded").first).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/data/sales-seeded/**")


def test_a_second_person_approves_a_stage(visit: Any, studio_server: Studio) -> None:
    page = visit("models/churn-seeded/", "Contributor")
    approve = page.get_by_role("button", name="Approve")
    if approve.count():
        approve.click()
        expect(page.get_by_text("was approved")).to_be_visible()
    expect(page.locator(".title-row .tag", has_text="Production")).to_be_visible()


def test_an_archive_is_looked_through_and_then_brought_in(visit: Any, tmp_path: Path) -> None:
    versions = [{"version": "1", "document": {"dataType": "uri_folder"}}]
    row = {"kind": "data", "name": "out-of-an-archive", "versions": versions}
    manifest = {"format": 1, "workspace": {"name": "far"}, "assets": 1, "versions": 1, "runs": 0}
    path = tmp_path / "far.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("manifest.json", json.dumps(manifest))
        packed.writestr("assets.jsonl", json.dumps(row) + "\n")
    page = visit("settings/assets/import/")
    page.set_input_files("#archive-file", path)
    page.get_by_role("button", name="Show what would come").click()
    expect(page.locator("[data-plan]")).to_contain_text("Made of far", timeout=60_000)
    expect(page.locator("[data-plan]")).to_contain_text("data/out-of-an-archive/1")
    page.get_by_role("button", name="Bring in").click()
    expect(page.locator("[data-state]")).to_contain_text("1 thing came in", timeout=60_000)
    # The same file again: its bytes are here, and so is what it holds.
    page.get_by_role("button", name="Show what would come").click()
    expect(page.locator("[data-state]")).to_have_text(
        "There is nothing to bring in.", timeout=60_000
    )
    expect(page.get_by_role("button", name="Bring in")).to_be_disabled()
    broken = tmp_path / "broken.zip"
    broken.write_bytes(path.read_bytes()[:90])
    page.set_input_files("#archive-file", broken)
    page.get_by_role("button", name="Show what would come").click()
    expect(page.get_by_role("alert")).to_contain_text("no zip file", timeout=60_000)
