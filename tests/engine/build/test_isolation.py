"""P9, never in the way: no names taken, no listeners left, no manager that sees another's."""

from __future__ import annotations

import gc
import threading
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Mapper,
    Session,
    mapped_column,
    relationship,
    sessionmaker,
)

from flask_continuum.engine.build.history import TransactionFactory
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.setup import make_versioned, remove_versioning, versioning_manager
from tests.engine.newsroom import Newsroom, build
from tests.support.statements import statements


def test_an_application_may_have_a_transaction_of_its_own(engine: sa.Engine) -> None:
    class Base(DeclarativeBase):
        pass

    class Transaction(Base):
        __tablename__ = "payment"
        __versioned__: Any = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        amount: Mapped[int]
        account_id: Mapped[int] = mapped_column(sa.ForeignKey("account.id"))

    class Account(Base):
        __tablename__ = "account"
        id: Mapped[int] = mapped_column(primary_key=True)
        transactions: Mapped[list[Transaction]] = relationship("Transaction")

    sessions = sessionmaker(engine)
    manager = VersioningManager(user_cls=None)
    manager.attach(Base, sessions, engine)
    Base.metadata.create_all(engine)
    with sessions() as session:
        session.add(Account(id=1, transactions=[Transaction(id=1, amount=5)]))
        session.commit()
        version = session.scalars(sa.select(manager.registry.of(Transaction).version_class)).one()
        assert version.amount == 5
        assert type(version.transaction) is not Transaction
    manager.detach()


def test_the_transactions_table_can_have_another_name(engine: sa.Engine) -> None:
    class Base(DeclarativeBase):
        pass

    class Named(TransactionFactory):
        table_name = "history_transaction"

    sa.Table("transaction", Base.metadata, sa.Column("id", sa.Integer, primary_key=True))
    manager = VersioningManager(user_cls=None, transaction_cls=Named())
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)

    class Article(Base):
        __tablename__ = "article"
        __versioned__: Any = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    Base.metadata.create_all(engine)
    with sessions() as session:
        session.add(Article(id=1))
        session.commit()
        assert session.scalar(sa.text("SELECT count(*) FROM history_transaction")) == 1
    manager.detach()


def test_history_has_no_foreign_keys_and_outlives_its_users(engine: sa.Engine) -> None:
    newsroom = build(engine)
    for table in newsroom.manager.registry.tables.values():
        assert not table.version.foreign_keys
    (history,) = newsroom.manager.registry.history.values()
    assert not history.transaction.foreign_keys
    with newsroom.sessions() as session:
        session.add(newsroom.User(id=7, name="Maya"))
        session.commit()
    with newsroom.commit(user_id=7, actor="Maya") as session:
        session.add(newsroom.Section(id=1, name="City"))
    with newsroom.sessions() as session:
        version = session.scalars(
            sa.select(newsroom.registry_of(newsroom.Section).version_class)
        ).one()
        assert version.transaction.user.name == "Maya"
        session.delete(session.get(newsroom.User, 7))
        session.commit()
        session.expire_all()
        assert version.transaction.user is None
        assert (version.transaction.user_id, version.transaction.actor) == (7, "Maya")
    newsroom.manager.detach()


def test_version_columns_describe_and_do_not_make_values() -> None:
    class Base(DeclarativeBase):
        pass

    manager = VersioningManager(user_cls=None)
    manager.attach(Base, sessionmaker())

    class Thing(Base):
        __tablename__ = "thing"
        __versioned__: Any = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(5), unique=True, server_default="x", index=True)
        kind: Mapped[str] = mapped_column(
            sa.Enum("a", "b", native_enum=False, create_constraint=True)
        )
        twice: Mapped[int] = mapped_column(sa.Computed("id * 2"))

    version = manager.registry.of(Thing).table.version
    for name in ("name", "kind", "twice"):
        column = version.c[name]
        assert column.nullable and column.server_default is None and column.computed is None
        assert not column.unique
    checks = [c for c in version.constraints if not isinstance(c, sa.PrimaryKeyConstraint)]
    assert checks == []
    assert [c.name for c in version.primary_key] == ["id", "transaction_id"]


def test_two_managers_do_not_see_each_other(engine: sa.Engine) -> None:
    first = build(engine)
    with first.commit() as session:
        session.add(first.Section(id=1, name="City"))
    first.base.metadata.drop_all(engine)
    second = build(engine)
    with statements(engine) as found, second.commit() as session:
        session.add(second.Section(id=1, name="City"))
    assert len(found.naming("section_version").beginning("INSERT")) <= 1, found
    assert first.registry_of(first.Section) is not second.registry_of(second.Section)
    for newsroom in (first, second):
        newsroom.manager.detach()


def test_two_managers_listen_to_one_session(engine: sa.Engine) -> None:
    """Each writes what is its own into somebody else's transaction, as of each commit."""
    others = [define("one"), define("two")]
    for each in others:
        each.metadata.create_all(engine)
    with engine.connect() as connection, connection.begin(), Session(connection) as session:
        for name in ("a", "b"):
            for each in others:
                session.merge(each.Thing(id=1, name=name))
            session.commit()
        for each in others:
            versions = session.get_one(each.Thing, 1).versions
            assert [version.name for version in versions] == ["a", "b"]
    for each in others:
        each.manager.detach()


def define(prefix: str) -> SimpleNamespace:
    class Transactions(TransactionFactory):
        table_name = f"{prefix}_transaction"

    class Base(DeclarativeBase):
        pass

    manager = VersioningManager(user_cls=None, transaction_cls=Transactions())
    manager.attach(Base)

    class Thing(Base):
        __tablename__ = f"{prefix}_thing"
        __versioned__: Any = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(10))

    return SimpleNamespace(manager=manager, metadata=Base.metadata, Thing=Thing)


def test_detaching_leaves_no_listener(engine: sa.Engine) -> None:
    newsroom = build(engine)
    newsroom.manager.detach()
    with newsroom.sessions() as session, statements(engine) as found:
        session.add(newsroom.Section(id=1, name="City"))
        session.commit()
    assert len(found) == 1, found
    dispatchers = (engine.dispatch, newsroom.sessions.class_.dispatch, Mapper.dispatch)
    handlers = [
        handler
        for dispatch in dispatchers
        for name in dir(dispatch)
        if not name.startswith("_")
        for handler in _listeners(dispatch, name)
    ]
    assert [h for h in handlers if "flask_continuum" in str(getattr(h, "__module__", ""))] == []


def _listeners(dispatch: Any, name: str) -> list[Any]:
    found = getattr(dispatch, name, ())
    return list(found) if hasattr(found, "__iter__") else []


def test_an_engine_with_options_is_listened_to_once(engine: sa.Engine) -> None:
    """It has the events of the engine that it is made from, and passes them on."""
    newsroom = build(engine)
    derived = engine.execution_options(stream_results=False).execution_options(logging_token="a")
    newsroom.manager.track_engine(derived)
    handlers = list(derived.dispatch.before_execute)
    assert len(handlers) == 1, handlers
    with statements(engine) as found, newsroom.sessions(bind=derived) as session:
        session.add(newsroom.Section(id=1, name="City"))
        session.execute(sa.insert(newsroom.Section), [{"id": 2, "name": "Sport"}])
        session.commit()
    assert list(derived.dispatch.before_execute) == handlers
    written = found.naming("section_version").beginning("INSERT")
    assert len(written) <= 1, found
    with newsroom.sessions() as session:
        assert len(newsroom.ids(session, newsroom.Section, 1)) == 1
    newsroom.manager.detach()
    assert list(derived.dispatch.before_execute) == []


def test_a_manager_is_not_kept_alive_by_what_it_listened_to() -> None:
    class Base(DeclarativeBase):
        pass

    def make() -> weakref.ref[VersioningManager]:
        manager = VersioningManager(user_cls=None)
        sessions = sessionmaker()
        manager.attach(Base, sessions)
        manager.detach()
        return weakref.ref(manager)

    found = make()
    gc.collect()
    assert found() is None


@pytest.mark.parametrize("before", [True, False])
def test_the_default_manager_in_any_order_with_the_models(before: bool) -> None:
    if before:
        make_versioned(user_cls=None)

    class Base(DeclarativeBase):
        pass

    class Article(Base):
        __tablename__ = "article"
        __versioned__: Any = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(50))

    if not before:
        Base.registry.configure()
        make_versioned(user_cls=None)
    engine = sa.create_engine("sqlite://")
    try:
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            article = Article(id=1, title="a")
            session.add(article)
            session.commit()
            assert article.versions[0].title == "a"  # type: ignore[attr-defined]
        assert versioning_manager.registry.of(Article).version_class.__name__ == "ArticleVersion"
    finally:
        remove_versioning()
    with Session(engine) as session, statements(engine) as found:
        session.add(Article(id=2, title="b"))
        session.flush()
        session.rollback()
    assert not found.naming("article_version")
    engine.dispose()


def test_tables_are_there_right_after_the_class_statements(engine: sa.Engine) -> None:
    """No configure_mappers(), link tables by name and by object, keys whose type comes later."""

    class Base(DeclarativeBase):
        pass

    manager = VersioningManager(user_cls="Person")
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)

    class Article(Base):
        __tablename__ = "article"
        __versioned__: Any = {}
        id = sa.Column(sa.Integer, primary_key=True)
        section_id = sa.Column(sa.ForeignKey("section.code"))
        tags = relationship("Tag", secondary="article_tag")

    class Section(Base):
        __tablename__ = "section"
        __versioned__: Any = {}
        code = sa.Column(sa.String(7), primary_key=True)

    class Tag(Base):
        __tablename__ = "tag"
        id = sa.Column(sa.Integer, primary_key=True)

    class Person(Base):
        __tablename__ = "person"
        id = sa.Column(sa.String(9), primary_key=True)

    sa.Table(
        "article_tag",
        Base.metadata,
        sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("tag_id", sa.ForeignKey("tag.id"), primary_key=True),
    )
    Base.metadata.create_all(engine)
    there = set(sa.inspect(engine).get_table_names())
    assert {"article_version", "section_version", "article_tag_version", "transaction"} <= there
    columns = {c["name"]: c["type"] for c in sa.inspect(engine).get_columns("article_version")}
    assert columns["section_id"].length == 7
    users = {c["name"]: c["type"] for c in sa.inspect(engine).get_columns("transaction")}
    assert users["user_id"].length == 9
    with sessions() as session:
        session.add(Article(id=1, section_id=None, tags=[Tag(id=1)]))
        session.commit()
        assert session.scalar(sa.text("SELECT count(*) FROM article_tag_version")) == 1
    manager.detach()


def test_long_names_fit() -> None:
    class Base(DeclarativeBase):
        pass

    manager = VersioningManager(user_cls=None)
    manager.attach(Base, sessionmaker())
    name = "t" * 60

    class Long(Base):
        __tablename__ = name
        __versioned__: Any = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    version = manager.registry.of(Long).table.version
    assert len(version.name) <= 63
    assert all(len(str(index.name)) <= 63 for index in version.indexes)


def test_newsroom_is_checked_by_hand(engine: sa.Engine) -> None:
    """Relationships as they were, and the newest first: one small story end to end."""
    newsroom: Newsroom = build(engine)
    with newsroom.commit() as session:
        article = newsroom.Article(id=1, title="a", section=newsroom.Section(id=1, name="City"))
        article.tags = [newsroom.Tag(id=1, name="x"), newsroom.Tag(id=2, name="y")]
        session.add(article)
    with newsroom.commit() as session:
        article = session.get(newsroom.Article, 1)
        article.section.name = "Metro"
        article.tags.pop(0)
        article.comments.append(newsroom.Comment(id=1, text="first"))
        article.title = "b"
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Article, 1))
    version = newsroom.registry_of(newsroom.Article).version_class
    with newsroom.sessions() as session:
        born, changed, gone = session.scalars(sa.select(version).order_by(version.transaction_id))
        assert (born.section.name, changed.section.name, gone.section.name) == (
            "City",
            "Metro",
            "Metro",
        )
        assert sorted(tag.name for tag in born.tags) == ["x", "y"]
        assert [tag.name for tag in changed.tags] == [tag.name for tag in gone.tags] == ["y"]
        assert [comment.text for comment in gone.comments] == ["first"]
        assert born.comments == []
    newsroom.manager.detach()


def test_the_first_queries_of_several_threads(engine: sa.Engine) -> None:
    """Version classes are made when mappers are first configured: by one thread, once."""
    for _ in range(5):

        class Base(DeclarativeBase):
            pass

        class Thing(Base):
            __tablename__ = "thing"
            __versioned__: Any = {}
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str] = mapped_column(sa.String(20))

        manager = VersioningManager(user_cls=None)
        sessions = sessionmaker(engine)
        manager.attach(Base, sessions, engine)
        Base.metadata.create_all(engine)
        failures: list[BaseException] = []
        ready = threading.Barrier(6)

        def read(sessions: Any, thing: Any, ready: Any, failures: list[BaseException]) -> None:
            try:
                with sessions() as session:
                    ready.wait(10)
                    session.scalars(sa.select(thing).limit(1)).all()
                    assert hasattr(thing, "versions")
            except BaseException as error:
                failures.append(error)

        arguments = (sessions, Thing, ready, failures)
        threads = [threading.Thread(target=read, args=arguments) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        manager.detach()
        Base.metadata.drop_all(engine)
