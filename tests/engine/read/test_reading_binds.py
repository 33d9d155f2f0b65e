from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, mapped_column, relationship, selectinload, sessionmaker

from flask_continuum import blame, changes_of, history_of_field, timeline
from flask_continuum.engine import read
from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.errors import VersioningError
from flask_continuum.engine.maintenance.verify import verify
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.revert import plan_undo
from tests.support.databases import Database
from tests.support.marks import on


def build(one: sa.Engine, other: sa.Engine) -> Any:
    """Two models in two databases, versioned by one manager."""

    class First(DeclarativeBase):
        pass

    class Second(DeclarativeBase):
        pass

    class Book(First):
        __tablename__ = "book"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        title = mapped_column(sa.String(20))

    class Log(Second):
        __tablename__ = "log"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        title = mapped_column(sa.String(20))

    sessions = sessionmaker(binds={First: one, Second: other})
    manager = VersioningManager(user_cls=None)
    manager.attach(First, sessions)
    manager.attach(Second, sessions)
    First.metadata.create_all(one)
    Second.metadata.create_all(other)
    return manager, sessions, Book, Log


@on("sqlite")
def test_reading_spans_databases(database: Database, second_database: Database) -> None:
    manager, sessions, book, log = build(database.create_engine(), second_database.create_engine())
    with sessions() as session:
        for key in range(1, 6):
            session.add(book(id=key, title="a"))
            session.commit()
            if key % 2:
                session.add(log(id=key, title="a"))
                session.commit()
    with sessions() as session:
        page = read.transactions(session, manager, limit=3)
        pages = [page]
        while page.older is not None:
            page = read.transactions(session, manager, limit=3, cursor=page.older)
            pages.append(page)
        touched = [[next(iter(row.counts)).__name__ for row in page] for page in pages]
        assert touched == [["Log", "Book", "Book"], ["Log", "Book", "Book"], ["Log", "Book"]]
        back = read.transactions(session, manager, limit=3, cursor=pages[2].newer)
        assert [row.transaction for row in back] == [row.transaction for row in pages[1]]
        assert [stats.live for stats in read.model_stats(session, manager)] == [5, 3]
        assert len(read.search(session, manager, "a")) == 8
        today = datetime.now(UTC).date()
        days = read.activity(session, manager, today - timedelta(1), today)
        assert sum(day.inserted for day in days) == 8
        first = read.transactions(session, manager, limit=9).items[-1].transaction.issued_at
        both = changes_of(session, [(log, 5), (book, 5), (book, 1)], since=first)
        assert [len(each.fields) for each in both] == [2, 2, 0]
        assert [len(timeline(session, model=model)) for model in (log, book)] == [3, 5]
        for model in (log, book):
            assert blame(session, (model, 5))["title"].value == "a"
            (value,) = history_of_field(session, (model, 5), "title")
            assert value.stands and value.exact
        newest = pages[0].items[0].transaction
        assert list(read.transaction_entries(session, manager, newest)) == [log]
        plan_undo(session, newest).apply(session)
        session.commit()
        assert session.get(log, 5) is None and session.get(book, 5) is not None


@pytest.mark.parametrize("form", ["model", "table", "mapper", "base"])
def test_history_is_beside_its_data(
    database: Database, second_database: Database, form: str
) -> None:
    """Whatever a session was told: version objects, their relationships, reverts, the check."""
    one, other = database.create_engine(), second_database.create_engine()

    class Base(DeclarativeBase):
        pass

    class Others(DeclarativeBase):
        pass

    class Shelf(Base):
        __tablename__ = "shelf"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        name = mapped_column(sa.String(20))
        books = relationship("Book", back_populates="shelf")

    class Book(Base):
        __tablename__ = "book"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        title = mapped_column(sa.String(20))
        shelf_id = mapped_column(sa.ForeignKey("shelf.id"))
        shelf = relationship(Shelf, back_populates="books")

    class Log(Others):
        __tablename__ = "log"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        title = mapped_column(sa.String(20))

    told: dict[str, dict[Any, sa.Engine]] = {
        "model": {Shelf: one, Book: one, Log: other},
        "table": {Shelf.__table__: one, Book.__table__: one, Log.__table__: other},
        "mapper": {sa.inspect(each): one for each in (Shelf, Book)} | {sa.inspect(Log): other},
        "base": {Base: one, Others: other},
    }
    sessions = sessionmaker(binds=told[form])
    manager = VersioningManager(user_cls=None)
    manager.attach(Base, sessions)
    manager.attach(Others, sessions)
    Base.metadata.create_all(one)
    Others.metadata.create_all(other)
    with sessions() as session:
        session.add(Shelf(id=1, name="first", books=[Book(id=1, title="a")]))
        session.add(Log(id=1, title="a"))
        session.commit()
        session.get_one(Book, 1).title = "b"
        session.get_one(Log, 1).title = "b"
        session.commit()
    uids = []
    for engine, base in ((one, Base), (other, Others)):
        with engine.connect() as connection:
            table = base.metadata.tables["transaction"]
            uids.append(list(connection.scalars(sa.select(table.c.uid).order_by(table.c.id))))
    assert uids[0] == uids[1] and len(set(uids[0])) == 2
    with sessions() as session:
        for model in (Book, Log):
            record: Any = session.get_one(model, 1)
            version: Any = type(record.versions[0])
            first, second = session.scalars(
                sa.select(version).order_by(version.transaction_id)
            ).all()
            assert (first.title, second.title) == ("a", "b")
            assert second.changeset == {"title": ["a", "b"]}
            assert first.next is second and second.previous is first and second.index == 1
            assert [first.transaction.uid, second.transaction.uid] == uids[0]
            first.revert()
        shelf: Any = session.get_one(Shelf, 1)
        assert [each.title for each in shelf.versions[0].books] == ["a"]
        assert shelf.versions[0].books[0].shelf is shelf.versions[0]
        session.commit()
        assert [session.get_one(model, 1).title for model in (Book, Log)] == ["a", "a"]
        assert len(read.transactions(session, manager)) >= 3
        assert not verify(session, manager).findings
    manager.detach()


def one_metadata(one: sa.Engine, other: sa.Engine) -> Any:
    """Models of one base in two databases; users are in the first."""

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "person"
        id = mapped_column(sa.Integer, primary_key=True)

    class Book(Base):
        __tablename__ = "book"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        title = mapped_column(sa.String(20))

    class Log(Base):
        __tablename__ = "log"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        title = mapped_column(sa.String(20))

    sessions = sessionmaker(binds={User: one, Book: one, Log: other})
    manager = VersioningManager(user_cls=User)
    manager.attribution = lambda: Attribution(user_id=1)
    manager.attach(Base, sessions)
    Base.metadata.create_all(one)
    missing = [each for name, each in Base.metadata.tables.items() if name != "person"]
    Base.metadata.create_all(other, tables=missing)
    return manager, sessions, User, Book, Log


def test_one_metadata_in_several_databases(database: Database, second_database: Database) -> None:
    """Transactions of both have ids of their own, which are equal here and mean two things."""
    manager, sessions, user, book, log = one_metadata(
        database.create_engine(), second_database.create_engine()
    )
    with sessions() as session:
        session.add_all([user(id=1), book(id=1, title="a")])
        session.commit()
        session.add(log(id=1, title="b"))
        session.commit()
        session.get_one(log, 1).title = "c"
        session.commit()
        session.get_one(book, 1).title = "d"
        session.commit()
    with sessions() as session:
        books, logs = (read.versions_of(session, model, (1,)) for model in (book, log))
        by_book, by_log = ([each.transaction for each in found] for found in (books, logs))
        transaction = type(by_book[0])
        assert not set(by_book) & set(by_log)
        for found, model in ((by_book, book), (by_log, log)):
            engine = session.get_bind(model)
            with engine.connect() as connection:
                table = transaction.__table__
                assert [each.uid for each in sorted(found, key=lambda each: each.id)] == list(
                    connection.scalars(sa.select(table.c.uid).order_by(table.c.id))
                )
            own = session.scalars(sa.select(transaction), bind_arguments={"bind": engine}).all()
            assert set(own) == set(found)
        known = session.get(user, 1)
        assert all(each.user is known for each in (*by_book, *by_log))
        session.expire_all()
        for version in (*books, *logs):
            assert version.transaction in (*by_book, *by_log)
            assert version.previous is None or version.previous in (*books, *logs)
        with pytest.raises(VersioningError, match=r"in 2 databases.*bind_arguments"):
            session.scalars(sa.select(transaction)).all()
    with sessions() as session:
        page = read.transactions(session, manager, limit=3)
        rest = read.transactions(session, manager, limit=3, cursor=page.older)
        touched = [{each.__name__ for each in row.counts} for row in (*page, *rest)]
        assert touched == [{"Book"}, {"Log"}, {"Log"}, {"Book"}]
        assert len({row.transaction for row in (*page, *rest)}) == 4
        (only,) = {
            frozenset(row.counts)
            for row in read.transactions(session, manager, wanted=read.FeedFilter(model=log))
        }
        assert only == {log}
        assert {each.model: each.changes for each in read.model_stats(session, manager)} == {
            book: 2,
            log: 2,
        }
        assert [each.last.uid for each in read.model_stats(session, manager)] == [
            page.items[0].transaction.uid,
            page.items[1].transaction.uid,
        ]
        for row in (*page, *rest):
            (found_model,) = row.counts
            addressed = read.transaction_by_uid(session, manager, row.transaction.uid)
            assert addressed is row.transaction
            assert list(read.transaction_entries(session, manager, addressed)) == [found_model]
        before, after = read.transaction_neighbours(session, page.items[1].transaction)
        assert (before, after) == (page.items[2].transaction, None)
        plan_undo(session, page.items[1].transaction).apply(session)
        session.commit()
        assert (session.get(log, 1).title, session.get(book, 1).title) == ("b", "d")
        version = type(session.get(log, 1).versions[0])
        oldest = sa.select(version).order_by(version.transaction_id).limit(1)
        loaded = session.scalars(oldest.options(selectinload(version.transaction))).one()
        assert loaded.transaction is page.items[2].transaction
        both = read.transactions(session, manager, limit=1).items[0].transaction
        assert both.user is session.get(user, 1)
        session.get(log, 1).title = session.get(book, 1).title = "e"
        session.commit()
        newest, _ = read.transactions(session, manager, limit=2)
        assert set(read.transaction_entries(session, manager, newest.transaction)) == {book, log}
        plan_undo(session, newest.transaction).apply(session)
        session.commit()
        assert (session.get(log, 1).title, session.get(book, 1).title) == ("b", "d")
        assert not verify(session, manager).findings
    manager.detach()
