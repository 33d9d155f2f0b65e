"""PostgreSQL: triggers for each statement, with the rows that it has written as tables.

What a record's version holds follows from its row now and from its version before this
transaction. A trigger works that out anew for each record of its statement, so it need not know
what the transaction did to the record before.

All statements are planned for few rows in large tables, whatever the tables are like when a
connection first comes here: each record is looked up by the primary key.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from flask_continuum.engine.dialects import Dialect, dialect_for
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.naming import fitting
from flask_continuum.engine.native.bodies import Bodies, setting_name
from flask_continuum.engine.native.triggers import Told, Trigger, stamp_in, stamped
from flask_continuum.engine.registry import HistoryTables, Registry, VersionedTable

outlives_commit = False
"""Settings end with the transaction by themselves."""

_OPERATIONS = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
_TABLES = {
    "INSERT": "REFERENCING NEW TABLE AS continuum_new ",
    "UPDATE": "REFERENCING OLD TABLE AS continuum_old NEW TABLE AS continuum_new ",
    "DELETE": "REFERENCING OLD TABLE AS continuum_old ",
    "TRUNCATE": "",
}


def tell(connection: sa.Connection, history: HistoryTables, told: Told) -> None:
    """Tell triggers what they write under, until the end of the transaction or savepoint."""
    name = setting_name(history.transaction, dialect_for(connection))
    connection.execute(
        sa.text(
            "SELECT set_config(:ids, :told, true), set_config(:first, :baseline, true), "
            "set_config('continuum.paused', :paused, true)"
        ),
        {
            "ids": name,
            "told": f"{{{told.transaction_id}}}",
            "first": f"{name}_first",
            "baseline": str(told.baseline_id or ""),
            "paused": told.paused_text or "",
        },
        execution_options=OWN,
    )


def untell(connection: sa.Connection, history: HistoryTables) -> None:
    """Have triggers begin a transaction of their own when something is written now."""
    name = setting_name(history.transaction, dialect_for(connection))
    connection.execute(
        sa.text("SELECT set_config(:ids, '', true), set_config(:first, '', true)"),
        {"ids": name, "first": f"{name}_first"},
        execution_options=OWN,
    )


def installed(connection: sa.Connection, schema: str | None) -> Mapping[str, str]:
    """Return, by name, the stamp of each trigger and function of ours in a schema.

    A trigger has the stamp of the function that it calls, if it is switched on.
    """
    place = {"schema": schema or connection.exec_driver_sql("SELECT current_schema()").scalar()}
    functions = connection.execute(
        sa.text(
            "SELECT p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n "
            "ON n.oid = p.pronamespace WHERE n.nspname = :schema AND p.prosrc LIKE '%continuum:%'"
        ),
        place,
        execution_options=OWN,
    ).all()
    triggers = connection.execute(
        sa.text(
            "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
            "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = :schema AND t.tgenabled <> 'D' AND p.prosrc LIKE '%continuum:%'"
        ),
        place,
        execution_options=OWN,
    ).all()
    found = ((name, stamp_in(body)) for name, body in (*functions, *triggers))
    return {name: stamp for name, stamp in found if stamp is not None}


def build(registry: Registry, table: VersionedTable, dialect: Dialect) -> tuple[Trigger, ...]:
    """Return the functions and triggers of a table."""
    bodies = Bodies(registry, table, dialect)
    live = dialect.name(table.live)
    moves = _function(table, dialect, f"{table.version.name}_moves", bodies.moves())
    writes = _function(table, dialect, f"{table.version.name}_writes", bodies.writes())
    differs = " OR ".join(
        f"OLD.{dialect.q(c)} IS DISTINCT FROM NEW.{dialect.q(c)}" for c in table.key
    )
    row = f"AFTER UPDATE ON {live} FOR EACH ROW WHEN ({differs})"
    found = [moves, writes, _trigger(table, dialect, f"{table.version.name}_moved", row, moves)]
    for operation in _OPERATIONS:
        moment = "BEFORE" if operation == "TRUNCATE" else "AFTER"
        statement = f"{moment} {operation} ON {live} {_TABLES[operation]}FOR EACH STATEMENT"
        name = f"{table.version.name}_{operation.lower()}"
        found.append(_trigger(table, dialect, name, statement, writes))
    return tuple(found)


def _function(table: VersionedTable, dialect: Dialect, name: str, body: str) -> Trigger:
    """Return a function, which has the rights of whoever installs it.

    Who writes a table need not be allowed to write its history.
    """
    name = fitting(name)
    text, stamp = stamped(_plain(body))
    schema = _schema(table, dialect)
    create = (
        f"CREATE OR REPLACE FUNCTION {_full(table, dialect, name)}() RETURNS trigger "
        f"LANGUAGE plpgsql SECURITY DEFINER "
        f"SET search_path = pg_catalog, {dialect.quote(schema or 'public')}, pg_temp "
        f"SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off "
        f"SET jit = off AS $continuum$\n{text}\n$continuum$"
    )
    drop = f"DROP FUNCTION IF EXISTS {_full(table, dialect, name)}()"
    return Trigger(name, table, (create,), (drop,), stamp)


def _trigger(
    table: VersionedTable, dialect: Dialect, name: str, what: str, calls: Trigger
) -> Trigger:
    name = fitting(name)
    quoted, live = dialect.quote(name), _plain(dialect.name(table.live))
    drop = f"DROP TRIGGER IF EXISTS {quoted} ON {live}"
    function = _full(table, dialect, calls.name)
    create = f"CREATE TRIGGER {quoted} {_plain(what)} EXECUTE FUNCTION {function}()"
    return Trigger(name, table, (drop, create), (drop,), calls.stamp)


def _schema(table: VersionedTable, dialect: Dialect) -> str | None:
    schema = table.live.schema
    return dialect.schemas.get(schema, schema) or dialect.home


def _full(table: VersionedTable, dialect: Dialect, name: str) -> str:
    schema = _schema(table, dialect)
    return f"{dialect.quote(schema)}.{dialect.quote(name)}" if schema else dialect.quote(name)


def _plain(sql: str) -> str:
    """Return text whose colons are escaped for bind parameters as the driver wants it."""
    return sql.replace("\\:", ":")
