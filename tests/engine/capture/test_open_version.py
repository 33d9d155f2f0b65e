"""P4: the open version is the live row, column by column, as the database holds it."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import DeclarativeBase, deferred, sessionmaker

from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import check, rows
from tests.support.marks import on


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class Upper(sa.types.TypeDecorator[str]):
    """Stores capitals, whatever it is given."""

    impl = sa.String(20)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else value.upper()


class World:
    """One model with every kind of column, on one database."""

    def __init__(self, engine: sa.Engine, write: str) -> None:
        class Base(DeclarativeBase):
            pass

        class Thing(Base):
            __tablename__ = "thing"
            __versioned__ = {}
            id = sa.Column(sa.Integer, primary_key=True)
            text = sa.Column(sa.Text)
            renamed = sa.Column("other_name", sa.String(30))
            percent = sa.Column("per%cent", sa.Integer)
            colon = sa.Column("a:b", sa.Integer)
            quoted = sa.Column(
                'Odd "Name"' if engine.dialect.name != "mysql" else "Odd Name", sa.Integer
            )
            select = sa.Column(sa.Integer)
            price = sa.Column(sa.Numeric(10, 2))
            ratio = sa.Column(sa.Float)
            done = sa.Column(sa.Boolean)
            day = sa.Column(sa.Date)
            moment = sa.Column(sa.DateTime)
            clock = sa.Column(sa.Time)
            span = sa.Column(sa.Interval)
            blob = sa.Column(sa.LargeBinary)
            identity = sa.Column(sa.Uuid)
            colour = sa.Column(sa.Enum(Colour))
            settings = sa.Column(MutableDict.as_mutable(sa.JSON()))
            pickled = sa.Column(sa.PickleType)
            upper = sa.Column(Upper)
            made = sa.Column(sa.String(20), server_default=sa.text("'by the server'"))
            counter = sa.Column(sa.Integer, default=0)
            stamp = sa.Column(sa.String(20), onupdate=sa.func.lower("STAMP"))
            double = sa.Column(sa.Integer, sa.Computed("counter * 2", persisted=True))
            long = deferred(sa.Column(sa.Text))

        self.Thing = Thing
        self.engine = engine
        self.manager = VersioningManager(user_cls=None)
        self.manager.write = write
        self.sessions = sessionmaker(engine)
        self.manager.attach(Base, self.sessions, engine)
        Base.metadata.create_all(engine)

    @property
    def version(self) -> Any:
        return self.manager.registry.of(self.Thing).version_class


@pytest.fixture
def world(engine: sa.Engine, write: str) -> Iterator[World]:
    world = World(engine, write)
    yield world
    check(engine, world.manager)
    world.manager.detach()


VALUES: dict[str, Any] = {
    "text": "Grüße, 世界 😀\n",
    "renamed": "under another name",
    "percent": 50,
    "colon": 1,
    "quoted": 2,
    "select": 3,
    "price": Decimal("19.90"),
    "ratio": 0.1,
    "done": True,
    "day": dt.date(2026, 11, 24),
    "moment": dt.datetime(2026, 11, 24, 12, 30, 15),
    "clock": dt.time(23, 59, 1),
    "span": dt.timedelta(days=3, seconds=5),
    "blob": bytes(range(256)),
    "identity": uuid.UUID(int=7),
    "colour": Colour.BLUE,
    "settings": {"a": [1, None, "x"], "b": {"c": True}},
    "pickled": {"any": "thing"},
    "upper": "loud",
    "long": "l" * 5000,
}


def test_every_kind_of_column_is_recorded_as_it_is(world: World) -> None:
    with world.sessions() as session:
        session.add(world.Thing(id=1, **VALUES))
        session.commit()
        version = session.scalars(sa.select(world.version)).one()
        found = {name: getattr(version, name) for name in VALUES}
        assert found == {**VALUES, "upper": "LOUD"}
        assert (version.made, version.counter, version.double) == ("by the server", 0, 0)


def test_a_change_to_and_from_null_is_a_version(world: World) -> None:
    with world.sessions() as session:
        thing = world.Thing(id=1)
        session.add(thing)
        session.commit()
        for name, value in VALUES.items():
            for each in (value, None):
                setattr(thing, name, each)
                session.commit()
        found = session.scalars(sa.select(world.version).order_by("transaction_id")).all()
        assert len(found) == 1 + 2 * len(VALUES)
        for position, (name, value) in enumerate(VALUES.items()):
            expected = value.upper() if name == "upper" else value
            with_value, without = found[2 * position + 1 : 2 * position + 3]
            assert (getattr(with_value, name), getattr(without, name)) == (expected, None), name


def test_an_expression_of_the_database(world: World) -> None:
    with world.sessions() as session:
        thing = world.Thing(id=1, counter=1)
        session.add(thing)
        session.commit()
        thing.counter = world.Thing.counter + 1
        session.commit()
        newest = session.scalars(sa.select(world.version).order_by("transaction_id")).all()[-1]
        assert (newest.counter, newest.double, newest.stamp) == (2, 4, "stamp")


def test_a_mutable_value_changed_twice_in_one_transaction(world: World) -> None:
    with world.sessions() as session:
        thing = world.Thing(id=1, settings={"a": 1})
        session.add(thing)
        session.commit()
        thing.settings["b"] = 2
        session.flush()
        thing.settings["c"] = 3
        session.commit()
        found = session.scalars(sa.select(world.version).order_by("transaction_id")).all()
        assert [version.settings for version in found] == [
            {"a": 1},
            {"a": 1, "b": 2, "c": 3},
        ]


@on("sqlite", "postgresql")
def test_a_trigger_of_the_application_has_its_say(world: World) -> None:
    """What a trigger makes of a value while the flush runs is what the version holds."""
    body = {
        "sqlite": [
            "CREATE TRIGGER shout AFTER UPDATE OF text ON thing WHEN new.text NOT LIKE '%!' BEGIN "
            "UPDATE thing SET text = new.text || '!' WHERE id = new.id; END"
        ],
        "postgresql": [
            "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN NEW.text := NEW.text || '!'; RETURN NEW; END $$",
            "CREATE TRIGGER shout BEFORE UPDATE ON thing FOR EACH ROW EXECUTE FUNCTION shout()",
        ],
    }
    with world.engine.begin() as connection:
        for statement in body[world.engine.dialect.name]:
            connection.exec_driver_sql(statement)
    with world.sessions() as session:
        thing = world.Thing(id=1, text="quiet")
        session.add(thing)
        session.commit()
        thing.text = "loud"
        session.commit()
    texts = [row[1] for row in rows(world.engine, world.manager.registry.of(world.Thing).table)]
    assert texts == ["quiet", "loud!"]


def test_raw_sql_after_the_flush_is_in_the_same_version(world: World) -> None:
    """Not seen by itself, but the version is made of the row as it is at the commit."""
    with world.sessions() as session:
        thing = world.Thing(id=1, text="a", counter=1)
        session.add(thing)
        session.flush()
        session.execute(sa.text("UPDATE thing SET counter = 7 WHERE id = 1"))
        session.commit()
        (version,) = session.scalars(sa.select(world.version))
        assert version.counter == 7
