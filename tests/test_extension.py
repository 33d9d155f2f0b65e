from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy.orm import (
    DeclarativeBase,
    Session,
    configure_mappers,
    scoped_session,
    sessionmaker,
)

from flask_continuum import FindingKind, verify
from flask_continuum.actor import Actor
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.extension import Continuum
from flask_continuum.policy import Action, Decision, DefaultPolicy, Policy, allow
from flask_continuum.state import current_state, find_state
from tests.support.databases import Database
from tests.support.statements import statements


def make_app(name: str = "news", **config: Any) -> Flask:
    app = Flask(name)
    app.config.update(SECRET_KEY="test", SQLALCHEMY_DATABASE_URI="sqlite://", CONTINUUM_ADMIN=False)
    app.config.update(config)
    return app


def define_models(db: SQLAlchemy) -> Any:
    class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]
        __versioned__: Any = {"exclude": ["seen"]}
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String(50), nullable=False)
        is_active = db.Column(db.Boolean, nullable=False, default=True)
        seen = db.Column(db.Integer)

        def get_id(self) -> str:
            return f"login:{self.name}"

    class Article(db.Model):  # type: ignore[name-defined,misc]
        __versioned__: Any = {}
        id = db.Column(db.Integer, primary_key=True)
        title = db.Column(db.String(50))

    class Note(db.Model):  # type: ignore[name-defined,misc]
        id = db.Column(db.Integer, primary_key=True)
        text = db.Column(db.String(50))

    return Article


class News:
    """An application with users, articles and a log-in, its database filled with two users."""

    def __init__(self, uri: str = "sqlite://", **options: Any) -> None:
        self.uri = uri
        self.db = SQLAlchemy()
        self.Article = define_models(self.db)
        self.User, self.Note = (
            next(m.class_ for m in self.db.Model.registry.mappers if m.class_.__name__ == name)
            for name in ("User", "Note")
        )
        self.continuum = Continuum(db=self.db, **options)
        self.app = self.make_app()

    def make_app(self, name: str = "news", **config: Any) -> Flask:
        app = make_app(name, **{"SQLALCHEMY_DATABASE_URI": self.uri, **config})
        self.db.init_app(app)
        self.continuum.init_app(app)
        login = LoginManager(app)

        @login.user_loader
        def load(login_id: str) -> Any:
            name = login_id.removeprefix("login:")
            return self.db.session.scalars(sa.select(self.User).filter_by(name=name)).first()

        with app.app_context():
            self.db.create_all()
            self.db.session.add_all([self.User(id=7, name="Ana"), self.User(id=8, name="Ben")])
            self.db.session.commit()
        return app

    def visit(
        self, view: Callable[[], Any], login: str | None = "login:Ana", **request: Any
    ) -> Any:
        """Have a logged-in user post to ``view``, and return what it returned."""
        answer: list[Any] = []

        def called() -> str:
            answer.append(view())
            return ""

        self.app.view_functions.pop("called", None)
        self.app._got_first_request = False
        if not any(rule.endpoint == "called" for rule in self.app.url_map.iter_rules()):
            self.app.add_url_rule("/called", "called", methods=["POST"])
        self.app.view_functions["called"] = called
        with self.app.test_client() as client:
            if login is not None:
                with client.session_transaction() as cookie:
                    cookie["_user_id"] = login
            response = client.post("/called", **request)
        assert response.status_code == 200
        return answer[0]

    def write(self, title: str = "x") -> int:
        article = self.Article(title=title)
        self.db.session.add(article)
        self.db.session.commit()
        key: int = article.id
        return key

    def transaction_of(self, key: int, position: int = -1) -> Any:
        with self.app.app_context():
            return self.db.session.get(self.Article, key).versions[position].transaction


@pytest.fixture
def news() -> Iterator[News]:
    news = News()
    yield news
    dispose(news.app, news.db)


def dispose(app: Flask, db: SQLAlchemy) -> None:
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


def count_versions(app: Flask, db: SQLAlchemy, table: str = "article_version") -> int:
    with app.app_context():
        return int(db.session.scalar(sa.text(f"SELECT count(*) FROM {table}")))


# --- setting up --------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["models first", "models last", "configured first"])
def test_models_may_come_before_or_after(order: str) -> None:
    app, db = make_app(), SQLAlchemy()
    db.init_app(app)
    article = define_models(db) if order != "models last" else None
    if order == "configured first":
        configure_mappers()
    Continuum(app, db)
    article = article or define_models(db)
    with app.app_context():
        db.create_all()
        db.session.add(article(title="a"))
        db.session.commit()
    assert count_versions(app, db) == 1
    dispose(app, db)


def test_without_a_database_the_application_s_own_is_taken() -> None:
    app, db = make_app(), SQLAlchemy()
    article = define_models(db)
    db.init_app(app)
    continuum = Continuum()
    continuum.init_app(app)
    with app.app_context():
        assert current_state().db is db
        assert current_state().continuum is continuum
        db.create_all()
        db.session.add(article(title="a"))
        db.session.commit()
    assert count_versions(app, db) == 1
    dispose(app, db)


def test_without_any_database_the_error_tells_the_fix() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"db\.init_app\(app\)"):
        Continuum(make_app())


def test_a_database_of_another_application_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"not initialised on the application 'news'"):
        Continuum(make_app(), SQLAlchemy())


def test_a_database_of_another_kind_is_refused() -> None:
    app = make_app()
    app.extensions["sqlalchemy"] = object()
    with pytest.raises(ImproperlyConfigured, match="make_versioned"):
        Continuum(app)


def test_twice_on_one_application_is_an_error(news: News) -> None:
    with pytest.raises(ImproperlyConfigured, match="'news' keeps history already"):
        news.continuum.init_app(news.app)
    with pytest.raises(ImproperlyConfigured, match="keeps history already"):
        Continuum(news.app, news.db)


def test_a_wrong_setting_is_said_at_once(news: News) -> None:
    app = make_app(CONTINUUM_PAGESIZE=3)
    news.db.init_app(app)
    with pytest.raises(ImproperlyConfigured, match="CONTINUUM_PAGE_SIZE"):
        news.continuum.init_app(app)
    assert "continuum" not in app.extensions


def test_a_wrong_option_is_said_at_once() -> None:
    with pytest.raises(ImproperlyConfigured, match="'exclude'"):
        Continuum(db=SQLAlchemy(), options={"exlude": []})


def test_the_state_is_found_by_the_application(news: News) -> None:
    other = make_app("other")
    with pytest.raises(ImproperlyConfigured, match="no current application"):
        current_state()
    assert find_state() is None
    with other.app_context():
        with pytest.raises(ImproperlyConfigured, match=r"'other' keeps no history.*init_app"):
            current_state()
        assert find_state() is None
    with news.app.app_context():
        assert current_state().continuum is news.continuum


def test_the_manager_is_that_of_the_database() -> None:
    continuum = Continuum()
    with pytest.raises(ImproperlyConfigured, match="no database yet"):
        _ = continuum.manager
    apps = [make_app("one"), make_app("two")]
    for app in apps:
        db = SQLAlchemy(app)
        define_models(db)
        continuum.init_app(app, db)
        if app is apps[0]:
            assert isinstance(continuum.manager, VersioningManager)
    with pytest.raises(ImproperlyConfigured, match="several databases"):
        _ = continuum.manager
    for app in apps:
        with app.app_context():
            assert continuum.manager is current_state().manager


def test_a_flask_application_is_verified_in_all_its_databases() -> None:
    app = make_app(SQLALCHEMY_BINDS={"archive": "sqlite://"})
    db = SQLAlchemy(app)
    article = define_models(db)

    class Paper(db.Model):  # type: ignore[name-defined,misc]
        __bind_key__ = "archive"
        __versioned__: Any = {}
        id = db.Column(db.Integer, primary_key=True)

    continuum = Continuum(app, db)
    with app.app_context():
        db.create_all()
        db.session.add_all([article(id=1, title="a"), Paper(id=1)])
        db.session.commit()
        assert verify(db.session, continuum.manager).is_clean
        db.session.connection(bind_arguments={"mapper": sa.inspect(Paper)}).exec_driver_sql(
            "DELETE FROM paper"
        )
        (finding,) = verify(db.session, continuum.manager).findings
        assert (finding.kind, finding.table) == (FindingKind.VERSION_WITHOUT_RECORD, "paper")


def test_own_declarative_bases_work() -> None:
    class Base(DeclarativeBase):
        pass

    app, db = make_app(), SQLAlchemy(model_class=Base)
    db.init_app(app)
    continuum = Continuum(app, db)
    article = define_models(db)
    with app.app_context():
        db.create_all()
        with continuum.acting_as("script"):
            db.session.add(article(title="a"))
            db.session.commit()
        assert db.session.get(article, 1).versions[0].transaction.actor == "script"
    dispose(app, db)


# --- several -----------------------------------------------------------------------------------


def test_two_databases_do_not_see_each_other() -> None:
    one, two = News(), News(user_cls=None, options={"table_name": "%s_past"})
    with one.app.app_context(), one.continuum.acting_as("one"):
        first = one.write()
        with two.app.app_context():
            second = two.write()
    assert one.transaction_of(first).actor == "one"
    assert two.transaction_of(second).actor is None
    assert "article_version" not in two.db.metadata.tables
    assert "user_id" not in two.db.metadata.tables["transaction"].c
    dispose(one.app, one.db)
    dispose(two.app, two.db)


def test_history_lies_beside_its_data_in_each_bind(tmp_path: Path) -> None:
    db, app = SQLAlchemy(), make_app(SQLALCHEMY_BINDS={"archive": f"sqlite:///{tmp_path}/a.db"})
    article = define_models(db)

    class Box(db.Model):  # type: ignore[name-defined,misc]
        __bind_key__ = "archive"
        __versioned__: Any = {}
        id = db.Column(db.Integer, primary_key=True)
        label = db.Column(db.String(50))

    db.init_app(app)
    continuum = Continuum(app, db)
    with app.app_context():
        db.create_all()
        with continuum.transaction(reason="Both", actor="robot"):
            db.session.add_all([article(title="a"), Box(label="b")])
            db.session.commit()
        archive = sa.inspect(db.engines["archive"]).get_table_names()
        made = [db.session.get(model, 1).versions[0].transaction for model in (article, Box)]
        assert {"box", "box_version", "transaction"} <= set(archive)
        assert "article_version" not in archive
        assert [each.reason for each in made] == ["Both", "Both"]
        assert type(made[0]) is not type(made[1])
    dispose(app, db)


def test_a_factory_called_for_each_test_uses_one_manager(news: News) -> None:
    apps = [news.make_app(f"app{number}") for number in range(3)]
    for number, app in enumerate(apps):
        with app.app_context():
            for _ in range(number):
                news.write()
    assert [count_versions(app, news.db) for app in apps] == [0, 1, 2]
    managers = {id(app.extensions["continuum"].manager) for app in [news.app, *apps]}
    assert len(managers) == 1
    for app in apps:
        dispose(app, news.db)


def test_a_continuum_made_in_the_factory_joins(news: News) -> None:
    for number in range(3):
        app = make_app(f"app{number}")
        news.db.init_app(app)
        continuum = Continuum(app, news.db)
        with app.app_context(), continuum.acting_as("factory"):
            news.db.create_all()
            key = news.write()
            versions = news.db.session.get(news.Article, key).versions
            assert [each.transaction.actor for each in versions] == ["factory"]
        dispose(app, news.db)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"user_cls": None}, "user_cls is None and was User"),
        ({"options": {"exclude": ["a"]}}, r"options\['exclude'\] is \['a'\] and was \[\]"),
        ({"options": {"table_name": "%s_h"}, "user_cls": None}, "user_cls.*; options.*table_name"),
    ],
)
def test_a_second_one_that_wants_other_tables_is_refused(
    news: News, arguments: dict[str, Any], words: str
) -> None:
    app = make_app("second")
    news.db.init_app(app)
    with pytest.raises(ImproperlyConfigured, match=words):
        Continuum(app, news.db, **arguments)


def test_the_same_said_otherwise_is_the_same(news: News) -> None:
    Continuum(db=news.db, user_cls=news.User, options={"exclude": (), "strategy": "validity"})


# --- who acts ----------------------------------------------------------------------------------


def test_the_user_of_the_request_is_recorded_though_the_view_never_asks(news: News) -> None:
    key = news.visit(
        news.write, headers={"X-Request-ID": "r-1"}, environ_base={"REMOTE_ADDR": "203.0.113.9"}
    )
    made = news.transaction_of(key)

    assert (made.user_id, made.actor, made.remote_addr) == (7, "Ana", "203.0.113.9")
    assert made.context == {"request_id": "r-1", "endpoint": "called"}
    assert (made.kind, made.reason) == (None, None)
    with news.app.app_context():
        assert news.db.session.merge(made).user.name == "Ana"


@pytest.mark.parametrize("kind", ["orm", "core"])
def test_a_statement_of_a_session_has_the_user_too(news: News, kind: str) -> None:
    target = news.Article if kind == "orm" else news.Article.__table__
    seen: list[Any] = []

    def view() -> None:
        news.db.session.execute(sa.insert(news.Note.__table__).values(text="n"))
        seen.append("_login_user" in g)
        news.db.session.execute(sa.insert(target).values(title="by statement"))
        seen.append(current_state().manager.attribution().user_id)
        news.db.session.rollback()

    news.visit(view)
    assert seen == [False, 7]


def test_a_plain_session_in_place_of_the_scoped_one(news: News) -> None:
    with news.app.app_context():
        original = news.db.session
        news.db.session = news.db.session.session_factory()
        with news.continuum.acting_as("robot"):
            article = news.Article(title="x")
            news.db.session.add(article)
        news.db.session.commit()
        assert article.versions[0].transaction.actor == "robot"
        news.db.session.close()
        news.db.session = original


def test_nobody_is_loaded_for_reading_or_for_what_is_not_versioned(news: News) -> None:
    def view() -> None:
        news.db.session.scalars(sa.select(news.Article)).all()
        news.db.session.add(news.Note(text="n"))
        news.db.session.commit()
        assert "_login_user" not in g

    news.visit(view)


def test_anonymous_writes_are_recorded_without_a_user(news: News) -> None:
    made = news.transaction_of(news.visit(news.write, login=None))
    assert (made.user_id, made.actor) == (None, None)
    assert made.remote_addr == "127.0.0.1"


def test_a_user_expired_by_an_earlier_commit_keeps_name_and_costs_nothing(news: News) -> None:
    def view() -> tuple[int, list[str]]:
        assert current_user.name == "Ana"
        news.db.session.add(news.Note(text="n"))
        news.db.session.commit()  # expires the user
        with statements(news.db.engine) as sent:
            key = news.write()
        return key, sent.naming("user")

    key, sent = news.visit(view)
    assert (news.transaction_of(key).user_id, news.transaction_of(key).actor) == (7, "Ana")
    assert [text for text in sent if not text.startswith("INSERT INTO")] == []


def test_logging_in_and_writing_in_one_request(news: News) -> None:
    def view() -> int:
        login_user(news.db.session.get(news.User, 8))
        return news.write()

    assert news.transaction_of(news.visit(view, login=None)).user_id == 8


def test_registering_records_the_new_user_as_the_one_who_acts(news: News) -> None:
    def view() -> int:
        user = news.User(id=9, name="Cleo", is_active=True)
        news.db.session.add(user)
        login_user(user)
        return news.write()

    made = news.transaction_of(news.visit(view, login=None))
    assert (made.user_id, made.actor) == (9, "Cleo")


def test_a_user_who_deletes_themselves_is_recorded(news: News) -> None:
    def view() -> int:
        news.db.session.delete(current_user._get_current_object())
        return news.write()

    made = news.transaction_of(news.visit(view))
    assert (made.user_id, made.actor) == (7, "Ana")


def test_without_a_request_nothing_is_known_and_nothing_breaks(news: News) -> None:
    with news.app.app_context():
        key = news.write()
    made = news.transaction_of(key)
    assert (made.user_id, made.actor, made.remote_addr, made.context) == (None, None, None, None)


def test_an_own_actor_replaces_flask_login() -> None:
    acting: list[Any] = ["robot"]
    news = News(actor=lambda: acting[0])
    assert news.transaction_of(news.visit(news.write)).actor == "robot"
    acting[0] = Actor(42, "Remote")
    made = news.transaction_of(news.visit(news.write))
    assert (made.user_id, made.actor) == (42, "Remote")
    dispose(news.app, news.db)


# --- blocks ------------------------------------------------------------------------------------


def test_a_transaction_says_why(news: News) -> None:
    instant = datetime(2026, 3, 3, 10, 20, tzinfo=timezone(timedelta(hours=2)))
    with (
        news.app.app_context(),
        news.continuum.transaction(
            reason=" typo ",
            actor="Maya",
            kind="import",
            meta={"ticket": 3},
            issued_at=instant,
            context={"job": "nightly"},
        ),
    ):
        key = news.write()
    made = news.transaction_of(key)
    assert (made.reason, made.actor, made.kind) == ("typo", "Maya", "import")
    assert made.context == {"job": "nightly", "meta": {"ticket": 3}}
    assert made.issued_at == datetime(2026, 3, 3, 8, 20)


def test_an_instant_without_a_zone_is_utc(news: News) -> None:
    with news.app.app_context(), news.continuum.transaction(issued_at=datetime(2026, 3, 3)):
        key = news.write()
    assert news.transaction_of(key).issued_at == datetime(2026, 3, 3)


def test_what_is_written_in_the_block_is_attributed_though_committed_after_it(news: News) -> None:
    with news.app.app_context():
        article = news.Article(title="x")
        with news.continuum.acting_as("robot"), news.continuum.transaction(reason="why"):
            news.db.session.add(article)
        news.db.session.commit()
        key = article.id
    made = news.transaction_of(key)
    assert (made.actor, made.reason) == ("robot", "why")


def test_what_was_flushed_before_the_block_is_attributed_too(news: News) -> None:
    with news.app.app_context():
        article = news.Article(title="x")
        news.db.session.add(article)
        news.db.session.flush()
        with news.continuum.transaction(reason="why", actor="robot"):
            pass
        news.db.session.commit()
        key = article.id
    made = news.transaction_of(key)
    assert (made.actor, made.reason) == ("robot", "why")


@pytest.mark.parametrize("write", ["commit", "flush"])
def test_what_was_said_first_about_a_transaction_stays(write: str) -> None:
    news = News()
    app = news.make_app("second", CONTINUUM_WRITE=write)
    with app.app_context():
        article = news.Article(title="x")
        news.db.session.add(article)
        with news.continuum.transaction(reason="first", meta={"a": 1}):
            pass
        assert len(list(article.versions)) == 1
        with news.continuum.transaction(reason="second", actor="Maya", context={"b": 2}):
            article.title = "y"
        news.db.session.commit()
        (made,) = (version.transaction for version in article.versions)
        assert (made.reason, made.actor) == ("first", "Maya")
        assert made.context == {"meta": {"a": 1}, "b": 2}
    dispose(app, news.db)
    dispose(news.app, news.db)


def test_blocks_of_transactions_after_another_are_kept_apart(news: News) -> None:
    keys = []
    with news.app.app_context():
        for reason in ("one", "two"):
            with news.continuum.transaction(reason=reason):
                keys.append(news.write())
        keys.append(news.write())
    assert [news.transaction_of(key).reason for key in keys] == ["one", "two", None]


def test_a_block_that_fails_flushes_nothing(news: News) -> None:
    with news.app.app_context():
        with pytest.raises(LookupError), news.continuum.transaction(reason="why"):
            news.db.session.add(news.Article(title="x"))
            raise LookupError
        assert len(news.db.session.new) == 1


def test_a_block_without_an_application_needs_none(news: News) -> None:
    with news.continuum.acting_as("script"), news.app.app_context():
        key = news.write()
    assert news.transaction_of(key).actor == "script"


def test_a_block_opens_no_session(news: News) -> None:
    with news.app.app_context():
        with news.continuum.transaction(reason="why"):
            pass
        assert not news.db.session.registry.has()


def test_acting_as_a_user_outside_a_request(news: News) -> None:
    with news.app.app_context():
        ana = news.db.session.get(news.User, 7)
        with news.continuum.acting_as(ana):
            key = news.write()
    assert news.transaction_of(key).user_id == 7


def test_a_decorated_function_acts(news: News) -> None:
    @news.continuum.acting_as("nightly")
    def job() -> int:
        with news.app.app_context():
            return news.write()

    assert [news.transaction_of(job()).actor for _ in range(2)] == ["nightly", "nightly"]


def test_another_thread_is_not_spoken_for(news: News, tmp_path: Any) -> None:
    seen: list[Any] = []

    def act() -> None:
        with news.app.app_context():
            seen.append(current_state().manager.attribution().actor)

    with news.app.app_context(), news.continuum.acting_as("main"):
        thread = threading.Thread(target=act)
        thread.start()
        thread.join()
        seen.append(current_state().manager.attribution().actor)
    assert seen == [None, "main"]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"meta": {"at": datetime(2026, 1, 1, tzinfo=UTC)}}, TypeError, "meta is kept as JSON"),
        ({"context": {"n": float("nan")}}, TypeError, "context is kept as JSON"),
        ({"kind": "k" * 21}, ValueError, "at most 20 characters"),
    ],
)
def test_what_cannot_be_kept_is_said_at_once(
    news: News, arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        news.continuum.transaction(**arguments)


def test_later_changes_of_what_was_given_have_no_effect(news: News) -> None:
    facts: dict[str, Any] = {"ids": [1]}
    with news.app.app_context(), news.continuum.transaction(context=facts):
        facts["ids"].append(2)
        key = news.write()
    assert news.transaction_of(key).context == {"ids": [1]}


# --- the policy --------------------------------------------------------------------------------


class Open(Policy):
    def decide(self, action: Action, user: Any, **about: Any) -> Decision:
        return allow()


class Narrow(DefaultPolicy):
    pass


def policy_of(policy: Any, **config: Any) -> Policy:
    app, db = make_app(**config), SQLAlchemy()
    db.init_app(app)
    Continuum(app, db, policy=policy)
    found: Policy = app.extensions["continuum"].policy
    dispose(app, db)
    return found


def test_policies_are_taken_as_instance_or_class() -> None:
    def setting(user: Any) -> bool:
        return True

    default = policy_of(None, CONTINUUM_ADMIN_USER=setting)
    narrow = policy_of(Narrow, CONTINUUM_ADMIN_USER=setting)
    instance = Narrow()

    assert type(default) is DefaultPolicy
    assert default.admin_user is setting
    assert type(narrow) is Narrow
    assert narrow.admin_user is setting
    assert type(policy_of(Open)) is Open
    assert policy_of(instance) is instance
    with pytest.raises(ImproperlyConfigured, match="Policy"):
        policy_of(lambda user: True)


# --- habits of test suites ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["engine replaced", "session replaced", "get_bind replaced"])
def test_a_session_in_an_outer_transaction_that_is_rolled_back(
    database: Database, kind: str
) -> None:
    """The habits of test suites: each commit is a transaction of the history, and all goes."""
    news = News(uri=database.uri)
    db, article_class = news.db, news.Article
    with news.app.app_context():
        connection = db.engine.connect()
        outer = connection.begin()
        original = db.session
        if kind == "engine replaced":
            engines: Any = db.engines
            engine, engines[None] = engines[None], connection
        elif kind == "session replaced":
            db.session = scoped_session(sessionmaker(bind=connection))
        else:
            db.session = scoped_session(db._make_session_factory({}))
            db.session().get_bind = lambda *args, **named: connection
        try:
            with news.continuum.acting_as("test"):
                article = article_class(title="a")
                db.session.add(article)
                db.session.commit()
                article.title = "b"
                db.session.commit()
                article.title = "c"
                db.session.flush()
                db.session.commit()
            versions = list(article.versions)
            assert [version.title for version in versions] == ["a", "b", "c"]
            assert len({version.transaction.id for version in versions}) == 3
            assert {version.transaction.actor for version in versions} == {"test"}
            assert [version.end_transaction_id for version in versions] == [
                *(version.transaction_id for version in versions[1:]),
                None,
            ]
        finally:
            db.session.remove()
            outer.rollback()
            connection.close()
            db.session = original
            if kind == "engine replaced":
                engines[None] = engine
    assert count_versions(news.app, db) == 0
    dispose(news.app, db)


def test_sessions_of_other_databases_are_left_alone(news: News) -> None:
    """What is listened to is the class of one session factory, never one that others share."""
    other = SQLAlchemy()

    def handlers() -> list[Any]:
        with news.app.app_context():
            sessions = (Session(), FlaskSession(other), other.session.session_factory())
        return [
            handler
            for session in sessions
            for name in ("before_flush", "do_orm_execute", "after_commit", "after_begin")
            for handler in getattr(session.dispatch, name)
        ]

    before = handlers()
    with news.app.app_context():
        with Session(news.db.engine) as plain:
            plain.add(news.Article(title="plain"))
            plain.commit()
        with FlaskSession(news.db) as plain:
            plain.add(news.Article(title="plain"))
            plain.commit()
    assert handlers() == before
    assert count_versions(news.app, news.db) == 2
