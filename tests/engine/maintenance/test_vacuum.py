"""Versions that are equal to the one before go, and their neighbours find each other."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from flask_continuum import ClassNotVersioned, HistoryWriteError, vacuum
from tests.engine.build.conftest import Application
from tests.engine.build.conftest import app as app  # the fixtures
from tests.support.statements import statements


@pytest.fixture(params=["validity", "subquery"])
def base(app: Application, request: pytest.FixtureRequest) -> Any:
    class Base(DeclarativeBase):
        pass

    app.version(Base, strategy=request.param)
    return Base


class Models:
    """A hierarchy with every kind of inheritance, a composite key, and a link with a column."""

    def __init__(self, base: Any) -> None:
        self.link = sa.Table(
            "placement",
            base.metadata,
            sa.Column("item_id", sa.ForeignKey("item.id"), primary_key=True),
            sa.Column("tag_id", sa.ForeignKey("tag.id"), primary_key=True),
            sa.Column("rank", sa.Integer),
        )

        class Tag(base):
            __tablename__ = "tag"
            __versioned__ = {"create_models": False}
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str] = mapped_column(sa.String(20))

        class Item(base):
            __tablename__ = "item"
            __versioned__ = {}
            id: Mapped[int] = mapped_column(primary_key=True)
            kind: Mapped[str] = mapped_column(sa.String(10))
            title: Mapped[str | None] = mapped_column(sa.String(20))
            tags: Mapped[list[Tag]] = relationship(secondary=self.link)
            __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}

        class Article(Item):
            __tablename__ = "article"
            id: Mapped[int] = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
            body: Mapped[str | None] = mapped_column(sa.String(20))
            __mapper_args__ = {"polymorphic_identity": "article"}

        class Note(Item):
            stars: Mapped[int | None]
            __mapper_args__ = {"polymorphic_identity": "note"}

        class Cell(base):
            __tablename__ = "cell"
            __versioned__ = {"transaction_column_name": "made", "operation_type_column_name": "how"}
            line: Mapped[int] = mapped_column(primary_key=True)
            row: Mapped[str] = mapped_column(sa.String(5), primary_key=True)
            value: Mapped[str | None] = mapped_column(sa.String(20))

        self.Tag, self.Item, self.Article, self.Note, self.Cell = Tag, Item, Article, Note, Cell


@pytest.fixture
def models(app: Application, base: Any) -> Models:
    models = Models(base)
    base.metadata.create_all(app.engine)
    return models


def write(app: Application, version: sa.Table, column: str, rows: list[tuple[Any, ...]]) -> None:
    """Write a value over versions, as a change of the schema leaves them.

    :param rows: a position of a version in its table, in order, and the value.
    """
    order = tuple(version.primary_key)
    with app.engine.begin() as connection:
        keys = connection.execute(sa.select(*order).order_by(*order)).all()
        for position, value in rows:
            same = (c == part for c, part in zip(order, keys[position], strict=True))
            connection.execute(sa.update(version).values({column: value}).where(*same))


def test_chains_of_equal_versions(app: Application, base: Any, models: Models) -> None:
    Cell = models.Cell
    with app.commit() as session:
        session.add_all([Cell(line=1, row=row, value="0") for row in "ab"])
    for n in range(1, 6):
        with app.commit() as session:
            for row in "ab":
                session.get(Cell, (1, row)).value = str(n)
    with app.commit() as session:
        session.delete(session.get(Cell, (1, "b")))
    table = base.metadata.tables["cell_version"]
    # a: x x y y y z, where it ends with z; b: x X x x x x and gone
    values = [*"xxyyy5", *"xXxxxx", "x"]
    write(app, table, "value", list(enumerate(values)))
    with app.sessions() as session:
        known = list(session.scalars(sa.select(app.of(Cell))))
        with statements(app.engine) as sent:
            assert vacuum(session, Cell, dry_run=True) == 6
        assert len(sent) == 1
        with statements(app.engine) as sent:
            assert vacuum(session, Cell) == 6
        assert len(sent) <= 6
        gone = [each for each in known if sa.inspect(each).expired]
        assert len(gone) == len(known)
        session.commit()
        assert vacuum(session, Cell) == 0
    told = app.told(Cell, "row", "value", "how")
    assert [each[1:] for each in told if each[0] == "a"] == [("x", 0), ("y", 1), ("5", 1)]
    assert [each[1:] for each in told if each[0] == "b"] == [("x", 0), ("X", 1), ("x", 1), ("x", 2)]
    with app.engine.connect() as connection:
        history = app.manager.registry.transaction_classes[base.metadata].__table__
        kinds = connection.scalars(sa.select(history.c.kind).order_by(history.c.id)).all()
    # the second changed b only, the third both, and of the next two nothing is left
    assert kinds == [None, None, None, "vacuumed", "vacuumed", None, None]


def test_the_newest_version_goes_and_the_one_before_is_open_again(
    app: Application, base: Any, models: Models
) -> None:
    Tag = models.Tag  # it has no version class
    with app.commit() as session:
        session.add(Tag(id=1, name="a"))
    with app.commit() as session:
        session.get(Tag, 1).name = "b"
    write(app, base.metadata.tables["tag_version"], "name", [(0, "b")])
    with app.sessions() as session:
        assert vacuum(session, Tag) == 1
        session.commit()
    with app.commit() as session:
        session.get(Tag, 1).name = "c"
    with app.sessions() as session:
        names = sa.text("SELECT name FROM tag_version ORDER BY transaction_id")
        assert session.scalars(names).all() == ["b", "c"]


@pytest.mark.parametrize("whose", ["Item", "Article"])
def test_hierarchies_are_compared_as_a_whole(
    app: Application, base: Any, models: Models, whose: str
) -> None:
    Article, Note = models.Article, models.Note
    with app.commit() as session:
        session.add_all([Article(id=1, title="a", body="a"), Note(id=2, title="a", stars=1)])
    for n in range(3):
        with app.commit() as session:
            session.get(Article, 1).title = f"{n}"
            session.get(Article, 1).body = f"{n}"
            session.get(Note, 2).title = f"{n}"
    tables = base.metadata.tables
    # the article's title stays while its body changes once, the note stays as it is
    write(app, tables["item_version"], "title", [(n, "2") for n in range(8)])
    write(app, tables["article_version"], "body", [(0, "x"), (1, "x"), (2, "2")])
    with app.sessions() as session:
        found = vacuum(session, getattr(models, whose))
        session.commit()
    assert [body for (body,) in app.told(Article, "body")] == ["x", "2"]
    if whose == "Item":
        assert found == 5
        assert app.told(Note, "title", "operation_type") == [("2", 0)]
    else:
        assert found == 2
        assert len(app.told(Note, "title")) == 4


def test_links(app: Application, base: Any, models: Models) -> None:
    with app.commit() as session:
        tag = models.Tag(id=1, name="t")
        session.add(models.Note(id=1, title="a", tags=[tag]))
    for rank in (1, 2, 3):
        with app.commit() as session:
            session.execute(sa.update(models.link).values(rank=rank))
    version = base.metadata.tables["placement_version"]
    write(app, version, "rank", [(1, None), (2, 3)])
    with app.sessions() as session:
        assert vacuum(session, models.Item) == 2
        session.commit()
    with app.engine.connect() as connection:
        ranks = connection.scalars(sa.select(version.c.rank).order_by(version.c.transaction_id))
        assert ranks.all() == [None, 3]


def test_what_cannot_be_vacuumed(app: Application, models: Models) -> None:
    with app.commit() as session:
        session.add(models.Cell(line=1, row="a"))
        session.flush()
        with pytest.raises(HistoryWriteError, match="Commit or roll back first"):
            vacuum(session, models.Cell)
    with app.sessions() as session, pytest.raises(ClassNotVersioned):
        vacuum(session, DeclarativeBase)
