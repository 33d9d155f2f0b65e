"""Drives a real Chromium, and listens to what its console says."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

NAMES = ("chromium", "chromium-browser", "google-chrome")

# Chromium asks the network for updates and lists of its own, which a closed network refuses many
# times at every start.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> Path | None:
    """Return the browser named by ``CONTINUUM_TEST_CHROMIUM``, else the one on the path."""
    chosen = os.environ.get("CONTINUUM_TEST_CHROMIUM")
    for name in [chosen] if chosen else NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


@contextmanager
def launch_chromium(executable: Path) -> Iterator[Browser]:
    """Run Chromium without a screen inside the block."""
    # Chromium's sandbox refuses to start for the superuser, which CI often is.
    sandbox = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=[*FLAGS, *sandbox], headless=True
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass  # without slots: playwright hangs attributes on the owner of a handler
class Visitor:
    """One person at a browser: opens pages, and keeps what went wrong in them.

    A page that answers 4xx on purpose is no complaint; a script, a style or a picture that fails
    to load, an error in a script and a breach of the content security policy are.
    """

    browser: Browser
    complaints: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)
    _refused: set[str] = field(default_factory=set)

    def open(
        self, *, width: int = 1280, height: int = 900, theme: str = "light", **options: Any
    ) -> Page:
        """Return a page of a window of its own, without cookies.

        :param theme: what the system prefers: ``light`` or ``dark``.
        :param options: for playwright's ``new_context()``, e.g. ``java_script_enabled=False``.
        """
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            locale="en-GB",
            timezone_id="UTC",
            **options,
        )
        context.set_default_timeout(10_000)
        self._contexts.append(context)
        page = context.new_page()
        page.on("response", self._response)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("requestfailed", self._request_failed)
        self.pages.append(page)
        return page

    def close(self) -> None:
        """Close every window."""
        while self._contexts:
            self._contexts.pop().close()

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.request.is_navigation_request():
            self._refused.add(response.url)

    def _console(self, message: ConsoleMessage) -> None:
        where = message.location["url"]
        if message.type in {"error", "warning"} and where not in self._refused:
            self.complaints.append(f"{where}: {message.text}")

    def _request_failed(self, request: Request) -> None:
        # A click that leaves the page ends what it was still loading.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.url}: {request.failure}")
