"""A small library's models, the same for both packages: what moves over is the import alone."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, relationship


def define(make_versioned: Callable[..., Any], **arguments: Any) -> SimpleNamespace:
    """Define the models as versioned by the package that ``make_versioned`` is from."""
    make_versioned(user_cls="Librarian", **arguments)

    class Base(DeclarativeBase):
        pass

    class Librarian(Base):
        __tablename__ = "librarian"
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(50))

    shelved = sa.Table(
        "shelved",
        Base.metadata,
        sa.Column("work_id", sa.ForeignKey("work.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("subject_id", sa.ForeignKey("subject.id", ondelete="CASCADE"), primary_key=True),
    )

    class Subject(Base):
        __tablename__ = "subject"
        __versioned__: dict[str, Any] = {}
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(50), nullable=False, unique=True)

    class Work(Base):
        __tablename__ = "work"
        __versioned__: dict[str, Any] = {"exclude": ["views"]}
        id = sa.Column(sa.Integer, primary_key=True)
        kind = sa.Column(sa.String(20))
        title = sa.Column(sa.String(100), nullable=False)
        price = sa.Column(sa.Numeric(8, 2))
        about = sa.Column(sa.JSON(none_as_null=True))
        views = sa.Column(sa.Integer, default=0)
        subjects = relationship(Subject, secondary=shelved, passive_deletes=True)
        copies = relationship("Copy", back_populates="work", cascade="all, delete-orphan")
        __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "work"}

    class Book(Work):
        __tablename__ = "book"
        id = sa.Column(sa.ForeignKey("work.id"), primary_key=True)
        isbn = sa.Column(sa.String(20))
        __mapper_args__ = {"polymorphic_identity": "book"}

    class Copy(Base):
        __tablename__ = "copy"
        __versioned__: dict[str, Any] = {}
        work_id = sa.Column(sa.ForeignKey("work.id"), primary_key=True)
        number = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
        shelf = sa.Column(sa.String(20))
        work = relationship(Work, back_populates="copies")

    sa.orm.configure_mappers()
    return SimpleNamespace(
        Base=Base, Librarian=Librarian, Subject=Subject, Work=Work, Book=Book, Copy=Copy
    )
