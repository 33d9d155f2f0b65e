"""The button in a real Flask-Admin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import flask_babel
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_sqlalchemy import SQLAlchemy

from flask_continuum import Continuum
from flask_continuum.flask_admin import HistoryMixin
from flask_continuum.policy import Action, Decision, DefaultPolicy, deny

# Flask-Admin's own fields do not yet give WTForms what it wants.
pytestmark = pytest.mark.filterwarnings("ignore:Yielding raw tuples:DeprecationWarning")


class Rules(DefaultPolicy):
    """The second article is nobody's business."""

    def decide(self, action: Action, user: Any, **about: Any) -> Decision:
        thing = about.get("record") or about.get("version")
        if thing is not None and getattr(thing, "id", None) == 2:
            return deny("hidden")
        return super().decide(action, user, **about)


@pytest.fixture(scope="module")
def app() -> Iterator[Flask]:
    app = Flask("site")
    app.config.update(
        SECRET_KEY="test",
        SQLALCHEMY_DATABASE_URI="sqlite://",
        CONTINUUM_ADMIN_USER=lambda user: user == "Maya",
    )
    db = SQLAlchemy(app)
    app.extensions["reader"] = ["Maya"]
    continuum = Continuum(
        app, db, user_cls=None, policy=Rules, actor=lambda: app.extensions["reader"][0]
    )

    class Article(db.Model):  # type: ignore[name-defined,misc]
        __versioned__: Any = {}
        id = db.Column(db.Integer, primary_key=True)
        title = db.Column(db.String(50))

    class Note(db.Model):  # type: ignore[name-defined,misc]
        id = db.Column(db.Integer, primary_key=True)
        text = db.Column(db.String(50))

    class View(HistoryMixin, ModelView):  # type: ignore[misc]
        can_view_details = True

    flask_babel.Babel(app, locale_selector=lambda: app.extensions["language"])
    app.extensions["language"] = "en"
    admin = Admin(app)
    admin.add_view(View(Article, db, endpoint="articles"))
    admin.add_view(View(Note, db, endpoint="notes"))
    with app.app_context():
        db.create_all()
        db.session.add_all([Article(title="One"), Article(title="Two"), Note(text="Three")])
        db.session.commit()
    yield app
    with app.app_context():
        continuum.manager.detach()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.extensions["reader"][0], app.extensions["language"] = "Maya", "en"
    return app.test_client()


def links(client: FlaskClient, address: str) -> list[str]:
    """The addresses of history that a page leads to."""
    answer = client.get(address)
    assert answer.status_code == 200
    return re.findall(r'href="(/history[^"]*)"', answer.text)


def test_rows_have_a_button_where_the_policy_allows(client: FlaskClient) -> None:
    assert links(client, "/admin/articles/") == ["/history/records/article/1"]
    html = client.get("/admin/articles/").text
    assert re.search(r'class="icon" href="/history/records/article/1" title="History"', html)


@pytest.mark.parametrize("page", ["edit", "details"])
def test_a_record_s_page_has_one_tab_more(client: FlaskClient, page: str) -> None:
    assert links(client, f"/admin/articles/{page}/?id=1") == ["/history/records/article/1"]
    assert links(client, f"/admin/articles/{page}/?id=2") == []
    tabs = re.search(
        r'<ul class="nav nav-tabs">.*?</ul>', client.get(f"/admin/articles/{page}/?id=1").text, re.S
    )
    assert tabs is not None and 'href="/history/records/article/1">History</a></li></ul>' in tabs[0]


def test_versions_are_nothing_to_fill_in(client: FlaskClient) -> None:
    html = client.get("/admin/articles/edit/?id=1").text
    assert 'name="title"' in html and 'name="versions"' not in html


def test_others_see_no_button(app: Flask, client: FlaskClient) -> None:
    app.extensions["reader"][0] = "Tom"
    assert links(client, "/admin/articles/") == []
    assert links(client, "/admin/articles/edit/?id=1") == []


def test_what_has_no_history_has_no_button(client: FlaskClient) -> None:
    assert links(client, "/admin/notes/") == []
    assert links(client, "/admin/notes/edit/?id=1") == []


def test_the_button_speaks_the_reader_s_language(app: Flask, client: FlaskClient) -> None:
    app.extensions["language"] = "de"
    html = client.get("/admin/articles/edit/?id=1").text
    assert ">History</a>" in html or ">Verlauf</a>" in html
    assert 'title="Verlauf"' in client.get("/admin/articles/").text


def test_the_button_leads_to_the_timeline(client: FlaskClient) -> None:
    (url,) = links(client, "/admin/articles/")
    assert "One" in client.get(url).text
