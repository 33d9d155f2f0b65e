"""The plan that takes a whole transaction back: conflicts, clean parts, what is undone already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_continuum.admin.choices import (
    BASE,
    PLAN,
    RECORD,
    RELATION,
    UndoChoices,
)
from flask_continuum.admin.contexts import (
    CannotItem,
    Commit,
    Crumb,
    Empty,
    Fact,
    FieldView,
    Hidden,
    Link,
    Notice,
    Piece,
    PlanField,
    Tally,
    UndoPage,
    UndoRow,
)
from flask_continuum.admin.csrf import make_token
from flask_continuum.admin.layout import make_layout
from flask_continuum.admin.pages.conflicts import Part, load_last, make_parts, show_conflict
from flask_continuum.admin.pages.inputs import NO_ERRORS, show_inputs
from flask_continuum.admin.pages.plan import (
    cannot_items,
    prepare_steps,
    refer_to_planned,
    show_relations,
    show_steps,
)
from flask_continuum.admin.pages.stale import Between, build_stale
from flask_continuum.admin.plans import load_lives
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wanted import Wanted
from flask_continuum.admin.wording import pieces
from flask_continuum.engine.read.transactions import newest_beside
from flask_continuum.engine.revert.plan import Plan
from flask_continuum.engine.revert.steps import (
    Action,
    Reason,
    RecordPlan,
    State,
)
from flask_continuum.presenters.labels import sentence_case
from flask_continuum.presenters.words import N_, _, ngettext, number

SHOWN = 100
"""Records that each part of the page shows. Clean ones beyond it go back all the same, conflicts
beyond it stay as they are; the page says both."""


def build_undo(
    visit: Visit,
    plan: Plan,
    refused: Sequence[RecordPlan],
    choices: UndoChoices,
    wanted: Sequence[Wanted],
    *,
    errors: Mapping[str, str] = NO_ERRORS,
    error: str | None = None,
) -> UndoPage:
    """The page of an undo.

    :param plan: with only what the person may do.
    :param refused: records that they may see and not undo.
    :param wanted: the values that may be typed in.
    :param errors: what is wrong with what was typed in, by the names of the values.
    :param error: why the last attempt was not accepted.
    """
    transaction = plan.target
    name = f"#{transaction.id}"
    parts = make_parts(visit, plan)
    kept = _prepare(visit, parts)
    stuck = [part for part in parts if part.has_nothing]
    open_parts = [part for part in parts if not part.has_nothing]
    conflicts = [part for part in open_parts if part.plan.has_conflicts]
    done = [part for part in open_parts if part.plan.is_empty]
    clean = [
        part
        for part in open_parts
        if part not in done and (part not in conflicts or part.has_clean_part)
    ]
    cannot = _cannot(visit, parts, refused, {each.name for each in wanted})
    last = load_last(visit, conflicts[:SHOWN])
    url = visit.links.undo(transaction)
    page = UndoPage(
        layout=make_layout(
            visit,
            heading=_("Undo transaction %(transaction)s", transaction=name),
            title=_("Undo %(transaction)s", transaction=name),
            crumbs=(
                Crumb(label=_(visit.state.settings.title), url=visit.links.overview()),
                Crumb(label=name, url=visit.links.transaction(transaction)),
                Crumb(label=_("Undo")),
            ),
            subtitle=(
                Piece(
                    text=_(
                        "Each value goes back to what it was before %(transaction)s, unless "
                        "someone changed it after. Nothing has changed yet.",
                        transaction=name,
                    )
                ),
            ),
        ),
        tallies=_tallies(conflicts, clean, done, len(stuck) + len(refused)),
        conflicts=tuple(
            show_conflict(visit, part, transaction, choices, last.get(part.place))
            for part in conflicts[:SHOWN]
        ),
        clean=tuple(_clean(visit, plan, part, choices) for part in clean[:SHOWN]),
        clean_more=_more(clean[SHOWN:]),
        done=tuple(
            UndoRow(record=part.record, fields="", before=(), words=_("is as it was before"))
            for part in done[:SHOWN]
        ),
        cannot=cannot,
        commit=Commit(
            heading=_("Nothing has changed yet"),
            action=url,
            hidden=_hidden(visit, plan, clean[SHOWN:]),
            button=_("Undo %(transaction)s", transaction=name),
            facts=_facts(conflicts, clean, done),
            note=_("All of it or nothing, in one new transaction that you can undo in turn."),
            leave=Link(label=_("Leave without undoing"), url=visit.links.transaction(transaction)),
            reason=choices.reason,
            reason_hint=_("Shown with the new transaction, for everyone who may see it."),
            error=error,
            disabled=not conflicts and not clean,
        ),
        inputs=show_inputs(visit, plan, wanted, choices.values, errors),
        empty=None if conflicts or clean else _nothing(visit, transaction),
        notices=_notices(len(conflicts) - SHOWN),
    )
    del kept  # held until here, so that what it loaded stayed loaded
    return page


def build_refused(
    visit: Visit, page: UndoPage, between: Sequence[Between], choices: UndoChoices
) -> UndoPage:
    """The same page when the plan it was made from is no longer true: what happened since."""
    stale = build_stale(
        visit,
        between,
        page.commit,
        _("Not undone: something changed while you were reading"),
        _("Nothing of yours has been applied; your choices and your reason are kept."),
        choices.hidden(),
    )
    return replace(page, stale=stale)


def name_of_part(visit: Visit, record: RecordPlan, live: Any) -> str:
    """What a record of the plan is called beside others."""
    reference = refer_to_planned(visit, visit.registry.of(record.model), record, live)
    return sentence_case(reference.name)


def _prepare(visit: Visit, parts: Sequence[Part]) -> list[Any]:
    kept: list[Any] = []
    for versioned in dict.fromkeys(part.versioned for part in parts):
        own = [(part.plan, part.live) for part in parts if part.versioned is versioned]
        kept += prepare_steps(visit, versioned, own)
    return kept


def _clean(visit: Visit, plan: Plan, part: Part, choices: UndoChoices) -> UndoRow:
    views: list[FieldView] = []
    if part.plan.action is Action.CHANGE:
        shown = show_steps(visit, part.versioned, part.live, part.clean_fields)
        views = [replace(view, anchor=f"undo-{part.place}-{view.key}") for __, view in shown]
    steps = part.clean_relations
    return UndoRow(
        record=part.record,
        fields=", ".join(view.label for view in views),
        before=tuple(views),
        words=_effect(part, len(views)),
        tick=PlanField(
            id=f"record-{part.place}",
            name=RECORD,
            value=str(part.place),
            ticked=choices.ticks_record(part.place),
            stays=_("Stays as it is"),
        ),
        relations=tuple(
            replace(row, id=f"relation-{part.place}-{row.id}")
            for row in show_relations(
                visit,
                part.versioned,
                plan,
                steps,
                {step.id: choices.ticks_relation(step.id, step.ticked) for step in steps},
                name=RELATION,
            )
        ),
    )


def _effect(part: Part, fields: int) -> str:
    if part.plan.action is Action.DELETE:
        return _("is deleted, as it did not exist before")
    if part.plan.action is Action.RECREATE:
        return _("is recreated under its old key") if part.plan.keeps_key else _("is recreated")
    done = sum(step.state is State.DONE for step in part.plan.fields)
    if not fields:
        return _("gets its links back")
    words = ngettext("%(num)s field set back", "%(num)s fields set back", fields)
    if not done:
        return words
    already = ngettext("%(num)s field back already", "%(num)s fields back already", done)
    return f"{words}, {already}"


def _more(rest: Sequence[Part]) -> str:
    if not rest:
        return ""
    words = {
        Action.CHANGE: N_("%(number)s set back"),
        Action.RECREATE: N_("%(number)s recreated"),
        Action.DELETE: N_("%(number)s deleted"),
    }
    counts = Counter(part.plan.action for part in rest)
    listed = ", ".join(
        _(word, number=number(counts[action])) for action, word in words.items() if counts[action]
    )
    return _("%(number)s more: %(list)s", number=number(len(rest)), list=listed)


def _tallies(
    conflicts: Sequence[Part], clean: Sequence[Part], done: Sequence[Part], cannot: int
) -> tuple[Tally, ...]:
    tallies = [
        Tally(
            count=number(len(conflicts)),
            words=ngettext("conflict", "conflicts", len(conflicts)),
            sub=_("changed again since; your choice"),
            url="#conflicts",
            warn=bool(conflicts),
        ),
        Tally(
            count=number(len(clean)), words=_("clean"), sub=_("go back as they were"), url="#clean"
        ),
        Tally(
            count=number(len(done)),
            words=_("already undone"),
            sub=_("nothing left to do"),
            url="#done",
        ),
    ]
    if cannot:
        tallies.append(
            Tally(
                count=number(cannot),
                words=_("impossible"),
                sub=_("cannot go back"),
                url="#hc-cannot",
            )
        )
    return tuple(tally for tally in tallies if tally.count != "0")


def _notices(not_shown: int) -> tuple[Notice, ...]:
    if not_shown <= 0:
        return ()
    words = ngettext(
        "%(records)s with a conflict is not shown here; what is there now stays.",
        "%(records)s with conflicts are not shown here; what is there now stays.",
        not_shown,
        records="%(records)s",
    )
    records = ngettext("%(num)s more record", "%(num)s more records", not_shown)
    return (
        Notice(
            words=pieces(words, records=Piece(text=records, strong=True)),
            tone="warn",
        ),
    )


def _facts(
    conflicts: Sequence[Part], clean: Sequence[Part], done: Sequence[Part]
) -> tuple[Fact, ...]:
    counts = Counter(part.plan.action for part in clean)
    numbers = {
        _("Set back"): counts[Action.CHANGE],
        _("Recreated"): counts[Action.RECREATE],
        _("Deleted"): counts[Action.DELETE],
        _("Decided by you"): len(conflicts),
        _("Left alone"): len(done),
    }
    return tuple(
        Fact(label=label, value=(Piece(text=number(count)),))
        for label, count in numbers.items()
        if count
    )


def _cannot(
    visit: Visit, parts: Sequence[Part], refused: Sequence[RecordPlan], asked: Collection[str]
) -> tuple[CannotItem, ...]:
    items: list[CannotItem] = []
    for part in parts:
        # What is hidden is hidden everywhere: one line for each record would only repeat it.
        told = [
            each
            for each in part.plan.impossible
            if f"{part.plan.prefix}{each.key}" not in asked
            and (each.blocks or each.reason is not Reason.POLICY)
        ]
        items += cannot_items(part.versioned, told, name=part.record.name)
    lives = load_lives(visit, refused)
    for record in refused:
        versioned = visit.registry.of(record.model)
        live = lives.get((record.model, record.key))
        name = refer_to_planned(visit, versioned, record, live).name
        items += cannot_items(versioned, record.impossible, name=name)
    return tuple(items)


def _hidden(visit: Visit, plan: Plan, not_shown: Sequence[Part]) -> tuple[Hidden, ...]:
    token = make_token()
    return (
        Hidden(name=token.name, value=token.value),
        Hidden(name=PLAN, value=plan.fingerprint),
        Hidden(name=BASE, value=str(newest_beside(visit.session, plan.target))),
        *(Hidden(name=RECORD, value=str(part.place)) for part in not_shown),
        *(
            Hidden(name=RELATION, value=step.id)
            for part in not_shown
            for step in part.clean_relations
            if step.ticked
        ),
    )


def _nothing(visit: Visit, transaction: Any) -> Empty:
    return Empty(
        heading=_("Nothing is left to undo"),
        words=_(
            "All that you may take back of this transaction is as it was before, or cannot come "
            "back."
        ),
        links=(Link(label=_("Back to the transaction"), url=visit.links.transaction(transaction)),),
    )
