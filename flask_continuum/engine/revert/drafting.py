"""Turns the records that a plan is about into record plans, level by level.

Each level of related records costs a number of statements that depends on its models and their
relationships, not on how many records there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import moment, operation
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.read.recorded import recorded
from flask_continuum.engine.read.surroundings import Instant, versions_then
from flask_continuum.engine.read.whereabouts import whereabouts
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert import fields as field_plans
from flask_continuum.engine.revert.live import Place, load, place, text_of_key
from flask_continuum.engine.revert.related import Node, relate
from flask_continuum.engine.revert.steps import (
    Action,
    FieldStep,
    Impossible,
    Reason,
    RecordPlan,
    RelationKind,
    RelationStep,
)
from flask_continuum.engine.revert.targets import Reference, Value, missing
from flask_continuum.engine.revert.values import Given

Seen = set[Place]


@dataclass(slots=True)
class Draft:
    """What is the same for all records of a plan.

    :ivar instant: the moment to go back to.
    :ivar given: values to set in place of recorded ones.
    :ivar seen: records that are part of the plan already.
    """

    session: Session
    instant: Instant
    given: Given
    seen: Seen = field(default_factory=set)


def draft(
    work: Draft,
    roots: Sequence[Node],
    *,
    chosen: Collection[str] | None = None,
    bases: Mapping[Key, int | None],
) -> tuple[list[RecordPlan], list[RecordPlan]]:
    """Return the plans of some records, and of all that comes along with them.

    :param chosen: the fields of the roots that are wanted; all by default.
    :param bases: the newest transaction id of each root, by key.
    """
    work.seen |= {_place(node) for node in roots}
    made: list[RecordPlan] = []
    along: list[RecordPlan] = []
    level = list(roots)
    while level:
        following: list[Node] = []
        for group in _by_model(level):
            plans, more = _draft_group(work, group, chosen, bases)
            (made if level[0].via is None else along).extend(plans)
            following += more
        level = [node for node in following if _is_new(node, work.seen)]
        chosen = None
        bases = {}
    return made, along


def _by_model(nodes: Iterable[Node]) -> Iterable[list[Node]]:
    groups: dict[VersionedClass, list[Node]] = defaultdict(list)
    for node in nodes:
        groups[node.entry].append(node)
    return groups.values()


def _is_new(node: Node, seen: Seen) -> bool:
    """Note a record; a cycle of relationships comes to its records once."""
    where = _place(node)
    if where in seen:
        return False
    seen.add(where)
    return True


def _place(node: Node) -> Place:
    return place(node.entry.model, node.key)


def _draft_group(
    work: Draft,
    nodes: Sequence[Node],
    chosen: Collection[str] | None,
    bases: Mapping[Key, int | None],
) -> tuple[list[RecordPlan], list[Node]]:
    entry = nodes[0].entry
    known = recorded(work.session, entry)
    along = relate(work.session, nodes, work.instant)
    steps: list[list[FieldStep]] = []
    for node in nodes:
        given = work.given.take(node.prefix, entry)
        if node.live is None:
            found, impossible = field_plans.recreated(entry, known, node.version, chosen, given)
        else:
            found, impossible = field_plans.changed(
                entry, known, node.live, node.version, chosen, given
            )
        steps.append(found)
        node.impossible = impossible + node.impossible
    along += _settle_targets(work, nodes, steps)
    return [
        _record_plan(node, found, bases) for node, found in zip(nodes, steps, strict=True)
    ], along


def _record_plan(
    node: Node, steps: Sequence[FieldStep], bases: Mapping[Key, int | None]
) -> RecordPlan:
    return RecordPlan(
        model=node.entry.model,
        key=node.key,
        version=node.version,
        action=Action.RECREATE if node.live is None else Action.CHANGE,
        fields=tuple(steps),
        relations=tuple(node.steps),
        impossible=tuple(node.impossible),
        base=bases.get(node.key, moment(node.entry, node.version)),
        keeps_key=node.keeps_key,
        via=node.via,
        prefix=node.prefix,
        required=frozenset(node.required),
    )


def _settle_targets(work: Draft, nodes: Sequence[Node], steps: list[list[FieldStep]]) -> list[Node]:
    """Look after foreign keys whose target is gone: recreate it first, or say that it cannot be.

    Where the target lives on under another key, the foreign key is to have that one.

    :param steps: the field steps of each record, changed in place.
    :returns: the targets that come along.
    """
    entry = nodes[0].entry
    rows = [_row(node, found) for node, found in zip(nodes, steps, strict=True)]
    along: list[Node] = []
    for reference, lost in missing(work.session, entry, rows).items():
        gone = {value for value in lost if not _comes(reference, value, work.seen)}
        if not gone:
            continue
        versions: Mapping[Value, Any] = {}
        living: Mapping[Any, Key] = {}
        if reference.target is not None:
            versions = versions_then(work.session, reference.target, gone, work.instant)
            living = whereabouts(work.session, reference.target, versions.values())
        for number, (node, row) in enumerate(zip(nodes, rows, strict=True)):
            value = reference.value(row)
            if value not in gone or not _touches(reference, node, steps[number]):
                continue
            target = versions.get(value)
            if target is None:
                _drop(node, reference, steps[number])
            elif target in living:
                steps[number][:] = _pointed(reference, steps[number], living[target])
            else:
                along.append(_need(node, reference, steps[number], target, value))
    return along


def _row(node: Node, steps: Sequence[FieldStep]) -> Mapping[str, Any]:
    """Return what a record would be, ``{}`` where nothing of it would change."""
    if not steps and node.live is not None:
        return {}
    row = {key: getattr(node.version, key) for key in node.entry.attributes}
    row.update((step.key, step.then) for step in steps)
    return row


def _comes(reference: Reference, value: Value, seen: Seen) -> bool:
    return reference.target is not None and place(reference.target.model, value) in seen


def _touches(reference: Reference, node: Node, steps: Sequence[FieldStep]) -> bool:
    """Tell whether a foreign key would be set; one in the key of a record that comes back is."""
    if any(step.key in reference.fields for step in steps):
        return True
    return node.live is None and set(reference.fields) <= set(node.entry.key_attributes)


def _pointed(reference: Reference, steps: Sequence[FieldStep], key: Key) -> list[FieldStep]:
    new = dict(zip(reference.fields, key, strict=True))
    moved = [replace(step, then=new.get(step.key, step.then)) for step in steps]
    return [step for step in moved if step.now != step.then or step.key not in new]


def _need(
    node: Node, reference: Reference, steps: list[FieldStep], target: Any, value: Value
) -> Node:
    """Make a field step depend on the recreation of what it points to."""
    assert reference.target is not None
    step = RelationStep(
        id=f"{node.prefix}{reference.name}+{text_of_key(value)}",
        relationship=reference.name,
        kind=RelationKind.RECREATE,
        target=target,
        key=value,
        ticked=True,
    )
    node.steps.append(step)
    for number, each in enumerate(steps):
        if each.key in reference.fields:
            steps[number] = replace(each, needs=step.id)
    if node.live is None and not reference.optional:
        node.required.add(step.id)
    below = {} if node.paths is None else node.paths.get(reference.name, {})
    return Node(versioned(target), target, None, below, step.id)


def _drop(node: Node, reference: Reference, steps: list[FieldStep]) -> None:
    """Leave out a foreign key whose target cannot come back."""
    required = node.live is None and not reference.optional
    what = "the record cannot be without it" if required else "it stays as it is"
    if node.live is None and not required:
        what = "it comes back empty"
    pointed = reference.value(_row(node, steps)) or ()
    steps[:] = [step for step in steps if step.key not in reference.fields]
    node.impossible.append(
        Impossible(
            reference.fields[0],
            Reason.MISSING_TARGET,
            f"“{reference.name}” pointed to {', '.join(map(str, pointed))}, which is gone and has "
            f"no history to be recreated from: {what}.",
            blocks=required,
        )
    )


def gone_instant(entry: VersionedClass, version: Any) -> Instant:
    """Return the instant that a version speaks of: for a deletion, just before it."""
    return Instant(moment(entry, version), before=operation(entry, version) == Operation.DELETE)


def load_live(session: Session, entry: VersionedClass, key: Key) -> Any | None:
    """Return the live object of a record, or ``None``."""
    return load(session, entry.mapper, [key]).get(key)
