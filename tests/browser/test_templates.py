"""The pages as a reader meets them: readable by everybody, at every width, with and without help.

The values are made by hand (:mod:`tests.browser.newsroom_pages`), so that every state of a page is
here, also those that an application reaches once a year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, render_template, request
from jinja2 import StrictUndefined
from playwright.sync_api import Page, expect

from flask_continuum.admin import contexts as ctx
from flask_continuum.admin.folders import find_folders
from flask_continuum.settings import CONTENT_SECURITY_POLICY
from flask_continuum.templating import add_words
from tests.browser.newsroom_pages import PAGES, UNBROKEN
from tests.support.live_server import live_server
from tests.support.look import find_overflow, find_violations

NewPage = Callable[..., Page]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    folders = find_folders()
    pages = Blueprint(
        "continuum",
        __name__,
        url_prefix="/history",
        template_folder=str(folders.templates),
        static_folder=str(folders.static),
        static_url_path="/static",
    )

    @pages.get("/<name>")
    def show(name: str) -> str:
        template, make = PAGES[name]
        page = lengthen(make()) if "long" in request.args else make()
        return render_template(f"continuum/{template}.html", page=page)

    @pages.after_request
    def forbid(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response

    app = Flask(__name__)
    app.jinja_env.undefined = StrictUndefined
    add_words(app)
    app.register_blueprint(pages)
    with live_server(app) as address:
        yield f"{address}/history"


def faults(address: str, page: Page, *, change: str = "", axe: bool = True) -> dict[str, list[str]]:
    """What is wrong with each page, after a script that changes how it stands."""
    found = {}
    for name in PAGES:
        page.goto(f"{address}/{name}")
        if change:
            page.evaluate(change)
        found[name] = find_overflow(page) + (find_violations(page) if axe else [])
    return {name: lines for name, lines in found.items() if lines}


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (360, "light")])
def test_everybody_can_use_it(address: str, new_page: NewPage, width: int, theme: str) -> None:
    assert faults(address, new_page(width=width, theme=theme)) == {}


def test_what_is_folded_is_as_good(address: str, new_page: NewPage) -> None:
    unfold = "document.querySelectorAll('details').forEach((each) => (each.open = true))"
    assert faults(address, new_page(width=375, theme="dark"), change=unfold) == {}


@pytest.mark.parametrize("width", [375, 820])
def test_nothing_leaves_the_page_the_other_way_round(
    address: str, new_page: NewPage, width: int
) -> None:
    turn = "document.documentElement.dir = 'rtl'"
    assert faults(address, new_page(width=width), change=turn, axe=False) == {}


NAMES = {
    ctx.RecordRef: ("label", "name", "note"),
    ctx.Person: ("name",),
    ctx.FieldView: ("label",),
    ctx.LinkView: ("label",),
    ctx.ValueRow: ("label",),
    ctx.RelationRow: ("label",),
    ctx.Layout: ("heading", "brand"),
    ctx.Crumb: ("label",),
    ctx.ModelRow: ("label",),
    ctx.ModelGroup: ("label",),
    ctx.Piece: ("text",),
    ctx.Pill: ("words",),
    ctx.Commit: ("button", "note"),
    ctx.Fact: ("label", "absent"),
}
"""What comes from an application's code and data, in the parts of a page that name something."""


def lengthen(part: Any) -> Any:
    """The same part of a page with names that no line has room for."""
    if isinstance(part, tuple):
        return tuple(map(lengthen, part))
    if not is_dataclass(part) or isinstance(part, type):
        return part
    values = {field.name: lengthen(getattr(part, field.name)) for field in fields(part)}
    for name in NAMES.get(type(part), ()):
        values[name] = values[name] and f"{values[name]} {UNBROKEN}"
    return type(part)(**values)


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_names_of_any_length_fit(address: str, new_page: NewPage, width: int) -> None:
    page = new_page(width=width)
    wide = {}
    for name in PAGES:
        page.goto(f"{address}/{name}?long=1")
        wide[name] = find_overflow(page)
    assert {name: lines for name, lines in wide.items() if lines} == {}


@pytest.mark.parametrize("name", ["timeline", "version", "revert"])
@pytest.mark.parametrize("look", [{"media": "print"}, {"forced_colors": "active"}])
def test_paper_and_forced_colours_keep_the_signs(
    address: str, new_page: NewPage, name: str, look: dict[str, str]
) -> None:
    page = new_page()
    page.emulate_media(**look)  # type: ignore[arg-type]
    page.goto(f"{address}/{name}")
    gone = page.locator("del").first
    expect(gone).to_be_visible()
    lines = page.locator("del").evaluate_all(
        "all => all.map(d => getComputedStyle(d).textDecorationLine)"
    )
    assert "line-through" in lines


def test_markup_in_values_is_text(address: str, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    for name in PAGES:
        page.goto(f"{address}/{name}")
        assert page.locator("main script, main bdi b:not([class])").count() == 0, name


def test_what_is_not_ticked_says_that_it_stays(address: str, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{address}/revert")
    row = page.locator(".hc-choice", has=page.locator("#f1"))
    expect(row.locator(".hc-stays")).to_be_hidden()
    page.uncheck("#f1")
    expect(row.locator(".hc-stays")).to_be_visible()
    assert row.locator("ins").evaluate("each => getComputedStyle(each).backgroundColor") == (
        "rgba(0, 0, 0, 0)"
    )


def test_ticks_are_counted_without_a_script(address: str, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{address}/revert")
    # A counter of the stylesheet is in no tree that a script can read; it is in the picture.
    count = page.get_by_role("definition").filter(has_text="of 15")
    before = count.screenshot()
    assert count.screenshot() == before
    page.uncheck("#f1")
    assert count.screenshot() != before
    page.check("#f1")
    assert count.screenshot() == before


def test_all_and_none_tick_in_place(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/revert")
    page.fill("#hc-reason", "because")
    boxes = page.locator('[data-hc-count="field"]:not(:disabled)')
    page.get_by_role("link", name="none", exact=True).click()
    assert boxes.evaluate_all("all => all.some(box => box.checked)") is False
    page.get_by_role("link", name="all", exact=True).click()
    assert boxes.evaluate_all("all => all.every(box => box.checked)") is True
    assert page.input_value("#hc-reason") == "because"
    assert page.locator('[data-hc-count="relation"]:checked').count() == 2


def test_a_whole_card_chooses_and_its_folds_still_open(address: str, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"{address}/undo")
    card = page.locator(".hc-opt", has=page.get_by_role("radio", name="Before #1180")).last
    box = card.bounding_box()
    assert box is not None
    card.click(position={"x": box["width"] - 20, "y": 60})
    expect(card.get_by_role("radio")).to_be_checked()
    fold = page.locator(".hc-opt details").first
    fold.locator("summary").click()
    assert fold.get_attribute("open") is not None


@pytest.mark.parametrize("name", ["timeline", "timeline-single"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_version_has_the_width_of_its_line(
    address: str, new_page: NewPage, width: int, name: str
) -> None:
    page = new_page(width=width)
    page.goto(f"{address}/{name}")
    line, card = (page.locator(each).first.bounding_box() for each in (".hc-line", ".hc-card"))
    assert line is not None and card is not None
    assert card["width"] > line["width"] * 0.8


def test_from_is_always_older_than_to(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/timeline")
    words = page.locator("[data-hc-comparing]")
    expect(words).to_have_text("Comparing #1184 with #1187")
    page.check('input[name="from"][value="511"]')
    expect(words).to_have_text("Comparing #511 with #1187")
    page.check('input[name="to"][value="1180"]')
    expect(words).to_have_text("Comparing #511 with #1180")
    for value in ("1180", "1184"):
        expect(page.locator(f'input[name="from"][value="{value}"]')).to_be_disabled()
    expect(page.locator('input[name="from"][value="1168"]')).to_be_enabled()


def test_arrow_keys_walk_a_record_s_life(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/version")
    page.evaluate("document.querySelectorAll('main a[rel]').forEach((a) => (a.href = '#' + a.rel))")
    page.keyboard.press("ArrowRight")
    assert page.url.endswith("#next")
    page.keyboard.press("ArrowLeft")
    assert page.url.endswith("#prev")
    page.focus("#hc-top-search")
    page.keyboard.press("ArrowRight")
    assert page.url.endswith("#prev")


def test_a_chosen_theme_stays(address: str, new_page: NewPage) -> None:
    page = new_page()
    page.goto(f"{address}/model")
    button = page.get_by_role("button", name="Colours")

    def ground() -> str:
        colour: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        return colour

    light = ground()
    button.click()
    assert ground() == light
    button.click()
    dark = ground()
    assert dark != light
    page.goto(f"{address}/version")
    assert ground() == dark
    button.click()
    assert ground() == light


def test_without_a_script_nothing_is_offered_that_needs_one(
    address: str, new_page: NewPage
) -> None:
    page = new_page(width=375, java_script_enabled=False)
    page.goto(f"{address}/timeline")
    expect(page.locator("[data-hc-theme]")).to_be_hidden()
    filters = page.get_by_role("search", name="Filter versions")
    expect(filters).to_be_visible()  # a filter is set, so its fold is open
    page.locator(".hc-filters > label").click()
    expect(filters).to_be_hidden()
