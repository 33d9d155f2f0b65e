"""What has changed: in a version, between two, or between two points in history; one or many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.read.changes import compare, comparison, field_changes, lost
from flask_continuum.engine.read.conditions import GREATEST_ID, moment, registry_of
from flask_continuum.engine.read.entries import changes_of as changes_of_links
from flask_continuum.engine.read.instants import instant
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.links import link_changes, links_of
from flask_continuum.engine.read.loading import connection_arguments, versioned
from flask_continuum.engine.read.origins import keys_then
from flask_continuum.engine.read.recorded import recorded
from flask_continuum.engine.read.results import Comparison, LinkChange
from flask_continuum.engine.read.sessions import reading
from flask_continuum.engine.read.siblings import previous_of
from flask_continuum.engine.read.subjects import Subject, subject
from flask_continuum.engine.read.surroundings import Instant, surroundings, versions_then
from flask_continuum.engine.registry import VersionedClass


@reading
def changes(
    session: Session, what: Any, to: Any = None, *, since: Any = None, until: Any = None
) -> Comparison:
    """Return what has changed, in fields and in many-to-many relationships.

    - ``changes(session, version)``: in this version, against the one before it in the same life.
    - ``changes(session, old, new)``: between two versions, or a version and the live object.
    - ``changes(session, record, since=…, until=…)``: from one point in history to another, by
      default to the newest. A point is a transaction, its id or uid, a version, or a moment; the
      transaction itself is included. The record is named by the key that it has at the later
      point; if it had another key at the earlier one, it is found under that.

    :param what: a version; with points also the live object, or ``(Model, key)``.
    :param to: the later version or the live object.
    :raises ClassNotVersioned: when its class is not versioned.
    :raises ValueError: when the two are not of one model, or a point is missing.
    """
    if to is None:
        (found,) = _changes_of(session, [what], since, until)
        return found
    if since is not None or until is not None:
        raise ValueError("Give two versions to compare, or points in history, not both.")
    return compare(session, what, to)


@reading
def changes_of(
    session: Session, many: Iterable[Any], *, since: Any = None, until: Any = None
) -> tuple[Comparison, ...]:
    """Return what :func:`changes` does of many versions or records, in their order.

    Costs a constant number of statements for each model, for every few hundred of them. A page of
    versions is exact at its borders: the version before the first is looked up.

    :param many: versions; with points also live objects, or pairs ``(Model, key)``.
    """
    return _changes_of(session, list(many), since, until)


def _changes_of(
    session: Session, many: Sequence[Any], since: Any, until: Any
) -> tuple[Comparison, ...]:
    if since is not None:
        return _between_points(session, [subject(each) for each in many], since, until)
    if until is not None:
        raise ValueError("Since when? Give the earlier point too: since=…")
    for each in many:
        if not isinstance(each, versioned(each).version_class):
            raise ValueError(
                f"{each!r} is no version. Say since when its changes are wanted (since=…), or "
                f"what it is to be compared with."
            )
    return _in_versions(session, many)


def _in_versions(session: Session, versions: Sequence[Any]) -> tuple[Comparison, ...]:
    """Compare each version with the one before it."""
    pairs = list(zip(previous_of(session, versions), versions, strict=True))
    made: dict[int, Comparison] = {}
    for entry, places in _by_class(pairs).items():
        known = recorded(session, entry)
        ids = {moment(entry, pairs[place][1]) for place in places}
        links = link_changes(session, entry, ids)
        for place in places:
            old, new = pairs[place]
            own = changes_of_links(entry, links, new, moment(entry, new))
            fields = field_changes(entry, known, old, new)
            made[place] = comparison(entry, old, new, fields, own)
    return tuple(made[place] for place in range(len(pairs)))


def _between_points(
    session: Session, subjects: Sequence[Subject], since: Any, until: Any
) -> tuple[Comparison, ...]:
    by_entry: dict[VersionedClass, list[int]] = defaultdict(list)
    for place, who in enumerate(subjects):
        by_entry[who.entry].append(place)
    made: dict[int, Comparison] = {}
    for entry, places in by_entry.items():
        first, last = _points(session, entry, since, until)
        keys = [subjects[place].key for place in places]
        pairs = _states(session, entry, keys, first, last)
        for place, found in zip(places, _compared(session, pairs, first, last), strict=True):
            made[place] = found
    return tuple(made[place] for place in range(len(subjects)))


def _points(
    session: Session, entry: VersionedClass, since: Any, until: Any
) -> tuple[Instant, Instant]:
    """Find the transactions that two points mean, in one statement."""
    history = registry_of(entry).history_of(entry.table)
    last = sa.literal(GREATEST_ID, sa.BigInteger) if until is None else instant(until, history)
    statement = sa.select(instant(since, history), last)
    row = session.execute(statement, bind_arguments=connection_arguments(session, entry)).one()
    first, last_id = (0 if at is None else int(at) for at in row)
    if last_id < first:
        raise ValueError(f"{until!r} is before {since!r}: give the earlier point as since=…")
    return Instant(first), Instant(last_id)


def _states(
    session: Session, entry: VersionedClass, keys: Sequence[Key], first: Instant, last: Instant
) -> list[tuple[Any | None, Any | None]]:
    """Return the versions of some records that were valid at two points."""
    then = keys_then(session, entry, keys, first.at, last.at)
    old = versions_then(session, entry, (key for key in then.values() if key is not None), first)
    new = versions_then(session, entry, keys, last)
    earlier = (then[key] for key in keys)
    return [
        (None if before is None else old.get(before), new.get(key))
        for key, before in zip(keys, earlier, strict=True)
    ]


def _compared(
    session: Session,
    pairs: Sequence[tuple[Any | None, Any | None]],
    first: Instant,
    last: Instant,
) -> list[Comparison]:
    made = {place: Comparison((), (), ()) for place in range(len(pairs))}
    for entry, places in _by_class(pairs).items():
        known = recorded(session, entry)
        own = [pairs[place] for place in places]
        links = _link_differences(session, entry, own, first, last)
        for place, link in zip(places, links, strict=True):
            old, new = pairs[place]
            fields = (
                lost(entry, known, old) if new is None else field_changes(entry, known, old, new)
            )
            made[place] = comparison(entry, old, new, fields, link)
    return [made[place] for place in range(len(pairs))]


def _link_differences(
    session: Session,
    entry: VersionedClass,
    pairs: Sequence[tuple[Any | None, Any | None]],
    first: Instant,
    last: Instant,
) -> list[tuple[LinkChange, ...]]:
    """Return what came to and went from the recorded links of each pair between two points."""
    found: list[tuple[LinkChange, ...]] = [() for _ in pairs]
    for link in links_of(entry):
        sides: list[Mapping[Key, list[Any]]] = [
            surroundings(
                session,
                entry,
                [pair[side] for pair in pairs if pair[side] is not None],
                link.relationship,
                at,
            )
            for side, at in ((0, first), (1, last))
        ]
        for place, pair in enumerate(pairs):
            before, after = (
                {}
                if one is None
                else {
                    tuple(getattr(target, key) for key, _ in link.far): target
                    for target in targets[entry.key_of(one)]
                }
                for one, targets in zip(pair, sides, strict=True)
            )
            added = tuple(each for key, each in after.items() if key not in before)
            removed = tuple(each for key, each in before.items() if key not in after)
            if added or removed:
                change = LinkChange(link.relationship, added, removed)
                found[place] = (*found[place], change)
    return found


def _by_class(
    pairs: Sequence[tuple[Any | None, Any | None]],
) -> Mapping[VersionedClass, list[int]]:
    """Group the places of pairs by the class of their versions; pairs of nothing are left out."""
    found: dict[VersionedClass, list[int]] = defaultdict(list)
    for place, (old, new) in enumerate(pairs):
        one = old if new is None else new
        if one is not None:
            found[versioned(one)].append(place)
    return found
