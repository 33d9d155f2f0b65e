"""More records than one statement takes, with keys of two columns."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, relationship, sessionmaker

from flask_continuum.engine import read
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.read.keys import CHUNK, chunks
from flask_continuum.engine.revert import plan_revert, plan_undo

MANY = 2 * CHUNK + 100
"""Beyond the depth of expressions that SQLite takes, too."""


@pytest.fixture
def world(engine: sa.Engine) -> Iterator[Any]:
    class Base(DeclarativeBase):
        pass

    class Shelf(Base):
        __tablename__ = "shelf"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        books = relationship("Book", cascade="all, delete-orphan", order_by="Book.number")

    class Book(Base):
        __tablename__ = "book"
        __versioned__ = {}
        shelf_id = mapped_column(sa.ForeignKey("shelf.id"), primary_key=True)
        number = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
        title = mapped_column(sa.String(50))

    sessions = sessionmaker(engine)
    manager = VersioningManager(user_cls=None)
    manager.attach(Base, sessions, engine)
    Base.metadata.create_all(engine)
    yield SimpleNamespace(Shelf=Shelf, Book=Book, sessions=sessions, manager=manager)
    Base.metadata.drop_all(engine)


def fill(world: Any, session: Session) -> None:
    books = [world.Book(number=n, title=f"volume {n}") for n in range(MANY)]
    session.add(world.Shelf(id=1, books=books))
    session.commit()


def test_chunks_are_bounded_and_name_each_key_once() -> None:
    found = list(chunks((n % MANY,) for n in range(2 * MANY)))
    assert [len(each) for each in found] == [CHUNK, CHUNK, 100]
    assert [key for chunk in found for key in chunk] == [(n,) for n in range(MANY)]


def test_a_record_comes_back_with_all_that_went_with_it(world: Any) -> None:
    with world.sessions() as session:
        fill(world, session)
        session.delete(session.get(world.Shelf, 1))
        session.commit()
    with world.sessions() as session:
        plan_revert(session, read.newest(session, world.Shelf, (1,))).apply(session)
        session.commit()
        books = session.scalars(sa.select(world.Book).order_by(world.Book.number)).all()
        assert [book.title for book in books] == [f"volume {n}" for n in range(MANY)]


def test_a_transaction_of_many_records_is_undone_and_read(world: Any) -> None:
    with world.sessions() as session:
        fill(world, session)
        for book in session.scalars(sa.select(world.Book)):
            book.title = "lost"
        session.commit()
        newest = read.newest(session, world.Book, (1, 0)).transaction
        plan_undo(session, newest).apply(session)
        session.commit()
        assert not session.scalars(sa.select(world.Book).where(world.Book.title == "lost")).all()


def test_relationships_of_many_versions_are_read(world: Any) -> None:
    with world.sessions() as session:
        fill(world, session)
        BookVersion = world.manager.registry.of(world.Book).version_class
        versions = session.scalars(sa.select(BookVersion)).all()
        assert len(read.related_of(session, versions)) == MANY
