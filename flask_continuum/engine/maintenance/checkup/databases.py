"""Symptoms of a database as such: how it commits, and whom it shows which rows."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.maintenance.checkup.symptoms import Symptom, SymptomKind
from flask_continuum.engine.maintenance.checkup.tables import Tables
from flask_continuum.engine.maintenance.findings import Collector
from flask_continuum.engine.maintenance.recorded import load_recorded


def check_database(tables: Tables) -> Iterator[Symptom]:
    """Yield what a database does that history cannot be kept under, or be kept from whom it is."""
    place = tables.place
    if place.connection._is_autocommit_isolation():
        yield Symptom(
            SymptomKind.AUTOCOMMIT,
            place.connection.engine.url.render_as_string(hide_password=True),
            "the engine commits each statement by itself (isolation level AUTOCOMMIT), so that a "
            "change and its version cannot be written together: changes of versioned records are "
            "refused. Give the engine another isolation level.",
        )
    if place.dialect == "postgresql":
        yield from _unprotected(tables)
    if place.history.history_column not in tables.missing:
        recorded = load_recorded(place, Collector(0))
        for entry in place.tables:
            if not {entry.live, entry.version} & tables.missing and not recorded.is_complete(entry):
                yield Symptom(
                    SymptomKind.HISTORY_INCOMPLETE,
                    entry.live.fullname,
                    "it had rows when its history began. Each of them gets its first version just "
                    "before it first changes; until then its history is empty.",
                )


def _unprotected(tables: Tables) -> Iterator[Symptom]:
    """Find tables whose rows are shown to some only, and whose versions are shown to all."""
    for entry in tables.place.tables:
        if {entry.live, entry.version} & tables.missing:
            continue
        live, version = (_is_secured(tables, each) for each in (entry.live, entry.version))
        if live and not version:
            yield Symptom(
                SymptomKind.ROWS_UNPROTECTED,
                entry.version.fullname,
                f"{entry.live.fullname} has row-level security, and its versions have none: who "
                f"may read the version table reads the history of every row. Enable it there and "
                f"give it policies of its own.",
            )


def _is_secured(tables: Tables, table: sa.Table) -> bool:
    connection = tables.place.connection
    schema = connection.schema_for_object(table)
    statement = sa.text(
        "SELECT c.relrowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relname = :name AND n.nspname = coalesce(:schema, current_schema())"
    ).bindparams(sa.bindparam("schema", schema, sa.String), name=table.name)
    return bool(connection.execute(statement, execution_options=OWN).scalar())
