"""The time machine: sessions in which an application's own queries see the past."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.errors import ReadOnlyPast
from flask_continuum.engine.read.instants import naive_utc
from flask_continuum.engine.read.past import Past, PastConnection

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

Unversioned = Literal["refuse", "live"]


class PastSession(Session):
    """A session of its own over the connections of another session, or of an engine."""

    def __init__(self, *, origin: Any, past: Past, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._origin = origin
        self._past = past
        self._opened: dict[Any, sa.Connection] = {}
        self._connections: dict[sa.Connection, PastConnection] = {}

    def get_bind(self, mapper: Any = None, **arguments: Any) -> PastConnection:
        """Return the past of the database that the other session would ask."""
        arguments.pop("bind", None)
        there = self._connection(mapper, arguments)
        if there not in self._connections:
            self._connections[there] = PastConnection(there, self._past)
        return self._connections[there]

    def _connection(self, mapper: Any, arguments: Any) -> sa.Connection:
        if isinstance(self._origin, sa.Connection):
            return self._origin
        if isinstance(self._origin, sa.Engine):
            if self._origin not in self._opened:
                self._opened[self._origin] = self._origin.connect()
            return self._opened[self._origin]
        bind = self._origin.get_bind(mapper, **arguments)
        if isinstance(bind, sa.Connection):
            return bind
        found: sa.Connection = self._origin.connection(bind_arguments={"bind": bind})
        return found

    def flush(self, objects: Any = None) -> None:
        """Refuse to write.

        :raises ReadOnlyPast: when an object of the past was changed, added or deleted.
        """
        changed = [
            *self.new,
            *self.deleted,
            *(each for each in self.dirty if self.is_modified(each)),
        ]
        if changed:
            raise ReadOnlyPast(
                f"{type(changed[0]).__name__} was changed in the past, which cannot be done. Load "
                f"it in a session of the present, or plan a revert."
            )

    def commit(self) -> None:
        """End the reading; there is nothing to commit."""
        self.flush()
        self.rollback()

    def close(self) -> None:
        """End the reading, and close what was opened for it."""
        super().close()
        for connection in self._opened.values():
            connection.close()
        self._opened.clear()
        self._connections.clear()


@contextmanager
def time_machine(
    source: Any, when: Any, *, unversioned: Unversioned = "refuse"
) -> Iterator[Session]:
    """Open a session in which every query sees the database as it was at an instant.

    Queries, joins, lazy and eager relationships are the application's own, on its own models.
    Objects belong to this session only and cannot be written. Over a session, its own
    connections and transactions are read through; over an engine, a connection is opened.

    :param source: a session, an engine or a connection.
    :param when: a Transaction object, its id, its uid, or a moment (UTC without a zone).
    :param unversioned: what to do about tables without a history: ``"refuse"`` them, or read
        them ``"live"``, as they are now.
    :raises ReadOnlyPast: inside, on an attempt to write, or to read what has no history.
    """
    origin = source() if isinstance(source, scoped_session) else source
    with PastSession(origin=origin, past=_past(when, unversioned)) as session:
        yield session


@asynccontextmanager
async def async_time_machine(
    source: AsyncSession | AsyncEngine, when: Any, *, unversioned: Unversioned = "refuse"
) -> AsyncIterator[AsyncSession]:
    """Open an ``AsyncSession`` that sees the database as it was: see :func:`time_machine`."""
    from sqlalchemy.ext.asyncio import AsyncSession  # needs greenlet, which others may not have

    origin = source.sync_session if isinstance(source, AsyncSession) else source.sync_engine
    async with AsyncSession(
        sync_session_class=PastSession, origin=origin, past=_past(when, unversioned)
    ) as session:
        yield session


def _past(when: Any, unversioned: Unversioned) -> Past:
    if unversioned not in ("refuse", "live"):
        raise ValueError(f"unversioned is 'refuse' or 'live', not {unversioned!r}.")
    if isinstance(when, datetime):
        # what is to come does not enter a past that is open
        now = (
            datetime.now(tz=when.tzinfo) if when.tzinfo else naive_utc(datetime.now().astimezone())
        )
        when = min(when, now)
    return Past(when, unversioned == "live")
