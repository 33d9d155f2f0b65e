"""What versions see of others: eagerly loaded, deleted, left out."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)

from tests.engine.build.conftest import Application
from tests.support.marks import on
from tests.support.statements import statements

pytestmark = on("sqlite")


@pytest.fixture(params=["validity", "subquery"])
def strategy(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def base(app: Application, strategy: str) -> Any:
    class Base(DeclarativeBase):
        pass

    app.version(Base, strategy=strategy)
    return Base


def names(things: Any) -> list[str]:
    return sorted(each.name for each in things)


def declare_library(base: Any) -> Any:
    link = sa.Table(
        "book_genre",
        base.metadata,
        sa.Column("book_id", sa.ForeignKey("book.id"), primary_key=True),
        sa.Column("genre_id", sa.ForeignKey("genre.id"), primary_key=True),
    )

    class Author(base):
        __tablename__ = "author"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        books: Mapped[list[Any]] = relationship(
            "Book", back_populates="author", cascade="all, delete-orphan"
        )

    class Genre(base):
        __tablename__ = "genre"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))

    class Book(base):
        __tablename__ = "book"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        author_id: Mapped[int] = mapped_column(sa.ForeignKey("author.id"))
        author: Mapped[Any] = relationship(Author, back_populates="books")
        genres: Mapped[list[Any]] = relationship(Genre, secondary=link, backref="books")

    return Author, Genre, Book


@pytest.mark.parametrize("load", [selectinload, joinedload])
def test_eager_loading_costs_the_same_however_many(app: Application, base: Any, load: Any) -> None:
    author, genre, book = declare_library(base)
    base.metadata.create_all(app.engine)
    costs = []
    for round_ in range(2):
        with app.commit() as session:
            genres = [genre(name=f"g{n}") for n in range(3)]
            for n in range(1 + 9 * round_):
                books = [book(name=f"b{n}{m}", genres=genres[: m + 1]) for m in range(2)]
                session.add(author(name=f"a{n}", books=books))
        with app.commit() as session:
            for each in session.scalars(sa.select(book)):
                each.name += "!"
        version, other = app.of(author), app.of(book)
        query = sa.select(version).options(
            load(version.books).options(load(other.genres), load(other.author)),
            load(version.transaction),
            load(version.version_parent),
        )
        with app.sessions() as session, statements(app.engine) as sent:
            found = session.scalars(query).unique().all()
            assert all(len(each.books) == 2 for each in found)
            assert all(not b.name.endswith("!") for each in found for b in each.books)
            assert sorted({len(b.genres) for each in found for b in each.books}) == [1, 2]
            assert all(b.author is each for each in found for b in each.books)
            assert all(each.transaction.id and each.version_parent for each in found)
        costs.append(len(sent))
    assert costs[0] == costs[1], sent


def test_deletions_see_what_there_was_just_before(app: Application, base: Any) -> None:
    author, genre, book = declare_library(base)
    base.metadata.create_all(app.engine)
    with app.commit() as session:
        books = [book(id=1, name="b", genres=[genre(id=1, name="g"), genre(id=2, name="h")])]
        session.add(author(id=1, name="a", books=books))
    with app.commit() as session:
        session.get(genre, 2).name = "i"
    with app.commit() as session:
        session.delete(session.get(author, 1))  # its book goes with it, and the book's links
        session.delete(session.get(genre, 1))
    with app.sessions() as session:
        gone = app.history(session, author)[-1]
        assert gone.operation_type == 2
        assert names(gone.books) == ["b"]
        (lost,) = gone.books
        deletion = app.history(session, book)[-1]
        assert names(deletion.genres) == ["g", "i"]
        assert deletion.author.name == "a"
        assert (lost.operation_type, names(lost.genres)) == (0, ["g", "h"])
        assert gone.version_parent is None
        survivor = app.history(session, genre)[-2]
        assert names(survivor.books) == ["b"]


def test_a_target_deleted_in_the_same_transaction_is_gone(app: Application, base: Any) -> None:
    author, genre, book = declare_library(base)
    base.metadata.create_all(app.engine)
    with app.commit() as session:
        books = [book(id=n, name=str(n), genres=[]) for n in (1, 2)]
        books[0].genres = [genre(id=1, name="g")]
        session.add(author(id=1, name="a", books=books))
    with app.commit() as session:
        session.delete(session.get(book, 2))
        session.get(author, 1).name = "A"
        session.delete(session.get(genre, 1))
        session.get(book, 1).name = "one"
    with app.sessions() as session:
        before, after = app.history(session, author)
        assert (names(before.books), names(after.books)) == (["1", "2"], ["one"])
        assert app.history(session, book)[2].genres == []


def test_excluded_relationships(app: Application, base: Any) -> None:
    link = sa.Table(
        "link",
        base.metadata,
        sa.Column("a", sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("b", sa.ForeignKey("tag.id"), primary_key=True),
    )

    class Tag(base):
        __tablename__ = "tag"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {"exclude": ["tags", "main"]}
        id: Mapped[int] = mapped_column(primary_key=True)
        main_id: Mapped[int | None] = mapped_column(sa.ForeignKey("tag.id"))
        tags: Mapped[list[Tag]] = relationship(Tag, secondary=link)
        main: Mapped[Tag | None] = relationship(Tag)

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        tag = Tag(id=1)
        session.add(Article(id=1, tags=[tag], main=tag))
    assert "link_version" not in base.metadata.tables
    with app.sessions() as session:
        (version,) = app.history(session, Article)
        assert not hasattr(version, "tags") and not hasattr(version, "main")
        assert version.main_id == 1
