"""Every kind of attribute that stands for columns."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    Mapped,
    column_property,
    composite,
    deferred,
    mapped_column,
    relationship,
    synonym,
    validates,
)

from flask_continuum.engine.errors import ImproperlyConfigured
from tests.engine.build.conftest import Application
from tests.support.marks import on
from tests.support.statements import statements


@dataclasses.dataclass
class Point:
    x: int | None
    y: int | None


@on("sqlite")
def test_names_that_differ_from_their_columns(app: Application, base: Any) -> None:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        number: Mapped[int] = mapped_column("id", primary_key=True)
        title: Mapped[str] = mapped_column("the title", sa.String(20))
        body = sa.Column("body_text", sa.String(20), key="the_body")
        headline = synonym("title")

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(number=1, headline="a", body="x"))
    with app.commit() as session:
        session.get(Article, 1).body = "y"
    with app.sessions() as session:
        first, second = app.history(session, Article)
        assert (first.number, first.title, first.body) == (1, "a", "x")
        assert first.headline == "a"
        assert second.changeset == {"body": ["x", "y"]}
        assert not hasattr(first, "the_body") and not hasattr(first, "id")
        version = app.of(Article)
        assert session.scalars(sa.select(version).where(version.headline == "a")).all()
        first.revert()
        session.commit()
        assert session.get(Article, 1).body == "x"


@on("sqlite")
def test_attributes_that_are_made_of_columns(app: Application, base: Any) -> None:
    """Composites, hybrids and SQL expressions of a record's own columns, at its versions too."""

    class Place(base):
        __tablename__ = "place"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        first: Mapped[str] = mapped_column(sa.String(20))
        last: Mapped[str] = mapped_column(sa.String(20))
        x: Mapped[int | None]
        y: Mapped[int | None]
        point: Mapped[Point] = composite(Point, "x", "y")
        full: Mapped[str] = column_property(first + " " + last)
        notes: Mapped[str | None] = deferred(mapped_column(sa.String(20)))
        grouped: Mapped[str | None] = mapped_column(sa.String(20), deferred=True)

        @hybrid_property
        def shout(self) -> str:
            return self.first.upper()

        @shout.inplace.expression
        @classmethod
        def _shout(cls) -> Any:
            return sa.func.upper(cls.first)

        def describe(self) -> str:
            return f"{self.first} at {self.x}"

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Place(id=1, first="a", last="b", point=Point(1, 2), notes="n", grouped="g"))
    with app.commit() as session:
        session.get(Place, 1).point = Point(3, 4)
    with app.sessions() as session:
        first, second = app.history(session, Place)
        assert (first.x, first.y, first.notes, first.grouped) == (1, 2, "n", "g")
        assert second.changeset == {"x": [1, 3], "y": [2, 4]}
        assert (first.point, second.point) == (Point(1, 2), Point(3, 4))
        assert first.full == "a b"
        version = app.of(Place)
        assert len(session.scalars(sa.select(version).where(version.full == "a b")).all()) == 2
        first.revert()
        session.commit()
        assert session.get(Place, 1).point == Point(1, 2)


@on("sqlite")
def test_expressions_over_other_tables_are_of_today(app: Application, base: Any) -> None:
    """They are not recorded; a version goes without them rather than telling what is now."""

    class Comment(base):
        __tablename__ = "comment"
        id: Mapped[int] = mapped_column(primary_key=True)
        article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))
        comments: Mapped[int] = column_property(
            sa.select(sa.func.count(Comment.id)).where(Comment.article_id == id).scalar_subquery()
        )

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a"))
    with app.commit() as session:
        session.add(Comment(id=1, article_id=1))
    with app.commit() as session:
        assert session.get(Article, 1).comments == 1
        session.get(Article, 1).title = "b"
    with app.sessions() as session:
        assert [v.title for v in app.history(session, Article)] == ["a", "b"]
        assert not hasattr(app.of(Article), "comments")


@on("sqlite")
def test_columns_named_like_what_version_classes_have(app: Application, base: Any) -> None:
    class Page(base):
        __tablename__ = "page"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        index: Mapped[int]
        next: Mapped[str | None] = mapped_column(sa.String(20))
        previous: Mapped[str | None] = mapped_column(sa.String(20))
        changeset: Mapped[str | None] = mapped_column(sa.String(20))
        transaction: Mapped[str | None] = mapped_column(sa.String(20))
        versions: Mapped[int]
        version_parent: Mapped[str | None] = mapped_column(sa.String(20))
        revert: Mapped[str | None] = mapped_column(sa.String(20))

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        names = ("next", "previous", "changeset", "transaction", "version_parent", "revert")
        session.add(Page(id=1, index=7, versions=3, **{name: name for name in names}))
    with app.sessions() as session:
        (version,) = app.history(session, Page)
        assert {name: getattr(version, name) for name in names} == {n: n for n in names}
        assert (version.index, version.versions) == (7, 3)
        assert session.get(Page, 1).versions == 3


@on("sqlite")
@pytest.mark.parametrize("options", [{"exclude": ["secret", "hash"]}, {}])
def test_excluded_columns(app: Application, base: Any, options: dict[str, Any]) -> None:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = options or {"exclude": ["secret", "title", "hash"], "include": ["title"]}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))
        secret: Mapped[str] = mapped_column(sa.String(20))
        hash: Mapped[str | None] = mapped_column("hash_value", sa.String(20))

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title="a", secret="x", hash="y"))
    with app.commit() as session:
        session.get(Article, 1).secret = "z"
    assert set(app.of(Article).__table__.c.keys()) == {
        *("id", "title", "transaction_id", "end_transaction_id", "operation_type"),
    }
    with app.sessions() as session:
        (version,) = app.history(session, Article)
        assert not hasattr(version, "secret") and not hasattr(version, "hash_value")
    with app.commit() as session:
        session.get(Article, 1).title = "b"
    with app.commit() as session:
        app.history(session, Article)[0].revert()
    with app.sessions() as session:
        article = session.get(Article, 1)
        assert (article.title, article.secret) == ("a", "z")


@on("sqlite")
def test_a_foreign_key_column_that_is_excluded_takes_its_relationship_along(
    app: Application, base: Any
) -> None:
    class Section(base):
        __tablename__ = "section"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        articles: Mapped[list[Any]] = relationship("Article", back_populates="section")

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {"exclude": ["section_id"]}
        id: Mapped[int] = mapped_column(primary_key=True)
        section_id: Mapped[int | None] = mapped_column(sa.ForeignKey("section.id"))
        section: Mapped[Any] = relationship(Section, back_populates="articles")

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, section=Section(id=1)))
    with app.sessions() as session:
        assert not hasattr(app.history(session, Article)[0], "section")
        assert not hasattr(app.history(session, Section)[0], "articles")


@on("sqlite")
def test_proxies_and_validators(app: Application, base: Any) -> None:
    class Tag(base):
        __tablename__ = "tag"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        article_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id"))

        def __init__(self, name: str) -> None:
            self.name = name

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str] = mapped_column(sa.String(20))
        tags: Mapped[list[Tag]] = relationship(Tag, order_by=Tag.name)
        tag_names = association_proxy("tags", "name")

        @validates("title")
        def check(self, key: str, value: str) -> str:
            return value.strip()

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, title=" a ", tag_names=["x", "y"]))
    with app.commit() as session:
        session.get(Article, 1).tag_names.remove("x")
        session.get(Article, 1).title = "b"
    with app.sessions() as session:
        first, second = app.history(session, Article)
        assert (first.title, second.title) == ("a", "b")
        assert list(first.tag_names) == ["x", "y"]
        assert list(second.tag_names) == ["y"]


@on("sqlite")
def test_composite_keys_and_a_changed_part(app: Application, base: Any) -> None:
    class Line(base):
        __tablename__ = "line"
        __versioned__ = {}
        number: Mapped[int] = mapped_column("line_number", primary_key=True, autoincrement=False)
        order_id: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
        amount: Mapped[int]

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Line(number=n, order_id="a", amount=n) for n in (1, 2)])
    with app.commit() as session:
        session.get(Line, (1, "a")).amount = 5
    with app.commit() as session:
        session.get(Line, (2, "a")).order_id = "b"
    with app.sessions() as session:
        assert [v.amount for v in session.get(Line, (1, "a")).versions] == [1, 5]
        assert [v.operation_type for v in session.get(Line, (2, "b")).versions] == [0]
        version = app.of(Line)
        old = version.all_versions(session, {"number": 2, "order_id": "a"})
        assert [v.operation_type for v in old] == [2, 0]
        assert old[0].index == 1


@on("sqlite")
def test_deferred_columns_come_with_the_version(app: Application, base: Any) -> None:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        body: Mapped[str] = mapped_column(sa.Text, deferred=True)

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Article(id=n, body="x") for n in range(5)])
    with app.sessions() as session, statements(app.engine) as sent:
        assert [v.body for v in app.history(session, Article)] == ["x"] * 5
        assert len(sent) == 1, sent


@on("sqlite")
def test_a_class_mapped_to_a_join_is_refused(app: Application, base: Any) -> None:
    one = sa.Table("one", base.metadata, sa.Column("id", sa.Integer, primary_key=True))
    two = sa.Table("two", base.metadata, sa.Column("id", sa.ForeignKey("one.id"), primary_key=True))
    with pytest.raises(ImproperlyConfigured, match=r"Both is mapped to Join, not to a table"):
        type(
            "Both",
            (base,),
            {
                "__table__": one.join(two),
                "__versioned__": {},
                "id": column_property(one.c.id, two.c.id),
            },
        )
    app.manager = None
