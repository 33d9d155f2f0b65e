"""What is done before a statement of the application is executed, and after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.capture.announcing import Announcing
from flask_continuum.engine.capture.bulk import BulkCapture
from flask_continuum.engine.capture.cascades import CascadeCapture
from flask_continuum.engine.capture.cascades_by_hand import CascadesByHand
from flask_continuum.engine.capture.failures import Failures
from flask_continuum.engine.capture.links import LinkCapture
from flask_continuum.engine.capture.pauses import Pauses
from flask_continuum.engine.capture.statements import (
    Statement,
    parameter_sets,
    refuse_several,
    refuse_streamed,
    table_of,
)
from flask_continuum.engine.capture.upserts import refuse_replacing
from flask_continuum.engine.registry import Registry


@dataclass(frozen=True, slots=True, eq=False)
class StatementCapture:
    """Captures INSERT, UPDATE and DELETE, or tells triggers that they do.

    :ivar grow: records columns that came after their tables' history was built.
    """

    registry: Registry
    pauses: Pauses
    announcing: Announcing
    links: LinkCapture
    bulk: BulkCapture
    cascades: CascadeCapture
    by_hand: CascadesByHand
    failures: Failures
    grow: Callable[[], None]

    def before_execute(
        self,
        connection: sa.Connection,
        clause: Any,
        multiparams: Any,
        params: Any,
        execution_options: Any,
    ) -> tuple[Any, Any, Any]:
        """Find out what a statement past the unit of work is going to write."""
        if not _is_written(clause, execution_options):
            return clause, multiparams, params
        flush = self.bulk.is_flush(execution_options)
        live = table_of(clause)
        if live in self.registry.announced:
            refuse_replacing(connection, clause)
            self.announcing.before_execute(connection, live, self.bulk.flushing(flush=flush))
        if clause.is_update and clause._values:
            refuse_several(clause, self.registry.tables)
        table = self.pauses.capturing(connection, live)
        if table is not None:
            if self.registry.has_grown(table):
                self.grow()
            statement = Statement(table, clause, parameter_sets(multiparams, params))
            if table.is_native:
                self.bulk.before_native(connection, statement, flush=flush)
            elif not self.links.before_execute(connection, statement, flush=flush):
                refuse_streamed(connection, statement, execution_options)
                clause = self.bulk.before_execute(connection, statement, flush=flush)
        if live in self.registry.cascades:
            self.cascades.before_execute(connection, clause, multiparams, params, flush=flush)
        if live in self.registry.unseen_cascades:
            self.by_hand.before_execute(connection, clause, multiparams, params, flush=flush)
        return clause, multiparams, params

    def after_execute(
        self,
        connection: sa.Connection,
        clause: Any,
        multiparams: Any,
        params: Any,
        execution_options: Any,
        result: Any,
    ) -> None:
        """Note what was written: rows of link tables, and records past the unit of work."""
        if _is_written(clause, execution_options):
            try:
                self.links.after_execute(connection, clause, result)
                self.bulk.after_execute(connection, clause, result)
                if table_of(clause) in self.registry.cascades:
                    self.cascades.after_execute(connection, clause, result)
                self.by_hand.after_execute(connection, clause)
            except BaseException as error:
                self.failures.note(connection, error)
                raise


def _is_written(clause: Any, execution_options: Any) -> bool:
    """Tell whether a statement is an INSERT, UPDATE or DELETE of the application's."""
    return getattr(clause, "is_dml", False) and not execution_options.get("continuum_own")
