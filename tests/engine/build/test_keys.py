"""Keys that are not what they seem, and names that databases find difficult."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.declarative import DeferredReflection
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from flask_continuum.engine.errors import ImproperlyConfigured
from tests.engine.build.conftest import Application
from tests.support.marks import on


@on("sqlite")
def test_a_model_keyed_by_another_column_than_its_table_is_refused(base: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Article.*\(code\).*'article'.*\(id\)"):

        class Article(base):
            __tablename__ = "article"
            __versioned__ = {}
            id: Mapped[int] = mapped_column(primary_key=True)
            code: Mapped[str] = mapped_column(sa.String(20), unique=True)
            __mapper_args__ = {"primary_key": [code]}


@on("sqlite")
def test_a_child_table_whose_key_has_another_order(app: Application, base: Any) -> None:
    class Item(base):
        __tablename__ = "item"
        __versioned__ = {}
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}
        year: Mapped[int] = mapped_column(primary_key=True)
        number: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(sa.String(20))

    class Article(Item):
        __tablename__ = "article"
        __mapper_args__ = {"polymorphic_identity": "article"}
        number: Mapped[int] = mapped_column(primary_key=True)
        year: Mapped[int] = mapped_column(primary_key=True)
        body: Mapped[str] = mapped_column(sa.String(20))
        __table_args__ = (
            sa.ForeignKeyConstraint(["year", "number"], ["item.year", "item.number"]),
        )

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all(
            [Article(year=2026, number=1, body="x"), Article(year=1, number=2026, body="-")]
        )
    with app.commit() as session:
        session.get(Article, (2026, 1)).body = "y"
    with app.commit() as session:
        session.delete(session.get(Article, (2026, 1)))
    with app.sessions() as session:
        found = app.of(Article).all_versions(session, {"year": 2026, "number": 1})
        assert [(v.body, v.operation_type) for v in found] == [("y", 2), ("y", 1), ("x", 0)]


NAMES = (
    "select",
    "Größe",
    "a b",
    'q"q',
    "100%",
    "x:y",
    "b`t",
    "(p)",
    "UPPER",
    "dot.ted",
)


@pytest.mark.parametrize("name", NAMES)
def test_names_that_databases_find_difficult(app: Application, base: Any, name: str) -> None:
    thing = type(
        "Thing",
        (base,),
        {
            "__tablename__": f"t {name}",
            "__versioned__": {},
            "id": sa.Column(f"id {name}", sa.Integer, primary_key=True),
            "value": sa.Column(name, sa.String(20)),
            "parent_id": sa.Column(f"p {name}", sa.Integer),
        },
    )
    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(thing(id=1, value="a"))
    with app.commit() as session:
        session.get(thing, 1).value = "b"
    with app.commit() as session:
        session.delete(session.get(thing, 1))
    assert app.told(thing, "id", "value", "operation_type") == [
        (1, "a", 0),
        (1, "b", 1),
        (1, "b", 2),
    ]


@on("postgresql")  # others do not tell such names apart
def test_columns_that_differ_by_case(app: Application, base: Any) -> None:
    class Thing(base):
        __tablename__ = "Thing"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        one: Mapped[str] = mapped_column("Name", sa.String(20))
        two: Mapped[str] = mapped_column("name", sa.String(20))

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Thing(id=1, one="a", two="b"))
    assert app.told(Thing, "one", "two") == [("a", "b")]


@on("sqlite")
def test_a_foreign_key_to_a_unique_column(app: Application, base: Any) -> None:
    class Country(base):
        __tablename__ = "country"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        code: Mapped[str] = mapped_column(sa.String(2), unique=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        people: Mapped[list[Any]] = relationship("Person", back_populates="country")

    class Person(base):
        __tablename__ = "person"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        country_code: Mapped[str] = mapped_column(sa.ForeignKey("country.code"))
        country: Mapped[Any] = relationship(Country, back_populates="people")

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Person(id=1, country=Country(id=1, code="DE", name="a")))
    with app.commit() as session:
        session.get(Country, 1).name = "b"
    with app.sessions() as session:
        assert app.history(session, Person)[0].country.name == "a"
        assert [len(v.people) for v in app.history(session, Country)] == [1, 1]


@on("sqlite")
def test_reflected_tables(app: Application) -> None:
    class Base(DeferredReflection, DeclarativeBase):
        pass

    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {"exclude": ["secret"]}

    with app.engine.begin() as connection:
        connection.execute(
            sa.text("CREATE TABLE article (id INTEGER PRIMARY KEY, title TEXT, secret TEXT)")
        )
    Base.prepare(app.engine)
    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a", secret="x"))
    with app.commit() as session:
        session.get(Article, 1).secret = "y"
    assert app.told(Article, "title") == [("a",)]
    assert "secret" not in app.of(Article).__table__.c
