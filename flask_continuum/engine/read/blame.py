"""Who last changed each field of a record: in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.changes import value as known_value
from flask_continuum.engine.read.conditions import (
    GREATEST_ID,
    birth,
    differs,
    first_of,
    is_record,
    moment,
    out_of_reach,
)
from flask_continuum.engine.read.counts import TimesSet
from flask_continuum.engine.read.erasures import Erased, Erasures, any_erasure
from flask_continuum.engine.read.loading import (
    connect,
    connection_arguments,
    whole,
    with_transaction,
)
from flask_continuum.engine.read.moved import key_before
from flask_continuum.engine.read.pruned import pruned_before
from flask_continuum.engine.read.recorded import (
    Recorded,
    recorded_by,
    span_columns,
    spans_table,
    speaks_of,
)
from flask_continuum.engine.read.results import NOT_RECORDED, Blame
from flask_continuum.engine.read.sessions import reading
from flask_continuum.engine.read.subjects import Subject, subject
from flask_continuum.engine.registry import VersionedClass

BASELINE = "baseline"
"""The kind of transactions that write down what was there before: they changed nothing."""


@reading
def blame(session: Session, record: Any, *, depth: int | None = None) -> Mapping[str, Blame]:
    """Return who last changed each field of a record, when, and in which version.

    Costs one statement. What an earlier record of the same key was like plays no part.

    :param record: the live object, a version (then as of it), or ``(Model, key)``.
    :param depth: how many versions are looked through at most; all of this life by default.
    :returns: by attribute key. Empty when the record has no history.
    :raises ClassNotVersioned: when its class is not versioned.
    """
    who = subject(record)
    entry = who.entry
    if depth is not None and depth < 1:
        raise ValueError(f"At least one version has to be looked at, not {depth}.")
    arguments = connection_arguments(session, entry)
    statement = _statement(session, who, depth, arguments["bind"].dialect.name)
    rows = [row._mapping for row in session.execute(statement, bind_arguments=arguments)]
    if not rows:
        return {}
    erasures = Erasures(session, entry) if rows[0]["erased"] else None
    known = recorded_by(entry, ([row[name] for name in _SPAN] for row in rows), erasures)
    by_place = {row["at"]: _Step(entry, row) for row in rows}
    steps = [by_place[at] for at in sorted(by_place)]
    return {
        name: _blame(entry, known, steps, name, f"c{place}")
        for place, name in enumerate(entry.attributes)
    }


@reading
def times_set(session: Session, record: Any, *, depth: int | None = None) -> TimesSet:
    """Return how many times each field of a record was set to another value, in one statement.

    The values that it was made with are among them where they are not NULL.

    :param record: the live object, a version (then as of it), or ``(Model, key)``.
    :param depth: in how many of the newest versions, at most; in all of this life by default.
    :raises ClassNotVersioned: when its class is not versioned.
    """
    who = subject(record)
    entry = who.entry
    arguments = connection_arguments(session, entry)
    until = GREATEST_ID if who.at is None else who.at
    # one version more, to compare the oldest that counts with
    looked_at = None if depth is None else depth + 1
    changed = _changes(who, until, looked_at, arguments["bind"].dialect.name)
    edge: Any = sa.literal(0)
    if depth is not None:
        edge = _behind(who, until, depth)
    names = entry.attributes
    statement = sa.select(
        sa.func.coalesce(sa.func.max(sa.case((changed.c.at <= edge, 1))), 0),
        *(
            sa.func.count(sa.case((changed.c.at > edge, changed.c[f"c{place}"])))
            for place in range(len(names))
        ),
    )
    partial, *counted = session.execute(statement, bind_arguments=arguments).one()
    return TimesSet(dict(zip(names, counted, strict=True)), is_partial=bool(partial))


def _behind(who: Subject, until: int, depth: int) -> sa.ColumnElement[int]:
    below = None if until == GREATEST_ID else until + 1
    return out_of_reach(who.entry, who.key, depth, below=below)


_SPAN = ("table_name", "column_name", "since", "until")


def _statement(session: Session, who: Subject, depth: int | None, dialect: str) -> sa.Select[Any]:
    """Select the newest version, the oldest that is looked at, and where fields last changed."""
    entry, until = who.entry, GREATEST_ID if who.at is None else who.at
    changed = _changes(who, until, depth, dialect)
    labels = [f"c{place}" for place in range(len(entry.attributes))]
    last = sa.select(
        changed,
        *(sa.func.max(changed.c[label]).over().label(f"last_{label}") for label in labels),
        sa.func.max(changed.c.at).over().label("newest"),
        sa.func.min(changed.c.at).over().label("oldest"),
    ).subquery()
    wanted = sa.or_(
        last.c.at == last.c.newest,
        last.c.at == last.c.oldest,
        *(last.c.at == last.c[f"last_{label}"] for label in labels),
    )
    version, spans = whole(entry), spans_table(entry)
    same = sa.and_(moment(entry, version) == last.c.at, *is_record(entry, version, who.key))
    cuts = sa.or_(spans.c.since > last.c.born, spans.c.until.is_not(None))
    named = [column.label(name) for column, name in zip(span_columns(spans), _SPAN, strict=True)]
    return (
        with_transaction(session, entry, version, last, *named, any_erasure(entry).label("erased"))
        .join(last, same)
        .outerjoin(spans, sa.and_(speaks_of(entry, spans), cuts))
        .where(wanted)
    )


def _changes(who: Subject, until: int, depth: int | None, dialect: str) -> sa.Subquery:
    """Select the versions of a life, each with the one before it and the fields that it changed."""
    entry = who.entry
    version = aliased(entry.version_class)
    above = None if depth is None else _behind(who, until, depth)
    at, born = moment(entry, version), birth(entry, who.key, until, above=above)
    names = {f"c{place}": name for place, name in enumerate(entry.attributes)}
    looked_at = (
        sa.select(
            at.label("at"),
            born.label("born"),
            *(getattr(version, name).label(label) for label, name in names.items()),
        )
        .where(
            *is_record(entry, version, who.key),
            at <= until,
            at >= first_of(born, above),
        )
        .order_by(at.desc())
        .limit(depth)
        .subquery()
    )
    c = looked_at.c
    before = sa.func.lag(c.at).over(order_by=c.at)
    return sa.select(
        c.at,
        c.born,
        before.label("before"),
        *(
            sa.case(
                (before.is_(None), sa.case((c[label].is_not(None), c.at))),
                (
                    differs(
                        c[label],
                        sa.func.lag(c[label]).over(order_by=c.at),
                        entry.attributes[name],
                        dialect,
                    ),
                    c.at,
                ),
            ).label(label)
            for label, name in names.items()
        ),
    ).subquery()


class _Step:
    """A version that was looked at, and what it changed."""

    def __init__(self, entry: VersionedClass, row: Any) -> None:
        self.version, self.transaction = list(row.values())[:2]
        connect(self.version, self.transaction)
        self.row = row
        self.at: int = row["at"]
        self.before: int | None = row["before"]
        self.is_birth = self.before is None and self.at <= row["born"]
        inserted = getattr(self.version, entry.options.operation_type_column_name)
        context = None if self.transaction is None else self.transaction.context
        self.moved_from = (
            key_before(entry.table, context, entry.key_of(self.version))
            if inserted == Operation.INSERT
            else None
        )
        self.pruned = pruned_before(entry.table, context, entry.key_of(self.version), self.at)

    @property
    def is_made_up(self) -> bool:
        """Whether the values were there before: under another key, or before there was history,
        or before it was pruned.
        """
        kind = None if self.transaction is None else self.transaction.kind
        return kind == BASELINE or self.moved_from is not None or self.pruned is not None


def _blame(
    entry: VersionedClass, known: Recorded, steps: list[_Step], name: str, label: str
) -> Blame:
    oldest, newest = steps[0], steps[-1]
    if not known.knows(name, newest.at):
        return Blame(name, NOT_RECORDED, None, None, exact=False)
    value = known_value(entry, known, newest.version, name)
    if isinstance(value, Erased):
        return Blame(name, value, None, None, exact=False)
    step = next((each for each in reversed(steps) if each.row[label] is not None), None)
    if step is None and not oldest.is_birth:
        step = oldest
    if step is None or not known.knows(name, step.at):
        exact = known.knows(name, oldest.at) and not _is_erased(entry, known, oldest, name)
        return Blame(name, value, None, None, exact)
    exact = (
        step.is_birth and not step.is_made_up
        if step.before is None
        else known.knows(name, step.before)
    )
    return Blame(name, value, step.version, step.transaction, exact, step.moved_from)


def _is_erased(entry: VersionedClass, known: Recorded, step: _Step, name: str) -> bool:
    return isinstance(known_value(entry, known, step.version, name), Erased)
