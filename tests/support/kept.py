"""Databases that keep their tables from test to test: making them costs more than most tests."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.support.databases import Database, Source


class Kept:
    """One database of a kind, whose tables stay and whose rows go.

    :param folder: for databases that are files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._databases: dict[str, Database] = {}

    def of(self, source: Source) -> Database:
        """Return the database of a source, lent when it is first asked for."""
        if source.kind not in self._databases:
            database = self._open.enter_context(source.database(self._folder))
            self._databases[source.kind] = database
        return self._databases[source.kind]

    def close(self) -> None:
        """Give the databases back."""
        self._open.close()


def empty_or_create(engine: sa.Engine, metadata: sa.MetaData, keep: set[str]) -> None:
    """Make the tables of ``metadata``, or empty them as if they were new.

    :param keep: names of tables whose rows say something about the tables.
    """
    wanted = {table.name: table for table in metadata.tables.values()}
    with engine.connect() as connection:
        there = set(sa.inspect(connection).get_table_names())
    if there != set(wanted):
        with engine.begin() as connection:
            found = sa.MetaData()
            found.reflect(connection)
            found.drop_all(connection)
        metadata.create_all(engine)
        return
    tables = [t for t in reversed(metadata.sorted_tables) if t.name not in keep]
    with engine.begin() as connection:
        for statement in _emptying(engine.dialect, tables):
            connection.exec_driver_sql(statement)


def _emptying(dialect: sa.Dialect, tables: list[Any]) -> list[str]:
    names = [dialect.identifier_preparer.format_table(table) for table in tables]
    if dialect.name == "postgresql":
        return [f"TRUNCATE {', '.join(names)} RESTART IDENTITY"]
    found = [f"DELETE FROM {name}" for name in names]
    counted = [t.autoincrement_column is not None for t in tables]
    if dialect.name == "mysql":
        found += [
            f"ALTER TABLE {name} AUTO_INCREMENT = 1"
            for name, counts in zip(names, counted, strict=True)
            if counts
        ]
    elif dialect.name == "sqlite":
        found.append("DELETE FROM sqlite_sequence")
    return found
