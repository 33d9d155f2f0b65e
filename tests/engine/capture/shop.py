"""A hierarchy of several tables: items, articles, reviews (which are articles) and videos."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, mapped_column, sessionmaker

from flask_continuum.engine.manager import VersioningManager
from tests.engine.capture.library import mind_foreign_keys
from tests.engine.invariants import rows
from tests.support.kept import empty_or_create

Rows = dict[str, list[tuple[Any, ...]]]


def build(engine: sa.Engine) -> Any:
    class Base(DeclarativeBase):
        pass

    class Item(Base):
        __tablename__ = "item"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        kind = mapped_column(sa.String(20))
        title = mapped_column(sa.String(50))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}

    class Article(Item):
        __tablename__ = "article"
        id = mapped_column(sa.ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
        body = mapped_column(sa.String(50))
        __mapper_args__ = {"polymorphic_identity": "article"}

    class Review(Article):
        __tablename__ = "review"
        id = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
        stars = mapped_column(sa.Integer)
        __mapper_args__ = {"polymorphic_identity": "review"}

    class Video(Item):
        __tablename__ = "video"
        id = mapped_column(sa.ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
        length = mapped_column(sa.Integer)
        __mapper_args__ = {"polymorphic_identity": "video"}

    mind_foreign_keys(engine)
    manager = VersioningManager(user_cls=None, options={"database_cascades": "ignore"})
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.registry.configure()
    empty_or_create(engine, Base.metadata, keep={"history_column"})
    return SimpleNamespace(
        engine=engine,
        manager=manager,
        sessions=sessions,
        Item=Item,
        Article=Article,
        Review=Review,
        Video=Video,
        tables=[each.__table__ for each in (Item, Article, Review, Video)],
    )


def since(shop: Any, first: int = 2) -> Rows:
    """What was written since the records were made: key, content, transaction, operation."""
    found: Rows = {}
    for live in shop.tables:
        table = shop.manager.registry.tables[live]
        told = [
            (row[0], *row[1:-3], row[-3], row[-1])
            for row in rows(shop.engine, table)
            if row[-3] >= first
        ]
        if told:
            found[live.name] = told
    return found


def run(shop: Any, *statements: Any, **options: Any) -> None:
    with shop.sessions() as session:
        for statement in statements:
            session.execute(statement, execution_options={"synchronize_session": False, **options})
        session.commit()
