"""Which module knows the triggers of which database."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import sqlalchemy as sa

from flask_continuum.engine.dialects import Dialect
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.native import mysql, postgresql, sqlite
from flask_continuum.engine.native.triggers import NativeDialect, Trigger
from flask_continuum.engine.registry import Registry, VersionedTable

_BY_NAME: Mapping[str, NativeDialect] = MappingProxyType(
    {"mariadb": mysql, "mysql": mysql, "postgresql": postgresql, "sqlite": sqlite}
)


def native_for(dialect: sa.Dialect) -> NativeDialect:
    """Return what is known of the triggers of a database.

    :raises ImproperlyConfigured: when nothing is.
    """
    found = _BY_NAME.get(dialect.name)
    if found is None:
        raise ImproperlyConfigured(
            f"There are no triggers for {dialect.name}: leave native_versioning out of the "
            f"options, and the session writes the versions."
        )
    return found


def triggers_of(registry: Registry, table: VersionedTable, dialect: Dialect) -> tuple[Trigger, ...]:
    """Return what is to be installed so that the database writes a table's versions."""
    return native_for(dialect.dialect).build(registry, table, dialect)
