"""P1 with every statement failing in turn, ours, the application's and the COMMIT itself.

Nothing of a transaction that has failed is there, in the live tables, in history or in the pool;
nor of one in which the application has taken no notice of an error and commits all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from flask_continuum.engine.errors import VersioningError
from tests.engine.newsroom import Newsroom, build
from tests.faults.faults import Fault, Observer, failing
from tests.faults.programs import PROGRAMS, Transaction, furnish

ERRORS = (SQLAlchemyError, VersioningError)
EVERY = {"sqlite": 1, "postgresql": 3, "mysql": 3}
"""Each how manyth statement fails: on the servers not all do, so that the suite stays quick."""


@pytest.fixture(params=["commit", "flush"])
def newsroom(request: pytest.FixtureRequest, newsroom_engine: sa.Engine) -> Iterator[Newsroom]:
    if newsroom_engine.dialect.name == "sqlite":
        sa.event.listen(newsroom_engine, "connect", _spare_the_disk)
    newsroom = build(newsroom_engine, kept=True)
    newsroom.manager.write = request.param
    furnish(newsroom)
    yield newsroom
    newsroom.manager.detach()


@pytest.fixture
def observer(newsroom: Newsroom) -> Iterator[Observer]:
    observer = Observer(newsroom)
    yield observer
    observer.close()


def _spare_the_disk(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")


# -- what applications do about an error -----------------------------------------------------------


def roll_back(newsroom: Newsroom, transaction: Transaction) -> None:
    with newsroom.sessions() as session:
        try:
            for step in transaction:
                step(newsroom, session)
            session.commit()
        except SQLAlchemyError:
            session.rollback()
            raise


def close(newsroom: Newsroom, transaction: Transaction) -> None:
    session = newsroom.sessions()
    try:
        for step in transaction:
            step(newsroom, session)
        session.commit()
    finally:
        session.close()


def leave_the_block(newsroom: Newsroom, transaction: Transaction) -> None:
    with newsroom.engine.begin() as connection, newsroom.sessions(bind=connection) as session:
        for step in transaction:
            step(newsroom, session)
        session.commit()


WAYS = (roll_back, close, leave_the_block)


@pytest.mark.parametrize("loses", [False, True], ids=["error", "lost"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_is_left_of_a_transaction_that_fails(
    newsroom: Newsroom, observer: Observer, program: str, loses: bool
) -> None:
    struck = 0
    for number, transaction in enumerate(PROGRAMS[program]):
        before = observer.state()
        for fault, error, way in _failures(newsroom, transaction, number, loses):
            struck += 1
            assert isinstance(error, ERRORS), repr(error)
            where = f"{way.__name__}, {fault.at}: {fault.failed}"
            assert observer.state() == before, where
            _use(newsroom)
            assert observer.state() == before, f"left in the pool: {where}"
        assert observer.state() != before  # it has got through at last
    observer.assert_sound("at the end")
    assert struck > 5


def _failures(
    newsroom: Newsroom, transaction: Transaction, start: int, loses: bool
) -> Iterator[tuple[Fault, BaseException, Callable[..., None]]]:
    """Run a transaction again and again, each time failing further on, until it gets through."""
    at = 1 + start
    while True:
        way = WAYS[at % len(WAYS)]
        with failing(newsroom.engine, at, loses=loses) as fault:
            try:
                way(newsroom, transaction)
            except Exception as error:
                failure: BaseException | None = error
            else:
                failure = None
        if fault.failed is None:
            if failure is not None:
                raise failure
            return
        assert failure is not None, f"an error was swallowed: {fault.failed}"
        yield fault, failure, way
        at += EVERY[newsroom.engine.dialect.name]


def _use(newsroom: Newsroom) -> None:
    """Commit something else on the pool's connection."""
    with newsroom.engine.begin() as connection:
        connection.execute(sa.insert(newsroom.User).values(name="next"))


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_application_that_takes_no_notice(
    newsroom: Newsroom, observer: Observer, program: str
) -> None:
    """A transaction that is committed after an error has all versions, or is refused."""
    for number, transaction in enumerate(PROGRAMS[program]):
        at = 1 + number
        while True:
            before = observer.state()
            with failing(newsroom.engine, at) as fault:
                committed = _go_on(newsroom, transaction)
            if not committed:
                assert observer.state() == before, f"{at}: {fault.failed}"
            else:
                observer.assert_sound(f"after {at}: {fault.failed}")
            if fault.failed is None:
                break
            _begin_anew(newsroom)
            at += EVERY[newsroom.engine.dialect.name]


def _go_on(newsroom: Newsroom, transaction: Transaction) -> bool:
    with newsroom.sessions() as session:
        for step in transaction:
            try:
                step(newsroom, session)
            except ERRORS:
                continue
        try:
            session.commit()
        except ERRORS:
            return False
    return True


def _begin_anew(newsroom: Newsroom) -> None:
    with newsroom.engine.begin() as connection:
        for table in reversed(newsroom.base.metadata.sorted_tables):
            if table.name != "history_column":
                name = connection.dialect.identifier_preparer.format_table(table)
                connection.exec_driver_sql(f"DELETE FROM {name}")
    furnish(newsroom)
