"""Takes back what a transaction did to many-to-many relationships: the steps of an undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.links import Link, links_of
from flask_continuum.engine.read.results import Entry, LinkChange
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.live import (
    Place,
    current,
    key_of,
    load,
    place,
    text_of_key,
)
from flask_continuum.engine.revert.steps import RelationKind, RelationStep, State


def link_steps(
    session: Session,
    entry: VersionedClass,
    entries: Mapping[Place, Entry],
    live: Mapping[Place, Any],
    coming: set[Place],
) -> dict[Place, list[RelationStep]]:
    """Return the steps that take back what the transaction did to many-to-many relationships."""
    found: dict[Place, list[RelationStep]] = {}
    for link in links_of(entry):
        if not link.owned:
            continue
        changes = {
            where: change
            for where, each in entries.items()
            for change in each.links
            if change.relationship == link.relationship
        }
        mapper = entry.mapper.relationships[link.relationship].mapper
        targets = load(
            session,
            mapper,
            {key_of(t, mapper) for c in changes.values() for t in _those(link, c)},
        )
        for where, change in changes.items():
            owner = live.get(where)
            found.setdefault(where, []).extend(
                _link_steps(session, entry, link, change, owner, targets, coming)
            )
    return found


def _those(link: Link, change: LinkChange) -> list[Any]:
    """Return the targets of a change whose key is known in full."""
    classes = (
        link.target,
        *(() if link.target_entry is None else (link.target_entry.version_class,)),
    )
    return [each for each in (*change.added, *change.removed) if isinstance(each, classes)]


def _link_steps(
    session: Session,
    entry: VersionedClass,
    link: Link,
    change: LinkChange,
    owner: Any | None,
    targets: Mapping[Key, Any],
    coming: set[Place],
) -> list[RelationStep]:
    prop = entry.mapper.relationships[link.relationship]
    linked = set()
    if owner is not None:
        linked = {key_of(each, prop.mapper) for each in current(session, owner, prop)}
    steps = []
    for target in _those(link, change):
        key = key_of(target, prop.mapper)
        added = target in change.added
        if added and owner is None:
            continue
        reachable = key in targets or place(link.target, key) in coming
        done = (key in linked) != added if reachable else True
        steps.append(
            RelationStep(
                id=f"{link.relationship}{'-' if added else '+'}{text_of_key(key)}",
                relationship=link.relationship,
                kind=RelationKind.UNLINK if added else RelationKind.LINK,
                target=targets.get(key, target),
                key=key,
                ticked=not done,
                state=State.DONE if done else State.CLEAN,
            )
        )
    return steps
