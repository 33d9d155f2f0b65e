"""P2, P4: columns that models are given when their mappers are configured, or tables exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, sessionmaker

from flask_continuum.engine.manager import VersioningManager
from tests.engine.invariants import check, rows


class Papers:
    """Articles, some of which are reviews in the same table."""

    def __init__(self, engine: sa.Engine) -> None:
        class Base(DeclarativeBase):
            pass

        class Article(Base):
            __tablename__ = "article"
            __versioned__ = {"exclude": {"hidden"}}
            id = sa.Column(sa.Integer, primary_key=True)
            kind = sa.Column(sa.String(10))
            __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "article"}
            hidden = sa.Column(sa.Integer)

        class Review(Article):
            __mapper_args__ = {"polymorphic_identity": "review"}

        self.engine, self.Base, self.Article, self.Review = engine, Base, Article, Review
        self.manager = VersioningManager(user_cls=None)
        self.sessions = sessionmaker(engine)
        self.manager.attach(Base, self.sessions, engine)
        Base.registry.configure()

    def versions(self) -> list[dict[str, Any]]:
        table = self.manager.registry.of(self.Article).table
        names = table.version.c.keys()
        return [dict(zip(names, row, strict=True)) for row in rows(self.engine, table)]


@pytest.fixture
def papers(engine: sa.Engine, write: str) -> Iterator[Papers]:
    papers = Papers(engine)
    papers.manager.write = write
    yield papers
    check(papers.engine, papers.manager)
    papers.manager.detach()


def _declared(papers: Papers) -> None:
    papers.Article.extra = sa.Column(sa.String(20))


def _added_as_a_property(papers: Papers) -> None:
    papers.Article.__table__.append_column(sa.Column("extra", sa.String(20)))
    papers.Article.__mapper__.add_property("extra", papers.Article.__table__.c.extra)


def _below(papers: Papers) -> None:
    papers.Review.extra = sa.Column(sa.String(20))


def _of_the_table_alone(papers: Papers) -> None:
    papers.Article.__table__.append_column(sa.Column("extra", sa.String(20)))


WAYS = [_declared, _added_as_a_property, _below]


def _write(papers: Papers) -> None:
    for values in ({"extra": "one"}, {"extra": "two"}):
        with papers.sessions.begin() as session:
            review = session.get(papers.Review, 1) or papers.Review(id=1)
            session.add(review)
            for name, value in values.items():
                setattr(review, name, value)


@pytest.mark.parametrize("way", WAYS)
def test_before_tables_are_made(papers: Papers, way: Any) -> None:
    way(papers)
    papers.Base.metadata.create_all(papers.engine)
    _write(papers)
    assert [each["extra"] for each in papers.versions()] == ["one", "two"]
    assert "hidden" not in papers.versions()[0], "what is excluded stays so"
    with papers.sessions() as session:
        review = session.get(papers.Review, 1)
        assert [each.extra for each in review.versions] == ["one", "two"]


@pytest.mark.orm_only(reason="migrations make triggers anew")
@pytest.mark.parametrize("way", WAYS)
def test_when_the_tables_exist(papers: Papers, way: Any) -> None:
    """The mappers have been used, and the next change is to nothing but the new column."""
    papers.Base.metadata.create_all(papers.engine)
    with papers.sessions.begin() as session:
        session.add(papers.Review(id=1))
        session.flush()
    way(papers)
    with papers.engine.begin() as connection:
        for table in ("article", "article_version"):
            connection.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN extra VARCHAR(20)"))
    _write(papers)
    assert [each["extra"] for each in papers.versions()] == [None, "one", "two"]
    with papers.sessions() as session:
        found = session.get(papers.Review, 1).versions
        assert [each.extra for each in found] == [None, "one", "two"]


def test_a_column_of_the_table_alone(papers: Papers) -> None:
    """The model does not know it, and a statement writes it all the same."""
    _of_the_table_alone(papers)
    papers.Base.metadata.create_all(papers.engine)
    with papers.sessions.begin() as session:
        session.execute(papers.Article.__table__.insert().values(id=1, kind="article", extra="x"))
    assert [each["extra"] for each in papers.versions()] == ["x"]


@pytest.mark.orm_only(reason="triggers know the columns that there were")
def test_a_version_table_without_it_fails_the_write(papers: Papers) -> None:
    """A migration that knows one of the two tables only: nothing is written unrecorded."""
    papers.Base.metadata.create_all(papers.engine)
    _declared(papers)
    with papers.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE article ADD COLUMN extra VARCHAR(20)"))
    with papers.sessions() as session:
        session.add(papers.Article(id=1, extra="lost"))
        with pytest.raises(sa.exc.DBAPIError, match="extra"):
            session.commit()
        session.rollback()
        assert session.get(papers.Article, 1) is None
    with papers.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE article_version ADD COLUMN extra VARCHAR(20)"))
