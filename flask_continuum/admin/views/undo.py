"""Undoing a whole transaction: the plan, and carrying it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import Forbidden

from flask_continuum.admin import csrf, plans
from flask_continuum.admin.choices import (
    PLAN,
    UndoChoices,
    name_of_conflict,
    read_undo_choices,
)
from flask_continuum.admin.contexts import UndoPage
from flask_continuum.admin.errors import not_found
from flask_continuum.admin.gate import page
from flask_continuum.admin.pages.undo import build_stale, build_undo
from flask_continuum.admin.views.revert import EXPIRED, announce, words_of_refusal
from flask_continuum.admin.views.transaction import find_transaction
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.errors import PlanBlocked, StalePlan
from flask_continuum.engine.revert.plan import Plan
from flask_continuum.engine.revert.steps import Action, RecordPlan, State
from flask_continuum.engine.revert.undo import plan_undo


@dataclass(frozen=True, slots=True)
class Asked:
    """The transaction, the plan that takes it back, and what of it is not permitted."""

    transaction: Any
    plan: Plan
    refused: tuple[RecordPlan, ...]


@page
def undo(visit: Visit, uid: str) -> ResponseReturnValue:
    """Show what undoing a transaction would change; a POST does what was chosen of it."""
    asked = _plan(visit, uid)
    choices = read_undo_choices()
    if request.method != "POST":
        return _show(build_undo(visit, asked.plan, asked.refused, choices))
    try:
        csrf.check()
    except csrf.ExpiredForm:
        return _show(build_undo(visit, asked.plan, asked.refused, choices, error=EXPIRED), 400)
    if request.form.get(PLAN) != asked.plan.fingerprint:
        return _refuse(visit, asked, choices)
    try:
        return _apply(visit, asked, choices)
    except StalePlan:
        visit.session.rollback()
        return _refuse(visit, _plan(visit, uid), choices)
    except (PlanBlocked, ValueError, SQLAlchemyError) as error:
        # A ValueError is what validators of the application raise.
        visit.session.rollback()
        asked = _plan(visit, uid)
        words = words_of_refusal(visit, error)
        return _show(build_undo(visit, asked.plan, asked.refused, choices, error=words), 409)


def _plan(visit: Visit, uid: str) -> Asked:
    may = visit.access.may_undo()
    if not may.allowed:
        raise Forbidden(may.reason)
    transaction = find_transaction(visit, uid)
    plan, refused = plans.permit_undo(visit, plan_undo(visit.session, transaction))
    if not plan.records and not refused:
        raise not_found()
    return Asked(transaction, plan, refused)


def _show(page: UndoPage, status: int = 200) -> Response:
    return make_response(render_template("continuum/undo.html", page=page), status)


def _refuse(visit: Visit, asked: Asked, choices: UndoChoices) -> Response:
    page = build_undo(visit, asked.plan, asked.refused, choices)
    return _show(build_stale(visit, page, asked.transaction, choices), 409)


def _apply(visit: Visit, asked: Asked, choices: UndoChoices) -> ResponseReturnValue:
    plan = asked.plan
    fields: dict[Any, set[str]] = {}
    relations: set[str] = set()
    for place, record in enumerate(plan.records):
        chosen = _chosen(place, record, choices)
        if chosen is None:
            continue
        fields[place], own = chosen
        relations |= own
    first = plan.records[min(fields)] if fields else plan.records[0]
    plan.apply(visit.session, fields=fields, relations=relations, reason=choices.reason or None)
    visit.session.commit()
    versioned = visit.registry.of(first.model)
    words = f"Transaction #{asked.transaction.id} was undone."
    done = announce(visit, versioned, first.key, first.base, words)
    return redirect(visit.links.transaction(done or asked.transaction), 303)


def _chosen(
    place: int, record: RecordPlan, choices: UndoChoices
) -> tuple[set[str], set[str]] | None:
    """The fields and relation steps that are wanted of a record; ``None`` to leave it alone."""
    if record.state is State.DONE or record.blocked:
        return None
    if record.state is State.CONFLICT:
        if name_of_conflict(place) not in choices.before:
            return None
        return {step.key for step in record.fields}, {step.id for step in record.relations}
    ticked = choices.ticks_record(place)
    relations = {step.id for step in record.relations if step.id in choices.relations}
    fields = {
        step.key
        for step in record.fields
        if (step.state is State.CLEAN and ticked)
        or (step.state is State.CONFLICT and name_of_conflict(place, step.key) in choices.before)
    }
    if record.action is not Action.CHANGE:
        return (fields, relations) if ticked else None
    return (fields, relations) if fields or relations else None
