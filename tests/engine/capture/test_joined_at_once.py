"""P5 with joined inheritance: writers of one record wait for each other, whichever table it is."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.engine.capture.shop import since
from tests.support.marks import on

WHILE = 0.1
"""Seconds that somebody waits for who should be waiting, too."""

Write = Callable[..., None]


def root(shop: Any, session: Session, key: int, value: str = "x") -> None:
    session.get(shop.Article, key).title = value
    session.flush()


def part(shop: Any, session: Session, key: int, value: str = "x") -> None:
    session.get(shop.Article, key).body = value
    session.flush()


def root_by_statement(shop: Any, session: Session, key: int, value: str = "x") -> None:
    item = shop.tables[0]
    session.execute(item.update().where(item.c.id == key).values(title=value))


def part_by_key(shop: Any, session: Session, key: int, value: str = "x") -> None:
    article = shop.tables[1]
    session.execute(article.update().where(article.c.id == key).values(body=value))


def part_by_criteria(shop: Any, session: Session, key: int, value: str = "x") -> None:
    article = shop.tables[1]
    session.execute(article.update().where(article.c.id.between(key, key)).values(body=value))


class Turns:
    """Two transactions of which the second does all it can while the first one commits."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop
        self.failures: list[BaseException] = []
        self.written = threading.Event()
        self.done = threading.Event()

    def play(self, first: Write, second: Write) -> list[BaseException]:
        threads = [
            threading.Thread(target=self._run, args=(self._first, first)),
            threading.Thread(target=self._run, args=(self._second, second)),
        ]
        sa.event.listen(self.shop.engine, "commit", self._hold)
        try:
            for thread in threads:
                thread.start()
                self.written.wait(WHILE)
            for thread in threads:
                thread.join()
        finally:
            sa.event.remove(self.shop.engine, "commit", self._hold)
        return self.failures

    def _run(self, turn: Callable[[Write], None], write: Write) -> None:
        try:
            turn(write)
        except BaseException as error:
            self.failures.append(error)

    def _first(self, write: Write) -> None:
        with self.shop.sessions() as session:
            write(self.shop, session, 2)
            session.connection().info["first"] = True
            self.written.set()
            self.done.wait(WHILE)  # the second one writes, or waits
            session.commit()

    def _second(self, write: Write) -> None:
        with self.shop.sessions() as session:
            write(self.shop, session, 2)
            self.done.set()
            session.commit()

    def _hold(self, connection: sa.Connection) -> None:
        """Wait between the first one's versions and its COMMIT."""
        if connection.info.pop("first", False):
            self.done.clear()
            self.done.wait(WHILE)


@on("postgresql", "mariadb")
@pytest.mark.parametrize("first", ["root", "part"])
@pytest.mark.parametrize(
    ("in_root", "in_part"),
    [(root, part), (root, part_by_key), (root_by_statement, part_by_criteria)],
)
def test_one_record_by_two_tables(shop: Any, first: str, in_root: Write, in_part: Write) -> None:
    order = (in_root, in_part) if first == "root" else (in_part, in_root)
    assert Turns(shop).play(*order) == []
    found = since(shop)
    assert found["item"][-1][:3] == (2, "article", "x")
    assert [row[-2] for row in found["item"]] == [2, 3]
    assert [row[-2] for row in found["article"]] == [2, 3]
    assert found["article"][-1][:2] == (2, "x")


@on("postgresql", "mariadb")
def test_writers_in_one_order_never_meet_a_deadlock(shop: Any) -> None:
    """Each writes records in the order of their keys, and any of their tables."""
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(8):
                with shop.sessions() as session:
                    if chance.random() < 0.5:
                        for key in sorted(chance.sample((2, 3, 4), 2)):
                            write = chance.choice((root, part, root_by_statement, part_by_key))
                            write(shop, session, key, f"{seed}{chance.random()}")
                    else:  # in one flush, whose updates of the root come first
                        for article in session.query(shop.Article):
                            name = chance.choice(("title", "body"))
                            setattr(article, name, f"{seed}{chance.random()}")
                    session.commit()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
