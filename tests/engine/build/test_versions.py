"""``Model.versions`` and version objects as applications handle them."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncAttrs, async_sessionmaker, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)

from flask_continuum.engine.errors import VersioningError
from flask_continuum.engine.manager import VersioningManager
from tests.engine.build.conftest import Application
from tests.support.databases import Database
from tests.support.marks import on
from tests.support.statements import statements


class Base(DeclarativeBase):
    """Not within a test: pickling finds classes by the name in their module."""


class Section(Base):
    __tablename__ = "section"
    __versioned__ = {}
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(20))
    articles: Mapped[list[Article]] = relationship(back_populates="section")


class Article(AsyncAttrs, Base):
    __tablename__ = "article"
    __versioned__ = {}
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(20))
    section_id: Mapped[int | None] = mapped_column(sa.ForeignKey("section.id"))
    section: Mapped[Section | None] = relationship(back_populates="articles")


class SyncSession(Session):
    """The session behind asynchronous ones."""


MANAGER = VersioningManager(user_cls=None)
MANAGER.attach(Base, SyncSession)
MANAGER.detach()  # until a test attaches it again
THEN = MANAGER.registry.of(Article).version_class  # not under its name: pickling must do without


@pytest.fixture
def manager() -> Iterator[VersioningManager]:
    yield MANAGER
    MANAGER.detach()


@pytest.fixture
def written(app: Application, manager: VersioningManager) -> Application:
    """Two articles, of which the first has the titles a, b, c, d."""
    manager.attach(Base, app.sessions, app.engine)
    Base.metadata.create_all(app.engine)
    with app.commit() as session:
        session.add_all([Article(id=1, title="a", section=Section(id=1, name="City"))])
        session.add(Article(id=2, title="x"))
    for title in "bcd":
        with app.commit() as session:
            session.get(Article, 1).title = title
    return app


def titles(versions: Any) -> list[str]:
    return [version.title for version in versions]


@on("sqlite")
def test_a_records_versions_are_a_sequence(written: Application) -> None:
    with written.sessions() as session:
        versions: Any = session.get(Article, 1).versions
        assert titles(versions) == ["a", "b", "c", "d"]
        assert titles([versions[0], versions[3], versions[-1], versions[-4]]) == list("adda")
        assert titles(versions[1:3]) == ["b", "c"]
        assert titles(versions[2:]) == ["c", "d"]
        assert titles(versions[:2]) == ["a", "b"]
        assert titles(versions[-2:]) == ["c", "d"]
        assert titles(versions[:-1]) == ["a", "b", "c"]
        assert titles(versions[::-1]) == ["d", "c", "b", "a"]
        assert titles(versions[::2]) == ["a", "c"]
        assert versions[5:] == []
        for position in (4, -5):
            with pytest.raises(IndexError):
                versions[position]


@on("sqlite")
def test_a_records_versions_are_a_query(written: Application) -> None:
    with written.sessions() as session:
        versions: Any = session.get(Article, 1).versions
        assert versions.count() == 4
        assert versions.filter_by(title="b").one().index == 1
        assert titles(versions.filter(THEN.title > "b")) == ["c", "d"]
        assert versions.filter(THEN.title > "b")[-1].title == "d"
        assert versions.order_by(None).order_by(THEN.title.desc()).first().title == "d"
        assert versions.first().title == "a"
        assert versions.filter_by(title="b").all()[0] is versions[1]
        assert session.query(THEN).filter_by(id=2).one().title == "x"


@on("sqlite")
def test_the_newest_version_costs_one_row(written: Application) -> None:
    with written.sessions() as session:
        article = session.get(Article, 1)
        with statements(written.engine) as sent:
            assert article.versions[-1].title == "d"
        assert len(sent) == 1 and "LIMIT" in sent[0], sent


@on("sqlite")
def test_versions_of_an_order_of_ones_own(written: Application) -> None:
    """A negative position counts from the end of the order that was asked for."""
    with written.sessions() as session:
        versions: Any = session.get(Article, 1).versions
        backwards = versions.order_by(None).order_by(THEN.title.desc())
        assert backwards[0].title == "d"
        assert backwards[-1].title == "a"
        assert versions.limit(2)[-1].title == "b"


@on("sqlite")
def test_pending_changes_are_seen(written: Application) -> None:
    with written.sessions() as session:
        article: Any = session.get(Article, 1)
        article.title = "e"
        assert article.versions[-1].title == "e"
        assert article.versions.count() == 5
        session.rollback()
        assert session.get(Article, 1).versions.count() == 4
    with written.sessions() as session:
        assert Article(id=9, title="z").versions.all() == []


@on("sqlite")
def test_joins_from_models_to_versions(written: Application) -> None:
    with written.sessions() as session:
        query = (
            sa.select(Article.id, sa.func.count())
            .join(Article.versions)
            .group_by(Article.id)
            .order_by(Article.id)
        )
        assert [tuple(row) for row in session.execute(query)] == [(1, 4), (2, 1)]
        changed = sa.select(Article.id).where(Article.versions.any(THEN.title == "b"))
        assert session.scalars(changed).all() == [1]


@on("sqlite")
def test_pickling(written: Application) -> None:
    with written.sessions() as session:
        version = session.get(Article, 1).versions.all()[1]
        assert version.previous.title == "a"
        assert (version.section.name, version.transaction.id > 0) == ("City", True)
        copy = pickle.loads(pickle.dumps(version))
        assert type(copy) is THEN
        assert (copy.title, copy.transaction_id) == ("b", version.transaction_id)
        assert copy.section.name == "City"
        assert copy.transaction.id == version.transaction_id
    with pytest.raises(VersioningError, match="detached"):
        _ = copy.changeset
    with written.sessions() as session:
        merged = session.merge(copy)
        assert merged.changeset == {"title": ["a", "b"]}
        assert not session.dirty


@on("sqlite")
def test_deepcopy_and_equality(written: Application) -> None:
    with written.sessions() as session:
        first, again = (session.get(Article, 1).versions[0] for _ in range(2))
        assert first is again and first in {again}
        assert first != session.get(Article, 1).versions[1]


async def live_through(uri: str, manager: VersioningManager) -> None:
    engine = create_async_engine(uri)
    manager.attach(Base, SyncSession, engine)
    sessions = async_sessionmaker(engine, sync_session_class=SyncSession)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with sessions() as session:
            session.add(Article(id=1, title="a", section=Section(id=1, name="City")))
            await session.commit()
        async with sessions() as session:
            article: Any = await session.get(Article, 1)
            article.title = "b"
            await session.commit()
            found = await session.scalars(
                sa.select(THEN)
                .options(selectinload(THEN.section), joinedload(THEN.transaction))
                .order_by(THEN.transaction_id)
            )
            first, second = found.all()
            assert (first.title, second.title, second.section.name) == ("a", "b", "City")
            assert first.transaction.id < second.transaction.id
            assert await session.run_sync(lambda _: second.changeset) == {"title": ["a", "b"]}
            await session.run_sync(lambda _: first.revert())
            await session.commit()
        async with sessions() as session:
            article = await session.get(Article, 1)
            assert article.title == "a"
            count = await session.run_sync(lambda _: article.versions.count())
            assert count == 3
            await session.delete(article)
            await session.rollback()
            assert len((await session.scalars(sa.select(THEN))).all()) == 3
    finally:
        await engine.dispose()


@on("postgresql", "sqlite")
def test_async_sessions(database: Database, manager: VersioningManager) -> None:
    if database.kind == "sqlite":
        pytest.importorskip("aiosqlite")
        url = database.url.set(drivername="sqlite+aiosqlite")
    else:
        url = database.url  # psycopg speaks both
    asyncio.run(live_through(url.render_as_string(hide_password=False), manager))
