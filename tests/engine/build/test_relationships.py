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
    mapped_column,
    relationship,
    remote,
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
        notes = {name: Note(id=n, name=name) for n, name in enumerate("xy", 1)}
        session.add(Article(id=1, notes=notes))
    with app.sessions() as session:
        (article,) = app.history(session, Article)
        assert sorted(article.notes) == ["x", "y"]
        assert article.notes["x"].id == 1


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
