from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, mapped_column, sessionmaker

from flask_continuum.engine import read
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
        newest = pages[0].items[0].transaction
        assert list(read.transaction_entries(session, manager, newest)) == [log]
        plan_undo(session, newest).apply(session)
        session.commit()
        assert session.get(log, 5) is None and session.get(book, 5) is not None
