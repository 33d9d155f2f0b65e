"""MariaDB's triggers: what other programs write, and what they are told never reaches others."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker

from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.maintenance import verify
from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import check, rows
from tests.engine.newsroom import Newsroom, build
from tests.support.availability import LeftOut
from tests.support.databases import Database
from tests.support.marks import on

pytestmark = on("mariadb")


@pytest.fixture
def newsroom(engine: sa.Engine) -> Iterator[Newsroom]:
    newsroom = build(engine, options={"native_versioning": True})
    yield newsroom
    newsroom.manager.detach()


@pytest.fixture
def outside(database: Database) -> Iterator[sa.Connection]:
    """Another program, which knows nothing of history."""
    with database.create_engine(pool_size=1).connect() as connection:
        yield connection


def sections(newsroom: Newsroom) -> list[tuple[Any, ...]]:
    return rows(newsroom.engine, newsroom.registry_of(newsroom.Section).table)


def transactions(newsroom: Newsroom) -> list[Any]:
    (history,) = newsroom.manager.registry.history.values()
    with newsroom.engine.connect() as connection:
        return list(connection.execute(sa.select(history.transaction).order_by("id")))


def told(newsroom: Newsroom) -> int:
    with newsroom.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT COUNT(*) FROM transaction_current")
        count: int = found.scalar_one()
        return count


# -- who writes past the application ---------------------------------------------------------------


def test_the_command_line_client(newsroom: Newsroom, database: Database, left_out: LeftOut) -> None:
    client = shutil.which("mariadb")
    if client is None:
        left_out.leave_out("the command-line client of MariaDB is not installed")
    assert client is not None
    url = database.url
    script = (
        "INSERT INTO section (id, name) VALUES (1, 'a'), (2, 'b');"
        "SET @continuum_application = 'nightly';"
        "START TRANSACTION; UPDATE section SET name = 'c'; DELETE FROM section WHERE id = 1;"
        "COMMIT; UPDATE section SET name = 'c';"
    )
    subprocess.run(
        [
            client,
            f"--host={url.host}",
            f"--port={url.port}",
            f"--user={url.username}",
            f"--password={url.password or ''}",
            f"--execute={script}",
            str(url.database),
        ],
        check=True,
        timeout=30,
    )
    assert sections(newsroom) == [
        (1, "a", 1, 2, 0),
        (1, "c", 2, 3, 1),
        (1, "c", 3, None, 2),
        (2, "b", 1, 2, 0),
        (2, "c", 2, None, 1),
    ]
    found = transactions(newsroom)
    assert [row.kind for row in found] == ["outside"] * 3
    who = {"db_user": url.username, "client": found[0].context["client"]}
    assert who["client"]
    assert [row.context for row in found] == [who, *[who | {"application": "nightly"}] * 2]
    assert len({row.uid for row in found}) == 3
    check(newsroom.engine, newsroom.manager)


def test_every_way_to_write(newsroom: Newsroom, outside: sa.Connection) -> None:
    def sql(statement: str) -> None:
        outside.exec_driver_sql(statement)

    sql("INSERT INTO section (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')")
    sql("INSERT INTO article (id, title, revision, section_id) VALUES (1, 'x', 1, 4)")
    sql("REPLACE INTO section (id, name) VALUES (1, 'a'), (2, 'replaced')")
    sql("INSERT IGNORE INTO section (id, name) VALUES (3, 'ignored'), (5, 'new')")
    sql(
        "INSERT INTO section (id, name) VALUES (3, 'z'), (6, 'w'), (6, 'w'), (1, 'a') "
        "ON DUPLICATE KEY UPDATE name = CONCAT(name, '!')"
    )
    sql("UPDATE section s JOIN article ON section_id = s.id SET name = 'joined', title = 'y'")
    sql("UPDATE section SET id = 7 WHERE id = 2")
    sql("DELETE s FROM section s JOIN article a WHERE s.id IN (5, 6)")
    sql("UPDATE section SET name = name")
    outside.commit()
    check(newsroom.engine, newsroom.manager)
    told = [(row[0], row[1], row[-1]) for row in sections(newsroom)]
    assert told == [
        (1, "a", 0),
        (1, "a!", 1),
        (2, "b", 0),
        (2, "replaced", 1),
        (2, "replaced", 2),
        (3, "c", 0),
        (3, "c!", 1),
        (4, "d", 0),
        (4, "joined", 1),
        (5, "new", 0),
        (5, "new", 2),
        (6, "w!", 0),
        (6, "w!", 2),
        (7, "replaced", 0),
    ]
    assert [row.context["moved"] for row in transactions(newsroom) if "moved" in row.context] == [
        {"section": [[[2], [7]]]}
    ]


def test_a_clock_that_stands_still_makes_one_transaction(
    newsroom: Newsroom, outside: sa.Connection
) -> None:
    outside.exec_driver_sql("SET timestamp = 1700000000")
    outside.exec_driver_sql("INSERT INTO section (id, name) VALUES (1, 'a')")
    outside.exec_driver_sql("INSERT INTO section (id, name) VALUES (2, 'b')")
    outside.commit()
    outside.exec_driver_sql("UPDATE section SET name = 'c' WHERE id = 1")
    outside.commit()
    assert sections(newsroom) == [(1, "c", 1, None, 0), (2, "b", 1, None, 0)]
    assert len(transactions(newsroom)) == 1
    check(newsroom.engine, newsroom.manager)


def test_a_statement_without_effect_leaves_nothing(
    newsroom: Newsroom, outside: sa.Connection
) -> None:
    outside.exec_driver_sql("INSERT INTO section (id, name) VALUES (1, 'a')")
    outside.exec_driver_sql("REPLACE INTO section (id, name) VALUES (1, 'a')")
    outside.exec_driver_sql("UPDATE section SET name = 'a'")
    outside.commit()
    assert sections(newsroom) == [(1, "a", 1, None, 0)]
    assert len(transactions(newsroom)) == 1


@pytest.mark.parametrize("mode", ["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "STRICT_ALL_TABLES"])
def test_values_of_every_type(database: Database, mode: str) -> None:
    class Base(DeclarativeBase):
        pass

    class Thing(Base):
        __tablename__ = 'it\'s a \\ "thing"'
        __versioned__ = {}
        id = mapped_column(mysql.BINARY(4), primary_key=True)
        part = mapped_column(sa.String(10), primary_key=True)
        price = mapped_column(sa.DECIMAL(20, 10))
        at = mapped_column(mysql.DATETIME(fsp=6))
        bits = mapped_column(mysql.BIT(12))
        some = mapped_column(mysql.SET("a", "b", "c"))
        one = mapped_column(mysql.ENUM("Foo", "bar"))
        data = mapped_column(sa.LargeBinary)
        told = mapped_column(sa.JSON)
        text = mapped_column("the `text`", sa.Text)
        half = mapped_column(sa.DECIMAL(20, 10), sa.Computed("price / 2"))

    manager = VersioningManager(user_cls=None, options={"native_versioning": True})
    engine = database.create_engine(connect_args={"init_command": f"SET sql_mode = '{mode}'"})
    manager.attach(Base, sessionmaker(engine), engine)
    Base.metadata.create_all(engine)
    first = {
        "id": b"\x00\xff\x01\x02",
        "part": "p",
        "price": Decimal("1.0000000001"),
        "at": sa.text("'2026-01-02 03:04:05.678901'"),
        "bits": 2049,
        "some": {"a", "c"},
        "one": "Foo",
        "data": b"\x00\\'\xff",
        "told": {"a": [1, "é\\"]},
        "the `text`": 'Foo\'s \\ "text" %s :x',
    }
    plain = database.create_engine()
    table = Thing.__table__
    changes: list[dict[str, Any]] = [
        {"price": Decimal("1.0000000002")},
        {"at": sa.text("'2026-01-02 03:04:05.678902'")},
        {"bits": 2050},
        {"some": {"b"}},
        {"one": "bar"},
        {"data": b"\x00"},
        {"told": {"a": [1, "É\\"]}},
        {"the `text`": 'foo\'s \\ "text" %s :x'},
        {"the `text`": None},
    ]
    with plain.begin() as connection:
        connection.execute(table.insert().values(first))
        for change in changes:
            connection.execute(table.update().values(change))
            connection.execute(table.update().values(change))
        connection.execute(table.delete())
    found = rows(engine, manager.registry.tables[table])
    assert [row[-1] for row in found] == [0, *[1] * len(changes), 2]
    check(engine, manager)
    manager.detach()


# -- what is told stays where it belongs -----------------------------------------------------------


def write(newsroom: Newsroom, session: Session, key: int, name: str) -> None:
    section = session.get(newsroom.Section, key)
    if section is None:
        session.add(newsroom.Section(id=key, name=name))
    else:
        section.name = name
    session.flush()


def test_the_next_user_of_a_connection(database: Database) -> None:
    engine = database.create_engine(pool_size=1, max_overflow=0)
    newsroom = build(engine, options={"native_versioning": True})
    for end in (Session.commit, Session.rollback):
        with newsroom.sessions() as session:
            write(newsroom, session, 1, "a")
            end(session)
        driver = engine.raw_connection()
        driver.cursor().execute("INSERT INTO section (name) VALUES ('past everything')")
        driver.commit()
        driver.close()
    assert [row.kind for row in transactions(newsroom)] == [None, "outside", "outside"]
    assert told(newsroom) == 0
    check(engine, newsroom.manager)
    newsroom.manager.detach()


def test_a_statement_that_commits_by_itself(database: Database) -> None:
    """The row that tells is committed with the rest; after a rollback nobody believes it."""
    engine = database.create_engine(pool_size=1, max_overflow=0)
    newsroom = build(engine, options={"native_versioning": True})
    with newsroom.sessions() as session:
        write(newsroom, session, 1, "a")
        session.execute(sa.text("CREATE TABLE other (id INTEGER)"))
        session.rollback()
    driver = engine.raw_connection()
    driver.cursor().execute("UPDATE section SET name = 'b'")
    driver.commit()
    driver.close()
    with newsroom.commit() as session:
        write(newsroom, session, 1, "c")
    assert sections(newsroom) == [(1, "a", 1, 2, 0), (1, "b", 2, 3, 1), (1, "c", 3, None, 1)]
    assert [row.kind for row in transactions(newsroom)] == [None, "outside", None]
    assert told(newsroom) == 0
    check(engine, newsroom.manager)
    newsroom.manager.detach()


def test_a_connection_that_is_killed(newsroom: Newsroom, outside: sa.Connection) -> None:
    with newsroom.sessions() as session:
        write(newsroom, session, 1, "lost")
        number = session.scalar(sa.text("SELECT CONNECTION_ID()"))
        outside.exec_driver_sql(f"KILL {number}")
        with pytest.raises(OperationalError):
            session.commit()
    with newsroom.commit() as session:
        write(newsroom, session, 1, "kept")
    assert sections(newsroom) == [(1, "kept", 1, None, 0)]
    assert told(newsroom) == 0


# -- what foreign keys do --------------------------------------------------------------------------


@pytest.fixture
def family(database: Database) -> Iterator[Any]:
    """A parent whose children go with it, and another table that holds on to it."""

    class Base(DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)

    class Child(Base):
        __tablename__ = "child"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        parent_id = mapped_column(sa.ForeignKey("parent.id", ondelete="CASCADE"))

    class Holder(Base):
        __tablename__ = "holder"
        id = mapped_column(sa.Integer, primary_key=True)
        parent_id = mapped_column(sa.ForeignKey("parent.id"))

    manager = VersioningManager(user_cls=None, options={"native_versioning": True})
    engine = database.create_engine()
    manager.attach(Base, sessionmaker(engine), engine)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(Parent), [{"id": 1}, {"id": 2}])
        connection.execute(sa.insert(Child), [{"id": 1, "parent_id": 1}, {"id": 2, "parent_id": 2}])
        connection.execute(sa.insert(Holder), [{"id": 1, "parent_id": 2}])
    yield engine, manager, Parent, Child
    manager.detach()


def test_what_was_done_for_a_statement_that_fails(family: Any) -> None:
    engine, manager, Parent, Child = family
    with engine.begin() as connection:
        connection.execute(sa.delete(Parent).where(Parent.id == 1))
        with pytest.raises(IntegrityError):
            connection.execute(sa.delete(Parent).where(Parent.id == 2))
    with engine.connect() as connection:
        assert connection.execute(sa.select(Child.id)).scalars().all() == [2]
    found = rows(engine, manager.registry.tables[Child.__table__])
    assert [(row[0], row[-1]) for row in found] == [(1, 0), (1, 2), (2, 0)]
    check(engine, manager)


def test_autocommit_could_not_undo_it(family: Any) -> None:
    engine, manager, Parent, _ = family
    committing = engine.execution_options(isolation_level="AUTOCOMMIT")
    refused = pytest.raises(HistoryWriteError, match="needs a transaction")
    with committing.connect() as connection, refused:
        connection.execute(sa.delete(Parent).where(Parent.id == 1))
    check(engine, manager)


@pytest.mark.parametrize(
    ("statement", "missed"),
    [("DELETE FROM parent WHERE id = 1", "child"), ("TRUNCATE TABLE child", "child")],
)
def test_what_fires_no_trigger_is_found_by_verify(
    family: Any, database: Database, statement: str, missed: str
) -> None:
    engine, manager, _, Child = family
    with database.create_engine().begin() as connection:
        connection.exec_driver_sql(statement)
    assert len(rows(engine, manager.registry.tables[Child.__table__])) == 2, "it fires now"
    with Session(engine) as session:
        report = verify(session, manager)
    assert not report.is_clean
    assert missed in str(report)


def test_a_statement_that_reads_the_history_of_what_it_writes(
    newsroom: Newsroom, outside: sa.Connection
) -> None:
    outside.exec_driver_sql("INSERT INTO section (name) VALUES ('a')")
    with pytest.raises(OperationalError, match="1442"):
        outside.exec_driver_sql("INSERT INTO section (name) SELECT name FROM section_version")


def test_a_stamp_for_each_trigger(newsroom: Newsroom) -> None:
    with newsroom.engine.connect() as connection:
        bodies = connection.exec_driver_sql(
            "SELECT action_statement FROM information_schema.triggers "
            "WHERE trigger_schema = DATABASE() AND event_object_table = 'section'"
        )
        found = list(bodies.scalars())
    assert len(found) == 3
    assert all("-- continuum:" in body for body in found)
