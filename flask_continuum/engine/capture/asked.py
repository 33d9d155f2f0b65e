"""Transactions that the application asks for before there is anything to write about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.orm import Mapper, Session, make_transient, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from flask_continuum.engine.capture.changes import Asked
from flask_continuum.engine.capture.companions import connections_of, join, with_work
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.failures import noting_failure
from flask_continuum.engine.capture.gained import values_set
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.capture.writer import Writer
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.registry import Registry


@dataclass(slots=True, eq=False)
class AskedTransactions:
    """Writes rows of transactions early, and makes the objects that applications change them by."""

    registry: Registry
    current: CurrentUnits
    writer: Writer
    _key: object = field(default_factory=object)

    def create(
        self,
        session: Session,
        model: type[Any] | None = None,
        *,
        metadata: sa.MetaData | None = None,
    ) -> Any:
        """Return the Transaction object of a session's present transaction, its row written.

        :param model: a model whose database is meant, where the session has several.
        :param metadata: the one whose transaction is meant.
        :raises ImproperlyConfigured: when nothing is versioned.
        """
        connection, metadata = self.place(session, model, metadata)
        unit = self.current.get(connection)
        asked = unit.asked.get(metadata)
        if asked is None or not asked.wanted:
            join(session, connection, unit, self.current)
            with noting_failure(unit):
                asked = self.writer.ask(connection, unit, metadata)
        return self._thing(session, connection, unit, metadata, asked)

    def fix(self, session: Session, connection: sa.Connection, unit: UnitOfWork) -> None:
        """Write the rows of a unit's transactions where there are none: their ids are final."""
        for metadata in unit.metadatas:
            known = unit.asked.get(metadata)
            if known is None or not known.wanted:
                with noting_failure(unit):
                    asked = self.writer.ask(connection, unit, metadata)
                if metadata in unit.opened:
                    self._thing(session, connection, unit, metadata, asked)

    def find(self, session: Session) -> Any | None:
        """Return the object of the transaction that was asked for, ``None`` if none was."""
        for connection, unit in with_work(connections_of(session), self.current):
            for metadata, asked in unit.asked.items():
                if not asked.wanted:
                    continue
                return self._thing(session, connection, unit, metadata, asked)
        return None

    def forget_lost(self, session: Session) -> None:
        """Let go of objects whose rows were rolled back, as the session does with its new ones."""
        things = session.info.get(self._key)
        if not things:
            return
        there = [
            asked.thing
            for _, unit in with_work(connections_of(session), self.current)
            for asked in unit.asked.values()
        ]
        for thing in list(things):
            if not any(thing is each for each in there):
                things.discard(thing)
                if thing in session:
                    session.expunge(thing)
                make_transient(thing)

    def forget_all(self, session: Session) -> None:
        """Note that what was asked for is there for good."""
        session.info.pop(self._key, None)

    def place(
        self,
        session: Session,
        model: type[Any] | None = None,
        wanted: sa.MetaData | None = None,
    ) -> tuple[sa.Connection, sa.MetaData]:
        """Return where to ask: where something was written, or where it is going to be."""
        self.registry.configure()
        if model is None and wanted is not None:
            model = next(
                each
                for each in self.registry.options
                if sa.inspect(each).local_table.metadata is wanted
            )
        if model is None:
            pending = list(with_work(connections_of(session), self.current))
            for connection, unit in sorted(pending, key=lambda each: not each[1].asked):
                for metadata in unit.metadatas:
                    return connection, metadata
            model = next(self._models(session), None)
        if model is None:
            raise ImproperlyConfigured(
                "There is no transaction to ask for: no class is versioned. Mark one with "
                "__versioned__ = {}, and set versioning up for its declarative base."
            )
        mapper: Any = sa.inspect(model)
        connection = session.connection(bind_arguments={"bind": session.get_bind(mapper)})
        return connection, mapper.local_table.metadata

    def _models(self, session: Session) -> Iterator[type[Any]]:
        changed = (type(each) for each in (*session.new, *session.dirty, *session.deleted))
        yield from (model for model in changed if model in self.registry.options)
        yield from self.registry.options

    def _thing(
        self,
        session: Session,
        connection: sa.Connection,
        unit: UnitOfWork,
        metadata: sa.MetaData,
        asked: Asked,
    ) -> Any:
        if asked.thing is not None and asked.thing in session:
            return asked.thing
        cls = self.registry.transaction_classes[metadata]
        mapper: Mapper[Any] = sa.inspect(cls)
        bind(session, mapper, connection)
        thing = session.identity_map.get(identity_key(cls, asked.id))
        if thing is None:
            thing = unit.opened.pop(metadata, None)
            later = {} if thing is None else values_set(thing)
            if thing is None:
                thing = mapper.class_manager.new_instance()
            sa.inspect(thing).__dict__.pop("callables", None)  # what waited for the row
            for column in mapper.local_table.c:
                value = asked.id if column.key == "id" else asked.values.get(column.key)
                if value is not None or column.server_default is None:
                    name = mapper.get_property_by_column(column).key
                    set_committed_value(thing, name, value)
            make_transient_to_detached(thing)
            session.add(thing)
            for key, value in later.items():
                if key not in asked.said or asked.said[key] != value:  # set since then
                    column = mapper.local_table.c[key]
                    setattr(thing, mapper.get_property_by_column(column).key, value)
        for frame in unit.frames:
            if frame.asked.get(metadata) is asked:
                frame.asked[metadata] = replace(asked, thing=thing)
        session.info.setdefault(self._key, WeakSet()).add(thing)
        return thing


def bind(session: Session, mapper: Mapper[Any], connection: sa.Connection) -> None:
    """Let a session save a Transaction object where its data are.

    A session may be told its databases by the application's own classes only.
    """
    try:
        engine = session.get_bind(mapper).engine
    except UnboundExecutionError:
        engine = None
    if engine is not connection.engine:
        session.bind_mapper(mapper, connection.engine)
