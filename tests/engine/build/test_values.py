"""Values of every type, and those that the database makes."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.mutable import MutableDict, MutableList
from sqlalchemy.orm import (
    Mapped,
    mapped_column,
)

from tests.engine.build.conftest import Application
from tests.support.marks import on


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class Trimmed(sa.TypeDecorator[str]):
    impl = sa.String(20)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else f"<{value}>"

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else value[1:-1]


VALUES: dict[str, tuple[Any, Any, Any]] = {
    "boolean": (sa.Boolean(create_constraint=True, name="is_bool"), True, False),
    "enum": (sa.Enum(Colour), Colour.RED, Colour.BLUE),
    "checked_enum": (
        sa.Enum("a", "b", native_enum=False, create_constraint=True, name="ab"),
        "a",
        "b",
    ),
    "json": (sa.JSON, {"a": [1, None, "ü"]}, {"a": [1, None, "u"]}),
    "mutable": (MutableDict.as_mutable(sa.JSON()), {"a": 1}, {"a": 2}),
    "pickle": (sa.PickleType, {1, 2}, {1, 3}),
    "uuid": (sa.Uuid, uuid.UUID(int=1), uuid.UUID(int=2)),
    "numeric": (sa.Numeric(10, 3), Decimal("1.100"), Decimal("1.101")),
    "date": (sa.Date, dt.date(2026, 1, 1), dt.date(2026, 1, 2)),
    "time": (sa.Time, dt.time(1, 2), dt.time(3, 4)),
    "moment": (sa.DateTime, dt.datetime(2026, 1, 1, 1), dt.datetime(2026, 1, 1, 2)),
    "interval": (sa.Interval, dt.timedelta(1), dt.timedelta(2)),
    "bytes": (sa.LargeBinary, b"\x00a", b"\x00b"),
    "text": (sa.Text, "a" * 5000, "b" * 5000),
    "unicode": (sa.Unicode(20), "ü", "ű"),
    "float": (sa.Double(), 0.1, 0.2),
    "big": (sa.BigInteger, 2**60, 2**60 + 1),
    "decorated": (Trimmed(), "a", "b"),
}


def declare_all(base: Any, values: dict[str, tuple[Any, Any, Any]]) -> Any:
    return type(
        "Thing",
        (base,),
        {
            "__tablename__": "thing",
            "__versioned__": {},
            "id": sa.Column(sa.Integer, primary_key=True),
            **{name: sa.Column(kind) for name, (kind, _, _) in values.items()},
        },
    )


def live_through(app: Application, thing: Any, values: dict[str, tuple[Any, Any, Any]]) -> None:
    """Set every column, change every column, delete and restore."""
    first = {name: value for name, (_, value, _) in values.items()}
    second = {name: value for name, (_, _, value) in values.items()}
    with app.commit() as session:
        session.add(thing(id=1, **first))
    with app.commit() as session:
        for name, value in second.items():
            setattr(session.get(thing, 1), name, value)
    with app.commit() as session:
        session.delete(session.get(thing, 1))
    with app.sessions() as session:
        born, changed, gone = app.history(session, thing)
        assert {name: getattr(born, name) for name in values} == first
        assert {name: getattr(changed, name) for name in values} == second
        assert {name: getattr(gone, name) for name in values} == second
        assert changed.changeset == {name: [first[name], second[name]] for name in values}
    with app.commit() as session:
        app.history(session, thing)[0].revert()
    with app.sessions() as session:
        found = session.get(thing, 1)
        assert {name: getattr(found, name) for name in values} == first


def test_values_of_every_type(app: Application, base: Any) -> None:
    thing = declare_all(base, VALUES)
    base.metadata.create_all(app.engine)
    live_through(app, thing, VALUES)
    base.metadata.drop_all(app.engine)
    base.metadata.create_all(app.engine)


@on("postgresql")
def test_values_of_the_types_of_postgresql(app: Application, base: Any) -> None:
    values = {
        "array": (postgresql.ARRAY(sa.Integer), [1, 2], [2, 1]),
        "texts": (MutableList.as_mutable(postgresql.ARRAY(sa.Text)), ["a"], ["b", None]),
        "matrix": (postgresql.ARRAY(sa.Integer, dimensions=2), [[1], [2]], [[3], [4]]),
        "jsonb": (postgresql.JSONB, {"a": 1}, {"a": 1, "b": 2}),
        "address": (postgresql.INET, __import__("ipaddress").ip_address("10.0.0.1"), None),
        "range": (
            postgresql.INT4RANGE,
            postgresql.Range(1, 5),
            postgresql.Range(1, 6),
        ),
        "colour": (postgresql.ENUM(Colour, name="colour", schema="public"), *Colour),
        "colours": (postgresql.ARRAY(sa.Enum(Colour, name="colours")), [Colour.RED], list(Colour)),
        "zoned": (
            sa.DateTime(timezone=True),
            dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        ),
        "bits": (postgresql.BIT(3), None, None),
        "search": (postgresql.TSVECTOR, "'a'", "'b'"),
        "plain_json": (postgresql.JSON, {"a": 1}, {"a": 2}),
    }
    del values["bits"]
    thing = declare_all(base, values)
    base.metadata.create_all(app.engine)
    live_through(app, thing, values)
    base.metadata.drop_all(app.engine)
    with app.engine.connect() as connection:
        kinds = sa.text("SELECT count(*) FROM pg_type WHERE typname LIKE 'colour%'")
        assert connection.scalar(kinds) == 0
    base.metadata.create_all(app.engine)


def test_a_mutable_value_changed_twice_in_one_transaction(app: Application, base: Any) -> None:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        data: Mapped[Any] = mapped_column(MutableDict.as_mutable(sa.JSON()))

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, data={"n": 0}))
    with app.commit() as session:
        article = session.get(Article, 1)
        article.data["n"] = 1
        session.flush()
        article.data["n"] = 2
    with app.sessions() as session:
        assert [v.data for v in app.history(session, Article)] == [{"n": 0}, {"n": 2}]


def test_values_that_the_database_makes(app: Application, base: Any) -> None:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(sa.Identity(start=5), primary_key=True)
        price: Mapped[int] = mapped_column(server_default="3")
        twice: Mapped[int] = mapped_column(sa.Computed("price * 2", persisted=True))
        stamp: Mapped[int] = mapped_column(default=1, onupdate=lambda: 9)
        untouched: Mapped[str | None] = mapped_column(
            sa.String(20), server_default="x", server_onupdate=sa.FetchedValue()
        )

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article())
    with app.commit() as session:
        session.scalars(sa.select(Article)).one().price = Article.price + 1
    with app.sessions() as session:
        first, second = app.history(session, Article)
        assert (first.price, first.twice, first.stamp, first.untouched) == (3, 6, 1, "x")
        assert (second.price, second.twice, second.stamp) == (4, 8, 9)
        first.revert()
        session.commit()
        assert session.scalars(sa.select(Article.twice)).one() == 6


@pytest.mark.parametrize("eager", [True, False])
def test_keys_that_the_database_makes(app: Application, base: Any, eager: bool) -> None:
    made = "gen_random_uuid()::text" if app.engine.dialect.name == "postgresql" else "(uuid())"
    if app.engine.dialect.name == "sqlite":
        made = "(lower(hex(randomblob(16))))"

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        __mapper_args__ = {"eager_defaults": eager}
        id: Mapped[str] = mapped_column(
            sa.String(40), primary_key=True, server_default=sa.text(made)
        )
        part: Mapped[int] = mapped_column(primary_key=True, default=lambda: 7)
        title: Mapped[str] = mapped_column(sa.String(20))

    if app.engine.dialect.insert_returning:
        base.metadata.create_all(app.engine)
        with app.commit() as session:
            article = Article(title="a")
            session.add(article)
            session.flush()
            key = article.id, article.part
        with app.commit() as session:
            session.get(Article, key).title = "b"
        with app.sessions() as session:
            found = app.history(session, Article)
            assert [(v.id, v.part, v.title) for v in found] == [(*key, "a"), (*key, "b")]
            assert [v.title for v in session.get(Article, key).versions] == ["a", "b"]
    else:
        app.manager = None
