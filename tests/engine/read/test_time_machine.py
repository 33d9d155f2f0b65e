"""In the past, an application's own queries see what there was."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, aliased, joinedload, selectinload, sessionmaker

from flask_continuum import (
    ReadOnlyPast,
    VersioningManager,
    async_time_machine,
    time_machine,
)
from tests.engine import hierarchy
from tests.engine.newsroom import Newsroom
from tests.support.databases import async_url
from tests.support.marks import on


def write(newsroom: Newsroom) -> dict[str, int]:
    """Write three transactions and return their ids by name."""
    with newsroom.commit() as session:
        tags = [newsroom.Tag(id=n, name=f"t{n}") for n in (1, 2)]
        section = newsroom.Section(id=1, name="City")
        article = newsroom.Article(id=1, title="a", section=section, tags=tags, token="secret")
        article.comments = [newsroom.Comment(id=n, text=f"c{n}") for n in (1, 2)]
        session.add_all([article, newsroom.Article(id=2, title="z")])
    with newsroom.commit() as session:
        article = session.get(newsroom.Article, 1)
        article.title = "b"
        article.section.name = "Town"
        article.tags.pop()
        article.comments.pop()
        session.delete(session.get(newsroom.Article, 2))
    with newsroom.commit() as session:
        session.delete(session.get(newsroom.Article, 1))
    with newsroom.session() as session:
        first, second, third = newsroom.ids(session, newsroom.Article, 1)
    return {"first": first, "second": second, "third": third}


def seen(session: Any, newsroom: Newsroom, *options: Any) -> Any:
    """What the past holds of the articles and all around them."""
    statement = sa.select(newsroom.Article).order_by(newsroom.Article.id).options(*options)
    return [
        (
            each.title,
            each.section and each.section.name,
            sorted(tag.name for tag in each.tags),
            [comment.text for comment in each.comments],
        )
        for each in session.scalars(statement).unique()
    ]


FIRST = [("a", "City", ["t1", "t2"], ["c1", "c2"]), ("z", None, [], [])]
SECOND = [("b", "Town", ["t1"], ["c1"])]


def test_objects_and_relationships_are_as_they_were(newsroom: Newsroom) -> None:
    at = write(newsroom)
    article, tag = newsroom.Article, newsroom.Tag
    names = (article.section, article.tags, article.comments)
    for options in ((), map(selectinload, names), map(joinedload, names)):
        chosen = tuple(options)
        for when, expected in (("first", FIRST), ("second", SECOND), ("third", [])):
            with newsroom.session() as session, time_machine(session, at[when]) as past:
                assert seen(past, newsroom, *chosen) == expected
                assert not list(session)  # nothing of it is in the application's session
    with time_machine(newsroom.engine, at["first"]) as past:
        other = aliased(article)
        joined = sa.select(article.title, other.title).where(article.id < other.id)
        assert past.execute(joined).all() == [("a", "z")]
        assert past.get(article, 2).title == "z"
        assert past.get(article, 1).token is None  # what is not recorded is not known
        assert past.query(article).count() == 2
        assert past.scalar(sa.select(sa.func.count()).select_from(newsroom.article_tag)) == 2
        by_tag = sa.select(article.title).join(article.tags).where(tag.name == "t2")
        assert past.scalars(by_tag).all() == ["a"]
        assert past.scalars(sa.select(article.title).where(article.tags.any())).all() == ["a"]
        names_of_tags = sa.select(tag.__table__.c.name).order_by(tag.__table__.c.name.desc())
        assert past.execute(names_of_tags.limit(1)).all() == [("t2",)]
    with newsroom.session() as session:
        assert session.scalars(sa.select(tag.name).order_by(tag.id)).all() == ["t1", "t2"]


def test_a_moment_is_the_last_transaction_issued_by_then(newsroom: Newsroom) -> None:
    at = write(newsroom)
    with newsroom.session() as session:
        transaction = newsroom.manager.registry.transaction_class_for(newsroom.Article)
        rows = {row.id: row for row in session.scalars(sa.select(transaction))}
        second = rows[at["second"]]
        moments = [second.issued_at, second.issued_at.replace(tzinfo=UTC), second, second.uid]
        for when in [*moments, str(second.id)]:
            with time_machine(session, when) as past:
                assert seen(past, newsroom) == SECOND
        with time_machine(session, second.issued_at - timedelta(days=1)) as past:
            assert seen(past, newsroom) == []
        with time_machine(session, datetime.max) as past:
            assert past.scalars(sa.select(newsroom.Section.name)).all() == ["Town"]
        with pytest.raises(TypeError, match=r"not 1\.5"), time_machine(session, 1.5) as past:
            past.get(newsroom.Article, 1)


def test_the_past_cannot_be_written_and_does_not_disturb(newsroom: Newsroom) -> None:
    at = write(newsroom)
    with newsroom.session() as session:
        session.add(newsroom.Section(id=2, name="pending"))
        session.flush()
        with time_machine(session, at["first"]) as past:
            article = past.get(newsroom.Article, 1)
            article.title = "changed"
            with pytest.raises(ReadOnlyPast, match="Article was changed in the past"):
                past.commit()
            past.expire(article)
            assert article.title == "a"
            for statement in (sa.delete(newsroom.Tag), sa.text("SELECT 1")):
                with pytest.raises(ReadOnlyPast, match="read with select"):
                    past.execute(statement)
            past.rollback()
            with pytest.raises(ReadOnlyPast, match=r"'user_account' has no history.*live"):
                past.scalars(sa.select(newsroom.User)).all()
        with time_machine(session, at["first"], unversioned="live") as past:
            assert past.scalars(sa.select(newsroom.User)).all() == []
            assert past.scalars(sa.select(newsroom.Section.name)).all() == ["City"]
        session.commit()  # what was pending is there, with its version
        assert session.get(newsroom.Section, 2).versions.count() == 1
    with pytest.raises(ValueError, match="'refuse' or 'live'"):
        time_machine(newsroom.engine, 1, unversioned="now").__enter__()  # type: ignore[arg-type]


def test_hierarchies_are_loaded_as_their_classes(engine: sa.Engine) -> None:
    models = hierarchy.build(engine)
    try:
        with models.sessions() as session:
            top = models.Article(id=1, title="a", body="text")
            session.add_all([top, models.Note(id=2, title="n", stars=3, parent=top)])
            session.commit()
            top.title, top.body = "b", "other"
            session.commit()
            first, _ = (version.transaction_id for version in top.versions)
            with time_machine(session, first) as past:
                found = past.scalars(sa.select(models.Item).order_by(models.Item.id)).all()
                assert [type(each) for each in found] == [models.Article, models.Note]
                assert (found[0].title, found[0].body, found[1].stars) == ("a", "text", 3)
                assert found[1].parent is found[0] and found[0].children == [found[1]]
                assert past.get(models.Article, 1).body == "text"
    finally:
        models.manager.detach()


def test_async_sessions_travel_too(newsroom: Newsroom) -> None:
    at = write(newsroom)
    asyncio.run(travel(newsroom, async_url(newsroom.engine.url), at["first"]))


async def travel(newsroom: Newsroom, url: sa.URL, at: int) -> None:
    engine = create_async_engine(url)
    article = newsroom.Article
    loaded = (article.section, article.tags, article.comments)
    statement = sa.select(article).options(*map(selectinload, loaded)).order_by(article.id)
    try:
        async with AsyncSession(engine) as session:
            for source in (session, engine):
                async with async_time_machine(source, at) as past:
                    first, second = (await past.scalars(statement)).all()
                    assert (first.title, first.section.name) == ("a", "City")
                    assert len(first.tags) == len(first.comments) == 2
                    assert second.title == "z"
                    assert await past.run_sync(lambda s: seen(s, newsroom)) == FIRST
            assert await session.get(article, 1) is None
    finally:
        await engine.dispose()


@on("sqlite")
def test_one_name_in_two_schemas_is_one_too_many(engine: sa.Engine) -> None:
    """An error of the database, and no wrong answer."""

    class Base(DeclarativeBase):
        pass

    @sa.event.listens_for(engine, "connect")
    def attach(connection: Any, record: Any) -> None:
        connection.execute("ATTACH ':memory:' AS other")

    class Here(Base):
        __tablename__ = "thing"
        __versioned__: Any = {}
        id = sa.Column(sa.Integer, primary_key=True)

    class There(Base):
        __tablename__ = "thing"
        __versioned__: Any = {}
        __table_args__ = {"schema": "other"}
        id = sa.Column(sa.Integer, primary_key=True)

    manager, sessions = VersioningManager(user_cls=None), sessionmaker(engine)
    manager.attach(Base, sessions, engine)
    with engine.connect() as connection:
        Base.metadata.create_all(connection)
        with sessions(bind=connection) as session:
            session.add_all([Here(id=1), There(id=1)])
            session.commit()
            with time_machine(session, 1) as past:
                assert past.scalars(sa.select(There)).one().id == 1
                both = sa.select(Here.id, There.id).join(There, Here.id == There.id)
                with pytest.raises(sa.exc.OperationalError, match="no such column"):
                    past.execute(both)
    manager.detach()
