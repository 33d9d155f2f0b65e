"""Fragments of SQL text that the statements of every dialect are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import VersionedTable

Key = tuple[Any, ...]
Translation = tuple[tuple[str | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class KeySource:
    """Keys as something that a statement can select from: columns ``k0``, ``k1`` … and ``op``."""

    sql: str
    parameters: Mapping[str, Any]


OWN = {"continuum_own": True}
"""Execution options of our own statements: no listener of ours looks at them."""


def translation(connection: sa.Connection) -> Translation:
    """Return the names that schemas have on a connection instead of their own."""
    found = connection.get_execution_options().get("schema_translate_map")
    return tuple(found.items()) if found else ()


class Fragments:
    """Names, keys and conditions as a database wants them written.

    :param dialect: SQLAlchemy's dialect, for names and types.
    :param schemas: other names of schemas (``schema_translate_map``), as pairs.
    """

    def __init__(self, dialect: sa.Dialect, schemas: Translation = ()) -> None:
        self.dialect = dialect
        self.schemas = dict(schemas)
        self.quote: Callable[[str], str] = dialect.identifier_preparer.quote
        self._processors: dict[sa.types.TypeEngine[Any], Callable[[Any], Any] | None] = {}

    home: str | None = None
    """The schema of tables that name none, where it is to be written out."""

    join = "JOIN"

    locking = ""
    """The end of a SELECT that locks the rows ``s`` which it reads."""

    locking_values = ""
    """The same, as an UPDATE locks rows whose keys stay: others may refer to them."""

    def prepare(self, connection: sa.Connection, table: VersionedTable) -> None:
        """Learn what a key source for the table must know about its database."""

    def q(self, column: sa.Column[Any]) -> str:
        """Return a column's name as it is written in SQL text."""
        return self._as_text(self.quote(column.name))

    def name(self, table: sa.Table) -> str:
        """Return a table's name, with its schema, as it is written in SQL text."""
        schema = self.schemas.get(table.schema, table.schema) or self.home
        name = self.quote(table.name)
        return self._as_text(f"{self.quote(schema)}.{name}" if schema else name)

    def _as_text(self, name: str) -> str:
        """Return a quoted name as SQL text wants it: percent signs once, colons escaped."""
        if getattr(self.dialect.identifier_preparer, "_double_percents", False):
            name = name.replace("%%", "%")
        return name.replace(":", "\\:")

    def copied(self, table: VersionedTable, alias: str) -> tuple[str, str]:
        """Return the version table's recorded columns, and where their values come from."""
        names = ", ".join(self.q(version) for _, version in table.columns)
        return names, ", ".join(f"{alias}.{self.q(live)}" for live, _ in table.columns)

    def kept(self, table: VersionedTable, alias: str) -> list[str]:
        """Return what a version of a deletion holds, from an earlier version."""
        blank = table.blank
        # not NULL alone: where rows are put together each column has its type
        return [
            f"CASE WHEN 1 = 0 THEN {alias}.{self.q(c)} END"
            if c.key in blank
            else f"{alias}.{self.q(c)}"
            for _, c in table.columns
        ]

    def bookkeeping(self, table: VersionedTable) -> str:
        """Return the columns that follow the recorded ones in an insertion, flags last."""
        columns = (table.transaction_id, table.operation_type, *(flag for _, flag in table.flags))
        return ", ".join(self.q(column) for column in columns)

    def with_bookkeeping(self, values: str, operation: str, flags: Iterable[str]) -> str:
        """Return values for the recorded columns with those for :meth:`bookkeeping`."""
        return ", ".join([values, ":tx", operation, *flags])

    def set_flags(self, table: VersionedTable, alias: str) -> list[str]:
        """Return the flags of a version that begins a life: what is set."""
        return [f"{alias}.{self.q(live)} IS NOT NULL" for live, _ in table.flags]

    def changed_flags(
        self, table: VersionedTable, one: str, other: str, begins: str | None = None
    ) -> list[str]:
        """Return the flags of a version: what differs from an earlier one.

        :param begins: the condition that it begins a life.
        """
        differing = [
            self.differs(
                live, f"{one}.{self.q(live)}", f"{other}.{self.q(table.version.c[live.key])}"
            )
            for live, _ in table.flags
        ]
        if begins is None:
            return differing
        pairs = zip(self.set_flags(table, one), differing, strict=True)
        return [f"CASE WHEN {begins} THEN {first} ELSE {then} END" for first, then in pairs]

    def matches(self, table: VersionedTable, alias: str, keys: str) -> str:
        """Return the condition that a row of ``alias`` has a key of the key source."""
        return " AND ".join(
            f"{alias}.{self.q(column)} = {self.key_value(column, keys, position)}"
            for position, column in enumerate(table.key)
        )

    def key_value(self, column: sa.Column[Any], keys: str, position: int) -> str:
        """Return one part of a key as it comes out of the key source."""
        return f"{keys}.k{position}"

    def same_key(self, table: VersionedTable, one: str, other: str) -> str:
        """Return the condition that two rows have the same key."""
        return " AND ".join(
            f"{one}.{self.q(column)} = {other}.{self.q(column)}" for column in table.version_key
        )

    def shared_key(
        self, table: VersionedTable, alias: str, other: VersionedTable, theirs: str
    ) -> str:
        """Return the condition that rows of two tables of a hierarchy belong to one record."""
        return " AND ".join(
            f"{alias}.{self.q(mine)} = {theirs}.{self.q(column)}"
            for mine, column in zip(table.key, other.key, strict=True)
        )

    def live_row(self, table: VersionedTable, keys: str) -> str:
        """Return the query for the live row that a key names."""
        return f"SELECT 1 FROM {self.name(table.live)} s WHERE {self.matches(table, 's', keys)}"

    def sibling_differs(
        self, table: VersionedTable, alias: str, sibling: VersionedTable, before: str = "< :tx"
    ) -> str:
        """Return the condition that a record is not in ``sibling`` what it was there.

        That is what its newest version before ``:tx`` says, whether or not the versions of
        ``sibling`` have been written.

        :param alias: a row of ``table`` that belongs to the record.
        :param before: what the ids of transactions before this one fulfil.
        """
        began = self.q(sibling.transaction_id)
        version = self.name(sibling.version)
        row = (
            f"SELECT 1 FROM {self.name(sibling.live)} x "
            f"WHERE {self.shared_key(sibling, 'x', table, alias)}"
        )
        known = (
            f"SELECT 1 FROM {version} o WHERE {self.shared_key(sibling, 'o', table, alias)} "
            f"AND o.{began} = (SELECT h.{began} FROM {version} h "
            f"WHERE {self.shared_key(sibling, 'h', table, alias)} AND h.{began} {before} "
            f"ORDER BY h.{began} DESC LIMIT 1) AND o.{self.q(sibling.operation_type)} <> 2"
        )
        differs = self.any_differs(sibling, "x", "o")
        return (
            f"EXISTS ({row} AND NOT EXISTS ({known} AND NOT {differs})) "
            f"OR EXISTS ({known} AND NOT EXISTS ({row}))"
        )

    def newest(self, table: VersionedTable, alias: str, *, before: bool = False) -> str:
        """Return the query for the newest version of the record that a row of ``alias`` has.

        Newest first: a search for the open row would read the record's whole history.
        """
        began = self.q(table.transaction_id)
        earlier = f" AND h.{began} < :tx" if before else ""
        return (
            f"SELECT h.{began} FROM {self.name(table.version)} h "
            f"WHERE {self.same_key(table, 'h', alias)}{earlier} ORDER BY h.{began} DESC LIMIT 1"
        )

    def newest_of_key(self, table: VersionedTable, keys: str) -> str:
        """Return the query for the newest version of the record that a key names."""
        began = self.q(table.transaction_id)
        return (
            f"SELECT h.{began} FROM {self.name(table.version)} h "
            f"WHERE {self.matches(table, 'h', keys)} ORDER BY h.{began} DESC LIMIT 1"
        )

    def any_differs(self, table: VersionedTable, one: str, other: str) -> str:
        """Return the condition that two rows of a record differ in a recorded column."""
        keys = set(table.key)
        found = [
            self.differs(live, f"{one}.{self.q(live)}", f"{other}.{self.q(version)}")
            for live, version in table.columns
            if live not in keys
        ]
        return "(" + (" OR ".join(found) or "1 = 0") + ")"

    def differs(self, column: sa.Column[Any], one: str, other: str) -> str:
        """Return the condition that two values differ as stored, NULL being a value."""
        return (
            f"(CASE WHEN {one} = {other} OR ({one} IS NULL AND {other} IS NULL) "
            f"THEN 0 ELSE 1 END = 1)"
        )

    def keys(self, table: VersionedTable, keys: Sequence[tuple[Key, Operation]]) -> KeySource:
        """Return keys as something to select from."""
        parameters: dict[str, Any] = {}
        selects = []
        for row, (key, operation) in enumerate(keys):
            names = []
            for position, (column, value) in enumerate(zip(table.key, key, strict=True)):
                name = f"k{row}_{position}"
                parameters[name] = sa.bindparam(name, value, type_=column.type)
                names.append(f":{name} AS k{position}")
            selects.append(f"SELECT {', '.join(names)}, {int(operation)} AS op")
        return KeySource(f"({' UNION ALL '.join(selects)})", parameters)

    def stored(self, column: sa.Column[Any], value: Any) -> Any:
        """Return a key's value as the driver is given it."""
        kind = column.type
        if kind not in self._processors:
            self._processors[kind] = kind.dialect_impl(self.dialect).bind_processor(self.dialect)
        processor = self._processors[kind]
        stored = value if processor is None else processor(value)
        return bytes(stored) if isinstance(stored, memoryview | bytearray) else stored

    def joins_live(self, table: VersionedTable, keys: str) -> str:
        """Return the condition that joins live rows ``s`` to keys: one row for each key."""
        condition = self.matches(table, "s", keys)
        return f"{condition} AND {self.speaks(table, 's')}" if table.repeats else condition

    def speaks(self, table: VersionedTable, alias: str) -> str:
        """Return the condition that a row speaks for its link, which several rows may hold.

        That is the one with the smallest key; without a key, one that holds the smallest values.
        """
        own = tuple(table.live.primary_key)
        columns = own or tuple(live for live, _ in table.columns if live not in table.key)
        equal: list[str] = []
        earlier: list[str] = []
        for column in columns:
            one, other = (self.ordered(column, f"{a}.{self.q(column)}") for a in ("d", alias))
            if own:
                same, before = f"{one} = {other}", f"{one} < {other}"
            else:
                same = f"({one} = {other} OR ({one} IS NULL AND {other} IS NULL))"
                before = f"({one} < {other} OR ({one} IS NOT NULL AND {other} IS NULL))"
            earlier.append(" AND ".join([*equal, before]))
            equal.append(same)
        if not earlier:
            return "1 = 1"
        pair = " AND ".join(f"d.{self.q(c)} = {alias}.{self.q(c)}" for c in table.key)
        return (
            f"NOT EXISTS (SELECT 1 FROM {self.name(table.live)} d "
            f"WHERE {pair} AND ({' OR '.join(earlier)}))"
        )

    def ordered(self, column: sa.Column[Any], value: str) -> str:
        """Return a value so that any two are equal or one is smaller, as their bytes are."""
        return value

    def distinct(self, table: VersionedTable) -> str:
        """Return what takes one row of those of a link that are equal, where there is no key."""
        return "DISTINCT " if table.repeats and not table.live.primary_key else ""

    def run(
        self,
        connection: sa.Connection,
        sql: str,
        parameters: Mapping[str, Any],
        columns: Sequence[sa.Column[Any]] = (),
    ) -> sa.CursorResult[Any]:
        """Execute SQL text; parameters that are bind parameters bring their type along.

        :param columns: the columns that come back, for their types.
        """
        typed = [value for value in parameters.values() if isinstance(value, sa.BindParameter)]
        plain = {k: v for k, v in parameters.items() if not isinstance(v, sa.BindParameter)}
        statement = sa.text(sql)
        if typed:
            statement = statement.bindparams(*typed)
        return connection.execute(
            statement.columns(*columns) if columns else statement, plain, execution_options=OWN
        )
