"""What the browser tests of pages share: opening one as a person of a role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.portal import signed_in
from tests.running import Studio

# In milliseconds: only what hangs takes so long.
expect.set_options(timeout=60_000)


@pytest.fixture
def visit(browser: Browser, studio_server: Studio, sessions: dict[str, str]) -> Iterator[Any]:
    """Open a page as someone: visit("models/", "Reader", theme="dark")."""
    contexts = []

    def go(path: str, who: str = "Owner", theme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
        )
        contexts.append(context)
        cookies = {"sessionid": sessions[who], "theme": theme}
        context.add_cookies(
            [{"name": k, "value": v, "url": studio_server.url} for k, v in cookies.items()]
        )
        page = context.new_page()
        page.complaints = []  # type: ignore[attr-defined]
        page.on(
            "console",
            lambda said: page.complaints.append(said.text) if said.type == "error" else None,  # type: ignore[attr-defined]
        )
        page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
        answer = page.goto(f"{studio_server.url}/w/{studio_server.workspace}/{path}")
        assert answer is not None
        page.status = answer.status  # type: ignore[attr-defined]
        page.wait_for_timeout(400)
        return page

    yield go
    for context in contexts:
        context.close()


@pytest.fixture
def owner(browser: Browser, studio_server: Studio, sessions: dict[str, str]) -> Iterator[Page]:
    page = signed_in(browser, studio_server, sessions["Owner"])
    yield page
    page.context.close()
