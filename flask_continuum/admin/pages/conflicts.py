"""One record of an undo's plan, and the conflicts that a person has to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_continuum.admin import shapes
from flask_continuum.admin.choices import BEFORE, BOTH, NOW, UndoChoices, name_of_conflict
from flask_continuum.admin.contexts import Conflict, ConflictRecord, Option, Piece, RecordRef
from flask_continuum.admin.merges import Merged, merged
from flask_continuum.admin.pages.plan import refer_to_planned, show_today
from flask_continuum.admin.people import person_of
from flask_continuum.admin.plans import load_lives, stuck_with
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.read.loading import transactions_by_id
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.plan import Plan
from flask_continuum.engine.revert.steps import Action, FieldStep, RecordPlan, RelationStep, State
from flask_continuum.presenters.field_diff import FieldDiff, diff_field
from flask_continuum.presenters.labels import humanise, sentence_case
from flask_continuum.presenters.values import Display, DisplayKind, display
from flask_continuum.presenters.words import _, ngettext


@dataclass(frozen=True, slots=True)
class Part:
    """One record of the plan with what a page needs to know about it."""

    place: int
    plan: RecordPlan
    versioned: VersionedClass
    live: Any
    record: RecordRef
    is_stuck: bool
    """Something keeps it from coming back, and no value that can be typed in would help."""

    @property
    def clean_fields(self) -> tuple[FieldStep, ...]:
        """The fields that go back without a question."""
        return tuple(step for step in self.plan.fields if step.state is State.CLEAN)

    @property
    def clean_relations(self) -> tuple[RelationStep, ...]:
        """The related records that follow without a question."""
        return tuple(step for step in self.plan.relations if step.state is State.CLEAN)

    @property
    def has_clean_part(self) -> bool:
        """True when something of it goes back without a question, though it has conflicts."""
        whole = self.plan.state is State.CONFLICT
        return not whole and bool(self.clean_fields or self.clean_relations)

    @property
    def has_nothing(self) -> bool:
        """True when nothing of it can be done, though it is not undone either."""
        is_change = self.plan.action is Action.CHANGE
        return self.is_stuck or (is_change and not self.plan.fields and not self.plan.relations)


def make_parts(visit: Visit, plan: Plan) -> tuple[Part, ...]:
    """The records of a plan, with their live objects and names."""
    lives = load_lives(visit, plan.records)
    parts = []
    for place, record in enumerate(plan.records):
        versioned = visit.registry.of(record.model)
        live = lives.get((record.model, record.key))
        name = refer_to_planned(visit, versioned, record, live)
        is_stuck = bool(stuck_with(visit, record))
        parts.append(Part(place, record, versioned, live, name, is_stuck))
    return tuple(parts)


def show_conflict(
    visit: Visit, part: Part, transaction: Any, choices: UndoChoices, last: Any | None
) -> ConflictRecord:
    """What somebody changed since, to be decided; what is there now is chosen by default.

    :param last: the newest transaction of the record.
    """
    if part.plan.state is State.CONFLICT:
        conflicts: tuple[Conflict, ...] = (_whole_conflict(part, choices),)
    else:
        conflicts = tuple(
            _field_conflict(visit, part, step, transaction, choices)
            for step in part.plan.fields
            if step.state is State.CONFLICT
        )
    rest = len(part.clean_fields) if part.has_clean_part else 0
    words = _since(visit, last)
    if rest:
        more = ngettext(
            "%(num)s other field of it stands under “Clean”.",
            "%(num)s other fields of it stand under “Clean”.",
            rest,
        )
        words = (*words, Piece(text=f" {more}"))
    return ConflictRecord(record=part.record, words=words, conflicts=conflicts)


def load_last(visit: Visit, parts: Sequence[Part]) -> Mapping[int, Any]:
    """The newest transaction of each record, by its place: one statement for each model."""
    wanted: dict[VersionedClass, dict[int, int]] = {}
    for part in parts:
        if part.plan.base is not None:
            wanted.setdefault(part.versioned, {})[part.place] = part.plan.base
    found: dict[int, Any] = {}
    for versioned, bases in wanted.items():
        known = transactions_by_id(visit.session, versioned, sorted(set(bases.values())))
        found.update({place: known[base] for place, base in bases.items() if base in known})
    return found


def _since(visit: Visit, last: Any | None) -> tuple[Piece, ...]:
    if last is None:
        return pieces(_("It was changed again since."))
    return pieces(
        _("It was changed again since, last by %(person)s in %(version)s."),
        person=Piece(text=person_of(last).name),
        version=Piece(text=f"#{last.id}", url=visit.links.transaction(last), mono=True),
    )


def _whole_conflict(part: Part, choices: UndoChoices) -> Conflict:
    """Deleting, or recreating, a record that somebody has worked with since."""
    name = name_of_conflict(part.place)
    deletes = part.plan.action is Action.DELETE
    with_it = len(part.plan.relations)
    sub = ""
    if deletes and with_it:
        sub = ngettext(
            "and %(num)s related record with it", "and %(num)s related records with it", with_it
        )
    before = choices.decision(part.place) == BEFORE
    return Conflict(
        label=_("The %(thing)s itself", thing=sentence_case(part.record.model_label)),
        options=(
            Option(
                id=f"{name}before",
                name=name,
                value=BEFORE,
                label=_("Delete it") if deletes else _("Recreate it"),
                display=None,
                words=_("as it did not exist before") if deletes else _("as it was before"),
                sub=sub,
                checked=before,
            ),
            Option(
                id=f"{name}now",
                name=name,
                value=NOW,
                label=_("Keep it") if deletes else _("Leave it deleted"),
                display=None,
                words=_("as it is now"),
                checked=not before,
            ),
        ),
    )


def _field_conflict(
    visit: Visit, part: Part, step: FieldStep, transaction: Any, choices: UndoChoices
) -> Conflict:
    name = name_of_conflict(part.place, step.key)
    number = f"#{transaction.id}"
    relationship = shapes.reference_of_field(part.versioned).get(step.key)
    both = merged(visit, part.versioned, step)
    decision = choices.decision(part.place, step.key)
    if decision == BOTH and both is None:
        decision = NOW

    def show(value: Any) -> Display:
        return _show(visit, part.versioned, relationship, value)

    def compare(old: Any, new: Any) -> FieldDiff | None:
        diff = diff_field(step.key, old, new, full=True, budget=visit.budget, view=visit.view)
        # Of other kinds of values the reader sees more in the value itself.
        return diff if relationship is None and (diff.text or diff.json) else None

    def option_both(both: Merged) -> Option:
        return Option(
            id=f"{name}-both",
            name=name,
            value=BOTH,
            label=_("Both"),
            display=show(both.value),
            diff=compare(step.now, both.value),
            sub=_(
                "Takes back what %(version)s did and keeps what came after: the two do not touch.",
                version=number,
            ),
            checked=decision == BOTH,
        )

    return Conflict(
        label=humanise(relationship or step.key),
        options=(
            Option(
                id=f"{name}-before",
                name=name,
                value=BEFORE,
                label=_("Before %(transaction)s", transaction=number),
                display=show(step.then),
                checked=decision == BEFORE,
            ),
            Option(
                id=f"{name}-left",
                name=name,
                value="",
                label=_("Set by %(transaction)s", transaction=number),
                display=show(step.left),
                diff=compare(step.then, step.left),
                sub=person_of(transaction).name,
                selectable=False,
            ),
            Option(
                id=f"{name}-now",
                name=name,
                value=NOW,
                label=_("Now"),
                display=show(step.now),
                diff=compare(step.left, step.now),
                checked=decision == NOW,
            ),
            *(() if both is None else (option_both(both),)),
        ),
    )


def _show(visit: Visit, versioned: VersionedClass, relationship: str | None, value: Any) -> Display:
    shown = display(value, visit.view)
    if relationship is None or shown.is_nothing:
        return shown
    today = show_today(visit, versioned, relationship, value)
    if today is None:
        return shown
    return Display(DisplayKind.TEXT, today.label, title=today.name, href=today.url)
