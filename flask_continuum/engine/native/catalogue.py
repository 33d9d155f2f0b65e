"""What a database has of our triggers: as text that would make each of them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.native.mysql_text import MODES
from flask_continuum.engine.native.triggers import stamp_in


@dataclass(frozen=True, slots=True)
class Installed:
    """A trigger, or a function that triggers call, as the catalogue has it.

    :ivar table: the table that it is on; ``None`` for a function.
    :ivar create: the statements that make it, in place of one of the same name.
    :ivar drop: the statements that remove it, if it is there.
    """

    name: str
    table: str | None
    create: tuple[str, ...]
    drop: tuple[str, ...]


def read_catalogue(connection: sa.Connection, schema: str | None) -> tuple[Installed, ...]:
    """Return the triggers of ours in a schema, functions before what calls them.

    :param schema: the one that a connection begins in when ``None``.
    """
    read = _READERS.get(connection.dialect.name)
    return () if read is None else tuple(read(connection, schema))


def _sqlite(connection: sa.Connection, schema: str | None) -> Iterator[Installed]:
    quote = connection.dialect.identifier_preparer.quote
    place = quote(schema or "main")
    rows = connection.execute(
        sa.text(
            f"SELECT name, tbl_name, sql FROM {place}.sqlite_master WHERE type = 'trigger' "
            f"ORDER BY name"
        ),
        execution_options=OWN,
    )
    for name, table, text in rows.all():
        if stamp_in(text) is not None:
            full = f"{place}.{quote(name)}" if schema else quote(name)
            drop = f"DROP TRIGGER IF EXISTS {full}"
            if schema:  # the text was kept without it
                text = text.replace(f"TRIGGER {quote(name)}", f"TRIGGER {full}", 1)
            yield Installed(name, table, (drop, text), (drop,))


def _mysql(connection: sa.Connection, schema: str | None) -> Iterator[Installed]:
    quote = connection.dialect.identifier_preparer.quote
    rows = connection.execute(
        sa.text(
            "SELECT trigger_name, event_object_table, action_timing, event_manipulation, "
            "action_statement FROM information_schema.triggers "
            "WHERE trigger_schema = COALESCE(:schema, DATABASE()) ORDER BY trigger_name"
        ),
        {"schema": schema},
        execution_options=OWN,
    )
    within = f"{quote(schema)}." if schema else ""
    for name, table, timing, event, body in rows.all():
        if stamp_in(body) is None:
            continue
        drop = f"DROP TRIGGER IF EXISTS {within}{quote(name)}"
        create = (
            f"CREATE TRIGGER {within}{quote(name)} {timing} {event} ON {within}{quote(table)} "
            f"FOR EACH ROW {body}"
        )
        yield Installed(name, table, (drop, MODES[0], create, MODES[1]), (drop,))


def _postgresql(connection: sa.Connection, schema: str | None) -> Iterator[Installed]:
    quote = connection.dialect.identifier_preparer.quote
    place = {"schema": schema or connection.exec_driver_sql("SELECT current_schema()").scalar()}
    functions = connection.execute(
        sa.text(
            "SELECT p.oid, p.proname, p.prosrc, pg_get_functiondef(p.oid), "
            "p.oid::regprocedure::text FROM pg_proc p "
            "JOIN pg_namespace n ON n.oid = p.pronamespace "
            "WHERE n.nspname = :schema AND p.prosrc LIKE '%continuum:%' ORDER BY p.proname"
        ),
        place,
        execution_options=OWN,
    ).all()
    triggers = connection.execute(
        sa.text(
            "SELECT t.tgname, c.relname, t.tgrelid::regclass::text, pg_get_triggerdef(t.oid), "
            "p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
            "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = :schema AND NOT t.tgisinternal AND t.tgparentid = 0 "
            "AND p.prosrc LIKE '%continuum:%' ORDER BY c.relname, t.tgname"
        ),
        place,
        execution_options=OWN,
    ).all()
    for _, name, body, text, signature in functions:
        if stamp_in(body) is not None:
            yield Installed(name, None, (text,), (f"DROP FUNCTION IF EXISTS {signature}",))
    for name, table, full, text, body in triggers:
        if stamp_in(body) is not None:
            drop = f"DROP TRIGGER IF EXISTS {quote(name)} ON {full}"
            yield Installed(name, table, (drop, text), (drop,))


_READERS: dict[str, Callable[[sa.Connection, str | None], Iterator[Installed]]] = {
    "sqlite": _sqlite,
    "mysql": _mysql,
    "mariadb": _mysql,
    "postgresql": _postgresql,
}
