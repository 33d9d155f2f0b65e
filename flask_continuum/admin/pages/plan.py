"""The parts that plans of reverts, restorations and undos share: ticks, reasons, refusals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_continuum.admin import shapes
from flask_continuum.admin.contexts import (
    CannotItem,
    FieldView,
    LinkChip,
    Piece,
    Pill,
    PlanRelation,
    RecordRef,
)
from flask_continuum.admin.differences import field_view
from flask_continuum.admin.records import refer, refer_to_related
from flask_continuum.admin.references import show_reference
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.results import NOT_RECORDED
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.plan import Plan
from flask_continuum.engine.revert.steps import (
    FieldStep,
    Impossible,
    Reason,
    RecordPlan,
    RelationKind,
    RelationStep,
)
from flask_continuum.presenters.field_diff import FieldDiff, FieldKind, diff_field
from flask_continuum.presenters.labels import count_of, humanise, key_text, sentence_case
from flask_continuum.presenters.values import Display, DisplayKind

LABELS: Mapping[RelationKind, str] = {
    RelationKind.RECREATE: "Recreate",
    RelationKind.REMOVE: "Remove",
    RelationKind.RELINK: "Relink",
    RelationKind.LINK: "Link",
    RelationKind.UNLINK: "Unlink",
}
ACTS: Mapping[RelationKind, str] = {
    RelationKind.RECREATE: "add",
    RelationKind.REMOVE: "rem",
    RelationKind.RELINK: "link",
    RelationKind.LINK: "add",
    RelationKind.UNLINK: "rem",
}
STAYS: Mapping[RelationKind, str] = {
    RelationKind.RECREATE: "Stays deleted",
    RelationKind.REMOVE: "Stays",
    RelationKind.RELINK: "Stays where it is",
    RelationKind.LINK: "Stays unlinked",
    RelationKind.UNLINK: "Stays linked",
}
GOING = frozenset({RelationKind.REMOVE, RelationKind.UNLINK})


def show_steps(
    visit: Visit,
    versioned: VersionedClass,
    record: RecordPlan,
    live: Any,
    steps: Sequence[FieldStep],
) -> tuple[tuple[FieldStep, FieldView], ...]:
    """What each field is now and what it becomes; a foreign key under its relationship's name."""
    references = shapes.reference_of_field(versioned)
    return tuple(
        (step, _show_step(visit, versioned, record, live, step, references.get(step.key)))
        for step in steps
    )


def _show_step(
    visit: Visit,
    versioned: VersionedClass,
    record: RecordPlan,
    live: Any,
    step: FieldStep,
    relationship: str | None,
) -> FieldView:
    diff = diff_field(
        step.key,
        step.now,
        step.then,
        label=humanise(relationship or step.key),
        full=True,
        created=step.now is NOT_RECORDED,
        budget=visit.budget,
        view=visit.view,
    )
    if relationship is None:
        return field_view(diff, anchor="plan")
    return _show_link_step(visit, versioned, record, live, step, relationship, diff)


def _show_link_step(
    visit: Visit,
    versioned: VersionedClass,
    record: RecordPlan,
    live: Any,
    step: FieldStep,
    relationship: str,
    diff: FieldDiff,
) -> FieldView:
    """A link that comes back: to the record as it is called today, its old name beside it."""
    now = show_reference(visit, versioned, live, relationship, step.now)
    then = show_reference(visit, versioned, record.version, relationship, step.then)
    today = _today(visit, versioned, relationship, step)
    note: tuple[Piece, ...] = ()
    if today is not None:
        if today.label != then.text and not today.placeholder:
            words = (
                f"{today.name}, called {then.text} then. The link comes back, the name does not."
            )
            note = (Piece(text=words),)
        then = Display(DisplayKind.TEXT, today.label, title=today.name, href=today.url)
    elif step.then is not None:
        note = (Piece(text="It is deleted, so it has to be recreated with this one."),)
    kind = diff.kind if diff.kind in _KEPT_KINDS else FieldKind.REPLACED
    plain = replace(
        diff, kind=kind, old=now, new=then, delta=None, text=None, excerpt=None, added=0, removed=0
    )
    return replace(field_view(plain, anchor="plan"), note=note)


_KEPT_KINDS = frozenset({FieldKind.SET, FieldKind.UNSET, FieldKind.CREATED})


def _today(
    visit: Visit, versioned: VersionedClass, relationship: str, step: FieldStep
) -> RecordRef | None:
    """The record that a foreign key would point to, as it is called now."""
    prop = versioned.mapper.relationships[relationship]
    if step.then is None or len(prop.local_columns) != 1:
        return None
    (_, remote), *_ = prop.local_remote_pairs or ((None, None),)
    target = shapes.target_of(versioned, relationship)
    if remote is None or tuple(prop.mapper.primary_key) != (remote,):
        return None
    with visit.session.no_autoflush:
        live = visit.session.get(target, step.then)
    return None if live is None else refer_to_related(visit, live)


def show_relations(
    visit: Visit,
    versioned: VersionedClass,
    plan: Plan,
    steps: Iterable[RelationStep],
    ticked: Mapping[str, bool],
    *,
    name: str,
    prefix: str = "",
) -> tuple[PlanRelation, ...]:
    """What happens to related records, one row each.

    :param ticked: for each step's id, whether it is ticked.
    :param name: of the inputs.
    :param prefix: what the inputs' values begin with.
    """
    rows = []
    for place, step in enumerate(steps):
        reference = refer_to_related(visit, step.target)
        if reference is None:
            continue  # taken out of the plan already
        rows.append(
            PlanRelation(
                id=f"relation-{prefix}{place}",
                name=name,
                value=f"{prefix}{step.id}",
                label=LABELS[step.kind],
                sub=sentence_case(humanise(step.relationship)),
                act=ACTS[step.kind],
                chips=(
                    LinkChip(record=reference, change="removed" if step.kind in GOING else "added"),
                ),
                ticked=ticked[step.id],
                stays=STAYS[step.kind],
                note=_note(plan, step),
            )
        )
    return tuple(rows)


def _note(plan: Plan, step: RelationStep) -> tuple[Piece, ...]:
    if step.kind is RelationKind.RECREATE:
        key = ", ".join(key_text(part) for part in step.key)
        words = (
            f"It comes back under its old key, {key}"
            if step.keeps_key
            else "It comes back under a new key"
        )
        along = sum(1 for each in plan.along if (each.via or "").startswith(f"{step.id}/"))
        with_it = f", with {count_of(along, 'record')} below it" if along else ""
        return (Piece(text=f"{words}{with_it}."),)
    words = {
        RelationKind.REMOVE: "It is deleted.",
        RelationKind.RELINK: "It is taken back from where it belongs now.",
        RelationKind.LINK: "Only the link changes.",
        RelationKind.UNLINK: "Only the link changes, the record itself stays.",
    }[step.kind]
    return (Piece(text=words),)


def cannot_items(
    versioned: VersionedClass, impossible: Iterable[Impossible], *, name: str | None = None
) -> tuple[CannotItem, ...]:
    """What cannot come back, with a reason each.

    :param name: of the record, where the plan is about several.
    """
    references = shapes.reference_of_field(versioned)
    items = []
    for each in impossible:
        label = humanise(references.get(each.key, each.key)) if each.key else "The record"
        items.append(
            CannotItem(
                label=f"{name}: {label}" if name else label,
                words=each.words,
                pill=Pill(words="Hidden by policy", tone="warn")
                if each.reason is Reason.POLICY
                else None,
                not_recorded=each.reason is Reason.NOT_RECORDED,
            )
        )
    return tuple(items)


def refer_to_planned(
    visit: Visit, versioned: VersionedClass, record: RecordPlan, live: Any
) -> RecordRef:
    """The record of a part of a plan, called as it is now, or as it was when it is gone."""
    thing = live if live is not None else record.version
    return refer(visit, versioned, thing, live=live is not None, record=live)
