"""The short way of PostgreSQL's triggers: a statement that has written one row, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects import Dialect
from flask_continuum.engine.native.blocks import NEW, OLD
from flask_continuum.engine.registry import VersionedTable


class Single:
    """Makes the statements for a record of one table whose key is in a variable.

    They look up one row each, by its key, so they cost a fraction of what the statements for sets
    of rows do. What is rarer is left to those: a record that this transaction has written before or
    that history does not know, one whose history another transaction has continued, one that goes
    against its history, changed keys.

    :param dialect: for names and conditions.
    :param table: the table.
    """

    def __init__(self, dialect: Dialect, table: VersionedTable) -> None:
        self._dialect = dialect
        self._table = table
        self._version = dialect.name(table.version)
        self._began = dialect.q(table.transaction_id)

    def body(self) -> str:
        """Return what ends the function if the statement was such a one."""
        return f"""
  IF continuum_ids[1] IS NOT NULL AND continuum_ids[2] IS NULL AND continuum_moves IS NULL THEN
    continuum_last := continuum_ids[1];
    IF TG_OP = 'UPDATE' THEN{self._case(NEW, self._updated())}
    ELSIF TG_OP = 'INSERT' THEN{self._case(NEW, self._inserted(), begins=True)}
    ELSIF TG_OP = 'DELETE' THEN{self._case(OLD, self._deleted())}
    END IF;
  END IF;"""

    def _case(self, rows: str, insertion: str, *, begins: bool = False) -> str:
        """Return what writes a version of the only row.

        :param rows: what the statement has written.
        :param insertion: the statement that inserts the version, if there is to be one.
        :param begins: whether it begins a life: there is none before it, or that of a deletion.
        """
        d, table = self._dialect, self._table
        keys = ", ".join(f"r.{d.q(c)} AS k{i}" for i, c in enumerate(table.key))
        follows = "=" if begins else "<>"
        fits = f"continuum_one.before < continuum_last AND continuum_one.was {follows} 2"
        if begins:
            fits = f"continuum_one.before IS NULL OR {fits}"
        return f"""
      SELECT {keys}, p.before, p.was, EXISTS (SELECT 1 FROM {rows} OFFSET 1) AS several
        INTO continuum_one FROM {rows} r LEFT JOIN LATERAL (
          SELECT h.{self._began} AS before, h.{d.q(table.operation_type)} AS was
          FROM {self._version} h {self._newest_first()} LIMIT 1) p ON true
        LIMIT 1;
      IF NOT FOUND THEN
        RETURN NULL;
      END IF;
      IF NOT continuum_one.several AND ({fits}) THEN
        {insertion}{self._close()}
        RETURN NULL;
      END IF;"""

    def _newest_first(self) -> str:
        """Return what picks and orders versions ``h`` of a row ``r``."""
        d = self._dialect
        given = ", ".join(f"r.{d.q(c)}" for _, c in self._places())
        order = [*(f"h.{d.q(c)} DESC" for _, c in self._places()), f"h.{self._began} DESC"]
        between = self._between("h", f"{given}, 0", f"{given}, 9223372036854775807")
        return f"WHERE {between} ORDER BY {', '.join(order)}"

    def _previous(self, alias: str) -> str:
        """Return the condition that a version is the one before."""
        given = ", ".join(f"continuum_one.k{i}" for i, _ in self._places())
        whole = f"{given}, continuum_one.before"
        return self._between(alias, whole, whole)

    def _between(self, alias: str, least: str, most: str) -> str:
        """Return the condition on a version's primary key, which only that index can answer.

        Were the columns equal to something, an index on transactions would do as well. In a table
        that was small when that was planned it looks no worse, and reads all there is later.
        """
        q = self._dialect.q
        names = [*(f"{alias}.{q(c)}" for _, c in self._places()), f"{alias}.{self._began}"]
        mine = ", ".join(names)
        return f"ROW({mine}) >= ROW({least}) AND ROW({mine}) <= ROW({most})"

    def _places(self) -> list[tuple[int, sa.Column[Any]]]:
        """Return the key's columns and their places, in the order of versions' primary key."""
        order = [c.key for c in self._table.version.primary_key]
        return sorted(enumerate(self._table.key), key=lambda each: order.index(each[1].key))

    def _inserted(self) -> str:
        d, table = self._dialect, self._table
        source = f"FROM {d.name(table.live)} s WHERE {self._is('s')}"
        values = [f"s.{d.q(live)}" for live, _ in table.columns]
        return self._insert(values, 0, d.set_flags(table, "s"), source)

    def _updated(self) -> str:
        d, table = self._dialect, self._table
        source = (
            f"FROM {d.name(table.live)} s, {self._version} p WHERE {self._is('s')} "
            f"AND {self._previous('p')} AND {d.any_differs(table, 's', 'p')}"
        )
        values = [f"s.{d.q(live)}" for live, _ in table.columns]
        return self._insert(values, 1, d.changed_flags(table, "s", "p"), source)

    def _deleted(self) -> str:
        d, table = self._dialect, self._table
        source = (
            f"FROM {OLD} o WHERE NOT EXISTS "
            f"(SELECT 1 FROM {d.name(table.live)} s WHERE {self._is('s')})"
        )
        blank = table.blank
        values = [
            "NULL" if version.key in blank else f"o.{d.q(live)}" for live, version in table.columns
        ]
        return self._insert(values, 2, ["true"] * len(table.flags), source)

    def _insert(
        self, values: Sequence[str], operation: int, flags: Sequence[str], source: str
    ) -> str:
        d, table = self._dialect, self._table
        names = f"{d.copied(table, 's')[0]}, {d.bookkeeping(table)}"
        selected = ", ".join([*values, "continuum_last", str(operation), *flags])
        return f"INSERT INTO {self._version} ({names}) SELECT {selected} {source};"

    def _close(self) -> str:
        """Return what ends the version before, if one has been inserted."""
        if self._table.end_transaction_id is None:
            return ""
        end = self._dialect.q(self._table.end_transaction_id)
        return f"""
        IF FOUND AND continuum_one.before IS NOT NULL THEN
          UPDATE {self._version} v SET {end} = continuum_last
            WHERE {self._previous("v")} AND v.{end} IS NULL;
        END IF;"""

    def _is(self, alias: str) -> str:
        """Return the condition that a row, or a version, is the record's."""
        q = self._dialect.q
        keys = enumerate(self._table.key)
        return " AND ".join(f"{alias}.{q(c)} = continuum_one.k{i}" for i, c in keys)
