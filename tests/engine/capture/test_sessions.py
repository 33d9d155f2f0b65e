"""Every kind of session: what it writes is captured, read there, and taken back there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
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

from flask_continuum.engine import read
from flask_continuum.engine.revert import plan_revert, plan_undo
from tests.engine.newsroom import Newsroom
from tests.support.databases import async_url


def write_read_and_revert(newsroom: Newsroom, session: Any, key: int) -> None:
    """A record's life in one session, in four transactions; the second is taken back."""
    model = newsroom.Section
    session.add(model(id=key, name="a"))
    session.commit()
    session.get(model, key).name = "b"
    session.commit()
    session.execute(sa.update(model).where(model.id == key).values(name="c"))
    session.commit()
    first, second, third = read.versions_of(session, model, (key,))
    assert [each.name for each in (first, second, third)] == ["a", "b", "c"]
    assert third.changeset == {"name": ["b", "c"]} and third.previous is second
    plan_revert(session, first).apply(session)
    session.commit()
    assert session.get(model, key).name == "a"
    newest = read.versions_of(session, model, (key,))[-1]
    plan_undo(session, newest.transaction).apply(session)
    session.commit()
    assert session.get(model, key).name == "c"


LIFE = ["a", "b", "c", "a", "c"]


def names(newsroom: Newsroom, key: int = 1) -> list[str]:
    with newsroom.sessions() as session:
        return [each.name for each in read.versions_of(session, newsroom.Section, (key,))]


def in_asyncio(newsroom: Newsroom, work: Callable[[Any], Awaitable[None]]) -> None:
    """Run something with a factory of asynchronous sessions that the manager listens to."""

    async def run() -> None:
        engine = create_async_engine(async_url(newsroom.engine.url))
        try:
            await work(async_sessionmaker(engine, sync_session_class=newsroom.sessions.class_))
        finally:
            await engine.dispose()

    asyncio.run(run())


def test_async_sessions(newsroom: Newsroom) -> None:
    """With their own methods, and with functions that take a session, by ``run_sync``."""
    model = newsroom.Section

    async def work(sessions: Any) -> None:
        async with sessions() as session:
            await session.run_sync(lambda sync: write_read_and_revert(newsroom, sync, 1))
        async with sessions.begin() as session:
            session.add(model(id=2, name="x"))
            async with session.begin_nested() as savepoint:
                (await session.get(model, 1)).name = "lost"
                await savepoint.rollback()
        async with sessions() as session:
            await session.execute(sa.insert(model), [{"id": 3, "name": "y"}])
            await session.rollback()
            await session.execute(sa.delete(model).where(model.id == 2))
            await session.commit()
            version = newsroom.registry_of(model).version_class
            gone = sa.select(version).where(version.id == 2).order_by(version.transaction_id)
            inserted, deleted = (await session.scalars(gone)).all()
            assert (inserted.operation_type, deleted.operation_type) == (0, 2)
            await session.run_sync(lambda _: inserted.revert())
            await session.commit()
            assert (await session.get(model, 2)).name == "x"

    in_asyncio(newsroom, work)
    assert names(newsroom) == LIFE
    assert names(newsroom, 2) == ["x", "x", "x"] and names(newsroom, 3) == []


@pytest.mark.orm_only(on="mariadb", reason="what triggers lock may have writers at once retry")
def test_async_tasks_with_scoped_sessions(newsroom: Newsroom) -> None:
    """Tasks come in between each other at every await."""

    async def work(sessions: Any) -> None:
        scope = async_scoped_session(sessions, asyncio.current_task)

        async def life(key: int) -> None:
            session: AsyncSession = scope()
            await session.run_sync(lambda sync: write_read_and_revert(newsroom, sync, key))
            await scope.remove()

        await asyncio.gather(*map(life, (1, 2, 3)))

    if newsroom.engine.dialect.name == "sqlite":
        in_asyncio(newsroom, lambda sessions: one_after_the_other(newsroom, sessions))
    else:
        in_asyncio(newsroom, work)
    for key in (1, 2, 3):
        assert names(newsroom, key) == LIFE


async def one_after_the_other(newsroom: Newsroom, sessions: Any) -> None:
    """SQLite has one writer: an event loop that waits for its lock would wait for itself."""
    scope = async_scoped_session(sessions, asyncio.current_task)
    for key in (1, 2, 3):
        await scope().run_sync(lambda sync, key=key: write_read_and_revert(newsroom, sync, key))
        await scope.remove()


@pytest.mark.orm_only(on="mariadb", reason="what triggers lock may have writers at once retry")
def test_threads_with_a_scoped_session(newsroom: Newsroom) -> None:
    """Each thread has its own session, and they go on as they please."""
    scope = scoped_session(newsroom.sessions)
    failures: list[BaseException] = []
    start = threading.Barrier(3)

    def work(key: int) -> None:
        try:
            start.wait()
            write_read_and_revert(newsroom, scope, key)
        except BaseException as error:
            failures.append(error)
        finally:
            scope.remove()

    threads = [threading.Thread(target=work, args=(key,)) for key in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for key in (1, 2, 3):
        assert names(newsroom, key) == LIFE


def can_prepare(newsroom: Newsroom) -> bool:
    """Whether the server takes part: PostgreSQL prepares nothing unless it is configured."""
    with newsroom.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            return bool(connection.scalar(sa.text("SHOW max_prepared_transactions")) != "0")
        return connection.dialect.name != "sqlite"


def test_two_phase_sessions(newsroom: Newsroom) -> None:
    model = newsroom.Section
    with newsroom.sessions(twophase=True) as session:
        if not can_prepare(newsroom):
            session.add(model(id=1, name="a"))
            with pytest.raises((sa.exc.DBAPIError, NotImplementedError)):
                session.commit()
            session.rollback()
            assert names(newsroom) == []
            return
        write_read_and_revert(newsroom, session, 1)
        session.get(model, 1).name = "prepared"
        session.prepare()
        session.commit()
        session.get(model, 1).name = "lost"
        session.prepare()
        session.rollback()
        assert session.get(model, 1).name == "prepared"
        session.get(model, 1).name = "after"
        session.commit()
    assert names(newsroom) == [*LIFE, "prepared", "after"]


@pytest.mark.parametrize("ending", ["commit", "rollback"])
@pytest.mark.parametrize("prepared", [True, False])
def test_two_phase_connections(newsroom: Newsroom, prepared: bool, ending: str) -> None:
    """Prepared or not, committed or rolled back; then the same connection is used again."""
    model = newsroom.Section
    if newsroom.engine.dialect.name == "sqlite" or (prepared and not can_prepare(newsroom)):
        return
    with newsroom.engine.connect() as connection:
        transaction = connection.begin_twophase()
        connection.execute(sa.insert(model), [{"id": 1, "name": "core"}])
        if prepared:
            transaction.prepare()
        getattr(transaction, ending)()
        connection.execute(sa.insert(model), [{"id": 2, "name": "again"}])
        connection.commit()
    assert names(newsroom) == (["core"] if ending == "commit" else [])
    assert names(newsroom, 2) == ["again"]
    if ending == "commit":
        with newsroom.commit() as session:
            (version,) = read.versions_of(session, model, (1,))
            plan_undo(session, version.transaction).apply(session)
        assert names(newsroom) == ["core", "core"]
