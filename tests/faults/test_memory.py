"""Nothing is kept of a transaction that has ended, in whatever way it has."""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from flask_continuum.engine.errors import VersioningError
from tests.engine.newsroom import Newsroom, build
from tests.faults.faults import failing
from tests.support.marks import on

pytestmark = on("sqlite")

WARM_UP = 300
TRANSACTIONS = int(os.environ.get("CONTINUUM_TEST_TRANSACTIONS", "1000"))
"""How many transactions, in each way of writing, memory must not grow over."""
FEW_BYTES = 64 * 1024
"""Far less than one small object a transaction would come to."""


@pytest.fixture(params=["commit", "flush"])
def newsroom(request: pytest.FixtureRequest, newsroom_engine: sa.Engine) -> Iterator[Newsroom]:
    sa.event.listen(
        newsroom_engine,
        "connect",
        lambda connection, record: connection.execute("PRAGMA synchronous = OFF"),
    )
    newsroom = build(newsroom_engine, kept=True)
    newsroom.manager.write = request.param
    with newsroom.commit() as session:
        session.add_all(newsroom.Section(id=i, name="begin") for i in (1, 2))
    yield newsroom
    newsroom.manager.detach()


def commit(newsroom: Newsroom, name: str) -> None:
    with newsroom.commit(reason=name) as session:
        session.get_one(newsroom.Section, 1).name = name


def come_and_go(newsroom: Newsroom, name: str) -> None:
    for _ in range(2):
        with newsroom.commit() as session:
            tag = session.get(newsroom.Tag, 1)
            if tag is None:
                session.add(newsroom.Tag(id=1, name=name))
            else:
                session.delete(tag)


def roll_back_a_savepoint(newsroom: Newsroom, name: str) -> None:
    with newsroom.commit() as session:
        savepoint = session.begin_nested()
        session.get_one(newsroom.Section, 2).name = name
        savepoint.rollback()
        session.get_one(newsroom.Section, 1).name = name


def read_in_between(newsroom: Newsroom, name: str) -> None:
    version = newsroom.registry_of(newsroom.Section).version_class
    with newsroom.commit() as session:
        session.get_one(newsroom.Section, 1).name = name
        session.scalars(sa.select(version).where(version.id == 1).limit(2)).all()


def write_by_statement(newsroom: Newsroom, name: str) -> None:
    with newsroom.engine.begin() as connection:
        connection.execute(sa.update(newsroom.Section).values(name=name))


def roll_back(newsroom: Newsroom, name: str) -> None:
    with newsroom.sessions() as session:
        session.get_one(newsroom.Section, 1).name = name
        session.flush()
        session.rollback()


def close(newsroom: Newsroom, name: str) -> None:
    with newsroom.sessions() as session:
        session.get_one(newsroom.Section, 1).name = name
        session.flush()


def forget(newsroom: Newsroom, name: str) -> None:
    """Leave an open connection to the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the pool warns of it
        connection = newsroom.engine.connect()
        connection.execute(sa.update(newsroom.Section).values(name=name))
        del connection
        gc.collect(0)


def fail(newsroom: Newsroom, name: str) -> None:
    with failing(newsroom.engine, 1 + len(name) % 5) as fault, newsroom.sessions() as session:
        try:
            session.get_one(newsroom.Section, 1).name = name
            session.commit()
        except (sa.exc.SQLAlchemyError, VersioningError):
            assert fault.failed


def work_in_a_thread(newsroom: Newsroom, name: str) -> None:
    thread = threading.Thread(target=commit, args=(newsroom, name))
    thread.start()
    thread.join()


WAYS: tuple[Callable[[Newsroom, str], None], ...] = (
    commit,
    come_and_go,
    roll_back_a_savepoint,
    read_in_between,
    write_by_statement,
    roll_back,
    close,
    forget,
    fail,
    work_in_a_thread,
)


def test_memory_does_not_grow(newsroom: Newsroom) -> None:
    _run(newsroom, WARM_UP)
    tracemalloc.start()
    try:
        _run(newsroom, len(WAYS) * 3)  # what the second round of everything allocates
        objects, before = _live_objects(), tracemalloc.get_traced_memory()[0]
        _run(newsroom, TRANSACTIONS)
        later, after = _live_objects(), tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert later == objects
    assert after - before < FEW_BYTES, f"{after - before} bytes more"


def _run(newsroom: Newsroom, transactions: int) -> None:
    for number in range(transactions):
        # names of every length, so that the failing ones fail at different statements
        WAYS[number % len(WAYS)](newsroom, "n" * (1 + number // len(WAYS) % 7) + str(number % 97))


def _live_objects() -> dict[str, int]:
    """Count the live objects of the engine's classes, and of sessions and connections."""
    gc.collect()
    watched = ("flask_continuum.engine", "sqlalchemy.engine.base", "sqlalchemy.orm.session")
    names = (f"{type(e).__module__}.{type(e).__qualname__}" for e in gc.get_objects())
    return dict(Counter(name for name in names if name.startswith(watched)))


def test_units_of_work_end_with_their_transactions(newsroom: Newsroom) -> None:
    """One transaction of each kind leaves none, while one that is under way has one."""
    unit = "flask_continuum.engine.capture.unit_of_work.UnitOfWork"
    for way in WAYS:
        way(newsroom, "name")
        # the pool's connection remembers the last one until it is used again
        assert _live_objects().get(unit, 0) <= 1, way.__name__
    with newsroom.sessions() as session:
        session.get_one(newsroom.Section, 1).name = "under way"
        session.flush()
        assert _live_objects()[unit] == 1
