"""What an undo would do to one record: set fields back, bring it back, or delete it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_continuum.engine.read.changes import same
from flask_continuum.engine.read.conditions import moment
from flask_continuum.engine.read.erasures import Erased
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.recorded import Recorded
from flask_continuum.engine.read.results import NOT_RECORDED, Entry
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert import fields as field_plans
from flask_continuum.engine.revert.steps import (
    Action,
    FieldStep,
    Impossible,
    Reason,
    RecordPlan,
    State,
)
from flask_continuum.engine.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class Known:
    """A record that a transaction touched.

    :ivar each: what the transaction did to it.
    :ivar live: the record now, ``None`` when it is gone.
    :ivar base: its newest transaction id.
    :ivar key: the key that the transaction left it with.
    """

    entry: VersionedClass
    spans: Recorded
    each: Entry
    live: Any | None
    base: int | None
    key: Key


def unchange(known: Known, values: Mapping[str, Any]) -> RecordPlan:
    """Plan to set back the fields of a record that the transaction changed.

    :param values: values to set in place of those that were there before.
    """
    entry, live = known.entry, known.live
    steps: list[FieldStep] = []
    impossible: list[Impossible] = []
    restorable = {*field_plans.restorable(entry), *entry.key_attributes}
    if live is None:
        impossible.append(
            Impossible("", Reason.RECORD_GONE, "The record was deleted since, and stays deleted.")
        )
    for change in known.each.fields if live is not None else ():
        if change.key not in restorable:
            continue
        now, then = getattr(live, change.key), values.get(change.key, change.old)
        if then is NOT_RECORDED:
            words = "was not recorded before, so it stays as it is."
            impossible.append(_stays(change.key, Reason.NOT_RECORDED, words))
            continue
        if isinstance(then, Erased):
            words = "had a value before that was erased, so it stays as it is."
            impossible.append(_stays(change.key, Reason.ERASED, words))
            continue
        if isinstance(then, Unreadable):
            words = "had a value before that cannot be read any more, so it stays as it is."
            impossible.append(_stays(change.key, Reason.UNREADABLE, words))
            continue
        if same(entry, change.key, now, then):
            state = State.DONE
        elif same(entry, change.key, now, change.new):
            state = State.CLEAN
        else:
            state = State.CONFLICT
        steps.append(FieldStep(change.key, now, then, state, change.new))
    return _record(known, Action.CHANGE, steps, impossible)


def uncreate(known: Known) -> RecordPlan:
    """Plan to delete a record that the transaction created."""
    state = State.DONE
    if known.live is not None:
        at, key = moment(known.entry, known.each.version), known.entry.key_of(known.live)
        untouched = known.base is None or (known.base <= at and key == known.key)
        state = State.CLEAN if untouched else State.CONFLICT
    return _record(known, Action.DELETE, [], [], state)


def undelete(known: Known, *, reborn: bool, values: Mapping[str, Any]) -> RecordPlan:
    """Plan to bring back a record that the transaction deleted.

    :param reborn: whether another record has its key by now.
    :param values: values to set in place of recorded ones.
    """
    impossible: list[Impossible] = []
    steps: list[FieldStep] = []
    state = State.CLEAN
    if known.live is not None and not reborn:
        state = State.DONE
    elif known.live is not None:
        shown = ", ".join(str(value) for value in known.key)
        impossible.append(
            Impossible(
                "",
                Reason.KEY_TAKEN,
                f"The key {shown} belongs to another record by now. A revert to a version of the "
                f"deleted one can bring it back under a new key.",
                blocks=True,
            )
        )
    if state is not State.DONE:
        each = known.each
        before = each.previous if each.previous is not None else each.version
        steps, more = field_plans.recreated(known.entry, known.spans, before, None, values)
        impossible += more
    return _record(known, Action.RECREATE, steps, impossible, state)


def _stays(key: str, reason: Reason, words: str) -> Impossible:
    return Impossible(key, reason, f"“{key}” {words}")


def _record(
    known: Known,
    action: Action,
    steps: Sequence[FieldStep],
    impossible: Sequence[Impossible],
    state: State = State.CLEAN,
) -> RecordPlan:
    entry = known.entry
    here = known.live is not None and action is not Action.RECREATE
    return RecordPlan(
        model=entry.model,
        key=entry.key_of(known.live) if here else known.key,
        version=known.each.version,
        action=action,
        fields=tuple(steps),
        relations=(),
        impossible=tuple(impossible),
        base=known.base,
        state=state,
    )
