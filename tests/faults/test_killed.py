"""P1 with processes that are killed while they commit: no transaction is half there."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.engine.invariants import check
from tests.engine.newsroom import Newsroom, build
from tests.faults.committing import KEYS
from tests.support.documents import ROOT

KILLINGS = 4
PATIENCE = 30


@pytest.fixture
def newsroom(newsroom_engine: sa.Engine) -> Iterator[Newsroom]:
    newsroom = build(newsroom_engine, kept=True)
    with newsroom.commit(reason="begin") as session:
        session.add_all(newsroom.Section(id=key, name="begin") for key in KEYS)
        session.add_all(newsroom.Tag(id=key, name=f"t{key}") for key in KEYS)
        session.add(newsroom.Article(id=1, title="begin"))
    yield newsroom
    newsroom.manager.detach()


@pytest.mark.parametrize("write", ["commit", "flush"])
def test_no_transaction_is_half_there(newsroom: Newsroom, write: str) -> None:
    chance = random.Random(write)
    told: list[str] = []
    for number in range(KILLINGS):
        told += _commit_until_killed(newsroom.engine, write, f"p{number}", chance.uniform(0, 0.3))
        wait_until_gone(newsroom.engine)
        check(newsroom.engine, newsroom.manager)
        _assert_whole(newsroom, told)
    assert len(told) >= 2 * KILLINGS


def _commit_until_killed(engine: sa.Engine, write: str, seed: str, after: float) -> list[str]:
    """Return the transactions that a process has told to be committed before it was killed."""
    url = engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.committing", url, write, seed],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = [process.stdout.readline(), process.stdout.readline()]  # it is at work now
    time.sleep(after)
    process.kill()
    rest, _ = process.communicate(timeout=PATIENCE)
    lines = [*first, *rest.splitlines(keepends=True)]
    return [line.strip() for line in lines if line.endswith("\n")]


OTHERS = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT count(*) FROM information_schema.processlist"
    " WHERE db = DATABASE() AND id <> connection_id()",
}


def wait_until_gone(engine: sa.Engine) -> None:
    """Wait until the server has noticed that its client is gone: a COMMIT may be under way."""
    if engine.dialect.name not in OTHERS:
        return
    engine.dispose()
    deadline = time.monotonic() + PATIENCE
    with engine.connect() as connection:
        while connection.scalar(sa.text(OTHERS[engine.dialect.name])):
            assert time.monotonic() < deadline, "the server does not let go of a killed client"
            connection.rollback()
            time.sleep(0.02)


def _assert_whole(newsroom: Newsroom, told: list[str]) -> None:
    """Assert that all that was told is there, and that each transaction is there in all tables."""
    section = newsroom.registry_of(newsroom.Section).table
    article = newsroom.registry_of(newsroom.Article).table
    place = newsroom.registry_of(newsroom.Place).table
    link = newsroom.manager.registry.link_table(newsroom.article_tag)
    assert link is not None
    (history,) = newsroom.manager.registry.history.values()
    transaction = history.transaction
    with newsroom.engine.connect() as connection:
        live = {
            *connection.scalars(sa.select(section.live.c.name)),
            *connection.scalars(sa.select(article.live.c.title)),
        }
        reasons = {
            row.id: row.reason
            for row in connection.execute(sa.select(transaction).order_by(transaction.c.id))
        }
        marks: dict[int, list[str]] = {}
        for table, column in ((section, "name"), (article, "title")):
            for row in connection.execute(sa.select(table.version)):
                mapping = row._mapping
                marks.setdefault(mapping[table.transaction_id], []).append(mapping[column])
        others = [
            sorted(connection.scalars(sa.select(table.transaction_id))) for table in (place, link)
        ]
    assert len(live) == 1, f"half of a transaction is live: {live}"
    assert live == {list(reasons.values())[-1]}
    assert set(told) <= set(reasons.values())
    assert {each: {reason} for each, reason in reasons.items()} == {
        each: set(found) for each, found in marks.items()
    }
    assert {len(found) for found in marks.values()} == {len(KEYS) + 1}
    later = sorted(reasons)[1:]
    assert others == [later, later]
