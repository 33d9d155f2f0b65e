"""Version classes inherit as their models do, whatever the order of declaration."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    Mapped,
    configure_mappers,
    mapped_column,
    relationship,
)

from tests.engine.build.conftest import Application
from tests.support.marks import on
from tests.support.statements import statements

pytestmark = on("sqlite")


def declare_item(base: Any, **options: Any) -> Any:
    class Item(base):
        __tablename__ = "item"
        __versioned__ = options
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(sa.String(20))
        title: Mapped[str] = mapped_column(sa.String(20))

    return Item


def declare_note(item: Any, **options: Any) -> Any:
    class Note(item):
        __mapper_args__ = {"polymorphic_identity": "note"}
        if options:
            __versioned__ = options
        stars: Mapped[int | None] = mapped_column("number_of_stars")
        secret: Mapped[str | None] = mapped_column(sa.String(20))

    return Note


def test_single_table(app: Application, base: Any) -> None:
    item = declare_item(base)
    note = declare_note(item)

    class Memo(note):
        __mapper_args__ = {"polymorphic_identity": "memo"}
        urgent: Mapped[bool | None]

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([item(id=1, title="a"), note(id=2, title="b", stars=3)])
        session.add(Memo(id=3, title="c", stars=1, urgent=True))
    with app.commit() as session:
        session.get(item, 2).stars = 4
        session.get(Memo, 3).urgent = False
    with app.sessions() as session, statements(app.engine) as sent:
        found = app.history(session, item)
        assert [type(v).__name__ for v in found] == [
            *("ItemVersion", "NoteVersion", "MemoVersion"),
            *("NoteVersion", "MemoVersion"),
        ]
        assert [getattr(v, "stars", None) for v in found] == [None, 3, 1, 4, 1]
        assert [getattr(v, "urgent", None) for v in found] == [None, None, True, None, False]
        assert len(sent) == 1, sent
        assert not hasattr(found[0], "number_of_stars")
        assert issubclass(app.of(Memo), app.of(note))
        assert [v.urgent for v in session.get(Memo, 3).versions] == [True, False]
        assert found[-1].changeset == {"urgent": [True, False]}


@pytest.mark.parametrize("flushed", [False, True])
def test_single_table_subclasses_that_come_when_mappers_are_configured(
    app: Application, base: Any, flushed: bool
) -> None:
    item = declare_item(base)
    configure_mappers()
    assert app.of(item)
    if flushed:
        item.metadata.create_all(app.engine)
        with app.commit() as session:
            session.add(item(id=9, title="z"))
        base.metadata.drop_all(app.engine)
    note = declare_note(item)
    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(note(id=1, title="a", stars=3))
    with app.commit() as session:
        session.get(item, 1).stars = 4
    with app.sessions() as session:
        assert [v.stars for v in app.history(session, note)] == [3, 4]
        assert [v.stars for v in app.history(session, item)] == [3, 4]


def test_single_table_subclasses_exclude_columns_of_their_own(app: Application, base: Any) -> None:
    item = declare_item(base)
    note = declare_note(item, exclude=["secret", "title"])
    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(note(id=1, title="a", stars=3, secret="x"))
    with app.commit() as session:
        session.get(note, 1).secret = "y"
    with app.sessions() as session:
        (version,) = app.history(session, note)
        assert version.stars == 3
        assert not hasattr(version, "secret")
        assert version.title == "a", "the column belongs to the class above, which records it"
    assert "secret" not in app.of(item).__table__.c


def test_only_a_subclass_is_marked(app: Application, base: Any) -> None:
    class Item(base):
        __tablename__ = "item"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(sa.String(20))

    class Article(Item):
        __tablename__ = "article"
        __versioned__ = {}
        __mapper_args__ = {"polymorphic_identity": "article"}
        id: Mapped[int] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
        body: Mapped[str] = mapped_column(sa.String(20))

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=2, body="x"))
    with app.commit() as session:
        session.get(Article, 2).body = "y"
    with app.sessions() as session:
        found = app.history(session, Article)
        assert [(v.id, v.kind, v.body) for v in found] == [(2, "article", "x"), (2, "article", "y")]
        assert [v.body for v in session.get(Article, 2).versions] == ["x", "y"]


def test_joined_tables_of_several_levels(app: Application, base: Any) -> None:
    item = declare_item(base)

    class Article(item):
        __tablename__ = "article"
        __mapper_args__ = {"polymorphic_identity": "article"}
        article_id: Mapped[int] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
        body: Mapped[str] = mapped_column(sa.String(20))
        quoted_id: Mapped[int | None] = mapped_column(sa.ForeignKey("item.id"))
        quoted: Mapped[Any] = relationship(item, foreign_keys=quoted_id)
        __mapper_args__["inherit_condition"] = article_id == item.id

    class Review(Article):
        __tablename__ = "review"
        __mapper_args__ = {"polymorphic_identity": "review"}
        review_id: Mapped[int] = mapped_column(
            sa.ForeignKey("article.article_id"), primary_key=True
        )
        grade: Mapped[int]

    class Praise(Review):
        __mapper_args__ = {"polymorphic_identity": "praise"}
        cheers: Mapped[int | None] = mapped_column(use_existing_column=True)

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        first = Article(id=1, title="a", body="x")
        session.add_all([first, Review(id=2, title="b", body="y", grade=1, quoted=first)])
        session.add(Praise(id=3, title="c", body="z", grade=5, cheers=7))
    with app.commit() as session:
        for each in session.scalars(sa.select(Review).order_by(Review.title)):
            each.grade += 1
    with app.commit() as session:
        session.delete(session.scalars(sa.select(Praise)).one())
    with app.sessions() as session:
        found = app.history(session, item)
        assert [(v.title, getattr(v, "grade", None), v.operation_type) for v in found] == [
            *(("a", None, 0), ("b", 1, 0), ("c", 5, 0)),
            *(("b", 2, 1), ("c", 6, 1)),
            ("c", 6, 2),
        ]
        assert found[-1].cheers == 7
        assert found[1].quoted is found[0]
        assert found[0].article_id == found[0].id
        assert [v.grade for v in found[1].version_parent.versions] == [1, 2]
        assert found[3].changeset == {"grade": [1, 2]}
        assert found[3].previous is found[1]
        found[1].revert()
        assert session.scalars(sa.select(Review).where(Review.title == "b")).one().grade == 1
        session.commit()


def test_an_excluded_discriminator_is_recorded_all_the_same(app: Application, base: Any) -> None:
    item = declare_item(base, exclude=["kind"])
    note = declare_note(item)
    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(note(id=1, title="a"))
    with app.sessions() as session:
        assert [type(v) for v in app.history(session, item)] == [app.of(note)]


def test_relationships_of_a_hierarchy(app: Application, base: Any) -> None:
    """To a base, from a subclass, to a subclass, inherited by one."""

    class Folder(base):
        __tablename__ = "folder"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20))
        items: Mapped[list[Any]] = relationship("Item", order_by="Item.id", back_populates="folder")
        articles: Mapped[list[Any]] = relationship("Article", viewonly=True)

    class Item(base):
        __tablename__ = "item"
        __versioned__ = {}
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(sa.String(20))
        folder_id: Mapped[int | None] = mapped_column(sa.ForeignKey("folder.id"))
        folder: Mapped[Any] = relationship(Folder, back_populates="items")

    class Article(Item):
        __tablename__ = "article"
        __mapper_args__ = {"polymorphic_identity": "article"}
        id: Mapped[int] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
        body: Mapped[str] = mapped_column(sa.String(20))
        comments: Mapped[list[Any]] = relationship("Comment", back_populates="article")

    class Comment(base):
        __tablename__ = "comment"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))
        article: Mapped[Any] = relationship(Article, back_populates="comments")

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        folder = Folder(id=1, name="f", items=[Item(id=1), Article(id=2, body="x")])
        session.add_all([folder, Comment(id=1, article=folder.items[1])])
    with app.commit() as session:
        session.get(Folder, 1).name = "g"
        session.get(Article, 2).body = "y"
        session.get(Item, 1).folder = None
    with app.sessions() as session:
        before, after = app.history(session, Folder)
        assert [(each.id, getattr(each, "body", None)) for each in before.items] == [
            (1, None),
            (2, "x"),
        ]
        assert [(each.id, each.body) for each in after.items] == [(2, "y")]
        assert [each.body for each in before.articles] == ["x"]
        (comment,) = app.history(session, Comment)
        assert comment.article.body == "x"
        first, second = app.history(session, Article)
        assert (first.folder.name, second.folder.name) == ("f", "g")
        assert [each.id for each in second.comments] == [1]
