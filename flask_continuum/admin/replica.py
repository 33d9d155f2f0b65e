"""Where pages read: from a replica of the database, where the application names one.

What is planned and done is read from the database itself, and so is the page behind a change: the
replica may not have it yet.
"""

from __future__ import annotations

from typing import Any

from flask import g, request
from sqlalchemy.orm import Session

from flask_continuum.admin import messages
from flask_continuum.state import State

_KEPT = "_continuum_replica"
_SAFE = ("GET", "HEAD", "OPTIONS")


def reading_session(state: State) -> Session:
    """The session that this request's page reads by."""
    name = state.settings.read_bind
    if name is None or request.method not in _SAFE or messages.is_waiting():
        return state.db.session()
    if _KEPT not in g:
        g.setdefault(_KEPT, _session_of(state, name))
    found: Session = g.get(_KEPT)
    return found


def close_replica(error: BaseException | None = None) -> None:
    """Give back what the request has read by."""
    session = g.pop(_KEPT, None)
    if session is not None:
        session.close()


def _session_of(state: State, name: str) -> Session:
    """A session like the application's, with the replica in place of the default database."""
    primary, replica = state.db.engine, state.db.engines[name]
    session: Any = state.db.session.session_factory()
    own = session.get_bind

    def get_bind(*args: Any, **arguments: Any) -> Any:
        found = own(*args, **arguments)
        return replica if found is primary else found

    session.get_bind = get_bind
    made: Session = session
    return made
