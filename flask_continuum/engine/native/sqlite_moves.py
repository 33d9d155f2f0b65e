"""What SQLite's triggers keep of keys that change, in the context of the transaction."""

from __future__ import annotations

from collections.abc import Iterator

from flask_continuum.engine.native.sqlite_text import Announced, Text, quoted
from flask_continuum.engine.registry import VersionedTable


class Moves:
    """Makes statements that write and correct the pairs of one table."""

    def __init__(self, table: VersionedTable, text: Text, announced: Announced) -> None:
        self._table = table
        self._text = text
        self._announced = announced
        self._path = quoted(f'$.moved."{table.live.fullname}"')
        self._old = text.json_key(table, "OLD")
        self._new = text.json_key(table, "NEW")

    def note(self) -> Iterator[str]:
        """Yield what notes that a record has another key, before its versions follow.

        One that moves on is told once, and not at all when it has come in this transaction.
        """
        text, table, me = self._text, self._table, self._announced.me
        leads = "json_extract(e.value, '$[1]')"
        began = "json_extract(e.value, '$[0]')"
        known = f"EXISTS (SELECT 1 FROM {self._each} e WHERE {leads} = {self._old})"
        before = (
            f"EXISTS (SELECT 1 FROM {text.name(table.version)} p "
            f"WHERE {text.is_newest_before(table, 'p', 'OLD', f'< {me}')} "
            f"AND p.{text.q(table.operation_type)} <> 2)"
        )
        pairs = (
            f"SELECT CASE WHEN {leads} = {self._old} "
            f"THEN json_array(json({began}), json({self._new})) ELSE e.value END AS pair "
            f"FROM {self._each} e WHERE NOT ({leads} = {self._old} AND {began} = {self._new}) "
            f"UNION ALL SELECT json_array(json({self._old}), json({self._new})) "
            f"WHERE NOT {known} AND ({before} OR NOT EXISTS (SELECT 1 "
            f"FROM {text.name(table.version)} h WHERE {text.same_live(table, 'h', 'OLD')}))"
        )
        yield self._write(pairs, "1")

    def keep(self) -> Iterator[str]:
        """Yield what takes pairs back that the new key does not bear out.

        It was another record's before, so none begins there, or none has ended.
        """
        text, table = self._text, self._table
        leads = "json_extract(e.value, '$[1]')"
        began = "json_extract(e.value, '$[0]')"
        begins = (
            f"EXISTS (SELECT 1 FROM {text.name(table.version)} v "
            f"WHERE {text.same_live(table, 'v', 'NEW')} "
            f"AND v.{text.q(table.transaction_id)} = {self._announced.me} "
            f"AND v.{text.q(table.operation_type)} = 0)"
        )
        wrong = f"({began} = {self._new} OR {leads} = {self._new} AND NOT {begins})"
        pairs = f"SELECT e.value AS pair FROM {self._each} e WHERE NOT {wrong}"
        yield self._write(pairs, f"EXISTS (SELECT 1 FROM {self._each} e WHERE {wrong})")

    def forget(self) -> Iterator[str]:
        """Yield what takes the note back when the record is gone."""
        yield from self._take("$[1]", self._old)

    def come_back(self) -> Iterator[str]:
        """Yield what takes the note back that a key was left, when a row comes to it again."""
        yield from self._take("$[0]", self._new)

    def _take(self, place: str, key: str) -> Iterator[str]:
        if self._table.is_link:
            return
        named = f"json_extract(e.value, '{place}')"
        pairs = f"SELECT e.value AS pair FROM {self._each} e WHERE {named} <> {key}"
        there = f"EXISTS (SELECT 1 FROM {self._each} e WHERE {named} = {key})"
        yield self._write(pairs, f"{self._context} LIKE '%\"moved\"%' AND {there}")

    @property
    def _context(self) -> str:
        return f"{self._announced.rows}.context"

    @property
    def _each(self) -> str:
        return f"json_each(coalesce({self._context}, '{{}}'), {self._path})"

    def _write(self, pairs: str, condition: str) -> str:
        rows = self._announced.rows
        context = f"coalesce({self._context}, '{{}}')"
        found = f"(SELECT json_group_array(json(f.pair)) FROM ({pairs}) f)"
        told = f"json_set(json_insert({context}, '$.moved', json('{{}}')), {self._path}, json(f.l))"
        removed = f"json_remove({context}, {self._path})"
        rest = (
            f"nullif(CASE WHEN json_extract({removed}, '$.moved') = '{{}}' "
            f"THEN json_remove({removed}, '$.moved') ELSE {removed} END, '{{}}')"
        )
        return (
            f"UPDATE {rows} SET context = (SELECT CASE WHEN f.l = '[]' THEN {rest} ELSE {told} END "
            f"FROM (SELECT {found} AS l) f) WHERE id = {self._announced.me} AND {condition} "
            f"AND coalesce(json_type({self._context}, '$.moved'), 'object') = 'object'"
        )
