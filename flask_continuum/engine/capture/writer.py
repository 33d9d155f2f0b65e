"""Writes what units of work hold: drafts when somebody asks, everything at the commit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from flask_continuum.engine.attribution import NOBODY, Attribution
from flask_continuum.engine.build.history import utcnow
from flask_continuum.engine.capture.changes import Asked, Changes, Draft, Key
from flask_continuum.engine.capture.emptied import remove_empty
from flask_continuum.engine.capture.finishing import Finishing
from flask_continuum.engine.capture.gained import complete, said, values_set
from flask_continuum.engine.capture.pairs import settle
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.dialects import Dialect, dialect_for, translation
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.dialects.jobs import TableJob, WriteJob
from flask_continuum.engine.read.moved import to_context
from flask_continuum.engine.registry import Registry, VersionedTable


@dataclass(slots=True, eq=False)
class Writer:
    """Turns changes into version rows on a connection.

    :ivar registry: what is versioned.
    :ivar finishing: adds what plugins have to say to what was written.
    """

    registry: Registry
    finishing: Finishing
    _dialects: WeakKeyDictionary[sa.Dialect, dict[Any, Dialect]] = field(
        default_factory=WeakKeyDictionary
    )

    def dialect(self, connection: sa.Connection) -> Dialect:
        """Return the dialect object of a connection's database."""
        known = self._dialects.setdefault(connection.dialect, {})
        schemas = translation(connection)
        if schemas not in known:
            known[schemas] = dialect_for(connection)
        return known[schemas]

    def is_dirty(self, unit: UnitOfWork) -> bool:
        """Tell whether something was touched or said that neither a draft nor a version holds."""
        return unit.is_dirty or (
            unit.draft is not None and bool(unit.opened) and unit.draft.said != _said(unit)
        )

    def write_final(self, connection: sa.Connection, unit: UnitOfWork) -> None:
        """Write everything that the unit of work holds, for good.

        :raises HistoryWriteError: when a record's version cannot be made; nothing is kept then.
        """
        dialect = self.dialect(connection)
        changes = _not_native(unit.changes())
        draft = unit.draft
        asked = unit.asked
        unit.written = {}
        if draft is not None and not self.is_dirty(unit) and not asked:
            self._promote(connection, dialect, draft)
            unit.written = dict(draft.transaction_ids)
            for metadata, kept_id in draft.transaction_ids.items():
                tables = _tables(draft.changes, metadata)
                self.finishing.complete(connection, dialect, unit, metadata, tables, kept_id)
            return
        kept: Mapping[sa.MetaData, int] = {}
        if draft is not None:
            self._take_back(connection, dialect, unit, draft)
            ids_fit = dialect.keeps_ids or draft.revision == unit.revision
            if ids_fit and not draft.overtaken:
                kept = draft.transaction_ids
        changes = _settled(connection, dialect, changes)
        written = {}
        for metadata, part in _by_metadata(changes).items():
            job = replace(self._job(unit, metadata, part, kept.get(metadata)), final=True)
            found = dialect.write(connection, job)
            written[metadata] = job, found
            if found is not None:
                unit.written[metadata] = found
        taken_back = set()
        for metadata, each in asked.items():
            job, there = written.get(metadata) or (self._job(unit, metadata, (), None), None)
            keep = each.wanted or there is not None
            if metadata in unit.told:
                used = remove_empty(connection, self.registry, unit, metadata, keep=keep)
                there = each.id if used else there
                if there is None and not keep:
                    taken_back.add(metadata)
                    continue
                unit.written[metadata] = each.id
            complete(connection, job, each, empty=there is None)
        for metadata in {**written, **asked}:
            number = asked[metadata].id if metadata in asked else written[metadata][1]
            if number is not None and metadata not in taken_back:
                native = self.registry.native_tables(metadata) if metadata in unit.told else ()
                tables = tuple(dict.fromkeys([*_tables(changes, metadata), *native]))
                self.finishing.lay_over(connection, unit, metadata, tables, number)
                self.finishing.complete(connection, dialect, unit, metadata, tables, number)

    def write_draft(self, connection: sa.Connection, unit: UnitOfWork) -> None:
        """Make what was flushed so far visible in the version tables, until the commit."""
        dialect = self.dialect(connection)
        changes = _not_native(unit.changes())
        kept: Mapping[sa.MetaData, int] = {}
        revision = unit.revision
        if unit.draft is not None:
            self._take_back(connection, dialect, unit, unit.draft)
            if dialect.keeps_ids and not unit.draft.overtaken:
                kept, revision = unit.draft.transaction_ids, unit.draft.revision
            unit.draft = None
        written = {}
        changes = _settled(connection, dialect, changes)
        for metadata, part in _by_metadata(changes).items():
            job = self._job(unit, metadata, part, kept.get(metadata), closes=dialect.closes_drafts)
            found = dialect.write(connection, job)
            if found is not None:
                written[metadata] = found
                tables = _tables(part, metadata)
                self.finishing.lay_over(connection, unit, metadata, tables, found)
        if written:
            unit.draft = Draft(written, revision, unit.revision, changes, _said(unit))

    def _promote(self, connection: sa.Connection, dialect: Dialect, draft: Draft) -> None:
        """Keep a draft as it is: nothing was touched since it was written.

        Its rows are locked, so nobody can have overtaken it.
        """
        if dialect.closes_drafts:
            return
        for metadata, part in _by_metadata(draft.changes).items():
            if metadata in draft.transaction_ids:
                written = draft.transaction_ids[metadata]
                dialect.close(connection, self._table_jobs(part), written)

    def _take_back(
        self, connection: sa.Connection, dialect: Dialect, unit: UnitOfWork, draft: Draft
    ) -> None:
        asked = unit.asked
        for metadata, part in _by_metadata(draft.changes).items():
            if metadata in draft.transaction_ids:
                written = draft.transaction_ids[metadata]
                dialect.take_back(connection, self._table_jobs(part), written)
                if metadata not in asked or asked[metadata].id != written:
                    transaction = self.registry.history[metadata].transaction
                    dialect.delete_transaction(connection, transaction, written)

    def ask(
        self,
        connection: sa.Connection,
        unit: UnitOfWork,
        metadata: sa.MetaData,
        *,
        wanted: bool = True,
    ) -> Asked:
        """Write the row of the unit's transaction now, to stay; return what was written.

        One transaction has one id: that of a draft is final from now on, where it may be.

        :param wanted: whether the application has asked for it; else it goes again if it has no
            versions.
        """
        dialect = self.dialect(connection)
        there = unit.asked.get(metadata)
        drafted = None if there is None else there.id
        if drafted is None and unit.draft is not None and not unit.draft.overtaken:
            drafted = unit.draft.transaction_ids.get(metadata)
        if unit.draft is not None and drafted is None and there is None:
            self._take_back(connection, dialect, unit, unit.draft)
            unit.draft = None
        # its continuation under another id, if there is one, has the same instant
        unit.attribution = (unit.attribution or NOBODY).filled_from(Attribution(issued_at=utcnow()))
        unit.attribution = said(unit, metadata)
        set_before = _said(unit).get(metadata, {})
        job = self._job(unit, metadata, (), None)
        if drafted is None:
            drafted = dialect.insert_transaction(connection, job)
        else:
            row = job.transaction.update().where(job.transaction.c.id == drafted)
            connection.execute(row.values(job.values), execution_options=OWN)
        asked = Asked(drafted, job.values, set_before, wanted=wanted)
        unit.frames[-1].asked[metadata] = asked
        return asked

    def catch_up(self, connection: sa.Connection, unit: UnitOfWork) -> None:
        """Write what was said of transactions since their rows were needed by triggers."""
        said_now = _said(unit)
        for metadata in unit.told:
            asked = unit.asked[metadata]
            if not asked.wanted and said_now.get(metadata, {}) != asked.said:
                self.ask(connection, unit, metadata, wanted=False)

    def _job(
        self,
        unit: UnitOfWork,
        metadata: sa.MetaData,
        changes: tuple[Changes, ...],
        transaction_id: int | None,
        *,
        closes: bool = True,
    ) -> WriteJob:
        transaction = self.registry.history[metadata].transaction
        if unit.attribution is None or unit.attribution.uid is None:
            attribution = unit.attribution or NOBODY
            unit.attribution = attribution.filled_from(
                Attribution(uid=uuid.uuid4().hex, issued_at=attribution.issued_at or utcnow())
            )
        known = said(unit, metadata)
        asked = unit.asked.get(metadata)
        moved = to_context((each.table, each.moved) for each in changes if each.moved)
        if moved:
            # an application that says something under the same name is not overruled
            known = replace(known, context={**moved, **known.context})
        return WriteJob(
            transaction=transaction,
            values=transaction_values(transaction, known),
            transaction_id=transaction_id if asked is None else asked.id,
            tables=self._table_jobs(changes),
            closes=closes,
            asked=asked is not None,
        )

    def _table_jobs(self, changes: tuple[Changes, ...]) -> tuple[TableJob, ...]:
        return tuple(
            TableJob(
                table=each.table,
                live=each.live,
                gone=each.gone,
                remembered=each.remembered,
                altered=each.altered,
                perhaps=each.perhaps,
                orphans=each.orphans,
                # a record with several tables has a version in each or in none
                siblings=self._siblings(each.table, changes),
            )
            for each in changes
        )

    def _siblings(
        self, table: VersionedTable, changes: tuple[Changes, ...]
    ) -> tuple[VersionedTable, ...]:
        hierarchy = self.registry.joined.get(table)
        if hierarchy is None:
            return ()
        concerned = {each.table for each in changes}
        return tuple(t for t in hierarchy.tables if t in concerned and t is not table)

    def write_baseline(
        self, connection: sa.Connection, unit: UnitOfWork, table: VersionedTable, keys: list[Key]
    ) -> None:
        """Write first versions of records that history has not seen, before they change."""
        dialect = self.dialect(connection)
        dialect.lock(connection, table, keys)
        if unit.baseline_id is not None:
            dialect.baseline(connection, table, keys, unit.baseline_id)
            return
        transaction = self.registry.history_of(table).transaction
        values = transaction_values(transaction, Attribution(kind="baseline", uid=uuid.uuid4().hex))
        job = WriteJob(transaction, values, None, ())
        written = dialect.insert_transaction(connection, job)
        if dialect.baseline(connection, table, keys, written):
            unit.frames[-1].baseline_id = written
            if unit.draft is not None:
                unit.draft = replace(unit.draft, overtaken=True)
        else:
            dialect.delete_transaction(connection, transaction, written)


def transaction_values(transaction: sa.Table, attribution: Attribution) -> dict[str, Any]:
    """Return the row of a transaction by column key, defaults of Python included."""
    values: dict[str, Any] = {
        "issued_at": attribution.issued_at or utcnow(),
        "remote_addr": attribution.remote_addr,
        "user_id": attribution.user_id,
        "uid": attribution.uid,
        "kind": attribution.kind,
        "reason": attribution.reason,
        "actor": attribution.actor,
        "context": dict(attribution.context) or None,
        **attribution.values,
    }
    known = transaction.c
    found = {
        key: _fitting(known[key], value)
        for key, value in values.items()
        if key in known and value is not None
    }
    for column in known:
        default = column.default
        if column.key in found or default is None:
            continue
        if isinstance(default, sa.ColumnDefault) and default.is_scalar:
            found[column.key] = default.arg
        elif isinstance(default, sa.ColumnDefault) and default.is_callable:
            found[column.key] = default.arg(None)
    return found


def _fitting(column: sa.Column[Any], value: Any) -> Any:
    """Cut a label or address to what its column holds: who acted must not fail the change."""
    length = getattr(column.type, "length", None)
    if isinstance(value, str) and length is not None:
        return value[:length]
    return value


def _said(unit: UnitOfWork) -> dict[sa.MetaData, dict[str, Any]]:
    """Return what was set on the objects that stand for transactions without a row."""
    return {metadata: values_set(thing) for metadata, thing in unit.opened.items()}


def _settled(
    connection: sa.Connection, dialect: Dialect, changes: tuple[Changes, ...]
) -> tuple[Changes, ...]:
    """Return the changes with what has become of links that several rows may hold."""
    found = (settle(connection, dialect, each) if each.table.repeats else each for each in changes)
    return tuple(each for each in found if each is not None)


def _not_native(changes: tuple[Changes, ...]) -> tuple[Changes, ...]:
    """Return the changes that triggers do not write down."""
    return tuple(each for each in changes if not each.table.is_native)


def _by_metadata(changes: tuple[Changes, ...]) -> Mapping[sa.MetaData, tuple[Changes, ...]]:
    found: dict[sa.MetaData, tuple[Changes, ...]] = {}
    for each in changes:
        metadata = each.table.live.metadata
        found[metadata] = (*found.get(metadata, ()), each)
    return found


def _tables(changes: tuple[Changes, ...], metadata: sa.MetaData) -> tuple[VersionedTable, ...]:
    return tuple(each.table for each in changes if each.table.live.metadata is metadata)
