"""Dataclasses and what is like them as models."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    mapped_column,
    registry,
    relationship,
)

from tests.engine.build.conftest import Application
from tests.support.marks import on

pytestmark = on("sqlite")


def test_dataclasses(app: Application) -> None:
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    app.version(Base)

    class Section(Base):
        __tablename__ = "section"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        articles: Mapped[list[Article]] = relationship(
            default_factory=list, back_populates="section"
        )

    class Article(Base, kw_only=True, eq=False, repr=False):
        __tablename__ = "article"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))
        state: Mapped[str] = mapped_column(sa.String(20), default="draft")
        section_id: Mapped[int | None] = mapped_column(sa.ForeignKey("section.id"), init=False)
        section: Mapped[Section | None] = relationship(default=None, back_populates="articles")

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(title="a", section=Section("City")))
    with app.commit() as session:
        session.scalars(sa.select(Article)).one().title = "b"
    assert app.told(Article, "title", "state") == [("a", "draft"), ("b", "draft")]
    with app.sessions() as session:
        version = app.history(session, Article)[-1]
        assert version.section.name == "City"
        assert [each.title for each in app.history(session, Section)[0].articles] == ["a"]
        assert "transaction=" in repr(version)
        assert version == version and hash(version)


def test_dataclasses_that_are_equal_by_value_are_reverted(app: Application) -> None:
    """They have no hash, and two that point to each other cannot even be compared."""

    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    app.version(Base)

    class Section(Base):
        __tablename__ = "section"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        articles: Mapped[list[Article]] = relationship(
            default_factory=list, back_populates="section", cascade="all, delete-orphan"
        )

    class Article(Base):
        __tablename__ = "article"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        section_id: Mapped[int] = mapped_column(sa.ForeignKey("section.id"), init=False)
        section: Mapped[Section | None] = relationship(default=None, back_populates="articles")

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Section(1, "City", articles=[Article(n) for n in (1, 2)]))
    with app.commit() as session:
        section = session.get(Section, 1)
        section.name = "Metro"
        section.articles.pop()
        section.articles.append(Article(3))
    with app.commit() as session:
        app.history(session, Section)[0].revert(relations=["articles"])
    with app.sessions() as session:
        section = session.get(Section, 1)
        assert section.name == "City"
        assert {1, 2} <= {each.id for each in section.articles}
    with app.commit() as session:
        session.delete(session.get(Section, 1))
    with app.commit() as session:
        app.history(session, Section)[-2].revert(relations=["articles"])
    with app.sessions() as session:
        assert len(session.get(Section, 1).articles) >= 2


def test_sqlmodel(app: Application) -> None:
    sqlmodel = pytest.importorskip("sqlmodel")
    app.version_everything()

    class Base(sqlmodel.SQLModel, registry=registry()):
        __versioned__: ClassVar[dict[str, Any]] = {}

    class Article(Base, table=True):
        id: int | None = sqlmodel.Field(default=None, primary_key=True)
        title: str = sqlmodel.Field(max_length=20)
        secret: str | None = sqlmodel.Field(default=None, max_length=20)

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a"))
    with app.commit() as session:
        session.get(Article, 1).title = "b"
    with app.commit() as session:
        app.history(session, Article)[0].revert()
    assert app.told(Article, "title", "secret") == [("a", None), ("b", None), ("a", None)]


def test_dataclasses_by_mixin_and_decorator(app: Application) -> None:
    class Base(DeclarativeBase):
        pass

    app.version(Base)

    class Stamped(MappedAsDataclass, init=False):
        created: Mapped[dt.date] = mapped_column(default=dt.date(2026, 1, 1))

    class Article(Stamped, Base, kw_only=True):
        __tablename__ = "article"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))

    mapping = Base.registry

    @mapping.mapped_as_dataclass
    class Tag:
        __tablename__ = "tag"
        __versioned__: ClassVar[dict[str, Any]] = {}
        id: Mapped[int] = mapped_column(init=False, primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))

    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Article(title="a", created=dt.date(2026, 2, 2)), Tag(name="x")])
    assert app.told(Article, "title", "created") == [("a", dt.date(2026, 2, 2))]
    assert not hasattr(Tag, "versions"), "the decorated class is none of the base's"
