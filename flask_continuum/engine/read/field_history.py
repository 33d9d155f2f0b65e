"""Every value that a field of a record has had: in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import QueryableAttribute, Session, aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read import cursors
from flask_continuum.engine.read.blame import BASELINE
from flask_continuum.engine.read.conditions import (
    birth,
    differs,
    is_record,
    moment,
    next_birth,
    operation,
    transaction_class_of,
)
from flask_continuum.engine.read.erasures import Erased, erased_by, erasers
from flask_continuum.engine.read.loading import (
    connect,
    connection_arguments,
    whole,
    with_transaction,
)
from flask_continuum.engine.read.moved import key_before
from flask_continuum.engine.read.pruned import pruned_before
from flask_continuum.engine.read.recorded import spans_table, speaks_of
from flask_continuum.engine.read.results import NOT_RECORDED, FieldValue, Page
from flask_continuum.engine.read.sessions import reading
from flask_continuum.engine.read.subjects import Subject, subject
from flask_continuum.engine.registry import VersionedClass

CURSOR = "field history"

_UNKNOWN, _KNOWN, _ERASED = range(3)
"""What history knows of a value."""


@reading
def history_of_field(
    session: Session,
    record: Any,
    field: str | QueryableAttribute[Any],
    *,
    limit: int = 50,
    before: str | None = None,
) -> Page[FieldValue]:
    """Return the values that a field of a record has had, newest first, with who set each.

    Costs one statement. A deletion ends a value, a restoration begins it anew; what an earlier
    record of the same key was like plays no part.

    :param record: the live object, a version (then the life that it is of), or ``(Model, key)``.
    :param field: the attribute, or its name.
    :param limit: how many values at most.
    :param before: ``older`` of another page, to go on with the values before it.
    :raises BadCursor: when ``before`` is not one of this field's pages.
    :raises ClassNotVersioned: when the record's class is not versioned.
    :raises ValueError: when it has no such field.
    """
    who = subject(record)
    name = _field(who.entry, field)
    if limit < 1:
        raise ValueError(f"A page has at least one value, not {limit}.")
    cursor = f"{CURSOR} {who.entry.table.live.fullname}.{name}"
    below = None
    if before is not None:
        (below,) = cursors.read(before, cursor, (sa.BigInteger(),)).values
    arguments = connection_arguments(session, who.entry)
    statement = _statement(session, who, name, below, arguments["bind"].dialect.name)
    rows = session.execute(statement.limit(limit + 1), bind_arguments=arguments).all()
    erased = erasers(session, who.entry, (row.eraser for row in rows[:limit] if row.eraser))
    items = tuple(_value(who.entry, name, row, erased) for row in rows[:limit])
    more = len(rows) > limit
    return Page(
        items=items,
        newer=None,
        older=cursors.write(cursor, False, (rows[limit - 1].at,)) if more else None,
    )


def _field(entry: VersionedClass, field: str | QueryableAttribute[Any]) -> str:
    name = field if isinstance(field, str) else field.key
    if name not in entry.attributes:
        raise ValueError(
            f"{entry.model.__name__} has no recorded field {name!r}; "
            f"it has {', '.join(entry.attributes)}."
        )
    return name


def _statement(
    session: Session, who: Subject, name: str, below: int | None, dialect: str
) -> sa.Select[Any]:
    """Select the versions with which a value begins, newest first, and where each ends."""
    entry = who.entry
    events = _events(who, name, dialect)
    ended = sa.func.lead(events.c.at).over(order_by=events.c.at).label("ended_by")
    values = sa.select(events, ended).subquery()
    c = values.c
    version, following = whole(entry), aliased(transaction_class_of(entry))
    same = sa.and_(moment(entry, version) == c.at, *is_record(entry, version, who.key))
    statement = (
        with_transaction(session, entry, version, values, following.issued_at.label("until"))
        .join(values, same)
        .outerjoin(following, following.id == c.ended_by)
        .where(c.operation != Operation.DELETE)
        .order_by(c.at.desc())
    )
    return statement if below is None else statement.where(c.at < below)


def _events(who: Subject, name: str, dialect: str) -> sa.Subquery:
    """Select the versions of a life with which a value begins or ends."""
    entry, key = who.entry, who.key
    version, spans = aliased(entry.version_class), spans_table(entry)
    at, born = moment(entry, version), birth(entry, key, who.at)
    not_known = sa.or_(at < spans.c.since, at > spans.c.until)
    eraser = erased_by(entry, version, name, dialect)
    life = (
        sa.select(
            at.label("at"),
            born.label("born"),
            operation(entry, version).label("operation"),
            sa.case(
                (spans.c.column_name.is_not(None), _UNKNOWN),
                (eraser.is_not(None), _ERASED),
                else_=_KNOWN,
            ).label("known"),
            eraser.label("eraser"),
            getattr(version, name).label("value"),
        )
        .outerjoin(spans, sa.and_(speaks_of(entry, spans, name), not_known))
        .where(*is_record(entry, version, key), at >= born)
    )
    if who.at is not None:
        life = life.where(at < next_birth(entry, key, who.at))
    rows = life.subquery()
    # MariaDB is given what stood before by itself: it misjudges window functions in a condition.
    before = sa.select(
        rows,
        *(
            sa.func.lag(rows.c[each]).over(order_by=rows.c.at).label(f"{each}_before")
            for each in ("operation", "known", "value")
        ),
    ).subquery()
    c = before.c
    begins = sa.or_(
        c.known_before.is_(None),
        c.known_before != c.known,
        c.operation == Operation.DELETE,
        c.operation_before == Operation.DELETE,
        sa.and_(
            c.known == _KNOWN, differs(c.value, c.value_before, entry.attributes[name], dialect)
        ),
    )
    found = sa.select(c.at, c.born, c.operation, c.known, c.known_before, c.eraser)
    return found.where(begins).subquery()


def _value(entry: VersionedClass, name: str, row: Any, erased: Mapping[int, Erased]) -> FieldValue:
    version, transaction = connect(row[0], row[1]), row[1]
    moved_from = None
    if transaction is not None and row.operation == Operation.INSERT:
        moved_from = key_before(entry.table, transaction.context, entry.key_of(version))
    kind = None if transaction is None else transaction.kind
    if row.known_before is None:
        told = row.at <= row.born and kind != BASELINE and moved_from is None
        if told and transaction is not None:
            key = entry.key_of(version)
            told = pruned_before(entry.table, transaction.context, key, row.at) is None
    else:
        told = row.known_before == _KNOWN
    value: Any = NOT_RECORDED
    if row.known != _UNKNOWN:
        value = getattr(version, name) if row.known == _KNOWN else erased[row.eraser]
    return FieldValue(
        value=value,
        version=version,
        transaction=transaction,
        until=row.until,
        ended_by=row.ended_by,
        exact=bool(row.known == _KNOWN and told),
        moved_from=moved_from,
    )
