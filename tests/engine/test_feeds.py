"""``feed``: everything that is committed, in an order to go on from."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from flask_continuum import (
    BadCursor,
    FeedItem,
    HistoryWriteError,
    ImproperlyConfigured,
    Operation,
    deliver,
    feed,
    follow,
)
from flask_continuum.engine.dialects import settled
from tests.engine.newsroom import Newsroom
from tests.support.databases import async_url
from tests.support.marks import on
from tests.support.statements import statements


def write(newsroom: Newsroom, *names: str) -> None:
    for name in names:
        with newsroom.commit(reason=name) as session:
            session.add(newsroom.Section(name=name))


def reasons(items: Any) -> list[str]:
    return [item.transaction.reason for item in items]


@contextmanager
def in_flight(newsroom: Newsroom, reason: str) -> Iterator[Session]:
    """A transaction that has its id and is not committed before the block's end."""
    with newsroom.sessions() as session:
        session.add(newsroom.Section(name=reason))
        session.flush()
        newsroom.manager.unit_of_work(session).create_transaction(session).reason = reason
        session.flush()
        yield session
        session.commit()


def test_everything_comes_oldest_first_and_goes_on_from_a_cursor(newsroom: Newsroom) -> None:
    write(newsroom, "a", "b", "c")
    with newsroom.sessions() as session:
        first = feed(session, newsroom.manager, limit=2)
        assert reasons(first) == ["a", "b"]
        second = feed(session, newsroom.manager, limit=2, after=first.cursor)
        assert reasons(second) == ["c"]
        assert reasons(feed(session, newsroom.manager, after=first.items[0].cursor)) == ["b", "c"]
        end = feed(session, newsroom.manager, after=second.cursor)
        assert (end.items, end.cursor) == ((), second.cursor)
    write(newsroom, "d")
    with newsroom.sessions() as session:
        assert reasons(feed(session, newsroom.manager, after=end.cursor)) == ["d"]


def test_a_transaction_comes_with_its_changes(newsroom: Newsroom) -> None:
    Article, Tag = newsroom.Article, newsroom.Tag
    with newsroom.commit() as session:
        session.add(Article(id=1, title="old", tags=[Tag(id=1, name="t")]))
    with newsroom.commit(actor="ines") as session:
        article = session.get(Article, 1)
        article.title = "new"
        article.tags = []
        session.add(newsroom.Section(id=1, name="s"))
    with newsroom.sessions() as session:
        _, item = feed(session, newsroom.manager)
        assert item.transaction.actor == "ines"
        assert (item.rows, item.is_last) == ((item.transaction.id,), True)
        (change,) = item.entries[Article]
        assert ("title", "old", "new") in [(f.key, f.old, f.new) for f in change.fields]
        (links,) = change.links
        assert (links.relationship, [tag.id for tag in links.removed]) == ("tags", [1])
        (section,) = item.entries[newsroom.Section]
        assert section.operation is Operation.INSERT
        assert {type(each.version).__name__ for each in item} >= {
            "ArticleVersion",
            "SectionVersion",
        }
        only = feed(session, newsroom.manager, models=[newsroom.Section])
        assert [list(each.entries) for each in only] == [[newsroom.Section]]
        assert only.cursor == feed(session, newsroom.manager).cursor


def test_a_page_costs_the_same_whatever_its_length(newsroom: Newsroom) -> None:
    write(newsroom, *"abcdefgh")

    def cost(limit: int) -> int:
        with newsroom.sessions() as session, statements(newsroom.engine) as sent:
            assert len(feed(session, newsroom.manager, limit=limit)) == limit
        return len(sent)

    assert cost(8) == cost(1)


@on("postgresql", "mariadb")
def test_what_is_committed_later_under_a_smaller_id_is_not_missed(newsroom: Newsroom) -> None:
    write(newsroom, "before")
    with in_flight(newsroom, "slow"):
        write(newsroom, "fast")
        with newsroom.sessions() as session:
            page = feed(session, newsroom.manager, patience=0.05)
            assert "fast" not in reasons(page)
            before = reasons(page)
    with newsroom.sessions() as session:
        after = reasons(feed(session, newsroom.manager, after=page.cursor))
    assert before + after == ["before", "slow", "fast"]


@on("postgresql", "mariadb")
def test_what_is_rolled_back_holds_nothing_up(newsroom: Newsroom) -> None:
    with in_flight(newsroom, "lost") as session:
        write(newsroom, "kept")
        session.rollback()
    with newsroom.sessions() as session:
        assert reasons(feed(session, newsroom.manager)) == ["kept"]


@on("mariadb")
def test_mariadb_gives_what_is_before_the_first_one_in_flight(newsroom: Newsroom) -> None:
    write(newsroom, "a", "b")
    with in_flight(newsroom, "slow"):
        write(newsroom, "c")
        with newsroom.sessions() as session:
            assert reasons(feed(session, newsroom.manager)) == ["a", "b"]


@on("mariadb")
def test_mariadb_waits_for_a_gap_once(newsroom: Newsroom, monkeypatch: Any) -> None:
    """An id may be drawn whose row is not stored yet."""
    monkeypatch.setattr(settled, "GAP", 0.4)
    write(newsroom, "a")
    table = newsroom.manager.registry.transaction_class_for(newsroom.Section).__table__
    late = newsroom.engine.connect()
    newest = late.execute(sa.select(sa.func.max(table.c.id))).scalar_one()
    with newsroom.engine.begin() as connection:
        connection.execute(table.insert().values(id=newest + 2, reason="c"))
    late.rollback()

    def store() -> None:
        with newsroom.engine.begin() as connection:
            connection.execute(table.insert().values(id=newest + 1, reason="b"))

    timer = threading.Timer(0.1, store)
    timer.start()
    with newsroom.sessions() as session:
        assert reasons(feed(session, newsroom.manager)) == ["a", "b", "c"]
    timer.join()
    late.close()


@on("postgresql")
def test_postgresql_refuses_a_sequence_that_gives_out_blocks(newsroom: Newsroom) -> None:
    write(newsroom, "a")
    alter = "ALTER SEQUENCE transaction_id_seq CACHE {}"
    with newsroom.engine.begin() as connection:
        connection.execute(sa.text(alter.format(32)))
    try:
        with (
            newsroom.sessions() as session,
            pytest.raises(ImproperlyConfigured, match="CACHE 1"),
        ):
            feed(session, newsroom.manager)
    finally:
        with newsroom.engine.begin() as connection:
            connection.execute(sa.text(alter.format(1)))


@on("postgresql", "mariadb")
def test_a_snapshot_that_is_older_misses_nothing_either(newsroom: Newsroom) -> None:
    write(newsroom, "a")
    with newsroom.sessions() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        session.execute(sa.select(newsroom.Section)).all()
        write(newsroom, "b")
        page = feed(session, newsroom.manager)
        assert reasons(page) == ["a"]
        session.rollback()
        assert reasons(feed(session, newsroom.manager, after=page.cursor)) == ["b"]


def test_what_is_not_committed_is_refused(newsroom: Newsroom) -> None:
    with newsroom.sessions() as session:
        session.add(newsroom.Section(name="x"))
        session.flush()
        with pytest.raises(HistoryWriteError, match="Commit or roll back first"):
            feed(session, newsroom.manager)


@on("sqlite")
def test_cursors_of_other_lists_are_refused(newsroom: Newsroom) -> None:
    with newsroom.sessions() as session:
        for cursor in ("", "x", "bm9uc2Vuc2U"):
            with pytest.raises(BadCursor):
                feed(session, newsroom.manager, after=cursor)
        with pytest.raises(ValueError, match="at least one"):
            feed(session, newsroom.manager, limit=0)


def test_another_session_awaits_it(newsroom: Newsroom) -> None:
    write(newsroom, "a")

    async def read() -> list[str]:
        engine = create_async_engine(async_url(newsroom.engine.url))
        async with AsyncSession(engine) as session:
            found = reasons(await feed(session, newsroom.manager))
        await engine.dispose()
        return found

    assert asyncio.run(read()) == ["a"]


def test_what_could_not_be_handed_over_is_handed_over_again(newsroom: Newsroom) -> None:
    write(newsroom, *"abcde")
    taken: list[str] = []
    kept: list[str] = []

    def take(item: FeedItem) -> None:
        taken.append(item.transaction.reason)
        if len(taken) == 3:
            raise ConnectionError("gone")

    with newsroom.sessions() as session:
        with pytest.raises(ConnectionError):
            deliver(session, take, newsroom.manager, keep=kept.append, limit=2)
        done = deliver(session, take, newsroom.manager, after=kept[-1], keep=kept.append, limit=2)
    assert taken == list("abc") + list("cde")
    assert kept[-1] == done


def test_a_follower_is_told_when_to_stop(newsroom: Newsroom) -> None:
    write(newsroom, "a")
    looks: list[int] = []

    def stop() -> bool:
        looks.append(1)
        if len(looks) == 3:
            write(newsroom, "b")
        return len(looks) > 6

    with newsroom.sessions() as session:
        assert reasons(follow(session, newsroom.manager, every=0.01, stop=stop)) == ["a", "b"]
        assert reasons(follow(session, newsroom.manager, every=None)) == ["a", "b"]


@on("postgresql", "mariadb")
def test_one_that_was_overtaken_comes_in_parts_each_in_its_place(newsroom: Newsroom) -> None:
    Section = newsroom.Section
    with newsroom.commit(reason="begin") as session:
        session.add_all([Section(id=1, name="a"), Section(id=2, name="a")])
    with newsroom.sessions() as slow:
        newsroom.manager.unit_of_work(slow).create_transaction(slow)
        with newsroom.commit(reason="fast") as session:
            session.get(Section, 1).name = "b"
        for key in (1, 2):
            slow.get(Section, key).name = "c"
        slow.commit()
    with newsroom.sessions() as session:
        _, first, fast, second = feed(session, newsroom.manager)
    assert fast.transaction.reason == "fast"
    assert [[each.version.id for each in item] for item in (first, fast, second)] == [
        [2],
        [1],
        [1],
    ]
    assert first.rows == second.rows == (first.transaction.id, second.transaction.id)
    assert (first.is_last, second.is_last) == (False, True)
    assert first.transaction.uid == second.transaction.uid
