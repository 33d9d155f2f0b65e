"""Every page of the URL map, as readers meet it: wide and narrow, light and dark, on paper.

Pictures of all are in ``test-artifacts`` afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.admin.site import EDITOR, PEOPLE, Site
from tests.support.live_server import live_server
from tests.support.look import find_overflow, find_violations, take_picture

NewPage = Callable[..., Page]
MORE = {
    "search": "/history/?q=harbour",
    "nothing-found": "/history/records/article?q=nothing",
    "deleted": "/history/records/article?deleted=1",
    "as-of": "/history/records/article?as_of=2",
    "inline": "/history/records/article/1/compare?from=1&to=now&layout=inline&show=all",
    "restore": "/history/records/article/2/6/revert",
    "refused": "/history/records/article?cursor=x",
}
"""Pages that a route shows otherwise when it is asked otherwise."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    site = Site(tmp_path_factory.mktemp("pages") / "newsroom.sqlite")

    @site.app.get("/enter")
    def enter() -> str:
        from flask import session

        session["_user_id"] = str(PEOPLE[EDITOR])
        return "in"

    pages = {place.name: place.address for place in site.places} | MORE
    with live_server(site.app) as address:
        yield address, pages
    site.close()


@pytest.fixture
def page(served: tuple[str, dict[str, str]], new_page: NewPage) -> Page:
    """A window of the editor's."""
    opened = new_page(reduced_motion="reduce")  # colours change at once
    opened.context.request.get(f"{served[0]}/enter")
    return opened


def test_every_page_is_fit_for_every_reader(served, page: Page) -> None:
    address, pages = served
    found: dict[str, list[str]] = {}

    def look(name: str, *, axe: bool = False) -> None:
        faults = find_overflow(page) + (find_violations(page) if axe else [])
        if faults:
            found[name] = faults

    for name, path in pages.items():
        page.set_viewport_size({"width": 1280, "height": 900})
        page.emulate_media(color_scheme="light", media="screen", forced_colors="none")
        page.goto(address + path)
        look(f"{name} light", axe=True)
        take_picture(page, f"page-{name}-light", full_page=True)
        page.emulate_media(color_scheme="dark")
        look(f"{name} dark", axe=True)
        take_picture(page, f"page-{name}-dark", full_page=True)
        page.set_viewport_size({"width": 375, "height": 900})
        look(f"{name} dark 375", axe=True)
        take_picture(page, f"page-{name}-dark-375", full_page=True)
        page.emulate_media(color_scheme="light")
        take_picture(page, f"page-{name}-light-375", full_page=True)
        page.evaluate("document.documentElement.dir = 'rtl'")
        look(f"{name} reversed 375")
        page.set_viewport_size({"width": 1280, "height": 900})
        look(f"{name} reversed")
        page.evaluate("document.documentElement.dir = 'ltr'")
        page.emulate_media(forced_colors="active")
        look(f"{name} forced colours")
        page.emulate_media(media="print", forced_colors="none")
        page.set_viewport_size({"width": 720, "height": 1000})
        look(f"{name} printed")
        expect(page.locator("main h1")).to_be_visible()
        assert page.locator("main").inner_text().strip(), name
    assert found == {}


def test_a_journey_by_keyboard_alone(served, page: Page) -> None:
    """From the first page to a record, through its life, to a plan, and back by its undo."""
    address, _ = served

    def go_to(name: str) -> None:
        """Press Tab until the link, button or box of that name has the focus, then use it."""
        for _ in range(120):
            page.keyboard.press("Tab")
            words = page.evaluate(
                "(document.activeElement.innerText || document.activeElement.value || '').trim()"
            )
            if words.startswith(name):
                outline = page.evaluate(
                    "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
                )
                assert outline, f"{name} does not show that it has the focus"
                with page.expect_navigation():
                    page.keyboard.press("Enter")
                return
        pytest.fail(f"no Tab leads to {name} on {page.url}")

    page.goto(f"{address}/history/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to content"
    page.keyboard.press("Enter")
    page.goto(f"{address}/history/records/article/1/1")
    for key, version in (("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2)):
        with page.expect_navigation():
            page.keyboard.press(key)
        assert page.url.endswith(f"/records/article/1/{version}")
    go_to("Revert")
    assert page.url.endswith("/2/revert")
    go_to("Revert")
    assert page.url.endswith("/records/article/1")
    go_to("Undo")
    assert "/undo" in page.url
    go_to("Undo")
    assert "/transactions/" in page.url


def test_a_masked_field_is_not_said_to_be_set_so_many_times(served, page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    page.goto(f"{served[0]}/history/records/article/1/fields")
    assert page.locator("#field-title td.is-num").is_visible()
    assert not page.locator("#field-api_token td.is-num").is_visible()
