"""What others write into SQLite's file: Python's own ``sqlite3``, with nothing of ours loaded."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from flask_continuum.engine.errors import HistoryWriteError, ImproperlyConfigured
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.native.installing import drift, install, sync
from tests.engine.invariants import check, rows
from tests.engine.newsroom import Newsroom, build
from tests.support.marks import on

pytestmark = on("sqlite")


@pytest.fixture
def newsroom(engine: sa.Engine) -> Newsroom:
    return build(engine, options={"native_versioning": True})


@pytest.fixture
def outside(newsroom: Newsroom) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection, that commits each statement."""
    connection = sqlite3.connect(str(newsroom.engine.url.database), isolation_level=None)
    yield connection
    connection.close()


def tags(newsroom: Newsroom) -> list[tuple[Any, ...]]:
    return rows(newsroom.engine, newsroom.registry_of(newsroom.Tag).table)


def kinds(newsroom: Newsroom) -> list[str | None]:
    with newsroom.engine.connect() as connection:
        return list(connection.scalars(sa.text('SELECT kind FROM "transaction" ORDER BY id')))


def test_each_statement_is_a_transaction(newsroom: Newsroom, outside: sqlite3.Connection) -> None:
    outside.execute("INSERT INTO tag (id, name) VALUES (1, 'a'), (2, 'b')")
    time.sleep(0.002)
    outside.execute("UPDATE tag SET name = name || '!'")
    time.sleep(0.002)
    outside.execute("DELETE FROM tag WHERE id = 2")
    assert tags(newsroom) == [
        (1, "a", 1, 2, 0),
        (1, "a!", 2, None, 1),
        (2, "b", 1, 2, 0),
        (2, "b!", 2, 3, 1),
        (2, "b!", 3, None, 2),
    ]
    assert kinds(newsroom) == ["outside"] * 3
    check(newsroom.engine, newsroom.manager)


def test_no_instant_is_too_short(newsroom: Newsroom, outside: sqlite3.Connection) -> None:
    """Statements on one record within a millisecond have versions of their own."""
    outside.execute("INSERT INTO tag (id, name) VALUES (1, '0')")
    for number in range(1, 40):
        outside.execute("UPDATE tag SET name = ?", (str(number),))
    assert [row[1] for row in tags(newsroom)] == [str(number) for number in range(40)]
    check(newsroom.engine, newsroom.manager)


def test_nothing_changed_is_nothing_written(
    newsroom: Newsroom, outside: sqlite3.Connection
) -> None:
    outside.execute("INSERT INTO tag (id, name) VALUES (1, 'a')")
    time.sleep(0.002)
    outside.execute("UPDATE tag SET name = 'a'")
    outside.execute("UPDATE place SET note = 'x'")
    assert len(tags(newsroom)) == len(kinds(newsroom)) == 1


def test_the_application_and_others_in_turn(
    newsroom: Newsroom, outside: sqlite3.Connection
) -> None:
    with newsroom.commit() as session:
        session.add(newsroom.Tag(id=1, name="ours"))
    outside.execute("UPDATE tag SET name = 'theirs'")
    with newsroom.commit(kind="request") as session:
        session.get_one(newsroom.Tag, 1).name = "ours again"
    assert [(row[1], *row[2:]) for row in tags(newsroom)] == [
        ("ours", 1, 2, 0),
        ("theirs", 2, 3, 1),
        ("ours again", 3, None, 1),
    ]
    assert kinds(newsroom) == [None, "outside", "request"]
    check(newsroom.engine, newsroom.manager)


def test_what_is_rolled_back_leaves_nothing(
    newsroom: Newsroom, outside: sqlite3.Connection
) -> None:
    outside.execute("BEGIN")
    outside.execute("INSERT INTO tag (id, name) VALUES (1, 'a')")
    outside.execute("ROLLBACK")
    assert (tags(newsroom), kinds(newsroom)) == ([], [])


def test_a_key_that_changes(newsroom: Newsroom, outside: sqlite3.Connection) -> None:
    outside.execute("INSERT INTO tag (id, name) VALUES (1, 'a')")
    time.sleep(0.002)
    outside.execute("UPDATE tag SET id = 7")
    assert [(row[0], row[-1]) for row in tags(newsroom)] == [(1, 0), (1, 2), (7, 0)]
    with newsroom.engine.connect() as connection:
        told = connection.scalar(sa.text('SELECT context FROM "transaction" WHERE id = 2'))
    assert told == '{"moved":{"tag":[[[1],[7]]]}}'


def test_rows_that_are_older_than_their_history(
    newsroom: Newsroom, outside: sqlite3.Connection
) -> None:
    with newsroom.engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER tag_version_insert"))
        found = [str(each) for each in drift(connection, newsroom.manager.registry)]
    assert found == ["tag: the trigger tag_version_insert is missing"]
    outside.execute("INSERT INTO tag (id, name) VALUES (1, 'a'), (2, 'b')")
    with newsroom.engine.begin() as connection:
        sync(connection, newsroom.manager.registry)
        assert not list(drift(connection, newsroom.manager.registry))
    outside.execute("UPDATE tag SET name = name || '!'")
    assert tags(newsroom) == [
        (1, "a", 1, 2, 0),
        (1, "a!", 2, None, 1),
        (2, "b", 1, 2, 0),
        (2, "b!", 2, None, 1),
    ]
    assert kinds(newsroom) == ["baseline", "outside"]


def test_rows_that_replace_removes(newsroom: Newsroom, outside: sqlite3.Connection) -> None:
    """The limit: without recursive_triggers nobody is told of another row that has to go."""
    outside.execute("INSERT INTO tag (id, name) VALUES (1, 'a'), (2, 'b')")
    time.sleep(0.002)
    outside.execute("REPLACE INTO tag (id, name) VALUES (1, 'c')")
    assert [row[1:] for row in tags(newsroom) if row[0] == 1] == [("a", 1, 2, 0), ("c", 2, None, 1)]
    time.sleep(0.002)
    outside.execute("REPLACE INTO tag (id, name) VALUES (3, 'c')")
    assert [row[1:] for row in tags(newsroom) if row[0] == 1][-1][-1] == 1
    outside.execute("PRAGMA recursive_triggers = ON")
    time.sleep(0.002)
    outside.execute("REPLACE INTO tag (id, name) VALUES (4, 'b')")
    assert [row[1:] for row in tags(newsroom) if row[0] == 2][-1] == ("b", 4, None, 2)


def test_replacing_through_sqlalchemy(newsroom: Newsroom) -> None:
    replacing = sa.insert(newsroom.Tag).prefix_with("OR REPLACE").values(id=1, name="a")
    with newsroom.sessions() as session, pytest.raises(HistoryWriteError, match="Nothing was sent"):
        session.execute(replacing)
    place = sa.insert(newsroom.Place).prefix_with("OR REPLACE").values(country="pt", number=1)
    with newsroom.commit() as session:
        session.execute(place)
        session.execute(sa.text("PRAGMA recursive_triggers = ON"))
        session.execute(replacing)
    assert [row[-1] for row in tags(newsroom)] == [0]


def test_thousands_of_rows_in_one_statement(
    newsroom: Newsroom, outside: sqlite3.Connection
) -> None:
    """The time grows with the rows: each is found by its key."""

    def seconds(first: int, count: int) -> float:
        began = time.perf_counter()
        outside.execute(
            "WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO tag (id, name) SELECT i, 'n' || i FROM n",
            (first, first + count - 1),
        )
        outside.execute("UPDATE tag SET name = name || '!' WHERE id >= ?", (first,))
        return time.perf_counter() - began

    few = seconds(1, 400)
    assert seconds(10_000, 3200) < 8 * few * 3
    assert len(tags(newsroom)) == 7200


def test_a_table_in_another_file_is_refused(engine: sa.Engine) -> None:
    class Base(DeclarativeBase):
        pass

    manager = VersioningManager(user_cls=None, options={"native_versioning": True})
    manager.attach(Base, sessionmaker(engine), engine)

    class Letter(Base):
        __tablename__ = "letter"
        __table_args__ = ({"schema": "archive"},)
        __versioned__: ClassVar[dict[str, Any]] = {}
        id = sa.Column(sa.Integer, primary_key=True)

    with engine.connect() as connection:
        connection.execute(sa.text("ATTACH ':memory:' AS archive"))
        with pytest.raises(ImproperlyConfigured, match=r"archive\.letter is in another database"):
            install(connection, manager.registry)
