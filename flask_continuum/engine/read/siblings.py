"""Versions that one statement has loaded: what is asked of one is looked up for all of them.

A template that goes through a list and asks each version for its change or its transaction costs
as many statements as there are questions, not as there are versions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Self
from weakref import WeakKeyDictionary, ref

import sqlalchemy as sa
from sqlalchemy.orm import (
    InstanceState,
    Session,
    SessionTransaction,
    aliased,
    undefer,
)

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read import navigation
from flask_continuum.engine.read.conditions import (
    key_columns,
    moment,
    nearest_after,
    nearest_before,
    operation,
    same_record,
    transaction_class_of,
)
from flask_continuum.engine.read.keys import CHUNK, chunks, placed
from flask_continuum.engine.read.loading import (
    LOADED_WITH,
    begins,
    connect,
    transactions_by_id,
    versioned,
    whole,
    with_transaction,
)
from flask_continuum.engine.read.recorded import Recorded, recorded
from flask_continuum.engine.registry import VersionedClass, VersionedTable

Place = tuple[Any, ...]
"""The identity of a version: its record's key, then its transaction."""

BEING_LOADED = "continuum_being_loaded"
"""Where a session keeps the siblings that are being loaded, by table."""


class Siblings:
    """Versions that were loaded together, of one model or one hierarchy of models.

    They do not hold on to each other, so that a long list can be gone through in little memory.

    :ivar run: the load that brought them.
    """

    def __init__(self, run: int | None = None) -> None:
        self.run = run
        self._members: list[ref[Any]] = []
        self._found: WeakKeyDictionary[SessionTransaction, Found] = WeakKeyDictionary()

    def __reduce__(self) -> tuple[type[Self], tuple[()]]:
        """Pickle as nothing: a copy of one version was not loaded with others."""
        return type(self), ()

    def __len__(self) -> int:
        return len(self._members)

    def add(self, version: Any) -> None:
        """Take a version in."""
        self._members.append(ref(version))
        setattr(version, LOADED_WITH, self)

    def present(self, session: Session) -> Iterator[Any]:
        """Yield those that are still there, in this session and not expired."""
        for each in self._members:
            version = each()
            if version is not None:
                state: Any = sa.inspect(version)
                if state.session is session and not state.expired:
                    yield version

    def found(self, session: Session) -> Found:
        """Return what is known of them in the session's present transaction."""
        current = session.get_nested_transaction() or session.get_transaction() or session.begin()
        return self._found.setdefault(current, Found())


class Found:
    """What was found out about siblings; true until the end of a transaction.

    :ivar spans: since when fields are recorded, by class.
    :ivar asked: the relationships that one of them was asked for.
    """

    def __init__(self) -> None:
        self.spans: dict[VersionedClass, Recorded] = {}
        self.asked: set[str] = set()
        self._before: dict[Place, Any] = {}
        self._after: dict[Place, Any] = {}
        self._last: set[Place] = set()

    def tell(self, version: Any, before: Any | None, *, sibling: bool) -> None:
        """Note the version before one, which is held on to unless it is a sibling."""
        self._before[place_of(version)] = ref(before) if sibling else before
        if before is not None:
            self._after[place_of(before)] = ref(version)

    def knows(self, version: Any) -> bool:
        """Tell whether the version before one is known, and still there."""
        found = self._before.get(place_of(version), self)
        return not (found is self or (isinstance(found, ref) and found() is None))

    def before(self, version: Any) -> Any | None:
        """Return the version before one that is known."""
        found = self._before[place_of(version)]
        return found() if isinstance(found, ref) else found

    def after(self, version: Any) -> Any | None:
        """Return the version after one, ``None`` where it is not known."""
        found = self._after.get(place_of(version))
        return found() if isinstance(found, ref) else found

    def tell_after(self, version: Any, after: Any | None) -> None:
        """Note the version after one, or that there is none, which is told once."""
        if after is None:
            self._last.add(place_of(version))
        else:
            self._after[place_of(version)] = after

    def is_last(self, version: Any) -> bool:
        """Tell whether a version is known to be the last one; the next time it is not known."""
        place = place_of(version)
        known = place in self._last
        self._last.discard(place)
        return known


def note(state: InstanceState[Any], context: Any) -> None:
    """Note, when a version has been loaded, with which others it was (``InstanceEvents.load``)."""
    version = state.obj()
    if context is None or version is None:
        return
    being_loaded = context.session.info.setdefault(BEING_LOADED, {})
    table = type(version).__continuum__.table
    siblings = being_loaded.get(table)
    if siblings is None or siblings.run != context.runid or len(siblings) >= CHUNK:
        siblings = being_loaded[table] = Siblings(context.runid)
    siblings.add(version)


def siblings_of(version: Any) -> Siblings | None:
    """Return what a version was loaded with, ``None`` where it was alone."""
    found: Siblings | None = getattr(version, LOADED_WITH, None)
    return None if found is None or len(found) < 2 else found


def previous(session: Session, version: Any) -> Any | None:
    """Return the version before one in the same life; the first to be asked asks for all."""
    found = _linked(session, version)
    return navigation.previous(session, version) if found is None else found.before(version)


def previous_of(session: Session, versions: Iterable[Any]) -> list[Any | None]:
    """Return the version before each of some, wherever they were loaded, in their order.

    One statement for every few hundred versions of a hierarchy, and one more where lives begin.
    """
    wanted = list(versions)
    found = Found()
    by_table: dict[VersionedTable, list[Any]] = defaultdict(list)
    for each in wanted:
        by_table[versioned(each).table].append(each)
    for own in by_table.values():
        for start in range(0, len(own), CHUNK):
            _link(session, found, own[start : start + CHUNK])
    return [found.before(each) for each in wanted]


def next(session: Session, version: Any) -> Any | None:
    """Return the version after one in the same life; the first to be asked asks for all.

    That there is none yet is told once and then asked anew, because there may be one by now; and
    it is asked each time while the session is writing.
    """
    found = _linked(session, version)
    after = None if found is None else found.after(version)
    if after is not None:
        return after
    if found is None or _is_writing(session, version):
        return navigation.next(session, version)
    if not found.is_last(version):
        siblings = siblings_of(version)
        present = [] if siblings is None else list(siblings.present(session))
        unknown = [each for each in present if found.after(each) is None]
        for each, later in zip(unknown, _after(session, unknown), strict=True):
            found.tell_after(each, later)
        found.is_last(version)
    return found.after(version)


def _is_writing(session: Session, version: Any) -> bool:
    """Tell whether a session holds changes that may end as versions."""
    if session.new or session.dirty or session.deleted:
        return True
    manager: Any = versioned(version).model.__versioning_manager__
    return bool(manager.unit_of_work(session).has_changes)


def spans(session: Session, version: Any) -> Recorded:
    """Return since when the fields of a version are recorded."""
    entry, siblings = versioned(version), siblings_of(version)
    if siblings is None:
        return recorded(session, entry)
    known = siblings.found(session).spans
    if entry not in known:
        known[entry] = recorded(session, entry)
    return known[entry]


def tell_transactions(session: Session, versions: Iterable[Any]) -> dict[int, Any]:
    """Tell versions of one hierarchy their transactions with users, in one statement.

    :returns: the transactions by id.
    """
    told: dict[int, Any] = {}
    waiting = []
    for each in versions:
        known = each.__dict__.get("transaction")
        if isinstance(known, transaction_class_of(versioned(each))):
            told[place_of(each)[-1]] = known
        else:
            waiting.append(each)
    if waiting:
        entry = versioned(waiting[0])
        told.update(transactions_by_id(session, entry, (place_of(each)[-1] for each in waiting)))
        for each in waiting:
            connect(each, told.get(place_of(each)[-1]))
    return told


def place_of(version: Any) -> Place:
    """Return the identity of a version, which costs nothing where it has expired either."""
    state: Any = sa.inspect(version)
    identity: Place = state.identity
    return identity


def _linked(session: Session, version: Any) -> Found | None:
    """Return what is known of a version and its siblings, ``None`` when that is nothing."""
    siblings = siblings_of(version)
    if siblings is None:
        return None
    found = siblings.found(session)
    if not found.knows(version):
        _link(session, found, list(siblings.present(session)))
    return found if found.knows(version) else None


def _link(session: Session, found: Found, versions: list[Any]) -> None:
    """Find out the versions before some.

    Where one version ends as the next begins nothing is asked; for the others it is one statement.
    """
    adjacent = dict(_adjacent(versions))
    told: dict[int, Any] = {}
    if any(_is_insertion(each) for each in versions):
        told = tell_transactions(session, versions)
    unknown = []
    for each in versions:
        at = place_of(each)[-1]
        if _is_insertion(each) and begins(versioned(each), each, told.get(at)):
            found.tell(each, None, sibling=False)
        elif place_of(each) in adjacent:
            found.tell(each, adjacent[place_of(each)], sibling=True)
        else:
            unknown.append(each)
    before = _before(session, unknown) if unknown else {}
    for each in unknown:
        found.tell(each, before.get(place_of(each)), sibling=False)


def _is_insertion(version: Any) -> bool:
    return bool(operation(versioned(version), version) == Operation.INSERT)


def _adjacent(versions: Iterable[Any]) -> Iterator[tuple[Place, Any]]:
    """Yield the places of versions that begin where another of them ends, with that one."""
    records: dict[Place, list[Any]] = defaultdict(list)
    for each in versions:
        records[place_of(each)[:-1]].append(each)
    for own in records.values():
        for earlier, later in pairwise(sorted(own, key=lambda each: place_of(each)[-1])):
            end = versioned(earlier).options.end_transaction_column_name
            if getattr(earlier, end, None) == place_of(later)[-1]:
                yield place_of(later), earlier


def _before(session: Session, versions: list[Any]) -> dict[Place, Any]:
    """Load the versions before some, whatever their lives, by the place of the later one."""
    entry = _most_general(versions)
    this, other = aliased(entry.version_class), whole(entry)
    nearest = nearest_before(entry, this)
    found = {}
    for chunk in chunks(place_of(each) for each in versions):
        statement = (
            sa.select(other, moment(entry, this))
            .select_from(this)
            .join(
                other,
                sa.and_(*same_record(entry, other, this), moment(entry, other) == nearest),
            )
            .where(placed((*key_columns(entry, this), moment(entry, this)), chunk))
            .options(undefer("*"))
        )
        for before, at in session.execute(statement):
            found[(*place_of(before)[:-1], at)] = before
    return found


def _after(session: Session, versions: list[Any]) -> list[Any | None]:
    """Load the versions after some in the same life, in their order; ``None`` after the last."""
    entry = _most_general(versions)
    this, other = aliased(entry.version_class), whole(entry)
    found = {}
    for chunk in chunks(place_of(each) for each in versions):
        statement = (
            with_transaction(session, entry, other, moment(entry, this))
            .join(
                this,
                sa.and_(
                    *same_record(entry, other, this),
                    moment(entry, other) == nearest_after(entry, this),
                ),
            )
            .where(placed((*key_columns(entry, this), moment(entry, this)), chunk))
        )
        for later, transaction, at in session.execute(statement):
            if not begins(entry, later, transaction):
                found[(*place_of(later)[:-1], at)] = connect(later, transaction)
    return [found.get(place_of(each)) for each in versions]


def _most_general(versions: list[Any]) -> VersionedClass:
    """Return the class that all the versions are of."""
    entry = versioned(versions[0])
    for mapper in sa.inspect(entry.version_class).iterate_to_root():
        above: VersionedClass = mapper.class_.__continuum__
        if above.table is entry.table:
            entry = above
    return entry
