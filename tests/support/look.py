"""Judges a page as a reader would: can everybody use it, does it fit, how does it look."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support.documents import ROOT

PICTURES = "CONTINUUM_TEST_PICTURES"

# axe leaves the one rule of WCAG 2.2 AA out unless it is asked for.
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}


def find_violations(page: Page) -> list[str]:
    """Return what axe finds against the WCAG in ``page``, a line for each element."""
    found: dict[str, Any] = Axe().run(page, options=RULES).response
    return [
        f"{violation['id']}: {violation['help']}: {', '.join(map(str, node['target']))}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def find_overflow(page: Page) -> list[str]:
    """Return the elements that make ``page`` wider than its window; scrolled boxes are allowed."""
    found: list[str] = page.evaluate(
        """() => {
            const root = document.documentElement;
            const room = root.clientWidth;
            if (root.scrollWidth <= room) return [];
            const isBox = (box) => getComputedStyle(box).overflowX !== "visible";
            const inBox = (element) => {
                const box = element.parentElement;
                return box && box !== document.body && (isBox(box) || inBox(box));
            };
            const wide = [...document.body.querySelectorAll("*")]
                .filter((element) => element.getBoundingClientRect().right > room)
                .filter((element) => !inBox(element))
                .map((element) => element.outerHTML.slice(0, 120));
            return wide.length ? wide : [`${root.scrollWidth} px in a window of ${room} px`];
        }"""
    )
    return found


def take_picture(page: Page, name: str, *, full_page: bool = False) -> Path:
    """Save a picture of ``page`` as ``name``.png and return its path.

    Into ``test-artifacts``; ``make pictures`` sets ``CONTINUUM_TEST_PICTURES``, so that the
    pictures of the documents are made anew.
    """
    folder = ROOT / os.environ.get(PICTURES, "test-artifacts")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    page.screenshot(path=path, full_page=full_page, animations="disabled")
    return path
