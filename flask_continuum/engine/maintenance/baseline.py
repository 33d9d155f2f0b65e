"""``baseline``: first versions for the rows that predate their history, in chunks."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.attribution import Attribution
from flask_continuum.engine.capture.writer import transaction_values
from flask_continuum.engine.dialects import dialect_for
from flask_continuum.engine.dialects.fragments import OWN, Key
from flask_continuum.engine.dialects.jobs import WriteJob
from flask_continuum.engine.maintenance.records import is_versioned_row
from flask_continuum.engine.maintenance.scope import Place, places
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.read.keys import beyond
from flask_continuum.engine.registry import VersionedTable
from flask_continuum.engine.setup import manager_or_default

Progress = Callable[[str, int], None]
"""Called after each chunk with the live table's name and how many versions have been written."""


def baseline(
    session: Session | scoped_session[Any],
    manager: VersioningManager | None = None,
    *,
    models: Iterable[Any] | None = None,
    chunk: int = 1000,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Mapping[str, int]:
    """Write a first version of each record that has none, as it is now.

    Without it a record gets one just before it first changes. Each chunk is a transaction of its
    own, of the kind ``"baseline"``, and is committed: what is interrupted goes on where it was.
    Others may go on writing. When no record of a table is left, its history counts as complete
    from then on, which makes changes of its records cheaper.

    :param session: reads, writes and commits.
    :param manager: whose history is meant; without it, that of ``make_versioned``.
    :param models: only the tables of these models and their link tables; all by default.
    :param chunk: how many records at a time: so many rows are locked together.
    :param dry_run: only count the records that have no version.
    :param progress: called after each chunk.
    :returns: by live table, how many first versions were, or would be, written; tables whose
        history is complete are not among them.
    :raises HistoryWriteError: when the session holds changes that are not committed.
    :raises ValueError: when a chunk would be empty.
    """
    if chunk < 1:
        raise ValueError(f"A chunk has at least one record, not {chunk}.")
    own: Session = session() if isinstance(session, scoped_session) else session
    manager = manager_or_default(manager)
    chosen = None if models is None else list(models)
    waiting = [
        (number, table)
        for number, place in enumerate(places(own, manager, chosen))
        for table in place.tables
        if not manager.completeness.is_complete(place.connection, table)
    ]
    counts = {table.live.fullname: 0 for _, table in waiting}
    for number, table in waiting:
        name = table.live.fullname
        last: Key | None = None
        while True:
            # each commit gives the connections back
            place = places(own, manager, chosen)[number]
            if dry_run:
                counts[name] = place.count(_without_version(place, table).subquery())
                break
            keys = _write_chunk(place, manager, table, chunk, last)
            done = not keys and last is None
            if done:
                manager.completeness.confirm(place.connection, table)
            own.commit()
            if done:
                break
            # at the end once more from the beginning: somebody may have come in between
            last = keys[-1] if keys else None
            counts[name] += len(keys)
            if keys and progress is not None:
                progress(name, counts[name])
    return counts


def _write_chunk(
    place: Place, manager: VersioningManager, table: VersionedTable, chunk: int, last: Key | None
) -> list[Key]:
    """Write the first versions of some records, in the order of their keys; return those.

    :param last: begin behind this one.
    """
    dialect = dialect_for(place.connection)
    transaction = place.history.transaction
    said = Attribution(kind="baseline", uid=uuid.uuid4().hex).filled_from(manager.attribution())
    values = transaction_values(transaction, said)
    # the first write: on SQLite it waits for other writers, so that what is read then stays
    identity = dialect.insert_transaction(
        place.connection, WriteJob(transaction, values, transaction_id=None, tables=())
    )
    wanted = _without_version(place, table).order_by(*table.key).limit(chunk)
    if last is not None:
        wanted = wanted.where(beyond(table.key, last, rising=True))
    found = place.connection.execute(wanted, execution_options=OWN)
    keys = [tuple(row) for row in found]
    dialect.lock(place.connection, table, keys)
    dialect.baseline(place.connection, table, keys, identity)
    if not keys:
        dialect.delete_transaction(place.connection, transaction, identity)
    return keys


def _without_version(place: Place, table: VersionedTable) -> sa.Select[Any]:
    """Select the keys of the records that have no version."""
    live, version = table.live, table.version
    known = sa.exists().where(*(version.c[c.key] == c for c in table.key))
    columns = [live.c[c.key] for c in table.key]
    statement = sa.select(*columns).where(
        ~known,
        # a row that does not name both sides links nothing
        *(column.is_not(None) for column in columns if column.nullable),
        is_versioned_row(place.registry, table, live),
    )
    return statement.distinct() if table.repeats else statement
