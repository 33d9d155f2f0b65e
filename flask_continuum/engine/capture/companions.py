"""The connections that one session writes on: several databases, one transaction for people."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.attribution import NOBODY, Attribution
from flask_continuum.engine.capture.current import CurrentUnits
from flask_continuum.engine.capture.unit_of_work import UnitOfWork


def connections_of(session: Session) -> Iterator[sa.Connection]:
    """Yield the connections of a session's transaction."""
    transaction: Any = session.get_transaction()
    while transaction is not None:
        for key, entry in transaction._connections.items():
            if isinstance(key, sa.Connection):
                yield entry[0]
        transaction = transaction._parent


def with_work(
    connections: Iterable[sa.Connection], current: CurrentUnits
) -> Iterator[tuple[sa.Connection, UnitOfWork]]:
    """Yield the connections that hold something unwritten, each with its unit of work."""
    for connection in connections:
        unit = None if connection.closed else current.find(connection)
        if unit is not None and unit.has_work:
            yield connection, unit


def fill(unit: UnitOfWork, attribution: Attribution) -> None:
    """Say what is still open about a unit of work; what was said before stays.

    :param attribution: what is known; who acts is taken from it only as a whole.
    """
    before = unit.attribution or NOBODY
    known = before.user_id is not None or before.actor is not None
    said = replace(attribution, user_id=None, actor=None) if known else attribution
    unit.attribution = before.filled_from(said)
    if unit.attribution is not before and unit.draft is not None:
        unit.revision += 1  # its transaction row is to be written again


def join(
    session: Session, connection: sa.Connection, unit: UnitOfWork, current: CurrentUnits
) -> None:
    """Note that a session has written on a connection; its databases share one uid."""
    unit.companions = session.info.setdefault(current.key, WeakSet())
    unit.companions.add(connection)
    current.note_session(session, connection)
    said = (other.attribution for _, other in with_work(unit.companions, current))
    uids = (each.uid for each in said if each is not None and each.uid is not None)
    attribution = unit.attribution or NOBODY
    unit.attribution = attribution.filled_from(
        Attribution(uid=next(uids, None) or uuid.uuid4().hex)
    )
