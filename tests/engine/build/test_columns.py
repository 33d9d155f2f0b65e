"""Every kind of attribute that stands for columns, and every kind of column."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.ext.mutable import MutableDict, MutableList
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    column_property,
    composite,
    deferred,
    mapped_column,
    relationship,
    synonym,
    validates,
)

from flask_continuum.engine.errors import ImproperlyConfigured
from tests.engine.build.conftest import Application
from tests.support.marks import on
from tests.support.statements import statements


@pytest.fixture
def base(app: Application) -> Any:
    class Base(DeclarativeBase):
        pass

    app.version(Base)
    return Base


@dataclasses.dataclass
class Point:
    x: int | None
    y: int | None


@on("sqlite")
def test_names_that_differ_from_their_columns(app: Application, base: Any) -> None:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        number: Mapped[int] = mapped_column("id", primary_key=True)
        title: Mapped[str] = mapped_column("the title", sa.String(20))
        body = sa.Column("body_text", sa.String(20), key="the_body")
        headline = synonym("title")

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(number=1, headline="a", body="x"))
    with app.commit() as session:
        session.get(Article, 1).body = "y"
    with app.sessions() as session:
        first, second = app.history(session, Article)
        assert (first.number, first.title, first.body) == (1, "a", "x")
        assert first.headline == "a"
        assert second.changeset == {"body": ["x", "y"]}
        assert not hasattr(first, "the_body") and not hasattr(first, "id")
        version = app.of(Article)
        assert session.scalars(sa.select(version).where(version.headline == "a")).all()
        first.revert()
        session.commit()
        assert session.get(Article, 1).body == "x"


@on("sqlite")
def test_attributes_that_are_made_of_columns(app: Application, base: Any) -> None:
    """Composites, hybrids and SQL expressions of a record's own columns, at its versions too."""

    class Place(base):
        __tablename__ = "place"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        first: Mapped[str] = mapped_column(sa.String(20))
        last: Mapped[str] = mapped_column(sa.String(20))
        x: Mapped[int | None]
        y: Mapped[int | None]
        point: Mapped[Point] = composite(Point, "x", "y")
        full: Mapped[str] = column_property(first + " " + last)
        notes: Mapped[str | None] = deferred(mapped_column(sa.String(20)))
        grouped: Mapped[str | None] = mapped_column(sa.String(20), deferred=True)

        @hybrid_property
        def shout(self) -> str:
            return self.first.upper()

        @shout.inplace.expression
        @classmethod
        def _shout(cls) -> Any:
            return sa.func.upper(cls.first)

        def describe(self) -> str:
            return f"{self.first} at {self.x}"

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Place(id=1, first="a", last="b", point=Point(1, 2), notes="n", grouped="g"))
    with app.commit() as session:
        session.get(Place, 1).point = Point(3, 4)
    with app.sessions() as session:
        first, second = app.history(session, Place)
        assert (first.x, first.y, first.notes, first.grouped) == (1, 2, "n", "g")
        assert second.changeset == {"x": [1, 3], "y": [2, 4]}
        assert (first.point, second.point) == (Point(1, 2), Point(3, 4))
        assert first.full == "a b"
        version = app.of(Place)
        assert len(session.scalars(sa.select(version).where(version.full == "a b")).all()) == 2
        first.revert()
        session.commit()
        assert session.get(Place, 1).point == Point(1, 2)


@on("sqlite")
def test_expressions_over_other_tables_are_of_today(app: Application, base: Any) -> None:
    """They are not recorded; a version goes without them rather than telling what is now."""

    class Comment(base):
        __tablename__ = "comment"
        id: Mapped[int] = mapped_column(primary_key=True)
        article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))
        comments: Mapped[int] = column_property(
            sa.select(sa.func.count(Comment.id)).where(Comment.article_id == id).scalar_subquery()
        )

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a"))
    with app.commit() as session:
        session.add(Comment(id=1, article_id=1))
    with app.commit() as session:
        assert session.get(Article, 1).comments == 1
        session.get(Article, 1).title = "b"
    with app.sessions() as session:
        assert [v.title for v in app.history(session, Article)] == ["a", "b"]
        assert not hasattr(app.of(Article), "comments")


@on("sqlite")
def test_columns_named_like_what_version_classes_have(app: Application, base: Any) -> None:
    class Page(base):
        __tablename__ = "page"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        index: Mapped[int]
        next: Mapped[str | None] = mapped_column(sa.String(20))
        previous: Mapped[str | None] = mapped_column(sa.String(20))
        changeset: Mapped[str | None] = mapped_column(sa.String(20))
        transaction: Mapped[str | None] = mapped_column(sa.String(20))
        versions: Mapped[int]
        version_parent: Mapped[str | None] = mapped_column(sa.String(20))
        revert: Mapped[str | None] = mapped_column(sa.String(20))

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        names = ("next", "previous", "changeset", "transaction", "version_parent", "revert")
        session.add(Page(id=1, index=7, versions=3, **{name: name for name in names}))
    with app.sessions() as session:
        (version,) = app.history(session, Page)
        assert {name: getattr(version, name) for name in names} == {n: n for n in names}
        assert (version.index, version.versions) == (7, 3)
        assert session.get(Page, 1).versions == 3


@on("sqlite")
@pytest.mark.parametrize("options", [{"exclude": ["secret", "hash"]}, {}])
def test_excluded_columns(app: Application, base: Any, options: dict[str, Any]) -> None:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = options or {"exclude": ["secret", "title", "hash"], "include": ["title"]}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))
        secret: Mapped[str] = mapped_column(sa.String(20))
        hash: Mapped[str | None] = mapped_column("hash_value", sa.String(20))

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a", secret="x", hash="y"))
    with app.commit() as session:
        session.get(Article, 1).secret = "z"
    assert set(app.of(Article).__table__.c.keys()) == {
        *("id", "title", "transaction_id", "end_transaction_id", "operation_type"),
    }
    with app.sessions() as session:
        (version,) = app.history(session, Article)
        assert not hasattr(version, "secret") and not hasattr(version, "hash_value")
    with app.commit() as session:
        session.get(Article, 1).title = "b"
    with app.commit() as session:
        app.history(session, Article)[0].revert()
    with app.sessions() as session:
        article = session.get(Article, 1)
        assert (article.title, article.secret) == ("a", "z")


@on("sqlite")
def test_a_foreign_key_column_that_is_excluded_takes_its_relationship_along(
    app: Application, base: Any
) -> None:
    class Section(base):
        __tablename__ = "section"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        articles: Mapped[list[Any]] = relationship("Article", back_populates="section")

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {"exclude": ["section_id"]}
        id: Mapped[int] = mapped_column(primary_key=True)
        section_id: Mapped[int | None] = mapped_column(sa.ForeignKey("section.id"))
        section: Mapped[Any] = relationship(Section, back_populates="articles")

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, section=Section(id=1)))
    with app.sessions() as session:
        assert not hasattr(app.history(session, Article)[0], "section")
        assert not hasattr(app.history(session, Section)[0], "articles")


@on("sqlite")
def test_proxies_and_validators(app: Application, base: Any) -> None:
    class Tag(base):
        __tablename__ = "tag"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        article_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id"))

        def __init__(self, name: str) -> None:
            self.name = name

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))
        tags: Mapped[list[Tag]] = relationship(Tag, order_by=Tag.name)
        tag_names = association_proxy("tags", "name")

        @validates("title")
        def check(self, key: str, value: str) -> str:
            return value.strip()

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title=" a ", tag_names=["x", "y"]))
    with app.commit() as session:
        session.get(Article, 1).tag_names.remove("x")
        session.get(Article, 1).title = "b"
    with app.sessions() as session:
        first, second = app.history(session, Article)
        assert (first.title, second.title) == ("a", "b")
        assert list(first.tag_names) == ["x", "y"]
        assert list(second.tag_names) == ["y"]


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


@on("sqlite")
def test_composite_keys_and_a_changed_part(app: Application, base: Any) -> None:
    class Line(base):
        __tablename__ = "line"
        __versioned__ = {}
        number: Mapped[int] = mapped_column("line_number", primary_key=True, autoincrement=False)
        order_id: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
        amount: Mapped[int]

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Line(number=n, order_id="a", amount=n) for n in (1, 2)])
    with app.commit() as session:
        session.get(Line, (1, "a")).amount = 5
    with app.commit() as session:
        session.get(Line, (2, "a")).order_id = "b"
    with app.sessions() as session:
        assert [v.amount for v in session.get(Line, (1, "a")).versions] == [1, 5]
        assert [v.operation_type for v in session.get(Line, (2, "b")).versions] == [0]
        version = app.of(Line)
        old = version.all_versions(session, {"number": 2, "order_id": "a"})
        assert [v.operation_type for v in old] == [2, 0]
        assert old[0].index == 1


@on("sqlite")
def test_deferred_columns_come_with_the_version(app: Application, base: Any) -> None:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        body: Mapped[str] = mapped_column(sa.Text, deferred=True)

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Article(id=n, body="x") for n in range(5)])
    with app.sessions() as session, statements(app.engine) as sent:
        assert [v.body for v in app.history(session, Article)] == ["x"] * 5
        assert len(sent) == 1, sent


@on("sqlite")
def test_a_class_mapped_to_a_join_is_refused(app: Application, base: Any) -> None:
    one = sa.Table("one", base.metadata, sa.Column("id", sa.Integer, primary_key=True))
    two = sa.Table("two", base.metadata, sa.Column("id", sa.ForeignKey("one.id"), primary_key=True))
    with pytest.raises(ImproperlyConfigured, match=r"Both is mapped to Join, not to a table"):
        type(
            "Both",
            (base,),
            {
                "__table__": one.join(two),
                "__versioned__": {},
                "id": column_property(one.c.id, two.c.id),
            },
        )
    app.manager = None
