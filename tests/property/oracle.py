"""What must be there, in plain Python: rows with their constraints, and the history of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import sqlalchemy as sa

Key = tuple[Any, ...]
Row = Mapping[str, Any]

INSERT, UPDATE, DELETE = 0, 1, 2


class Violation(Exception):
    """A constraint of the database forbids it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a table is like.

    :ivar recorded: the columns that history knows.
    :ivar references: its columns, the table that they refer to, and the columns there.
    :ivar folds: whether texts that differ in their case only are equal.
    """

    columns: tuple[str, ...]
    key: tuple[str, ...]
    recorded: tuple[str, ...]
    required: tuple[str, ...]
    unique: tuple[str, ...]
    references: tuple[tuple[str, str, str], ...]
    folds: bool

    @classmethod
    def of(cls, table: sa.Table, recorded: Sequence[str], *, folds: bool) -> Self:
        return cls(
            columns=tuple(c.name for c in table.c),
            key=tuple(c.name for c in table.primary_key),
            recorded=tuple(recorded),
            required=tuple(c.name for c in table.c if not c.nullable),
            unique=tuple(c.name for c in table.c if c.unique),
            references=tuple(
                (c.name, key.column.table.name, key.column.name)
                for c in table.c
                for key in c.foreign_keys
            ),
            folds=folds,
        )

    def same(self, value: Any) -> Any:
        """Return what stands for all values that are equal to this one."""
        return value.casefold() if self.folds and isinstance(value, str) else value

    def history_of(self, row: Row) -> Row:
        return {name: row[name] for name in self.recorded}


@dataclass(slots=True)
class World:
    """What the database holds, as far as a transaction under way sees it.

    :ivar last: what deleted records held last, in this transaction.
    """

    rules: Mapping[str, Rules]
    tables: dict[str, dict[Key, Row]]
    last: dict[tuple[str, Key], Row] = field(default_factory=dict)

    def copy(self) -> World:
        tables = {name: dict(rows) for name, rows in self.tables.items()}
        return World(self.rules, tables, dict(self.last))

    def keys(self, table: str, **values: Any) -> list[Key]:
        """Return the records that have these values."""
        rows = self.tables[table].items()
        return [key for key, row in rows if all(row[n] == v for n, v in values.items())]

    def insert(self, table: str, row: Row) -> None:
        """:raises Violation: when the key is there already."""
        rules = self.rules[table]
        key = tuple(row[name] for name in rules.key)
        if key in self.tables[table]:
            raise Violation(f"{table} {key} is there")
        self.tables[table][key] = {name: row.get(name) for name in rules.columns}

    def update(self, table: str, key: Key, values: Row) -> None:
        self.tables[table][key] = {**self.tables[table][key], **values}

    def put(self, table: str, key: Key, values: Row) -> None:
        if key in self.tables[table]:
            self.update(table, key, values)
        else:
            self.insert(table, {**dict(zip(self.rules[table].key, key, strict=True)), **values})

    def delete(self, table: str, key: Key) -> None:
        self.last[table, key] = self.tables[table].pop(key)

    def check(self) -> None:
        """:raises Violation: when a constraint does not hold."""
        for name, rules in self.rules.items():
            rows = self.tables[name].values()
            for column in rules.required:
                if any(row[column] is None for row in rows):
                    raise Violation(f"{name}.{column} is NULL")
            for column in rules.unique:
                values = [rules.same(row[column]) for row in rows if row[column] is not None]
                if len(values) != len(set(values)):
                    raise Violation(f"{name}.{column} is not unique")
            for column, target, there in rules.references:
                known = {row[there] for row in self.tables[target].values()} | {None}
                if any(row[column] not in known for row in rows):
                    raise Violation(f"{name}.{column} refers to nothing in {target}")


@dataclass(frozen=True, slots=True)
class Version:
    """A version that must be there; transactions are counted from 1."""

    transaction: int
    operation: int
    row: Row


@dataclass(slots=True)
class Oracle:
    """Knows what a program leaves behind.

    :ivar families: the tables that make up one record, root first; they get versions together.
    :ivar number: the number of the transaction under way.
    :ivar snapshots: what was committed, by transaction; nothing before the first.
    """

    rules: Mapping[str, Rules]
    families: Sequence[tuple[str, ...]]
    world: World = field(init=False)
    number: int = 1
    snapshots: list[World] = field(init=False)
    history: dict[str, dict[Key, list[Version]]] = field(init=False)
    _stack: list[World] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = World(self.rules, {name: {} for name in self.rules})
        self.snapshots = [self.world.copy()]
        self.history = {name: {} for name in self.rules}

    @property
    def committed(self) -> World:
        return self.snapshots[-1]

    def savepoint(self) -> None:
        self._stack.append(self.world.copy())

    def release(self) -> None:
        self._stack.pop()

    def back(self) -> None:
        self.world = self._stack.pop()

    def rollback(self) -> None:
        self.world = self.committed.copy()
        self._stack.clear()

    def commit(self) -> None:
        """History is the difference between what was committed and what is committed now."""
        for family in self.families:
            for key in self._changed(family):
                for table in family:
                    self._add(table, key)
        self._stack.clear()
        self.world.last = {}
        self.snapshots.append(self.world.copy())
        self.number += 1

    def _changed(self, family: tuple[str, ...]) -> Iterator[Key]:
        root = family[0]
        before, after = self.committed.tables, self.world.tables
        for key in sorted(before[root].keys() | after[root].keys()):
            if any(
                self._recorded(t, before[t].get(key)) != self._recorded(t, after[t].get(key))
                for t in family
            ):
                yield key

    def _recorded(self, table: str, row: Row | None) -> Row | None:
        return None if row is None else self.rules[table].history_of(row)

    def _add(self, table: str, key: Key) -> None:
        before = self.committed.tables[table].get(key)
        after = self.world.tables[table].get(key)
        if before is None and after is None:
            return
        operation = INSERT if before is None else DELETE if after is None else UPDATE
        row = self.world.last[table, key] if after is None else after
        version = Version(self.number, operation, self.rules[table].history_of(row))
        self.history[table].setdefault(key, []).append(version)


Change = Callable[[World], None]
"""What a step does to the world; :class:`Violation` when it cannot be."""
