"""Going back in a real browser: chosen parts, conflicts, children, whole transactions and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from example_app import create_app
from example_app.extensions import continuum, db
from example_app.models import Article, Comment, Tag
from tests.support.live_server import live_server
from tests.support.look import find_overflow, find_violations, take_picture

# Colours fade from one theme into the other: what is half way is nobody's to judge.
SETTLED = """async () => {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    await Promise.all(document.getAnimations().map((each) => each.finished));
}"""


class Desk:
    """The newsroom behind the pages: what others do there meanwhile."""

    def __init__(self, app: Flask, address: str) -> None:
        self.app = app
        self.address = address

    @contextmanager
    def writing(self, actor: str = "Ines Okafor") -> Iterator[Any]:
        """Write as somebody else, and commit."""
        with self.app.app_context(), continuum.acting_as(actor):
            yield db.session
            db.session.commit()

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with self.app.app_context():
            yield db.session

    def newest(self) -> int:
        """The number of the newest transaction."""
        with self.reading() as session:
            transaction = continuum.manager.registry.transaction_class_for(Article)
            number: int = session.query(transaction.id).order_by(transaction.id.desc()).first()[0]
            return number


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One newsroom for all journeys: each goes its way with an article of its own."""
    file = tmp_path_factory.mktemp("plans") / "newsroom.sqlite"
    app = create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{file}", "SECRET_KEY": "a test's"})
    with live_server(app) as address:
        yield Desk(app, address)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def chief(desk: Desk, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """Opens a page as the chief."""

    def open_page(**options: Any) -> Page:
        page = new_page(**options)
        page.goto(f"{desk.address}/login")
        with page.expect_navigation():
            page.locator("button[value=maya]").click()
        return page

    return open_page


def judge(page: Page, called: str) -> None:
    """Everybody can use the page, by day and by night, and it fits."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.evaluate(SETTLED)
        assert find_violations(page) + find_overflow(page) == [], f"{called}, {theme}"
        take_picture(page, f"plan-{called}-{theme}", full_page=True)


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button", name=re.compile(name)).click()


def follow(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("link", name=re.compile(name)).first.click()


def test_chosen_fields_and_relations_go_back_and_meanwhile_is_told(
    desk: Desk, chief: Callable[..., Page]
) -> None:
    with desk.reading() as session:
        article = session.get(Article, 3)
        title, summary, tags = article.title, article.summary, [tag.name for tag in article.tags]
    with desk.writing() as session:
        article = session.get(Article, 3)
        before = article.versions[-1].transaction_id
        article.title, article.summary, article.word_count = "Altered", "Altered too.", 1
        article.tags = []
    page = chief()
    page.goto(f"{desk.address}/history/records/article/3/{before}/revert")
    counts = page.locator(".hc-commit .hc-facts dd")
    page.locator("input[value=title]").uncheck()
    row = page.locator(".hc-choice", has=page.locator("[value=title]"))
    expect(row.get_by_text("Stays as it is")).to_be_visible()
    expect(counts.first).to_have_text(re.compile("of 3"))
    page.get_by_role("textbox", name="Reason").fill("The tags were right")
    judge(page, "chosen")

    # somebody saves the article in between
    with desk.writing("Jonas Weber") as session:
        session.get(Article, 3).summary = "Altered once more."
    press(page, "^Revert article 3")
    expect(page.get_by_role("alert")).to_contain_text("the article changed while you were reading")
    expect(page.get_by_role("alert")).to_contain_text("Jonas Weber")
    expect(page.get_by_text("In your plan", exact=True)).to_be_visible()
    judge(page, "refused")
    press(page, "Review the new plan")
    expect(page.locator("input[value=title]")).not_to_be_checked()
    expect(page.get_by_role("textbox", name="Reason")).to_have_value("The tags were right")
    press(page, "^Revert article 3")
    expect(page.locator(".hc-entry").first).to_contain_text("The tags were right")
    with desk.reading() as session:
        article = session.get(Article, 3)
        assert (article.title, article.summary) == ("Altered", summary)
        assert [tag.name for tag in article.tags] == tags
        assert title != "Altered"


def test_a_value_that_is_taken_is_typed_in_anew(desk: Desk, chief: Callable[..., Page]) -> None:
    with desk.writing() as session:
        tag = Tag(slug="ferries", name="Ferries")
        session.add(tag)
        session.flush()
        key = tag.id
    first = desk.newest()
    with desk.writing() as session:
        session.get(Tag, key).slug = "boats"
        session.flush()
        session.add(Tag(slug="ferries", name="All ferries"))
    page = chief(width=375)
    page.goto(f"{desk.address}/history/records/tag/{key}/{first}/revert")
    expect(page.get_by_text("has “ferries” by now")).to_be_visible()
    judge(page, "taken-375")
    slug = page.get_by_role("textbox", name="Slug")
    slug.fill("ferry-boats")
    press(page, "^Revert tag")
    with desk.reading() as session:
        assert session.get(Tag, key).slug == "ferry-boats"


def test_a_deleted_article_comes_back_with_its_comments(
    desk: Desk, chief: Callable[..., Page]
) -> None:
    with desk.writing() as session:
        article = session.get(Article, 16)
        title = article.title
        author = article.author_id
        article.comments = [Comment(body=f"Comment {n}", author_id=author) for n in range(2)]
    with desk.writing() as session:
        session.delete(session.get(Article, 16))
    page = chief()
    page.goto(f"{desk.address}/history/records/article?deleted=1")
    follow(page, r"Restore…\s*Article 16")
    expect(page.get_by_role("checkbox", name=re.compile("Recreate"))).to_have_count(2)
    page.get_by_role("checkbox", name=re.compile("Recreate")).nth(1).uncheck()
    judge(page, "restore")
    press(page, "^Restore article 16")
    expect(page.get_by_role("status").or_(page.locator(".hc-flash")).first).to_contain_text(title)
    with desk.reading() as session:
        assert [each.body for each in session.get(Article, 16).comments] == ["Comment 0"]


def test_a_transaction_is_undone_with_both_edits_and_the_undo_undone_without_script(
    desk: Desk, chief: Callable[..., Page]
) -> None:
    with desk.writing() as session:
        article = session.get(Article, 5)
        body = article.body
        article.body = "WRONG. " + body
        article.title = article.title.upper()
    number = desk.newest()
    with desk.writing("Jonas Weber") as session:
        session.get(Article, 5).body += "\n\nAnd something that came later."
    page = chief(java_script_enabled=False)
    page.goto(f"{desk.address}/history/transactions/{number}")
    follow(page, "Undo this transaction…")
    expect(page.get_by_text("Nothing has changed yet").first).to_be_visible()
    both = page.get_by_role("radio", name="Both", exact=True)
    expect(both).not_to_be_checked()
    page.get_by_text("Both", exact=True).click()
    expect(both).to_be_checked()
    press(page, f"^Undo #{number}")
    with desk.reading() as session:
        article = session.get(Article, 5)
        assert article.body == body + "\n\nAnd something that came later."
        assert article.title != article.title.upper()
    follow(page, "Undo…")
    press(page, "^Undo #")
    with desk.reading() as session:
        article = session.get(Article, 5)
        assert article.body == "WRONG. " + body + "\n\nAnd something that came later."
        assert article.title == article.title.upper()


def test_who_looked_is_read_by_the_chief_alone(desk: Desk, chief: Callable[..., Page]) -> None:
    page = chief()
    page.goto(f"{desk.address}/history/records/article/7")
    page.goto(f"{desk.address}/history/")
    with page.expect_navigation():
        page.get_by_role("link", name="Access log").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("/history/")
    judge(page, "access-log")
    page.goto(f"{desk.address}/login")
    with page.expect_navigation():
        page.locator("button[value=ines]").click()
    answer = page.goto(f"{desk.address}/history/access")
    assert answer is not None and answer.status == 403
    expect(page.get_by_text("Only the chief may see who looked")).to_be_visible()
