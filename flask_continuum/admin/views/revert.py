"""Bringing a record back to what it was: the plan, and carrying it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import Forbidden

from flask_continuum import access_log
from flask_continuum.admin import csrf, plans
from flask_continuum.admin.choices import BASE, PLAN, Choices, asks_for_review, read_choices
from flask_continuum.admin.contexts import Link, RevertPage
from flask_continuum.admin.errors import not_found
from flask_continuum.admin.gate import plan_page
from flask_continuum.admin.messages import leave_message
from flask_continuum.admin.pages.inputs import NO_ERRORS
from flask_continuum.admin.pages.revert import build_refused, build_revert, words_of
from flask_continuum.admin.pruned import no_version
from flask_continuum.admin.rendering import show
from flask_continuum.admin.subjects import Subject, find_record, read_number, see_version
from flask_continuum.admin.targets import safe_target
from flask_continuum.admin.visit import Visit
from flask_continuum.admin.wanted import Given, Wanted, read_values, to_show, wanted_values
from flask_continuum.engine.errors import PlanBlocked, StalePlan
from flask_continuum.engine.read.loading import transactions_by_id
from flask_continuum.engine.read.navigation import version_at
from flask_continuum.engine.read.timeline import entries_since, newest_change
from flask_continuum.engine.read.timeline import entry as entry_of
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.plan import Plan
from flask_continuum.engine.revert.planner import plan_revert
from flask_continuum.engine.revert.steps import Action
from flask_continuum.engine.version import entry_transaction_id
from flask_continuum.presenters.words import N_, _

EXPIRED = N_(
    "This form had expired, so nothing was changed. Here it is again with what you had filled in."
)
REFUSED = N_(
    "The database refused it, so nothing was changed. Most often a value has to be unique, or "
    "something that it points to is gone."
)
INCOMPLETE = N_("Something has still to be filled in, so nothing was changed.")
CHANGED = "What is there has changed since the plan was shown."
"""For developers: the page says it in the reader's words."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address is about, and the plan for it as it is now."""

    subject: Subject
    version: Any
    plan: Plan
    wanted: tuple[Wanted, ...]

    def given(self, choices: Choices) -> Given:
        """What was typed in for what was chosen."""
        return read_values(
            self.wanted, choices.values, lambda it: not it.root or it.root in choices.relations
        )


@plan_page
def revert(visit: Visit, model: str, key: str, transaction: int) -> ResponseReturnValue:
    """Show what going back to a version would change; a POST does what was chosen of it, unless it
    asks for the plan again.
    """
    asked = _plan(visit, model, key, transaction)
    choices = read_choices()
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
        return _refuse(visit, _plan(visit, model, key, transaction), choices)
    except (PlanBlocked, ValueError, SQLAlchemyError) as error:
        # A ValueError is what validators of the application raise.
        visit.session.rollback()
        asked = _plan(visit, model, key, transaction)
        words = words_of_refusal(visit, error)
        return _show(_page(visit, asked, choices, error=words, untold=True), 409)


def _plan(visit: Visit, model: str, key: str, transaction: int) -> Asked:
    subject = find_record(visit, model, key)
    version = _version(visit, subject, transaction)
    whole, plan = _permitted(visit, subject, version)
    return Asked(subject, version, plan, wanted_values(visit, plan, whole))


def _permitted(
    visit: Visit, subject: Subject, version: Any, values: Mapping[str, Any] | None = None
) -> tuple[Plan, Plan]:
    """The plan as it is, and what of it this person may do."""
    may = visit.access.may_revert(subject.model, record=subject.live, version=version)
    if not may.allowed:
        raise Forbidden(may.reason)
    plan = plan_revert(visit.session, version, values=values)
    (part,) = plan.records
    if part.action is not Action.RECREATE and part.key != subject.key:
        # the record has another key since: it is the one to ask about
        live = plans.load_lives(visit, plan.records).get((part.model, part.key))
        if not visit.access.sees(subject.model, record=live):
            raise not_found()
        may = visit.access.may_revert(subject.model, record=live)
        if not may.allowed:
            raise Forbidden(may.reason)
    return plan, plans.permit(visit, plan)


def _version(visit: Visit, subject: Subject, transaction: int) -> Any:
    values = dict(zip(subject.versioned.key_attributes, subject.key, strict=True))
    version = version_at(visit.session, subject.versioned.version_class, values, transaction)
    if version is None or entry_transaction_id(version) != transaction:
        raise no_version(visit, subject, transaction)
    see_version(visit, subject, version)
    return version


def _page(
    visit: Visit,
    asked: Asked,
    choices: Choices,
    *,
    errors: Mapping[str, str] = NO_ERRORS,
    error: str | None = None,
    untold: bool = False,
) -> RevertPage:
    subject = asked.subject
    answered = answered_before(choices.values)
    newest = entry_of(visit.session, subject.model, subject.key, subject.newest_id)
    return build_revert(
        visit,
        subject,
        asked.plan,
        asked.version,
        choices,
        to_show(asked.wanted, answered, untold=untold),
        newest=newest,
        errors=errors,
        error=error,
    )


def answered_before(texts: Mapping[str, str]) -> Mapping[str, str]:
    """What was typed in on a form: an address could ask for what is told after a refusal only."""
    return texts if request.method == "POST" else {}


def _show(page: RevertPage, status: int = 200) -> Response:
    return show("revert", page, status)


def _refuse(visit: Visit, asked: Asked, choices: Choices) -> Response:
    """Answer a plan that is no longer true with what has changed since it was read."""
    subject, base = asked.subject, read_number(request.form.get(BASE), BASE)
    entries = (
        entries_since(visit.session, subject.model, subject.key, base) if base is not None else ()
    )
    page = _page(visit, asked, choices)
    return _show(build_refused(visit, subject, page, entries, choices), 409)


def _apply(visit: Visit, asked: Asked, choices: Choices, given: Given) -> ResponseReturnValue:
    subject, plan = asked.subject, asked.plan
    if given.values:
        plan = _permitted(visit, subject, asked.version, given.values)[1]
        # this plan is another one: that nothing else differs, the plan without values tells
        if _permitted(visit, subject, asked.version)[1].fingerprint != asked.plan.fingerprint:
            raise StalePlan(CHANGED)
    part = plan.records[0]
    record = subject.refer(visit)
    words = words_of(record, part.action, asked.version.transaction.id)
    done = plan.apply(
        visit.session,
        # Only what the plan offers to this person, whatever the form names.
        fields={0: (choices.fields | given.keys_of(part)) & {step.key for step in part.fields}},
        relations=choices.relations & {step.id for step in part.relations},
        reason=choices.reason or None,
    )
    visit.session.commit()
    key = subject.versioned.key_of(done[0]) if done else subject.key
    name = record.label if record.placeholder else f"“{record.label}”"
    announce(visit, subject.versioned, key, part.base, _(words.done, record=name))
    timeline = visit.links.record(subject.model, key)
    return redirect(safe_target(choices.next_url, timeline), 303)


def announce(
    visit: Visit,
    versioned: VersionedClass,
    key: tuple[Any, ...],
    before: int | None,
    words: str,
) -> Any | None:
    """Leave the message for the next page, with the way to take back what was done.

    :param before: the newest change of the record until then.
    :returns: the new transaction, ``None`` when nothing was left to change.
    """
    number = newest_change(visit.session, versioned.model, key)
    if number is None or number == before:
        leave_message(_("Nothing was left to change."))
        return None
    done = transactions_by_id(visit.session, versioned, [number]).get(number)
    leave_message(words, Link(label=_("Undo…"), url=visit.links.undo(done)) if done else None)
    return done


def words_of_refusal(visit: Visit, error: Exception) -> str:
    """Why something was not done, without what the person at the page must not see.

    A database's words may hold hidden values, and the record that stands in the way be hidden.
    """
    if isinstance(error, SQLAlchemyError):
        return _(REFUSED)
    if isinstance(error, PlanBlocked) and error.holder is not None:
        model, key = error.holder
        if not visit.access.sees(model, record=visit.session.get(model, key)):
            return _(REFUSED)
    return str(error)
