"""P2: link tables with keys of their own, further columns, and classes that are mapped to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, relationship, sessionmaker

from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.manager import VersioningManager
from tests.engine.capture.library import mind_foreign_keys
from tests.engine.invariants import rows
from tests.support.kept import empty_or_create


class Catalogue:
    """Articles with tags, by a plain link table and by one with a key of its own."""

    def __init__(self, engine: sa.Engine) -> None:
        class Base(DeclarativeBase):
            pass

        def links(name: str, *columns: Any, key: bool) -> sa.Table:
            return sa.Table(
                name,
                Base.metadata,
                *columns,
                sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=key),
                sa.Column(
                    "tag_id",
                    sa.ForeignKey("tag.id", ondelete="CASCADE" if key else "SET NULL"),
                    primary_key=key,
                ),
                sa.Column("note", sa.String(20)),
            )

        plain = links("article_tag", key=True)
        counted = links("numbered", sa.Column("id", sa.Integer, primary_key=True), key=False)

        class Article(Base):
            __tablename__ = "article"
            __versioned__ = {"database_cascades": "capture"}
            id = sa.Column(sa.Integer, primary_key=True)
            tags = relationship("Tag", secondary=plain)
            others = relationship("Tag", secondary=counted)

        class Tag(Base):
            __tablename__ = "tag"
            __versioned__ = {"database_cascades": "capture"}
            id = sa.Column(sa.Integer, primary_key=True)

        class Tagging(Base):
            __table__ = plain

        class Numbered(Base):
            __table__ = counted

        mind_foreign_keys(engine)
        self.engine = engine
        self.manager = VersioningManager(user_cls=None)
        self.sessions = sessionmaker(engine)
        self.manager.attach(Base, self.sessions, engine)
        Base.registry.configure()
        empty_or_create(engine, Base.metadata, keep={"history_column"})
        self.Article, self.Tag, self.Tagging, self.Numbered = Article, Tag, Tagging, Numbered
        self.plain, self.numbered = plain, counted

    def fill(self) -> None:
        with self.sessions() as session:
            session.add(self.Article(id=1, tags=[self.Tag(id=n) for n in (1, 2, 3)]))
            session.flush()
            session.add_all(
                self.Numbered(id=n, article_id=1, tag_id=n, note="kept") for n in (1, 2)
            )
            session.commit()

    def links(self, table: sa.Table) -> list[tuple[Any, ...]]:
        """The versions of a table's links: the tag, the note, operation; born ones left out."""
        entry = self.manager.registry.link_table(table)
        assert entry is not None
        names = entry.version.c.keys()
        found = [dict(zip(names, row, strict=True)) for row in rows(self.engine, entry)]
        return [
            (each["tag_id"], each["note"], each["operation_type"])
            for each in found
            if each["transaction_id"] > 1
        ]


@pytest.fixture
def catalogue(borrow: Any) -> Iterator[Catalogue]:
    with borrow(Catalogue) as catalogue:
        catalogue.fill()
        yield catalogue


@pytest.mark.parametrize("way", ["object", "statement"])
def test_a_link_that_leads_elsewhere(catalogue: Catalogue, way: str) -> None:
    """The old one ends and another begins, with what it holds."""
    with catalogue.sessions() as session:
        session.add(catalogue.Tag(id=9))
        session.flush()
        if way == "object":
            session.get(catalogue.Tagging, (1, 2)).tag_id = 9
            session.get(catalogue.Numbered, 2).tag_id = 9
        else:
            for table in (catalogue.plain, catalogue.numbered):
                session.execute(table.update().where(table.c.tag_id == 2).values(tag_id=9))
        session.commit()
    assert catalogue.links(catalogue.plain) == [(2, None, 2), (9, None, 0)]
    assert catalogue.links(catalogue.numbered) == [(2, "kept", 2), (9, "kept", 0)]


@pytest.mark.orm_only(reason="triggers see what is linked")
def test_links_by_expressions_are_refused(catalogue: Catalogue) -> None:
    table = catalogue.plain
    with catalogue.sessions() as session, pytest.raises(HistoryWriteError, match="expression"):
        session.execute(table.update().values(tag_id=table.c.tag_id + 10))


@pytest.mark.parametrize("way", ["object", "statement", "database"])
def test_a_link_that_does_not_link_any_more_ends(catalogue: Catalogue, way: str) -> None:
    """What it held is in the version of its end; linked again, it begins anew."""
    table = catalogue.numbered
    with catalogue.sessions() as session:
        session.execute(catalogue.plain.delete())
        if way == "object":
            session.get(catalogue.Numbered, 2).tag_id = None
        elif way == "statement":
            session.execute(table.update().where(table.c.id == 2).values(tag_id=None))
        else:
            session.execute(sa.delete(catalogue.Tag).where(catalogue.Tag.id == 2))
        session.commit()
    assert catalogue.links(table) == [(2, "kept", 2)]
    with catalogue.sessions() as session:
        session.get(catalogue.Numbered, 2).note = "alone"
        session.commit()
        session.get(catalogue.Numbered, 2).tag_id = 3
        session.commit()
    assert catalogue.links(table) == [(2, "kept", 2), (3, "alone", 0)]


def test_rows_that_link_nothing_have_no_history(catalogue: Catalogue) -> None:
    table = catalogue.numbered
    with catalogue.sessions() as session:
        session.add(catalogue.Numbered(id=3, article_id=1))
        session.execute(table.insert(), [{"id": n, "tag_id": n - 3} for n in (4, 5)])
        session.flush()
        session.delete(session.get(catalogue.Numbered, 3))
        session.execute(table.delete().where(table.c.id == 4))
        session.commit()
    assert catalogue.links(table) == []


def test_links_that_a_statement_names_by_other_criteria(catalogue: Catalogue) -> None:
    """Its parameters are called as the columns are, and are not what these equal."""
    table = catalogue.plain
    criteria = (table.c.article_id == sa.bindparam("article_id")) & (
        table.c.tag_id > sa.bindparam("tag_id")
    )
    with catalogue.sessions() as session:
        session.execute(table.delete().where(criteria), {"article_id": 1, "tag_id": 2})
        session.commit()
    assert catalogue.links(table) == [(3, None, 2)]
