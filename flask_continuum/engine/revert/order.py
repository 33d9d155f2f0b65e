"""Puts records into an order in which their foreign keys can be written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.revert.choice import Chosen
from flask_continuum.engine.revert.live import Place, place
from flask_continuum.engine.revert.targets import Reference, references


@dataclass(frozen=True, slots=True)
class Deferred:
    """A record in order.

    :ivar later: fields that have to wait until all records are there: records that point to each
        other cannot both come first.
    """

    chosen: Chosen
    later: frozenset[str] = frozenset()


def in_order(chosen: Sequence[Chosen]) -> Iterator[list[Deferred]]:
    """Yield ranks of records: each points only to records of earlier ranks, or outside.

    Where records point to each other in a circle, one whose foreign keys may be empty goes first
    with these left for later.
    """
    waiting = {place(each.record.model, each.record.key): each for each in chosen}
    targets = {where: _targets(each, waiting) for where, each in waiting.items()}
    while waiting:
        ready = [where for where in waiting if not any(t in waiting for t, _ in targets[where])]
        if ready:
            yield [Deferred(waiting[where]) for where in ready]
            for where in ready:
                del waiting[where]
            continue
        where, fields = _break(waiting, targets)
        yield [Deferred(waiting.pop(where), fields)]


def _targets(each: Chosen, waiting: dict[Place, Chosen]) -> list[tuple[Place, Reference]]:
    """Return the records of the same work that a record points to."""
    entry = versioned(each.record.model)
    values = {name: getattr(each.record.version, name) for name in entry.attributes}
    values.update((step.key, step.then) for step in each.fields)
    own = place(each.record.model, each.record.key)
    found = []
    for reference in references(entry):
        value = reference.value(values)
        if reference.target is None or value is None:
            continue
        where = place(reference.target.model, value)
        if where in waiting and where != own:
            found.append((where, reference))
    return found


def _break(
    waiting: dict[Place, Chosen], targets: dict[Place, list[tuple[Place, Reference]]]
) -> tuple[Place, frozenset[str]]:
    """Choose the record with which a circle is opened."""
    for where in waiting:
        blocking = [reference for target, reference in targets[where] if target in waiting]
        if all(reference.optional for reference in blocking):
            return where, frozenset(f for reference in blocking for f in reference.fields)
    # every foreign key is required: the database has to check them at the end, or refuses
    return next(iter(waiting)), frozenset()
