"""``timeline``: what happened, to one record or to all, newest first."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

import sqlalchemy as sa
from sqlalchemy.orm import InstanceState, Session, scoped_session

from flask_continuum.engine import read
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.feed import FeedFilter
from flask_continuum.engine.read.made import Made
from flask_continuum.engine.read.results import Entry, Page, TransactionRow
from flask_continuum.engine.read.sessions import reading
from flask_continuum.engine.read.subjects import subject
from flask_continuum.engine.registry import entry_of
from flask_continuum.engine.setup import manager_or_default

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session


class Wanted(TypedDict, total=False):
    """What a timeline may be narrowed by, and which page of it is wanted."""

    user: Any
    actor: str | None
    kind: str | None
    operation: Operation | int | None
    field: str | None
    since: datetime | None
    until: datetime | None
    limit: int
    cursor: str | None


class WantedOfAll(Wanted, total=False):
    """What a timeline over all records may be narrowed by besides."""

    model: Any
    text: str | None
    manager: VersioningManager | None


@overload
def timeline(
    session: Session | scoped_session[Any], record: Any, /, **wanted: Unpack[Wanted]
) -> Page[Entry]: ...


@overload
def timeline(
    session: AsyncSession | async_scoped_session[Any], record: Any, /, **wanted: Unpack[Wanted]
) -> Coroutine[Any, Any, Page[Entry]]: ...


@overload
def timeline(
    session: Session | scoped_session[Any], /, **wanted: Unpack[WantedOfAll]
) -> Page[TransactionRow]: ...


@overload
def timeline(
    session: AsyncSession | async_scoped_session[Any], /, **wanted: Unpack[WantedOfAll]
) -> Coroutine[Any, Any, Page[TransactionRow]]: ...


def timeline(session: Any, record: Any = None, /, **wanted: Any) -> Any:
    """Return a page of what happened, newest first, in a constant number of statements.

    Of a record it consists of its changes, those of its many-to-many relationships among them, and
    what happened to children that its option ``track`` names.
    Without a record it consists of transactions, because what was done together stays together:
    those that touched a model, those of a user, or all.

    :param record: the live object, a version (then the life that it is of), or ``(Model, key)``.
    :param user: only what this user did: the object or its key.
    :param actor: only what was done under this label.
    :param kind: only transactions of this kind, such as ``"revert"``; ``""`` for plain edits.
    :param operation: only insertions, updates or deletions.
    :param field: only changes of this attribute or many-to-many relationship (of the model).
    :param since: nothing before this moment (UTC without a zone).
    :param until: only what was before this moment.
    :param model: without a record: only transactions that touched this model.
    :param text: without a record: only transactions whose reason or label contains it, or that
        touched a record which was called so or has this key.
    :param manager: without a record and model: whose history; by default that of
        ``make_versioned``. With Flask, ``continuum.manager``.
    :param limit: how many items a page has.
    :param cursor: ``newer`` or ``older`` of another page with the same filters.
    :raises BadCursor: when the cursor is not one of this list.
    :raises ClassNotVersioned: when the record or the model has no history.
    :raises ValueError: when the filter asks for what is not recorded.
    """
    if isinstance(record, type):
        raise TypeError(
            f"For the timeline of a whole model, name it: timeline(session, "
            f"model={record.__name__})."
        )
    return of_all(session, **wanted) if record is None else of_record(session, record, **wanted)


@reading
def of_record(
    session: Session,
    record: Any,
    *,
    user: Any = None,
    actor: str | None = None,
    kind: str | None = None,
    operation: Operation | int | None = None,
    field: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Entry]:
    """Return a page of the changes of a record: see :func:`timeline`."""
    who = subject(record)
    return read.timeline(
        session,
        who.entry,
        who.key,
        cursor=cursor,
        limit=limit,
        field=field,
        operation=operation,
        at=who.at,
        tracked=tuple(who.entry.options.track),
        made=Made(user_id=_key_of(user), actor=actor, kind=kind, since=since, until=until),
    )


@reading
def of_all(
    session: Session,
    *,
    model: Any = None,
    user: Any = None,
    actor: str | None = None,
    kind: str | None = None,
    operation: Operation | int | None = None,
    field: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    text: str | None = None,
    manager: VersioningManager | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[TransactionRow]:
    """Return a page of transactions: see :func:`timeline`."""
    own = None if model is None else entry_of(model).model.__versioning_manager__
    return read.transactions(
        session,
        manager_or_default(manager or own),
        cursor=cursor,
        limit=limit,
        wanted=FeedFilter(
            model=model,
            user_id=_key_of(user),
            actor=actor,
            kind=kind,
            operation=None if operation is None else Operation(operation),
            field=field,
            since=since,
            until=until,
            text=text,
        ),
    )


def _key_of(user: Any) -> Any:
    """Return the key of a user that is given as an object, or as the key."""
    state = sa.inspect(user, raiseerr=False)
    if not isinstance(state, InstanceState):
        return user
    if state.identity is None:
        raise ValueError(f"{user!r} is not in the database yet, so it has done nothing.")
    return state.identity[0]
