"""Writers that fight for the same few records.

Run as ``python -m tests.torture.writers URL ISOLATION WRITE SEED SECONDS`` it is one process of
them, which prints what it has come to.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SAWarning, SQLAlchemyError
from sqlalchemy.orm import Session, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from flask_continuum.engine.errors import HistoryWriteError
from tests.engine.newsroom import Newsroom, build

KEYS = (1, 2, 3, 4)
LINES = 60
"""Rows that statements write many of at once."""
WAIT = 5
"""Seconds that a statement waits for a lock."""


@dataclass
class Score:
    """What a writer has come to.

    :ivar conflicts: how often a transaction failed, by whose statement it was and how.
    """

    committed: int = 0
    rolled_back: int = 0
    conflicts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        self.committed += other.committed
        self.rolled_back += other.rolled_back
        self.conflicts += other.conflicts
        self.failures += other.failures

    @property
    def ours(self) -> int:
        """How many transactions have failed at a statement of history."""
        return sum(n for name, n in self.conflicts.items() if name.startswith("history"))

    def __str__(self) -> str:
        conflicts = ", ".join(f"{name}: {n}" for name, n in sorted(self.conflicts.items()))
        return f"{self.committed} committed, {self.rolled_back} rolled back; {conflicts or 'none'}"


@dataclass
class Torture:
    """What there is to fight about.

    :ivar Item: the root of records of two tables.
    :ivar Report: the class of such a record.
    :ivar Line: what statements write many of.
    """

    newsroom: Newsroom
    Item: Any
    Report: Any
    Line: Any


def prepare(engine: sa.Engine, write: str) -> Torture:
    """Make models and tables, where these are not there yet.

    :param write: when versions are written; ``native`` has triggers do it.
    """
    native = write == "native"
    newsroom = build(engine, options={"native_versioning": native})
    newsroom.manager.write = "commit" if native else write

    class Item(newsroom.base):  # type: ignore[misc, name-defined]
        __tablename__ = "item"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        kind = mapped_column(sa.String(10))
        title = mapped_column(sa.String(50))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "item"}

    class Report(Item):
        __tablename__ = "report"
        id = mapped_column(sa.ForeignKey("item.id"), primary_key=True)
        text = mapped_column(sa.String(50))
        __mapper_args__ = {"polymorphic_identity": "report"}

    class Line(newsroom.base):  # type: ignore[misc, name-defined]
        __tablename__ = "line"
        __versioned__ = {}
        id = mapped_column(sa.Integer, primary_key=True)
        text = mapped_column(sa.String(50))

    newsroom.base.metadata.create_all(engine)
    return Torture(newsroom, Item, Report, Line)


def furnish(torture: Torture) -> None:
    """Write what the writers find."""
    newsroom = torture.newsroom
    with newsroom.commit() as session:
        session.add_all(newsroom.Section(id=key, name="begin") for key in KEYS)
        session.add_all(newsroom.Tag(id=key, name=f"t{key}") for key in KEYS)
        session.add(newsroom.Article(id=1, title="a"))
        session.add_all(torture.Report(id=key, title="begin", text="begin") for key in KEYS)
        session.add_all(torture.Line(id=key, text="begin") for key in range(1, LINES + 1))


def engine_for(url: sa.URL | str, isolation: str) -> sa.Engine:
    """Return an engine that waits for locks with patience, and not for ever."""
    name = sa.make_url(url).get_backend_name()
    options: dict[str, object] = {
        "sqlite": {"timeout": WAIT},
        # the default of a second is how long each deadlock would last
        "postgresql": {"options": f"-c lock_timeout={WAIT}s -c deadlock_timeout=20ms"},
        "mysql": {"init_command": f"SET SESSION innodb_lock_wait_timeout = {WAIT}"},
    }
    return sa.create_engine(
        url, isolation_level=isolation, connect_args=options[name], pool_size=10
    )


class Writer:
    """Commits random transactions until its time is over.

    :param orderly: whether records are locked in the order of their keys, as applications do that
        know of deadlocks; else in any order.
    """

    def __init__(self, torture: Torture, seed: str, *, orderly: bool) -> None:
        self.torture = torture
        self.newsroom = torture.newsroom
        self.chance = random.Random(seed)
        self.seed = seed
        self.orderly = orderly
        self.score = Score()

    def run(self, seconds: float) -> Score:
        """Write until the seconds are over; an error that is no conflict ends it."""
        end = time.monotonic() + seconds
        number = 0
        while time.monotonic() < end:
            number += 1
            try:
                self._transaction(f"{self.seed}.{number}")
            except (SQLAlchemyError, SAWarning, HistoryWriteError) as error:
                self._note(error)
            except Exception:
                self.score.failures.append(traceback.format_exc())
                break
        return self.score

    def _note(self, error: Exception) -> None:
        statement = (getattr(error, "statement", None) or "").lower()
        whose = "application"
        if "_version" in statement or "transaction" in statement:
            whose = "history"
        how = type(error).__name__
        match error:
            case DBAPIError():
                how += f" {getattr(error.orig, 'sqlstate', None) or error.orig.args[0]}"
            case HistoryWriteError() if "came in between" in str(error):
                how = "refused"
            case StaleDataError() | SAWarning():
                pass  # somebody else has deleted it
            case _:
                self.score.failures.append(f"{how}: {error}")
        self.score.conflicts[f"{whose} {how}"] += 1

    def _transaction(self, name: str) -> None:
        chance = self.chance
        keys = chance.sample(KEYS, chance.randint(1, 3))
        if self.orderly:
            keys.sort()
        with self.newsroom.sessions() as session:
            for key in keys:
                self._write_section(session, key, name)
                self._pause()
            if chance.random() < 0.4:
                self._write_report(session, keys[0], name)
            if chance.random() < 0.3:
                self._write_lines(session, name)
            if chance.random() < 0.4:
                self._write_links(session, keys)
            if chance.random() < 0.3:
                self._write_in_a_savepoint(session, keys[-1], name)
            if chance.random() < 0.3:
                self._read(session)
            if chance.random() < 0.1:
                session.rollback()
                self.score.rolled_back += 1
            else:
                session.commit()
                self.score.committed += 1

    def _write_section(self, session: Session, key: int, name: str) -> None:
        model = self.newsroom.Section
        if self.chance.random() < 0.25:
            session.execute(sa.update(model).where(model.id == key).values(name=name))
            return
        section = session.get(model, key, with_for_update=True)
        if section is None:
            session.add(model(id=key, name=name))
        elif self.chance.random() < 0.2:
            session.delete(section)
        else:
            section.name = name
        session.flush()

    def _write_report(self, session: Session, key: int, name: str) -> None:
        """Write a record of two tables: in one of them, in both, or all of it."""
        model, chance = self.torture.Report, self.chance.random()
        # the row of the root is locked first, as docs/limits.md asks for
        locked = sa.select(self.torture.Item.id).where(self.torture.Item.id == key)
        session.execute(locked.with_for_update())
        report = session.get(model, key, populate_existing=True)
        if report is None:
            session.add(model(id=key, title=name, text=name))
        elif chance < 0.2:
            session.delete(report)
        elif chance < 0.4:
            session.execute(sa.update(model).where(model.id == key).values(text=name))
        else:
            if chance < 0.8:
                report.title = name
            if chance > 0.6:
                report.text = name
        session.flush()

    def _write_lines(self, session: Session, name: str) -> None:
        """Write many rows by one statement."""
        model, chance = self.torture.Line, self.chance.random()
        first = self.chance.randrange(1, LINES, 20)
        some = model.id.between(first, first + 19)
        if chance < 0.5:
            session.execute(sa.update(model).where(some).values(text=name))
        elif chance < 0.6:
            session.execute(sa.update(model).where(some, model.id % 2 == 0).values(text="even"))
        else:
            session.execute(sa.delete(model).where(some))
            if chance < 0.8:
                rows = [{"id": key, "text": name} for key in range(first, first + 20)]
                session.execute(sa.insert(model), rows)

    def _write_links(self, session: Session, keys: Iterable[int]) -> None:
        table = self.newsroom.article_tag
        for key in keys:
            link = {"article_id": 1, "tag_id": key}
            same = sa.and_(table.c.article_id == 1, table.c.tag_id == key)
            if not session.execute(table.delete().where(same)).rowcount:
                session.execute(table.insert(), link)
            self._pause()

    def _write_in_a_savepoint(self, session: Session, key: int, name: str) -> None:
        savepoint = session.begin_nested()
        section = session.get(self.newsroom.Section, key)
        if section is not None:
            section.name = f"{name} nested"
            session.flush()
            if self.chance.random() < 0.3:
                self._read(session)
        if self.chance.random() < 0.5:
            savepoint.rollback()
        else:
            savepoint.commit()

    def _read(self, session: Session) -> None:
        version = self.newsroom.registry_of(self.newsroom.Section).version_class
        session.scalars(sa.select(version).where(version.id == self.chance.choice(KEYS))).all()

    def _pause(self) -> None:
        if self.chance.random() < 0.3:
            time.sleep(self.chance.random() * 0.004)


def write_in_threads(
    torture: Torture, seed: str, count: int, seconds: float, *, orderly: bool
) -> Score:
    """Let several threads write, and return what they have come to together."""
    writers = [Writer(torture, f"{seed}{i}", orderly=orderly) for i in range(count)]
    threads = [threading.Thread(target=writer.run, args=(seconds,)) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = Score()
    for writer in writers:
        total.add(writer.score)
    return total


def main(url: str, isolation: str, write: str, seed: str, seconds: str) -> None:
    """Be one process of writers, with two threads."""
    torture = prepare(engine_for(url, isolation), write)
    score = write_in_threads(torture, seed, 2, float(seconds), orderly=len(seed) % 2 == 0)
    print(json.dumps([score.committed, score.rolled_back, score.conflicts, score.failures]))


if __name__ == "__main__":
    main(*sys.argv[1:])
