"""Helpers for migrations that make triggers, under SQLAlchemy-Continuum's name for the module.

They work on every database whose triggers there are. What a trigger writes follows from the
model's options; nothing of it is told here.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.native import installing
from flask_continuum.engine.registry import Registry, VersionedTable, registry_beside
from flask_continuum.engine.setup import versioning_manager

__all__ = [
    "create_trigger",
    "create_versioning_trigger_listeners",
    "drop_trigger",
    "sync_trigger",
]


def create_trigger(session: Session | sa.Connection, table: sa.Table) -> None:
    """Make the triggers of a table, in place of older ones.

    :param table: the live table, of a class with ``native_versioning``.
    :raises ImproperlyConfigured: when triggers do not write its history.
    """
    registry, entry = _find(table.name, table.metadata, live=True)
    installing.install(_connection(session), registry, [entry])


def sync_trigger(
    session: Session | sa.Connection, table_name: str, *, metadata: sa.MetaData | None = None
) -> None:
    """Make the triggers of a table anew that are missing or out of date.

    :param table_name: the name of the version table.
    :param metadata: where the table is; the one that ``make_versioned`` knows when ``None``.
    :raises ImproperlyConfigured: when triggers do not write to a table of that name.
    """
    registry, entry = _find(table_name, metadata, live=False)
    installing.sync(_connection(session), registry, [entry])


def drop_trigger(
    session: Session | sa.Connection, table_name: str, *, metadata: sa.MetaData | None = None
) -> None:
    """Remove the triggers of a table.

    :param table_name: the name of the live table.
    :param metadata: where the table is; the one that ``make_versioned`` knows when ``None``.
    :raises ImproperlyConfigured: when triggers do not write its history.
    """
    registry, entry = _find(table_name, metadata, live=True)
    installing.remove(_connection(session), registry, [entry])


def create_versioning_trigger_listeners(manager: Any, cls: type[Any]) -> None:
    """Do nothing more: ``create_all`` makes the triggers of a class with ``native_versioning``.

    :raises ImproperlyConfigured: when the class has not.
    """
    if not all(table.is_native for table in manager.registry.tables_of(cls)):
        raise ImproperlyConfigured(
            f"{cls.__name__} has no triggers: set native_versioning in its __versioned__, or in "
            f"the options of its manager."
        )


def _connection(session: Session | sa.Connection) -> sa.Connection:
    return session if isinstance(session, sa.Connection) else session.connection()


def _find(
    name: str, metadata: sa.MetaData | None, *, live: bool
) -> tuple[Registry, VersionedTable]:
    registry = versioning_manager.registry if metadata is None else registry_beside(metadata)
    tables = () if registry is None else registry.tables.values()
    for entry in tables:
        if name == (entry.live if live else entry.version).name and entry.is_native:
            assert registry is not None
            return registry, entry
    what = "a table" if live else "a version table"
    raise ImproperlyConfigured(
        f"{name!r} is not the name of {what} whose history triggers write. Pass the metadata= that "
        f"it belongs to, and see that its class has native_versioning."
    )
