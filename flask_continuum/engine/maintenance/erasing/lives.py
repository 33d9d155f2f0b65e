"""The lives of records: which versions under which keys are about one and the same thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import GREATEST_ID, RESTORING
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.moved import key_before, moved_pairs, plain_key
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
        events = events_of(session, entry, (key for key, _ in waiting))
        onward: list[tuple[Key, int | None]] = []
        for key, at in waiting:
            plain = plain_key(entry.table, key)
            life = _life(key, events[plain], at)
            if (plain, life.since) not in found:
                found[plain, life.since] = life
                onward += _elsewhere(entry, life, events[plain])
        waiting = onward
    return tuple(found.values())


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
