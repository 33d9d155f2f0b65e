"""SQLite: triggers for each row, made of a few statements that find their rows by the primary key.

What a record's version holds follows from its row now and from its version before this
transaction. A trigger takes the version of this transaction away and writes it anew, if there is
to be one: so it need not know what the transaction did to the record before.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from flask_continuum.engine.dialects import Dialect, dialect_for
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.naming import fitting
from flask_continuum.engine.native.sqlite_body import Body
from flask_continuum.engine.native.sqlite_text import APPLICATION, Text
from flask_continuum.engine.native.triggers import Told, Trigger, stamp_in, stamped
from flask_continuum.engine.registry import HistoryTables, Registry, VersionedTable

outlives_commit = True
"""What triggers are told is a row."""


def tell(connection: sa.Connection, history: HistoryTables, told: Told) -> None:
    """Tell triggers what they write under, until the end of the transaction or savepoint."""
    assert history.current is not None
    connection.execute(
        history.current.insert().prefix_with("OR REPLACE"),
        {"connection_id": APPLICATION, **told.values},
        execution_options=OWN,
    )


def untell(connection: sa.Connection, history: HistoryTables) -> None:
    """Have triggers begin a transaction of their own when something is written now."""
    assert history.current is not None
    connection.execute(
        history.current.delete().where(history.current.c.connection_id == APPLICATION),
        execution_options=OWN,
    )


def installed(connection: sa.Connection, schema: str | None) -> Mapping[str, str]:
    """Return, by name, the stamp of each trigger of ours in a schema."""
    quote = dialect_for(connection).quote
    place = f"{quote(schema)}." if schema else ""
    rows = connection.execute(
        sa.text(f"SELECT name, sql FROM {place}sqlite_master WHERE type = 'trigger'"),
        execution_options=OWN,
    )
    found = ((name, stamp_in(sql or "")) for name, sql in rows)
    return {name: stamp for name, stamp in found if stamp is not None}


def build(registry: Registry, table: VersionedTable, dialect: Dialect) -> tuple[Trigger, ...]:
    """Return the triggers that write the versions of one table.

    :raises ImproperlyConfigured: when the transactions are in another database file: a trigger
        reaches nothing outside its own.
    """
    text = Text(dialect.dialect)
    schemas = dialect.schemas
    schema = schemas.get(table.live.schema, table.live.schema)
    transaction = registry.history_of(table).transaction
    if schema != schemas.get(transaction.schema, transaction.schema):
        raise ImproperlyConfigured(
            f"{table.live.fullname} is in another database file than {transaction.fullname}, which "
            f"triggers of SQLite cannot reach. Leave native_versioning out of its options, and the "
            f"session writes its versions."
        )
    body = Body(registry, table, text)
    return tuple(
        _trigger(body, schema, event, moment, conditions, statements)
        for event, moment, conditions, statements in body.events()
    )


def _trigger(
    body: Body,
    schema: str | None,
    event: str,
    moment: str,
    conditions: list[str],
    statements: list[str],
) -> Trigger:
    table, text = body.table, body.text
    name = fitting(f"{table.version.name}_{event}")
    full = f"{text.quote(schema)}.{text.quote(name)}" if schema else text.quote(name)
    when = f" WHEN {' AND '.join(conditions)}" if conditions else ""
    whole = f"AFTER {moment} ON {text.name(table.live)}{when} -- continuum\nBEGIN\n"
    whole += ";\n".join(statements) + ";\nEND"
    written, stamp = stamped(whole.replace("\\:", ":"))
    drop = f"DROP TRIGGER IF EXISTS {full}"
    create = f"CREATE TRIGGER {full} {written}"
    return Trigger(name, table, (drop, create), (drop,), stamp)
