"""What a trigger of PostgreSQL finds in one table, and the statements that write it down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects import Dialect
from flask_continuum.engine.registry import VersionedTable

NEW = "continuum_new"
OLD = "continuum_old"

_UNDER = (
    "CASE WHEN f.previous IS NULL OR f.previous < continuum_ids[1] THEN continuum_ids[1] "
    "ELSE (SELECT min(u.id) FROM unnest(continuum_ids) u(id) WHERE u.id > f.previous) END"
)
"""The id of a version: the first, or that of the continuation which follows its predecessor."""


@dataclass(frozen=True, slots=True)
class Block:
    """The records of a statement, in one of the tables that they have rows in.

    :ivar found: the query for what is to become of each: values ``c0`` …, flags ``m0`` …, ``op``,
        the version before this transaction (``previous``), whether it is to have a version of this
        transaction (``want``), whether it has one (``have``), and whether history has never seen it
        (``unknown``).
    :ivar baseline: the statement that gives first versions to those.
    """

    table: VersionedTable
    found: str
    baseline: str | None


@dataclass(frozen=True, slots=True)
class Blocks:
    """Makes the blocks of one table's triggers.

    :ivar table: the one that a statement writes.
    :ivar siblings: the other tables that its records have rows in.
    """

    dialect: Dialect
    table: VersionedTable
    siblings: Sequence[VersionedTable]

    def inserted(self) -> Iterator[Block]:
        """Yield what an INSERT makes."""
        yield self._live(self.table, NEW, unknown=False)
        for sibling in self.siblings:
            yield self._live(sibling, NEW, unknown=False)

    def updated(self) -> Iterator[Block]:
        """Yield what an UPDATE makes of the keys that there are now."""
        yield self._live(self.table, NEW, before=OLD)
        for sibling in self.siblings:
            yield self._live(sibling, NEW, before=OLD)

    def moved(self) -> Iterator[Block]:
        """Yield what an UPDATE makes of the keys that were there before it."""
        yield self._gone(OLD)
        if self.table.repeats:
            yield self._live(self.table, OLD, before=OLD)

    def deleted(self) -> Iterator[Block]:
        """Yield what a DELETE makes."""
        yield self._gone(OLD)
        if self.table.repeats:
            yield self._live(self.table, OLD, before=OLD)
        for sibling in self.siblings:
            yield self._live(sibling, OLD)

    def truncated(self) -> Iterator[Block]:
        """Yield what a TRUNCATE is about to make."""
        yield self._gone(self.dialect.name(self.table.live), all_go=True)

    # -- finding -------------------------------------------------------------------------------

    def _live(
        self, table: VersionedTable, rows: str, *, unknown: bool = True, before: str | None = None
    ) -> Block:
        """Return the block of records that have a row.

        :param rows: a table with the keys, of a row of the statement's table each.
        :param unknown: whether a record may be older than its history.
        :param before: what the statement's rows were, where it may have changed their keys.
        """
        d = self.dialect
        began, operation = d.q(table.transaction_id), d.q(table.operation_type)
        columns = [f"s.{d.q(live)}" for live, _ in table.columns]
        begins = f"p.{began} IS NULL OR p.{operation} = 2"
        others = [each for each in (self.table, *self.siblings) if each is not table]
        differs = [d.any_differs(table, "s", "p")]
        differs += [
            d.sibling_differs(table, "s", each, "<> ALL (continuum_ids)") for each in others
        ]
        have = self._have(table, "s")
        is_unknown = f"(p.{began} IS NULL AND NOT {have}"
        if before is not None:
            same = d.shared_key(self.table, "o", table, "s")
            is_unknown += f" AND EXISTS (SELECT 1 FROM {before} o WHERE {same})"
        keys = ", ".join(f"r.{d.q(c)} AS k{i}" for i, c in enumerate(self.table.key))
        joins = self._joins(table)
        source = f"(SELECT DISTINCT {keys} FROM {rows} r{self._linking('r')})"
        flags = d.changed_flags(table, "s", "p", begins)
        found = (
            f"SELECT {d.distinct(table)}{_numbered(columns, flags)}, "
            f"CASE WHEN {begins} THEN 0 ELSE 1 END AS op, p.{began} AS previous, "
            f"({begins} OR {' OR '.join(differs)}) AS want, {have} AS have, "
            f"{f'{is_unknown})' if unknown else 'false'} AS unknown FROM {source} k "
            f"JOIN {d.name(table.live)} s ON {joins} "
            f"LEFT JOIN LATERAL ({self._before(table, 's')}) p ON true"
        )
        if not unknown:
            return Block(table, found, None)
        # what the statement has changed was another row before it
        own = before is not None and table is self.table
        older = f"{before} s" if own else f"{source} k JOIN {d.name(table.live)} s ON {joins}"
        return Block(table, found, self._baseline(table, older, "s"))

    def _gone(self, rows: str, *, all_go: bool = False) -> Block:
        """Return the block of records that have no row any more.

        :param rows: a table with what they held.
        :param all_go: whether none will have one when the statement is over.
        """
        d, table = self.dialect, self.table
        began, operation = d.q(table.transaction_id), d.q(table.operation_type)
        blank = table.blank
        values = [
            f"CASE WHEN 1 = 0 THEN o.{d.q(live)} END" if version.key in blank else f"o.{d.q(live)}"
            for live, version in table.columns
        ]
        have = self._have(table, "o")
        there = f"EXISTS (SELECT 1 FROM {d.name(table.live)} s WHERE {self.same(table, 's', 'o')})"
        conditions = [*self._filled("o"), *([] if all_go else [f"NOT {there}"])]
        only = (
            f"DISTINCT ON ({', '.join(f'o.{d.q(c)}' for c in table.key)}) " if table.repeats else ""
        )
        found = (
            f"SELECT {only}{_numbered(values, ['true'] * len(table.flags))}, 2 AS op, "
            f"p.{began} AS previous, coalesce(p.{operation} <> 2, false) AS want, {have} AS have, "
            f"(p.{began} IS NULL AND NOT {have}) AS unknown FROM {rows} o "
            f"LEFT JOIN LATERAL ({self._before(table, 'o')}) p ON true"
            + (f" WHERE {' AND '.join(conditions)}" if conditions else "")
            + self._order()
        )
        return Block(table, found, self._baseline(table, f"{rows} s", "s"))

    def _order(self) -> str:
        """Return the order in which the first of several rows tells what their link held."""
        if not self.table.repeats:
            return ""
        columns = (*self.table.key, *self.table.live.primary_key)
        return f" ORDER BY {', '.join(f'o.{self.dialect.q(c)}' for c in columns)}"

    def _baseline(self, table: VersionedTable, rows: str, alias: str) -> str:
        d = self.dialect
        version, columns = d.name(table.version), d.copied(table, alias)
        flags = "".join(f", {flag}" for flag in d.set_flags(table, alias))
        only = (
            f"DISTINCT ON ({', '.join(f'{alias}.{d.q(c)}' for c in table.key)}) "
            if table.repeats
            else ""
        )
        filled = "".join(f" AND {each}" for each in self._filled(alias, table))
        return (
            f"INSERT INTO {version} ({columns[0]}, {d.bookkeeping(table)}) "
            f"SELECT {only}{columns[1]}, continuum_first, 0{flags} FROM {rows} WHERE NOT EXISTS "
            f"(SELECT 1 FROM {version} h WHERE {self.same(table, 'h', alias)}){filled};"
        )

    # -- writing -------------------------------------------------------------------------------

    def write(self, block: Block) -> str:
        """Return what writes versions of records that have none of this transaction.

        What there is already is counted, and so is what cannot be written yet.
        """
        d, table = self.dialect, block.table
        version, columns = d.name(table.version), d.copied(table, "s")[0]
        picked = ", ".join(f"f.c{i}" for i in range(len(table.columns)))
        flags = "".join(f", f.m{i}" for i in range(len(table.flags)))
        new = (
            "f.want AND NOT f.have AND NOT f.unknown "
            "AND (f.previous IS NULL OR f.previous < continuum_last)"
        )
        parts = [
            f"found AS MATERIALIZED ({block.found})",
            f"put AS (INSERT INTO {version} ({columns}, {d.bookkeeping(table)}) "
            f"SELECT {picked}, {_UNDER}, f.op{flags} FROM found f WHERE {new})",
        ]
        if table.end_transaction_id is not None:
            end = d.q(table.end_transaction_id)
            parts.append(
                f"closed AS (UPDATE {version} v SET {end} = {_UNDER} FROM found f WHERE {new} "
                f"AND {self._is(table)} AND v.{d.q(table.transaction_id)} = f.previous "
                f"AND v.{end} IS NULL)"
            )
        return (
            f"WITH {', '.join(parts)} SELECT "
            f"continuum_have + count(*) FILTER (WHERE f.have), "
            f"continuum_unknown + count(*) FILTER (WHERE f.unknown), "
            f"continuum_over + count(*) FILTER (WHERE f.want AND NOT f.have "
            f"AND f.previous >= continuum_last), "
            f"continuum_born + count(*) FILTER (WHERE f.op = 0 AND NOT f.have AND NOT f.unknown) "
            f"INTO continuum_have, continuum_unknown, continuum_over, continuum_born FROM found f;"
        )

    def amend(self, block: Block) -> str:
        """Return what brings versions of this transaction up to what is there now."""
        d, table = self.dialect, block.table
        version, began = d.name(table.version), d.q(table.transaction_id)
        keys = set(table.key)
        sets = [
            f"{d.q(recorded)} = f.c{i}"
            for i, (live, recorded) in enumerate(table.columns)
            if live not in keys
        ]
        sets += [f"{d.q(flag)} = f.m{i}" for i, (_, flag) in enumerate(table.flags)]
        sets.append(f"{d.q(table.operation_type)} = f.op")
        mine = f"f.have AND {self._is(table)} AND v.{began} = ANY (continuum_ids)"
        parts = [
            f"found AS MATERIALIZED ({block.found})",
            f"amended AS (UPDATE {version} v SET {', '.join(sets)} FROM found f "
            f"WHERE f.want AND {mine})",
        ]
        removed = f"DELETE FROM {version} v USING found f WHERE NOT f.want AND {mine}"
        if table.end_transaction_id is None:
            return f"WITH {', '.join(parts)} {removed};"
        end = d.q(table.end_transaction_id)
        parts.append(f"removed AS ({removed})")
        return (
            f"WITH {', '.join(parts)} UPDATE {version} v SET {end} = NULL FROM found f "
            f"WHERE NOT f.want AND f.have AND {self._is(table)} AND v.{began} = f.previous "
            f"AND v.{end} = ANY (continuum_ids);"
        )

    # -- conditions ----------------------------------------------------------------------------

    def _joins(self, table: VersionedTable) -> str:
        d = self.dialect
        condition = " AND ".join(f"s.{d.q(c)} = k.k{i}" for i, c in enumerate(table.key))
        return f"{condition} AND {d.speaks(table, 's')}" if table.repeats else condition

    def same(self, table: VersionedTable, one: str, other: str) -> str:
        """Return the condition that rows of a table, or of its versions, have the same key."""
        q = self.dialect.q
        return " AND ".join(f"{one}.{q(c)} = {other}.{q(c)}" for c in table.key)

    def _is(self, table: VersionedTable) -> str:
        """Return the condition that a version ``v`` is of the record ``f`` that was found."""
        places: dict[Any, int] = {live: i for i, (live, _) in enumerate(table.columns)}
        return " AND ".join(f"v.{self.dialect.q(c)} = f.c{places[c]}" for c in table.key)

    def _before(self, table: VersionedTable, alias: str) -> str:
        """Return the query for the newest version that is not of this transaction."""
        d = self.dialect
        began = d.q(table.transaction_id)
        return (
            f"SELECT h.* FROM {d.name(table.version)} h WHERE {self.same(table, 'h', alias)} "
            f"AND h.{began} <> ALL (continuum_ids) ORDER BY h.{began} DESC LIMIT 1"
        )

    def _have(self, table: VersionedTable, alias: str) -> str:
        """Return the condition that there is a version of this transaction."""
        d = self.dialect
        return (
            f"EXISTS (SELECT 1 FROM {d.name(table.version)} h WHERE "
            f"{self.same(table, 'h', alias)} "
            f"AND h.{d.q(table.transaction_id)} = ANY (continuum_ids))"
        )

    def _filled(self, alias: str, table: VersionedTable | None = None) -> Iterator[str]:
        """Yield the conditions that a row of a link table links something."""
        table = table or self.table
        for column in table.key if table.is_link else ():
            yield f"{alias}.{self.dialect.q(column)} IS NOT NULL"

    def _linking(self, alias: str) -> str:
        conditions = " AND ".join(self._filled(alias))
        return f" WHERE {conditions}" if conditions else ""


def _numbered(columns: Sequence[str], flags: Sequence[str]) -> str:
    """Return recorded columns and flags under names that no column can have taken."""
    found = [f"{column} AS c{i}" for i, column in enumerate(columns)]
    return ", ".join([*found, *(f"{flag} AS m{i}" for i, flag in enumerate(flags))])


def quoted(text: str) -> str:
    """Return text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def column_names(table: sa.Table, dialect: Dialect, *, without: str) -> str:
    """Return the columns of a table as a list, one of them left out."""
    return ", ".join(dialect.q(c) for c in table.c if c.key != without)
