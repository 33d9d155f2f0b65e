"""Plans the undo of a transaction: a dry run that compares three states of every field.

What was there *before*, what the transaction *left*, and what is there *now*: where now is what
was left, before comes back (clean); where now is before already, nothing is left to do (done);
where it is neither, somebody has changed it since, and it stays unless it is asked for (conflict).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from flask_continuum.engine.errors import VersioningError
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.changes import same
from flask_continuum.engine.read.conditions import (
    begins_life,
    key_columns,
    moment,
    same_record,
)
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.links import links_of
from flask_continuum.engine.read.loading import (
    connection_arguments,
    transaction_arguments,
    versioned,
)
from flask_continuum.engine.read.recorded import Recorded, recorded
from flask_continuum.engine.read.results import NOT_RECORDED, Entry
from flask_continuum.engine.read.transactions import transaction_entries
from flask_continuum.engine.registry import Registry, VersionedClass
from flask_continuum.engine.revert import fields as field_plans
from flask_continuum.engine.revert.deletion import dependents
from flask_continuum.engine.revert.live import Place, load, place, preload, text_of_key
from flask_continuum.engine.revert.plan import Plan, make
from flask_continuum.engine.revert.steps import (
    Action,
    FieldStep,
    Impossible,
    Reason,
    RecordPlan,
    RelationKind,
    State,
)
from flask_continuum.engine.revert.targets import missing
from flask_continuum.engine.revert.undo_links import link_steps
from flask_continuum.engine.unreadable import Unreadable


def plan_undo(session: Session, transaction: Any) -> Plan:
    """Plan to take back all that a transaction changed. Nothing is written, nothing flushed.

    Costs statements by model and relationship that it touched, never by record.

    :param transaction: a Transaction object.
    """
    cls, identity = type(transaction), transaction.id

    def again(session: Session) -> Plan:
        with session.no_autoflush:
            found = session.get(cls, identity, bind_arguments=transaction_arguments(session, cls))
        if found is None:
            raise VersioningError(
                f"Transaction {identity} is no longer in the history, so it cannot be undone."
            )
        return _plan(session, found, again)

    return _plan(session, transaction, again)


def _plan(session: Session, transaction: Any, again: Any) -> Plan:
    registry: Registry = type(transaction).__versioning_registry__
    with session.no_autoflush:
        touched = _touched(session, registry, transaction)
        leaving = {where for where, (_, e) in touched.items() if e.operation is Operation.INSERT}
        coming = {where for where, (_, e) in touched.items() if e.operation is Operation.DELETE}
        records: list[RecordPlan] = []
        for entry in dict.fromkeys(entry for entry, _ in touched.values()):
            entries = {where: each for where, (own, each) in touched.items() if own is entry}
            records += _records(session, entry, entries, leaving, coming)
    return make("undo", tuple(_numbered(records)), transaction, again)


def _touched(
    session: Session, registry: Registry, transaction: Any
) -> dict[Place, tuple[VersionedClass, Entry]]:
    found: dict[Place, tuple[VersionedClass, Entry]] = {}
    for entries in transaction_entries(session, _Holder(registry), transaction).values():
        for each in entries:
            own = versioned(each.version)
            found[place(own.model, own.key_of(each.version))] = (own, each)
    return found


class _Holder:
    """Stands for the manager, of which reading needs the registry only."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry


def _records(
    session: Session,
    entry: VersionedClass,
    entries: Mapping[Place, Entry],
    leaving: set[Place],
    coming: set[Place],
) -> list[RecordPlan]:
    keys = [key for _, key in entries]
    live = load(session, entry.mapper, keys)
    newest, reborn = _since(session, entry, list(entries.values()))
    names = [link.relationship for link in links_of(entry) if link.owned]
    preload(session, list(live.values()), names)
    steps = link_steps(session, entry, entries, live, coming)
    deleted = [
        live[key]
        for (_, key), each in entries.items()
        if each.operation is Operation.INSERT and key in live and key not in reborn
    ]
    hanging = dependents(session, entry.mapper, deleted, leaving=leaving) if deleted else {}
    spans = recorded(session, entry)
    made = []
    for where, each in entries.items():
        key = where[1]
        match each.operation:
            case Operation.INSERT:
                record = _uncreate(
                    entry, each, None if key in reborn else live.get(key), newest.get(key)
                )
                record = replace(record, relations=tuple(hanging.get(key, ())))
                if any(step.kind is RelationKind.REMOVE for step in record.relations):
                    record = replace(record, state=State.CONFLICT)
            case Operation.DELETE:
                record = _undelete(
                    entry, spans, each, live.get(key), key in reborn, newest.get(key)
                )
                if record.state is not State.DONE:
                    record = replace(record, relations=tuple(steps.get(where, ())))
            case _:
                record = _unchange(
                    entry, each, None if key in reborn else live.get(key), newest.get(key)
                )
                if key in live and key not in reborn:
                    record = replace(record, relations=tuple(steps.get(where, ())))
        made.append(record)
    return _check_targets(session, entry, made, coming)


def _unchange(entry: VersionedClass, each: Entry, live: Any | None, base: int | None) -> RecordPlan:
    """Plan to set back the fields of a record that the transaction changed."""
    steps: list[FieldStep] = []
    impossible: list[Impossible] = []
    restorable = set(field_plans.restorable(entry))
    if live is None:
        impossible.append(
            Impossible("", Reason.RECORD_GONE, "The record was deleted since, and stays deleted.")
        )
    for change in each.fields if live is not None else ():
        if change.key not in restorable:
            continue
        now = getattr(live, change.key)
        if change.old is NOT_RECORDED:
            impossible.append(
                Impossible(
                    change.key,
                    Reason.NOT_RECORDED,
                    f"“{change.key}” was not recorded before, so it stays as it is.",
                )
            )
            continue
        if isinstance(change.old, Unreadable):
            impossible.append(
                Impossible(
                    change.key,
                    Reason.UNREADABLE,
                    f"“{change.key}” had a value before that cannot be read any more, so it stays "
                    f"as it is.",
                )
            )
            continue
        if same(entry, change.key, now, change.old):
            state = State.DONE
        elif same(entry, change.key, now, change.new):
            state = State.CLEAN
        else:
            state = State.CONFLICT
        steps.append(FieldStep(change.key, now, change.old, state, change.new))
    return _record(entry, each, Action.CHANGE, steps, impossible, base)


def _uncreate(entry: VersionedClass, each: Entry, live: Any | None, base: int | None) -> RecordPlan:
    """Plan to delete a record that the transaction created."""
    if live is None:
        state = State.DONE
    else:
        at = moment(entry, each.version)
        state = State.CLEAN if base is None or base <= at else State.CONFLICT
    return _record(entry, each, Action.DELETE, [], [], base, state)


def _undelete(
    entry: VersionedClass,
    spans: Recorded,
    each: Entry,
    live: Any | None,
    reborn: bool,
    base: int | None,
) -> RecordPlan:
    """Plan to bring back a record that the transaction deleted."""
    impossible: list[Impossible] = []
    steps: list[FieldStep] = []
    state = State.CLEAN
    if live is not None and not reborn:
        state = State.DONE
    elif live is not None:
        shown = ", ".join(str(value) for value in entry.key_of(each.version))
        impossible.append(
            Impossible(
                "",
                Reason.KEY_TAKEN,
                f"The key {shown} belongs to another record by now. A revert to a version of the "
                f"deleted one can bring it back under a new key.",
                blocks=True,
            )
        )
    if state is not State.DONE:
        known = each.previous if each.previous is not None else each.version
        steps, more = field_plans.recreated(entry, spans, known, None)
        impossible += more
    return _record(entry, each, Action.RECREATE, steps, impossible, base, state)


def _record(
    entry: VersionedClass,
    each: Entry,
    action: Action,
    steps: Sequence[FieldStep],
    impossible: Sequence[Impossible],
    base: int | None,
    state: State = State.CLEAN,
) -> RecordPlan:
    return RecordPlan(
        model=entry.model,
        key=entry.key_of(each.version),
        version=each.version,
        action=action,
        fields=tuple(steps),
        relations=(),
        impossible=tuple(impossible),
        base=base,
        state=state,
    )


def _since(
    session: Session, entry: VersionedClass, entries: Sequence[Entry]
) -> tuple[dict[Key, int], set[Key]]:
    """Return the newest transaction id of some records, and which began another life since."""
    ids = {each.transaction.id for each in entries}
    version, own = aliased(entry.version_class), aliased(entry.version_class)
    keys = key_columns(entry, version)
    later = sa.case((sa.and_(moment(entry, version) > max(ids), begins_life(entry, version)), 1))
    touched = sa.exists().where(*same_record(entry, own, version), moment(entry, own).in_(ids))
    statement = (
        sa.select(*keys, sa.func.max(moment(entry, version)), sa.func.max(later))
        .where(touched)
        .group_by(*keys)
    )
    rows = session.execute(statement, bind_arguments=connection_arguments(session, entry)).all()
    newest = {tuple(row[:-2]): row[-2] for row in rows}
    return newest, {tuple(row[:-2]) for row in rows if row[-1] is not None}


def _check_targets(
    session: Session, entry: VersionedClass, records: list[RecordPlan], coming: set[Place]
) -> list[RecordPlan]:
    """Take out foreign keys whose target is gone and does not come back with this undo."""
    rows = [{step.key: step.then for step in record.fields} for record in records]
    lost = missing(session, entry, rows)
    checked = []
    for record, row in zip(records, rows, strict=True):
        for reference, gone in lost.items():
            value = reference.value(row)
            target = reference.target
            if value not in gone or (target is not None and place(target.model, value) in coming):
                continue
            blocks = record.action is Action.RECREATE and not reference.optional
            record = replace(
                record,
                fields=tuple(s for s in record.fields if s.key not in reference.fields),
                impossible=(
                    *record.impossible,
                    Impossible(
                        reference.fields[0],
                        Reason.MISSING_TARGET,
                        f"“{reference.name}” pointed to {', '.join(map(str, value or ()))}, which "
                        f"is gone by now.",
                        blocks=blocks,
                    ),
                ),
            )
        checked.append(record)
    return checked


def _numbered(records: Sequence[RecordPlan]) -> list[RecordPlan]:
    """Make the ids of steps differ between records: each begins with its table and key."""
    if len(records) == 1:
        return list(records)
    return [
        replace(
            record,
            relations=tuple(
                replace(
                    step,
                    id=f"{sa.inspect(record.model).local_table.name}:"
                    f"{text_of_key(record.key)}/{step.id}",
                )
                for step in record.relations
            ),
        )
        for record in records
    ]
