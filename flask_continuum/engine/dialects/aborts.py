"""Errors after which a database has rolled back the whole transaction by itself."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_DEADLOCK = 1213
_RECORD_CHANGED = 1020  # MariaDB, innodb_snapshot_isolation
_LOCK_WAIT_TIMEOUT = 1205


def has_rolled_back(connection: sa.Connection, error: BaseException) -> bool:
    """Tell whether nothing is left of a connection's transaction after an error of its driver.

    PostgreSQL keeps it, and lets nothing be done with it until it is rolled back.
    """
    if connection.dialect.name in ("mysql", "mariadb"):
        code = error.args[0] if error.args else None
        if code == _LOCK_WAIT_TIMEOUT:
            return _rolls_back_on_timeout(connection)
        return code in (_DEADLOCK, _RECORD_CHANGED)
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.dbapi_connection
        return not getattr(driver, "in_transaction", True)
    return False


def _rolls_back_on_timeout(connection: sa.Connection) -> bool:
    """Ask a server, past SQLAlchemy, what it does to a transaction that waited in vain.

    The variable is read-only, and belongs to the server: it is asked for when it matters, which
    is after a second's wait at least.
    """
    cursor = connection.connection.cursor()
    try:
        cursor.execute("SELECT @@innodb_rollback_on_timeout")
        (found,) = cursor.fetchone() or (0,)
    finally:
        cursor.close()
    return bool(found)
