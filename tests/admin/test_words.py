"""Every page of an application speaks the reader's language: in brackets, and in German."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import flask_babel
import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_continuum.admin.pages.plan import reason_of
from flask_continuum.engine.revert.steps import Impossible, Reason
from flask_continuum.languages import Languages
from flask_continuum.presenters.words import speaking
from tests.admin.conftest import close
from tests.admin.newsroom import Newsroom, make_newsroom
from tests.support.pseudo import Pseudo, unsaid

MOST_PAGES = 120


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """A newsroom whose data have no Latin letter, so that whatever has one is ours."""
    folder = tmp_path_factory.mktemp("words")
    made = make_newsroom(
        f"sqlite:///{folder / 'newsroom.sqlite'}",
        CONTINUUM_ADMIN_USER=lambda user: user.id == 1,
        CONTINUUM_TITLE="History",
    )
    with made.app.app_context():
        _write(made)
        made.db.session.remove()
    yield made
    with made.app.app_context():
        close(made)


def _write(newsroom: Newsroom) -> None:
    models, session = newsroom.models, newsroom.db.session
    steps = iter(range(1, 20))

    def step(kind: str | None = None, reason: str | None = None) -> Any:
        at = datetime(2026, 3, 3, 10, 20) + timedelta(days=next(steps))
        return newsroom.continuum.transaction(
            issued_at=at, actor="Μάγια", kind=kind, reason=reason, meta={"κλειδί": "αξία"}
        )

    for user, name in ((1, "Μάγια"), (2, "Τομ")):
        session.get(models.User, user).name = name
    session.commit()
    city, old = models.Section(name="Πόλη"), models.Tag(name="παλιό")
    article = models.Article(
        title="Γέφυρα", body="Ένα δύο τρία.\n\nΤέσσερα.", words=3, api_token="α", section=city,
        tags=[old], settings={"α": {"β": [1, 2, 3]}}, comments=[models.Comment(text="Ναι")],
    )  # fmt: skip
    with step(reason="Αρχή"):
        session.add(article)
        session.commit()
    with step():
        article.title, article.body, article.words = "Νέα γέφυρα", "Ένα πέντε τρία.\n\nΈξι.", 1204
        article.api_token, article.settings = "β", {"α": {"β": [3, 1, 2, 4]}, "γ": None}
        article.tags = [models.Tag(name="νέο")]
        session.commit()
    with step(kind="import"):
        article.section, city.name = models.Section(name="Δρόμος"), "Χωριό"
        article.comments = []
        article.body, article.words = None, None
        session.commit()
    with step():
        article.tags = []
        session.commit()
    gone = models.Article(title="Χαμένο", comments=[models.Comment(text="Όχι")])
    with step():
        session.add(gone)
        session.commit()
    with step():
        session.delete(gone)
        session.commit()


@pytest.fixture
def maya(newsroom: Newsroom) -> FlaskClient:
    return newsroom.login(newsroom.app.test_client(), 1)


def shape(address: str) -> str:
    """What pages of one kind have in common: one of them is enough."""
    path, _, query = unescape(address).partition("#")[0].partition("?")
    names = sorted(part.partition("=")[0] for part in query.split("&"))
    return re.sub(r"\d+|%\w\w|(?<=transactions/)[\w-]+", "1", path) + "?" + "&".join(names)


def crawl(client: FlaskClient) -> Iterator[tuple[str, str]]:
    """One page of each kind that links lead to, with what it says."""
    seen, waiting = set(), ["/history/", "/history/nothing", "/history/records/article?as_of=never",
                            "/history/changes?operation=odd", "/history/?q=zzz"]  # fmt: skip
    while waiting and len(seen) < MOST_PAGES:
        address = waiting.pop(0)
        if shape(address) in seen or "/static/" in address or "format=" in address:
            continue
        seen.add(shape(address))
        answer = client.get(address.partition("#")[0], follow_redirects=True)
        if answer.mimetype == "text/html":
            yield address, answer.text
            found = (unescape(link) for link in re.findall(r' href="([^"]*)"', answer.text))
            waiting += [link for link in found if link.startswith("/history")]


def test_nothing_on_a_page_is_said_in_one_language_only(
    newsroom: Newsroom, maya: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Languages, "current", lambda self: Pseudo())
    pages = dict(crawl(maya))
    assert len(pages) > 40
    found = {address: texts for address, page in pages.items() if (texts := unsaid(page))}
    assert found == {}
    assert all('<html class="hc" lang="x-pseudo" dir="rtl">' in page for page in pages.values())


def test_what_answers_a_form_is_said_in_the_readers_language(
    newsroom: Newsroom, maya: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Languages, "current", lambda self: Pseudo())
    answers = [
        maya.post("/history/records/article/1/1/revert"),
        maya.post("/history/records/article/1/1/revert", headers={"Origin": "null"}),
        maya.delete("/history/records/article/1"),
        newsroom.login(newsroom.app.test_client(), 2).get("/history/"),
        newsroom.app.test_client().get("/history/"),
    ]
    assert [answer.status_code for answer in answers] == [400, 403, 405, 403, 401]
    assert [unsaid(answer.text) for answer in answers] == [set()] * len(answers)


@pytest.fixture(scope="module")
def german(newsroom: Newsroom) -> Iterator[Flask]:
    flask_babel.Babel(newsroom.app, locale_selector=lambda: "de")
    yield newsroom.app
    del newsroom.app.extensions["babel"]


def test_pages_are_german(german: Flask, maya: FlaskClient) -> None:
    timeline = maya.get("/history/records/article/1").text
    assert '<html class="hc" lang="de" dir="ltr">' in timeline
    assert "legte Article mit 5 Feldern an" in timeline
    assert "4. März 2026" in timeline or "Mittwoch" in timeline
    assert "Auswahl vergleichen" in timeline
    plan = maya.get("/history/records/article/1/1/revert").text
    assert "Auf #1 zurücksetzen" in plan
    assert "Noch hat sich nichts geändert" in plan
    missing = maya.get("/history/records/article/99")
    assert missing.status_code == 404 and "Hier ist nichts" in missing.text


def test_every_page_can_be_said_in_german(german: Flask, maya: FlaskClient) -> None:
    pages = dict(crawl(maya))
    assert len(pages) > 40
    assert all('lang="de"' in page for page in pages.values())


def test_every_reason_for_what_cannot_come_back_has_words_in_each_language() -> None:
    for reason in Reason:
        impossible = Impossible("title", reason, "“title” stays as it is.")
        assert reason_of(impossible) == impossible.words
        with speaking(Pseudo()):
            said = reason_of(impossible)
        # what a policy says has been said already
        assert said == impossible.words if reason is Reason.POLICY else unsaid(said) == set()
