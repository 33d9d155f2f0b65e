"""What foreign keys make of the rows that a statement writes, from table to table."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.capture.changes import Key
from flask_continuum.engine.capture.consequences import AffectedRow, concerns, consequence, key_of
from flask_continuum.engine.capture.statements import Parameters, selection, values_compared
from flask_continuum.engine.capture.upserts import changed_on_conflict
from flask_continuum.engine.capture.writer import Writer
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.dialects.rows import Columns, select_rows
from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Cascade, Registry


@dataclass(slots=True, eq=False)
class Reached:
    """The rows of one table that a statement reaches, by what identifies them."""

    deleted: dict[Key, AffectedRow] = field(default_factory=dict)
    updated: dict[Key, AffectedRow] = field(default_factory=dict)
    written: set[Key] = field(default_factory=set)

    def add(self, key: Key, row: AffectedRow, effect: Operation) -> bool:
        """Note a row; tell whether it is reached so for the first time."""
        found = self.deleted if effect is Operation.DELETE else self.updated
        if key in found:
            return False
        found[key] = row
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Following:
    """Reads and locks what a statement writes, and what foreign keys make of that.

    :ivar cascades: those that are followed, by the table that causes them.
    """

    registry: Registry
    writer: Writer
    cascades: Mapping[sa.Table, tuple[Cascade, ...]]

    # -- what the statement itself writes ------------------------------------------------------

    def written(
        self,
        connection: sa.Connection,
        clause: Any,
        parameters: Parameters,
        sets: Sequence[Mapping[str, Any]],
        cascades: Sequence[Cascade],
        *,
        flush: bool,
    ) -> list[AffectedRow]:
        """Read and lock the parents, so that nobody gives them more children."""
        parent = cascades[0].parent
        key = self.identity(parent)
        columns = self._columns(parent)
        compared = values_compared(clause, key, parameters, only=not flush)
        if compared is not None:
            new = dict(zip(compared, sets or repeat({}), strict=False))
            dialect = self.writer.dialect(connection)
            found = select_rows(dialect, connection, columns, key, list(new))
            return [AffectedRow(old, new.get(key_of(key, old), {})) for old in found]
        if sets and len(parameters) > 1:
            raise HistoryWriteError(
                f"This UPDATE changes what other tables refer to in {parent.name}, for several "
                f"parameter sets and not by primary key: what the database makes of it cannot be "
                f"captured exactly. Execute it once for each. Nothing was sent."
            )
        query = selection(clause, columns).with_for_update()
        names = [column.key for column in columns]
        return [
            AffectedRow(dict(zip(names, row, strict=True)), sets[0] if sets else {})
            for given in parameters
            for row in connection.execute(query, given, execution_options=OWN).all()
        ]

    # -- what the database will make of it -----------------------------------------------------

    def follow(
        self,
        connection: sa.Connection,
        parent: sa.Table,
        cause: Operation,
        rows: Sequence[AffectedRow],
    ) -> dict[sa.Table, Reached]:
        """Go from the parents to their children and on, each row once."""
        written = Reached()
        for row in rows:
            key = key_of(self.identity(parent), row.old)
            written.add(key, row, cause)
            written.written.add(key)
        reached = {parent: written}
        queue = deque([(parent, cause, list(rows))])
        while queue:
            table, cause, parents = queue.popleft()
            for cascade in self.cascades.get(table, ()):
                if cascade.cause is not cause:
                    continue
                identity = self.identity(cascade.child)
                found = reached.setdefault(cascade.child, Reached())
                children = [
                    child
                    for child in self._children(connection, cascade, parents)
                    if found.add(key_of(identity, child.old), child, cascade.effect)
                ]
                if children:
                    queue.append((cascade.child, cascade.effect, children))
        return reached

    def _children(
        self, connection: sa.Connection, cascade: Cascade, parents: Sequence[AffectedRow]
    ) -> Iterator[AffectedRow]:
        """Read and lock the rows that refer to the parents."""
        referenced = [parent for parent, _ in cascade.pairs]
        referring = [child for _, child in cascade.pairs]
        sources = {
            value: row
            for row in parents
            if None not in (value := key_of(referenced, row.old)) and concerns(cascade, row)
        }
        if not sources:
            return
        dialect = self.writer.dialect(connection)
        columns = self._columns(cascade.child)
        for old in select_rows(dialect, connection, columns, referring, list(sources)):
            yield AffectedRow(old, consequence(cascade, old, sources.get(key_of(referring, old))))

    def identity(self, table: sa.Table) -> Columns:
        """Return the columns that tell the rows of a table apart."""
        entry = self.registry.tables.get(table)
        return entry.key if entry is not None else tuple(table.primary_key) or tuple(table.c)

    def _columns(self, table: sa.Table) -> Columns:
        """Return what must be known of a table's rows: what they are, refer to, are referred by."""
        above = (
            child
            for cascades in self.cascades.values()
            for each in cascades
            if each.child is table
            for _, child in each.pairs
        )
        below = (p for each in self.cascades.get(table, ()) for p, _ in each.pairs)
        return tuple(dict.fromkeys((*self.identity(table), *above, *below)))


def refuse_insertion(clause: Any, cascades: Iterable[Cascade]) -> None:
    """Refuse an INSERT that removes what it finds, or changes what others refer to."""
    words = " ".join(str(text) for text, _ in clause._prefixes).upper()
    if "REPLACE" in words and any(each.cause is Operation.DELETE for each in cascades):
        raise HistoryWriteError(
            f"INSERT OR REPLACE on {clause.table.name} deletes what it finds, and what belongs "
            f"to it, which cannot be captured. Use ON CONFLICT DO UPDATE. Nothing was sent."
        )
    changed = changed_on_conflict(clause)
    for each in cascades:
        names = [c.name for c, _ in each.pairs if c.key in changed]
        if each.cause is Operation.UPDATE and names:
            raise HistoryWriteError(
                f"This INSERT on {clause.table.name} may change {', '.join(names)} where it "
                f"finds a row, and the database will change what refers to it in "
                f"{each.child.name}, which cannot be captured. Leave {', '.join(names)} out of "
                f"what it sets, or UPDATE the rows that are there. Nothing was sent."
            )
