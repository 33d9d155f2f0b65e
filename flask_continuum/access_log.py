"""Who looked at which page of the history: what is noted, kept, read and pruned.

An entry names a page and never a value: the address without its query, and the record's key. It is
written once for each page, when the request's own work with the database is over, in a short
transaction of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, g, request
from sqlalchemy.orm import Session

from flask_continuum import actor as acting
from flask_continuum.engine.build.history import utcnow
from flask_continuum.engine.build.tables import TransactionId
from flask_continuum.engine.errors import ImproperlyConfigured
from flask_continuum.engine.read.conditions import read_id
from flask_continuum.engine.read.cursors import BadCursor
from flask_continuum.engine.read.instants import naive_utc
from flask_continuum.engine.read.results import Page
from flask_continuum.engine.registry import OF_USER, PERSONAL
from flask_continuum.state import State, current_state, find_state

TABLE = "history_access"
DENIED = frozenset({401, 403, 404})
"""Answers of pages that show nothing; what may not be seen answers as if it were not there."""

_ENTERED, _NOTED = "continuum_entered", "continuum_noted"
_LOOKED = "continuum_looked"
_LENGTHS: Mapping[str, int] = {
    "user_id": 80,
    "actor": 255,
    "address": 1000,
    "model": 128,
    "key": 255,
    "action": 20,
    "remote_addr": 64,
}


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """One page that somebody asked for.

    :ivar at: when, in naive UTC.
    :ivar user_id: the key of who was logged in, as text; ``None`` for nobody.
    :ivar actor: what they were called.
    :ivar address: the path of the page.
    :ivar model: the record's model and ``key``, as they stand in addresses.
    :ivar action: ``view``, ``revert``, ``undo`` or ``export``.
    :ivar allowed: whether the page was shown, or the deed done.
    :ivar remote_addr: where the request came from.
    """

    id: int
    at: datetime
    user_id: str | None
    actor: str | None
    address: str
    model: str | None
    key: str | None
    action: str
    allowed: bool
    remote_addr: str | None


def define_table(metadata: sa.MetaData) -> sa.Table:
    """Return the table of the access log; made in the metadata when it is not there yet."""
    name = TABLE if metadata.schema is None else f"{metadata.schema}.{TABLE}"
    if name in metadata.tables:
        return metadata.tables[name]
    return sa.Table(
        TABLE,
        metadata,
        sa.Column("id", TransactionId, primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime, nullable=False, index=True),
        *(
            sa.Column(
                name,
                sa.String(length),
                nullable=name not in ("address", "action"),
                info={PERSONAL: True} if name in ("actor", "remote_addr") else {},
            )
            for name, length in _LENGTHS.items()
        ),
        sa.Column("allowed", sa.Boolean(create_constraint=False), nullable=False),
        sa.Index(f"ix_{TABLE}_user", "user_id", "id"),
        sa.Index(f"ix_{TABLE}_record", "model", "key", "id"),
        info={OF_USER: "user_id"},
    )


def keep_log(app: Flask, metadata: sa.MetaData) -> None:
    """Keep the access log of an application."""
    define_table(metadata)
    # First of all means last to run: then the session has given its connection back, and on SQLite
    # nothing that the request has read is in the writer's way.
    app.teardown_appcontext_funcs.insert(0, _write_noted)


# --- noting -------------------------------------------------------------------------------------


def note_entered() -> None:
    """Note that who asks may see the history at all."""
    setattr(g, _ENTERED, True)


def note_looked() -> None:
    """Note that the running POST only shows something: it is no revert and no undo."""
    setattr(g, _LOOKED, True)


def note_page(state: State, status: int) -> None:
    """Note the page of the running request, to be written when the request is over.

    :param status: of the answer.
    """
    entered = g.pop(_ENTERED, False)
    user = state.current_user()
    who = acting.describe(user, type(acting.unwrapped(user)))
    arguments = request.view_args or {}
    entry = {
        "user_id": None if who.user_id is None else str(who.user_id),
        "actor": who.label,
        "address": request.path,
        "model": arguments.get("model"),
        "key": arguments.get("key"),
        "action": _action(),
        "remote_addr": request.remote_addr,
    }
    noted = {name: _fitting(name, value) for name, value in entry.items()}
    noted["at"] = utcnow()
    noted["allowed"] = entered and status not in DENIED
    g.setdefault(_NOTED, []).append(noted)


def _action() -> str:
    name = (request.endpoint or "").rpartition(".")[2]
    looked = g.pop(_LOOKED, False)
    if request.method == "POST" and name in ("revert", "undo") and not looked:
        return name
    return "export" if request.args.get("format") in ("csv", "jsonl") else "view"


def _fitting(name: str, value: Any) -> Any:
    # PostgreSQL keeps no NUL in texts, and addresses may hold anything
    return None if value is None else str(value).replace("\0", "\ufffd")[: _LENGTHS[name]]


def _write_noted(error: BaseException | None = None) -> None:
    noted = g.pop(_NOTED, None)
    state = find_state()
    if not noted or state is None:
        return
    try:
        with state.db.engine.begin() as connection:
            connection.execute(define_table(state.db.metadata).insert(), noted)
    except Exception:
        # Whatever went wrong: the page is made, and must be shown. The log of the application
        # then says who looked, and why the table does not.
        current_app.logger.exception("The access log of the history lacks %s", noted)


# --- reading and pruning ------------------------------------------------------------------------


def read_access_log(
    session: Session,
    *,
    who: str | None = None,
    model: str | None = None,
    key: str | None = None,
    allowed: bool | None = None,
    hidden_models: Collection[str] = (),
    cursor: str | None = None,
    limit: int = 50,
) -> Page[AccessEntry]:
    """Return a page of the access log, newest first, in one statement.

    :param who: the id of a user, or what they were called, or how that begins.
    :param model: the segment of a model in addresses, ``key`` that of a record.
    :param hidden_models: models of which nothing is to be told.
    :param cursor: ``newer`` or ``older`` of another page.
    :raises BadCursor: when the cursor is none of this list.
    """
    columns = _table().c
    statement = sa.select(*columns)
    if who:
        called = columns.actor.startswith(who, autoescape=True)
        statement = statement.where(sa.or_(columns.user_id == who, called))
    if model is not None:
        statement = statement.where(columns.model == model)
    if key is not None:
        statement = statement.where(columns.key == key)
    if allowed is not None:
        statement = statement.where(columns.allowed.is_(allowed))
    if hidden_models:
        shown = sa.or_(columns.model.is_(None), columns.model.not_in(sorted(hidden_models)))
        statement = statement.where(shown)
    forward, number = _position(cursor)
    if number is not None:
        statement = statement.where(columns.id > number if forward else columns.id < number)
    statement = statement.order_by(columns.id if forward else columns.id.desc()).limit(limit + 1)
    rows = [AccessEntry(**row) for row in session.execute(statement).mappings()]
    more, rows = len(rows) > limit, rows[:limit]
    if forward:
        rows.reverse()
    has_newer = more if forward else number is not None
    has_older = number is not None if forward else more
    return Page(
        tuple(rows),
        newer=f"n{rows[0].id}" if rows and has_newer else None,
        older=f"o{rows[-1].id}" if rows and has_older else None,
    )


def count_access_log(session: Session, before: datetime) -> int:
    """Return how many pages were noted before an instant (UTC when it has no zone)."""
    table = _table()
    old = sa.select(sa.func.count()).where(table.c.at < naive_utc(before))
    return session.execute(old).scalar_one()


def prune_access_log(
    session: Session, older_than: datetime | timedelta, *, chunk: int | None = None
) -> int:
    """Delete what was noted before an instant; without ``chunk`` the commit is the caller's.

    :param older_than: the instant (UTC when it has no zone), or how long ago it was.
    :param chunk: how many entries at a time; each chunk is committed.
    :returns: how many entries were deleted.
    """
    instant = naive_utc(utcnow() - older_than if isinstance(older_than, timedelta) else older_than)
    table = _table()
    old = table.c.at < instant
    total = 0
    while chunk is not None:
        # entries are noted in the order of their ids
        last = sa.select(table.c.id).where(old).order_by(table.c.id).limit(chunk).subquery()
        upto = session.execute(sa.select(sa.func.max(last.c.id))).scalar()
        if upto is None:
            return total
        total += _delete(session, sa.delete(table).where(old, table.c.id <= upto))
        session.commit()
    return _delete(session, sa.delete(table).where(old))


def _delete(session: Session, statement: sa.Delete) -> int:
    result: Any = session.execute(statement)
    found: int = result.rowcount
    return found


def _table() -> sa.Table:
    state = current_state()
    if not state.settings.access_log:
        raise ImproperlyConfigured(
            "This application keeps no access log. Set CONTINUUM_ACCESS_LOG = True, and make the "
            f"table {TABLE!r} with a migration or db.create_all()."
        )
    return define_table(state.db.metadata)


def _position(cursor: str | None) -> tuple[bool, int | None]:
    if cursor is None:
        return False, None
    number = read_id(cursor[1:])
    if cursor[:1] not in ("n", "o") or number is None:
        raise BadCursor("This address is cut off, or of another list. Begin with the newest.")
    return cursor[0] == "n", number
