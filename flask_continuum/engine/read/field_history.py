"""Every value that a field of a record has had: in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import QueryableAttribute, Session, aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read import cursors
from flask_continuum.engine.read.blame import BASELINE
from flask_continuum.engine.read.conditions import (
    birth,
    differs,
    first_of,
    is_record,
    moment,
    next_birth,
    operation,
    out_of_reach,
    transaction_class_of,
)
from flask_continuum.engine.read.erasures import Erased, erased_by, erasers
from flask_continuum.engine.read.loading import (
    connect,
    connection_arguments,
    versioned,
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
    reach: int | None = None,
) -> Page[FieldValue]:
    """Return the values that a field of a record has had, newest first, with who set each.

    Costs one statement. A deletion ends a value, a restoration begins it anew; what an earlier
    record of the same key was like plays no part.

    :param record: the live object, a version (then the life that it is of), or ``(Model, key)``.
    :param field: the attribute, or its name.
    :param limit: how many values at most.
    :param before: ``older`` of another page, to go on with the values before it.
    :param reach: compare this many versions at most. A value that stood before the oldest of them
        is the last of the page then, with the time since when it is known to stand; the next page
        begins with it again, and may know more.
    :raises BadCursor: when ``before`` is not one of this field's pages.
    :raises ClassNotVersioned: when the record's class is not versioned.
    :raises ValueError: when it has no such field.
    """
    who = subject(record)
    name = _field(who.entry, field)
    if limit < 1:
        raise ValueError(f"A page has at least one value, not {limit}.")
    if reach is not None and reach < 2:
        raise ValueError(f"At least two versions have to be compared, not {reach}.")
    part = _Part(reach=reach)
    if before is not None:
        types = (sa.BigInteger(), sa.BigInteger())
        below, end = cursors.read(before, _cursor_name(who.entry, name), types).values
        part = _Part(below=below, end=end, reach=reach)
    arguments = connection_arguments(session, who.entry)
    statement = _statement(session, who, name, part, arguments["bind"].dialect.name)
    rows = session.execute(statement.limit(limit + 1), bind_arguments=arguments).all()
    erased = erasers(session, who.entry, (row.eraser for row in rows[:limit] if row.eraser))
    items = tuple(_value(who.entry, name, row, erased) for row in rows[:limit])
    older = None
    if len(rows) > limit:
        older = behind(name, items[-1])
    elif rows and rows[-1].born < rows[-1].at == rows[-1].edge:
        last = rows[-1]
        older = _cursor(who.entry, name, last.at + 1, last.ended_by or NO_END)
    return Page(items=items, newer=None, older=older)


NO_END = 0
"""In a cursor: the value before the page still stands."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Which part of a field's history a page is taken from.

    :ivar below: only versions before this transaction.
    :ivar end: the transaction that ended the newest value of those.
    """

    below: int | None = None
    end: int = NO_END
    reach: int | None = None


def behind(name: str, value: FieldValue) -> str:
    """Return ``older`` of a page that ends with a value: what the next page begins behind."""
    entry = versioned(value.version)
    at = moment(entry, value.version)
    return _cursor(entry, name, at, at)


def _cursor(entry: VersionedClass, name: str, below: int, end: int) -> str:
    return cursors.write(_cursor_name(entry, name), False, (below, end))


def _cursor_name(entry: VersionedClass, name: str) -> str:
    return f"{CURSOR} {entry.table.live.fullname}.{name}"


def _field(entry: VersionedClass, field: str | QueryableAttribute[Any]) -> str:
    name = field if isinstance(field, str) else field.key
    if name not in entry.attributes:
        raise ValueError(
            f"{entry.model.__name__} has no recorded field {name!r}; "
            f"it has {', '.join(entry.attributes)}."
        )
    return name


def _statement(
    session: Session, who: Subject, name: str, part: _Part, dialect: str
) -> sa.Select[Any]:
    """Select the versions with which a value begins, newest first, and where each ends."""
    entry = who.entry
    events = _events(who, name, part, dialect)
    end = sa.literal(part.end or None, sa.BigInteger)
    ended = sa.func.coalesce(sa.func.lead(events.c.at).over(order_by=events.c.at), end)
    values = sa.select(events, ended.label("ended_by")).subquery()
    c = values.c
    version, following = whole(entry), aliased(transaction_class_of(entry))
    same = sa.and_(moment(entry, version) == c.at, *is_record(entry, version, who.key))
    # a cursor may come from anybody: it must not tell when other records changed
    own = aliased(entry.version_class)
    ends = sa.exists().where(*is_record(entry, own, who.key), moment(entry, own) == following.id)
    return (
        with_transaction(session, entry, version, values, following.issued_at.label("until"))
        .join(values, same)
        .outerjoin(following, sa.and_(following.id == c.ended_by, ends))
        .where(c.operation != Operation.DELETE)
        .order_by(c.at.desc())
    )


def _events(who: Subject, name: str, part: _Part, dialect: str) -> sa.Subquery:
    """Select the versions of a life with which a value begins or ends."""
    entry, key = who.entry, who.key
    version, spans = aliased(entry.version_class), spans_table(entry)
    at, edge = moment(entry, version), None
    below: Any = part.below
    if below is None and who.at is not None:
        below = next_birth(entry, key, who.at)
    if part.reach is not None:
        edge = out_of_reach(entry, key, part.reach - 1, below=below)
    until = who.at if part.below is None else part.below - 1
    above = None if edge is None else edge - 1
    born = birth(entry, key, until, above=above)
    not_known = sa.or_(at < spans.c.since, at > spans.c.until)
    eraser = erased_by(entry, version, name, dialect)
    life = (
        sa.select(
            at.label("at"),
            born.label("born"),
            (sa.literal(0) if edge is None else edge).label("edge"),
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
        .where(
            *is_record(entry, version, key),
            at >= first_of(born, above),
            *(() if below is None else (at < below,)),
        )
    )
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
    found = sa.select(c.at, c.born, c.edge, c.operation, c.known, c.known_before, c.eraser)
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
