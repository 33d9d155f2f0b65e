"""Plays a program: each step is done to a session and to the oracle's world."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, SessionTransaction

from tests.property.desk import LINEAGE, Desk
from tests.property.oracle import Change, Oracle, Row, Violation

NO_DEFAULT = 1364
"""What MariaDB says of a NULL that is left out where none may be."""


class Step(ABC):
    """One thing that an application does."""

    @abstractmethod
    def run(self, play: Play) -> None:
        """Do it."""


@dataclass(slots=True)
class Play:
    """A program under way.

    :ivar after_commit: called whenever something has been committed.
    """

    desk: Desk
    session: Session
    after_commit: Callable[[Play], None]
    oracle: Oracle = field(init=False)
    _savepoints: list[SessionTransaction] = field(default_factory=list)

    def __post_init__(self) -> None:
        under = {table for family in LINEAGE.values() for table in family}
        families = [(name,) for name in self.desk.rules if name not in under]
        self.oracle = Oracle(self.desk.rules, [*families, *LINEAGE.values()])
        self.desk.reason = str(self.oracle.number)

    def get(self, table: str, key: Sequence[Any]) -> Any:
        """Return the object of a record, or ``None``."""
        return self.session.get(self.desk.models[table], tuple(key))

    def execute(self, statement: Any, via: str, rows: Sequence[Row] | None = None) -> None:
        """Execute a statement in the session, or on its connection."""
        if via == "connection":
            self.session.connection().execute(statement, rows)
        else:
            self.session.execute(statement, rows)

    # -- what steps do -------------------------------------------------------------------------

    def flush_later(self, act: Callable[[], None], change: Change) -> None:
        """Change objects, and leave it to what comes to flush them, unless that must fail."""
        after = self.oracle.world.copy()
        try:
            change(after)
            after.check()
        except Violation:
            self.do(act, change)
        else:
            act()
            self.oracle.world = after

    def do(self, act: Callable[[], Any], change: Change, *, goes_on: bool = False) -> None:
        """Write to the database; a constraint stops this in the oracle's world too, or nowhere.

        :param change: may ask what ``act`` has found out, unless that has failed.
        :param goes_on: whether an error is taken no notice of, where the database allows it.
        """
        self.session.flush()
        error: DBAPIError | None = None
        try:
            act()
            self.session.flush()
        except DBAPIError as raised:
            if not _is_violation(raised):
                raise
            error = raised
        after = self.oracle.world.copy()
        try:
            change(after)
            after.check()
        except Violation as violation:
            assert error is not None, f"the database should have refused: {violation}"
            if not goes_on or self.desk.dialect.name == "postgresql":
                self._recover()
        else:
            if error is not None:
                raise error
            self.oracle.world = after
        self.session.expire_all()

    def _recover(self) -> None:
        if self._savepoints:
            self.back()
        else:
            self.rollback()

    # -- transactions --------------------------------------------------------------------------

    def savepoint(self) -> None:
        self._savepoints.append(self.session.begin_nested())
        self.oracle.savepoint()

    def release(self) -> None:
        if self._savepoints:
            self._savepoints.pop().commit()
            self.oracle.release()

    def back(self) -> None:
        if self._savepoints:
            self._savepoints.pop().rollback()
            self.oracle.back()

    def commit(self) -> None:
        while self._savepoints:
            self.release()
        self.session.commit()
        self.oracle.commit()
        self.desk.reason = str(self.oracle.number)
        self.after_commit(self)

    def rollback(self) -> None:
        self._savepoints.clear()
        self.session.rollback()
        self.oracle.rollback()

    def close(self) -> None:
        self._savepoints.clear()
        self.session.close()
        self.oracle.rollback()


def _is_violation(error: DBAPIError) -> bool:
    return isinstance(error, IntegrityError) or (
        error.orig is not None and error.orig.args[:1] == (NO_DEFAULT,)
    )
