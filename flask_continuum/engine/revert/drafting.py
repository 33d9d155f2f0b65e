"""Turns the records that a plan is about into record plans, level by level.

Each level of related records costs a number of statements that depends on its models and their
relationships, not on how many records there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import moment, operation
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.read.recorded import recorded
from flask_continuum.engine.read.surroundings import Instant, versions_then
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

Seen = set[Place]


def draft(
    session: Session,
    roots: Sequence[Node],
    instant: Instant,
    *,
    chosen: Collection[str] | None = None,
    bases: Mapping[Key, int | None],
) -> tuple[list[RecordPlan], list[RecordPlan]]:
    """Return the plans of some records, and of all that comes along with them.

    :param instant: the moment to go back to.
    :param chosen: the fields of the roots that are wanted; all by default.
    :param bases: the newest transaction id of each root, by key.
    """
    seen: Seen = {_place(node) for node in roots}
    made: list[RecordPlan] = []
    along: list[RecordPlan] = []
    level = list(roots)
    while level:
        following: list[Node] = []
        for group in _by_model(level):
            plans, more = _draft_group(session, group, instant, chosen, bases, seen)
            (made if level[0].via is None else along).extend(plans)
            following += more
        level = [node for node in following if _is_new(node, seen)]
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
    return place(node.entry.model, node.entry.key_of(node.version))


def _draft_group(
    session: Session,
    nodes: Sequence[Node],
    instant: Instant,
    chosen: Collection[str] | None,
    bases: Mapping[Key, int | None],
    seen: Seen,
) -> tuple[list[RecordPlan], list[Node]]:
    entry = nodes[0].entry
    known = recorded(session, entry)
    along = relate(session, nodes, instant)
    steps: list[list[FieldStep]] = []
    for node in nodes:
        if node.live is None:
            found, impossible = field_plans.recreated(entry, known, node.version, chosen)
        else:
            found, impossible = field_plans.changed(entry, known, node.live, node.version, chosen)
        steps.append(found)
        node.impossible = impossible + node.impossible
    along += _settle_targets(session, nodes, steps, instant, seen)
    return [
        _record_plan(node, found, bases) for node, found in zip(nodes, steps, strict=True)
    ], along


def _record_plan(
    node: Node, steps: Sequence[FieldStep], bases: Mapping[Key, int | None]
) -> RecordPlan:
    key = node.entry.key_of(node.version)
    return RecordPlan(
        model=node.entry.model,
        key=key,
        version=node.version,
        action=Action.RECREATE if node.live is None else Action.CHANGE,
        fields=tuple(steps),
        relations=tuple(node.steps),
        impossible=tuple(node.impossible),
        base=bases.get(key, moment(node.entry, node.version)),
        keeps_key=node.keeps_key,
        via=node.via,
    )


def _settle_targets(
    session: Session,
    nodes: Sequence[Node],
    steps: list[list[FieldStep]],
    instant: Instant,
    seen: Seen,
) -> list[Node]:
    """Look after foreign keys whose target is gone: recreate it first, or say that it cannot be.

    :param steps: the field steps of each record, changed in place.
    :returns: the targets that come along.
    """
    entry = nodes[0].entry
    rows = [{step.key: step.then for step in found} for found in steps]
    whole = [
        {key: row[key] if key in row else getattr(node.version, key) for key in entry.attributes}
        if any(row)
        else {}
        for node, row in zip(nodes, rows, strict=True)
    ]
    along: list[Node] = []
    for reference, gone in missing(session, entry, whole).items():
        coming = {
            value
            for value in gone
            if reference.target is not None and place(reference.target.model, value) in seen
        }
        gone -= coming
        if not gone:
            continue
        versions: Mapping[Value, Any] = {}
        if reference.target is not None:
            versions = versions_then(session, reference.target, gone, instant)
        for number, (node, row) in enumerate(zip(nodes, whole, strict=True)):
            value = reference.value(row)
            touched = any(step.key in reference.fields for step in steps[number])
            if value not in gone or not touched:
                continue
            target = versions.get(value)
            if target is None:
                _drop(node, reference, steps[number])
            else:
                along.append(_need(node, reference, steps[number], target, value))
    return along


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
    for number, field in enumerate(steps):
        if field.key in reference.fields:
            steps[number] = FieldStep(field.key, field.now, field.then, needs=step.id)
    return Node(versioned(target), target, None, {}, step.id)


def _drop(node: Node, reference: Reference, steps: list[FieldStep]) -> None:
    """Leave out a foreign key whose target cannot come back."""
    required = node.live is None and not reference.optional
    what = "the record cannot be without it" if required else "it stays as it is"
    if node.live is None and not required:
        what = "it comes back empty"
    for field in [step for step in steps if step.key in reference.fields]:
        steps.remove(field)
        node.impossible.append(
            Impossible(
                field.key,
                Reason.MISSING_TARGET,
                f"“{reference.name}” pointed to {field.then}, which is gone and has no history "
                f"to be recreated from: {what}.",
                blocks=required,
            )
        )


def gone_instant(entry: VersionedClass, version: Any) -> Instant:
    """Return the instant that a version speaks of: for a deletion, just before it."""
    return Instant(moment(entry, version), before=operation(entry, version) == Operation.DELETE)


def load_live(session: Session, entry: VersionedClass, key: Key) -> Any | None:
    """Return the live object of a record, or ``None``."""
    return load(session, entry.mapper, [key]).get(key)
