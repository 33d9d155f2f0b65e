"""Says so when the database lacks the history's tables, in place of the database's own error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.state import State, current_state


def explain_database_error(error: DBAPIError) -> NoReturn:
    """Raise an error that names the missing tables, or ``error`` again when none is missing.

    :raises ImproperlyConfigured: when tables of the history are missing.
    """
    state = current_state()
    state.db.session.rollback()
    missing = _missing_tables(state)
    if not missing:
        raise error
    raise ImproperlyConfigured(
        f"The database has no {_listed(missing)}, which the history is kept in. Create what is "
        f"missing with db.create_all(), or with a migration."
    ) from error


def _missing_tables(state: State) -> list[str]:
    session: Any = state.db.session
    inspectors: dict[Any, Any] = {}
    missing: list[str] = []
    for mapper, table in dict.fromkeys(_tables(state)):
        engine = session.get_bind(mapper)
        if engine not in inspectors:
            inspectors[engine] = sa.inspect(engine)
        if not inspectors[engine].has_table(table.name, schema=table.schema):
            missing.append(table.fullname)
    return missing


def _tables(state: State) -> Iterator[tuple[Any, sa.Table]]:
    registry = state.manager.registry
    for entry in registry.classes():
        transaction = sa.inspect(registry.transaction_class_for(entry.model))
        yield transaction, transaction.local_table
        for own in entry.tables:
            yield entry.mapper, own.version


def _listed(names: list[str]) -> str:
    if len(names) == 1:
        return f"table {names[0]!r}"
    return f"tables {', '.join(map(repr, names[:-1]))} and {names[-1]!r}"
