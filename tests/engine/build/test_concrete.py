"""Hierarchies of concrete tables, and classes that an expression tells apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.declarative import AbstractConcreteBase, ConcreteBase
from sqlalchemy.orm import (
    Mapped,
    column_property,
    mapped_column,
)

from tests.engine.build.conftest import Application
from tests.support.marks import on

pytestmark = on("sqlite")


def test_concrete_tables(app: Application, base: Any) -> None:
    class Item(base):
        __tablename__ = "item"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))

    class Article(Item):
        __tablename__ = "article"
        __mapper_args__ = {"concrete": True}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))
        body: Mapped[str] = mapped_column(sa.String(20))

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Item(id=1, title="a"), Article(id=1, title="b", body="x")])
    with app.commit() as session:
        session.get(Article, 1).body = "y"
    with app.sessions() as session:
        assert [v.title for v in app.history(session, Item)] == ["a"]
        assert [v.body for v in app.history(session, Article)] == ["x", "y"]
        assert [v.body for v in session.get(Article, 1).versions] == ["x", "y"]
        assert [v.title for v in session.get(Item, 1).versions] == ["a"]


@pytest.fixture
def silenced() -> Iterator[list[type[Any]]]:
    """Classes that SQLAlchemy 2.0 asks at every later configuration, of whatever is mapped then."""
    classes: list[type[Any]] = []
    yield classes
    for each in classes:
        type.__setattr__(each, "__declare_first__", lambda: None)


@pytest.mark.parametrize("kind", [ConcreteBase, AbstractConcreteBase])
def test_the_concrete_bases_of_sqlalchemy(
    silenced: list[type[Any]], app: Application, base: Any, kind: Any
) -> None:
    abstract = kind is AbstractConcreteBase
    body: dict[str, Any] = {"__versioned__": {}, "strict_attrs": True}
    if not abstract:
        body |= {
            "__tablename__": "item",
            "__mapper_args__": {"polymorphic_identity": "item", "concrete": True},
            "id": sa.Column(sa.Integer, primary_key=True),
            "title": sa.Column(sa.String(20)),
        }
    item: Any = type("Item", (kind, base), body)
    silenced.append(item)

    class Article(item):
        __tablename__ = "article"
        __mapper_args__ = {"polymorphic_identity": "article", "concrete": True}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="b"))
        if not abstract:
            session.add(item(id=1, title="a"))
    with app.sessions() as session:
        assert [v.title for v in app.history(session, Article)] == ["b"]
        if not abstract:
            assert [v.title for v in app.history(session, item)] == ["a"]


def test_an_expression_tells_the_class(app: Application, base: Any) -> None:
    class Item(base):
        __tablename__ = "item"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        code: Mapped[str] = mapped_column(sa.String(20))
        __mapper_args__ = {
            "polymorphic_on": sa.case((code.like("n%"), "note"), else_="item"),
            "polymorphic_identity": "item",
        }

    class Note(Item):
        __mapper_args__ = {"polymorphic_identity": "note"}

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Item(id=1, code="a"), Note(id=2, code="n")])
    with app.sessions() as session:
        found = app.history(session, Item)
        assert [type(v) for v in found] == [app.of(Item), app.of(Note)]


def test_a_named_property_tells_the_class(app: Application, base: Any) -> None:
    class Item(base):
        __tablename__ = "item"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        code: Mapped[str] = mapped_column(sa.String(20))
        first = column_property(sa.func.substr(code, 1, 1))
        __mapper_args__ = {"polymorphic_on": "first", "polymorphic_identity": "i"}

    class Note(Item):
        __mapper_args__ = {"polymorphic_identity": "n"}

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Item(id=1, code="ix"), Note(id=2, code="nx")])
    with app.sessions() as session:
        assert [type(v) for v in app.history(session, Item)] == [app.of(Item), app.of(Note)]
