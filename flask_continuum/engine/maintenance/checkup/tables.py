"""Symptoms of the tables in a database, against what the models say about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.maintenance.checkup.symptoms import Symptom, SymptomKind
from flask_continuum.engine.maintenance.scope import Place
from flask_continuum.engine.registry import VersionedTable

_ACTS = ("CASCADE", "SET NULL", "SET DEFAULT")
_CLAUSES = {"ondelete": "ON DELETE", "onupdate": "ON UPDATE"}


@dataclass(slots=True, eq=False)
class Tables:
    """The tables of one place as its database has them.

    :ivar missing: those that it does not have.
    """

    place: Place
    inspector: sa.Inspector
    missing: set[sa.Table]

    def columns(self, table: sa.Table) -> Mapping[str, Any]:
        """Return the columns that the database has, by name."""
        found = self.inspector.get_columns(table.name, schema=self._schema(table))
        return {each["name"]: each for each in found}

    def foreign_keys(self, table: sa.Table) -> Sequence[Any]:
        """Return the foreign keys that the database has."""
        return self.inspector.get_foreign_keys(table.name, schema=self._schema(table))

    def has(self, table: sa.Table) -> bool:
        """Tell whether the database has a table."""
        return self.inspector.has_table(table.name, schema=self._schema(table))

    def _schema(self, table: sa.Table) -> str | None:
        return self.place.connection.schema_for_object(table)


def read_tables(place: Place) -> Tables:
    """Return the tables of a place, with those that are missing."""
    tables = Tables(place, sa.inspect(place.connection), set())
    for table in _all_tables(place):
        if not tables.has(table):
            tables.missing.add(table)
    return tables


def check_tables(tables: Tables) -> Iterator[Symptom]:
    """Yield what is missing, too narrow or in the way."""
    for table in _all_tables(tables.place):
        if table in tables.missing:
            yield Symptom(
                SymptomKind.TABLE_MISSING,
                table.fullname,
                "the table is missing. Create it (metadata.create_all, or a migration).",
            )
    own = [each for each in _history_tables(tables.place) if each not in tables.missing]
    for table in own:
        yield from _missing_columns(tables, table)
        yield from _constraints(tables, table)
    for entry in tables.place.tables:
        if not {entry.live, entry.version} & tables.missing:
            yield from _widths(tables, entry)
        if entry.live not in tables.missing:
            yield from _unmapped(tables, entry)
            yield from _cascades(tables, entry)


def _all_tables(place: Place) -> Iterator[sa.Table]:
    yield from _history_tables(place)
    for entry in place.tables:
        yield entry.live


def _history_tables(place: Place) -> Iterator[sa.Table]:
    yield from place.history.shared
    for entry in place.tables:
        yield entry.version


def _missing_columns(tables: Tables, table: sa.Table) -> Iterator[Symptom]:
    there = tables.columns(table)
    absent = [column.name for column in table.c if column.name not in there]
    if absent:
        yield Symptom(
            SymptomKind.COLUMN_MISSING,
            table.fullname,
            f"{_listed(absent)} missing, so nothing can be written to it. Generate a migration: "
            f"env.py needs the line 'import flask_continuum.migrations'.",
        )
    known = {column.name for column in table.c}
    for name, column in there.items():
        filled = column["nullable"] or column.get("default") is not None
        if name not in known and not filled and column.get("autoincrement") is not True:
            yield Symptom(
                SymptomKind.COLUMN_NEVER_FILLED,
                f"{table.fullname}.{name}",
                "the column is NOT NULL, and no model gives it a value: a version cannot be "
                "written. Make it nullable, or drop it with a migration.",
            )


def _constraints(tables: Tables, table: sa.Table) -> Iterator[Symptom]:
    for key in tables.foreign_keys(table):
        columns = ", ".join(key["constrained_columns"])
        yield Symptom(
            SymptomKind.CONSTRAINT_ON_HISTORY,
            f"{table.fullname}.{columns}",
            f"history refers to {key['referred_table']!r} by a foreign key, so that rows there "
            f"cannot be deleted, or take history along. Drop the constraint.",
        )


def _widths(tables: Tables, entry: VersionedTable) -> Iterator[Symptom]:
    """Find texts that fit into the live column and not into the version's."""
    live, version = tables.columns(entry.live), tables.columns(entry.version)
    for ours, theirs in entry.columns:
        here, there = (
            _length(found.get(column.name)) for found, column in ((live, ours), (version, theirs))
        )
        if there is not None and (here is None or here > there) and ours.name in live:
            yield Symptom(
                SymptomKind.COLUMN_TOO_SHORT,
                f"{entry.version.fullname}.{theirs.name}",
                f"a version holds {there} characters, the record "
                f"{'any number' if here is None else here}: longer ones could not be written. "
                f"Widen the version's column.",
            )


def _length(column: Any) -> int | None:
    length = None if column is None else getattr(column["type"], "length", None)
    return length if isinstance(length, int) else None


def _unmapped(tables: Tables, entry: VersionedTable) -> Iterator[Symptom]:
    known = {column.name for column in entry.live.c}
    unknown = [name for name in tables.columns(entry.live) if name not in known]
    if unknown:
        yield Symptom(
            SymptomKind.COLUMN_NOT_MAPPED,
            entry.live.fullname,
            f"the model does not know of {_quoted(unknown)}, so what they hold is not recorded. "
            f"Map them; leave them out of history with the option exclude if that is meant.",
        )


def _cascades(tables: Tables, entry: VersionedTable) -> Iterator[Symptom]:
    """Find what the database does by itself, and no foreign key of the models says."""
    declared = {
        (frozenset(column.name for column in key.columns), clause): _words(getattr(key, clause))
        for key in entry.live.foreign_key_constraints
        for clause in _CLAUSES
    }
    for key in tables.foreign_keys(entry.live):
        columns = frozenset(key["constrained_columns"])
        for clause, words in _CLAUSES.items():
            action = _words(key.get("options", {}).get(clause))
            if action.startswith(_ACTS) and declared.get((columns, clause)) != action:
                yield Symptom(
                    SymptomKind.CASCADE_UNDECLARED,
                    f"{entry.live.fullname}.{', '.join(key['constrained_columns'])}",
                    f"in the database its foreign key to {key['referred_table']!r} is {words} "
                    f"{action}, which the model does not say: history cannot see it. Say so in "
                    f"the model: ForeignKey(..., {clause}={action!r}).",
                )


def _words(action: str | None) -> str:
    return " ".join((action or "").upper().split())


def _listed(names: Sequence[str]) -> str:
    verb = "is" if len(names) == 1 else "are"
    return f"{_quoted(names)} {verb}"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
