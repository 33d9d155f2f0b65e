"""The main story, from log-in to undo, in a real browser: wide and narrow, light and dark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from example_app import create_app
from example_app.extensions import db
from tests.support.live_server import live_server
from tests.support.look import find_overflow, find_violations, take_picture


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[str]:
    """The example application with its demo data, as ``make demo`` serves it."""
    app = create_app(
        {
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / 'newsroom.sqlite'}",
            "SECRET_KEY": "only for this test",
        }
    )
    with live_server(app) as address:
        yield address
    with app.app_context():
        db.engine.dispose()


class Story:
    """A person at the newsroom, and what every page they meet must be."""

    def __init__(self, page: Page, address: str, name: str) -> None:
        self.page = page
        self.address = address
        self.name = name
        self.faults: dict[str, list[str]] = {}

    def look(self, called: str | None = None) -> None:
        """Note what is wrong with the page for any reader, and take its picture."""
        found = find_violations(self.page) + find_overflow(self.page)
        if found:
            self.faults[self.page.url.removeprefix(self.address)] = found
        if called:
            take_picture(self.page, f"{called}-{self.name}")

    def become(self, handle: str) -> None:
        self.page.goto(f"{self.address}/login")
        self.look()
        self.click(self.page.locator(f"button[value={handle}]"))

    def edit(self, reason: str, **fields: str) -> None:
        self.page.goto(f"{self.address}/articles/16/edit")
        self.look()
        for name, value in fields.items():
            self.page.locator(f"[name={name}]").fill(value)
        self.page.locator("[name=reason]").fill(reason)
        self.press("Save article")
        expect(self.page).to_have_url(f"{self.address}/articles/16")

    def status(self, path: str) -> int:
        """What the newsroom answers this person, without leaving the page."""
        return self.page.context.request.get(self.address + path).status

    def press(self, name: str | re.Pattern[str]) -> None:
        self.click(self.page.get_by_role("main").get_by_role("button", name=name).first)

    def follow(self, name: str | re.Pattern[str]) -> None:
        self.click(self.page.get_by_role("main").get_by_role("link", name=name).first)

    def click(self, target: Locator) -> None:
        with self.page.expect_navigation():
            target.click()


@pytest.fixture(
    params=[(1280, "light"), (1280, "dark"), (375, "light"), (375, "dark")],
    ids=lambda param: "-".join(map(str, param)),
)
def story(request: pytest.FixtureRequest, newsroom: str, new_page: Callable[..., Page]) -> Story:
    width, theme = request.param
    name = theme if width == 1280 else f"{theme}-{width}"
    return Story(new_page(width=width, theme=theme), newsroom, name)


def test_from_log_in_to_undo(story: Story) -> None:
    page = story.page

    # One person edits, another corrects.
    story.become("ines")
    story.look("front")
    story.edit("Sharper", summary="The last boat leaves at seven in the evening.")
    story.become("jonas")
    story.edit("It is eight", summary="The last boat leaves at eight in the evening.")
    story.look("article")

    # An editor sees who changed what, word by word, and is offered no way back.
    story.follow("History")
    story.look()
    newest = page.locator(".hc-entry").filter(has_text="It is eight")
    expect(newest).to_contain_text("Jonas Weber")
    expect(newest.locator("del").first).to_have_text("seven")
    expect(newest.locator("ins").first).to_have_text("eight")
    expect(page.get_by_role("link", name="Revert to this")).to_have_count(0)

    # A chief goes back with two clicks.
    story.become("maya")
    page.goto(f"{story.address}/history/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    story.look()
    page.goto(f"{story.address}/history/records/article/16")
    story.look()
    story.follow(re.compile("Revert to this"))
    story.look("revert")
    expect(page.get_by_text("Nothing has changed yet").first).to_be_visible()
    story.press(re.compile("^Revert article"))
    story.look("reverted")
    page.goto(f"{story.address}/articles/16")
    expect(page.get_by_text("at seven in the evening").first).to_be_visible()

    # A deleted article is restored, with what went with it.
    story.follow(re.compile("Delete…"))
    story.look()
    story.press(re.compile("Delete"))
    page.goto(f"{story.address}/history/records/article?deleted=1")
    story.look("deleted")
    story.follow(re.compile(r"Restore…\s*Article 16"))
    story.look("restore")
    story.press(re.compile("^Restore article"))
    story.look("restored")
    assert story.status("/articles/16") == 200

    # And that is undone too.
    story.follow(re.compile("Undo"))
    story.look("undo")
    story.press(re.compile("^Undo"))
    story.look("undone")
    assert story.status("/articles/16") == 404

    assert story.faults == {}


def test_pages_of_the_demo(story: Story) -> None:
    """What a visitor of the demo looks at first; the pictures of the documents are taken here."""
    page = story.page
    story.become("maya")
    page.goto(f"{story.address}/history/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Newsroom history")
    story.look("overview")
    page.goto(f"{story.address}/history/records/article")
    story.look("model")
    page.goto(f"{story.address}/history/records/article/1")
    expect(page.locator("del").first).to_have_text("eighteen")
    story.look("timeline")
    story.press("Compare selected")
    expect(page).to_have_url(re.compile("/compare"))
    story.look("compare")
    page.go_back()
    story.follow("Whole diff")
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    story.look("version")
    page.go_back()
    story.follow(re.compile("Revert to this"))
    story.look("plan")
    page.go_back()
    story.follow(re.compile("^Transaction"))
    expect(page).to_have_url(re.compile("/transactions/[0-9a-f]{32}"))
    story.look("transaction")
    assert story.faults == {}


def test_the_values_of_a_field_are_two_clicks_away(story: Story) -> None:
    page = story.page
    story.become("maya")
    page.goto(f"{story.address}/history/records/article/1?field=comments")
    expect(page.locator(".hc-entry-child").first).to_contain_text("added the comment")
    story.look()
    story.follow("Fields")
    expect(page.locator("#field-body")).to_contain_text("Ines Okafor")
    story.look("fields")
    story.follow("Body")
    expect(page.get_by_role("heading", level=1)).to_have_text("Body")
    expect(page.locator("tbody tr").first.locator("del")).to_have_text("eighteen")
    expect(page.get_by_text("The first value")).to_be_visible()
    story.look("field")
    assert story.faults == {}
