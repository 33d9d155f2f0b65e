"""``timeline``: of a record, a model, a user, everything; and all reading with asyncio."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import scoped_session

from flask_continuum import (
    ImproperlyConfigured,
    blame,
    changes,
    changes_of,
    history_of_field,
    timeline,
)
from flask_continuum.engine.operation import Operation
from tests.engine.newsroom import Newsroom, build
from tests.support.databases import Database
from tests.support.statements import statements


def write(newsroom: Newsroom) -> None:
    with newsroom.commit() as session:
        session.add_all([newsroom.User(id=n, name=f"u{n}") for n in (1, 2)])
    with newsroom.commit(user_id=1) as session:
        session.add(newsroom.Article(id=1, title="one", words=1))
        session.add(newsroom.Section(id=1, name="City"))
    with newsroom.commit(user_id=2, kind="revert") as session:
        session.get(newsroom.Article, 1).title = "two"
    with newsroom.commit(actor="nightly", reason="clean up") as session:
        session.get(newsroom.Article, 1).words = None
    with newsroom.commit(user_id=1) as session:
        session.get(newsroom.Section, 1).name = "Town"


def test_of_a_record(newsroom: Newsroom) -> None:
    write(newsroom)
    with newsroom.session() as session:
        article = session.get(newsroom.Article, 1)

        def found(**wanted: Any) -> list[str]:
            page = timeline(session, article, **wanted)
            return [" ".join(change.key for change in each.fields) for each in page]

        assert found() == ["words revision", "title revision", "id title words revision"]
        assert found(field="title") == ["title revision", "id title words revision"]
        assert found(user=2) == found(kind="revert") == ["title revision"]
        assert found(user=session.get(newsroom.User, 2)) == ["title revision"]
        assert found(actor="nightly") == ["words revision"]
        assert found(kind="") == ["words revision", "id title words revision"]
        assert found(operation=Operation.INSERT) == ["id title words revision"]
        second = timeline(session, article).items[1].transaction.issued_at
        assert len(found(since=second)) == len(found(since=second.replace(tzinfo=UTC))) == 2
        assert found(until=second) == found(since=second - timedelta(1), until=second)
        assert len(found(until=second)) == 1
        pages, cursor = [], None
        while True:
            page = timeline(session, (newsroom.Article, 1), limit=1, cursor=cursor)
            pages += [each.transaction.id for each in page]
            cursor = page.older
            if cursor is None:
                break
        assert pages == [each.transaction.id for each in timeline(session, article.versions[0])]
        with pytest.raises(TypeError, match=r"timeline\(session, model=Article\)"):
            timeline(session, newsroom.Article)
        with pytest.raises(TypeError, match="unexpected keyword argument 'model'"):
            timeline(session, article, model=newsroom.Article)  # type: ignore[call-overload]


def test_of_a_model_a_user_and_everything(newsroom: Newsroom) -> None:
    write(newsroom)
    with newsroom.session() as session:
        manager = newsroom.manager

        def found(**wanted: Any) -> list[list[str]]:
            page = timeline(session, **wanted)
            return [sorted(model.__name__ for model in each.counts) for each in page]

        assert found(manager=manager) == [
            ["Section"],
            ["Article"],
            ["Article"],
            ["Article", "Section"],
        ]
        assert found(model=newsroom.Article) == [["Article"], ["Article"], ["Article", "Section"]]
        user = session.get(newsroom.User, 1)
        assert found(user=user, manager=manager) == [["Section"], ["Article", "Section"]]
        assert found(model=newsroom.Article, user=1) == [["Article", "Section"]]
        assert found(model=newsroom.Article, field="words", operation=1) == [["Article"]]
        assert found(manager=manager, text="clean") == [["Article"]]
        first = timeline(session, manager=manager, limit=3)
        second = timeline(session, manager=manager, limit=3, cursor=first.older)
        assert (len(first), len(second), second.older) == (3, 1, None)
        back = timeline(session, manager=manager, limit=3, cursor=second.newer)
        assert [each.transaction for each in back] == [each.transaction for each in first]
        with statements(newsroom.engine) as sent:
            timeline(session, manager=manager)
        assert len(sent) <= 6, sent
        with pytest.raises(ValueError, match="not in the database yet"):
            timeline(session, user=newsroom.User(), manager=manager)


def test_whose_history_is_said_where_it_is_not_known(newsroom: Newsroom) -> None:
    with newsroom.session() as session, pytest.raises(ImproperlyConfigured, match="to be named"):
        timeline(session, user=1)


def read_all(session: Any, newsroom: Newsroom) -> list[Any]:
    """All ways to read, by a session of either kind."""
    record = (newsroom.Article, 1)
    return [
        timeline(session, record),
        timeline(session, model=newsroom.Article),
        blame(session, record),
        history_of_field(session, record, "title"),
        changes(session, record, since=1, until=2),
        changes_of(session, [record], since=1),
    ]


def shape(found: list[Any]) -> list[Any]:
    record, model, fields, values, change, many = found
    return [
        [each.transaction.id for each in record],
        [each.transaction.id for each in model],
        {name: each.transaction and each.transaction.user for name, each in fields.items()},
        [(each.value, each.transaction.id) for each in values],
        [(each.key, each.new) for each in change.fields],
        len(many),
    ]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_sessions_of_all_kinds_read_the_same(kind: str, sources: Any, tmp_path: Any) -> None:
    with sources.of(kind).database(tmp_path) as database:
        newsroom = build(database.create_engine())
        try:
            with newsroom.commit() as session:
                session.add(newsroom.Article(id=1, title="a"))
            with newsroom.commit() as session:
                session.get(newsroom.Article, 1).title = "b"
            with newsroom.session() as session:
                expected = shape(read_all(session, newsroom))
            scoped = scoped_session(newsroom.sessions)
            assert shape(read_all(scoped, newsroom)) == expected
            scoped.remove()
            assert asyncio.run(awaited(newsroom, database)) == [expected, expected]
        finally:
            newsroom.manager.detach()


async def awaited(newsroom: Newsroom, database: Database) -> list[Any]:
    engine = create_async_engine(database.uri.replace("sqlite:", "sqlite+aiosqlite:"))
    makes = async_sessionmaker(engine)
    scoped = async_scoped_session(makes, scopefunc=asyncio.current_task)
    found = []
    try:
        async with AsyncSession(engine) as session:
            found.append(shape([await each for each in read_all(session, newsroom)]))
        found.append(shape([await each for each in read_all(scoped, newsroom)]))
        await scoped.remove()
        assert await scoped.scalar(sa.select(1)) == 1
        await scoped.remove()
    finally:
        await engine.dispose()
    return found
