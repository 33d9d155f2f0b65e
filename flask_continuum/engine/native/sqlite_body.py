"""The statements of SQLite's triggers of one table."""

from __future__ import annotations

from collections.abc import Iterator

from flask_continuum.engine.native.sqlite_moves import Moves
from flask_continuum.engine.native.sqlite_text import Announced, Text
from flask_continuum.engine.registry import Registry, VersionedTable

Event = tuple[str, str, list[str], list[str]]


class Body:
    """Makes them.

    :param registry: what is versioned.
    :param table: the one that has the triggers.
    :param text: for names and conditions.
    """

    def __init__(self, registry: Registry, table: VersionedTable, text: Text) -> None:
        hierarchy = registry.joined.get(table)
        tables = [] if hierarchy is None else hierarchy.tables
        self.table = table
        self.text = text
        self._siblings = tuple(each for each in tables if each is not table)
        self._announced = Announced(registry.history_of(table), text)
        self._moves = Moves(table, text, self._announced)

    def events(self) -> Iterator[Event]:
        """Yield each trigger: its name, its moment, its conditions and its statements."""
        same = " AND ".join(f"OLD.{self.text.q(c)} IS NEW.{self.text.q(c)}" for c in self.table.key)
        runs = self._announced.runs(self.table)
        inserted = [*self._inserted(), *self._moves.come_back()]
        yield "insert", "INSERT", [runs, *self._filled("NEW")], inserted
        yield "delete", "DELETE", [runs, *self._filled("OLD")], self._deleted()
        yield "update", "UPDATE", [runs, same, *self._filled("NEW")], self._updated()
        if not self.table.is_link:
            moved = [*self._begin_deletion(), *self._moves.note(), *self._end_of_record()]
            moved += [*self._inserted(), *self._moves.keep()]
            yield "moved", "UPDATE", [runs, f"NOT ({same})"], moved
            return
        # a row may have linked nothing, or may link nothing now
        for name, alias, body in (
            ("unlinked", "OLD", self._deleted()),
            ("linked", "NEW", self._inserted()),
        ):
            yield name, "UPDATE", [runs, f"NOT ({same})", *self._filled(alias)], body

    # -- events --------------------------------------------------------------------------------

    def _inserted(self) -> list[str]:
        begin = self._announced.begin(self.table, "NEW", self._wants_live("NEW"), "0")
        return [*begin, *self._live(self.table, "NEW"), *self._others("NEW")]

    def _updated(self) -> list[str]:
        unknown = self._unknown("NEW")
        begin = self._announced.begin(self.table, "NEW", self._wants_live("NEW"), unknown)
        baseline = self._baseline("OLD")
        return [*begin, *baseline, *self._live(self.table, "NEW"), *self._others("NEW")]

    def _deleted(self) -> list[str]:
        return [*self._begin_deletion(), *self._end_of_record()]

    def _begin_deletion(self) -> list[str]:
        unknown = self._unknown("OLD")
        newest = self.text.is_newest_before(self.table, "p", "OLD", "")
        wants = (
            f"({unknown} OR EXISTS (SELECT 1 FROM {self._version(self.table)} p WHERE {newest} "
            f"AND p.{self.text.q(self.table.operation_type)} <> 2))"
        )
        if self.table.repeats:
            # another row that is this link may say something else of it
            live = self._wants_live("OLD")
            wants = f"(CASE WHEN {self._is_there} THEN {live} ELSE {wants} END)"
        return self._announced.begin(self.table, "OLD", wants, unknown)

    def _end_of_record(self) -> list[str]:
        found = [*self._baseline("OLD"), *self._gone()]
        if self.table.repeats:
            found += self._live(self.table, "OLD", also=self._is_there)
        return [*found, *self._others("OLD"), *self._moves.forget()]

    def _others(self, row: str) -> Iterator[str]:
        """Yield what a record gets in the other tables that it has rows in."""
        for sibling in self._siblings:
            if row == "OLD":
                yield from self._live(sibling, row, also=self._lives(sibling, row))
            else:
                yield from self._baseline_of(sibling, row)
                yield from self._live(sibling, row, also=self._lives(sibling, row))

    # -- parts ---------------------------------------------------------------------------------

    def _version(self, table: VersionedTable) -> str:
        return self.text.name(table.version)

    def _filled(self, alias: str) -> list[str]:
        """Return the conditions that a row of a link table links something."""
        nullable = (c for c in self.table.key if self.table.is_link and c.nullable)
        return [f"{alias}.{self.text.q(c)} IS NOT NULL" for c in nullable]

    def _record(self, table: VersionedTable, alias: str, row: str) -> str:
        """Return the condition that a row of a table, or a version, is of the trigger's record."""
        return self.text.shared_key(table, alias, self.table, row)

    def _lives(self, table: VersionedTable, row: str) -> str:
        return (
            f"EXISTS (SELECT 1 FROM {self.text.name(table.live)} l "
            f"WHERE {self._record(table, 'l', row)})"
        )

    @property
    def _is_there(self) -> str:
        return self._lives(self.table, "OLD")

    def _unknown(self, row: str) -> str:
        return (
            f"NOT EXISTS (SELECT 1 FROM {self._version(self.table)} h "
            f"WHERE {self._record(self.table, 'h', row)})"
        )

    def _wants_live(self, row: str) -> str:
        """Return the condition that the newest version does not say what the row does."""
        table, text = self.table, self.text
        speaks = f" AND {text.speaks(table, 's')}" if table.repeats else ""
        return (
            f"NOT EXISTS (SELECT 1 FROM {text.name(table.live)} s CROSS JOIN "
            f"{self._version(table)} p ON {text.is_newest_before(table, 'p', 's', '')} "
            f"WHERE {self._record(table, 's', row)}{speaks} "
            f"AND p.{text.q(table.operation_type)} <> 2 "
            f"AND NOT {text.any_differs(table, 's', 'p')})"
        )

    def _baseline(self, row: str) -> list[str]:
        """Return what writes the first version of a record that is older than its history."""
        table, text = self.table, self.text
        names, values = text.copied(table, row)
        flags = "".join(f", {flag}" for flag in text.set_flags(table, row))
        me = self._announced.baseline
        return [
            f"INSERT INTO {self._version(table)} ({names}, {text.bookkeeping(table)}) "
            f"SELECT {values}, {me}, 0{flags} WHERE {me} IS NOT NULL AND {self._unknown(row)}"
        ]

    def _baseline_of(self, sibling: VersionedTable, row: str) -> Iterator[str]:
        text, me = self.text, self._announced.baseline
        names, values = text.copied(sibling, "s")
        flags = "".join(f", {flag}" for flag in text.set_flags(sibling, "s"))
        before = (
            f"SELECT 1 FROM {self._version(self.table)} b WHERE "
            f"{self._record(self.table, 'b', row)} AND b.{text.q(self.table.transaction_id)} = {me}"
        )
        yield (
            f"INSERT INTO {self._version(sibling)} ({names}, {text.bookkeeping(sibling)}) "
            f"SELECT {values}, {me}, 0{flags} FROM {text.name(sibling.live)} s "
            f"WHERE {self._record(sibling, 's', row)} AND EXISTS ({before}) "
            f"AND NOT EXISTS (SELECT 1 FROM {self._version(sibling)} h "
            f"WHERE {self._record(sibling, 'h', row)})"
        )

    def _live(self, table: VersionedTable, row: str, also: str = "") -> Iterator[str]:
        """Yield what brings the version of a record up to its row.

        :param also: a condition, that it has one.
        """
        text, me = self.text, self._announced.me
        version, began = self._version(table), text.q(table.transaction_id)
        names, values = text.copied(table, "s")
        begins = f"(p.{began} IS NULL OR p.{text.q(table.operation_type)} = 2)"
        flags = "".join(f", {flag}" for flag in text.changed_flags(table, "s", "p", begins))
        others = [each for each in (self.table, *self._siblings) if each is not table]
        differs = [begins, text.any_differs(table, "s", "p")]
        differs += [text.sibling_differs(table, "s", each, f"< {me}") for each in others]
        speaks = f" AND {text.speaks(table, 's')}" if table.repeats else ""
        condition = f" AND {also}" if also else ""
        yield (
            f"DELETE FROM {version} WHERE {self._record(table, version, row)} "
            f"AND {began} = {me}{condition}"
        )
        yield (
            f"INSERT INTO {version} ({names}, {text.bookkeeping(table)}) "
            f"SELECT {text.distinct(table)}{values}, {me}, "
            f"CASE WHEN {begins} THEN 0 ELSE 1 END{flags} "
            f"FROM {text.name(table.live)} s LEFT JOIN {version} p "
            f"ON {text.is_newest_before(table, 'p', 's', f'< {me}')} "
            f"WHERE {me} IS NOT NULL AND {self._record(table, 's', row)}{speaks} "
            f"AND ({' OR '.join(differs)})"
        )
        yield from self._end(table, row)

    def _gone(self) -> Iterator[str]:
        """Yield what follows when a record has no row any more."""
        table, text, me = self.table, self.text, self._announced.me
        version, began = self._version(table), text.q(table.transaction_id)
        operation = text.q(table.operation_type)
        names, _ = text.copied(table, "OLD")
        values = ", ".join(
            "NULL" if recorded.key in table.blank else f"OLD.{text.q(live)}"
            for live, recorded in table.columns
        )
        flags = ", 1" * len(table.flags)
        insert = f"INSERT INTO {version} ({names}, {text.bookkeeping(table)}) SELECT {values}, {me}"
        gone = f" AND NOT {self._is_there}" if table.repeats else ""
        # of a record that history has never seen, and which nobody has written a baseline of
        yield f"{insert}, 2{flags} WHERE {me} IS NOT NULL AND {self._unknown('OLD')}{gone}"
        yield (
            f"DELETE FROM {version} WHERE {self._record(table, version, 'OLD')} "
            f"AND {began} = {me} AND {operation} <> 2{gone}"
        )
        yield (
            f"{insert}, 2{flags} FROM {version} p "
            f"WHERE {text.is_newest_before(table, 'p', 'OLD', f'< {me}')} "
            f"AND p.{operation} <> 2{gone}"
        )
        yield from self._end(table, "OLD")

    def _end(self, table: VersionedTable, row: str) -> Iterator[str]:
        """Yield what ends the version before that of this transaction, or opens it again."""
        if table.end_transaction_id is None:
            return
        text, me = self.text, self._announced.me
        version, began = self._version(table), text.q(table.transaction_id)
        end = text.q(table.end_transaction_id)
        mine = (
            f"(SELECT n.{began} FROM {version} n WHERE {self._record(table, 'n', row)} "
            f"AND n.{began} = {me})"
        )
        before = (
            f"(SELECT h.{began} FROM {version} h WHERE {self._record(table, 'h', row)} "
            f"AND h.{began} < {me} ORDER BY h.{began} DESC LIMIT 1)"
        )
        yield (
            f"UPDATE {version} SET {end} = {mine} WHERE {self._record(table, version, row)} "
            f"AND {began} = {before} AND ({end} IS NULL OR {end} = {me})"
        )
