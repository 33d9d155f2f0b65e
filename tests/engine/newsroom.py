"""A small newsroom for the tests of reading and reverting: models of their own for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, relationship, sessionmaker, validates

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.build.history import TransactionFactory
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.plugins.base import Plugin
from tests.support.databases import Database
from tests.support.kept import Lent, empty


@dataclass
class Newsroom:
    """Models, an engine and sessions whose changes are versioned.

    :ivar acting: what the next transactions say about themselves.
    """

    engine: sa.Engine
    manager: VersioningManager
    base: Any
    User: Any
    Section: Any
    Article: Any
    Tag: Any
    Comment: Any
    Place: Any
    article_tag: sa.Table
    sessions: sessionmaker[Session]
    acting: Attribution = field(default_factory=Attribution)

    @contextmanager
    def session(self) -> Iterator[Session]:
        with self.sessions() as session:
            yield session

    @contextmanager
    def commit(self, **attribution: Any) -> Iterator[Session]:
        """One session and one transaction, with what it says about itself."""
        self.acting = Attribution(**attribution)
        try:
            with self.sessions() as session:
                yield session
                session.commit()
        finally:
            self.acting = Attribution()

    def registry_of(self, model: Any) -> Any:
        return self.manager.registry.of(model)

    def ids(self, session: Session, model: Any, *key: Any) -> list[int]:
        """The transaction ids of a record's versions, oldest first."""
        version = self.registry_of(model).version_class
        names = self.registry_of(model).key_attributes
        return list(
            session.scalars(
                sa.select(version.transaction_id)
                .filter_by(**dict(zip(names, key, strict=True)))
                .order_by(version.transaction_id)
            )
        )


def build(
    engine: sa.Engine,
    *,
    options: dict[str, Any] | None = None,
    kept: bool = False,
    plugins: Iterable[Plugin] = (),
    transaction_cls: TransactionFactory | None = None,
) -> Newsroom:
    """Make models, tables and a manager.

    :param options: with other columns than usual, another ``table_name`` too: kept tables are
        known by their names.
    :param kept: whether the database keeps its tables from test to test; else it is empty.
    """

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "user_account"
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(50))

    class Section(Base):
        __tablename__ = "section"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(50), nullable=False)

    article_tag = sa.Table(
        "article_tag",
        Base.metadata,
        sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("tag_id", sa.ForeignKey("tag.id"), primary_key=True),
    )

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {"exclude": ["token"]}
        forbidden: ClassVar[set[str]] = set()
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(200), nullable=False)
        body = sa.Column("body_text", sa.Text)
        words = sa.Column(sa.Integer)
        settings = sa.Column(sa.JSON)
        token = sa.Column(sa.String(20))
        revision = sa.Column(sa.Integer, nullable=False)
        section_id = sa.Column(sa.ForeignKey("section.id"))
        section = relationship(Section, backref="articles")
        tags = relationship("Tag", secondary=article_tag, back_populates="articles")
        comments = relationship(
            "Comment", back_populates="article", cascade="all, delete-orphan", order_by="Comment.id"
        )
        __mapper_args__ = {"version_id_col": revision}

        @validates("title")
        def check_title(self, key: str, value: str) -> str:
            if value in self.forbidden:
                raise ValueError("this title is forbidden")
            return value

    class Tag(Base):
        __tablename__ = "tag"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(50), unique=True)
        articles = relationship(Article, secondary=article_tag, back_populates="tags")

    class Comment(Base):
        __tablename__ = "comment"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        text = sa.Column(sa.String(200))
        article_id = sa.Column(sa.ForeignKey("article.id"), nullable=False)
        article = relationship(Article, back_populates="comments")

    class Place(Base):
        __tablename__ = "place"
        __versioned__ = {"exclude": ["note"]}
        country = sa.Column(sa.String(10), primary_key=True)
        number = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
        name = sa.Column(sa.String(50))
        note = sa.Column(sa.String(50))

    manager = VersioningManager(
        user_cls=User, options=options, plugins=plugins, transaction_cls=transaction_cls
    )
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    if kept:
        empty(engine, manager)
    else:
        Base.metadata.create_all(engine)
    newsroom = Newsroom(
        engine=engine,
        manager=manager,
        base=Base,
        User=User,
        Section=Section,
        Article=Article,
        Tag=Tag,
        Comment=Comment,
        Place=Place,
        article_tag=article_tag,
        sessions=sessions,
    )
    manager.attribution = lambda: newsroom.acting
    return newsroom


def build_kept(engine: sa.Engine) -> Newsroom:
    """Make a newsroom on a database that keeps its tables from test to test."""
    return build(engine, kept=True)


def build_without_ends(engine: sa.Engine) -> Newsroom:
    """Make a newsroom whose versions do not say when they end, likewise."""
    return build(engine, kept=True, options={"strategy": "subquery"})


@contextmanager
def lend(
    lent: Lent,
    database: Database,
    write: str = "commit",
    name: str = "",
    make: Callable[[sa.Engine], Newsroom] = build_kept,
) -> Iterator[Newsroom]:
    """Lend a newsroom as if it were new; its tables are empty.

    :param write: when versions are written.
    :param name: tells apart newsrooms that are not to share anything compiled.
    """
    with lent.lend(make, database, name) as newsroom:
        newsroom.manager.write = write
        newsroom.acting = Attribution()
        newsroom.Article.forbidden.clear()
        yield newsroom
