"""The feed under torture: writers dawdle before their commits, a follower must see every one."""

from __future__ import annotations

import os
import random
import threading
import time
from typing import Any

import sqlalchemy as sa

from flask_continuum import FeedItem, follow
from flask_continuum.engine.dialects import settled
from tests.engine.newsroom import Newsroom, build
from tests.support.databases import Database
from tests.support.marks import on
from tests.torture.writers import engine_for

SECONDS = float(os.environ.get("CONTINUUM_TEST_TORTURE", "1.5"))
KEYS = (1, 2, 3)


class Writer(threading.Thread):
    """Writes into few records, each time what it has replaced too: so their order can be told."""

    def __init__(self, newsroom: Newsroom, seed: str, until: float) -> None:
        super().__init__()
        self.newsroom, self.seed, self.until = newsroom, seed, until
        self.chance = random.Random(seed)
        self.committed = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            number = 0
            while time.monotonic() < self.until:
                number += 1
                self._transaction(f"{self.seed}{number}")
        except BaseException as error:
            self.error = error

    def _transaction(self, name: str) -> None:
        chance, Section = self.chance, self.newsroom.Section
        with self.newsroom.sessions() as session:
            if chance.random() < 0.3:  # its id is older than others that are committed before
                self.newsroom.manager.unit_of_work(session).create_transaction(session)
                time.sleep(chance.random() * 0.03)
            for key in sorted(chance.sample(KEYS, chance.randint(1, 2))):
                row = session.get_one(Section, key, with_for_update=True)
                row.name = f"{name}<{row.name.partition('<')[0]}"
            session.flush()
            if chance.random() < 0.5:
                time.sleep(chance.random() * 0.02)
            if chance.random() < 0.2:
                session.rollback()
            else:
                session.commit()
                self.committed += 1


@on("postgresql", "mariadb")
def test_a_follower_sees_everything_in_the_order_of_each_record(
    database: Database, monkeypatch: Any
) -> None:
    monkeypatch.setattr(settled, "GAP", 0.2)
    newsroom = build(engine_for(database.url, "READ COMMITTED"))
    with newsroom.commit() as session:
        session.add_all(newsroom.Section(id=key, name="begin") for key in KEYS)
    until = time.monotonic() + SECONDS
    writers = [Writer(newsroom, seed, until) for seed in "abcdef"]
    seen: list[int] = []
    state: dict[int, str] = {}

    def replay(item: FeedItem) -> None:
        seen.append(item.transaction.id)
        for entry in item.entries.get(newsroom.Section, ()):
            new, _, old = entry.version.name.partition("<")
            assert state.get(entry.version.id, "") == old, "a change of this record is missing"
            state[entry.version.id] = new

    for writer in writers:
        writer.start()
    with newsroom.sessions() as session:
        stop = lambda: not any(each.is_alive() for each in writers)  # noqa: E731
        cursor = None
        during = 0
        for item in follow(session, newsroom.manager, every=0.005, stop=stop, limit=7):
            replay(item)
            cursor, during = item.cursor, during + 1
        for item in follow(session, newsroom.manager, after=cursor, every=None):
            replay(item)
    for writer in writers:
        writer.join()
    assert [each.error for each in writers if each.error] == []
    transaction = newsroom.manager.registry.transaction_class_for(newsroom.Section)
    with newsroom.sessions() as session:
        assert seen == list(session.scalars(sa.select(transaction.id).order_by(transaction.id)))
        now = session.execute(sa.select(newsroom.Section.id, newsroom.Section.name))
        assert state == {key: name.partition("<")[0] for key, name in now}
    print(f"\n  {database.kind}: {during} of {len(seen)} while they wrote")
    assert during > len(writers)
    newsroom.engine.dispose()
