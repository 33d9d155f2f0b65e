"""Undoing a whole transaction: the plan, and carrying it out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Response, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import Forbidden

from flask_continuum import access_log
from flask_continuum.admin import csrf, plans
from flask_continuum.admin.choices import (
    BASE,
    BEFORE,
    BOTH,
    NOW,
    PLAN,
    UndoChoices,
    asks_for_review,
    read_undo_choices,
)
from flask_continuum.admin.contexts import UndoPage
from flask_continuum.admin.errors import not_found
from flask_continuum.admin.gate import plan_page
from flask_continuum.admin.merges import merged
from flask_continuum.admin.pages.inputs import NO_ERRORS
from flask_continuum.admin.pages.stale import Between
from flask_continuum.admin.pages.undo import build_refused, build_undo, name_of_part
from flask_continuum.admin.rendering import show
from flask_continuum.admin.subjects import read_number
from flask_continuum.admin.views.revert import (
    CHANGED,
    EXPIRED,
    INCOMPLETE,
    announce,
    answered_before,
    words_of_refusal,
)
from flask_continuum.admin.views.transaction import find_transaction
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wanted import Given, Wanted, read_values, to_show, wanted_values
from flask_continuum.engine.errors import PlanBlocked, StalePlan
from flask_continuum.engine.read.keys import Key
from flask_continuum.engine.read.latest import newest_changes
from flask_continuum.engine.read.timeline import entries_since
from flask_continuum.engine.revert.live import Place
from flask_continuum.engine.revert.plan import Plan
from flask_continuum.engine.revert.steps import Action, RecordPlan, State
from flask_continuum.engine.revert.undo import plan_undo
from flask_continuum.presenters.words import _

CHANGES_SHOWN = 10
"""Records of which the refusal of an undo shows what happened to them since."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The transaction, the plan that takes it back, and what of it is not permitted."""

    transaction: Any
    plan: Plan
    refused: tuple[RecordPlan, ...]
    wanted: tuple[Wanted, ...]

    def given(self, choices: UndoChoices) -> Given:
        """What was typed in for what was chosen."""
        places = {id(record): place for place, record in enumerate(self.plan.records)}

        def is_chosen(it: Wanted) -> bool:
            chosen = _chosen(places[id(it.record)], it.record, choices)
            if chosen is None:
                return False
            return it.taken is None or it.key in chosen.fields

        return read_values(self.wanted, choices.values, is_chosen)


@plan_page
def undo(visit: Visit, uid: str) -> ResponseReturnValue:
    """Show what undoing a transaction would change; a POST does what was chosen of it, unless
    it asks for the plan again.
    """
    asked = _plan(visit, uid)
    choices = read_undo_choices()
    if request.method != "POST":
        return _show(_page(visit, asked, choices))
    try:
        csrf.check()
    except csrf.ExpiredForm:
        return _show(_page(visit, asked, choices, error=_(EXPIRED)), 400)
    if asks_for_review():
        access_log.note_looked()
        return _show(_page(visit, asked, choices))
    if request.form.get(PLAN) != asked.plan.fingerprint:
        return _refuse(visit, asked, choices)
    given = asked.given(choices)
    if given.errors:
        return _show(_page(visit, asked, choices, errors=given.errors, error=_(INCOMPLETE)), 422)
    try:
        return _apply(visit, asked, choices, given)
    except StalePlan:
        visit.session.rollback()
        return _refuse(visit, _plan(visit, uid), choices)
    except (PlanBlocked, ValueError, SQLAlchemyError) as error:
        # A ValueError is what validators of the application raise.
        visit.session.rollback()
        asked = _plan(visit, uid)
        words = words_of_refusal(visit, error)
        return _show(_page(visit, asked, choices, error=words, untold=True), 409)


def _plan(visit: Visit, uid: str) -> Asked:
    may = visit.access.may_undo()
    if not may.allowed:
        raise Forbidden(may.reason)
    transaction = find_transaction(visit, uid)
    whole = plan_undo(visit.session, transaction)
    plan, refused = plans.permit_undo(visit, whole)
    if not plan.records and not refused:
        raise not_found()
    return Asked(transaction, plan, refused, wanted_values(visit, plan, whole))


def _page(
    visit: Visit,
    asked: Asked,
    choices: UndoChoices,
    *,
    errors: Mapping[str, str] = NO_ERRORS,
    error: str | None = None,
    untold: bool = False,
) -> UndoPage:
    answered = answered_before(choices.values)
    wanted = to_show(asked.wanted, answered, untold=untold)
    return build_undo(visit, asked.plan, asked.refused, choices, wanted, errors=errors, error=error)


def _show(page: UndoPage, status: int = 200) -> Response:
    return show("undo", page, status)


def _refuse(visit: Visit, asked: Asked, choices: UndoChoices) -> Response:
    """Answer a plan that is no longer true with what has changed since it was read."""
    page = _page(visit, asked, choices)
    return _show(build_refused(visit, page, _between(visit, asked, choices), choices), 409)


def _between(visit: Visit, asked: Asked, choices: UndoChoices) -> list[Between]:
    """What happened to the records of the plan, as far as a page shows it."""
    base = read_number(request.form.get(BASE), BASE)
    if base is None:
        return []
    newest = _newest_changes(visit, asked.plan)
    changed = [
        (place, record)
        for place, record in enumerate(asked.plan.records)
        if newest.get((record.model, record.key), base) > base
    ][:CHANGES_SHOWN]
    lives = plans.load_lives(visit, [record for _place, record in changed])
    found = []
    for place, record in changed:
        live = lives.get((record.model, record.key))
        found.append(
            Between(
                visit.registry.of(record.model),
                entries_since(visit.session, record.model, record.key, base),
                live,
                _concerned(place, record, choices),
                name_of_part(visit, record, live) if len(asked.plan.records) > 1 else "",
            )
        )
    return found


def _newest_changes(visit: Visit, plan: Plan) -> Mapping[Place, int]:
    """The transaction that changed each record of a plan last, be it only its links."""
    keys: dict[type[Any], list[Key]] = defaultdict(list)
    for record in plan.records:
        keys[record.model].append(record.key)
    return {
        (model, key): at
        for model, own in keys.items()
        for key, at in newest_changes(visit.session, visit.registry.of(model), own).items()
    }


def _concerned(place: int, record: RecordPlan, choices: UndoChoices) -> frozenset[str]:
    """The fields that the person wanted to have back: all of a record that comes or goes."""
    if not choices.ticks_record(place) and choices.decision(place) == NOW:
        return frozenset(
            step.key for step in record.fields if choices.decision(place, step.key) != NOW
        )
    if record.action is not Action.CHANGE:
        return frozenset(sa.inspect(record.model).column_attrs.keys())
    return frozenset(step.key for step in record.fields)


def _apply(visit: Visit, asked: Asked, choices: UndoChoices, given: Given) -> ResponseReturnValue:
    plan = asked.plan
    chosen = {
        place: found
        for place, record in enumerate(plan.records)
        if (found := _chosen(place, record, choices)) is not None
    }
    values = {**_both(visit, plan, choices), **given.values}
    if values:
        plan, __ = plans.permit_undo(
            visit, plan_undo(visit.session, asked.transaction, values=values)
        )
        # this plan is another one: that nothing else differs, the plan without values tells
        if _plan(visit, asked.transaction.uid).plan.fingerprint != asked.plan.fingerprint:
            raise StalePlan(CHANGED)
    fields = {
        place: (each.fields | given.keys_of(plan.records[place]))
        & {step.key for step in plan.records[place].fields}
        for place, each in chosen.items()
    }
    relations = {step for each in chosen.values() for step in each.relations}
    first = plan.records[min(chosen)] if chosen else plan.records[0]
    plan.apply(visit.session, fields=fields, relations=relations, reason=choices.reason or None)
    visit.session.commit()
    versioned = visit.registry.of(first.model)
    words = _("Transaction %(id)s was undone.", id=f"#{asked.transaction.id}")
    done = announce(visit, versioned, first.key, first.base, words)
    return redirect(visit.links.transaction(done or asked.transaction), 303)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The fields and relation steps that are wanted of a record."""

    fields: frozenset[str]
    relations: frozenset[str]


def _chosen(place: int, record: RecordPlan, choices: UndoChoices) -> _Chosen | None:
    """What is wanted of a record; ``None`` to leave it alone."""
    if record.state is State.DONE:
        return None
    if record.state is State.CONFLICT:
        if choices.decision(place) != BEFORE:
            return None
        return _Chosen(
            frozenset(step.key for step in record.fields),
            frozenset(step.id for step in record.relations),
        )
    ticked = choices.ticks_record(place)
    relations = frozenset(step.id for step in record.relations if step.id in choices.relations)
    fields = frozenset(
        step.key
        for step in record.fields
        if (step.state is State.CLEAN and ticked)
        or (step.state is State.CONFLICT and choices.decision(place, step.key) != NOW)
    )
    if record.action is not Action.CHANGE:
        return _Chosen(fields, relations) if ticked else None
    return _Chosen(fields, relations) if fields or relations else None


def _both(visit: Visit, plan: Plan, choices: UndoChoices) -> dict[str, Any]:
    """The values that have both edits, where that was chosen.

    :raises StalePlan: when they touch by now.
    """
    found: dict[str, Any] = {}
    for place, record in enumerate(plan.records):
        for step in record.fields:
            if step.state is not State.CONFLICT or choices.decision(place, step.key) != BOTH:
                continue
            both = merged(visit, visit.registry.of(record.model), step)
            if both is None:
                raise StalePlan(CHANGED)
            found[f"{record.prefix}{step.key}"] = both.value
    return found
