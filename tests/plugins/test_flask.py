"""FlaskPlugin: the user and the address of a request, without Continuum."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_login import LoginManager, UserMixin, login_user
from flask_sqlalchemy import SQLAlchemy

from flask_continuum import VersioningManager, plugins, transaction_class
from flask_continuum.extension import Continuum
from flask_continuum.plugins import ActivityPlugin, FlaskPlugin, TransactionChangesPlugin
from flask_continuum.plugins.flask import fetch_current_user_id, fetch_remote_addr


class News:
    """An application whose models are versioned by a manager with the plugins given."""

    def __init__(self) -> None:
        self.app = Flask("news")
        self.app.config.update(SECRET_KEY="test", SQLALCHEMY_DATABASE_URI="sqlite://")
        self.app.config.update(CONTINUUM_ADMIN=False)
        self.db = db = SQLAlchemy()

        class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]
            number = db.Column(db.Integer, primary_key=True)

            def get_id(self) -> str:
                return str(self.number)

        class Article(db.Model):  # type: ignore[name-defined,misc]
            __versioned__: Any = {}
            id = db.Column(db.Integer, primary_key=True)

        self.User, self.Article = User, Article
        db.init_app(self.app)
        login = LoginManager(self.app)
        login.user_loader(lambda key: db.session.get(User, int(key)))

    def version_with(self, *plugins: Any) -> None:
        manager = VersioningManager(plugins=plugins)
        manager.attach(self.db.Model, self.db.session)
        with self.app.app_context():
            self.create()

    def create(self) -> None:
        self.db.create_all()
        self.db.session.add(self.User(number=7))
        self.db.session.commit()

    def write(self, *, login: bool = True, add: int = 1) -> Any:
        """Write an article in a request, and return its transaction."""
        address = {"REMOTE_ADDR": "192.0.2.1"}
        with self.app.test_request_context("/", environ_base=address):
            if login:
                login_user(self.db.session.get(self.User, 7))
            for _ in range(add):
                self.db.session.add(self.Article())
                self.db.session.commit()
            return self.last()

    def last(self) -> Any:
        cls = transaction_class(self.Article)
        return self.db.session.scalars(sa.select(cls).order_by(cls.id.desc()).limit(1)).one()


@pytest.fixture
def news() -> Iterator[News]:
    news = News()
    yield news
    with news.app.app_context():
        news.db.session.remove()
        for engine in news.db.engines.values():
            engine.dispose()


def test_a_request_names_user_and_address(news: News) -> None:
    news.version_with(FlaskPlugin())
    found = news.write(add=2)  # the commit before has expired the user
    assert (found.user_id, found.remote_addr) == (7, "192.0.2.1")


def test_nobody_is_logged_in(news: News) -> None:
    news.version_with(FlaskPlugin())
    found = news.write(login=False)
    assert (found.user_id, found.remote_addr) == (None, "192.0.2.1")


def test_outside_a_request_nothing_is_said(news: News) -> None:
    assert fetch_current_user_id() is None
    assert fetch_remote_addr() is None
    news.version_with(FlaskPlugin())
    with news.app.app_context():
        news.db.session.add(news.Article())
        news.db.session.commit()
        assert (news.last().user_id, news.last().remote_addr) == (None, None)


def test_factories_take_the_place_of_the_request(news: News) -> None:
    news.version_with(FlaskPlugin(lambda: 42, lambda: "203.0.113.9"))
    found = news.write()
    assert (found.user_id, found.remote_addr) == (42, "203.0.113.9")


def test_a_user_that_is_no_row_is_known_by_its_id(news: News, monkeypatch: Any) -> None:
    user = SimpleNamespace(id=12, is_authenticated=True)
    monkeypatch.setattr("flask_continuum.actor.current_user", lambda: user)
    assert fetch_current_user_id() == 12


def test_continuum_takes_plugins_too(news: News) -> None:
    said: Any = FlaskPlugin(lambda: 42, lambda: "203.0.113.9")
    continuum = Continuum(news.app, news.db, plugins=[said])
    with news.app.app_context():
        news.create()
        assert continuum.manager.plugins == [said]
        # outside a request Continuum knows nobody, and the plugin is heard
        news.db.session.add(news.Article())
        news.db.session.commit()
        assert (news.last().user_id, news.last().remote_addr) == (42, "203.0.113.9")
    found = news.write()
    assert (found.user_id, found.remote_addr) == (7, "192.0.2.1")
    with pytest.raises(Exception, match="plugins are none and were FlaskPlugin"):
        Continuum(db=news.db)


def test_continuum_has_activities_and_names(news: News) -> None:
    activities = ActivityPlugin()
    Continuum(news.app, news.db, plugins=[activities, TransactionChangesPlugin()])
    with news.app.app_context():
        news.create()
    with news.app.test_request_context("/"):
        login_user(news.db.session.get(news.User, 7))
        done = activities.activity_cls(verb="write", object=news.Article())
        news.db.session.add(done)
        news.db.session.commit()
        assert done.actor.number == 7
        assert done.object_version.transaction is done.transaction
        assert done.transaction.entity_names == ["Article"]
        assert news.last().activities == [done]


def test_the_package_has_every_plugin() -> None:
    for name in plugins.__all__:
        assert getattr(plugins, name).__name__ == name
    with pytest.raises(AttributeError, match="Flask_Plugin"):
        _ = plugins.Flask_Plugin
