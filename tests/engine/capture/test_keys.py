"""Keys of every kind find their rows, on each database, with its own list of keys."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import check, rows
from tests.support.marks import on


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


KEYS: dict[str, tuple[Any, list[Any]]] = {
    "integer": (sa.Integer, [1, -5, 2_000_000_000]),
    "big": (sa.BigInteger, [2**53 + 1, 2**53 + 2, -(2**62)]),
    "string": (sa.String(40), ["a", "ü/ö %s", "'; --", 'say "x"', "a:b", "日本"]),
    "uuid": (sa.Uuid, [uuid.UUID(int=1), uuid.UUID(int=2**127)]),
    "bytes": (
        sa.LargeBinary(16).with_variant(sa.VARBINARY(16), "mysql", "mariadb"),
        [b"\x00\xff", b"'", bytes(range(16))],
    ),
    "date": (sa.Date, [dt.date(2026, 1, 1), dt.date(1999, 12, 31)]),
    "moment": (sa.DateTime, [dt.datetime(2026, 1, 1, 12, 0, 1), dt.datetime(1999, 12, 31)]),
    "decimal": (sa.Numeric(10, 2), [Decimal("1.10"), Decimal("-0.05"), Decimal("99999.99")]),
    "enum": (sa.Enum(Size), [Size.SMALL, Size.LARGE]),
    "boolean": (sa.Boolean, [True, False]),
}


def build(engine: sa.Engine, kind: Any) -> tuple[Any, VersioningManager, Any]:
    class Base(DeclarativeBase):
        pass

    class Thing(Base):
        __tablename__ = "thing"
        __versioned__ = {}
        key = sa.Column("the key", kind, primary_key=True, autoincrement=False)
        part = sa.Column(sa.String(10), primary_key=True)
        name = sa.Column(sa.String(50))

    manager = VersioningManager(user_cls=None)
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.metadata.create_all(engine)
    return Thing, manager, sessions


@pytest.mark.parametrize("name", list(KEYS))
def test_every_kind_of_key(engine: sa.Engine, name: str) -> None:
    kind, values = KEYS[name]
    thing, manager, sessions = build(engine, kind)
    with sessions() as session:
        session.add_all(thing(key=value, part="p", name="new") for value in values)
        session.commit()
        for each in session.scalars(sa.select(thing)):
            each.name = "changed"
        session.commit()
        for each in session.scalars(sa.select(thing)).all()[1:]:
            session.delete(each)
        session.commit()
    found = rows(engine, manager.registry.of(thing).table)
    operations = sorted(row[-1] for row in found)
    count = len(values)
    assert operations == [0] * count + [1] * count + [2] * (count - 1)
    check(engine, manager)
    manager.detach()


@on("mariadb")
def test_keys_of_another_charset_and_collation(engine: sa.Engine) -> None:
    from sqlalchemy.dialects.mysql import VARCHAR

    kind = VARCHAR(20, charset="latin1", collation="latin1_german1_ci")
    thing, manager, sessions = build(engine, kind)
    with sessions() as session:
        session.add_all(thing(key=key, part="p", name="new") for key in ("a", "ü", "z"))
        session.commit()
        for each in session.scalars(sa.select(thing)):
            each.name = "changed"
        session.commit()
    check(engine, manager)
    manager.detach()


@on("mariadb")
def test_floating_point_keys_are_refused(engine: sa.Engine) -> None:
    thing, manager, sessions = build(engine, sa.Float)
    with sessions() as session:
        session.add(thing(key=0.1, part="p"))
        with pytest.raises(ImproperlyConfigured, match=r"'?thing'?.*DECIMAL"):
            session.commit()
    manager.detach()


def test_many_keys_in_chunks(engine: sa.Engine) -> None:
    """More keys than one statement takes."""
    thing, manager, sessions = build(engine, sa.Integer)
    with sessions() as session:
        session.add_all(thing(key=number, part="p") for number in range(12_000))
        session.commit()
    check(engine, manager)
    manager.detach()
