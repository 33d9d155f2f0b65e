"""Models whose rows the database removes and changes by itself, in every way that it knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, relationship, sessionmaker

from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import rows
from tests.support.kept import empty_or_create


@dataclass
class Library:
    """The models, and sessions whose changes are versioned."""

    engine: sa.Engine
    manager: VersioningManager
    sessions: sessionmaker[Session]
    Author: Any
    Book: Any
    Chapter: Any
    Note: Any
    Shelf: Any
    Label: Any
    Node: Any
    Genre: Any
    Country: Any
    City: Any
    District: Any
    book_genre: sa.Table

    @contextmanager
    def commit(self) -> Iterator[Session]:
        with self.sessions() as session:
            yield session
            session.commit()

    def history(self, model: Any) -> list[tuple[Any, ...]]:
        """A model's versions: its columns, first transaction, last transaction, operation."""
        return rows(self.engine, self.manager.registry.of(model).table)

    def links(self) -> list[tuple[Any, ...]]:
        table = self.manager.registry.link_table(self.book_genre)
        assert table is not None
        return rows(self.engine, table)

    def operations(self, model: Any) -> dict[Any, list[int]]:
        """The operations of each record by its key, oldest first."""
        found: dict[Any, list[int]] = {}
        names = self.manager.registry.of(model).table.version.c.keys()
        for row in self.history(model):
            each = dict(zip(names, row, strict=True))
            found.setdefault(each["id"], []).append(each["operation_type"])
        return found


def mind_foreign_keys(engine: sa.Engine) -> None:
    """Let SQLite do what foreign keys say."""
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def connect(connection: Any, record: Any) -> None:
            connection.execute("PRAGMA foreign_keys = ON")


def build_library(engine: sa.Engine) -> Library:
    """Make models, a manager and empty tables, which stay from test to test."""
    told = {"database_cascades": "capture"}

    class Base(DeclarativeBase):
        pass

    class Author(Base):
        __tablename__ = "author"
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(50))
        books = relationship(
            "Book",
            foreign_keys="Book.author_id",
            cascade="all, delete-orphan",
            passive_deletes=True,
        )

    class Book(Base):
        __tablename__ = "book"
        __versioned__ = told
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(50))
        author_id = sa.Column(sa.ForeignKey("author.id", ondelete="CASCADE"))
        editor_id = sa.Column(sa.ForeignKey("author.id", ondelete="SET NULL"))
        chapters = relationship("Chapter", cascade="all", passive_deletes=True)
        genres = relationship(
            "Genre", secondary="book_genre", back_populates="books", passive_deletes=True
        )

    class Chapter(Base):
        __tablename__ = "chapter"
        __versioned__ = told
        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(50))
        book_id = sa.Column(sa.ForeignKey("book.id", ondelete="CASCADE"), nullable=False)

    class Note(Base):
        """Goes with its chapter, and forgets its book."""

        __tablename__ = "note"
        __versioned__ = told
        id = sa.Column(sa.Integer, primary_key=True)
        chapter_id = sa.Column(sa.ForeignKey("chapter.id", ondelete="CASCADE"))
        book_id = sa.Column(sa.ForeignKey("book.id", ondelete="SET NULL"))

    class Shelf(Base):
        __tablename__ = "shelf"
        id = sa.Column(sa.Integer, primary_key=True)
        author_id = sa.Column(sa.ForeignKey("author.id", ondelete="CASCADE"))

    class Label(Base):
        __tablename__ = "label"
        __versioned__ = told
        id = sa.Column(sa.Integer, primary_key=True)
        shelf_id = sa.Column(sa.ForeignKey("shelf.id", ondelete="CASCADE"))

    class Node(Base):
        __tablename__ = "node"
        __versioned__ = told
        id = sa.Column(sa.Integer, primary_key=True)
        parent_id = sa.Column(sa.ForeignKey("node.id", ondelete="CASCADE"))
        twin_id = sa.Column(sa.ForeignKey("node.id", ondelete="SET NULL"))

    class Genre(Base):
        __tablename__ = "genre"
        __versioned__ = told
        id = sa.Column(sa.Integer, primary_key=True)
        books = relationship(
            Book, secondary="book_genre", back_populates="genres", passive_deletes=True
        )

    book_genre = sa.Table(
        "book_genre",
        Base.metadata,
        sa.Column("book_id", sa.ForeignKey("book.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("genre_id", sa.ForeignKey("genre.id", ondelete="CASCADE"), primary_key=True),
    )

    class Country(Base):
        __tablename__ = "country"
        code = sa.Column(sa.String(2), primary_key=True)

    class City(Base):
        __tablename__ = "city"
        __versioned__ = told
        country_code = sa.Column(
            sa.ForeignKey("country.code", onupdate="CASCADE", ondelete="CASCADE"), primary_key=True
        )
        number = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
        name = sa.Column(sa.String(50))

    class District(Base):
        __tablename__ = "district"
        __versioned__ = told
        id = sa.Column(sa.Integer, primary_key=True)
        country_code = sa.Column(sa.String(2))
        city_number = sa.Column(sa.Integer)
        __table_args__ = (
            sa.ForeignKeyConstraint(
                ["country_code", "city_number"],
                ["city.country_code", "city.number"],
                onupdate="CASCADE",
                ondelete="CASCADE",
            ),
        )

    mind_foreign_keys(engine)
    manager = VersioningManager(user_cls=None)
    sessions = sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    Base.registry.configure()
    empty_or_create(engine, Base.metadata, keep={"history_column"})
    return Library(
        engine=engine,
        manager=manager,
        sessions=sessions,
        Author=Author,
        Book=Book,
        Chapter=Chapter,
        Note=Note,
        Shelf=Shelf,
        Label=Label,
        Node=Node,
        Genre=Genre,
        Country=Country,
        City=City,
        District=District,
        book_genre=book_genre,
    )
