"""What is not captured: each line of docs/limits.md that no other test shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import check, rows
from tests.engine.newsroom import Newsroom, build
from tests.support.marks import on


@pytest.fixture
def newsroom(newsroom_engine: sa.Engine) -> Iterator[Newsroom]:
    newsroom = build(newsroom_engine, kept=True)
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=1, name="City"))
    yield newsroom
    newsroom.manager.detach()


def versions(newsroom: Newsroom) -> list[Any]:
    return rows(newsroom.engine, newsroom.registry_of(newsroom.Section).table)


def test_raw_sql_is_not_seen(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.execute(sa.text("UPDATE section SET name = 'Metro'"))
    assert [row[1] for row in versions(newsroom)] == ["City"]


def test_a_commit_of_the_driver_is_not_seen(newsroom: Newsroom) -> None:
    with newsroom.sessions() as session:
        session.get(newsroom.Section, 1).name = "Metro"
        session.flush()
        driver = session.connection().connection.driver_connection
        assert driver is not None
        driver.commit()
        session.rollback()
    assert [row[1] for row in versions(newsroom)] == ["City"]


def test_joined_inheritance_writes_a_version_in_each_table(engine: sa.Engine) -> None:
    class Base(DeclarativeBase):
        pass

    class Item(Base):
        __tablename__ = "item"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        kind = sa.Column(sa.String(10))
        name = sa.Column(sa.String(20))
        __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "item"}

    class Book(Item):
        __tablename__ = "book"
        id = sa.Column(sa.ForeignKey("item.id"), primary_key=True)
        pages = sa.Column(sa.Integer)
        __mapper_args__ = {"polymorphic_identity": "book"}

    manager = VersioningManager(user_cls=None)
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.metadata.create_all(engine)
    with sessions() as session:
        book = Book(id=1, name="a", pages=1)
        session.add(book)
        session.commit()
        book.pages = 2
        session.commit()
        book.pages = 3
        session.flush()
        book.pages = 2
        session.commit()
        version = manager.registry.of(Book).version_class
        found = session.scalars(sa.select(version).order_by(version.transaction_id)).all()
        assert [(each.name, each.pages) for each in found] == [("a", 1), ("a", 2), ("a", 2)]
    check(engine, manager)
    manager.detach()


@on("postgresql")
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_key_that_others_deleted_is_inserted_again(newsroom: Newsroom, level: str) -> None:
    """The snapshot shows the version before as open, which has an end since."""
    with newsroom.engine.connect() as late:
        late = late.execution_options(isolation_level=level)
        late.execute(sa.select(newsroom.User.id)).all()  # the snapshot is taken
        with newsroom.commit() as session:
            session.delete(session.get(newsroom.Section, 1))
        # the application's own statement has nothing against it
        late.execute(sa.insert(newsroom.Section.__table__), {"id": 1, "name": "Metro"})
        with pytest.raises(sa.exc.OperationalError, match="could not serialize") as caught:
            late.commit()
        assert "section_version" in str(caught.value.statement)
        late.rollback()
    assert [(row[1], row[4]) for row in versions(newsroom)] == [("City", 0), ("City", 2)]
    with newsroom.commit() as session:
        session.add(newsroom.Section(id=1, name="Metro"))
    assert [row[1] for row in versions(newsroom)] == ["City", "City", "Metro"]
