"""What tables beside the versions tell of people: who acted, from where, and what was said of it.

Tables say so themselves: ``OF_USER`` and ``OF_RECORD`` in their ``info`` name the columns that tell
whom or what a row is about, and ``PERSONAL`` in that of columns what is erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.maintenance.erasing.reach import Reached
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.maintenance.sealing.letting_go import release
from flask_continuum.engine.read.keys import chunks
from flask_continuum.engine.registry import OF_RECORD, OF_USER, PERSONAL

KEPT = frozenset({"moved", "pruned", "empty", "undoes", "reverts", "erased", "prune", "repair"})
"""What the context of a transaction says about history, and not about people."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Rows of one table that tell of somebody.

    :ivar columns: what of them is erased.
    """

    place: Place
    table: sa.Table
    which: sa.ColumnElement[bool]
    columns: tuple[sa.Column[Any], ...]

    def count(self) -> int:
        """Return how many rows say something."""
        return self.place.count(sa.select(sa.literal(1)).where(self._told).subquery())

    def clear(self) -> None:
        """Take it out."""
        nothing = dict.fromkeys(self.columns, sa.null())
        release(self.place, self.table, self._told, [column.name for column in self.columns])
        self.place.write(sa.update(self.table).values(nothing).where(self._told))

    @property
    def _told(self) -> sa.ColumnElement[bool]:
        return sa.and_(self.which, sa.or_(*(column.is_not(None) for column in self.columns)))


def traces_of_user(place: Place, user: Any, *, reasons: bool) -> Iterator[Trace]:
    """Yield what is told of a user.

    :param user: their primary key.
    :param reasons: whether the reasons that they have given are meant.
    """
    transaction = place.history.transaction
    for table in transaction.metadata.tables.values():
        named = table.info.get(OF_USER)
        if named is not None:
            columns = _personal(table)
            if reasons and table is transaction:
                columns = (*columns, transaction.c.reason)
            if columns:
                yield Trace(place, table, _names(table.c[named], user), columns)
    own = transaction.info.get(OF_USER)
    if own is None:
        return
    theirs = sa.select(transaction.c.id).where(_names(transaction.c[own], user))
    for table in place.history.further.values():
        columns = _personal(table)
        if columns:
            yield Trace(place, table, table.c.transaction_id.in_(theirs), columns)


def traces_of_records(place: Place, reached: Iterable[Reached]) -> Iterator[Trace]:
    """Yield what tables of plugins tell about records."""
    for table in place.history.further.values():
        for kind, key in table.info.get(OF_RECORD, ()):
            for each in reached:
                for which in _about(table, kind, key, each):
                    yield Trace(place, table, which, _personal(table))


def _about(
    table: sa.Table, kind: str, key: str, reached: Reached
) -> Iterator[sa.ColumnElement[bool]]:
    entry = reached.entry
    if len(entry.key_attributes) != 1:
        return  # what has a key of several columns cannot be named
    names = [m.class_.__name__ for m in entry.mapper.base_mapper.self_and_descendants]
    column = table.c[key]
    for chunk in chunks(life.key for life in reached.lives if life.is_only):
        keys = [_as(column, part) for (part,) in chunk]
        yield sa.and_(table.c[kind].in_(names), column.in_(keys))
    for life in reached.lives:
        if not life.is_only:
            when = table.c.transaction_id.between(life.since, life.until)
            yield sa.and_(table.c[kind].in_(names), _names(column, life.key[0]), when)


def contexts_of_user(place: Place, user: Any) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield the transactions of a user whose context says more than history needs.

    :returns: ids, each with what stays of the context.
    """
    transaction = place.history.transaction
    own = transaction.info.get(OF_USER)
    if own is None:
        return
    rows = sa.select(transaction.c.id, transaction.c.context).where(
        _names(transaction.c[own], user), transaction.c.context.is_not(None)
    )
    for number, context in place.stream(rows):
        kept = context if isinstance(context, dict) else {}
        kept = {name: value for name, value in kept.items() if name in KEPT}
        if kept != context:
            yield number, kept or None


def clear_contexts(place: Place, user: Any) -> None:
    """Leave in the context of a user's transactions what history needs."""
    transaction = place.history.transaction
    statement = (
        transaction.update()
        .where(transaction.c.id == sa.bindparam("number"))
        .values(context=sa.bindparam("kept", type_=transaction.c.context.type))
    )
    found = [{"number": number, "kept": kept} for number, kept in contexts_of_user(place, user)]
    for start in range(0, len(found), 500):
        part = found[start : start + 500]
        concerned = transaction.c.id.in_([each["number"] for each in part])
        release(place, transaction, concerned, [transaction.c.context.name])
        place.connection.execute(statement, part, execution_options=OWN)


def _personal(table: sa.Table) -> tuple[sa.Column[Any], ...]:
    return tuple(column for column in table.c if column.info.get(PERSONAL))


def _names(column: sa.Column[Any], value: Any) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = column == _as(column, value)
    return found


def _as(column: sa.Column[Any], value: Any) -> Any:
    return str(value) if isinstance(column.type, sa.String) else value
