"""Verification of every shape of table: hierarchies, strategies, keys, names, databases, files."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, mapped_column, relationship, sessionmaker

from flask_continuum import FindingKind, Report, verify
from flask_continuum.engine.manager import VersioningManager
from tests.engine import hierarchy
from tests.support.databases import Database
from tests.support.marks import on

K = FindingKind
Found = list[tuple[FindingKind, str, tuple[Any, ...] | None, int | None]]


def base() -> Any:
    """Make a declarative base: a class belongs to one manager only, so each test has its own."""
    return type("Base", (DeclarativeBase,), {})


def set_up(engine: sa.Engine, made: Any, **arguments: Any) -> SimpleNamespace:
    """Version what ``made`` maps, on an empty database."""
    manager = VersioningManager(user_cls=None, **arguments)
    sessions = sessionmaker(engine)
    manager.attach(made, sessions, engine)
    made.metadata.create_all(engine)
    return SimpleNamespace(manager=manager, sessions=sessions, engine=engine)


def damage(engine: sa.Engine, *statements: str) -> None:
    outside = sa.create_engine(engine.url)
    with outside.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    outside.dispose()


def report(world: Any) -> Report:
    with world.sessions() as session:
        return verify(session, world.manager)


def found(world: Any) -> Found:
    return [(each.kind, each.table, each.key, each.transaction) for each in report(world).findings]


# -- joined inheritance ------------------------------------------------------------------------


@pytest.fixture
def family(engine: sa.Engine) -> Any:
    """Three records of one hierarchy, the joined one with three versions."""
    family = hierarchy.build(engine)
    with family.sessions() as session:
        article = family.Article(id=1, title="a", body="b")
        session.add_all([article, family.Item(id=2), family.Note(id=3, stars=1)])
        session.commit()
        article.body = "c"
        session.commit()
        article.title = "d"
        session.commit()
        session.delete(session.get(family.Item, 2))
        session.commit()
    yield family
    family.manager.detach()


def test_a_sound_hierarchy_gives_no_finding(family: Any) -> None:
    assert report(family).is_clean


LOST = "DELETE FROM {0} WHERE id = 1 AND transaction_id = 2"
CLOSED = "UPDATE {0} SET end_transaction_id = 3 WHERE id = 1 AND transaction_id = 1"


@pytest.mark.parametrize(
    ("version", "lacking"),
    [("item_version", "item"), ("article_item_version", "article_item")],
)
def test_a_version_in_one_table_only_is_found(
    family: Any, engine: sa.Engine, version: str, lacking: str
) -> None:
    damage(engine, LOST.format(version), CLOSED.format(version))
    assert found(family) == [(K.HIERARCHY_INCOMPLETE, lacking, (1,), 2)]


def test_parts_of_a_hierarchy_are_compared_each(family: Any, engine: sa.Engine) -> None:
    damage(engine, "UPDATE article_item SET body = 'x'", "UPDATE item SET title = 'y' WHERE id = 1")
    assert found(family) == [
        (K.OPEN_VERSION_DIFFERS, "article_item", (1,), 3),
        (K.OPEN_VERSION_DIFFERS, "item", (1,), 3),
    ]


@pytest.fixture
def garage(engine: sa.Engine) -> Any:
    """A hierarchy in which no column tells the classes apart: two cars and a vehicle."""
    made = base()

    class Vehicle(made):
        __tablename__ = "vehicle"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        name = mapped_column(sa.String(10))

    class Car(Vehicle):
        __tablename__ = "car"
        id = mapped_column(sa.ForeignKey("vehicle.id"), primary_key=True)
        doors = mapped_column(sa.Integer)

    world = set_up(engine, made)
    with world.sessions() as session:
        session.add_all([Vehicle(id=1), Car(id=2, doors=3), Car(id=3, doors=5)])
        session.commit()
    with world.sessions() as session:
        session.get(Vehicle, 1).name = session.get(Vehicle, 2).name = "x"
        session.commit()
    with world.sessions() as session:
        session.get(Car, 2).doors = 4
        session.delete(session.get(Car, 3))
        session.commit()
    yield world
    world.manager.detach()


def test_without_a_discriminator_the_rows_tell_the_class(garage: Any) -> None:
    assert report(garage).is_clean
    with garage.engine.connect() as connection:
        found = sa.text("SELECT id, doors, transaction_id FROM car_version ORDER BY 1, 3")
        assert [tuple(row) for row in connection.execute(found)] == [
            *((2, 3, 1), (2, 3, 2), (2, 4, 3)),
            *((3, 5, 1), (3, 5, 3)),
        ]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_without_a_discriminator_a_lost_part_is_found(garage: Any, lost: int) -> None:
    where = f"id = 2 AND transaction_id = {lost}"
    damage(garage.engine, f"DELETE FROM car_version WHERE {where}")
    incomplete = [each for each in found(garage) if each[0] is K.HIERARCHY_INCOMPLETE]
    assert incomplete == [(K.HIERARCHY_INCOMPLETE, "car", (2,), lost)]


def test_without_a_discriminator_a_lost_deletion_is_found(garage: Any) -> None:
    damage(garage.engine, "DELETE FROM car_version WHERE id = 3 AND transaction_id = 3")
    assert (K.HIERARCHY_INCOMPLETE, "car", (3,), 3) in found(garage)


def test_a_record_without_any_part_is_found(family: Any, engine: sa.Engine) -> None:
    damage(engine, "DELETE FROM article_item_version WHERE id = 1")
    lost = [each for each in found(family) if each[0] is K.HIERARCHY_INCOMPLETE]
    assert lost == [(K.HIERARCHY_INCOMPLETE, "article_item", (1,), t) for t in (1, 2, 3)]


# -- classes that are not versioned, in tables that are ----------------------------------------


@pytest.mark.parametrize("joined", [True, False])
def test_rows_of_classes_without_history_need_no_version(engine: sa.Engine, joined: bool) -> None:
    made = base()

    class Item(made):
        __tablename__ = "item"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        kind = mapped_column(sa.String(10))
        __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "item"}

    class Book(Item):
        if joined:
            __tablename__ = "book"
            id = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
        __mapper_args__ = {"polymorphic_identity": "book"}

    class Draft(Book):
        __versioned__ = {"versioning": False}
        __mapper_args__ = {"polymorphic_identity": "draft"}

    world = set_up(engine, made)
    with world.sessions() as session:
        session.add_all([Item(id=1), Book(id=2), Draft(id=3)])
        session.commit()
    assert report(world).is_clean
    damage(engine, "INSERT INTO item (id, kind) VALUES (4, 'item'), (5, 'draft')")
    assert found(world) == [(K.RECORD_WITHOUT_VERSION, "item", (4,), None)]
    world.manager.detach()


# -- strategies --------------------------------------------------------------------------------


def test_without_ends_everything_else_is_verified(engine: sa.Engine) -> None:
    made = base()

    class Page(made):
        __tablename__ = "page"
        __versioned__ = {"strategy": "subquery"}
        id = mapped_column(sa.Integer, primary_key=True)
        name = mapped_column(sa.String(20))

    world = set_up(engine, made)
    with world.sessions() as session:
        pages = [Page(id=i, name="a") for i in range(1, 6)]
        session.add_all(pages)
        session.commit()
        for each in pages:
            each.name = "b"
        session.commit()
        session.delete(pages[4])
        session.commit()
    assert report(world).is_clean
    damage(
        engine,
        "UPDATE page SET name = 'x' WHERE id = 1",
        "DELETE FROM page WHERE id = 2",
        "UPDATE page_version SET operation_type = 0 WHERE id = 3",
        "UPDATE page_version SET operation_type = 2 WHERE id = 4 AND transaction_id = 2",
        "INSERT INTO page (id) VALUES (5), (6)",
    )
    assert found(world) == [
        (K.BEGUN_TWICE, "page", (3,), 2),
        (K.RECORD_WITHOUT_VERSION, "page", (6,), None),
        (K.RECORD_AFTER_DELETION, "page", (4,), 2),
        (K.RECORD_AFTER_DELETION, "page", (5,), 3),
        (K.VERSION_WITHOUT_RECORD, "page", (2,), 2),
        (K.OPEN_VERSION_DIFFERS, "page", (1,), 2),
    ]
    world.manager.detach()


# -- keys and names ----------------------------------------------------------------------------


def test_keys_and_names_of_every_kind(engine: sa.Engine) -> None:
    made = base()
    first, second = uuid.UUID(int=1), uuid.UUID(int=2)

    class Odd(made):
        __tablename__ = "odd table"
        __versioned__ = {
            "transaction_column_name": "tx",
            "end_transaction_column_name": "select",
            "operation_type_column_name": "how",
        }
        code = mapped_column("a code", sa.Uuid, primary_key=True)
        raw = mapped_column(sa.LargeBinary(4), primary_key=True)
        place = mapped_column("10%", sa.Numeric(8, 2), key="share")
        order = mapped_column("a:b", sa.JSON)
        kind = mapped_column(sa.Enum("x", "y", name="odd_kind"))
        took = mapped_column(sa.Float)

    if engine.dialect.name == "mysql":
        Odd.__table__.c.raw.type = sa.BINARY(4)
    world = set_up(engine, made)
    with world.sessions() as session:
        odd = Odd(code=first, raw=b"\0abc", place=1, order=[1], kind="x", took=0.1)
        session.add_all([odd, Odd(code=second, raw=b"\0abc")])
        session.commit()
        odd.order = {"b": None}
        odd.took = 1e-30
        session.commit()
    assert report(world).is_clean
    table = Odd.__table__
    outside = sa.create_engine(engine.url)
    with outside.begin() as connection:
        connection.execute(sa.update(table).values(share=2, kind="y").where(table.c.took > 0))
        connection.execute(sa.delete(table).where(table.c.share.is_(None)))
    outside.dispose()
    gone, differs = report(world).findings
    assert (gone.kind, gone.key) == (K.VERSION_WITHOUT_RECORD, (second, b"\0abc"))
    assert (differs.kind, differs.key) == (K.OPEN_VERSION_DIFFERS, (first, b"\0abc"))
    assert differs.columns == ("10%", "kind")
    world.manager.detach()


def test_a_pair_held_twice_is_one_link(engine: sa.Engine) -> None:
    made = base()
    pairs = sa.Table(
        "pair",
        made.metadata,
        sa.Column("a", sa.ForeignKey("left_side.id")),
        sa.Column("b", sa.ForeignKey("right_side.id")),
    )

    class Left(made):
        __tablename__ = "left_side"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        rights = relationship("Right", secondary=pairs)

    class Right(made):
        __tablename__ = "right_side"
        id = mapped_column(sa.Integer, primary_key=True)

    world = set_up(engine, made)
    with world.sessions() as session:
        session.add(Left(id=1, rights=[Right(id=1), Right(id=2)]))
        session.commit()
    damage(engine, "INSERT INTO pair VALUES (1, 1)")
    assert report(world).is_clean
    damage(engine, "DELETE FROM pair_version WHERE b = 1")
    assert found(world) == [(K.RECORD_WITHOUT_VERSION, "pair", (1, 1), None)]
    world.manager.detach()


# -- several databases -------------------------------------------------------------------------


def test_each_database_is_verified_with_its_own_transactions(
    engine: sa.Engine, second_database: Database
) -> None:
    made = base()

    class Here(made):
        __tablename__ = "here"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)

    class There(made):
        __tablename__ = "there"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)

    other = second_database.create_engine()
    world = set_up(engine, made)
    made.metadata.create_all(other)
    world.sessions.configure(binds={Here: engine, There: other})
    with world.sessions() as session:
        session.add(Here(id=1))
        session.commit()
        session.add_all([Here(id=2), There(id=1)])
        session.commit()
    assert report(world).is_clean
    damage(other, "DELETE FROM there_version")
    assert found(world) == [
        (K.RECORD_WITHOUT_VERSION, "there", (1,), None),
        (K.TRANSACTION_WITHOUT_VERSIONS, "transaction", None, 1),
    ]
    world.manager.detach()


@on("postgresql")
def test_tables_of_a_schema_are_named_with_it(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS desk")
    made = base()

    class Page(made):
        __tablename__ = "page"
        __table_args__ = {"schema": "desk"}
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)

    world = set_up(engine, made)
    with world.sessions() as session:
        session.add(Page(id=1))
        session.commit()
    assert report(world).is_clean
    damage(engine, "DELETE FROM desk.page")
    assert found(world) == [(K.VERSION_WITHOUT_RECORD, "desk.page", (1,), 1)]
    world.manager.detach()
    made.metadata.drop_all(engine)


# -- outer transactions ------------------------------------------------------------------------


def test_what_a_session_committed_into_an_outer_transaction_is_verified_there(
    family: Any, engine: sa.Engine
) -> None:
    with engine.connect() as connection:
        outer = connection.begin()
        options: dict[str, Any] = {"join_transaction_mode": "create_savepoint"}
        with family.sessions(bind=connection, **options) as session:
            session.get(family.Article, 1).title = "e"
            session.commit()
            assert verify(session, family.manager).is_clean
            session.connection().exec_driver_sql("DELETE FROM article_item")
            (finding,) = verify(session, family.manager).findings
        outer.rollback()
    assert (finding.kind, finding.table) == (K.VERSION_WITHOUT_RECORD, "article_item")
    assert report(family).is_clean
