"""What a deletion takes with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from typing import Any

from sqlalchemy.orm import ONETOMANY, Mapper, Session

from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.revert.live import (
    Place,
    by_key,
    current,
    key_of,
    place,
    preload,
    text_of_key,
)
from flask_continuum.engine.revert.related import removal
from flask_continuum.engine.revert.steps import RelationKind, RelationStep, State


def dependents(
    session: Session,
    mapper: Mapper[Any],
    objects: Sequence[Any],
    *,
    leaving: Set[Place],
    prefix: str = "",
) -> Mapping[Key, list[RelationStep]]:
    """Return what hangs on some live records of one class that are about to be deleted.

    A related record that would be deleted with them has to be asked for: its step is never
    ticked, and without it the deletion is refused. One that is only let go is ticked.

    :param leaving: records that are deleted anyway.
    :param prefix: what the ids of the steps begin with.
    :returns: the steps by key of the record; one statement for each relationship.
    """
    found: dict[Key, list[RelationStep]] = defaultdict(list)
    for prop in mapper.relationships:
        if prop.direction is not ONETOMANY or prop.viewonly or prop.key == "versions":
            continue
        preload(session, objects, [prop.key])
        kind = removal(prop)
        for each in objects:
            for key, target in by_key(current(session, each, prop), prop.mapper).items():
                if place(prop.mapper.class_, key) in leaving:
                    continue
                goes = kind is RelationKind.REMOVE
                found[key_of(each, mapper)].append(
                    RelationStep(
                        id=f"{prefix}{prop.key}-{text_of_key(key)}",
                        relationship=prop.key,
                        kind=kind,
                        target=target,
                        key=key,
                        ticked=not goes,
                        state=State.CONFLICT if goes else State.CLEAN,
                    )
                )
    return found
