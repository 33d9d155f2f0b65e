"""The models of all workloads: a small newsroom, with or without history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, configure_mappers, mapped_column, relationship

from benchmarks.contenders import Contender


@dataclass(frozen=True, slots=True)
class Newsroom:
    """The mapped classes; ``article_version`` is ``None`` where there is no history."""

    metadata: sa.MetaData
    article: Any
    comment: Any
    tag: Any
    article_version: Any = None


def declare(contender: Contender) -> Newsroom:
    """Map the models for a contender; a process can do it once."""
    make_versioned = contender.make_versioned()
    if make_versioned is not None:
        make_versioned(user_cls=None, options=dict(contender.options))

    class Base(DeclarativeBase):
        pass

    links = sa.Table(
        "article_tag",
        Base.metadata,
        sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("tag_id", sa.ForeignKey("tag.id"), primary_key=True),
    )

    class Article(Base):
        __tablename__ = "article"
        __versioned__: dict[str, Any] = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(200))
        body: Mapped[str] = mapped_column(sa.Text)
        views: Mapped[int] = mapped_column(default=0)
        tags: Mapped[list[Tag]] = relationship(secondary=links, order_by="Tag.id")
        comments: Mapped[list[Comment]] = relationship(
            back_populates="article", order_by="Comment.id"
        )

    class Tag(Base):
        __tablename__ = "tag"
        __versioned__: dict[str, Any] = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(50))

    class Comment(Base):
        __tablename__ = "comment"
        __versioned__: dict[str, Any] = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), index=True)
        text: Mapped[str] = mapped_column(sa.Text)
        article: Mapped[Article] = relationship(back_populates="comments")

    # the annotations above are strings, and the classes are known in this function only
    names = {"Article": Article, "Tag": Tag, "Comment": Comment}
    Base.registry._class_registry.update(names)
    configure_mappers()
    version = (
        None if make_versioned is None else Article.__dict__["versions"].property.mapper.class_
    )
    return Newsroom(Base.metadata, Article, Comment, Tag, version)
