"""What would be done to the records around those that change or come back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import MANYTOMANY, MANYTOONE, RelationshipProperty, Session

from flask_continuum.engine.errors import ReverterException
from flask_continuum.engine.naming import nearest
from flask_continuum.engine.read.conditions import registry_of
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.read.surroundings import Instant, surroundings, versions_then
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.live import (
    by_key,
    current,
    key_of,
    load,
    preload,
    text_of_key,
)
from flask_continuum.engine.revert.steps import Impossible, Reason, RelationKind, RelationStep

Paths = Mapping[str, "Paths"]
"""Relationships by name, each with those to follow from there."""


def parse_paths(entry: VersionedClass, relations: Iterable[str]) -> Paths:
    """Read dotted relationship paths.

    :raises ReverterException: when one names no relationship.
    """
    if isinstance(relations, str):
        raise ReverterException(f"relations is a list of paths, such as [{relations!r}].")
    root: dict[str, Any] = {}
    for path in relations:
        place, mapper = root, entry.mapper
        for name in path.split("."):
            if name not in mapper.relationships:
                raise ReverterException(
                    f"{mapper.class_.__name__} has no relationship {name!r} (in {path!r})."
                    f"{nearest(name, mapper.relationships.keys())}"
                )
            if mapper.relationships[name].viewonly:
                raise ReverterException(
                    f"{mapper.class_.__name__}.{name} (in {path!r}) is view-only: nothing can be "
                    f"changed through it."
                )
            place = place.setdefault(name, {})
            mapper = mapper.relationships[name].mapper
    return root


@dataclass(slots=True)
class Node:
    """A record that a plan is made for.

    :ivar version: what it should be like again.
    :ivar live: the record now, ``None`` when it is to be recreated.
    :ivar paths: the relationships to follow; ``None`` for those that a plan offers by itself.
    :ivar via: the relation step that it comes along with.
    """

    entry: VersionedClass
    version: Any
    live: Any | None
    paths: Paths | None
    via: str | None = None
    steps: list[RelationStep] = field(default_factory=list)
    impossible: list[Impossible] = field(default_factory=list)
    keeps_key: bool = True
    required: set[str] = field(default_factory=set)

    @property
    def key(self) -> Key:
        """The key that the record has now, or comes back under."""
        return self.entry.key_of(self.version if self.live is None else self.live)

    @property
    def prefix(self) -> str:
        """What the ids of its steps begin with."""
        return "" if self.via is None else self.via + "/"

    def follows(self, name: str) -> bool:
        """Tell whether a relationship belongs to the plan."""
        return self.paths is None or name in self.paths


@dataclass(frozen=True, slots=True)
class Around:
    """One relationship of several records, then and now."""

    prop: RelationshipProperty[Any]
    nodes: Sequence[Node]
    then: Mapping[Key, list[Any]]
    now: Mapping[Key, list[Any]]
    live: Mapping[Key, Any]
    """Related records of then that are there now, wherever they belong."""


def relate(session: Session, nodes: Sequence[Node], instant: Instant) -> list[Node]:
    """Add the relation steps of some records of one model.

    Costs three statements for each relationship, however many the records.

    :returns: the records that come along, without steps of their own yet.
    """
    entry = nodes[0].entry
    along: list[Node] = []
    for name in entry.relationships:
        prop = entry.mapper.relationships[name]
        wanted = [node for node in nodes if node.follows(name)]
        if prop.viewonly or not wanted:
            continue
        if prop.direction is MANYTOONE:
            along += _parents(session, prop, wanted, instant)
            continue
        around = _look_around(session, prop, wanted, instant)
        for node in wanted:
            along += _steps(node, around)
    return along


def _look_around(
    session: Session, prop: RelationshipProperty[Any], nodes: Sequence[Node], instant: Instant
) -> Around:
    entry = nodes[0].entry
    then = surroundings(session, entry, [node.version for node in nodes], prop.key, instant)
    live_nodes = [node.live for node in nodes if node.live is not None]
    preload(session, live_nodes, [prop.key])
    now = {
        entry.key_of(node.version): [] if node.live is None else current(session, node.live, prop)
        for node in nodes
    }
    known = {key for found in now.values() for key in by_key(found, prop.mapper)}
    wanted = {key_of(each, prop.mapper) for found in then.values() for each in found}
    live = load(session, prop.mapper, wanted - known)
    for found in now.values():
        live.update(by_key(found, prop.mapper))
    return Around(prop, nodes, then, now, live)


def _steps(node: Node, around: Around) -> Iterable[Node]:
    prop, key = around.prop, node.entry.key_of(node.version)
    then = by_key(around.then.get(key, ()), prop.mapper)
    now = by_key(around.now.get(key, ()), prop.mapper)
    many = prop.direction is MANYTOMANY
    for other, target in then.items():
        live = around.live.get(other)
        if other in now:
            if node.paths is not None and _is_version(node, prop, target):
                yield _follow(node, prop, target, live)
            continue
        if live is None and not _is_version(node, prop, target):
            # a target without a history that is gone: the link had nothing left to point to
            node.impossible.append(_lost(prop.key, other))
            continue
        kind = RelationKind.LINK if many else RelationKind.RELINK
        if live is None:
            kind = RelationKind.RECREATE
        step = RelationStep(
            id=f"{node.prefix}{prop.key}+{text_of_key(other)}",
            relationship=prop.key,
            kind=kind,
            target=target if live is None else live,
            key=other,
            ticked=True,
        )
        node.steps.append(step)
        if live is None:
            yield Node(
                versioned(target), target, None, _below(node, prop.key, recreated=True), step.id
            )
        elif node.paths is not None and node.paths.get(prop.key) is not None and not many:
            yield _follow(node, prop, target, live, via=step.id)
    gained = [other for other in now if other not in then]
    kind = removal(prop)
    # one takes the other's place: both are done, or where that deletes one, both are asked for
    replaced = not prop.uselist and bool(gained) and bool(then)
    if replaced and kind is RelationKind.REMOVE:
        node.steps = [
            replace(step, ticked=step.ticked and step.relationship != prop.key)
            for step in node.steps
        ]
    for other in gained:
        node.steps.append(
            RelationStep(
                id=f"{node.prefix}{prop.key}-{text_of_key(other)}",
                relationship=prop.key,
                kind=kind,
                target=now[other],
                key=other,
                ticked=many or (replaced and kind is not RelationKind.REMOVE),
            )
        )


def removal(prop: RelationshipProperty[Any]) -> RelationKind:
    """Return what it means to take a record out of a relationship: deleting it, or only that."""
    if prop.direction is MANYTOMANY:
        return RelationKind.UNLINK
    orphans = prop.cascade.delete_orphan or prop.cascade.delete
    required = any(not remote.nullable for _, remote in prop.synchronize_pairs)
    return RelationKind.REMOVE if orphans or required else RelationKind.UNLINK


def _follow(
    node: Node, prop: RelationshipProperty[Any], target: Any, live: Any, via: str | None = None
) -> Node:
    step = via or f"{node.prefix}{prop.key}={text_of_key(key_of(target, prop.mapper))}"
    return Node(versioned(target), target, live, _below(node, prop.key, recreated=False), step)


def _below(node: Node, name: str, *, recreated: bool) -> Paths | None:
    """Return the paths to follow from a related record."""
    if node.paths is None:
        return None if recreated else {}
    return node.paths.get(name, {})


def _is_version(node: Node, prop: RelationshipProperty[Any], target: Any) -> bool:
    goal = registry_of(node.entry).entries.get(prop.mapper.class_)
    return goal is not None and isinstance(target, goal.version_class)


def _lost(name: str, key: Key) -> Impossible:
    shown = ", ".join(str(value) for value in key)
    return Impossible(
        name,
        Reason.MISSING_TARGET,
        f"“{name}” pointed to {shown}, which is gone and has no history to be recreated from.",
    )


def _parents(
    session: Session, prop: RelationshipProperty[Any], nodes: Sequence[Node], instant: Instant
) -> list[Node]:
    """Follow a many-to-one relationship whose path was asked for: the parent changes too.

    Whether the parent is there at all is a matter of the foreign key (:mod:`.targets`).
    """
    asked = [node for node in nodes if node.paths is not None]
    goal = registry_of(nodes[0].entry).entries.get(prop.mapper.class_)
    if goal is None or not asked:
        return []
    by_target: dict[Key, list[Node]] = defaultdict(list)
    local = [nodes[0].entry.mapper.get_property_by_column(c).key for c, _ in _pairs(prop)]
    for node in asked:
        key = tuple(getattr(node.version, name) for name in local)
        if None not in key:
            by_target[key].append(node)
    remote = tuple(goal.mapper.get_property_by_column(c).key for _, c in _pairs(prop))
    if remote != goal.key_attributes:
        return []
    live = load(session, goal.mapper, by_target)
    versions = versions_then(session, goal, live, instant)
    return [
        _follow(by_target[key][0], prop, version, live[key]) for key, version in versions.items()
    ]


def _pairs(prop: RelationshipProperty[Any]) -> list[tuple[Any, Any]]:
    assert prop.local_remote_pairs is not None
    return list(prop.local_remote_pairs)
