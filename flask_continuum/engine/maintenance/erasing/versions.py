"""Takes values out of versions and live rows, and says in ``history_erasure`` that it did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.maintenance.erasing.lives import Life
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.maintenance.sealing.letting_go import release
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.key_texts import key_text
from flask_continuum.engine.read.keys import among, chunks
from flask_continuum.engine.registry import VersionedTable


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Columns of one table's records whose values are erased.

    :ivar columns: the live columns.
    :ivar near: what of the version table names a record; the key, but for links.
    :ivar live: whether the live rows are meant, too.
    :ivar given: what live columns get in place of nothing, by column key.
    """

    place: Place
    table: VersionedTable
    columns: tuple[sa.Column[Any], ...]
    lives: tuple[Life, ...]
    near: tuple[sa.Column[Any], ...]
    live: bool
    given: Mapping[str, Any]

    @property
    def recorded(self) -> Iterator[tuple[sa.Column[Any], sa.Column[Any]]]:
        """The columns that have a history, live and version."""
        return ((c, self.table.version.c[c.key]) for c in self.columns if c.key in self._version)

    @property
    def _version(self) -> Any:
        return self.table.version.c

    # -- looking ---------------------------------------------------------------------------------

    def count(self) -> Mapping[str, int]:
        """Return how many versions would lose a value, by column."""
        found: dict[str, int] = {}
        closed = self._is_closed()
        for live, column in self.recorded:
            waiting = sa.and_(closed, sa.or_(column.is_not(None), ~self._is_covered(column)))
            if self.live:
                # what is open is closed by the change of the live row
                waiting = sa.or_(waiting, sa.and_(~closed, self._is_filled(live, column)))
            for reached in self._reached():
                rows = sa.select(sa.literal(1)).where(reached, waiting)
                number = self.place.count(rows.subquery())
                found[column.name] = found.get(column.name, 0) + number
        return found

    def count_live(self) -> int:
        """Return how many live rows hold one of the values."""
        return sum(
            self.place.count(sa.select(sa.literal(1)).where(condition).subquery())
            for condition in self._live_rows()
        )

    # -- writing ---------------------------------------------------------------------------------

    def live_keys(self) -> list[tuple[Any, ...]]:
        """Return the keys of the live rows that hold one of the values."""
        found = []
        for condition in self._live_rows():
            keys = sa.select(*self.table.key).where(condition)
            found += [tuple(row) for row in self.place.stream(keys)]
        return found

    def clear_live(self, version_id: Any) -> Iterator[sa.Update]:
        """Yield the statements that take the values out of the live rows.

        They are the application's own kind: the capture sees them.

        :param version_id: the column with the ORM's version counter, if there is one.
        """
        values = {c: self._instead(c) for c in self.columns if c.computed is None}
        if isinstance(version_id, sa.Column) and isinstance(version_id.type, sa.Integer):
            own = version_id.table is self.table.live
            values |= {version_id: version_id + 1} if own else {}
        for condition in self._live_rows():
            yield sa.update(self.table.live).where(condition).values(values)

    def clear(self, erasing: int) -> None:
        """Take the values out of the versions that say no more what the live row is, and say so.

        :param erasing: the transaction that does it.
        """
        closed = self._is_closed(drafts=self.live)
        for which in self._reached():
            reached = sa.and_(which, closed)
            for _, column in self.recorded:
                self._say(column, reached, erasing)
            columns = [column for _, column in self.recorded]
            if columns:
                release(self.place, self.table.version, reached, [c.name for c in columns])
                filled = sa.or_(*(column.is_not(None) for column in columns))
                self.place.write(
                    sa.update(self.table.version)
                    .values(dict.fromkeys(columns, sa.null()))
                    .where(reached, filled)
                )

    def _say(self, column: sa.Column[Any], reached: Any, erasing: int) -> None:
        erasure, at = self.place.history.erasure, self.table.transaction_id
        record = key_text(self.table.version_key, self.place.dialect)
        said = (
            sa.select(
                sa.literal(self.table.version.fullname),
                record,
                sa.literal(column.name),
                sa.literal(erasing, sa.BigInteger),
                sa.func.min(at),
                sa.func.max(at),
            )
            .where(reached, ~self._is_covered(column))
            .group_by(record)
        )
        names = ["table_name", "record", "column_name", "transaction_id", "since", "until"]
        self.place.connection.execute(
            erasure.insert().from_select(names, said), execution_options=OWN
        )

    def _instead(self, column: sa.Column[Any]) -> Any:
        """Return what a live column gets.

        :raises ImproperlyConfigured: when it must not be empty and no value is given.
        """
        if column.key in self.given:
            return self.given[column.key]
        if column.nullable:
            return sa.null()
        if isinstance(column.type, sa.String) and not _is_unique(column):
            return ""
        raise ImproperlyConfigured(
            f"{self.table.live.fullname}.{column.name} must not be empty, so its live value cannot "
            f"be erased without another in its place: give one in values."
        )

    # -- which rows ------------------------------------------------------------------------------

    def _reached(self) -> Iterator[sa.ColumnElement[bool]]:
        """Yield conditions that between them select the versions of the records."""
        return _conditions(self.near, self.table.transaction_id, self.lives)

    def _is_filled(self, live: sa.Column[Any], column: sa.Column[Any]) -> sa.ColumnElement[bool]:
        """Return the condition that a column holds something else than it is going to.

        :param column: the live column, or that of the version.
        """
        instead = self._instead(live)
        filled = column.is_not(None)
        return filled if isinstance(instead, sa.Null) else sa.and_(filled, column != instead)

    def _live_rows(self) -> Iterator[sa.ColumnElement[bool]]:
        if not self.live:
            return
        live = self.table.live.c
        filled = sa.or_(*(self._is_filled(c, c) for c in self.columns if c.computed is None))
        near = [live[column.key] for column in self.near]
        newest = (life.key for life in self.lives if life.is_newest)
        for chunk in chunks(newest):
            yield sa.and_(among(near, chunk), filled)

    def _is_closed(self, *, drafts: bool = False) -> sa.ColumnElement[bool]:
        """Return the condition that a version is not what the live row has to equal.

        :param drafts: whether it may be followed by a draft, before which it has no end yet.
        """
        table, gone = self.table, self.table.operation_type == Operation.DELETE
        if table.end_transaction_id is not None and not drafts:
            return sa.or_(table.end_transaction_id.is_not(None), gone)
        later = table.version.alias()
        same = (later.c[c.key] == c for c in table.version_key)
        return sa.or_(
            gone, sa.exists().where(*same, later.c[table.transaction_id.key] > table.transaction_id)
        )

    def _is_covered(self, column: sa.Column[Any]) -> sa.ColumnElement[bool]:
        """Return the condition that it is said already that a version's value was erased."""
        erasure, at = self.place.history.erasure.alias(), self.table.transaction_id
        return sa.exists().where(
            erasure.c.table_name == self.table.version.fullname,
            erasure.c.record == key_text(self.table.version_key, self.place.dialect),
            erasure.c.column_name == column.name,
            erasure.c.since <= at,
            erasure.c.until >= at,
        )


def _conditions(
    near: tuple[sa.Column[Any], ...], at: Any, lives: Iterable[Life]
) -> Iterator[sa.ColumnElement[bool]]:
    whole = [life.key for life in lives if life.is_only]
    for chunk in chunks(whole):
        yield among(near, chunk)
    for life in lives:
        if not life.is_only:
            same = (column == part for column, part in zip(near, life.key, strict=True))
            yield sa.and_(*same, at.between(life.since, life.until))


def _is_unique(column: sa.Column[Any]) -> bool:
    """Tell whether two rows may not hold the same value of a column."""
    if column.unique:
        return True
    sets = [c.columns for c in column.table.constraints if isinstance(c, sa.UniqueConstraint)]
    sets += [index.columns for index in column.table.indexes if index.unique]
    return any(set(columns) == {column} for columns in sets)
