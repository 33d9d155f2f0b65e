"""The unit of work of a connection's transaction."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.attribution import NOBODY, Attribution
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.errors import HistoryWriteError


@dataclass(slots=True, eq=False)
class CurrentUnits:
    """Finds, makes and forgets units of work, which live on their connections.

    :ivar key: the place of this manager alone in ``info``: of a connection, for its unit of work,
        and of a session, for the connections that its transaction has flushed to.
    :ivar attribution: tells who is acting; asked when a transaction first writes something.
    """

    attribution: Callable[[], Attribution] = lambda: NOBODY
    key: object = field(default_factory=object)
    _live: WeakSet[UnitOfWork] = field(default_factory=WeakSet)
    _sessions: WeakKeyDictionary[Session, weakref.ref[sa.Connection]] = field(
        default_factory=WeakKeyDictionary
    )

    def find(self, connection: sa.Connection) -> UnitOfWork | None:
        """Return the unit of work of the connection's present transaction, if it has one.

        ``info`` outlives a connection that was collected as garbage, hence the check.
        """
        if not self._live or connection.invalidated:
            return None  # the usual answer to every statement of an application that reads
        unit: UnitOfWork | None = connection.info.get(self.key)
        if unit is not None and not _belongs(unit, connection):
            del connection.info[self.key]
            return None
        return unit

    def get(self, connection: sa.Connection) -> UnitOfWork:
        """Return the unit of work of the connection's present transaction, made if needed.

        :raises HistoryWriteError: on a connection that commits each statement by itself.
        """
        unit = self.find(connection)
        if unit is None:
            if connection._is_autocommit_isolation():
                raise HistoryWriteError(
                    "A versioned record was written on a connection in AUTOCOMMIT mode, where a "
                    "change and its version cannot be committed together. Use a transaction, or "
                    "native triggers for this model."
                )
            if connection.get_transaction() is None:
                connection.begin()  # as the statement to come would have done by itself
            unit = UnitOfWork(root=_reference(connection))
            for depth in range(1, savepoints(connection) + 1):
                unit.begin_savepoint(depth)
            connection.info[self.key] = unit
            self._live.add(unit)
        if unit.attribution is None:
            unit.attribution = self.attribution()
        return unit

    def live(self) -> Iterator[tuple[sa.Connection, UnitOfWork]]:
        """Yield the units of work that are not written for good, each with its connection."""
        for unit in list(self._live):
            transaction = unit.root()
            if transaction is not None and transaction.is_active:
                yield transaction.connection, unit

    def note_session(self, session: Session, connection: sa.Connection) -> None:
        """Note that a session has flushed on a connection."""
        self._sessions[session] = weakref.ref(connection)

    def sessions(self) -> Iterator[tuple[Session, sa.Connection]]:
        """Yield the sessions whose transactions are not written for good."""
        for session, reference in list(self._sessions.items()):
            connection = reference()
            if connection is not None and not connection.closed and self.find(connection):
                yield session, connection

    def settle(self, connection: sa.Connection) -> None:
        """Note that everything has been written and COMMIT follows."""
        unit = connection.info[self.key]
        unit.settle()
        self._live.discard(unit)

    def is_settled(self, connection: sa.Connection) -> bool:
        """Tell whether the connection's present transaction waits for nothing but its COMMIT."""
        unit: UnitOfWork | None = connection.info.get(self.key)
        return unit is not None and unit not in self._live and _belongs(unit, connection)

    def forget(self, connection: sa.Connection) -> None:
        """Drop the unit of work of a transaction that has ended."""
        if self._live and not connection.invalidated:
            unit = connection.info.pop(self.key, None)
            if unit is not None:
                self._live.discard(unit)


def _belongs(unit: UnitOfWork, connection: sa.Connection) -> bool:
    transaction = connection.get_transaction()
    return transaction is not None and unit.root() is transaction


def _reference(connection: sa.Connection) -> weakref.ref[Any]:
    """Refer to the transaction weakly: a connection must not be kept alive by its own info."""
    return weakref.ref(connection.get_transaction())


def savepoints(connection: sa.Connection, name: str | None = None) -> int:
    """Count the savepoints of a connection's transaction.

    :param name: count them up to the one of this name.
    """
    nested: Any = connection.get_nested_transaction()
    while name is not None and nested is not None and nested._savepoint != name:
        nested = nested._previous_nested
    depth = 0
    while nested is not None:
        depth += 1
        nested = nested._previous_nested
    return depth
