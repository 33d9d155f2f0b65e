"""Values that a plan cannot go on without, and what people have typed in for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_continuum.admin.plans import root_of
from flask_continuum.admin.typed import BadInput, Typed, typed_field
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.fields import has_default
from flask_continuum.engine.revert.plan import Plan
from flask_continuum.engine.revert.steps import Action, Reason, RecordPlan, State, Taken
from flask_continuum.presenters.words import _

SHOWN = 100
"""Values that a page asks for; what a plan needs beyond them is told when it is applied."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value that may be typed in.

    :ivar name: what the plan's ``values`` call it.
    :ivar taken: what another record has by now; ``None`` where history does not know the value.
    :ivar root: the relation step that the record comes along with, empty for one of the plan's own.
    :ivar required: the record cannot be written without it.
    :ivar told: false where who has the value may not be known here: it is asked for only when
        the plan was refused because of it.
    """

    name: str
    key: str
    record: RecordPlan
    typed: Typed
    taken: Taken | None = None
    root: str = ""
    required: bool = True
    told: bool = True

    @property
    def new_fields(self) -> frozenset[str]:
        """The fields to be set that must be unique together, of which this is one."""
        together = set() if self.taken is None else set(self.taken.fields)
        return frozenset(together & {step.key for step in self.record.fields})


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed in.

    :ivar values: by the names that the plan's ``values`` have.
    :ivar errors: by the same names, what is wrong with what was typed in.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def keys_of(self, record: RecordPlan) -> set[str]:
        """The fields of a record that a value is given for."""
        start = len(record.prefix)
        return {name[start:] for name in self.values if name.startswith(record.prefix)}


def wanted_values(visit: Visit, plan: Plan, whole: Plan) -> tuple[Wanted, ...]:
    """What a plan asks for, and other values for those that another record has.

    :param plan: with only what the person may do.
    :param whole: the plan as it was made, with what is not told.
    """
    untold = {(record.model, record.key): record.taken for record in (*whole.records, *whole.along)}
    found: dict[str, Wanted] = {}
    for record in (*plan.records, *plan.along):
        if record.state is State.DONE or record.action is Action.DELETE:
            continue
        for each in _of_record(visit, plan, record, untold[record.model, record.key]):
            found.setdefault(each.name, each)
    return tuple(found.values())[:SHOWN]


def to_show(
    wanted: Iterable[Wanted], texts: Mapping[str, str], *, untold: bool
) -> tuple[Wanted, ...]:
    """Those that a page asks for.

    :param texts: what was typed in before.
    :param untold: with those that are asked for after a refusal only.
    """
    return tuple(each for each in wanted if each.told or untold or each.name in texts)


def locked_fields(wanted: Iterable[Wanted], record: RecordPlan) -> frozenset[str]:
    """The fields of a record that cannot be what they were, as another record has their value."""
    return frozenset(
        each.key
        for each in wanted
        if each.record is record and each.taken and each.told and len(each.new_fields) == 1
    )


def read_values(
    wanted: Iterable[Wanted], texts: Mapping[str, str], is_chosen: Callable[[Wanted], bool]
) -> Given:
    """Read what was typed in for what is to be done.

    :param texts: what was typed in, by the names of the values.
    :param is_chosen: tells whether what a value is for is to be done.
    """
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for each in wanted:
        text = texts.get(each.name, "")
        if not is_chosen(each):
            continue
        if not text.strip():
            if each.required:
                errors[each.name] = _("Fill this in.")
            continue
        try:
            values[each.name] = each.typed.read(text)
        except BadInput as error:
            errors[each.name] = str(error)
    return Given(values, errors)


def _of_record(
    visit: Visit, plan: Plan, record: RecordPlan, all_taken: Iterable[Taken]
) -> Iterator[Wanted]:
    versioned = visit.registry.of(record.model)
    root = root_of(record.via) if record.via else ""
    for each in record.impossible:
        if each.reason is Reason.REQUIRED_NOT_RECORDED:
            kind = typed_field(versioned, each.key, visit.zone)
            if kind is not None:
                yield Wanted(record.prefix + each.key, each.key, record, kind, root=root)
    steps = {step.key: step for step in record.fields}
    for taken in all_taken:
        told = taken in record.taken
        new = [key for key in taken.fields if key in steps]
        for key in new:
            kind = typed_field(versioned, key, visit.zone)
            if kind is None:
                continue
            is_left_out = plan.kind != "undo" and not root and _may_stay_out(versioned, record, key)
            yield Wanted(
                record.prefix + key,
                key,
                record,
                kind,
                taken,
                root,
                required=told and len(new) == 1 and not is_left_out,
                told=told,
            )


def _may_stay_out(versioned: VersionedClass, record: RecordPlan, key: str) -> bool:
    """True when the record can be without the field, or keep what it has."""
    column = versioned.attributes[key]
    return record.action is Action.CHANGE or bool(column.nullable) or has_default(column)
