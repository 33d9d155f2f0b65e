"""The other tables of a record: it has a version in each of them, or in none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask_continuum.engine.native.mysql_text import Chain, Text, Values, quoted
from flask_continuum.engine.registry import Registry, VersionedTable


@dataclass(frozen=True, slots=True)
class Siblings:
    """Writes versions of what a trigger's row belongs to (joined inheritance)."""

    registry: Registry
    table: VersionedTable
    text: Text

    def of(self, chain: Chain) -> Iterator[Chain]:
        """Yield the statements on the record's versions in each of its other tables."""
        hierarchy = self.registry.joined.get(self.table)
        for sibling in () if hierarchy is None else hierarchy.tables:
            if sibling is self.table:
                continue
            yield Chain(self.text, sibling, self._values(chain, sibling))

    def _values(self, chain: Chain, sibling: VersionedTable) -> Values:
        mine = dict(zip(sibling.key, self.table.key, strict=True))
        return lambda c: chain.values(mine[c]) if c in mine else f"x.{quoted(c.name)}"

    def changed(self, chain: Chain) -> Iterator[str]:
        """Yield the count of other tables in which the record is not what it was, in ``c_n``."""
        for sibling in self.of(chain):
            version = self.text.name(sibling.table.version)
            began = self.text.q(sibling.table.transaction_id)
            differs = self.text.any_differs(sibling.table, "v", "p")
            there = f"SELECT 1 FROM {sibling.versions} WHERE {sibling.at('c_here')}"
            yield f"IF EXISTS ({there} AND {sibling.operation} <> 1) THEN SET c_n = c_n + 1;"
            yield f"ELSEIF EXISTS ({there}) THEN"
            yield (
                f"SELECT p.{began}, {differs} INTO c_next, c_i FROM {sibling.versions} "
                f"STRAIGHT_JOIN {version} p FORCE INDEX (PRIMARY) "
                f"ON {sibling.record('p')} AND p.{began} < c_here WHERE {sibling.at('c_here')} "
                f"ORDER BY p.{began} DESC LIMIT 1 FOR UPDATE;"
            )
            yield "SET c_n = c_n + c_i; END IF;"

    def drop(self, chain: Chain) -> Iterator[str]:
        """Yield what takes the versions of this moment back."""
        for sibling in self.of(chain):
            # what is not there must not be searched with a lock
            yield f"IF EXISTS (SELECT 1 FROM {sibling.versions} WHERE {sibling.at('c_here')}) THEN"
            if sibling.table.end_transaction_id is not None:
                yield self._previous(sibling, f"NULLIF({sibling.end}, c_here)")
            yield sibling.drop()
            yield "END IF;"

    def _previous(self, sibling: Chain, end: str) -> str:
        """Return the UPDATE of the end of the version before that at ``c_here``."""
        return (
            f"UPDATE {sibling.versions} SET {sibling.end} = {end} WHERE {sibling.record()} "
            f"AND {sibling.began} < c_here ORDER BY {sibling.began} DESC LIMIT 1;"
        )

    def write(self, chain: Chain) -> Iterator[str]:
        """Yield the versions of a record in its other tables, where it has none of this moment."""
        for sibling in self.of(chain):
            live = self.text.name(sibling.table.live)
            key = " AND ".join(
                f"x.{self.text.q(c)} = {sibling.values(c)}" for c in sibling.table.key
            )
            yield (
                f"IF EXISTS (SELECT 1 FROM {live} x WHERE {key}) AND NOT EXISTS "
                f"(SELECT 1 FROM {sibling.versions} WHERE {sibling.at('c_here')}) THEN"
            )
            yield self.copy(sibling, "c_here", 1)
            if sibling.table.end_transaction_id is not None:
                yield self._previous(sibling, f"COALESCE({sibling.end}, c_here)")
            yield "END IF;"

    def copy(self, sibling: Chain, at: str, operation: int) -> str:
        """Return the INSERT of a version from the live row of another table."""
        table = sibling.table
        names, values = self.text.copied(table, "x")
        flags = (
            self.text.set_flags(table, "x") if operation == 0 else ["FALSE" for _ in table.flags]
        )
        key = " AND ".join(f"x.{self.text.q(c)} = {sibling.values(c)}" for c in table.key)
        return (
            f"INSERT INTO {self.text.name(table.version)} "
            f"({names}, {self.text.bookkeeping(table)}) "
            f"SELECT {', '.join([values, at, str(operation), *flags])} "
            f"FROM {self.text.name(table.live)} x WHERE {key};"
        )
