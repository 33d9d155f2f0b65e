from __future__ import annotations

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_continuum import Continuum
from flask_continuum.policy import Action, DefaultPolicy, deny
from tests.admin.conftest import close, write_story
from tests.admin.newsroom import make_newsroom
from tests.admin.pages import read
from tests.admin.site import places


def test_nobody_logged_in_is_sent_to_the_login_page(newsroom):
    newsroom.app.login_manager.login_view = "login"
    newsroom.app.add_url_rule("/login", "login", lambda: "log in here")
    client = newsroom.app.test_client()
    for place in places(newsroom.app):
        for method in {"GET", *place.methods}:
            response = client.open(place.address, method=method)
            assert response.status_code == 302, place.address
            assert response.location.startswith("/login?next="), place.address


def test_nobody_logged_in_reads_no_settings(newsroom):
    response = newsroom.app.test_client().get("/history/")
    assert response.status_code == 401 and "CONTINUUM" not in response.text


def test_a_refused_person_reads_no_settings(newsroom, tom):
    response = tom.get("/history/")
    assert "Not allowed" in response.text
    assert "CONTINUUM" not in response.text


@pytest.fixture
def unset(tmp_path):
    made = make_newsroom(f"sqlite:///{tmp_path / 'unset.sqlite'}", CONTINUUM_ADMIN_USER=None)
    yield made
    close(made)


@pytest.mark.parametrize("user", [None, 1])
def test_a_developer_reads_what_to_set(unset, user):
    unset.app.login_manager.login_view = "login"
    unset.app.add_url_rule("/login", "login", lambda: "log in here")
    unset.app.debug = True
    response = unset.login(unset.app.test_client(), user).get("/history/")
    assert response.status_code == (401 if user is None else 403)
    assert "set CONTINUUM_ADMIN_USER" in response.text
    unset.app.debug = False
    assert "CONTINUUM" not in unset.login(unset.app.test_client(), user).get("/history/").text


class Restricted(DefaultPolicy):
    """Hides a whole model, one record, and one version."""

    def decide(self, action, user, *, model=None, record=None, version=None, **subject):
        name = model.__name__ if model is not None else ""
        if name == "Comment":
            return deny("Comments are private.")
        if name == "Article" and action is Action.VIEW:
            if record is not None and record.id == 1 and "secret" in record.title:
                return deny("This article is under wraps.")
            if version is not None and version.transaction_id == 2:
                return deny("This version is under wraps.")
        if name == "Article" and action in (Action.REVERT, Action.UNDO):
            return deny("Articles are set in stone.")
        return super().decide(action, user, model=model, record=record, version=version, **subject)


@pytest.fixture
def restricted(tmp_path):
    made = make_newsroom(f"sqlite:///{tmp_path / 'restricted.sqlite'}", policy=Restricted)
    with made.app.app_context():
        write_story(made, secrets=("a", "b"))
        yield made
    close(made)


def test_what_may_not_be_seen_is_not_there(restricted):
    client = restricted.login(restricted.app.test_client())
    missing = client.get("/history/records/nothing")
    hidden = client.get("/history/records/comment")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.text == missing.text
    assert client.get("/history/records/comment/1").text == missing.text
    assert client.get("/history/records/article/1/2").text == missing.text
    assert client.get("/history/records/article/1/3").status_code == 200


def test_a_hidden_version_is_neither_listed_nor_compared_with(restricted):
    client = restricted.login(restricted.app.test_client())
    timeline = client.get("/history/records/article/1").text
    assert "38" not in read(timeline).text.partition("As it is now")[0]
    assert "/history/records/article/1/2" not in read(timeline).links
    assert client.get("/history/records/article/1/compare?from=2&to=3").status_code == 404
    after = read(client.get("/history/records/article/1/3").text)
    assert "ferry" not in after.text.partition("What #3 changed")[2]


ARTICLE = [
    "/history/records/article",
    "/history/records/article/1",
    "/history/records/article/1/3",
]


def test_hidden_records_are_named_nowhere(restricted):
    client = restricted.login(restricted.app.test_client())
    for page in ("/history/", "/history/?q=great", "/history/transactions/3", *ARTICLE):
        text = client.get(page).text
        assert "Comment 1" not in text and "/records/comment" not in text, page
        assert "1 comment" not in text and "Great news" not in text, page


def test_the_policy_sees_the_record_as_it_is_now(restricted):
    client = restricted.login(restricted.app.test_client())
    article = restricted.db.session.get(restricted.models.Article, 1)
    article.title = "A secret harbour"
    restricted.db.session.commit()
    assert client.get("/history/records/article/1").status_code == 404
    assert client.get("/history/records/article/1/3").status_code == 404
    assert "harbour" not in client.get("/history/records/article").text.lower()


def test_who_may_not_revert_gets_the_reason_and_no_links(restricted):
    client = restricted.login(restricted.app.test_client())
    response = client.get("/history/records/article/1/1/revert")
    assert response.status_code == 403
    assert "Articles are set in stone." in response.text
    timeline = client.get("/history/records/article/1").text
    assert "/revert" not in timeline and "/undo" not in timeline
    assert client.post("/history/records/article/1/1/revert").status_code == 403
    undo = client.get("/history/transactions/1/undo")
    assert "Articles are set in stone." in undo.text


def test_a_developer_without_a_log_in_reads_that_there_is_none():
    app = Flask("bare")
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    app.config["CONTINUUM_ADMIN_USER"] = lambda user: True
    Continuum(app, SQLAlchemy(app), user_cls=None)
    app.debug = True
    response = app.test_client().get("/history/")
    assert response.status_code == 401 and "give Continuum actor=" in response.text
    app.debug = False
    assert "Continuum" not in app.test_client().get("/history/").text
