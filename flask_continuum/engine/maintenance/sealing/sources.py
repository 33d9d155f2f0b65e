"""What is sealed, table by table: versions and transactions, as the database holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.plugins.seals import SEAL, SEALED
from flask_continuum.engine.read.key_texts import key_text
from flask_continuum.engine.read.keys import beyond

BATCH = 1000
"""Rows in one statement."""


@dataclass(frozen=True, slots=True)
class Part:
    """A version, or the row of a transaction.

    :ivar record: its key as text, empty for a transaction.
    :ivar values: what its columns hold, by name, as plain as the database gives it.
    """

    number: int
    record: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A table whose rows are parts of transactions.

    :ivar moment: the column with the transaction.
    :ivar key: the columns that tell its parts apart.
    :ivar columns: what is sealed of a row, by name.
    """

    place: Place
    table: sa.Table
    moment: sa.Column[Any]
    key: tuple[sa.Column[Any], ...]
    columns: Mapping[str, Any]

    @property
    def name(self) -> str:
        """How seals call the table."""
        return self.table.fullname

    @property
    def record(self) -> sa.ColumnElement[str]:
        """The key as text."""
        if not self.key:
            return sa.literal("")
        return key_text(self.key, self.place.dialect)

    def parts(self, first: int, last: int, which: Any = None) -> Iterator[list[Part]]:
        """Yield the rows of some transactions in their order, so many at a time.

        :param first: the id of the first transaction that is meant.
        :param last: that of the last.
        :param which: a condition on them.
        """
        order = (self.moment, *self.key)
        stored = [_stored(column, self.place.dialect) for column in self.columns.values()]
        wanted = (
            sa.select(*order, self.record, *stored)
            .where(self.moment.between(first, last), sa.true() if which is None else which)
            .order_by(*order)
            .limit(BATCH)
        )
        size = len(order)
        behind: tuple[Any, ...] | None = None
        while True:
            page = wanted
            if behind is not None:
                page = page.where(beyond(order, behind, rising=True))
            rows = self.place.connection.execute(page, execution_options=OWN).all()
            if rows:
                yield [
                    Part(row[0], row[size], dict(zip(self.columns, row[size + 1 :], strict=True)))
                    for row in rows
                ]
            if len(rows) < BATCH:
                return
            behind = tuple(rows[-1][:size])


def chain_of(place: Place) -> tuple[sa.Table, sa.Table]:
    """Return the tables of seals.

    :raises ImproperlyConfigured: when there are none.
    """
    further = place.history.further
    if SEAL not in further:
        raise ImproperlyConfigured(
            "There is no table for seals. Add SealPlugin() (flask_continuum.plugins) to the "
            "plugins, and generate a migration."
        )
    return further[SEAL], further[SEALED]


def sources(place: Place) -> Iterator[Source]:
    """Yield the tables of a place whose rows are sealed, that of transactions first."""
    transaction = place.history.transaction
    said = {c.name: c for c in transaction.c if c is not transaction.c.id}
    yield Source(place, transaction, transaction.c.id, (), said)
    retired = _retired(place)
    for table in place.tables:
        own = {table.transaction_id, table.end_transaction_id}
        columns: dict[str, Any] = {c.name: c for c in table.version.c if c not in own}
        for name in retired.get(table.version.fullname, ()):
            columns.setdefault(name, sa.column(name))
        own_columns = dict(sorted(columns.items()))
        yield Source(place, table.version, table.transaction_id, table.version_key, own_columns)


def settle_texts(place: Place) -> None:
    """Have the database write values in one way, whatever its session is set to."""
    if place.dialect != "postgresql":
        return
    for name, value in (
        ("TimeZone", "UTC"),
        ("DateStyle", "ISO, YMD"),
        ("IntervalStyle", "postgres"),
        ("bytea_output", "hex"),
        ("extra_float_digits", "1"),
    ):
        place.connection.execute(
            sa.select(sa.func.set_config(name, value, True)), execution_options=OWN
        )


def _retired(place: Place) -> Mapping[str, list[str]]:
    """Return the columns that the tables still have and the models have not, by version table."""
    spans = place.history.history_column
    found: dict[str, list[str]] = {}
    rows = sa.select(spans.c.table_name, spans.c.column_name).where(
        spans.c.until.is_not(None), spans.c.column_name != ""
    )
    for table, column in list(place.stream(rows)):
        found.setdefault(table, []).append(column)
    if not found:
        return found
    inspector = sa.inspect(place.connection)
    for table in place.tables:
        names = found.get(table.version.fullname)
        if names:
            schema = place.connection.schema_for_object(table.version)
            there = {c["name"] for c in inspector.get_columns(table.version.name, schema=schema)}
            found[table.version.fullname] = [name for name in names if name in there]
    return found


def _stored(column: Any, dialect: str) -> Any:
    """Return a value as plainly as the database has it, whatever its type makes of it."""
    if dialect == "postgresql":
        return sa.type_coerce(sa.cast(column, sa.Text), sa.Text)
    if dialect in ("mysql", "mariadb"):
        return sa.type_coerce(sa.cast(column, sa.LargeBinary), sa.types.NullType)
    return sa.type_coerce(column, sa.types.NullType)
