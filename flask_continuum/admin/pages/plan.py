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
from flask_continuum.admin.references import load_references, show_reference
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.erasures import is_unknown
from flask_continuum.engine.read.results import NOT_RECORDED
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.live import load, preload
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
from flask_continuum.presenters.labels import humanise, key_text, sentence_case
from flask_continuum.presenters.values import Display, DisplayKind
from flask_continuum.presenters.words import ENGLISH, N_, _, ngettext, spoken

LABELS: Mapping[RelationKind, str] = {
    RelationKind.RECREATE: N_("Recreate"),
    RelationKind.REMOVE: N_("Remove"),
    RelationKind.RELINK: N_("Relink"),
    RelationKind.LINK: N_("Link"),
    RelationKind.UNLINK: N_("Unlink"),
}
ACTS: Mapping[RelationKind, str] = {
    RelationKind.RECREATE: "add",
    RelationKind.REMOVE: "rem",
    RelationKind.RELINK: "link",
    RelationKind.LINK: "add",
    RelationKind.UNLINK: "rem",
}
STAYS: Mapping[RelationKind, str] = {
    RelationKind.RECREATE: N_("Stays deleted"),
    RelationKind.REMOVE: N_("Stays"),
    RelationKind.RELINK: N_("Stays where it is"),
    RelationKind.LINK: N_("Stays unlinked"),
    RelationKind.UNLINK: N_("Stays linked"),
}
REASONS: Mapping[Reason, str] = {
    Reason.NOT_RECORDED: N_("It was not recorded then."),
    Reason.ERASED: N_("It was erased."),
    Reason.UNREADABLE: N_("It had a value that cannot be read any more."),
    Reason.GONE_COLUMN: N_("It was recorded then and is not any more."),
    Reason.MISSING_TARGET: N_("It pointed to something that is gone and has no history."),
    Reason.REQUIRED_NOT_RECORDED: N_(
        "The record cannot be without it, and the history does not know it: it has to be "
        "recreated by hand."
    ),
    Reason.REQUIRED: N_("It was not set then, but has to be set now."),
    Reason.RECORD_GONE: N_("The record was deleted since, and stays deleted."),
    Reason.KEY_TAKEN: N_("The key belongs to another record by now."),
    Reason.KEY_CHANGED: N_("The record has another key since, and keeps it."),
}
GOING = frozenset({RelationKind.REMOVE, RelationKind.UNLINK})


def prepare_steps(
    visit: Visit, versioned: VersionedClass, parts: Sequence[tuple[RecordPlan, Any]]
) -> list[Any]:
    """Load what the foreign keys of many plans point to, together.

    :param parts: record plans with their live objects.
    :returns: what was loaded; it must live until the page is built, or it is loaded again.
    """
    references = shapes.reference_of_field(versioned)
    used = {references[s.key] for part, __ in parts for s in part.fields if s.key in references}
    load_references(visit, versioned, [part.version for part, __ in parts], used)
    with visit.session.no_autoflush:
        preload(visit.session, [live for __, live in parts if live is not None], used)
        kept: list[Any] = []
        for relationship in used:
            mapper = versioned.mapper.relationships[relationship].mapper
            if not _points_to_key(versioned, relationship):
                continue
            keys = {
                (step.then,)
                for part, __ in parts
                for step in part.fields
                if references.get(step.key) == relationship and step.then is not None
            }
            kept += load(visit.session, mapper, keys).values()
    return kept


def show_steps(
    visit: Visit,
    versioned: VersionedClass,
    live: Any,
    steps: Sequence[FieldStep],
    *,
    origin: Any = None,
) -> tuple[tuple[FieldStep, FieldView], ...]:
    """What each field is now and what it becomes; a foreign key under its relationship's name.

    :param origin: the version whose values come back, where it is one.
    """
    references = shapes.reference_of_field(versioned)
    return tuple(
        (step, _show_step(visit, versioned, live, step, references.get(step.key), origin))
        for step in steps
    )


def _show_step(
    visit: Visit,
    versioned: VersionedClass,
    live: Any,
    step: FieldStep,
    relationship: str | None,
    origin: Any,
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
    return _show_link_step(visit, versioned, live, step, relationship, origin, diff)


def _show_link_step(
    visit: Visit,
    versioned: VersionedClass,
    live: Any,
    step: FieldStep,
    relationship: str,
    origin: Any,
    diff: FieldDiff,
) -> FieldView:
    """A link that comes back: to the record as it is called today, its old name beside it."""
    now = show_reference(visit, versioned, live, relationship, step.now)
    then = show_reference(visit, versioned, origin, relationship, step.then)
    today = show_today(visit, versioned, relationship, step.then)
    note: tuple[Piece, ...] = ()
    if today is not None:
        if origin is not None and today.label != then.text and not today.placeholder:
            words = _(
                "%(record)s, called %(name)s then. The link comes back, the name does not.",
                record=today.name,
                name=then.text,
            )
            note = (Piece(text=words),)
        then = Display(DisplayKind.TEXT, today.label, title=today.name, href=today.url)
    elif step.needs is not None:
        note = (Piece(text=_("It is deleted, so it has to be recreated with this one.")),)
    kind = diff.kind if diff.kind in _KEPT_KINDS else FieldKind.REPLACED
    plain = replace(
        diff, kind=kind, old=now, new=then, delta=None, text=None, excerpt=None, added=0, removed=0
    )
    return replace(field_view(plain, anchor="plan"), note=note)


_KEPT_KINDS = frozenset({FieldKind.SET, FieldKind.UNSET, FieldKind.CREATED})


def show_today(
    visit: Visit, versioned: VersionedClass, relationship: str, value: Any
) -> RecordRef | None:
    """The record that a foreign key would point to, as it is called now."""
    if value is None or is_unknown(value) or not _points_to_key(versioned, relationship):
        return None
    target = shapes.target_of(versioned, relationship)
    with visit.session.no_autoflush:
        live = visit.session.get(target, value)
    return None if live is None else refer_to_related(visit, live)


def _points_to_key(versioned: VersionedClass, relationship: str) -> bool:
    """True for a foreign key of one column to the primary key of another table."""
    prop = versioned.mapper.relationships[relationship]
    pairs = prop.local_remote_pairs or []
    return len(pairs) == 1 and tuple(prop.mapper.primary_key) == (pairs[0][1],)


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
                label=_(LABELS[step.kind]),
                sub=sentence_case(humanise(step.relationship)),
                act=ACTS[step.kind],
                chips=(
                    LinkChip(record=reference, change="removed" if step.kind in GOING else "added"),
                ),
                ticked=ticked[step.id],
                stays=_(STAYS[step.kind]),
                note=_note(plan, step),
            )
        )
    return tuple(rows)


def _note(plan: Plan, step: RelationStep) -> tuple[Piece, ...]:
    if step.kind is RelationKind.RECREATE:
        key = ", ".join(key_text(part) for part in step.key)
        words = (
            _("It comes back under its old key, %(key)s", key=key)
            if step.keeps_key
            else _("It comes back under a new key")
        )
        along = sum(1 for each in plan.along if (each.via or "").startswith(f"{step.id}/"))
        if along:
            words = ngettext(
                "%(how)s, with %(num)s record below it",
                "%(how)s, with %(num)s records below it",
                along,
                how=words,
            )
        return (Piece(text=f"{words}."),)
    words = {
        RelationKind.REMOVE: N_("Ticked, it is deleted; its history stays."),
        RelationKind.RELINK: N_("It is taken back from where it belongs now."),
        RelationKind.LINK: N_("Only the link changes."),
        RelationKind.UNLINK: N_("Only the link changes, the record itself stays."),
    }[step.kind]
    return (Piece(text=_(words)),)


def reason_of(each: Impossible) -> str:
    """Why something cannot come back.

    The engine says it precisely, in English; another language says it by its kind.
    """
    known = REASONS.get(each.reason)
    if known is None or spoken() is ENGLISH:
        return each.words
    return _(known)


def cannot_items(
    versioned: VersionedClass, impossible: Iterable[Impossible], *, name: str | None = None
) -> tuple[CannotItem, ...]:
    """What cannot come back, with a reason each.

    :param name: of the record, where the plan is about several.
    """
    references = shapes.reference_of_field(versioned)
    items = []
    for each in impossible:
        label = humanise(references.get(each.key, each.key)) if each.key else _("The record")
        items.append(
            CannotItem(
                label=f"{name}: {label}" if name else label,
                words=reason_of(each),
                pill=Pill(words=_("Hidden by policy"), tone="warn")
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
