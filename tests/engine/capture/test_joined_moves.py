"""Joined inheritance and keys that change: the record moves in all of its tables."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker

from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.manager import VersioningManager
from tests.engine.capture.library import mind_foreign_keys
from tests.engine.invariants import check, rows
from tests.support.marks import on


def build(
    engine: sa.Engine,
    write: str,
    *,
    follows: bool = True,
    told_apart: bool = True,
    article: str = "capture",
) -> Any:
    """An item and an article whose keys follow a country's.

    :param follows: whether SQLite minds foreign keys.
    :param told_apart: whether a column tells the classes apart.
    :param article: the article's ``database_cascades``.
    """

    class Base(DeclarativeBase):
        pass

    class Country(Base):
        __tablename__ = "country"
        code = mapped_column(sa.String(10), primary_key=True)

    class Item(Base):
        __tablename__ = "item"
        __versioned__ = {}
        code = mapped_column(sa.ForeignKey("country.code", onupdate="CASCADE"), primary_key=True)
        kind = mapped_column(sa.String(10))
        if told_apart:
            __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}

    class Article(Item):
        __tablename__ = "article"
        __versioned__ = {"database_cascades": article}
        code = mapped_column(sa.ForeignKey("item.code", onupdate="CASCADE"), primary_key=True)
        body = mapped_column(sa.String(10))
        if told_apart:
            __mapper_args__ = {"polymorphic_identity": "article"}

    if follows:
        mind_foreign_keys(engine)
    manager = VersioningManager(user_cls=None, options={"database_cascades": "capture"})
    manager.write = write
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.registry.configure()
    Base.metadata.create_all(engine)
    with sessions() as session:
        session.add_all(Country(code=code) for code in "abx")
        session.flush()
        session.add_all([Article(code="a", body="t"), Item(code="b")])
        session.commit()
    return SimpleNamespace(**locals())


def told(shop: Any) -> tuple[Any, Any]:
    """What was written since, the context of the last transaction."""
    found = [
        [(row[0], row[-1]) for row in rows(shop.engine, shop.manager.registry.tables[m.__table__])]
        for m in (shop.Item, shop.Article)
    ]
    assert found[0][:2] == [("a", 0), ("a", 2)]
    assert found[1][:2] == [("a", 0), ("a", 2)]
    ((_, history),) = shop.manager.registry.history.items()
    table = history.transaction
    with shop.engine.connect() as connection:
        context = connection.scalars(sa.select(table.c.context).order_by(table.c.id)).all()[-1]
    return found, context


def by_class(shop: Any, session: Session) -> None:
    article = session.get(shop.Article, "a")
    article.body, article.code = "n", "x"


def by_root(shop: Any, session: Session) -> None:
    session.get(shop.Item, "a").code = "x"


def by_parent_of_a_changed_one(shop: Any, session: Session) -> None:
    session.get(shop.Article, "a").body = "n"
    session.delete(session.get(shop.Country, "x"))
    session.flush()
    session.get(shop.Country, "a").code = "x"


@pytest.mark.parametrize(
    ("options", "way"),
    [
        ({}, by_class),
        ({"told_apart": False}, by_root),
        ({"told_apart": False}, by_parent_of_a_changed_one),
        ({"article": "ignore"}, by_parent_of_a_changed_one),
    ],
    ids=["its class", "another class", "alike", "ignored"],
)
def test_a_record_moves_in_all_of_its_tables(
    engine: sa.Engine, write: str, options: dict[str, Any], way: Callable[..., None]
) -> None:
    shop = build(engine, write, **options)
    with shop.sessions() as session:
        way(shop, session)
        session.commit()
    found, context = told(shop)
    assert found[0][2:] == [("b", 0), ("x", 0)]
    assert found[1][2:] == [("x", 0)]
    assert context == {"moved": {"article": [[["a"], ["x"]]], "item": [[["a"], ["x"]]]}}
    check(shop.engine, shop.manager)
    shop.manager.detach()


@on("sqlite")
@pytest.mark.orm_only(reason="triggers see what follows")
@pytest.mark.parametrize("told_apart", [True, False])
def test_a_row_that_does_not_follow_fails_the_commit(
    engine: sa.Engine, write: str, told_apart: bool
) -> None:
    """Where SQLite minds no foreign keys; the other databases refuse what does not follow."""
    shop = build(engine, write, follows=False, told_apart=told_apart)
    with shop.sessions() as session:
        session.get(shop.Article, "a").code = "x"
        with pytest.raises(HistoryWriteError, match=r"written to article cannot be read.*'x'"):
            session.commit()
    check(shop.engine, shop.manager)
    shop.manager.detach()
