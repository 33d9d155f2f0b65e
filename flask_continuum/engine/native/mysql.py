"""Triggers for MariaDB and MySQL: one for each event, all that it does in its body.

Procedures would be parsed by each connection anew; a trigger's body is parsed with its table, and
kept with it for all connections.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from flask_continuum.engine.dialects import Dialect
from flask_continuum.engine.dialects.fragments import OWN, translation
from flask_continuum.engine.naming import fitting
from flask_continuum.engine.native.mysql_body import Body
from flask_continuum.engine.native.mysql_text import MODES, Text, quoted
from flask_continuum.engine.native.triggers import Told, Trigger, stamp_in, stamped
from flask_continuum.engine.registry import HistoryTables, Registry, VersionedTable

outlives_commit = True
"""What triggers are told is a row."""

_EVENTS = ("INSERT", "UPDATE", "DELETE")


def tell(connection: sa.Connection, history: HistoryTables, told: Told) -> None:
    """Tell triggers what they write under.

    A DDL statement commits the row. What comes after it does not believe it: the variable is the
    connection's, and each transaction tells another uid.
    """
    assert history.current is not None
    connection.execute(
        sa.text(
            f"REPLACE INTO {_text(connection).name(history.current)} "
            f"(connection_id, transaction_id, baseline_id, uid, paused) "
            f"VALUES (CONNECTION_ID(), :transaction_id, :baseline_id, "
            f"@continuum_uid \\:= :uid, :paused)"
        ),
        told.values,
        execution_options=OWN,
    )


def untell(connection: sa.Connection, history: HistoryTables) -> None:
    """Remove what triggers were told."""
    assert history.current is not None
    connection.execute(
        sa.text(
            f"DELETE FROM {_text(connection).name(history.current)} "
            f"WHERE connection_id = CONNECTION_ID()"
        ),
        execution_options=OWN,
    )


def disbelieve(connection: sa.Connection) -> None:
    """Have triggers believe nothing any more: a DDL statement has perhaps committed what was told.

    A connection that is lost takes the variable along.
    """
    try:
        connection.exec_driver_sql("SET @continuum_uid = NULL", execution_options=OWN)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise


def installed(connection: sa.Connection, schema: str | None) -> Mapping[str, str]:
    """Return, by name, the stamp of each trigger of ours in a schema."""
    rows = connection.execute(
        sa.text(
            "SELECT trigger_name, action_statement FROM information_schema.triggers "
            "WHERE trigger_schema = COALESCE(:schema, DATABASE())"
        ),
        {"schema": schema},
        execution_options=OWN,
    )
    found = ((name, stamp_in(body)) for name, body in rows)
    return {name: stamp for name, stamp in found if stamp is not None}


def build(registry: Registry, table: VersionedTable, dialect: Dialect) -> tuple[Trigger, ...]:
    """Return the triggers that write the versions of one table."""
    text = Text(dialect.dialect, tuple(dialect.schemas.items()))
    body = Body(registry, table, text)
    return tuple(_trigger(body, event) for event in _EVENTS)


def _text(connection: sa.Connection) -> Text:
    return Text(connection.dialect, translation(connection))


def _trigger(body: Body, event: str) -> Trigger:
    table, text = body.table, body.text
    schema = text.schemas.get(table.live.schema, table.live.schema)
    name = fitting(f"{table.version.name}_{event.lower()}")
    full = f"{quoted(schema)}.{quoted(name)}" if schema else quoted(name)
    written, stamp = stamped(f"BEGIN -- continuum\n{body.of(event)}\nEND")
    drop = f"DROP TRIGGER IF EXISTS {full}"
    create = (
        f"CREATE TRIGGER {full} AFTER {event} ON {text.name(table.live)} FOR EACH ROW {written}"
    )
    return Trigger(name, table, (drop, MODES[0], create, MODES[1]), (drop,), stamp)
