"""Relationships whose joins or orders say more than which keys are equal."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from tests.engine.build.conftest import Application
from tests.support.marks import on

pytestmark = on("sqlite")


def test_an_order_by_what_is_not_recorded(app: Application, base: Any) -> None:
    class Comment(base):
        __tablename__ = "comment"
        __versioned__ = {"exclude": ["rank"]}
        id: Mapped[int] = mapped_column(primary_key=True)
        rank: Mapped[int]
        article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        comments: Mapped[list[Comment]] = relationship(
            Comment, order_by=[Comment.rank, Comment.id.desc()]
        )

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        comments = [Comment(id=n, rank=-n) for n in (1, 2, 3)]
        session.add_all([Article(id=1, comments=comments), Article(id=2)])
    with app.sessions() as session:
        first, second = app.history(session, Article)
        assert [each.id for each in first.comments] == [3, 2, 1]
        assert second.comments == []


def test_a_condition_on_what_is_not_recorded_leaves_the_relationship_out(
    app: Application, base: Any
) -> None:
    link = sa.Table(
        "link",
        base.metadata,
        sa.Column("a", sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("t", sa.ForeignKey("tag.id"), primary_key=True),
    )

    class Tag(base):
        __tablename__ = "tag"
        __versioned__ = {"exclude": ["hidden"]}
        id: Mapped[int] = mapped_column(primary_key=True)
        hidden: Mapped[bool]
        article_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id"))

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {"exclude": ["open"]}
        id: Mapped[int] = mapped_column(primary_key=True)
        open: Mapped[bool]
        shown: Mapped[list[Tag]] = relationship(
            Tag,
            primaryjoin="and_(Article.id == Tag.article_id, Tag.hidden == False)",
            viewonly=True,
        )
        when_open: Mapped[list[Tag]] = relationship(
            Tag, primaryjoin="and_(Article.id == Tag.article_id, Article.open)", viewonly=True
        )
        linked: Mapped[list[Tag]] = relationship(
            Tag,
            secondary=link,
            secondaryjoin="and_(link.c.t == Tag.id, Tag.hidden == False)",
            viewonly=True,
        )
        all_linked: Mapped[list[Tag]] = relationship(Tag, secondary=link)

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        tags = [Tag(id=1, hidden=True), Tag(id=2, hidden=False)]
        session.add(Article(id=1, open=True, all_linked=tags))
    with app.sessions() as session:
        (version,) = app.history(session, Article)
        assert sorted(each.id for each in version.all_linked) == [1, 2]
        assert not {"shown", "when_open", "linked"} & set(
            sa.inspect(app.of(Article)).relationships.keys()
        )


def test_a_target_that_is_an_alias_or_a_query(app: Application, base: Any) -> None:
    class Comment(base):
        __tablename__ = "comment"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    newest = (
        sa.select(
            Comment,
            sa.func.row_number()
            .over(order_by=Comment.id.desc(), partition_by=Comment.article_id)
            .label("place"),
        )
    ).subquery()
    alias = aliased(Comment, newest)
    Article.newest = relationship(
        alias,
        primaryjoin=sa.and_(alias.article_id == Article.id, newest.c.place < 2),
        viewonly=True,
    )
    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1))
    with app.commit() as session:
        session.add(Comment(id=1, article_id=1))
    with app.sessions() as session:
        (version,) = app.history(session, Article)
        assert not hasattr(version, "newest"), "what the query picked then cannot be told"


def test_a_link_over_several_tables(app: Application, base: Any) -> None:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    class Section(base):
        __tablename__ = "section"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))

    class Image(base):
        __tablename__ = "image"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    class Placement(base):
        __tablename__ = "placement"
        __versioned__ = {}
        section_id: Mapped[int] = mapped_column(sa.ForeignKey("section.id"), primary_key=True)
        image_id: Mapped[int] = mapped_column(sa.ForeignKey("image.id"), primary_key=True)

    Article.images = relationship(
        Image,
        secondary=lambda: sa.join(Section.__table__, Placement.__table__),
        primaryjoin="Article.id == Section.article_id",
        secondaryjoin="Placement.image_id == Image.id",
        viewonly=True,
    )
    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Article(id=1), Image(id=5), Image(id=6)])
    with app.commit() as session:
        session.add(Section(id=3, article_id=1))
    with app.commit() as session:
        session.add(Placement(section_id=3, image_id=5))
    with app.sessions() as session:
        (version,) = app.history(session, Article)
        assert not hasattr(version, "images"), "it would tell what is now"
        assert [each.id for each in session.get(Article, 1).images] == [5]


def test_subclasses_leave_out_what_is_theirs(app: Application, base: Any) -> None:
    class Item(base):
        __tablename__ = "item"
        __versioned__ = {"exclude": ["token"]}
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(sa.String(20))
        token: Mapped[str | None] = mapped_column(sa.String(20))

    class Article(Item):
        __tablename__ = "article"
        __versioned__ = {"exclude": ["draft", "kind"], "table_name": "%s_history"}
        __mapper_args__ = {"polymorphic_identity": "article"}
        id: Mapped[int] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
        body: Mapped[str] = mapped_column(sa.String(20))
        draft: Mapped[str | None] = mapped_column(sa.String(20))

    class Log(Item):
        __versioned__ = {"versioning": False}
        __mapper_args__ = {"polymorphic_identity": "log"}

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, body="x", token="t", draft="d"))
    with app.commit() as session:
        article = session.get(Article, 1)
        article.token, article.draft = "u", "e"
    assert app.told(Article, "id", "kind", "body") == [(1, "article", "x")]
    names = set(base.metadata.tables)
    assert {"item_version", "article_history"} <= names
    assert "token" not in base.metadata.tables["item_version"].c
    assert "draft" not in base.metadata.tables["article_history"].c
    with app.sessions() as session:
        session.add(Log(id=2))
        session.flush()
        assert len(app.history(session, Item)) == 1
