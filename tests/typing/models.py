"""What mypy and pyright know of versioned models: read by them, and run by a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from flask_continuum import Versioned, VersionedAs, VersionOf

if TYPE_CHECKING:
    from flask_continuum import TransactionBase
    from flask_continuum.engine.versioned import Versions


class Base(DeclarativeBase):
    pass


class Article(Versioned, Base):
    __tablename__ = "article"
    __versioned__ = {"exclude": ["views"]}
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    views: Mapped[int | None]

    def shout(self) -> str:
        return self.title.upper()


class Page(VersionedAs["PageVersion"], Base):
    """Its versions are known with their columns."""

    __tablename__ = "page"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]


if TYPE_CHECKING:

    class PageVersion(VersionOf[Page], Page): ...


class DataBase(MappedAsDataclass, DeclarativeBase):
    pass


class Note(Versioned, DataBase):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(default="")


def articles(article: Article) -> None:
    version = article.versions[0]
    if TYPE_CHECKING:
        assert_type(article.versions, Versions[VersionOf[Article]])
        assert_type(version, VersionOf[Article])
        assert_type(version.changeset, dict[str, list[Any]])
        assert_type(version.previous, VersionOf[Article] | None)
        assert_type(version.version_parent, Article | None)
        assert_type(version.transaction, TransactionBase)
        assert_type(version.index, int)
        assert_type(version.title, Any)
        assert_type(article.versions[1:], list[VersionOf[Article]])
        assert_type([each for each in article.versions], list[VersionOf[Article]])
        assert_type(article.versions.filter_by(title="a").first(), VersionOf[Article] | None)
        assert_type(article.versions.count(), int)
    sa.select(Article).join(Article.versions)


def pages(page: Page) -> None:
    if TYPE_CHECKING:
        assert_type(page.versions[-1].title, str)
        assert_type(page.versions[-1].transaction_id, int)
        assert_type(page.versions[-1].version_parent, Page | None)
        assert_type([each.title for each in page.versions], list[str])


def notes(note: Note) -> None:
    if TYPE_CHECKING:
        assert_type(note.versions[0], VersionOf[Note])
        assert_type(Note(id=1, text="a").text, str)
        assert_type(Note(1).id, int)
