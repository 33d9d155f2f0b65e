"""What of a plan is wanted: fields, relation steps, whole records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_continuum.engine.revert.steps import (
    Action,
    FieldStep,
    RecordPlan,
    RelationStep,
    State,
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """One record of a plan, with what is wanted of it."""

    record: RecordPlan
    fields: tuple[FieldStep, ...]
    relations: tuple[RelationStep, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be done."""
        changes = self.record.action is Action.CHANGE
        return changes and not self.fields and not self.relations


def choose(
    records: Sequence[RecordPlan],
    along: Sequence[RecordPlan],
    fields: Mapping[Any, Collection[str]] | Collection[str] | None,
    relations: Collection[str] | None,
) -> list[Chosen]:
    """Return what is wanted of a plan.

    :param fields: field keys by place or key of a record, or for one record the keys alone;
        ``None`` for all that is no conflict.
    :param relations: ids of relation steps; ``None`` for the ticked ones.
    :raises ValueError: when a field, a record or a step is named that the plan does not have.
    """
    by_record = _by_record(records, fields)
    wanted = None if relations is None else set(relations)
    chosen = []
    for place, record in enumerate(records):
        own = None if by_record is None else by_record.get(place)
        if by_record is not None and own is None:
            continue
        if own is None and record.state is State.CONFLICT and not _asked(record, wanted):
            continue
        if record.state is State.DONE:
            continue
        chosen.append(Chosen(record, _fields(record, own), _relations(record, wanted)))
    taken = {step.id for each in chosen for step in each.relations}
    for record in along:
        # along a path that was asked for, records follow without a step of their own
        followed = record.via is not None and "=" in record.via.rsplit("/", 1)[-1]
        if record.via in taken or (followed and _parent(record.via) in {*taken, ""}):
            each = Chosen(record, _fields(record, None), _relations(record, wanted, below=True))
            chosen.append(each)
            taken |= {step.id for step in each.relations} | {record.via or ""}
    _check(records, along, chosen, wanted)
    return [each for each in chosen if not each.is_empty]


def _parent(via: str | None) -> str:
    return (via or "").rpartition("/")[0]


def _asked(record: RecordPlan, wanted: set[str] | None) -> bool:
    """Tell whether a conflicting deletion was asked for by ticking what goes with it."""
    needed = {step.id for step in record.relations if step.state is State.CONFLICT}
    return bool(needed) and wanted is not None and needed <= wanted


def _by_record(
    records: Sequence[RecordPlan], fields: Mapping[Any, Collection[str]] | Collection[str] | None
) -> dict[int, frozenset[str]] | None:
    if fields is None:
        return None
    if not isinstance(fields, Mapping):
        if isinstance(fields, str) or len(records) != 1:
            raise ValueError(
                "For a plan of several records, fields is a mapping from the place or key of a "
                "record to its field keys."
            )
        fields = {0: fields}
    places = {record.key: place for place, record in enumerate(records)}
    found: dict[int, frozenset[str]] = {}
    for name, keys in fields.items():
        place = places.get(name) if isinstance(name, tuple) else name
        if not isinstance(place, int) or not 0 <= place < len(records):
            raise ValueError(f"The plan has no record {name!r}.")
        unknown = set(keys) - {step.key for step in records[place].fields}
        if unknown:
            raise ValueError(
                f"The plan would not set {', '.join(sorted(unknown))} of "
                f"{records[place].model.__name__} {records[place].key}."
            )
        found[place] = frozenset(keys)
    return found


def _fields(record: RecordPlan, own: frozenset[str] | None) -> tuple[FieldStep, ...]:
    if own is None:
        return tuple(step for step in record.fields if step.state is State.CLEAN)
    return tuple(step for step in record.fields if step.key in own)


def _relations(
    record: RecordPlan, wanted: set[str] | None, *, below: bool = False
) -> tuple[RelationStep, ...]:
    if wanted is None:
        return tuple(step for step in record.relations if step.ticked)
    return tuple(step for step in record.relations if step.id in wanted or (below and step.ticked))


def _check(
    records: Sequence[RecordPlan],
    along: Sequence[RecordPlan],
    chosen: Sequence[Chosen],
    wanted: set[str] | None,
) -> None:
    known = {step.id for record in (*records, *along) for step in record.relations}
    unknown = (wanted or set()) - known
    if unknown:
        raise ValueError(f"The plan has no relation steps {', '.join(sorted(unknown))}.")
