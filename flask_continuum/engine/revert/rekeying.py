"""Keys that are changed back: what follows them by itself is found under its new key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.revert.choice import Chosen
from flask_continuum.engine.revert.live import Place, load, place
from flask_continuum.engine.revert.targets import references


def change_keys(
    session: Session,
    chosen: Sequence[Chosen],
    objects: dict[Place, Any],
    set_fields: Callable[[Chosen, Any], None],
) -> None:
    """Change the keys of records, those first that others refer to.

    Where the database has changed the keys of others with them (``ON UPDATE CASCADE``), these
    are looked up again: the session knows them by keys that are no more.

    :param objects: the live objects; those found under their new key take their place.
    """
    changing = [each for each in chosen if _changes_key(each)]
    followers = [each for each in changing if _follows(each)]
    for each in changing:
        if each in followers:
            continue
        live = objects[place(each.record.model, each.record.key)]
        session.expire(live, list(sa.inspect(type(live)).relationships.keys()))
        set_fields(each, live)
    session.flush()
    by_model: dict[type[Any], list[Chosen]] = defaultdict(list)
    for each in followers:
        by_model[each.record.model].append(each)
    for model, group in by_model.items():
        found = load(session, sa.inspect(model), [_new_key(each) for each in group])
        for each in group:
            moved = found.get(_new_key(each))
            where = place(model, each.record.key)
            if moved is not None and moved is not objects[where]:
                session.expunge(objects[where])
                objects[where] = moved


def _changes_key(each: Chosen) -> bool:
    return _new_key(each) != each.record.key


def _new_key(each: Chosen) -> Key:
    names = versioned(each.record.model).key_attributes
    new = {step.key: step.then for step in each.fields}
    return tuple(new.get(name, part) for name, part in zip(names, each.record.key, strict=True))


def _follows(each: Chosen) -> bool:
    """Tell whether a key changes only in what refers to other records."""
    entry = versioned(each.record.model)
    changing = {step.key for step in each.fields} & set(entry.key_attributes)
    return changing <= {name for reference in references(entry) for name in reference.fields}
