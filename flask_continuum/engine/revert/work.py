"""Does what was chosen of a plan to live objects, in an order that foreign keys allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import MANYTOONE, Session
from sqlalchemy.orm.collections import collection_adapter

from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.revert.choice import Chosen
from flask_continuum.engine.revert.live import Place, load, place
from flask_continuum.engine.revert.nothings import nulls
from flask_continuum.engine.revert.order import Deferred, in_order
from flask_continuum.engine.revert.rekeying import change_keys
from flask_continuum.engine.revert.steps import Action, RelationKind, RelationStep
from flask_continuum.engine.revert.targets import references
from flask_continuum.engine.revert.unique import Held


class Work:
    """Carries out chosen parts of a plan; made for one use.

    :param chosen: records with what is wanted of each, the ones asked for first.
    """

    def __init__(self, session: Session, chosen: Sequence[Chosen]) -> None:
        self._session = session
        self._chosen = chosen
        self._objects: dict[Place, Any] = {}
        self._nulls: set[tuple[Place, str]] = set()
        self._done: set[str] = set()
        self._gone: set[Place] = set()
        self._load_live()

    @property
    def objects(self) -> Mapping[Place, Any]:
        """The live objects that the plan is about."""
        return self._objects

    def carry_out(self, *, flush: bool, held: Sequence[Held] = ()) -> list[Any]:
        """Do it, and return the live objects in the plan's order, without deleted ones.

        :param flush: write each step before the next, as foreign keys need it that no
            relationship tells the ORM about.
        :param held: values that must be unique and that one record gives up for another.
        """
        self._nulls = nulls(self._session, self._chosen)
        if flush:
            self._make_room(held)
        deferred = self._recreate(flush=flush)
        if flush:
            change_keys(self._session, self._of(Action.CHANGE), self._objects, self._set_flushed)
        for each in self._of(Action.CHANGE):
            self._set_fields(each, self._objects[self._place(each)], flush=flush)
        for instance, key, value in deferred:
            setattr(instance, key, self._resolved(instance, key, value))
        for each in self._chosen:
            if each.record.action is not Action.DELETE:
                for step in each.relations:
                    self._relate(self._objects[self._place(each)], step)
        if flush:
            self._session.flush()
        self._delete(flush=flush)
        if flush:
            self._session.flush()
        return [
            self._objects[self._place(each)]
            for each in self._chosen
            if each.record.action is not Action.DELETE
        ]

    def _of(self, action: Action) -> list[Chosen]:
        return [each for each in self._chosen if each.record.action is action]

    def _place(self, each: Chosen) -> Place:
        return place(each.record.model, each.record.key)

    def _load_live(self) -> None:
        """Load every object that is concerned, one statement for each class."""
        wanted: dict[type[Any], list[Key]] = {}
        for each in self._chosen:
            if each.record.action is not Action.RECREATE:
                wanted.setdefault(each.record.model, []).append(each.record.key)
        with self._session.no_autoflush:
            for model, keys in wanted.items():
                for key, live in load(self._session, sa.inspect(model), keys).items():
                    self._objects[place(model, key)] = live

    # -- values that pass from one record to another -----------------------------------------------

    def _make_room(self, held: Sequence[Held]) -> None:
        """Take out of the way what another record is to have, or to be in the place of."""
        for each in self._of(Action.CHANGE):
            owner = self._objects[self._place(each)]
            for step in each.relations:
                if step.kind not in (RelationKind.REMOVE, RelationKind.UNLINK):
                    continue
                if not sa.inspect(type(owner)).relationships[step.relationship].uselist:
                    self._relate(owner, step)
        self._session.flush()
        waiting = {one.place: {e for e in held if e.claim.record == one.place} for one in held}
        parts = {self._place(each): each for each in self._chosen}
        while waiting:
            free = [
                w for w, claims in waiting.items() if not any(c.place in waiting for c in claims)
            ]
            for where in free or list(waiting):
                del waiting[where]
                if where in parts:
                    self._release(parts[where], [e for e in held if e.place == where])
            self._session.flush()

    def _release(self, each: Chosen, held: Sequence[Held]) -> None:
        if each.record.action is Action.DELETE:
            self._remove(each)
            return
        names = {name for one in held for name in one.claim.fields}
        early = tuple(step for step in each.fields if step.key in names and step.needs is None)
        self._set_fields(replace(each, fields=early), self._objects[self._place(each)], flush=True)

    # -- records ---------------------------------------------------------------------------------

    def _recreate(self, *, flush: bool) -> list[tuple[Any, str, Any]]:
        """Make the records that come back, those first that others point to.

        :returns: fields that could not be set yet, because records point to each other.
        """
        later: list[tuple[Any, str, Any]] = []
        for rank in in_order(self._of(Action.RECREATE)):
            for item in rank:
                instance = self._make(item, later)
                self._objects[self._place(item.chosen)] = instance
                self._session.add(instance)
            if flush:
                self._session.flush()
        return later

    def _make(self, item: Deferred, later: list[tuple[Any, str, Any]]) -> Any:
        each = item.chosen
        mapper = versioned(each.record.version).mapper
        # without __init__, which may ask for what history does not know
        instance = mapper.class_manager.new_instance()
        entry = versioned(each.record.model)
        if isinstance(mapper.polymorphic_on, sa.Column):
            discriminator = mapper.get_property_by_column(mapper.polymorphic_on).key
            setattr(instance, discriminator, mapper.polymorphic_identity)
        if each.record.keeps_key:
            for name, value in zip(entry.key_attributes, each.record.key, strict=True):
                setattr(instance, name, self._resolved(instance, name, value))
        for step in each.fields:
            if (self._place(each), step.key) in self._nulls:
                continue  # left out, it becomes NULL
            if step.key in item.later:
                later.append((instance, step.key, step.then))
            elif step.needs is None or self._is_there(each, step.key, step.then):
                setattr(instance, step.key, self._resolved(instance, step.key, step.then))
        return instance

    def _set_flushed(self, each: Chosen, live: Any) -> None:
        self._set_fields(each, live, flush=True)

    def _set_fields(self, each: Chosen, live: Any, *, flush: bool) -> None:
        taken = {step.id for step in each.relations}
        entry = versioned(each.record.model)
        names = {step.key for step in each.fields if step.needs is None or step.needs in taken}
        for step in each.fields:
            if step.key in names:
                value = self._resolved(live, step.key, step.then)
                if flush and (self._place(each), step.key) in self._nulls:
                    value = sa.null()
                setattr(live, step.key, value)
        self._forget_targets(live, entry.mapper, names)

    def _forget_targets(self, live: Any, mapper: Any, names: set[str]) -> None:
        """Have many-to-one relationships loaded anew whose foreign key was set."""
        stale = [
            prop.key
            for prop in mapper.relationships
            if prop.direction is MANYTOONE
            and names & {mapper.get_property_by_column(column).key for column in prop.local_columns}
        ]
        if stale and sa.inspect(live).persistent:
            self._session.expire(live, stale)

    def _is_there(self, each: Chosen, key: str, value: Any) -> bool:
        """Tell whether the target of a foreign key has been recreated."""
        for reference in references(versioned(each.record.model)):
            if key in reference.fields and reference.target is not None:
                values = {step.key: step.then for step in each.fields}
                target = reference.value(values)
                return target is not None and place(reference.target.model, target) in self._objects
        return False

    def _resolved(self, instance: Any, key: str, value: Any) -> Any:
        """Return what a foreign key must be now: its target may have a new key."""
        if value is None:
            return None
        entry = versioned(type(instance))
        for reference in references(entry):
            if key not in reference.fields or reference.target is None:
                continue
            if len(reference.fields) == 1:
                target = self._objects.get(place(reference.target.model, (value,)))
                if target is not None:
                    (name,) = reference.target.key_attributes
                    return getattr(target, name)
        return value

    def _delete(self, *, flush: bool) -> None:
        """Delete what is to go, those first that point to others."""
        for number, rank in enumerate(reversed(list(in_order(self._of(Action.DELETE))))):
            for item in rank:
                live = self._objects.get(self._place(item.chosen))
                if flush and number and live is not None and sa.inspect(live).persistent:
                    # its collections may hold what an earlier rank has deleted
                    self._session.expire(live, list(sa.inspect(type(live)).relationships.keys()))
                self._remove(item.chosen)
            if flush:
                self._session.flush()

    def _remove(self, each: Chosen) -> None:
        where = self._place(each)
        live = self._objects.get(where)
        if live is None or where in self._gone:
            return
        self._gone.add(where)
        for step in each.relations:
            if step.kind is RelationKind.REMOVE:
                self._session.delete(self._target(step, live))
        self._session.delete(live)

    # -- relationships ---------------------------------------------------------------------------

    def _target(self, step: RelationStep, owner: Any) -> Any:
        """Return the live object that a step is about."""
        prop = sa.inspect(type(owner)).relationships[step.relationship]
        made = self._objects.get(place(prop.mapper.class_, step.key))
        if made is not None:
            return made
        if isinstance(step.target, prop.mapper.class_):
            return step.target
        found = load(self._session, prop.mapper, [step.key])
        return found[step.key]

    def _relate(self, owner: Any, step: RelationStep) -> None:
        relationships = sa.inspect(type(owner)).relationships
        if step.relationship not in relationships:
            return  # a foreign key without a relationship: setting the field was all
        if step.id in self._done:
            return
        self._done.add(step.id)
        prop = relationships[step.relationship]
        match step.kind:
            case RelationKind.RECREATE | RelationKind.RELINK | RelationKind.LINK:
                if prop.direction is not MANYTOONE:
                    put(owner, prop, self._target(step, owner))
            case RelationKind.UNLINK:
                take(owner, prop, self._target(step, owner))
            case RelationKind.REMOVE:
                target = self._target(step, owner)
                take(owner, prop, target)
                self._session.delete(target)


def put(owner: Any, prop: Any, target: Any) -> None:
    """Add an object to a relationship of many, whatever its collection, or set the one."""
    if prop.lazy in ("dynamic", "write_only"):
        getattr(owner, prop.key).add(target)
    elif prop.uselist:
        collection = getattr(owner, prop.key)
        adapter = collection_adapter(collection)
        if not _holds(adapter, target):
            adapter.append_with_event(target)
    else:
        setattr(owner, prop.key, target)


def take(owner: Any, prop: Any, target: Any) -> None:
    """Take an object out of a relationship, if it is in it."""
    if prop.lazy in ("dynamic", "write_only"):
        getattr(owner, prop.key).remove(target)
    elif prop.uselist:
        adapter = collection_adapter(getattr(owner, prop.key))
        if _holds(adapter, target):
            adapter.remove_with_event(target)
    elif getattr(owner, prop.key) is target:
        setattr(owner, prop.key, None)


def _holds(collection: Any, target: Any) -> bool:
    """Tell whether a collection holds an object itself: dataclasses are equal by value."""
    return any(each is target for each in collection)
