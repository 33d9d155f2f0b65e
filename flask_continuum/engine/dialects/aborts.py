"""Errors after which a database has rolled back the whole transaction by itself."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_DEADLOCK = 1213
_RECORD_CHANGED = 1020  # MariaDB, innodb_snapshot_isolation


def has_rolled_back(connection: sa.Connection, error: BaseException) -> bool:
    """Tell whether nothing is left of a connection's transaction after an error of its driver.

    PostgreSQL keeps it, and lets nothing be done with it until it is rolled back.
    """
    if connection.dialect.name in ("mysql", "mariadb"):
        return error.args[:1] in ((_DEADLOCK,), (_RECORD_CHANGED,))
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.dbapi_connection
        return not getattr(driver, "in_transaction", True)
    return False
