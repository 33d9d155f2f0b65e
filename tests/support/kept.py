"""What is kept from test to test, since making it costs more than most tests: tables and models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.registry import LIVE_TABLE
from tests.support.databases import Database, Source
from tests.support.managers import Managers


class Kept:
    """Databases of each kind, whose tables stay and whose rows go.

    :param folder: for databases that are files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._databases: dict[tuple[str, str], Database] = {}

    def of(self, source: Source, name: str = "") -> Database:
        """Return a database of a source, lent when it is first asked for.

        :param name: for tables that have the names of others, and other columns.
        """
        key = (source.kind, name)
        if key not in self._databases:
            self._databases[key] = self._open.enter_context(source.database(self._folder))
        return self._databases[key]

    def close(self) -> None:
        """Give the databases back."""
        self._open.close()


class Models(Protocol):
    """Versioned models, the engine of their tables, and what versions them."""

    engine: sa.Engine
    manager: Any


Lendable = TypeVar("Lendable", bound=Models)


class Lent:
    """Models that are mapped once and lent from test to test.

    What SQLAlchemy has compiled for them stays too, which makes checking them cheap.

    :param managers: end with what has made them, unless they are said to be lent.
    """

    def __init__(self, managers: Managers) -> None:
        self._managers = managers
        self._made: dict[tuple[Callable[[sa.Engine], Any], sa.URL, str], Any] = {}

    @contextmanager
    def lend(
        self, build: Callable[[sa.Engine], Lendable], database: Database, name: str = ""
    ) -> Iterator[Lendable]:
        """Lend what ``build`` makes; its tables are as if new and no connection is open.

        :param build: makes the models and, where they are not there, the tables. What it makes is
            told apart by the function.
        :param name: tells apart what is not to share anything compiled.
        """
        key = (build, database.url, name)
        if key not in self._made:
            with self._managers.noted():  # theirs end with the last test, not with this one
                self._made[key] = build(sa.create_engine(database.url))
        made: Lendable = self._made[key]
        empty(made.engine, made.manager)
        try:
            yield made
        finally:
            made.engine.dispose()

    def close(self) -> None:
        """Version the models no longer."""
        for made in self._made.values():
            made.manager.detach()


def empty(engine: sa.Engine, manager: Any) -> None:
    """Make or empty the tables of versioned models: a history that began with empty tables."""
    (metadata,) = manager.registry.history
    began = manager.registry.history[metadata].history_column
    empty_or_create(engine, metadata, keep=set())
    names = [table.version.fullname for table in manager.registry.tables.values()]
    with engine.begin() as connection:
        connection.execute(began.delete())
        connection.execute(
            began.insert(), [{"table_name": n, "column_name": "", "since": 0} for n in names]
        )


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
        if any(t.name.endswith("_current") for t in tables):
            _remove_rows(connection, [t for t in tables if LIVE_TABLE not in t.info])
        for statement in _emptying(connection, tables):
            connection.exec_driver_sql(statement, execution_options=OWN)


def _remove_rows(connection: sa.Connection, tables: list[sa.Table]) -> None:
    """Empty the tables whose triggers write histories, before these are emptied."""
    filled = occupied(connection, tables)
    for table in (each for each in tables if each in filled):
        connection.execute(table.delete(), execution_options=OWN)


def occupied(connection: sa.Connection, tables: Iterable[sa.Table]) -> set[sa.Table]:
    """Return the tables that have rows, found in one statement."""
    asked = list(tables)
    if not asked:
        return set()
    found = connection.execute(
        sa.select(*(sa.select(sa.true()).select_from(t).exists() for t in asked))
    )
    return {table for table, has_rows in zip(asked, found.one(), strict=True) if has_rows}


def _emptying(connection: sa.Connection, tables: list[sa.Table]) -> Iterator[str]:
    """Yield what empties the tables and has them count from 1 again.

    Most tests fill a few of many, and what touches a table costs most on servers.
    """
    preparer = connection.dialect.identifier_preparer
    filled = occupied(connection, tables)
    deleting = [f"DELETE FROM {preparer.format_table(t)}" for t in tables if t in filled]
    if connection.dialect.name == "mysql":  # which checks what refers to its own table row by row
        deleting = ["SET foreign_key_checks = 0", *deleting, "SET foreign_key_checks = 1"]
    yield from deleting
    match connection.dialect.name:
        case "sqlite":
            yield "DELETE FROM sqlite_sequence"
        case "postgresql":
            yield (
                "SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass, 1, false)"
                " FROM pg_sequences WHERE last_value IS NOT NULL"
            )
        case "mysql":
            counted = connection.exec_driver_sql(
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND auto_increment > 1"
            )
            for name in counted.scalars().all():
                yield f"ALTER TABLE {preparer.quote(name)} AUTO_INCREMENT = 1"
