"""The lives of records: which versions under which keys are about one and the same thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import GREATEST_ID, RESTORING, transaction_class_of
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.loading import connection_arguments
from flask_continuum.engine.read.moved import from_context, key_before, moved_pairs, plain_key
from flask_continuum.engine.read.pruned import pruned_before
from flask_continuum.engine.read.results import Pruned
from flask_continuum.engine.read.whereabouts import Event, events_of
from flask_continuum.engine.registry import VersionedClass


@dataclass(frozen=True, slots=True)
class Life:
    """The versions of one record under one key.

    :ivar since: the id of the first transaction that they may be of.
    :ivar until: the same for the last.
    """

    key: Key
    since: int
    until: int

    @property
    def is_newest(self) -> bool:
        """Whether the live row of this key, if there is one, is this record."""
        return self.until == GREATEST_ID

    @property
    def is_only(self) -> bool:
        """Whether all versions of this key are of this record."""
        return self.since == 0 and self.is_newest


def lives(
    session: Session, entry: VersionedClass, records: Iterable[tuple[Key, int | None]]
) -> tuple[Life, ...]:
    """Return the lives of some records, those under keys that they had or got included.

    :param records: keys, each with a transaction of the life that is meant, or ``None`` for the
        newest.
    """
    found: dict[tuple[Key, int], Life] = {}
    waiting = list(records)
    while waiting:
        events = _with_pruned(session, entry, events_of(session, entry, (k for k, _ in waiting)))
        onward: list[tuple[Key, int | None]] = []
        for key, at in waiting:
            plain = plain_key(entry.table, key)
            own = events.get(plain, ())
            life = _life(key, own, at)
            if (plain, life.since) not in found:
                found[plain, life.since] = life
                onward += _elsewhere(entry, life, own)
        waiting = onward
    return tuple(found.values())


def _with_pruned(
    session: Session, entry: VersionedClass, events: Mapping[Key, Sequence[Event]]
) -> Mapping[Key, Sequence[Event]]:
    """Return events together with those that were pruned and that transactions still tell of.

    Where a record got its key, or lost it, is told by the other key's versions, which may be there
    still. What is left of a record that got its key in what was pruned does not begin a life.
    """
    gone: dict[Key, Pruned] = {}
    for key, (first, *_) in events.items():
        at, done, _, context = first
        pruned = pruned_before(entry.table, context, key, at)
        if pruned is not None and done is Operation.INSERT:
            gone[key] = pruned
    if not gone:
        return events
    cls = transaction_class_of(entry)
    between = (min(each.first for each in gone.values()), max(each.last for each in gone.values()))
    rows = session.execute(
        sa.select(cls.id, cls.kind, cls.context)
        .where(cls.id.between(*between), cls.context.is_not(None))
        .order_by(cls.id),
        bind_arguments=connection_arguments(session, entry),
        execution_options={"yield_per": 1000},
    )
    before: dict[Key, list[Event]] = {key: [] for key in gone}
    for at, kind, context in rows:
        for pair in from_context(context, entry.table):
            for key, done in zip(pair, (Operation.DELETE, Operation.INSERT), strict=True):
                plain = plain_key(entry.table, key)
                if plain in gone and at < gone[plain].before:
                    before[plain].append((at, done, kind, context))
    found = dict(events)
    for key, known in before.items():
        goes_on = bool(known) and known[-1][1] is Operation.INSERT
        found[key] = [*known, *events[key][1 if goes_on else 0 :]]
    return found


def _life(key: Key, events: Sequence[Event], at: int | None) -> Life:
    births = [
        when for when, done, kind, _ in events if done is Operation.INSERT and kind not in RESTORING
    ]
    since = max((each for each in births if at is None or each <= at), default=0)
    until = min((each for each in births if each > since), default=GREATEST_ID + 1) - 1
    if events and events[0][0] >= since:
        since = 0  # nothing was there before
    return Life(key, since, until)


def _elsewhere(
    entry: VersionedClass, life: Life, events: Sequence[Event]
) -> Iterator[tuple[Key, int]]:
    """Yield the keys that the record had before, or has since, each with a moment."""
    for when, done, _, context in events:
        if not life.since <= when <= life.until:
            continue
        if done is Operation.INSERT:
            other = key_before(entry.table, context, life.key)
        else:
            other = moved_pairs(entry.table, context).get(plain_key(entry.table, life.key))
        if other is not None:
            yield other, when
