"""The current transaction as an object without a row: what is set on it is written with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import InstanceState, Mapper, Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from flask_continuum.engine.capture.asked import AskedTransactions, bind
from flask_continuum.engine.capture.gained import said
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.capture.writer import transaction_values

_DRAWN = ("id", "issued_at")
"""Columns that are known only when the row is there: to read one is to have it written."""


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """One object, and the unit of work whose transaction it stands for."""

    unit: UnitOfWork
    metadata: sa.MetaData
    connection: sa.Connection
    thing: Any


@dataclass(slots=True, eq=False)
class OpenedTransactions:
    """Makes such objects, and has them belong to their session once there is a row."""

    asked: AskedTransactions
    _key: object = field(default_factory=object)
    _committing: object = field(default_factory=object)

    def open(self, session: Session) -> Any:
        """Return the object of a session's present transaction, which needs no row.

        :raises ImproperlyConfigured: when nothing is versioned.
        """
        connection, metadata = self.asked.place(session)
        unit = self.asked.current.get(connection)
        thing = unit.opened.get(metadata)
        if thing is None:
            cls = self.asked.registry.transaction_classes[metadata]
            mapper: Mapper[Any] = sa.inspect(cls)
            mapper.registry.configure(cascade=True)  # the first object of its class may be this one
            thing = unit.opened[metadata] = mapper.class_manager.new_instance()
            table = self.asked.registry.history[metadata].transaction
            known = transaction_values(table, said(unit, metadata))
            drawn = sa.inspect(thing).callables = {}
            for column in table.c:
                name = mapper.get_property_by_column(column).key
                if column.key in _DRAWN:
                    drawn[name] = self._reading(session, name)
                elif column.server_default is None or column.key in known:
                    set_committed_value(thing, name, known.get(column.key))
            found = session.info.setdefault(self._key, [])
            found.append(_Opened(unit, metadata, connection, thing))
            if not event.contains(session, "transient_to_pending", self._added):
                event.listen(session, "transient_to_pending", self._added)
        return thing

    def _reading(self, session: Session, name: str) -> Any:
        def read(state: InstanceState[Any], passive: Any) -> Any:
            thing = state.obj()
            found = next((each for each in self._of(session) if each.thing is thing), None)
            if found is None:
                return None
            self.asked.create(session, metadata=found.metadata)
            return state.dict[name]

        return read

    def _added(self, session: Session, thing: Any) -> None:
        """Have the row written of an object that something else drew into the session."""
        for each in self._of(session):
            if each.thing is thing:
                session.expunge(thing)
                self.asked.create(session, metadata=each.metadata)

    # -- the end of the transaction ------------------------------------------------------------

    def before_commit(self, session: Session) -> None:
        """Have rows written beside whose objects others wait: those refer to the row by its id."""
        if not session.in_nested_transaction() and self._of(session):
            session.info[self._committing] = True
            self._write_waited_for(session)

    def after_flush(self, session: Session) -> None:
        """The same for what a commit's own flush has brought."""
        if session.info.get(self._committing):
            self._write_waited_for(session)

    def _write_waited_for(self, session: Session) -> None:
        for each in self._of(session):
            state = sa.inspect(each.thing)
            related = (state.dict.get(prop.key) for prop in state.mapper.relationships)
            if each.unit.has_work and any(map(_holds_new, related)):
                self.asked.create(session, metadata=each.metadata)

    def after_commit(self, session: Session) -> None:
        """Have the session know the objects by the rows that were written for them."""
        for each in self._end(session, self._of(session)):
            number = each.unit.written.get(each.metadata)
            if number is not None:
                state = sa.inspect(each.thing)
                column = state.mapper.local_table.c.id
                name = state.mapper.get_property_by_column(column).key
                bind(session, state.mapper, each.connection)
                set_committed_value(each.thing, name, number)
                make_transient_to_detached(each.thing)
                session.add(each.thing)
        self.asked.forget_all(session)

    def after_rollback(self, session: Session) -> None:
        """Let go of objects whose transaction was rolled back."""
        find = self.asked.current.find
        gone = [
            each
            for each in self._of(session)
            if each.connection.closed or find(each.connection) is not each.unit
        ]
        self._end(session, gone)
        self.asked.forget_lost(session)

    def _of(self, session: Session) -> list[_Opened]:
        """Return the objects that have no row yet."""
        found: list[_Opened] = session.info.get(self._key, [])
        return [each for each in found if each.unit.opened.get(each.metadata) is each.thing]

    def _end(self, session: Session, ended: list[_Opened]) -> list[_Opened]:
        session.info.pop(self._committing, None)
        for each in ended:
            del each.unit.opened[each.metadata]
            sa.inspect(each.thing).__dict__.pop("callables", None)
        if self._key in session.info:
            session.info[self._key] = self._of(session)
        return ended


def _holds_new(related: Any) -> bool:
    """Tell whether a relationship holds an object that was not saved."""
    each = related.values() if isinstance(related, dict) else related or ()
    return any(sa.inspect(thing).transient for thing in each) if related else False
