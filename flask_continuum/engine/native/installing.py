"""Installs triggers, removes them, and tells which are missing or out of date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from flask_continuum.engine.dialects import Dialect, dialect_for
from flask_continuum.engine.native.databases import native_for, triggers_of
from flask_continuum.engine.native.triggers import Trigger
from flask_continuum.engine.registry import Registry, VersionedTable

_AS_IS = {"continuum_own": True, "no_parameters": True}
"""Execution options for text in which a percent sign is one."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A trigger that is not there as it should be.

    :ivar name: of the trigger, or of the function that triggers call.
    :ivar is_missing: whether it is not there at all; else its text is an older one.
    """

    table: VersionedTable
    name: str
    is_missing: bool

    def __str__(self) -> str:
        state = "is missing" if self.is_missing else "is out of date"
        return f"{self.table.live.fullname}: the trigger {self.name} {state}"


def install(
    connection: sa.Connection, registry: Registry, tables: Iterable[VersionedTable] | None = None
) -> None:
    """Make the triggers of tables, in place of older ones.

    :param tables: those meant; all with ``native_versioning`` when ``None``.
    """
    for trigger in wanted(placed(connection), registry, tables):
        _execute(connection, trigger.create)


def remove(
    connection: sa.Connection, registry: Registry, tables: Iterable[VersionedTable] | None = None
) -> None:
    """Remove the triggers of tables, where they are."""
    for trigger in reversed(list(wanted(placed(connection), registry, tables))):
        _execute(connection, trigger.drop)


def sync(
    connection: sa.Connection, registry: Registry, tables: Iterable[VersionedTable] | None = None
) -> list[Drift]:
    """Make what :func:`drift` finds; return it."""
    found = list(drift(connection, registry, tables))
    install(connection, registry, dict.fromkeys(each.table for each in found))
    return found


def drift(
    connection: sa.Connection, registry: Registry, tables: Iterable[VersionedTable] | None = None
) -> Iterator[Drift]:
    """Yield the triggers that are missing or out of date."""
    dialect = placed(connection)
    native = native_for(connection.dialect)
    there: dict[str | None, dict[str, str]] = {}
    for trigger in wanted(dialect, registry, tables):
        live = trigger.table.live
        schema = dialect.schemas.get(live.schema, live.schema) or dialect.home
        if schema not in there:
            there[schema] = dict(native.installed(connection, schema))
        if there[schema].get(trigger.name) != trigger.stamp:
            yield Drift(trigger.table, trigger.name, trigger.name not in there[schema])


def wanted(
    dialect: Dialect, registry: Registry, tables: Iterable[VersionedTable] | None = None
) -> Iterator[Trigger]:
    """Yield what is to be there, functions before what calls them."""
    chosen = registry.tables.values() if tables is None else tables
    for table in chosen:
        if table.is_native:
            yield from triggers_of(registry, table, dialect)


def placed(connection: sa.Connection) -> Dialect:
    """Return the dialect for a connection; names without a schema get the present one.

    What is written into a database must mean the same to everybody who calls it.
    """
    dialect = dialect_for(connection)
    if connection.dialect.name == "postgresql":
        present = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        dialect.home = present
    return dialect


def _execute(connection: sa.Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement, execution_options=_AS_IS)
