"""The ground floor: what each database needs to be told, and how it wants to be told."""

from __future__ import annotations

import sqlalchemy as sa

from flask_continuum.engine.dialects.base import Dialect
from flask_continuum.engine.dialects.mysql import MySQLDialect
from flask_continuum.engine.dialects.postgresql import PostgreSQLDialect
from flask_continuum.engine.dialects.sqlite import SQLiteDialect

__all__ = ["Dialect", "dialect_for"]


def dialect_for(engine: sa.Engine) -> Dialect:
    """Return the object that writes versions on ``engine``'s database.

    A database that is not known by name gets the plain one, which needs nothing special.
    """
    name = engine.dialect.name
    if name == "sqlite":
        return SQLiteDialect(engine.dialect)
    if name == "postgresql":
        return PostgreSQLDialect(engine.dialect)
    if name in ("mysql", "mariadb"):
        return MySQLDialect(engine.dialect)
    return Dialect(engine.dialect)
