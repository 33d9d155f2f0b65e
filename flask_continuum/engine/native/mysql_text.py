"""The SQL of MariaDB's and MySQL's triggers, piece by piece.

What is decided about a record must not rest on what a transaction's snapshot shows: others may have
committed since. A search that finds nothing locks a gap under REPEATABLE READ, and those who both
hold one and write into it wait for each other. So a plain SELECT tells what this transaction has
written itself, the new version is inserted at once, and what came before it is then read with a
lock from there: backwards where a version is known to exist, forwards up to the own row otherwise.

Local variables begin with ``c_``; columns always have an alias, since a name alone would be a
variable's first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.dialects.mysql import MySQLDialect
from flask_continuum.engine.registry import VersionedTable

Values = Callable[[sa.Column[Any]], str]
"""Where a live column's value comes from: ``NEW``, ``OLD``, or variables."""


class Text(MySQLDialect):
    """Fragments whose names are quoted for text that is stored: the same in every ``sql_mode``."""

    def q(self, column: sa.Column[Any]) -> str:
        """Return a column's name in backticks."""
        return quoted(column.name)

    def name(self, table: sa.Table) -> str:
        """Return a table's name in backticks, with its schema."""
        schema = self.schemas.get(table.schema, table.schema)
        return f"{quoted(schema)}.{quoted(table.name)}" if schema else quoted(table.name)


MODES = ("SET @continuum_mode = @@sql_mode, sql_mode = ''", "SET sql_mode = @continuum_mode")
"""Before and after a trigger is made: it keeps the mode of then, and must store what any may."""


def quoted(name: str) -> str:
    """Return a name in backticks, which mean the same with ``ANSI_QUOTES``."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """Return text as a literal that needs no backslash to mean something."""
    return (
        "_utf8mb4 0x" + text.encode().hex() if "\\" in text else "'" + text.replace("'", "''") + "'"
    )


@dataclass(frozen=True, slots=True)
class Chain:
    """Statements on the versions of the record that ``values`` name, written at ``c_here``."""

    text: Text
    table: VersionedTable
    values: Values

    # -- names ---------------------------------------------------------------------------------

    @property
    def versions(self) -> str:
        """The version table as ``v``, read by its primary key."""
        return f"{self.text.name(self.table.version)} v FORCE INDEX (PRIMARY)"

    @property
    def began(self) -> str:
        """The column with the transaction that made a version."""
        return f"v.{self.text.q(self.table.transaction_id)}"

    @property
    def operation(self) -> str:
        """The column with the operation."""
        return f"v.{self.text.q(self.table.operation_type)}"

    @property
    def end(self) -> str:
        """The column with a version's end; NULL where versions do not know it."""
        column = self.table.end_transaction_id
        return "NULL" if column is None else f"v.{self.text.q(column)}"

    def record(self, alias: str = "v") -> str:
        """Return the condition that a version is the record's."""
        pairs = zip(self.table.key, self.table.version_key, strict=True)
        return " AND ".join(f"{alias}.{self.text.q(v)} = {self.values(c)}" for c, v in pairs)

    def differs(self, alias: str = "v", values: Values | None = None) -> str:
        """Return the condition that the row is not what a version, or another row, says."""
        other = values or (lambda c: f"{alias}.{self.text.q(self.table.version.c[c.key])}")
        found = [
            self.text.differs(c, self.values(c), other(c))
            for c, _ in self.table.columns
            if c not in self.table.key
        ]
        return "(" + (" OR ".join(found) or "FALSE") + ")"

    # -- writing -------------------------------------------------------------------------------

    def set_flags(self) -> list[str]:
        """Return the flags of a version that begins a life: what is set."""
        return [f"{self.values(live)} IS NOT NULL" for live, _ in self.table.flags]

    def insert(self, at: str, operation: int, *, flags: Sequence[str], blank: bool = False) -> str:
        """Return the INSERT of a version from the row."""
        names = [self.text.q(version) for _, version in self.table.columns]
        return (
            f"INSERT INTO {self.text.name(self.table.version)} "
            f"({', '.join(names)}, {self.text.bookkeeping(self.table)}) "
            f"VALUES ({', '.join([*self.recorded(blank=blank), at, str(operation), *flags])});"
        )

    def recorded(self, *, blank: bool) -> Iterable[str]:
        """Yield the values of the recorded columns."""
        empty = self.table.blank if blank else frozenset[str]()
        return ("NULL" if c.key in empty else self.values(c) for c, _ in self.table.columns)

    def overwrite(self, operation: str, *, flags: Sequence[str], blank: bool = False) -> str:
        """Return the UPDATE that puts the row into the version at ``c_here``."""
        keys = set(self.table.key)
        pairs = zip(self.table.columns, self.recorded(blank=blank), strict=True)
        sets = [f"v.{self.text.q(v)} = {value}" for (c, v), value in pairs if c not in keys]
        sets.append(f"{self.operation} = {operation}")
        names = (self.text.q(flag) for _, flag in self.table.flags)
        sets += [f"v.{name} = {value}" for name, value in zip(names, flags, strict=True)]
        return f"UPDATE {self.versions} SET {', '.join(sets)} WHERE {self.at('c_here')};"

    def at(self, transaction: str, alias: str = "v") -> str:
        """Return the condition for one version."""
        began = self.text.q(self.table.transaction_id)
        return f"{self.record(alias)} AND {alias}.{began} = {transaction}"

    def flag(self) -> str:
        """Return the UPDATE of the flags: what differs from the version at ``c_p``."""
        if not self.table.flags:
            return ""
        version = self.text.name(self.table.version)
        changed = zip(self.table.flags, self.text.changed_flags(self.table, "v", "p"), strict=True)
        return (
            f"UPDATE {self.versions} STRAIGHT_JOIN {version} p FORCE INDEX (PRIMARY) "
            f"ON {self.at('c_p', 'p')} "
            f"SET {', '.join(f'v.{self.text.q(flag)} = {value}' for (_, flag), value in changed)} "
            f"WHERE {self.at('c_here')};"
        )

    def drop(self) -> str:
        """Return the DELETE of the version at ``c_here``."""
        version = self.text.name(self.table.version)
        return f"DELETE v FROM {version} v WHERE {self.at('c_here')};"

    def close(self) -> str:
        """Return the UPDATE that ends the version at ``c_p``."""
        if self.table.end_transaction_id is None:
            return ""
        return (
            f"UPDATE {self.versions} SET {self.end} = c_here "
            f"WHERE {self.at('c_p')} AND {self.end} IS NULL;"
        )

    def reopen(self) -> str:
        """Return the UPDATE that takes the end of the version at ``c_p`` back."""
        if self.table.end_transaction_id is None:
            return ""
        return (
            f"UPDATE {self.versions} SET {self.end} = NULL "
            f"WHERE {self.at('c_p')} AND {self.end} = c_here;"
        )

    def renumber(self) -> str:
        """Return the UPDATE that moves the version from ``c_was`` to ``c_here``."""
        return f"UPDATE {self.versions} SET {self.began} = c_here WHERE {self.at('c_was')};"

    # -- reading -------------------------------------------------------------------------------

    def see(self) -> str:
        """Return the plain SELECT of the newest version: exact for what is this transaction's.

        MAX and MIN are two steps in the index here, ORDER BY … LIMIT costs five times as much.
        """
        return (
            f"SET c_seen = (SELECT MAX({self.began}) FROM {self.versions} WHERE {self.record()});"
        )

    def see_operation(self) -> str:
        """Return the plain SELECT of the operation of the version at ``c_here``."""
        return (
            f"SET c_seen_op = (SELECT {self.operation} FROM {self.versions} "
            f"WHERE {self.at('c_here')});"
        )

    def find_before(self, *, known: bool = False) -> str:
        """Return the locking search for the version before ``c_here``, into ``c_p``.

        Backwards where one is known to exist. Else forwards: that ends at the own row.

        :param known: whether ``c_seen`` is it, or leads to it by the ends of versions.
        """
        earlier = f"FROM {self.versions} WHERE {self.record()} AND {self.began} < c_here FOR UPDATE"
        last = f"SELECT MAX({self.began}) INTO c_p {earlier};"
        first = f"SELECT MIN({self.began}) INTO c_p {earlier};"
        if known and self.table.end_transaction_id is not None:
            return (
                f"SET c_p = c_seen; IF c_p IS NULL THEN {first} "
                f"IF c_p IS NOT NULL THEN {last} END IF; END IF;"
            )
        return (
            f"SET c_p = c_seen; IF c_p IS NULL THEN {first} END IF; "
            f"IF c_p IS NOT NULL THEN {last} END IF;"
        )

    def read_before(self) -> str:
        """Return the locking SELECT of what the version at ``c_p`` says."""
        return (
            f"SELECT {self.operation}, {self.end}, NOT {self.differs()} "
            f"INTO c_p_op, c_p_end, c_same FROM {self.versions} WHERE {self.at('c_p')} FOR UPDATE;"
        )

    def overtaken(self) -> str:
        """Return the search for what others have committed above ``c_here``, into ``c_p``.

        The end of each version names the next one: no gap is searched. Without ends there is no
        other way.
        """
        if self.table.end_transaction_id is None:
            above = f"{self.record()} AND {self.began} > c_here FOR UPDATE"
            return (
                f"SELECT MAX({self.began}) INTO c_next FROM {self.versions} WHERE {above}; "
                f"IF c_next IS NOT NULL THEN SET c_p = c_next; {self.read_before()} END IF;"
            )
        return (
            f"WHILE c_p_end > c_p DO SET c_was = c_p, c_p = c_p_end, c_p_end = NULL; "
            f"{self.read_before()} END WHILE;"
        )
