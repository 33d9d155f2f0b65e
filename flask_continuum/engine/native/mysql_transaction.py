"""The transaction that MariaDB's and MySQL's triggers write under: told, found, or made by them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.native.mysql_text import Chain, Text, literal, quoted
from flask_continuum.engine.registry import HistoryTables, VersionedTable

_MOVED = "moved"
"""What ``read/moved.py`` looks for in a transaction's context."""


@dataclass(frozen=True, slots=True)
class Announced:
    """SQL about the row of the transaction.

    The application tells its own; who writes past it gets one for each statement, which is known
    by the instant at which the statement began.
    """

    history: HistoryTables
    table: VersionedTable
    text: Text

    @property
    def transaction(self) -> sa.Table:
        """The table of transactions."""
        return self.history.transaction

    @property
    def rows(self) -> str:
        """Its name."""
        return self.text.name(self.transaction)

    @property
    def current(self) -> str:
        """The table in which the application tells its transaction."""
        assert self.history.current is not None
        return self.text.name(self.history.current)

    def _variable(self, name: str) -> str:
        digest = hashlib.sha256(self.transaction.fullname.encode()).hexdigest()[:8]
        return f"@continuum_{digest}_{name}"

    def find(self) -> str:
        """Return what finds the transaction of this statement, if it has one by now."""
        at, number = self._variable("at"), self._variable("id")
        paused = literal(f",{self.table.version.name},")
        return (
            f"IF @continuum_uid IS NOT NULL THEN "
            f"SELECT c.transaction_id, c.baseline_id, c.uid, c.paused "
            f"INTO c_me, c_base, c_uid, c_paused FROM {self.current} c "
            f"WHERE c.connection_id = CONNECTION_ID() AND c.uid = @continuum_uid; "
            f"IF c_paused IS NOT NULL THEN SET c_skip = LOCATE({paused}, c_paused) > 0; END IF; "
            f"END IF;\n"
            f"IF c_me IS NULL THEN SET c_out = 1; "
            f"IF {at} <=> NOW(6) + 0 THEN "
            f"SELECT t.id, t.uid INTO c_me, c_uid FROM {self.rows} t WHERE t.id = {number}; "
            f"SET c_base = {self._variable('base')}; "
            f"END IF; END IF;"
        )

    def is_mine(self) -> str:
        """Return what tells whether the version ``c_seen`` is of this transaction."""
        return (
            f"SET c_mine = COALESCE(c_seen = c_me, FALSE); IF c_seen > c_me THEN SET c_mine = "
            f"EXISTS (SELECT 1 FROM {self.rows} t WHERE t.id = c_seen AND t.uid = c_uid); END IF;"
        )

    def begin(self) -> str:
        """Return what makes the transaction's row, if need be, and finds where to write."""
        rows, number = self._variable("rows"), self._variable("id")
        return (
            f"IF c_me IS NULL THEN SET c_uid = REPLACE(UUID(), '-', ''); "
            f"{self._insert('outside', _OUTSIDE)} "
            f"SET c_me = LAST_INSERT_ID(), {number} = LAST_INSERT_ID(), {rows} = 0, "
            f"{self._variable('base')} = NULL, {self._variable('at')} = NOW(6) + 0; END IF;\n"
            f"SET c_here = c_me; IF c_seen > c_here THEN {self._continue('c_seen')} END IF;"
        )

    def begin_baseline(self) -> str:
        """Return what makes the row of a transaction for versions of what was there before."""
        return (
            f"IF c_base IS NULL THEN {self._insert('baseline', None)} "
            f"SET c_base = LAST_INSERT_ID(); "
            f"IF c_out THEN SET {self._variable('base')} = c_base; "
            f"ELSE UPDATE {self.current} c SET c.baseline_id = c_base "
            f"WHERE c.connection_id = CONNECTION_ID(); END IF; END IF;"
        )

    def relocate(self, chain: Chain) -> str:
        """Return what moves a version above the one that it follows, to a continuation."""
        rows, number = self._variable("rows"), self._variable("id")
        return (
            f"IF c_p > c_here THEN SET c_was = c_here; {self._continue('c_p')} {chain.renumber()} "
            f"IF c_out AND {rows} = 1 AND c_was = c_me THEN "
            f"DELETE t FROM {self.rows} t WHERE t.id = c_me; "
            f"SET c_me = c_here, {number} = c_here; END IF; END IF;"
        )

    def added(self) -> str:
        """Return what counts a version, of a transaction that nobody else looks after."""
        return f"IF c_out THEN SET {self._variable('rows')} = {self._variable('rows')} + 1; END IF;"

    def dropped(self) -> str:
        """Return what takes the transaction's row back with its last version."""
        rows = self._variable("rows")
        return (
            f"IF c_out THEN SET {rows} = {rows} - 1; IF {rows} = 0 THEN "
            f"DELETE t FROM {self.rows} t WHERE t.id IN (c_me, c_here); "
            f"SET {self._variable('at')} = NULL, c_me = NULL; END IF; END IF;"
        )

    def _insert(self, kind: str, context: str | None) -> str:
        uid = "c_uid" if context else "REPLACE(UUID(), '-', '')"
        given = {
            "issued_at": "UTC_TIMESTAMP(6)",
            "uid": uid,
            "kind": literal(kind),
            "context": context,
        }
        values = {
            self.transaction.c[k]: v for k, v in given.items() if k in self.transaction.c and v
        }
        for column in self.transaction.c:
            default: Any = column.default
            if column not in values and isinstance(default, sa.ColumnDefault) and default.is_scalar:
                values[column] = self._literal(column, default.arg)
        names = ", ".join(self.text.q(column) for column in values)
        return f"INSERT INTO {self.rows} ({names}) VALUES ({', '.join(values.values())});"

    def _literal(self, column: sa.Column[Any], value: Any) -> str:
        processor = column.type.dialect_impl(self.text.dialect).literal_processor(self.text.dialect)
        return literal(str(value)) if processor is None else processor(value)

    def _continue(self, above: str) -> str:
        """Return what sets ``c_here`` to a row with the same uid whose id is above another."""
        names = ", ".join(self.text.q(c) for c in self.transaction.c if c.key != "id")
        values = ", ".join(f"t.{self.text.q(c)}" for c in self.transaction.c if c.key != "id")
        return (
            f"SET c_here = (SELECT MAX(t.id) FROM {self.rows} t WHERE t.uid = c_uid); "
            f"IF c_here <= {above} THEN INSERT INTO {self.rows} ({names}) "
            f"SELECT {values} FROM {self.rows} t WHERE t.id = c_me; "
            f"SET c_here = LAST_INSERT_ID(); END IF;"
        )

    # -- keys that change ----------------------------------------------------------------------

    def note_move(self) -> str:
        """Return what notes in the transaction's context that a record has another key now.

        One that moves on is told once, and not at all when it is back, or has come in this
        transaction. Where the new key was another record's before, it goes on: nothing begins
        there, and what left it has not ended it.
        """
        return (
            f"IF c_me IS NOT NULL THEN {self._take_pairs(old=True, new=True)} "
            f"SET c_first = COALESCE(c_first, IF(c_born, NULL, c_old)); "
            f"IF c_first <> c_new AND NOT (c_mine AND c_seen_op <> 0) THEN "
            f"SET c_list = JSON_ARRAY_APPEND(c_list, "
            f"'$', JSON_ARRAY(JSON_COMPACT(c_first), JSON_COMPACT(c_new))), c_i = -1; END IF; "
            f"{self._put_pairs()} END IF;"
        )

    def forget_move(self) -> str:
        """Return what takes the note back when the record is gone: nothing of it is left here."""
        return f"IF NOT c_moves THEN {self._take_pairs(old=True)} {self._put_pairs()} END IF;"

    def forget_leaving(self) -> str:
        """Return what takes the note back that a key was left, when a row comes to it again."""
        return (
            f"IF c_me IS NOT NULL AND c_mine AND c_seen_op = 2 THEN "
            f"{self._take_pairs(new=True)} {self._put_pairs()} END IF;"
        )

    def _take_pairs(self, *, old: bool = False, new: bool = False) -> str:
        """Return what takes pairs out of ``c_list``; ``c_first`` is the key a record had first.

        Most often there are none to take, which a search in the text tells at once.

        :param old: those that lead to the old key; the keys that they come from are ``c_first``.
        :param new: those that come from the new key.
        """
        there = "JSON_COMPACT(JSON_EXTRACT(c_list, CONCAT('$[', c_n, '][1]')))"
        began = "JSON_COMPACT(JSON_EXTRACT(c_list, CONCAT('$[', c_n, '][0]')))"
        taken = "c_i = -1, c_list = JSON_REMOVE(c_list, CONCAT('$[', c_n, ']'));"
        return (
            f"SET c_n = 0, c_i = 0, c_first = NULL, "
            f"c_old = {self._key('OLD') if old else 'NULL'}, "
            f"c_new = {self._key('NEW') if new else 'NULL'}, "
            f"c_list = COALESCE((SELECT JSON_COMPACT(JSON_EXTRACT(t.context, {self._path})) "
            f"FROM {self.rows} t WHERE t.id = c_me), '[]'); "
            f"IF LOCATE(c_old, c_list) OR LOCATE(c_new, c_list) THEN "
            f"WHILE c_n < JSON_LENGTH(c_list) DO "
            f"IF {there} = c_old THEN SET c_first = {began}, {taken} "
            f"ELSEIF {began} = c_new THEN SET {taken} "
            f"ELSE SET c_n = c_n + 1; END IF; END WHILE; END IF;"
        )

    def _put_pairs(self) -> str:
        """Return what puts ``c_list`` back, unless an application says something of that name."""
        told = literal(f"$.{_MOVED}")
        rest = f"JSON_REMOVE(t.context, {self._path})"
        bare = f"JSON_REMOVE(t.context, {told})"
        return (
            f"IF c_i < 0 THEN UPDATE {self.rows} t SET t.context = IF(JSON_LENGTH(c_list) = 0, "
            f"IF(JSON_LENGTH({rest}, {told}) > 0, {rest}, "
            f"IF(JSON_LENGTH({bare}) > 0, {bare}, NULL)), "
            f"JSON_SET(COALESCE(NULLIF(JSON_COMPACT(t.context), 'null'), '{{}}'), {told}, "
            f"JSON_MERGE_PATCH(COALESCE(JSON_EXTRACT(t.context, {told}), '{{}}'), "
            f"JSON_OBJECT({literal(self.table.live.fullname)}, JSON_COMPACT(c_list))))) "
            f"WHERE t.id = c_me AND "
            f"COALESCE(JSON_TYPE(JSON_EXTRACT(t.context, {told})), 'OBJECT') = 'OBJECT'; END IF;"
        )

    @property
    def _path(self) -> str:
        name = self.table.live.fullname.replace("\\", "\\\\").replace('"', '\\"')
        return literal(f'$.{_MOVED}."{name}"')

    def _key(self, alias: str) -> str:
        names = ", ".join(f"{alias}.{quoted(c.name)}" for c in self.table.key)
        return f"JSON_COMPACT(JSON_ARRAY({names}))"


_OUTSIDE = (
    "JSON_MERGE_PATCH(JSON_OBJECT("
    "'db_user', LEFT(USER(), "
    "CHAR_LENGTH(USER()) - CHAR_LENGTH(SUBSTRING_INDEX(USER(), '@', -1)) - 1),"
    " 'client', SUBSTRING_INDEX(USER(), '@', -1)), "
    "IF(@continuum_application IS NULL, '{}', "
    "JSON_OBJECT('application', CAST(@continuum_application AS CHAR))))"
)
"""What is known of somebody who writes past the application; a script may give its own name."""
