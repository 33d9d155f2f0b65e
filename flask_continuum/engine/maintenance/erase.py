"""``erase``: takes a person's values, or those of a field, out of the history for good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session

from flask_continuum.engine.dialects import dialect_for
from flask_continuum.engine.errors import HistoryWriteError
from flask_continuum.engine.maintenance.erasing.reach import Reached, reach, tables_of
from flask_continuum.engine.maintenance.erasing.traces import (
    Trace,
    clear_contexts,
    contexts_of_user,
    traces_of_records,
    traces_of_user,
)
from flask_continuum.engine.maintenance.erasing.versions import Values
from flask_continuum.engine.maintenance.scope import Place, places
from flask_continuum.engine.maintenance.transactions import ERASE
from flask_continuum.engine.manager import VersioningManager
from flask_continuum.engine.read.links import links_of
from flask_continuum.engine.read.navigation import newest
from flask_continuum.engine.read.subjects import Subject, subject
from flask_continuum.engine.registry import PERSONAL, VersionedClass
from flask_continuum.engine.setup import manager_or_default


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was, or would be, erased.

    :ivar records: how many records each live table has of those that were reached, under every key
        that they had.
    :ivar versions: by version table and column, how many versions lost what they said of it.
    :ivar live: by live table, how many rows lost values.
    :ivar traces: by table, how many rows of transactions and plugins lost what they told; contexts
        of transactions are counted by themselves.
    :ivar kept: personal columns that are part of a key, which cannot be erased.
    :ivar transactions: the ids of the transactions that say so, none when nothing was written.
    """

    records: Mapping[str, int]
    versions: Mapping[str, Mapping[str, int]]
    live: Mapping[str, int]
    traces: Mapping[str, int]
    kept: tuple[str, ...]
    transactions: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """How many values are concerned, live rows and traces counted once each."""
        versions = sum(sum(columns.values()) for columns in self.versions.values())
        return versions + sum(self.live.values()) + sum(self.traces.values())


def erase(
    session: Session | scoped_session[Any],
    record: Any,
    manager: VersioningManager | None = None,
    *,
    fields: Sequence[str] | None = None,
    follow: Sequence[str] | None = None,
    live: bool = False,
    values: Mapping[str, Any] | None = None,
    reasons: bool = False,
    reason: str | None = None,
    dry_run: bool = False,
) -> Erasure:
    """Take values of a record out of its history, so that nothing tells any more what they were.

    Versions stay, and so do their transactions; where a value was they say that it was erased, and
    when. The record is meant under every key that it has had, and not what had its key before it. A
    transaction of the kind ``"erase"`` says what was erased, without the values. It is committed:
    all is erased together, or nothing.

    :param record: the live object, one of its versions, or ``(Model, key)``. Where it is a user,
        also what transactions, activities and the access log tell of them is erased.
    :param manager: whose history is meant; without it, that of ``make_versioned``.
    :param fields: attributes of the record. Without it, all columns that are marked with
        ``info={"personal": True}``, of the record and of what belongs to it.
    :param follow: relationships whose records belong to it, in place of the option ``personal``.
    :param live: erase the live rows, too, and the versions that say what they are now. Otherwise
        these stay as they are.
    :param values: what live columns get that must not be empty, by attribute.
    :param reasons: erase the reasons, too, that the user has given for changes.
    :param reason: why, for the transaction that says so.
    :param dry_run: write nothing, and count.
    :returns: what was, or would be, erased.
    :raises ClassNotVersioned: when the record is neither versioned nor a user.
    :raises HistoryWriteError: when the session holds changes that are not committed.
    :raises ImproperlyConfigured: when nothing is marked, or a live column must not be empty.
    :raises ValueError: when there is no such field.
    """
    own: Session = session() if isinstance(session, scoped_session) else session
    manager = manager_or_default(manager)
    if own.new or own.dirty or own.deleted:
        raise HistoryWriteError(
            "The session holds changes, which an erasure would commit. Commit or roll back first."
        )
    everywhere = places(own, manager)
    given = values or {}
    work = _plan(
        own, record, manager, everywhere, fields, follow, given, live=live, reasons=reasons
    )
    found = work.count()
    if dry_run or not found.total:
        return found
    done = []
    for place in everywhere:
        if work.concerns(place):
            done.append(_carry_out(own, manager, work, place, reason))
    own.commit()
    return replace(found, transactions=tuple(done))


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What is to be erased, by what it is.

    :ivar name: the record's table and key.
    :ivar traced: whether what is told about the records is meant, and not only fields of them.
    :ivar user: the primary key of the user whose traces are meant, ``None`` for none.
    """

    name: str
    reached: tuple[Reached, ...]
    values: tuple[Values, ...]
    everywhere: tuple[Place, ...]
    user: Any
    traced: bool
    kept: tuple[str, ...]
    reasons: bool

    def traces(self, place: Place) -> Iterable[Trace]:
        """Return what is told of the records, and of the user, in one place: one for each table."""
        found: list[Trace] = []
        if self.user is not None:
            found += traces_of_user(place, self.user, reasons=self.reasons)
        if self.traced:
            here = [each for each in self.reached if each.entry.table in place.tables]
            found += traces_of_records(place, here)
        together: dict[sa.Table, Trace] = {}
        for each in found:
            before = together.get(each.table)
            if before is not None:
                each = replace(before, which=sa.or_(before.which, each.which))
            together[each.table] = each
        return together.values()

    def concerns(self, place: Place) -> bool:
        """Tell whether something is to be erased in a place."""
        return (
            any(each.place is place for each in self.values)
            or any(each.count() for each in self.traces(place))
            or (self.user is not None and any(True for _ in contexts_of_user(place, self.user)))
        )

    def count(self) -> Erasure:
        versions: dict[str, dict[str, int]] = {}
        live: Counter[str] = Counter()
        for each in self.values:
            found = {name: number for name, number in each.count().items() if number}
            if found:
                versions.setdefault(each.table.version.fullname, {}).update(found)
            live[each.table.live.fullname] += each.count_live()
        traces: Counter[str] = Counter()
        for place in self.everywhere:
            for trace in self.traces(place):
                traces[trace.table.fullname] += trace.count()
            if self.user is not None:
                contexts = sum(1 for _ in contexts_of_user(place, self.user))
                traces[f"{place.history.transaction.fullname}.context"] += contexts
        return Erasure(
            records={r.entry.table.live.fullname: len(r.lives) for r in self.reached},
            versions=versions,
            live={name: number for name, number in live.items() if number},
            traces={name: number for name, number in traces.items() if number},
            kept=self.kept,
        )

    def said(self, place: Place) -> dict[str, Any]:
        """Return what the transaction says, without the values."""
        columns: dict[str, list[str]] = {}
        for each in self.values:
            if each.place is place:
                names = columns.setdefault(each.table.live.fullname, [])
                names += [column.name for column in each.columns]
        return {"erased": {"of": self.name, "columns": columns}}


def _plan(
    session: Session,
    record: Any,
    manager: VersioningManager,
    everywhere: tuple[Place, ...],
    fields: Sequence[str] | None,
    follow: Sequence[str] | None,
    given: Mapping[str, Any],
    *,
    live: bool,
    reasons: bool,
) -> _Work:
    user_class = _user_class(manager)
    who, user = _who(record, user_class)
    reached: tuple[Reached, ...] = ()
    values: list[Values] = []
    if who is not None:
        entry = _actual(session, who)
        reached = reach(session, entry, who.key, who.at, fields=fields, follow=follow)
        for each in reached:
            values += _values(each, everywhere, given, live=live)
        if fields is None and user_class is not None and issubclass(entry.model, user_class):
            (user,) = who.key
    kept = {
        f"{table.live.fullname}.{column.name}"
        for each in reached
        for table in tables_of(each.entry)
        for column in table.key
        if column.info.get(PERSONAL)
    }
    return _Work(
        _name(record, who),
        reached,
        tuple(values),
        everywhere,
        user if fields is None else None,
        fields is None,
        tuple(sorted(kept)),
        reasons,
    )


def _values(
    reached: Reached, everywhere: tuple[Place, ...], given: Mapping[str, Any], *, live: bool
) -> Iterator[Values]:
    entry = reached.entry
    instead = {
        entry.attributes[name]: value for name, value in given.items() if name in entry.attributes
    }
    place = next(each for each in everywhere if entry.table in each.tables)
    for table, columns in reached.columns.items():
        own = {column.key: value for column, value in instead.items() if column.table is table.live}
        yield Values(place, table, columns, reached.lives, table.version_key, live, own)
    for link in links_of(entry):
        names = {key: column for key, column in link.near}
        columns = tuple(
            c for c in link.table.live.c if c.info.get(PERSONAL) and c not in link.table.key
        )
        if columns and set(names) == set(entry.key_attributes):
            near = tuple(names[key] for key in entry.key_attributes)
            yield Values(place, link.table, columns, reached.lives, near, live, {})


def _carry_out(
    session: Session,
    manager: VersioningManager,
    work: _Work,
    place: Place,
    reason: str | None,
) -> int:
    """Erase what is in one place, in the session's transaction; return the id that says so."""
    here = [each for each in work.values if each.place is place]
    if place.dialect != "sqlite":  # where the first write keeps all others out
        for each in here:
            if not each.table.is_link:
                dialect_for(place.connection).lock(place.connection, each.table, each.live_keys())
    unit = manager.unit_of_work(session)
    entry = next(e for e in place.registry.classes() if e.table in place.tables)
    unit.annotate(kind=ERASE, reason=reason, context=work.said(place), mapper=entry.mapper)
    where = {"bind": session.get_bind(entry.mapper)}
    for each in here:
        for statement in each.clear_live(_version_id(each, work)):
            session.execute(statement, bind_arguments=where)
    # Versions of what is live by now are written before the older ones lose their values, which
    # would be equal to it. Nothing comes between this draft and the commit that would have it
    # written again: not even who acts, which is told by now.
    unit.fill(manager.attribution())
    unit.make_versions(session)
    number = unit.draft_id(entry.mapper)
    if number is None:
        number = unit.create_transaction(session, entry.model).id
    for each in here:
        each.clear(number)
    for trace in work.traces(place):
        trace.clear()
    if work.user is not None:
        clear_contexts(place, work.user)
    return number


def _version_id(values: Values, work: _Work) -> Any:
    for reached in work.reached:
        if values.table in reached.columns:
            return reached.entry.mapper.version_id_col
    return None


def _who(record: Any, user_class: type[Any] | None) -> tuple[Subject | None, Any]:
    """Return the versioned record that is meant; or the key of a user that has no history."""
    model = record[0] if isinstance(record, tuple) and record else type(record)
    is_user = user_class is not None and isinstance(model, type) and issubclass(model, user_class)
    if is_user and getattr(model, "__versioned__", None) is None:
        if isinstance(record, tuple):
            return None, record[1][0] if isinstance(record[1], tuple) else record[1]
        (key,) = sa.inspect(record).identity or (None,)
        return None, key
    return subject(record), None


def _name(record: Any, who: Subject | None) -> str:
    if who is None:
        return "a user"
    return f"{who.entry.table.live.fullname} {', '.join(str(part) for part in who.key)}"


def _actual(session: Session, who: Subject) -> VersionedClass:
    """Return the class that a record is of, which may be below the one that was named."""
    found = newest(session, who.entry, who.key)
    actual: VersionedClass = who.entry if found is None else type(found).__continuum__
    return actual


def _user_class(manager: VersioningManager) -> type[Any] | None:
    mapper = manager.builder.user_mapper()
    return None if mapper is None else mapper.class_
