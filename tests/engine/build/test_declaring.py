"""Every way in which applications declare their models."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    DeclarativeBaseNoMeta,
    Mapped,
    Session,
    declarative_base,
    declared_attr,
    mapped_column,
    registry,
    relationship,
)

from tests.engine.build.conftest import Application
from tests.support.marks import on

pytestmark = on("sqlite")


def test_decorated_classes_are_versioned_with_every_mapper(app: Application) -> None:
    mapping = registry()
    app.version_everything()

    @mapping.mapped
    class Tag:
        __tablename__ = "tag"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))

    mapping.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Tag(id=1, name="x"))
    assert app.told(Tag, "name") == [("x",)]


@pytest.mark.parametrize("before", [True, False])
def test_imperative_mapping(app: Application, before: bool) -> None:
    mapping = registry()
    metadata = mapping.metadata
    section = sa.Table(
        "section",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(20)),
    )
    article = sa.Table(
        "article",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title_text", sa.String(20), key="heading"),
        sa.Column("section_id", sa.ForeignKey("section.id")),
    )

    class Section:
        __versioned__ = {}

        def __init__(self, name: str) -> None:
            self.name = name

    class Article:
        __versioned__ = {}

        def __init__(self, title: str, section: Section) -> None:
            self.title = title
            self.section = section

    if before:
        app.version_everything()
    mapping.map_imperatively(Section, section)
    mapping.map_imperatively(
        Article,
        article,
        properties={
            "title": article.c.heading,
            "section": relationship(Section, backref="articles"),
        },
    )
    if not before:
        mapping.configure()
        app.version_everything()
    metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article("a", Section("City")))
    with app.commit() as session:
        session.scalars(sa.select(Article)).one().title = "b"
    assert app.told(Article, "title") == [("a",), ("b",)]
    with app.sessions() as session:
        assert app.history(session, Article)[0].section.name == "City"
        assert len(app.history(session, Section)[0].articles) == 1


def test_the_old_declarative_base(app: Application) -> None:
    Base = declarative_base()
    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(20))

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(title="a"))
    assert app.told(Article, "title") == [("a",)]


def test_a_base_without_a_metaclass(app: Application) -> None:
    class Base(DeclarativeBaseNoMeta):
        pass

    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(title="a"))
    assert app.told(Article, "title") == [("a",)]


def test_a_base_that_names_tables_and_brings_columns(app: Application) -> None:
    """Version classes inherit the base, but neither its columns nor its naming."""

    class Base(DeclarativeBase):
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        created: Mapped[dt.date] = mapped_column(default=dt.date(2026, 1, 1))

        @declared_attr.directive
        def __tablename__(cls) -> str:
            return cls.__name__.lower()

        @declared_attr.directive
        def __table_args__(cls) -> Any:
            return (sa.CheckConstraint("title <> ''"), {"comment": "ours"})

        @declared_attr.directive
        def __mapper_args__(cls) -> Any:
            return {"eager_defaults": True}

        def greet(self) -> str:
            return f"I am {self.id}"

    app.version(Base)

    class Article(Base):
        title: Mapped[str] = mapped_column(sa.String(20))

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(title="a"))
    assert app.told(Article, "title", "created") == [("a", dt.date(2026, 1, 1))]
    with app.sessions() as session:
        assert app.history(session, Article)[0].greet() == "I am 1"


def test_mixins_that_bring_columns_relationships_and_the_mark(app: Application) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(Base)

    class Versioned:
        __versioned__ = {"exclude": ["seen"]}

    class Stamped(Versioned):
        created = sa.Column(sa.Date, default=dt.date(2026, 1, 1))
        seen = sa.Column(sa.Integer)

    class Owned:
        @declared_attr
        def owner_id(cls) -> Mapped[int | None]:
            return mapped_column(sa.ForeignKey("owner.id"))

        @declared_attr
        def owner(cls) -> Mapped[Owner | None]:
            return relationship("Owner", foreign_keys=f"{cls.__name__}.owner_id")

    class Owner(Versioned, Base):
        __tablename__ = "owner"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))

    class Article(Owned, Stamped, Base):
        __tablename__ = "article"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Image(Owned, Stamped, Base):
        __tablename__ = "image"
        id: Mapped[int] = mapped_column(primary_key=True)

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        owner = Owner(name="Maya")
        session.add_all([Article(id=1, seen=1, owner=owner), Image(id=2, owner=owner)])
    with app.commit() as session:
        session.get(Article, 1).seen = 2
    assert app.told(Article, "id", "created") == [(1, dt.date(2026, 1, 1))]
    assert "seen" not in app.of(Article).__table__.c
    with app.sessions() as session:
        assert app.history(session, Image)[0].owner.name == "Maya"


def test_classes_declared_after_the_first_flush(app: Application) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a"))

    class Comment(Base):
        __tablename__ = "comment"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))
        article: Mapped[Article] = relationship(backref="comments")

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Comment(id=1, article=session.get(Article, 1)))
    assert app.told(Comment, "id", "article_id") == [(1, 1)]
    with app.sessions() as session:
        assert app.history(session, Comment)[0].article.title == "a"
    with app.commit() as session:
        session.get(Article, 1).title = "b"
    with app.sessions() as session:
        assert [len(each.comments) for each in app.history(session, Article)] == [0, 1]


def test_a_column_added_to_a_mapped_class(app: Application) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    Article.title = mapped_column(sa.String(20))
    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a"))
    assert app.told(Article, "title") == [("a",)]


def test_sessions_made_by_hand(app: Application) -> None:
    """The engine is known to the manager: who made the session does not matter."""

    class Base(DeclarativeBase):
        pass

    app.version(Base)

    class Article(Base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    Base.metadata.create_all(app.engine)
    with Session(app.engine) as session:
        session.add(Article(id=1))
        session.commit()
    assert app.told(Article, "id") == [(1,)]
