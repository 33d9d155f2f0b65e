"""``feed``, ``follow`` and ``deliver``: what happened, oldest first, to go on from at any time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.read.change_feed import FeedItem, FeedPage, page_of_feed
from flask_continuum.engine.read.databases import databases
from flask_continuum.engine.read.sessions import reading
from flask_continuum.engine.setup import manager_or_default


@reading
def feed(
    session: Session,
    manager: VersioningManager | None = None,
    *,
    after: str | None = None,
    limit: int = 100,
    models: Sequence[Any] | None = None,
    patience: float = 1.0,
) -> FeedPage:
    """Return what was committed after a cursor, oldest first, so that nothing is ever missed.

    A transaction is held back while one may be committed yet that comes before it. The changes of
    each record come in the order in which they were committed.

    :param session: reads; with an ``AsyncSession`` the result is awaited.
    :param manager: of which models; without it, those of ``make_versioned``. With Flask,
        ``continuum.manager``.
    :param after: the ``cursor`` of an item or a page, from any process; the beginning without it.
    :param limit: how many transactions at most.
    :param models: only what was done to these; transactions without any of it are left out.
    :param patience: how many seconds to wait for transactions that are being committed.
    :raises BadCursor: when the cursor is not one of a feed.
    :raises HistoryWriteError: when the session holds changes that are not committed.
    :raises ImproperlyConfigured: when the database cannot tell what is in flight.
    """
    if limit < 1:
        raise ValueError(f"A page has at least one transaction, not {limit}.")
    registry = manager_or_default(manager).registry
    _refuse_pending(session, manager_or_default(manager))
    return page_of_feed(
        session, registry, after=after, limit=limit, models=models, patience=patience
    )


def follow(
    session: Session | scoped_session[Any],
    manager: VersioningManager | None = None,
    *,
    after: str | None = None,
    limit: int = 100,
    models: Sequence[Any] | None = None,
    every: float | None = 1.0,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[FeedItem]:
    """Yield what was and will be committed after a cursor.

    :param session: one for this alone: its transaction ends after each page.
    :param limit: how many transactions are read at a time.
    :param every: seconds between two looks when there is nothing new; ``None`` ends it there.
    :param stop: asked before each look whether to end.
    """
    for page in _pages(session, manager, after, limit, models, every, stop):
        yield from page


def deliver(
    session: Session | scoped_session[Any],
    to: Callable[[FeedItem], object],
    manager: VersioningManager | None = None,
    *,
    after: str | None = None,
    keep: Callable[[str], object] | None = None,
    limit: int = 100,
    models: Sequence[Any] | None = None,
    every: float | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> str | None:
    """Hand over what was committed after a cursor, each transaction at least once and in order.

    What was handed over is kept when ``to`` has returned: after a crash in between, up to ``limit``
    transactions are handed over again. Their ids tell.

    :param session: one for this alone: its transaction ends after each page.
    :param to: takes a transaction with its changes; an exception of it ends the delivery.
    :param keep: stores the cursor, after each page and before an exception goes on.
    :param every: seconds between two looks when there is nothing new, for ever; without it, what is
        there is handed over.
    :param stop: asked before each look whether to end.
    :returns: the cursor to go on with, ``after`` when there was nothing.
    """
    done = after
    for page in _pages(session, manager, after, limit, models, every, stop):
        kept = done
        try:
            for item in page:
                to(item)
                done = item.cursor
            done = page.cursor
        finally:
            if keep is not None and done is not None and done != kept:
                keep(done)
    return done


def _pages(
    session: Session | scoped_session[Any],
    manager: VersioningManager | None,
    after: str | None,
    limit: int,
    models: Sequence[Any] | None,
    every: float | None,
    stop: Callable[[], bool],
) -> Iterator[FeedPage]:
    """Yield pages that bring something on, and end the session's transaction after each."""
    cursor = after
    while not stop():
        page = feed(session, manager, after=cursor, limit=limit, models=models)
        moved = page.cursor != cursor
        if moved:
            yield page
        cursor = page.cursor
        session.rollback()  # what comes next is in no snapshot of now
        if not moved:
            if every is None:
                return
            time.sleep(every)


def _refuse_pending(session: Session, manager: VersioningManager) -> None:
    if not session.in_transaction():
        return
    unit = manager.unit_of_work(session)
    for database in databases(session, manager.registry):
        if unit.is_pending(session.connection(bind_arguments=database.arguments)):
            raise HistoryWriteError(
                "The session has written changes whose versions are written when it commits. "
                "Commit or roll back first: a feed tells what is committed."
            )
