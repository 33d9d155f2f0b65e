"""Link tables of every shape, and tables in other schemas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.associationproxy import association_proxy
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tests.engine.build.conftest import Application
from tests.engine.invariants import rows
from tests.support.databases import Database
from tests.support.marks import on


def ids(things: Any) -> list[int]:
    return sorted(each.id for each in things)


def near(**options: Any) -> sa.Column[Any]:
    return sa.Column("article_id", sa.ForeignKey("article.id"), **options)


def far(**options: Any) -> sa.Column[Any]:
    return sa.Column("tag_id", sa.ForeignKey("tag.id"), **options)


SHAPES: dict[str, Callable[[], list[Any]]] = {
    "primary key": lambda: [near(primary_key=True), far(primary_key=True)],
    "no key": lambda: [near(), far()],
    "a key that is unique only": lambda: [
        near(),
        far(),
        sa.UniqueConstraint("article_id", "tag_id"),
    ],
    "a surrogate key": lambda: [sa.Column("id", sa.Integer, primary_key=True), near(), far()],
    "further columns": lambda: [
        near(primary_key=True),
        far(primary_key=True),
        sa.Column("position", sa.Integer, server_default="7"),
        sa.Column("since", sa.Date, server_default=sa.text("'2026-01-01'")),
    ],
    "other keys": lambda: [
        sa.Column("a id", sa.ForeignKey("article.id"), key="article_id", primary_key=True),
        sa.Column("t id", sa.ForeignKey("tag.id"), key="tag_id", primary_key=True),
    ],
}


def declare(base: Any, link: Any) -> tuple[Any, Any]:
    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str | None] = mapped_column(sa.String(20))
        tags: Mapped[list[Any]] = relationship("Tag", secondary=link, back_populates="articles")

    class Tag(base):
        __tablename__ = "tag"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        articles: Mapped[list[Any]] = relationship(Article, secondary=link, back_populates="tags")

    return Article, Tag


def change_links(app: Application, article: Any, tag: Any) -> None:
    """Link three, take one away and bring it back, and look at each version."""
    with app.commit() as session:
        session.add(article(id=1, title="a", tags=[tag(id=n) for n in (1, 2, 3)]))
    with app.commit() as session:
        found = session.get(article, 1)
        found.title = "b"
        found.tags.remove(session.get(tag, 2))
    with app.commit() as session:
        found = session.get(article, 1)
        found.title = "c"
        found.tags.append(session.get(tag, 2))
        found.tags.remove(session.get(tag, 1))
    with app.sessions() as session:
        versions = app.history(session, article)
        assert [ids(each.tags) for each in versions] == [[1, 2, 3], [1, 3], [2, 3]]
        assert [ids(each.articles) for each in app.history(session, tag)] == [[1], [1], [1]]
    with app.commit() as session:
        app.history(session, article)[1].revert(relations=["tags"])
    with app.sessions() as session:
        assert session.get(article, 1).title == "b"
        assert {1, 3} <= set(ids(session.get(article, 1).tags))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shapes_of_link_tables(app: Application, base: Any, shape: str) -> None:
    link = sa.Table("article_tag", base.metadata, *SHAPES[shape]())
    article, tag = declare(base, link)
    base.metadata.create_all(app.engine)
    change_links(app, article, tag)


@on("sqlite")
def test_a_link_table_named_by_a_function(app: Application, base: Any) -> None:
    """Found by ``create_all()`` although no mapper was configured."""
    found: list[sa.Table] = []
    article, tag = declare(base, lambda: found[0])
    found.append(sa.Table("article_tag", base.metadata, *SHAPES["primary key"]()))
    base.metadata.create_all(app.engine)
    assert "article_tag_version" in sa.inspect(app.engine).get_table_names()
    change_links(app, article, tag)


@on("sqlite")
@pytest.mark.parametrize("target", ["name", "class", "function"])
def test_a_link_that_another_class_brings_by_backref(
    app: Application, base: Any, target: str
) -> None:
    link = sa.Table("article_tag", base.metadata, *SHAPES["primary key"]())

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    argument = {"name": "Article", "class": Article, "function": lambda: Article}[target]

    class Tag(base):
        __tablename__ = "tag"
        id: Mapped[int] = mapped_column(primary_key=True)
        articles: Mapped[list[Any]] = relationship(argument, secondary=link, backref="tags")

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(Article(id=1, tags=[Tag(id=1)]))
    with app.sessions() as session:
        assert ids(app.history(session, Article)[0].tags) == [1]


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("surrogate", [True, False])
@pytest.mark.parametrize("first", ["class", "relationship", "table"])
def test_a_link_table_that_is_also_mapped(
    app: Application, base: Any, marked: bool, surrogate: bool, first: str
) -> None:
    """Written through its class and through the relationship, both are seen by both."""

    def declare_table() -> sa.Table:
        return sa.Table(
            "article_tag",
            base.metadata,
            *([sa.Column("id", sa.Integer, primary_key=True)] if surrogate else []),
            near(primary_key=not surrogate),
            far(primary_key=not surrogate),
            sa.Column("note", sa.String(20)),
        )

    def declare_link() -> Any:
        table = base.metadata.tables.get("article_tag")
        body = {"__table__": declare_table() if table is None else table}
        return type("Tagging", (base,), {**body, **({"__versioned__": {}} if marked else {})})

    if first == "class":
        tagging = declare_link()
        article, tag = declare(base, tagging.__table__)
    else:
        link = "article_tag" if first == "relationship" else declare_table()
        article, tag = declare(base, link)
        tagging = declare_link()
    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add(article(id=1, title="a", tags=[tag(id=1)]))
        session.add(tag(id=2))
    with app.commit() as session:
        session.get(article, 1).title = "b"
        session.add(tagging(article_id=1, tag_id=2, note="x"))
    with app.commit() as session:
        session.get(article, 1).title = "c"
        session.scalars(sa.select(tagging).filter_by(tag_id=2)).one().note = "y"
    with app.commit() as session:
        session.get(article, 1).title = "d"
        for each in session.scalars(sa.select(tagging)):
            session.delete(each)
    with app.sessions() as session:
        versions = app.history(session, article)
        assert [ids(each.tags) for each in versions] == [[1], [1, 2], [1, 2], []]
        if marked:
            found = app.history(session, tagging)
            assert [(v.tag_id, v.note, v.operation_type) for v in found] == [
                *((1, None, 0), (2, "x", 0)),
                *((2, "y", 1), (1, None, 2), (2, "y", 2)),
            ]


@on("sqlite")
def test_an_association_object_with_proxies(app: Application, base: Any) -> None:
    class Tag(base):
        __tablename__ = "tag"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    class Tagging(base):
        __tablename__ = "tagging"
        __versioned__ = {}
        article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), primary_key=True)
        tag_id: Mapped[int] = mapped_column(sa.ForeignKey("tag.id"), primary_key=True)
        weight: Mapped[int]
        tag: Mapped[Tag] = relationship(Tag)

    class Article(base):
        __tablename__ = "article"
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        taggings: Mapped[list[Tagging]] = relationship(
            Tagging, cascade="all, delete-orphan", order_by=Tagging.tag_id
        )
        tags = association_proxy("taggings", "tag")
        plain: Mapped[list[Tag]] = relationship(Tag, secondary="tagging", viewonly=True)

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        taggings = [Tagging(tag=Tag(id=n), weight=n) for n in (1, 2)]
        session.add(Article(id=1, taggings=taggings))
    with app.commit() as session:
        article = session.get(Article, 1)
        article.taggings[0].weight = 9
        article.taggings.pop()
    with app.sessions() as session:
        (article,) = app.history(session, Article)
        assert ids(article.tags) == ids(article.plain) == [1, 2]
        changed, removed = app.history(session, Tagging)[2:]
        assert (changed.weight, changed.tag.id, removed.operation_type) == (9, 1, 2)


def test_other_schemas(second_database: Database, app: Application, base: Any) -> None:
    """Version tables live in the schema of their tables; two tables may have one name."""
    kind = second_database.kind
    # to MariaDB, a schema is a database
    shop = second_database.url.database if kind == "mariadb" else "shop"
    blog = app.engine.url.database if kind == "mariadb" else "blog"

    @sa.event.listens_for(app.engine, "connect")
    def connect(connection: Any, record: Any) -> None:
        if kind == "sqlite":
            connection.execute("ATTACH ':memory:' AS shop")
            connection.execute("ATTACH ':memory:' AS blog")

    if kind == "sqlite":
        app.engine.dispose()
        app.engine.pool = sa.pool.StaticPool(app.engine.pool._creator)
        connect(app.engine.raw_connection().driver_connection, None)
    elif kind == "postgresql":
        with app.engine.begin() as connection:
            for name in ("shop", "blog"):
                connection.execute(sa.schema.CreateSchema(name))

    link = sa.Table(
        "item_tag",
        base.metadata,
        sa.Column("item_id", sa.ForeignKey(f"{shop}.item.id"), primary_key=True),
        sa.Column("tag_id", sa.ForeignKey(f"{shop}.tag.id"), primary_key=True),
        schema=shop,
    )

    class Item(base):
        __tablename__ = "item"
        __table_args__ = {"schema": shop}
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20), index=True)
        tags: Mapped[list[Any]] = relationship("Tag", secondary=link)

    class Tag(base):
        __tablename__ = "tag"
        __table_args__ = {"schema": shop}
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)

    class Post(base):
        __tablename__ = "item"
        __table_args__ = {"schema": blog}
        __versioned__ = {}
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(20), index=True)

    base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Item(id=1, name="a", tags=[Tag(id=1)]), Post(id=1, name="b")])
    with app.commit() as session:
        session.get(Item, 1).name = "c"
        session.get(Item, 1).tags = []
    with app.sessions() as session:
        first, second = app.history(session, Item)
        assert (first.name, second.name) == ("a", "c")
        assert (ids(first.tags), ids(second.tags)) == ([1], [])
        assert [v.name for v in session.get(Post, 1).versions] == ["b"]
    entry = app.manager.registry.link_table(link)
    assert entry.version.schema == shop
    assert [row[-1] for row in rows(app.engine, entry)] == [0, 2]
