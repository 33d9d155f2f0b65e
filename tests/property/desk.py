"""Models for random programs: plain values, foreign keys, links, changing keys, a hierarchy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import DeclarativeBase, Session, relationship, sessionmaker

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.registry import LIVE_TABLE, VersionedTable
from tests.property.oracle import Rules

LINEAGE = {"film": ("item", "film")}
"""Tables of a model that has several, root first."""


@dataclass(slots=True)
class Desk:
    """Models, and sessions whose changes are versioned.

    :ivar models: by the name of their table.
    :ivar rules: what each table is like, for the oracle.
    :ivar rows: selects each live table.
    :ivar versions: selects each version table, oldest versions first.
    :ivar reason: what the transaction under way says of itself.
    """

    engine: sa.Engine
    manager: VersioningManager
    sessions: sessionmaker[Session]
    metadata: sa.MetaData
    models: Mapping[str, Any]
    rules: Mapping[str, Rules]
    rows: dict[str, sa.Select[Any]] = field(init=False)
    versions: dict[str, sa.Select[Any]] = field(init=False)
    reason: str = ""

    def __post_init__(self) -> None:
        self.rows = {name: sa.select(self.table(name)) for name in self.rules}
        tables = {name: self.versioned(name) for name in self.rules}
        self.versions = {
            name: sa.select(table.version).order_by(table.transaction_id)
            for name, table in tables.items()
        }

    @property
    def dialect(self) -> sa.Dialect:
        return self.engine.dialect

    @property
    def transaction(self) -> sa.Table:
        return self.metadata.tables["transaction"]

    def table(self, name: str) -> sa.Table:
        return self.metadata.tables[name]

    def versioned(self, name: str) -> VersionedTable:
        return self.manager.registry.tables[self.table(name)]

    def key_names(self, name: str) -> tuple[str, ...]:
        return self.rules[name].key

    def clear(self) -> None:
        """Empty all tables, past all listeners."""
        tables = [t for t in self.metadata.sorted_tables if t.name != "history_column"]
        # triggers write while live tables are emptied
        tables.sort(key=lambda t: LIVE_TABLE not in t.info and not t.name.startswith("transaction"))
        quote = self.dialect.identifier_preparer.format_table
        with self.engine.begin() as connection:
            for table in reversed(tables):
                connection.exec_driver_sql(f"DELETE FROM {quote(table)}", execution_options=OWN)


def build(engine: sa.Engine, *, native: bool = False) -> Desk:
    """Make models, a manager and tables on an empty database.

    :param native: whether triggers write the versions.
    """

    class Base(DeclarativeBase):
        pass

    class Note(Base):
        __tablename__ = "note"
        __versioned__ = {"exclude": ["seen"]}
        id = sa.Column(sa.Integer, primary_key=True)
        text = sa.Column(sa.String(50))
        data = sa.Column(MutableDict.as_mutable(sa.JSON(none_as_null=True)))
        stars = sa.Column(sa.Integer)
        seen = sa.Column(sa.Integer)

    class Section(Base):
        __tablename__ = "section"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(50), nullable=False)
        articles = relationship("Article", back_populates="section")

    article_tag = sa.Table(
        "article_tag",
        Base.metadata,
        sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("tag_id", sa.ForeignKey("tag.id"), primary_key=True),
    )

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(50), nullable=False)
        section_id = sa.Column(sa.ForeignKey("section.id"))
        section = relationship(Section, back_populates="articles")
        tags = relationship("Tag", secondary=article_tag, back_populates="articles")
        comments = relationship("Comment", back_populates="article", cascade="all, delete-orphan")

    class Tag(Base):
        __tablename__ = "tag"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(50), unique=True)
        color = sa.Column(sa.String(50))
        articles = relationship(Article, secondary=article_tag, back_populates="tags")

    class Comment(Base):
        __tablename__ = "comment"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        text = sa.Column(sa.String(50))
        article_id = sa.Column(sa.ForeignKey("article.id"), nullable=False)
        article = relationship(Article, back_populates="comments")

    class Place(Base):
        __tablename__ = "place"
        __versioned__ = {}
        country = sa.Column(sa.String(10), primary_key=True)
        number = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
        name = sa.Column(sa.String(50))

    class Item(Base):
        __tablename__ = "item"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        kind = sa.Column(sa.String(10), nullable=False)
        title = sa.Column(sa.String(50))
        __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "item"}

    class Film(Item):
        __tablename__ = "film"
        id = sa.Column(sa.ForeignKey("item.id"), primary_key=True)
        minutes = sa.Column(sa.Integer)
        __mapper_args__ = {"polymorphic_identity": "film"}

    live = list(Base.metadata.tables.values())
    folds = engine.dialect.name == "mysql"  # its usual collation knows no case
    manager = VersioningManager(user_cls=None, options={"native_versioning": native})
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.registry.configure()
    Base.metadata.create_all(engine)
    if engine.dialect.name == "postgresql":
        # keys that are given do not move a sequence, which must not give them out again
        with engine.begin() as connection:
            for name in ("note", "tag"):
                connection.exec_driver_sql(f"ALTER SEQUENCE {name}_id_seq RESTART WITH 100")
    recorded = {t.live.name: t for t in manager.registry.tables.values()}
    desk = Desk(
        engine=engine,
        manager=manager,
        sessions=sessions,
        metadata=Base.metadata,
        models={
            m.__tablename__: m for m in (Note, Section, Article, Tag, Comment, Place, Item, Film)
        },
        rules={
            table.name: Rules.of(
                table, [column.name for column, _ in recorded[table.name].columns], folds=folds
            )
            for table in live
            if table.name in recorded
        },
    )
    manager.attribution = lambda: Attribution(reason=desk.reason)
    return desk
