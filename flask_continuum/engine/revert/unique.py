"""Values that must be unique: who has those that a plan would set, before anything is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.read.keys import Key, among, chunks
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.registry import VersionedClass, VersionedTable
from flask_continuum.engine.revert.live import Place, load, place
from flask_continuum.engine.revert.steps import (
    Action,
    FieldStep,
    RecordPlan,
    RelationKind,
    RelationStep,
    Taken,
)

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """Values that a record would have and no other one may have.

    :ivar record: the record, with its place.
    :ivar fields: the attributes that must be unique together, ``new`` those that would be set.
    """

    record: Place
    model: type[Any]
    fields: tuple[str, ...]
    values: Key
    new: frozenset[str]


@dataclass(frozen=True, slots=True)
class Held:
    """A claim to values that another record has."""

    claim: Claim
    holder: Key

    @property
    def place(self) -> Place:
        """The other record."""
        return place(self.claim.model, self.holder)

    @property
    def taken(self) -> Taken:
        """What a plan says about it."""
        return Taken(self.claim.fields, self.claim.values, (self.claim.model, self.holder))


def claims(record: RecordPlan, steps: Sequence[FieldStep], live: Any | None) -> Iterator[Claim]:
    """Yield what must be unique of what would be set.

    :param live: the record now, for parts of a combination that stay.
    """
    if record.action is Action.DELETE:
        return
    entry = versioned(record.version)
    own = {step.key: step.then for step in steps}
    thing = record.version if live is None else live

    def stays(name: str) -> bool:
        # what is left out of a record that comes back is empty, or gets its default
        return record.action is not Action.RECREATE or name in entry.key_attributes

    for _, fields in unique_sets(entry):
        if record.action is Action.CHANGE and not own.keys() & set(fields):
            continue
        if record.action is Action.RECREATE and set(fields) <= set(entry.key_attributes):
            continue  # whose key it is, is known
        values = tuple(
            own[name] if name in own else getattr(thing, name) if stays(name) else None
            for name in fields
        )
        if None not in values and all(isinstance(value, Hashable) for value in values):
            where = place(record.model, record.key)
            new = frozenset(own.keys() & set(fields))
            yield Claim(where, entry.model, fields, values, new)


def held(session: Session, wanted: Iterable[Claim]) -> list[Held]:
    """Return the claims to values that other records have now.

    One statement for each set of unique columns, and every few hundred values.
    """
    groups: dict[tuple[type[Any], tuple[str, ...]], list[Claim]] = defaultdict(list)
    for claim in wanted:
        groups[claim.model, claim.fields].append(claim)
    found = []
    for (model, fields), group in groups.items():
        entry = versioned(model)
        table = next(own for own, names in unique_sets(entry) if names == fields)
        columns = [entry.attributes[name] for name in fields]
        for chunk in chunks(claim.values for claim in group):
            statement = sa.select(*table.key, *columns).where(among(columns, chunk))
            rows = session.execute(statement, bind_arguments={"mapper": entry.mapper})
            holders = {tuple(row[-len(fields) :]): tuple(row[: -len(fields)]) for row in rows}
            found += [
                Held(claim, holders[claim.values])
                for claim in group
                if claim.values in holders and place(model, holders[claim.values]) != claim.record
            ]
    return found


def unique_sets(entry: VersionedClass) -> Iterator[tuple[VersionedTable, tuple[str, ...]]]:
    """Yield the attributes of each set of columns that must be unique, the key among them."""
    by_column = {column: key for key, column in entry.attributes.items()}
    yield entry.table, entry.key_attributes
    for own in entry.tables:
        sets = [list(c.columns) for c in own.live.constraints if isinstance(c, sa.UniqueConstraint)]
        sets += [list(index.columns) for index in own.live.indexes if index.unique]
        for columns in sets:
            if all(column in by_column for column in columns):
                yield own, tuple(by_column[column] for column in columns)


def releases(
    parts: Iterable[tuple[RecordPlan, Sequence[FieldStep], Sequence[RelationStep]]],
) -> dict[Place, Set[str] | None]:
    """Return the records that give up values: which fields, ``None`` for all."""
    found: dict[Place, Set[str] | None] = {}
    for record, fields, relations in parts:
        where = place(record.model, record.key)
        found[where] = None if record.action is Action.DELETE else {step.key for step in fields}
        mapper = sa.inspect(record.model)
        for step in relations:
            if step.kind in (RelationKind.REMOVE, RelationKind.UNLINK):
                target = mapper.relationships[step.relationship].mapper.class_
                found[place(target, step.key)] = None
    return found


def gives_up(given_up: Mapping[Place, Set[str] | None], each: Held) -> bool:
    """Tell whether the record that has the claimed values gives them up in the same plan."""
    if each.place not in given_up:
        return False
    fields = given_up[each.place]
    return fields is None or bool(fields & set(each.claim.fields))


def with_taken(
    session: Session, made: Sequence[RecordPlan], along: Sequence[RecordPlan]
) -> tuple[list[RecordPlan], list[RecordPlan]]:
    """Return a plan's records with the unique values that others have by now."""
    records = (*made, *along)
    lives = _lives(session, [record for record in records if _mixes(record)])
    wanted = [
        claim
        for record in records
        for claim in claims(record, record.fields, lives.get(place(record.model, record.key)))
    ]
    given_up = releases((record, record.fields, record.relations) for record in records)
    taken: dict[Place, list[Taken]] = defaultdict(list)
    for each in held(session, wanted):
        if not gives_up(given_up, each):
            taken[each.claim.record].append(each.taken)

    def told(record: RecordPlan) -> RecordPlan:
        found = taken.get(place(record.model, record.key))
        return replace(record, taken=tuple(found)) if found else record

    return [told(record) for record in made], [told(record) for record in along]


def _mixes(record: RecordPlan) -> bool:
    """Tell whether of columns that must be unique together only some would be set."""
    own = {step.key for step in record.fields}
    return record.action is Action.CHANGE and any(
        own & set(fields) and not set(fields) <= own
        for _, fields in unique_sets(versioned(record.version))
    )


def _lives(session: Session, records: Sequence[RecordPlan]) -> dict[Place, Any]:
    """Return some records as they are now: what is not set may have changed since a version."""
    keys: dict[type[Any], list[Key]] = defaultdict(list)
    for record in records:
        keys[record.model].append(record.key)
    return {
        place(model, key): live
        for model, wanted in keys.items()
        for key, live in load(session, sa.inspect(model), wanted).items()
    }
