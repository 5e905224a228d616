"""Signing in without the form, for tests of what comes after it."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Browser, Page

from tests.running import Studio


def signed_in(browser: Browser, studio: Studio, session: str, theme: str = "light") -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    cookies = [("sessionid", session), ("theme", theme)]
    context.add_cookies([{"name": n, "value": v, "url": studio.url} for n, v in cookies])
    return context.new_page()


def until(page: Page, script: str, arg: Any = None, *, within: float = 60.0) -> None:
    """Wait until a script in the page says yes.

    Playwright's wait_for_function looks again from inside the page, by eval, which our policy refuses: it works
    only where the first look says yes.
    """
    deadline = time.monotonic() + within
    while not page.evaluate(script, arg):
        assert time.monotonic() < deadline, f"not so after {within:.0f} s: {script}"
        page.wait_for_timeout(25)
