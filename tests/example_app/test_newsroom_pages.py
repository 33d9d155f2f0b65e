from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from example_app.extensions import db
from example_app.models import Article, Comment, Section, Status, User
from example_app.people import safe_address
from tests.example_app.opening import token

LogIn = Callable[[str], FlaskClient]

PUBLIC = ["/", "/login", "/sections/harbour", "/sections/opinion", "/tags/ferry"]
WRITERS = ["/desk", "/articles/new"]


def article_id(newsroom: Flask, title: str) -> int:
    with newsroom.app_context():
        return db.session.scalars(sa.select(Article.id).where(Article.title == title)).one()


@pytest.fixture
def bridge(newsroom: Flask) -> int:
    return article_id(newsroom, "Harbour bridge reopens a month early, and the ferry stays")


@pytest.fixture
def unpublished(newsroom: Flask) -> int:
    return article_id(newsroom, "What the market hall could be")


def form_of(client: FlaskClient, address: str) -> dict[str, str]:
    """What a browser would send back from the article form of a page."""
    html = client.get(address).text
    values = dict(re.findall(r'<input [^>]*name="(\w+)" value="([^"]*)"', html))
    values |= dict(re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>\n?(.*?)</textarea>', html, re.S))
    for name, options in re.findall(r'<select [^>]*name="(\w+)"[^>]*>(.*?)</select>', html, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        values[name] = chosen[1] if chosen else ""
    date = re.search(r'name="published_on" type="date" value="([^"]*)"', html)
    values["published_on"] = date[1] if date else ""
    values |= {name: "on" for name in re.findall(r'name="(\w+)" checked', html)}
    return {name: unescape(value) for name, value in values.items()}


@pytest.mark.parametrize("address", PUBLIC)
def test_everybody_reads(newsroom: Flask, address: str) -> None:
    answer = newsroom.test_client().get(address)
    assert answer.status_code == 200
    assert "<h1" in answer.text


def test_an_article_shows_text_tags_and_comments(newsroom: Flask, bridge: int) -> None:
    page = newsroom.test_client().get(f"/articles/{bridge}").text
    assert "two minutes to noon" in page
    assert 'href="/tags/ferry"' in page
    assert "That was my van." in page
    assert "Latest changes" not in page, "strangers see nothing of the history"


def test_every_page_sends_a_strict_policy_and_obeys_it(log_in: LogIn, bridge: int) -> None:
    client = log_in("maya")
    for address in [*PUBLIC, *WRITERS, f"/articles/{bridge}", f"/articles/{bridge}/edit", "/none"]:
        answer = client.get(address)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "<script" not in answer.text
        assert " style=" not in answer.text and "<style" not in answer.text
        assert re.search(r'(src|href)="(https?:)?//', answer.text) is None


def test_drafts_are_for_writers(newsroom: Flask, log_in: LogIn, unpublished: int) -> None:
    address = f"/articles/{unpublished}"
    assert newsroom.test_client().get(address).status_code == 404
    assert log_in("walter").get(address).status_code == 404
    assert log_in("ines").get(address).status_code == 200
    assert "market hall" not in newsroom.test_client().get("/sections/city").text


def test_what_each_role_may_do(newsroom: Flask, log_in: LogIn, bridge: int) -> None:
    stranger, reader, editor, chief = (
        newsroom.test_client(), log_in("walter"), log_in("ines"), log_in("maya")
    )  # fmt: skip
    for address in [*WRITERS, f"/articles/{bridge}/edit", f"/articles/{bridge}/delete"]:
        refused = stranger.get(address)
        assert refused.status_code == 302 and "/login?next=" in refused.location
        assert reader.get(address).status_code == 403
        assert editor.get(address).status_code == 200
        assert chief.get(address).status_code == 200
    assert editor.get("/sections/city/edit").status_code == 403
    assert chief.get("/sections/city/edit").status_code == 200


def test_history_is_for_editors_and_the_chief(newsroom: Flask, log_in: LogIn, bridge: int) -> None:
    reader, editor = log_in("walter"), log_in("ines")
    assert newsroom.test_client().get("/history/").status_code in (302, 401)
    assert reader.get("/history/").status_code in (403, 404)
    assert editor.get("/history/").status_code == 200
    assert "/history/" not in reader.get(f"/articles/{bridge}").text
    page = editor.get(f"/articles/{bridge}").text
    assert "Latest changes" in page
    assert f"/history/records/article/{bridge}" in page
    assert "Weights stay in figures." in page


def test_only_the_chief_brings_back(log_in: LogIn, newsroom: Flask, bridge: int) -> None:
    editor, chief = log_in("ines"), log_in("maya")
    timeline = chief.get(f"/history/records/article/{bridge}").text
    plans = re.findall(r'href="(/history/records/article/\d+/\d+/revert)"', timeline)
    assert plans
    assert chief.get(plans[-1]).status_code == 200
    assert editor.get(plans[-1]).status_code in (403, 404)
    assert "/revert" not in editor.get(f"/history/records/article/{bridge}").text


def test_a_telephone_number_is_shown_to_nobody(newsroom: Flask, log_in: LogIn) -> None:
    with newsroom.app_context():
        jonas = db.session.scalars(sa.select(User).where(User.handle == "jonas")).one()
        address = f"/history/records/user/{jonas.id}"
        last = jonas.versions[-1].transaction_id
        phones = {version.phone for version in jonas.versions}
        assert len(phones) == 2
    chief = log_in("maya")
    # Everybody joined in transaction 1.
    for page in (address, f"{address}/{last}", f"{address}/1/revert", "/history/"):
        answer = chief.get(page)
        assert answer.status_code == 200, page
        assert not any(phone in answer.text for phone in phones)
    assert "Phone" in chief.get(address).text


def test_an_edit_is_saved_with_its_author_and_reason(
    newsroom: Flask, log_in: LogIn, bridge: int
) -> None:
    client = log_in("ines")
    address = f"/articles/{bridge}/edit"
    form = form_of(client, address)
    changed = form["body"].replace("of nine piers", "of its nine piers")
    changed = changed.replace("eleven miles", "twelve miles")
    sent = form | {
        "body": changed.replace("\n", "\r\n"),
        "reason": "Measured it.",
        "tags": "bridge, Roads, bridge",
    }
    assert client.post(address, data=sent).status_code == 302
    with newsroom.app_context():
        article = db.session.get_one(Article, bridge)
        assert "twelve miles" in article.body and "\r" not in article.body
        assert [tag.name for tag in article.tags] == ["Roads", "bridge"]
        assert article.settings["pinned"] is True, "what the form does not show is kept"
        assert article.settings["newsletter"] == {"lead": True, "order": 1}
        newest = article.versions[-1]
        assert newest.changeset["body"] == [newest.previous.body, article.body]
        assert newest.transaction.reason == "Measured it."
        assert newest.transaction.user.handle == "ines"


def test_who_comes_second_is_told_and_loses_nothing(
    newsroom: Flask, log_in: LogIn, bridge: int
) -> None:
    ines, tomas = log_in("ines"), log_in("tomas")
    address = f"/articles/{bridge}/edit"
    first, second = form_of(ines, address), form_of(tomas, address)
    assert ines.post(address, data=first | {"title": "By Ines"}).status_code == 302
    overtaken = tomas.post(address, data=second | {"title": "By Tomás"})
    assert overtaken.status_code == 409
    assert "somebody saved this article while you were writing" in overtaken.text
    assert "Ines Okafor" in overtaken.text and 'value="By Tomás"' in overtaken.text
    with newsroom.app_context():
        assert db.session.get_one(Article, bridge).title == "By Ines"
    seen = re.search(r'name="seen" value="(\w+)"', overtaken.text)
    assert seen is not None
    again = second | {"title": "By Tomás", "seen": seen[1]}
    assert tomas.post(address, data=again).status_code == 302
    with newsroom.app_context():
        assert db.session.get_one(Article, bridge).title == "By Tomás"


def test_a_title_is_changed_alone_and_a_deletion_leads_to_the_history(
    newsroom: Flask, log_in: LogIn
) -> None:
    client = log_in("ines")
    with newsroom.app_context():
        plain = next(
            each
            for each in db.session.scalars(sa.select(Article).order_by(Article.id))
            if "pinned" not in each.settings
        ).id
    address = f"/articles/{plain}"
    sent = form_of(client, f"{address}/edit") | {"title": "Another title"}
    assert client.post(f"{address}/edit", data=sent).status_code == 302
    with newsroom.app_context():
        assert set(db.session.get_one(Article, plain).versions[-1].changeset) == {"title"}
    form = form_of(client, f"{address}/delete")
    page = client.post(f"{address}/delete", data=form, follow_redirects=True)
    assert "“Another title” is deleted." in page.text
    assert f'href="/history/records/article/{plain}"' in page.text


def test_saving_without_a_change_leaves_no_version(
    newsroom: Flask, log_in: LogIn, bridge: int
) -> None:
    client = log_in("ines")
    address = f"/articles/{bridge}/edit"
    with newsroom.app_context():
        before = db.session.get_one(Article, bridge).versions.count()
    assert client.post(address, data=form_of(client, address)).status_code == 302
    with newsroom.app_context():
        assert db.session.get_one(Article, bridge).versions.count() == before


def test_a_text_that_was_not_touched_keeps_its_line_ends(
    newsroom: Flask, log_in: LogIn, bridge: int
) -> None:
    text = "\ufeffone\r\ntwo\r\n\r\n"
    with newsroom.app_context():
        db.session.get_one(Article, bridge).body = text
        db.session.commit()
    client = log_in("ines")
    address = f"/articles/{bridge}/edit"
    form = form_of(client, address) | {"summary": "Another one."}
    assert client.post(address, data=form).status_code == 302
    with newsroom.app_context():
        article = db.session.get_one(Article, bridge)
        assert (article.body, article.summary) == (text, "Another one.")


def test_a_new_article(newsroom: Flask, log_in: LogIn) -> None:
    client = log_in("priya")
    form = form_of(client, "/articles/new?section=1")
    sent = form | {
        "title": "A <b>new</b> play",
        "body": "It opens\n\non Friday.",
        "tags": "theatre",
    }
    answer = client.post("/articles/new", data=sent)
    assert answer.status_code == 302
    page = client.get(answer.location).text
    assert "A &lt;b&gt;new&lt;/b&gt; play" in page
    with newsroom.app_context():
        article = db.session.scalars(sa.select(Article).order_by(Article.id.desc())).first()
        assert article is not None
        assert (article.word_count, article.status, article.author.handle) == (
            4, Status.DRAFT, "priya"
        )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"title": " "}, "Give the article a title."),
        ({"title": "x" * 201}, "Shorten the title"),
        ({"body": "\n"}, "Write at least a sentence."),
        ({"status": "gone"}, "Choose one of the states."),
        ({"section_id": "77"}, "Choose a section."),
        ({"tags": "fine, ***"}, "A tag is a word or two"),
        ({"published_on": "soon"}, "Write the date as year-month-day"),
        ({"status": "published", "published_on": ""}, "needs its date"),
    ],
)
def test_a_form_that_cannot_be_saved_says_why_and_keeps_what_was_typed(
    log_in: LogIn, bridge: int, wrong: dict[str, str], words: str
) -> None:
    client = log_in("ines")
    address = f"/articles/{bridge}/edit"
    sent = form_of(client, address) | {"summary": "typed & kept"} | wrong
    answer = client.post(address, data=sent)
    assert answer.status_code == 422
    assert words in answer.text
    assert "typed &amp; kept" in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_deleting_asks_first_and_can_be_restored(
    newsroom: Flask, log_in: LogIn, bridge: int
) -> None:
    client = log_in("jonas")
    address = f"/articles/{bridge}/delete"
    question = client.get(address).text
    assert "with its 6 comments" in question
    assert client.get(f"/articles/{bridge}").status_code == 200, "asking deletes nothing"
    sent = {"csrf_token": token(client, address), "reason": "By mistake."}
    assert client.post(address, data=sent).status_code == 302
    assert client.get(f"/articles/{bridge}").status_code == 404
    with newsroom.app_context():
        comments = sa.select(sa.func.count()).where(Comment.article_id == bridge)
        assert db.session.scalar(comments) == 0
    assert log_in("maya").get(f"/history/records/article/{bridge}").status_code == 200


def test_comments(newsroom: Flask, log_in: LogIn, bridge: int) -> None:
    walter, aiko = log_in("walter"), log_in("aiko")
    address = f"/articles/{bridge}/comments"
    csrf = token(walter)
    sent = {"csrf_token": csrf, "body": "Mind <the> gap."}
    assert walter.post(address, data=sent).status_code == 302
    page = walter.get(f"/articles/{bridge}").text
    assert "Mind &lt;the&gt; gap." in page
    with newsroom.app_context():
        comment = db.session.scalars(sa.select(Comment).order_by(Comment.id.desc())).first()
        assert comment is not None
        address = f"/comments/{comment.id}/delete"
    assert aiko.post(address, data={"csrf_token": token(aiko)}).status_code == 403
    assert walter.post(address, data={"csrf_token": csrf}).status_code == 302
    assert "Mind" not in walter.get(f"/articles/{bridge}").text


def test_a_comment_says_something_and_is_no_novel(log_in: LogIn, bridge: int) -> None:
    client = log_in("walter")
    csrf = token(client)
    for body, words in [(" ", "the comment was empty"), ("x" * 2_001, "Shorten the comment")]:
        sent = {"csrf_token": csrf, "body": body}
        answer = client.post(f"/articles/{bridge}/comments", data=sent, follow_redirects=True)
        assert words in answer.text


def test_a_section_is_renamed_by_the_chief(newsroom: Flask, log_in: LogIn) -> None:
    client = log_in("maya")
    csrf = token(client, "/sections/sport/edit")
    refused = client.post("/sections/sport/edit", data={"csrf_token": csrf, "name": ""})
    assert refused.status_code == 422 and "Give the section a name." in refused.text
    sent = {"csrf_token": csrf, "name": "Sports", "description": "Results."}
    assert client.post("/sections/sport/edit", data=sent).status_code == 302
    with newsroom.app_context():
        section = db.session.scalars(sa.select(Section).where(Section.slug == "sport")).one()
        assert section.versions[-1].changeset["name"] == ["Sport", "Sports"]


def test_nothing_changes_without_the_token(newsroom: Flask, log_in: LogIn, bridge: int) -> None:
    client = log_in("maya")
    posts = ["/login", "/logout", "/articles/new", f"/articles/{bridge}/edit"]
    posts += [f"/articles/{bridge}/delete", f"/articles/{bridge}/comments", "/sections/city/edit"]
    for address in posts:
        for sent in ({}, {"csrf_token": "wrong"}, {"csrf_token": "ü"}):
            assert client.post(address, data=sent | {"body": "x"}).status_code == 400
    assert client.get(f"/articles/{bridge}").status_code == 200
    assert newsroom.test_client().post("/login", data={"handle": "maya"}).status_code == 400


def test_log_in_leads_on_and_never_away(newsroom: Flask) -> None:
    client = newsroom.test_client()
    csrf = token(client)
    sent = {"handle": "ines", "csrf_token": csrf, "next": "/desk"}
    assert client.post("/login", data=sent).location == "/desk"
    for away in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere", "/\t/x", "x"):
        assert safe_address(away) == ""
        assert client.post("/login", data=sent | {"next": away}).location == "/"
    assert client.post("/login", data=sent | {"handle": "nobody"}).status_code == 404
    assert client.post("/logout", data={"csrf_token": csrf}).status_code == 302
    assert client.get("/desk").status_code == 302


def test_an_empty_newsroom_says_what_will_be_there(empty_newsroom: Flask) -> None:
    page = empty_newsroom.test_client().get("/").text
    assert "No stories yet" in page and "/login" in page


def test_pages_of_a_list_end(newsroom: Flask) -> None:
    client = newsroom.test_client()
    assert client.get("/sections/city?page=1").status_code == 200
    for page in ("2", "0", "-1"):
        assert client.get(f"/sections/city?page={page}").status_code == 404
    assert client.get("/sections/none").status_code == 404
    assert client.get("/articles/999999").status_code == 404


def test_the_history_speaks_the_language_of_the_browser(
    newsroom: Flask, log_in: LogIn, bridge: int
) -> None:
    client = log_in("maya")
    german = client.get(f"/history/records/article/{bridge}", headers={"Accept-Language": "de-AT"})
    assert '<html class="hc" lang="de" dir="ltr">' in german.text
    assert "Auswahl vergleichen" in german.text
    others = client.get(f"/history/records/article/{bridge}", headers={"Accept-Language": "fr"})
    assert "Compare selected" in others.text
