"""Relationships of every kind, as they were at each version."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    DynamicMapped,
    Mapped,
    WriteOnlyMapped,
    attribute_keyed_dict,
    backref,
    foreign,
    joinedload,
    mapped_column,
    relationship,
    remote,
    selectinload,
)

from flask_continuum.engine.read import related_of
from flask_continuum.engine.read.links import members
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


def test_a_tree(app: Application, base: Any) -> None:
    class Node(base):
        __tablename__ = "node"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("node.id"))
        parent: Mapped[Any] = relationship("Node", remote_side="Node.id", back_populates="children")
        children: Mapped[list[Any]] = relationship("Node", back_populates="parent")

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        root = Node(id=1, name="root")
        session.add_all([root, Node(id=2, name="a", parent=root), Node(id=3, name="b")])
    with app.commit() as session:
        session.get(Node, 3).parent = session.get(Node, 2)
        session.get(Node, 2).parent = None
        session.get(Node, 1).name = "trunk"
    with app.sessions() as session:
        root, a, b, trunk, new_a, new_b = app.history(session, Node)
        assert (names(root.children), names(trunk.children)) == (["a"], [])
        assert (a.parent.name, new_a.parent, b.parent, new_b.parent.name) == (
            *("root", None),
            *(None, "a"),
        )
        assert new_b.parent is new_a
        assert names(new_a.children) == ["b"]


def test_a_network_of_one_class(app: Application, base: Any) -> None:
    follow = sa.Table(
        "follow",
        base.metadata,
        sa.Column("who", sa.ForeignKey("person.id"), primary_key=True),
        sa.Column("whom", sa.ForeignKey("person.id"), primary_key=True),
    )

    class Person(base):
        __tablename__ = "person"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        follows: Mapped[set[Any]] = relationship(
            "Person",
            secondary=follow,
            primaryjoin=id == follow.c.who,
            secondaryjoin=id == follow.c.whom,
            backref=backref("followers", order_by=name.desc()),
        )

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        a, b, c = (Person(id=n, name=name) for n, name in enumerate("abc", 1))
        a.follows = {b, c}
        b.follows = {c}
        session.add_all([a, b, c])
    with app.commit() as session:
        a, b, c = session.scalars(sa.select(Person).order_by(Person.id))
        a.follows.remove(c)
        a.name, c.name = "A", "C"
    with app.sessions() as session:
        a, b, c, new_a, new_c = app.history(session, Person)
        assert isinstance(a.follows, set)
        assert (names(a.follows), names(new_a.follows)) == (["b", "c"], ["b"])
        assert [each.name for each in c.followers] == ["b", "a"]
        assert [each.name for each in new_c.followers] == ["b"]


def test_two_relationships_between_the_same_classes(app: Application, base: Any) -> None:
    class Person(base):
        __tablename__ = "person"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        author_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
        editor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
        author: Mapped[Any] = relationship(Person, foreign_keys=author_id, backref="written")
        editor: Mapped[Any] = relationship(Person, foreign_keys=[editor_id], backref="edited")

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        maya, ben = Person(id=1, name="Maya"), Person(id=2, name="Ben")
        session.add(Article(id=1, author=maya, editor=ben))
    with app.commit() as session:
        article = session.get(Article, 1)
        article.author, article.editor = article.editor, None
        session.get(Person, 1).name = "M"
    with app.sessions() as session:
        first, second = app.history(session, Article)
        assert (first.author.name, first.editor.name) == ("Maya", "Ben")
        assert (second.author.name, second.editor) == ("Ben", None)
        maya, ben, changed = app.history(session, Person)
        assert [len(each.written) for each in (maya, ben, changed)] == [1, 0, 0]
        assert [len(each.edited) for each in (maya, ben, changed)] == [0, 1, 0]


def test_joins_with_conditions_and_without_foreign_keys(app: Application, base: Any) -> None:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        path: Mapped[str] = mapped_column(sa.String(20))
        approved: Mapped[list[Any]] = relationship(
            "Comment",
            primaryjoin="and_(Article.id == foreign(Comment.article), Comment.state == 'ok')",
            viewonly=True,
            order_by="desc(Comment.id)",
        )
        parts: Mapped[list[Any]] = relationship(
            "Article",
            primaryjoin=lambda: remote(foreign(Article.path)).like(Article.path + "/%"),
            viewonly=True,
        )

    class Comment(base):
        __tablename__ = "comment"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        article: Mapped[int]
        state: Mapped[str] = mapped_column(sa.String(20))

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Article(id=1, path="a"), Article(id=2, path="a/b")])
        session.add_all([Comment(id=n, article=1, state=s) for n, s in ((1, "ok"), (2, "no"))])
    with app.commit() as session:
        session.get(Comment, 2).state = "ok"
        session.get(Article, 2).path = "c"
        session.get(Article, 1).path = "a "
    with app.sessions() as session:
        first, _, second, _ = app.history(session, Article)
        assert [each.id for each in first.approved] == [1]
        assert [each.id for each in second.approved] == [2, 1]
        assert [each.id for each in first.parts] == [2]
        assert second.parts == []


def test_lazy_collections(app: Application, base: Any) -> None:
    """A dynamic one is a query here too; a write-only one, which nobody can write, a list."""

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))
        notes: WriteOnlyMapped[Any] = relationship("Note", passive_deletes=True)
        remarks: DynamicMapped[Any] = relationship("Remark", order_by="Remark.name")

    class Note(base):
        __tablename__ = "note"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        article_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id"))

    class Remark(base):
        __tablename__ = "remark"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        article_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id"))

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        article = Article(id=1, title="a")
        session.add(article)
        session.flush()
        article.notes.add(Note(id=1, name="x"))
        article.remarks.append(Remark(id=1, name="y"))
    with app.commit() as session:
        article = session.get(Article, 1)
        article.title = "b"
        article.notes.add(Note(id=2, name="z"))
        article.remarks.append(Remark(id=2, name="a"))
    with app.sessions() as session:
        first, second = app.history(session, Article)
        assert names(first.remarks) == ["y"]
        assert [each.name for each in second.remarks] == ["a", "y"]
        assert second.remarks.count() == 2
        assert second.remarks.filter_by(name="a").one().id == 2
        assert names(first.notes) == ["x"]
        assert names(second.notes) == ["x", "z"]
        session.expire_all()
        with statements(app.engine) as sent:
            found = related_of(session, [first, second])
        assert [names(each["remarks"]) for each in found] == [["y"], ["a", "y"]]
        assert [names(each["notes"]) for each in found] == [["x"], ["x", "z"]]
        assert len(sent) == 5, sent  # two that were expired, the versions, a statement for each
        assert names(members(session.get(Article, 1).notes)) == ["x", "z"]


def test_collections_of_other_kinds(app: Application, base: Any) -> None:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        notes: Mapped[dict[str, Any]] = relationship(
            "Note", collection_class=attribute_keyed_dict("name")
        )

    class Note(base):
        __tablename__ = "note"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        article_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id"))

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        notes = {name: Note(id=n, name=name) for n, name in enumerate("xy")}
        session.add(Article(id=1, notes=notes))
    with app.sessions() as session:
        (article,) = app.history(session, Article)
        assert sorted(article.notes) == ["x", "y"]
        assert article.notes["x"].id == 0


def test_targets_without_a_history_are_as_they_are_now(app: Application, base: Any) -> None:
    link = sa.Table(
        "article_topic",
        base.metadata,
        sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("topic_id", sa.ForeignKey("topic.id"), primary_key=True),
    )

    class Country(base):
        __tablename__ = "country"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))

    class Topic(Country):
        __tablename__ = "topic"
        id: Mapped[int] = mapped_column(sa.ForeignKey("country.id"), primary_key=True)

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))
        country_id: Mapped[int | None] = mapped_column(sa.ForeignKey("country.id"))
        country: Mapped[Any] = relationship(Country)
        topics: Mapped[list[Any]] = relationship(Topic, secondary=link)

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        topics = [Topic(id=n, name=name) for n, name in ((2, "x"), (3, "y"))]
        session.add(Article(id=1, title="a", country=Country(id=1, name="N"), topics=topics))
    with app.commit() as session:
        article = session.get(Article, 1)
        article.title, article.country = "b", None
        article.topics.pop(0)
        session.get(Country, 1).name = "M"
    with app.sessions() as session:
        first, second = app.history(session, Article)
        assert (first.country.name, second.country) == ("M", None)
        assert (names(first.topics), names(second.topics)) == (["x", "y"], ["y"])


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
