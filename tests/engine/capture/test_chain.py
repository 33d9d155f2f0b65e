"""P5: versions of a record follow each other in the order in which they were committed."""

from __future__ import annotations

import random
import threading
import time

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from tests.engine.invariants import rows
from tests.engine.newsroom import Newsroom
from tests.support.marks import on


@pytest.fixture
def both(newsroom: Newsroom) -> Newsroom:
    with newsroom.commit() as session:
        session.add_all([newsroom.Section(id=i, name=f"s{i}") for i in (1, 2)])
        session.add_all([newsroom.Article(id=1, title="a"), newsroom.Tag(id=1, name="t")])
    return newsroom


@on("postgresql", "mariadb")
@pytest.mark.parametrize("read", [False, True])
def test_the_transaction_that_began_first_commits_last(both: Newsroom, read: bool) -> None:
    """Also when it has read versions before, and so has drawn its id before the other."""
    with both.sessions() as first, both.sessions() as second:
        if both.engine.dialect.name == "mysql":
            first.connection(execution_options={"isolation_level": "READ COMMITTED"})
        slow = first.get(both.Section, 2)
        slow.name = "slow"
        first.flush()
        if read:
            assert slow.versions.count() == 2
        second.get(both.Section, 1).name = "quick"
        second.commit()
        first.get(both.Section, 1, populate_existing=True).name = "slow too"
        first.commit()
    table = both.registry_of(both.Section).table
    # of a transaction that triggers write under, the row was there before the other's
    quick, slow = (3, 4) if table.is_native else (2, 3)
    found = rows(both.engine, table)
    assert [(row[1], row[2:]) for row in found if row[0] == 1] == [
        ("s1", (1, quick, 0)),
        ("quick", (quick, slow, 1)),
        ("slow too", (slow, None, 1)),
    ]


@on("postgresql", "mariadb")
def test_link_rows_follow_commits_too(both: Newsroom) -> None:
    with both.sessions() as first, both.sessions() as second:
        if both.engine.dialect.name == "mysql":
            first.connection(execution_options={"isolation_level": "READ COMMITTED"})
        first.get(both.Section, 2).name = "slow"
        first.flush()
        theirs = second.get(both.Article, 1)
        theirs.tags.append(second.get(both.Tag, 1))
        second.commit()
        ours = first.get(both.Article, 1)
        ours.tags.clear()
        first.commit()
    link = both.manager.registry.link_table(both.article_tag)
    assert link is not None
    assert [row[2:] for row in rows(both.engine, link)] == [(1, 2, 0), (2, None, 2)]


def test_a_key_that_is_used_again_begins_another_life(both: Newsroom) -> None:
    for name in ("again", "and again"):
        with both.commit() as session:
            session.delete(session.get(both.Section, 1))
        with both.commit() as session:
            session.add(both.Section(id=1, name=name))
    found = rows(both.engine, both.registry_of(both.Section).table)
    assert [(row[1], row[4]) for row in found if row[0] == 1] == [
        ("s1", 0),
        ("s1", 2),
        ("again", 0),
        ("again", 2),
        ("and again", 0),
    ]


def test_a_changed_key_ends_one_chain_and_begins_another(both: Newsroom) -> None:
    with both.commit() as session:
        session.get(both.Section, 1).id = 50
    found = rows(both.engine, both.registry_of(both.Section).table)
    assert [row for row in found if row[0] in (1, 50)] == [
        (1, "s1", 1, 2, 0),
        (1, "s1", 2, None, 2),
        (50, "s1", 2, None, 0),
    ]


def test_many_writers_at_once(both: Newsroom) -> None:
    """Threads change the same few records, with savepoints, deletions, readers and rollbacks."""
    failures: list[BaseException] = []
    deadline = time.monotonic() + 20

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for number in range(15):
            if time.monotonic() > deadline:
                return
            try:
                one_transaction(chance, f"{seed}.{number}")
            except (
                OperationalError,
                sa.exc.IntegrityError,
                sa.exc.SAWarning,
                sa.orm.exc.StaleDataError,
            ):
                continue  # a conflict of the application's own statements
            except BaseException as error:
                failures.append(error)
                return

    def one_transaction(chance: random.Random, name: str) -> None:
        with both.sessions() as session:
            # in the order of keys, as applications avoid deadlocks of their own
            for key in sorted(chance.sample((1, 2, 3), 2)):
                section = session.get(both.Section, key, with_for_update=True)
                if section is None:
                    session.add(both.Section(id=key, name=name))
                elif chance.random() < 0.25:
                    session.delete(section)
                else:
                    section.name = name
                session.flush()
                if chance.random() < 0.3:
                    version = both.registry_of(both.Section).version_class
                    session.scalars(sa.select(version).where(version.id == key)).all()
                if chance.random() < 0.3:
                    savepoint = session.begin_nested()
                    tag = both.Tag(name=name + str(key))
                    session.add(tag)
                    session.flush()
                    if chance.random() < 0.5:
                        savepoint.rollback()
            if chance.random() < 0.1:
                session.rollback()
            else:
                session.commit()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
