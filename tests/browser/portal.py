"""Signing in without the form, for tests of what comes after it."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.running import Studio


def signed_in(browser: Browser, studio: Studio, session: str, theme: str = "light") -> Page:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    cookies = [("sessionid", session), ("theme", theme)]
    context.add_cookies([{"name": n, "value": v, "url": studio.url} for n, v in cookies])
    return context.new_page()
