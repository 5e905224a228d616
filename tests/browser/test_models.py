"""The pages of models in a real browser: converted, packed and measured by hand, read by everyone, in both themes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.running import Studio

pytestmark = [pytest.mark.browser, pytest.mark.live, pytest.mark.slow]
PATIENCE = 120_000
SEED = """
import json, os, pickle
from sklearn.linear_model import LogisticRegression
from officina.storage import Entry
from registry import services as registry
from studio.workspaces.models import User, Workspace
from tests.roles import sessions_of
lab = Workspace.objects.get(name="{workspace}")
sessions = sessions_of(lab)
owner = User.objects.get(email="owner@example.org")
class Bomb:
    def __reduce__(self):
        return os.system, ("touch {home}/exploded",)
def add(name, files, **more):
    blobs = {{path: registry.store().put_bytes(data) for path, data in files.items()}}
    tree = registry.store().put_manifest({{p: Entry(b.sha256, b.size) for p, b in blobs.items()}})
    about = {{"modelType": "custom_model"}}
    registry.register(workspace=lab, kind="model", name=name, tree=tree, document=about, user=owner, **more)
if not registry.assets(workspace=lab, kind="model", text="walked").exists():
    for strength in (1.0, 0.1):
        rows = [[0, 1], [1, 0], [4, 5], [5, 4]]
        fitted = LogisticRegression(C=strength).fit(rows, ["stays"] * 2 + ["leaves"] * 2)
        add("walked", {{"model.pkl": pickle.dumps(fitted)}}, description="Who leaves.")
    add("hostile", {{"model.pkl": pickle.dumps(Bomb())}})
    add("torn", {{"model.onnx": b"\\x08\\x07\\x12\\x04torn"}})
print("SEEDED " + json.dumps(sessions))
"""


@pytest.fixture(scope="module")
def sessions(studio_server: Studio) -> dict[str, str]:
    """Seed the models and return each role's session."""
    code = SEED.format(workspace=studio_server.workspace, home=studio_server.home)
    return studio_server.seed(code)  # type: ignore[no-any-return]


def check(page: Page, name: str) -> None:
    """Ask axe and the console for complaints, and keep a picture where one is wanted."""
    if folder := os.environ.get("SCREENSHOT_FOLDER"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
    assert page.complaints == []  # type: ignore[attr-defined]


def start(page: Page, action: str, **fields: str) -> None:
    """Open an action's dialog, fill it, send it, and come back to the model."""
    back = page.url
    page.locator(f"[data-action={action}] [data-dialog]").click()
    dialog = page.locator(f"#{action}-dialog")
    expect(dialog).to_be_visible()
    for name, value in fields.items():
        field = dialog.locator(f"[name={name}]")
        if field.get_attribute("type") == "checkbox":
            field.check()
        else:
            field.fill(value)
    dialog.locator("button.btn-primary").click()
    page.wait_for_url("**/runs/**")
    page.goto(back)


def state(page: Page, action: str) -> Any:
    return page.locator(f"[data-action={action}] .pill")


def test_a_model_is_converted_packed_and_measured_from_its_page(
    visit: Any, studio_server: Studio
) -> None:
    page = visit("models/walked/?version=2", "Data Scientist")
    start(page, "convert")
    start(page, "package")
    start(page, "profile", batches="1,50", seconds="0.3")
    # The page follows by itself: nothing is reloaded here.
    for action in ("convert", "package", "profile"):
        expect(state(page, action)).to_have_text("Completed", timeout=PATIENCE)
    expect(page.locator("#model-profile")).to_contain_text("Standard_", timeout=PATIENCE)
    expect(page.locator("[data-action=convert]")).to_contain_text("100.00%")
    check(page, "model-done-light")
    with page.expect_download() as got:
        page.get_by_role("link", name="walked-2.tar.gz").click()
    row = page.locator("li", has_text="walked-2.tar.gz")
    told = row.locator("[data-copy]").get_attribute("data-copy")
    data = got.value.path().read_bytes()
    assert hashlib.sha256(data).hexdigest() == told
    with tarfile.open(got.value.path()) as held:
        assert "walked-2/score.py" in held.getnames()
    with page.expect_download() as got:
        page.get_by_role("link", name="Download", exact=True).click()
    base = f"/api/v1/workspaces/{studio_server.workspace}/models/walked/versions/2"
    _, listing = studio_server.get(f"{base}/files")
    stored = json.loads(listing)["items"][0]["sha256"]
    assert hashlib.sha256(got.value.path().read_bytes()).hexdigest() == stored
    model = page.url
    page.locator("[data-action=convert] a[href*='/runs/']").click()
    page.get_by_role("button", name="Register model").click()
    page.locator("#register-source").select_option("output:model")
    page.locator("#register-name").fill("walked-from-run")
    page.locator("#register-dialog .btn-primary").click()
    expect(page.locator("h1")).to_have_text("walked-from-run")
    page.goto(model)
    page.get_by_role("link", name="walked-onnx:1").click()
    expect(page.locator("h1")).to_have_text("walked-onnx")
    expect(page.locator("[data-action=convert] [data-reason]")).to_have_text("It is ONNX already.")
    page.goto(f"{page.url}&tab=lineage")
    expect(page.get_by_text("Convert walked:2 to ONNX").first).to_be_visible()
    assert page.complaints == []
    dark = visit("models/walked/?version=2", theme="dark")
    expect(dark.locator("#model-profile .js-plotly-plot").first).to_be_visible(timeout=PATIENCE)
    check(dark, "model-done-dark")
    for action in ("convert", "package", "profile"):
        dark.locator(f"[data-action={action}] [data-dialog]").click()
        expect(dark.locator(f"#{action}-dialog")).to_be_visible()
        check(dark, f"model-{action}-dark")
        dark.keyboard.press("Escape")


def test_answers_that_differ_are_shown_where_the_conversion_was_asked_for(visit: Any) -> None:
    page = visit("models/walked/?version=1")
    start(page, "convert", tolerance="0", most_apart="0")
    expect(state(page, "convert")).to_have_text("Failed", timeout=PATIENCE)
    expect(page.locator("[data-action=convert]")).to_contain_text(
        "another answer from the ONNX model"
    )
    expect(page.get_by_role("region", name="Rows whose answers lie apart")).to_be_visible()
    check(page, "model-apart-light")


def test_a_hostile_pickle_is_told_never_loaded_by_the_server_and_confined_in_a_job(
    visit: Any, studio_server: Studio
) -> None:
    page = visit("models/hostile/")
    expect(page.get_by_text("loading it runs code that no model needs")).to_be_visible()
    page.locator("[data-action=profile] [data-dialog]").click()
    check(page, "model-hostile-light")
    page.keyboard.press("Escape")
    start(page, "profile", trust="true")
    expect(state(page, "profile")).to_have_text("Failed", timeout=PATIENCE)
    expect(page.locator("[data-action=profile]")).to_contain_text("that is no model")
    assert not (studio_server.home / "exploded").exists()


def test_a_torn_onnx_file_is_named_as_such(visit: Any) -> None:
    page = visit("models/torn/")
    expect(page.get_by_text("is no ONNX model").first).to_be_visible()
    expect(page.locator("[data-action=profile] [data-reason]")).to_contain_text("no flavour")
    check(page, "model-torn-light")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_two_versions_stand_side_by_side(theme: str, visit: Any) -> None:
    page = visit("models/walked/", theme=theme)
    page.locator("aside").get_by_role("link", name="Compare", exact=True).click()
    expect(page.locator("h1")).to_have_text("Compare versions of walked")
    expect(page.get_by_role("region", name="Files of both")).to_contain_text("changed")
    check(page, f"model-compare-{theme}")
    page.get_by_label("with", exact=True).fill("torn:1")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("region", name="Files of both")).to_contain_text("only in the second")
    assert page.complaints == []


def test_facts_and_sample_are_edited_by_keyboard(visit: Any) -> None:
    page = visit("models/walked/?version=1", "Contributor")
    page.get_by_role("button", name="Edit facts").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Framework", exact=True).fill("ScikitLearn")
    dialog.get_by_label("Cores it needs").fill("2")
    dialog.get_by_label("Sample input").fill('{"data": [[1, 2], [3, 4]]}')
    check(page, "model-facts-light")
    dialog.get_by_label("Cores it needs").press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Given sample input")).to_have_text('{"data": [[1, 2], [3, 4]]}')


STATUS = {
    "Owner": 200, "Contributor": 200, "Data Scientist": 200, "Compute Operator": 403, "Reader": 200,
    "Outsider": 404,
}  # fmt: skip


@pytest.mark.parametrize("who", list(STATUS))
def test_each_role_meets_the_model_as_its_row_says(who: str, visit: Any) -> None:
    page = visit("models/walked/?version=1", who)
    assert page.status == STATUS[who]
    if page.status != 200:
        return
    for name in ("Convert", "Package", "Profile"):
        button = page.locator("#model-work").get_by_role("button", name=name).first
        if who == "Reader":
            expect(button).to_be_disabled()
            assert "lacks runs.submit" in (button.get_attribute("title") or "")
        else:
            expect(button).to_be_enabled()
    facts = page.get_by_role("button", name="Edit facts")
    (expect(facts).to_be_disabled if who == "Reader" else expect(facts).to_be_enabled)()


def test_the_command_line_packs_fetches_and_compares(
    studio_server: Studio, sessions: dict[str, str], tmp_path: Path
) -> None:
    env = os.environ | {
        "OFFICINA_URL": studio_server.url, "OFFICINA_TOKEN": studio_server.token,
        "OFFICINA_WORKSPACE": studio_server.workspace, "XDG_CONFIG_HOME": str(tmp_path),
    }  # fmt: skip

    def officina(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "officina.cli", "model", *words]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)

    done = officina("package", "-n", "walked", "-v", "1", "--form", "plain", "-p", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "walked-1.tar.gz" in done.stderr  # the log, live
    archive = json.loads(done.stdout)["archives"][0]
    data = (tmp_path / archive["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == archive["sha256"]
    found = json.loads(
        officina("compare", "-n", "walked", "-v", "1", "--with", "2", "-o", "json").stdout
    )
    assert [row["state"] for row in found["files"]] == ["changed"]
    assert "file, changed" in officina("compare", "-n", "walked", "-v", "1", "--with", "2").stdout
    refused = officina("convert", "-n", "hostile", "--no-wait")
    assert refused.returncode != 0
    assert "which no model needs" in refused.stderr
