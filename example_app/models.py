"""The newsroom's tables: people, sections, tags, articles, comments, and imported repositories.

Everything that carries ``__versioned__`` has a history; nothing else in the models is special.
"""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship, validates

from example_app.extensions import Base, db

if TYPE_CHECKING:
    Model = Base
else:
    # The same class with what Flask-SQLAlchemy adds at run time; type checkers cannot see it.
    Model = db.Model


def utcnow() -> datetime:
    """Return the present moment as naive UTC, the way every table here stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def enum_by_value(kind: type[enum.Enum]) -> sa.Enum:
    """Return a column type that stores an enum by its value, so that members may be renamed."""
    return sa.Enum(
        kind,
        native_enum=False,
        length=20,
        values_callable=lambda members: [member.value for member in members],
    )


class Role(enum.Enum):
    """What a person may do: read and comment, write and look at history, or also bring it back."""

    READER = "reader"
    EDITOR = "editor"
    CHIEF = "chief"

    @property
    def writes(self) -> bool:
        return self is not Role.READER


class Status(enum.Enum):
    """Where an article stands between a first draft and the archive."""

    DRAFT = "draft"
    REVIEW = "review"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class User(UserMixin, Model):  # type: ignore[misc]  # flask-login ships no types
    """A person. History leaves out when they were last here and hides their telephone number."""

    __tablename__ = "user"
    __table_args__ = {"sqlite_autoincrement": True}
    # Changes with every visit and says nothing about the person: not worth a version.
    __versioned__ = {"exclude": ["last_seen_at"]}

    id: Mapped[int] = mapped_column(primary_key=True)
    handle: Mapped[str] = mapped_column(sa.String(120), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    role: Mapped[Role] = mapped_column(enum_by_value(Role), default=Role.READER)
    bio: Mapped[str] = mapped_column(sa.Text, default="")
    # Recorded, yet shown to nobody on the history pages and never put back.
    phone: Mapped[str | None] = mapped_column(sa.String(40), info={"masked": True})
    can_log_in: Mapped[bool] = mapped_column(default=False)
    last_seen_at: Mapped[datetime | None]

    articles: Mapped[list[Article]] = relationship(back_populates="author")
    comments: Mapped[list[Comment]] = relationship(back_populates="author")

    @property
    def is_active(self) -> bool:
        """True for people who may log in; authors known only from a repository may not."""
        return self.can_log_in

    def __str__(self) -> str:
        return self.name


class Section(Model):
    """A part of the paper, or the files of one imported repository."""

    __tablename__ = "section"
    __table_args__ = {"sqlite_autoincrement": True}
    __versioned__: dict[str, Any] = {}

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(120), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    description: Mapped[str] = mapped_column(sa.Text, default="")
    position: Mapped[int] = mapped_column(default=100)

    articles: Mapped[list[Article]] = relationship(back_populates="section")

    def __str__(self) -> str:
        return self.name


article_tag = sa.Table(
    "article_tag",
    Base.metadata,
    sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=True),
    sa.Column("tag_id", sa.ForeignKey("tag.id"), primary_key=True, index=True),
)


class Tag(Model):
    """A word that gathers articles across sections."""

    __tablename__ = "tag"
    __table_args__ = {"sqlite_autoincrement": True}
    __versioned__: dict[str, Any] = {}

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(120), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))

    articles: Mapped[list[Article]] = relationship(secondary=article_tag, back_populates="tags")

    def __str__(self) -> str:
        return self.name


class Article(Model):
    """A story of the paper, or one text file of an imported repository (then it has a path)."""

    __tablename__ = "article"
    __table_args__ = {"sqlite_autoincrement": True}
    # What readers said below a story is told on its timeline.
    __versioned__ = {"track": ["tags", "comments"]}

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    summary: Mapped[str] = mapped_column(sa.Text, default="")
    body: Mapped[str] = mapped_column(sa.Text, default="")
    status: Mapped[Status] = mapped_column(enum_by_value(Status), default=Status.DRAFT, index=True)
    word_count: Mapped[int] = mapped_column(default=0)
    published_on: Mapped[date | None]
    settings: Mapped[dict[str, Any]] = mapped_column(MutableDict.as_mutable(sa.JSON), default=dict)
    path: Mapped[str | None] = mapped_column(sa.Text)
    section_id: Mapped[int] = mapped_column(sa.ForeignKey("section.id"), index=True)
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), index=True)

    section: Mapped[Section] = relationship(back_populates="articles")
    author: Mapped[User] = relationship(back_populates="articles")
    tags: Mapped[list[Tag]] = relationship(
        secondary=article_tag, back_populates="articles", order_by=Tag.name
    )
    comments: Mapped[list[Comment]] = relationship(
        back_populates="article",
        cascade="all, delete-orphan",
        order_by="Comment.created_at, Comment.id",
    )

    @validates("body")
    def count_words(self, key: str, body: str) -> str:
        """Keep the word count in step with the body, however the body came to change."""
        self.word_count = len(body.split())
        return body

    def __str__(self) -> str:
        return self.title


class Comment(Model):
    """What somebody said below an article; it goes when the article goes."""

    __tablename__ = "comment"
    __table_args__ = {"sqlite_autoincrement": True}
    # A comment has no title: people know it by what it says.
    __versioned__ = {"label": "body"}

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), index=True)
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), index=True)
    body: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    article: Mapped[Article] = relationship(back_populates="comments")
    author: Mapped[User] = relationship(back_populates="comments")


class Repository(Model):
    """How far the import of a git repository has come. Bookkeeping, hence without a history."""

    __tablename__ = "repository"
    __table_args__ = (sa.UniqueConstraint("location", "pattern", name="uq_repository_location"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    location: Mapped[str] = mapped_column(sa.String(500))
    pattern: Mapped[str] = mapped_column(sa.String(200), default="")
    section_id: Mapped[int] = mapped_column(sa.ForeignKey("section.id"))
    last_commit: Mapped[str | None] = mapped_column(sa.String(64))
    last_issued_at: Mapped[datetime | None]
    # Counts the commits, and stops the second of two imports that run at once.
    steps: Mapped[int] = mapped_column()

    section: Mapped[Section] = relationship()

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        """Check the count at each update."""
        return {"version_id_col": cls.__table__.c.steps}
