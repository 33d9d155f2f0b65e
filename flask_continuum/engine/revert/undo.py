"""Plans the undo of a transaction: a dry run that compares three states of every field.

What was there *before*, what the transaction *left*, and what is there *now*: where now is what
was left, before comes back (clean); where now is before already, nothing is left to do (done);
where it is neither, somebody has changed it since, and it stays unless it is asked for (conflict).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.errors import VersioningError
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.databases import database_of
from flask_continuum.engine.read.links import links_of
from flask_continuum.engine.read.recorded import recorded
from flask_continuum.engine.read.results import Entry
from flask_continuum.engine.read.whereabouts import whereabouts
from flask_continuum.engine.registry import Registry, VersionedClass
from flask_continuum.engine.revert.deletion import dependents
from flask_continuum.engine.revert.live import Place, load, place, preload, text_of_key
from flask_continuum.engine.revert.plan import Plan, make
from flask_continuum.engine.revert.steps import (
    Action,
    Impossible,
    Reason,
    RecordPlan,
    RelationKind,
    State,
)
from flask_continuum.engine.revert.targets import missing
from flask_continuum.engine.revert.touched import newest_of, newest_since, touched
from flask_continuum.engine.revert.undo_links import link_steps
from flask_continuum.engine.revert.undo_records import Known, unchange, uncreate, undelete
from flask_continuum.engine.revert.unique import with_taken
from flask_continuum.engine.revert.values import Given


def plan_undo(
    session: Session, transaction: Any, *, values: Mapping[str, Any] | None = None
) -> Plan:
    """Plan to take back all that a transaction changed. Nothing is written, nothing flushed.

    Costs statements by model and relationship that it touched, never by record.

    :param transaction: a Transaction object.
    :param values: values by field, in place of those that would come back, or where history says
        nothing: see :attr:`Plan.asks`. With several records, the table and the key stand in front
        (``"comment:3/text"``). A conflict stays one, to be asked for when applying.
    :raises ReverterException: when a value is given for no field of the plan.
    """
    cls, identity = type(transaction), transaction.id
    database = database_of(session, transaction)

    def again(session: Session) -> Plan:
        with session.no_autoflush:
            found = session.get(
                cls,
                identity,
                identity_token=database.token,
                bind_arguments=database.arguments,
            )
        if found is None:
            raise VersioningError(
                f"Transaction {identity} is no longer in the history, so it cannot be undone."
            )
        return _plan(session, found, values, again)

    return _plan(session, transaction, values, again)


def _plan(session: Session, transaction: Any, values: Mapping[str, Any] | None, again: Any) -> Plan:
    registry: Registry = type(transaction).__versioning_registry__
    given = Given(values)
    with session.no_autoflush:
        concerned, left_keys = touched(session, registry, transaction)
        prefixes = {where: _prefix(where) if len(concerned) > 1 else "" for where in concerned}
        leaving = {where for where, (_, e) in concerned.items() if e.operation is Operation.INSERT}
        coming = {where for where, (_, e) in concerned.items() if e.operation is Operation.DELETE}
        records: list[RecordPlan] = []
        for entry in dict.fromkeys(entry for entry, _ in concerned.values()):
            entries = {where: each for where, (own, each) in concerned.items() if own is entry}
            part = _Part(entry, entries, leaving, coming | left_keys)
            records += _records(session, part, prefixes, given)
        given.check()
        records, _ = with_taken(session, records, ())
    return make("undo", tuple(records), transaction, again)


@dataclass(frozen=True, slots=True)
class _Part:
    """What of a transaction concerns one model.

    :ivar leaving: records of all models that it created.
    :ivar coming: those that it deleted, and keys that come back.
    """

    entry: VersionedClass
    entries: Mapping[Place, Entry]
    leaving: set[Place]
    coming: set[Place]


def _records(
    session: Session, part: _Part, prefixes: Mapping[Place, str], given: Given
) -> list[RecordPlan]:
    entry, entries = part.entry, part.entries
    live, newest, reborn = _now(session, part)
    names = [link.relationship for link in links_of(entry) if link.owned]
    preload(session, list(live.values()), names)
    steps = link_steps(session, entry, entries, live, part.coming)
    deleted = [
        live[where]
        for where, each in entries.items()
        if each.operation is Operation.INSERT and where in live
    ]
    hanging = dependents(session, entry.mapper, deleted, leaving=part.leaving) if deleted else {}
    spans = recorded(session, entry)
    made = []
    for where, each in entries.items():
        there = live.get(where)
        known = Known(entry, spans, each, there, newest.get(where), where[1])
        match each.operation:
            case Operation.INSERT:
                record = uncreate(known)
                hangs = () if there is None else hanging.get(entry.key_of(there), ())
                record = replace(record, relations=tuple(hangs))
                if any(step.kind is RelationKind.REMOVE for step in record.relations):
                    record = replace(record, state=State.CONFLICT)
            case Operation.DELETE:
                values = given.take(prefixes[where], entry)
                record = undelete(known, reborn=where in reborn, values=values)
                if record.state is not State.DONE:
                    record = replace(record, relations=tuple(steps.get(where, ())))
            case _:
                changed = {change.key for change in each.fields}
                record = unchange(known, given.take(prefixes[where], entry, changed))
                if there is not None:
                    record = replace(record, relations=tuple(steps.get(where, ())))
        made.append(_prefixed(record, prefixes[where]))
    return _check_targets(session, entry, made, part.coming)


def _now(
    session: Session, part: _Part
) -> tuple[dict[Place, Any], dict[Place, int | None], set[Place]]:
    """Return the records as they are now, wherever they are.

    :returns: the live objects, their newest transaction ids, and the places that another record
        has by now.
    """
    entry, entries = part.entry, part.entries
    found = load(session, entry.mapper, [key for _, key in entries])
    newest, reborn = newest_since(session, entry, list(entries.values()))
    live = {where: found[where[1]] for where in entries if where[1] in found}
    bases = {where: newest.get(where[1]) for where in entries}
    taken = {where for where in entries if where[1] in reborn}
    lost = {
        each.version: where
        for where, each in entries.items()
        if (where in taken or where not in live) and each.operation is not Operation.DELETE
    }
    if lost:
        onward = whereabouts(session, entry, lost)
        moved = load(session, entry.mapper, onward.values())
        keys = newest_of(session, entry, moved)
        for version, where in lost.items():
            live.pop(where, None)
            key = onward.get(version)
            if key in moved:
                live[where], bases[where] = moved[key], keys.get(key)
    return live, bases, taken


def _prefix(where: Place) -> str:
    model, key = where
    return f"{sa.inspect(model).local_table.name}:{text_of_key(key)}/"


def _prefixed(record: RecordPlan, prefix: str) -> RecordPlan:
    """Make the ids of steps differ between records: each begins with its table and key."""
    steps = tuple(replace(step, id=f"{prefix}{step.id}") for step in record.relations)
    return replace(record, relations=steps, prefix=prefix)


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
