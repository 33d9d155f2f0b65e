"""Every event of sessions and connections that is listened to, and nothing else.

========================  =============================================================
target, event             what happens
========================  =============================================================
mapper, after_insert      a record is noted as new              (``ObjectCapture``)
mapper, after_update      a record is noted as changed          (``ObjectCapture``)
mapper, before_delete     values that would be lost are loaded  (``ObjectCapture``)
mapper, after_delete      a record is noted as deleted          (``ObjectCapture``)
session, before_flush     records without history get a baseline
session, after_flush      statements are no longer those of a flush
session, after_soft_…     the same when it has failed
session, after_flush_…    a draft is written where versions are wanted early
session, before_commit    plugins are asked about the transaction  (``Hooks``)
session, after_commit     an outer transaction's pending work is written
session, do_orm_execute   history is read from the database of its data  (``binds``)
session, do_orm_execute   versions loaded together load their transactions together
engine, before_execute    triggers are told of their transaction  (``Announcing``)
engine, before_execute    what statements past the unit of work will write is found out,
                          and what the database will do by itself  (``CascadeCapture``)
engine, after_execute     … and noted, rows of link tables too
engine, before_cursor_…   pending versions are written before history is read
engine, savepoint         a frame is opened
engine, release_…         … and merged into the one below
engine, rollback_…        … or forgotten
engine, commit            everything is written, then COMMIT follows
engine, prepare_twophase  the same for two-phase transactions
engine, commit_twophase   the same for those that were not prepared
engine, rollback          everything is forgotten
engine, handle_error      what an error has left is judged      (``Failures``)
========================  =============================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from flask_continuum.engine.capture.announcing import Announcing
from flask_continuum.engine.capture.attachments import Attachments
from flask_continuum.engine.capture.baseline import Baseline
from flask_continuum.engine.capture.binds import send_to_the_data
from flask_continuum.engine.capture.bulk import BulkCapture, begin_on_sqlite
from flask_continuum.engine.capture.companions import connections_of, join, with_work
from flask_continuum.engine.capture.current import CurrentUnits, savepoints
from flask_continuum.engine.capture.executing import StatementCapture
from flask_continuum.engine.capture.failures import (
    Failures,
    noting_failure,
    refuse_failed,
    roll_back,
)
from flask_continuum.engine.capture.hooks import Hooks
from flask_continuum.engine.capture.mentions import Mentions, changes_nothing
from flask_continuum.engine.capture.opened import OpenedTransactions
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.capture.writer import Writer
from flask_continuum.engine.read.lazily import LazyLoads
from flask_continuum.engine.registry import Registry
from flask_continuum.engine.version import VersionClassBase

_AUTOCOMMIT = "continuum_autocommit"
"""Key in ``Session.info`` that says that a connection of the session commits each statement."""


@dataclass(slots=True, eq=False)
class Listeners:
    """The handlers of one manager, in the order in which they fire.

    :ivar write: ``"commit"``, or ``"flush"`` for drafts after each flush.
    """

    registry: Registry
    current: CurrentUnits
    writer: Writer
    baseline: Baseline
    announcing: Announcing
    bulk: BulkCapture
    statements: StatementCapture
    failures: Failures
    hooks: Hooks
    opened: OpenedTransactions
    mentions: Mentions
    lazily: LazyLoads
    settle: Callable[[], None]
    write: str = "commit"
    _attachments: Attachments = field(default_factory=Attachments)
    _engines: WeakSet[Any] = field(default_factory=WeakSet)

    # -- attaching -----------------------------------------------------------------------------

    def attach_session(self, target: Any) -> None:
        """Listen to a session class, a session factory, a scoped session or one session."""
        for name, handler in self._session_events():
            self._attachments.add(target, name, handler)

    def detach_session(self, target: Any) -> None:
        """Stop listening to what :meth:`attach_session` was given."""
        self._attachments.remove(target)

    def attach_engine(self, target: Any) -> None:
        """Listen to an engine, or to all when the target is the Engine class."""
        while hasattr(target, "_proxied"):
            # an engine with options has the events of the one that it is made from
            target = target._proxied
        if target in self._engines or sa.Engine in self._engines:
            return
        self._engines.add(target)
        for name, handler in self._engine_events():
            self._attachments.add(target, name, handler)

    def detach(self) -> None:
        """Take every listener away again."""
        self._attachments.remove_all()
        self._engines.clear()

    def _session_events(self) -> Iterator[tuple[str, Callable[..., Any]]]:
        yield "after_begin", self.after_begin
        yield "before_flush", self.before_flush
        yield "after_flush", self.after_flush
        yield "after_soft_rollback", self.after_soft_rollback
        yield "after_flush_postexec", self.after_flush_postexec
        yield "before_commit", self.before_commit
        yield "after_commit", self.after_commit
        yield "do_orm_execute", send_to_the_data
        yield "do_orm_execute", self.lazily.load_for_all

    def _engine_events(self) -> Iterator[tuple[str, Callable[..., Any]]]:
        yield "before_execute", self.statements.before_execute
        yield "after_execute", self.statements.after_execute
        yield "before_cursor_execute", self.before_cursor_execute
        yield "savepoint", self.savepoint
        yield "release_savepoint", self.release_savepoint
        yield "rollback_savepoint", self.rollback_savepoint
        yield "commit", self.commit
        yield "prepare_twophase", self.prepare_twophase
        yield "commit_twophase", self.commit_twophase
        yield "rollback", self.rollback
        yield "rollback_twophase", self.rollback_twophase
        yield "handle_error", self.failures.handle_error

    # -- the session ---------------------------------------------------------------------------

    def after_begin(self, session: Session, transaction: Any, connection: sa.Connection) -> None:
        """Listen to the engine that a session really uses; see whether it can keep promises."""
        self.attach_engine(connection.engine)
        # mappers that cannot be configured: the statement that needs them says so by itself
        with suppress(InvalidRequestError):
            self.settle()
        if connection._is_autocommit_isolation():
            session.info[_AUTOCOMMIT] = True
            self._refuse_autocommit(session, connection)

    def before_flush(self, session: Session, flush_context: Any, instances: Any) -> None:
        """Give records that history has not seen their first version, before they change."""
        if session.info.get(_AUTOCOMMIT):
            self._refuse_autocommit(session, session.connection())
        self.hooks.before_flush(session)
        self.baseline.before_flush(session)
        self.bulk.begin_flush(session)

    def after_flush(self, session: Session, flush_context: Any) -> None:
        """Note that statements to come are no longer those of a flush, and what it wrote."""
        self.bulk.end_flush()
        self.hooks.objects.collect(session)

    def after_soft_rollback(self, session: Session, previous_transaction: Any) -> None:
        """The same for a flush that has failed; what was asked for may be gone."""
        self.bulk.end_flush()
        self.opened.after_rollback(session)

    def _refuse_autocommit(self, session: Session, connection: sa.Connection) -> None:
        """Refuse versioned writes while nothing of the flush has been sent."""
        for instance in (*session.new, *session.dirty, *session.deleted):
            tables = self.baseline.tables.get(type(instance))
            if tables is not None and not all(table.is_native for table in tables):
                self.current.get(connection)

    def after_flush_postexec(self, session: Session, flush_context: Any) -> None:
        """Remember where the flush went; write a draft there, where it is wanted early."""
        pending = list(with_work(connections_of(session), self.current))
        for connection, unit in pending:
            join(session, connection, unit, self.current)
        if pending:
            self.hooks.after_flush(session)
        self.hooks.fill_transaction(session)
        self.opened.after_flush(session)
        wanted = self.hooks.objects.are_wanted
        dirty = [
            (connection, unit)
            for connection, unit in pending
            if self.writer.is_dirty(unit) or (wanted and unit.told)
        ]
        for connection, unit in dirty if wanted or self.write == "flush" else ():
            if wanted:
                self.opened.asked.fix(session, connection, unit)  # plugins keep versions' ids
            self._write_draft(connection, unit, session)
        if dirty:
            self.hooks.objects.tell(session)

    def before_commit(self, session: Session) -> None:
        """Ask plugins about what was written without a flush."""
        self.opened.before_commit(session)
        self.hooks.fill_transaction(session)

    def after_commit(self, session: Session) -> None:
        """Write what a session has committed into somebody else's transaction.

        Where the connection's own COMMIT has happened, nothing is pending any more. Where it has
        not (a test fixture's outer transaction), each commit of the session is a history
        transaction of its own.
        """
        if session.in_nested_transaction():
            return
        for connection, unit in with_work(session.info.pop(self.current.key, ()), self.current):
            self._write_final(connection, unit, ends=False)
            unit.settle()
        self.opened.after_commit(session)

    # -- statements ----------------------------------------------------------------------------

    def before_cursor_execute(
        self,
        connection: sa.Connection,
        cursor: Any,
        statement: str,
        parameters: Any,
        context: Any,
        executemany: bool,
    ) -> None:
        """Write pending versions before a statement that names a table of history."""
        if context is not None and context.execution_options.get("continuum_own"):
            return
        if self.registry.announced and _is_text(context):
            self.announcing.before_text(connection, statement)
        unit = self.current.find(connection)
        if unit is None:
            return
        if unit.draft is not None and not changes_nothing(statement):
            # whatever it writes, a trigger may turn it into a change of what the draft shows
            unit.revision += 1
        read = self.mentions.are_in(statement) and not self._is_flush(context)
        if read and unit.opened and unit.told:
            self.writer.catch_up(connection, unit)
        if read and self.writer.is_dirty(unit):
            self._write_draft(connection, unit, None)

    def _is_flush(self, context: Any) -> bool:
        """Tell whether a statement is a flush's own: one on a transaction's row reads nothing."""
        return context is not None and self.bulk.is_flush(context.execution_options)

    def write_drafts(self, session: Session) -> None:
        """Write what a session has flushed so far, until the commit."""
        for connection, unit in with_work(connections_of(session), self.current):
            join(session, connection, unit, self.current)
            if self.writer.is_dirty(unit):
                self._write_draft(connection, unit, session)

    def _write_draft(
        self, connection: sa.Connection, unit: UnitOfWork, session: Session | None
    ) -> None:
        had_draft = unit.draft is not None
        refuse_failed(unit)
        with noting_failure(unit):
            self.writer.write_draft(connection, unit)
        if had_draft and session is not None:
            # versions that were loaded from the draft before have been written anew
            for instance in list(session.identity_map.values()):
                if isinstance(instance, VersionClassBase):
                    session.expire(instance)

    # -- the transaction -----------------------------------------------------------------------

    def savepoint(self, connection: sa.Connection, name: str | None) -> None:
        """Open a frame; on SQLite see to it that the savepoint is inside a transaction."""
        begin_on_sqlite(connection)
        unit = self.current.find(connection)
        if unit is not None:
            unit.begin_savepoint(savepoints(connection) + 1)

    def release_savepoint(self, connection: sa.Connection, name: str, context: Any) -> None:
        """Merge a savepoint's frame into the one below it."""
        self._end_savepoint(connection, name, keep=True)

    def rollback_savepoint(self, connection: sa.Connection, name: str, context: Any) -> None:
        """Forget a savepoint's frame."""
        self._end_savepoint(connection, name, keep=False)

    def _end_savepoint(self, connection: sa.Connection, name: str, *, keep: bool) -> None:
        unit = self.current.find(connection)
        depth = savepoints(connection, name)
        if unit is not None and depth:
            unit.end_savepoint(depth, keep=keep)

    def commit(self, connection: sa.Connection) -> None:
        """Write everything; if that fails, roll back before the error goes on.

        SQLAlchemy leaves the transaction open after an error here, and the next user of the
        pooled connection would commit the change without its version.
        """
        unit = self.current.find(connection)
        if unit is None:
            return
        if not unit.has_work:
            self.current.forget(connection)
            return
        try:
            self._write_final(connection, unit)
            self._write_companions(connection, unit)
        except BaseException:
            self.current.forget(connection)
            roll_back(connection)
            raise
        self.current.settle(connection)

    def _write_final(
        self, connection: sa.Connection, unit: UnitOfWork, *, ends: bool = True
    ) -> None:
        refuse_failed(unit)
        with noting_failure(unit):
            self.writer.write_final(connection, unit)
            self.announcing.settle(connection, unit, ends=ends)

    def _write_companions(self, connection: sa.Connection, unit: UnitOfWork) -> None:
        """Write what the session's other connections hold before the first of them commits."""
        for other, theirs in with_work(unit.companions, self.current):
            if other is not connection:
                self._write_final(other, theirs)
                theirs.settle()

    def prepare_twophase(self, connection: sa.Connection, xid: Any) -> None:
        """Write everything before a two-phase transaction is prepared."""
        self.commit(connection)

    def commit_twophase(self, connection: sa.Connection, xid: Any, is_prepared: bool) -> None:
        """Write everything of a two-phase transaction that was never prepared."""
        if not is_prepared:
            self.commit(connection)

    def rollback(self, connection: sa.Connection) -> None:
        """Forget everything."""
        self.announcing.forget(connection)
        self.current.forget(connection)

    def rollback_twophase(self, connection: sa.Connection, xid: Any, is_prepared: bool) -> None:
        """Forget everything."""
        self.current.forget(connection)


def _is_text(context: Any) -> bool:
    """Tell whether a statement is known by its text only."""
    compiled = None if context is None else context.compiled
    return compiled is None or isinstance(compiled.statement, sa.TextClause | sa.TextualSelect)
