"""Plans with only those steps that the person at the page may see and take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import inspect

from flask_continuum.admin import shapes
from flask_continuum.admin.records import refer_to_related
from flask_continuum.admin.typed import typed_field
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.errors import ClassNotVersioned
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.fields import has_default
from flask_continuum.engine.revert.live import load
from flask_continuum.engine.revert.plan import Plan
from flask_continuum.engine.revert.steps import (
    Action,
    FieldStep,
    Impossible,
    Reason,
    RecordPlan,
    RelationStep,
    Taken,
)
from flask_continuum.policy import Decision
from flask_continuum.presenters.words import N_, _

HIDDEN = N_("Its values are hidden from you, so you cannot bring them back.")
_FIRST_STEP = re.compile(r"(?:[^\\/]|\\.)*", re.DOTALL)  # slashes of keys are escaped
NOT_WHOLE = N_("It cannot be recreated without values that you may not bring back.")


def permit(visit: Visit, plan: Plan) -> Plan:
    """The plan without what the policy denies; that is among the impossible things, with why.

    What may not be seen leaves no trace: a hidden field is impossible whether it would change or
    not, and the fingerprint of the result depends on nothing that is hidden.
    """
    lives = load_lives(visit, plan.records)
    holders = load_holders(visit, plan)
    along = tuple(_permit_record(visit, record, lives, holders) for record in plan.along)
    stuck = {root_of(record.via) for record in along if record.via and stuck_with(visit, record)}
    records = tuple(
        _without(_permit_record(visit, record, lives, holders), stuck) for record in plan.records
    )
    kept = {step.id for record in records for step in record.relations}
    return replace(
        plan,
        records=records,
        along=tuple(each for each in along if each.via is None or root_of(each.via) in kept),
    )


def stuck_with(visit: Visit, record: RecordPlan) -> tuple[Impossible, ...]:
    """What keeps a record from coming back, and no value that can be typed in would help."""
    versioned = visit.registry.of(record.model)
    return tuple(
        each
        for each in record.blocked
        if each.reason is not Reason.REQUIRED_NOT_RECORDED
        or typed_field(versioned, each.key, visit.zone) is None
    )


def _without(record: RecordPlan, stuck: set[str]) -> RecordPlan:
    """A record's plan without steps whose records cannot be written as they have to be."""
    taken_out = [step for step in record.relations if step.id in stuck]
    return replace(
        record,
        relations=tuple(step for step in record.relations if step.id not in stuck),
        impossible=(
            *record.impossible,
            *_refusals((step.relationship, _(NOT_WHOLE)) for step in taken_out),
        ),
    )


def permit_undo(visit: Visit, plan: Plan) -> tuple[Plan, tuple[RecordPlan, ...]]:
    """The plan of an undo with what is permitted of it, and the records that are not.

    Records that may not be seen are in neither.
    """
    lives = load_lives(visit, plan.records)
    seen, refused = [], []
    for record in plan.records:
        live = lives.get((record.model, record.key))
        if not visit.access.sees(record.model, record=live, version=record.version):
            continue
        decision = visit.access.may_undo(record.model, record=live, version=record.version)
        if decision.allowed:
            seen.append(record)
        else:
            why = Impossible("", Reason.POLICY, decision.reason)
            refused.append(replace(record, impossible=(why,)))
    return permit(visit, replace(plan, records=tuple(seen))), tuple(refused)


Lives = Mapping[tuple[type[Any], tuple[Any, ...]], Any]
"""Live objects by model and key; the session itself remembers only what somebody holds."""


def load_lives(visit: Visit, records: Iterable[RecordPlan]) -> Lives:
    """The records of a plan as they are now, in one statement for each model."""
    return _load_places(visit, ((record.model, record.key) for record in records))


def load_holders(visit: Visit, plan: Plan) -> Lives:
    """The records that have unique values which the plan would set, in as many statements."""
    return _load_places(visit, (each.holder for each in plan.taken))


def _load_places(visit: Visit, places: Iterable[tuple[type[Any], tuple[Any, ...]]]) -> Lives:
    keys: dict[type[Any], dict[tuple[Any, ...], None]] = {}
    for model, key in places:
        keys.setdefault(model, {})[key] = None
    found: dict[tuple[type[Any], tuple[Any, ...]], Any] = {}
    with visit.session.no_autoflush:
        for model, wanted in keys.items():
            for key, live in load(visit.session, inspect(model), wanted).items():
                found[model, key] = live
    return found


def root_of(step_id: str) -> str:
    """The step of the plan's own records that a step further down comes along with."""
    found = _FIRST_STEP.match(step_id)
    return found.group() if found else step_id


def _permit_record(visit: Visit, record: RecordPlan, lives: Lives, holders: Lives) -> RecordPlan:
    versioned = visit.registry.of(record.model)
    live = lives.get((record.model, record.key)) if record.action is not Action.RECREATE else None
    masks = visit.masks(versioned, record=live, versions=(record.version,))
    denied = _denied_key(visit, versioned, record)
    fields = []
    for step in record.fields:
        if step.key in masks:
            continue
        decision = _may_set(visit, versioned, record, live, step)
        if decision.allowed:
            fields.append(step)
        else:
            denied[step.key] = decision.reason
    relations = []
    for relation in record.relations:
        if relation.relationship in masks or refer_to_related(visit, relation.target) is None:
            continue
        decision = _may_relate(visit, versioned, record, live, relation)
        if decision.allowed:
            relations.append(relation)
        else:
            denied.setdefault(relation.relationship, decision.reason)
    return replace(
        record,
        fields=tuple(fields),
        relations=tuple(relations),
        taken=tuple(
            each
            for each in record.taken
            if not masks.keys() & set(each.fields) and _sees_holder(visit, each, holders)
        ),
        impossible=(
            *(
                _permit_asking(visit, record, each)
                for each in record.impossible
                if each.key not in masks
            ),
            *_refusals(denied.items(), _needed(versioned, record)),
            *_refusals(
                ((key, _(HIDDEN)) for key in masks if key in versioned.attributes),
                _needed(versioned, record),
            ),
        ),
    )


def _denied_key(visit: Visit, versioned: VersionedClass, record: RecordPlan) -> dict[str, str]:
    """What a recreated record may not be given as its key, and why: a key may be a link, too."""
    if record.action is not Action.RECREATE:
        return {}
    references = shapes.reference_of_field(versioned)
    denied: dict[str, str] = {}
    for key in versioned.key_attributes:
        asked = [{"field": key}]
        if key in references:
            asked.append({"relationship": references[key]})
        for about in asked:
            decision = visit.access.may_revert(versioned.model, version=record.version, **about)
            if not decision.allowed:
                denied.setdefault(key, decision.reason)
    return denied


def _sees_holder(visit: Visit, taken: Taken, holders: Lives) -> bool:
    """Who has a value is told to those who may see that record; others learn it by applying."""
    holder = holders.get(taken.holder)
    return holder is not None and refer_to_related(visit, holder) is not None


def _permit_asking(visit: Visit, record: RecordPlan, impossible: Impossible) -> Impossible:
    """A value is asked for from those who may write it."""
    if impossible.reason is not Reason.REQUIRED_NOT_RECORDED:
        return impossible
    decision = visit.access.may_revert(record.model, version=record.version, field=impossible.key)
    if decision.allowed:
        return impossible
    return replace(impossible, reason=Reason.POLICY, words=decision.reason)


def _needed(versioned: VersionedClass, record: RecordPlan) -> frozenset[str]:
    """The fields without which a record cannot be recreated."""
    if record.action is not Action.RECREATE:
        return frozenset()
    return frozenset(
        key
        for key, column in versioned.attributes.items()
        if not column.nullable and not has_default(column)
    )


def _refusals(
    denied: Iterable[tuple[str, str]], needed: frozenset[str] = frozenset()
) -> tuple[Impossible, ...]:
    return tuple(
        Impossible(key, Reason.POLICY, words, blocks=key in needed) for key, words in denied
    )


def _may_set(
    visit: Visit, versioned: VersionedClass, record: RecordPlan, live: Any, step: FieldStep
) -> Decision:
    """May the field be set, and the link that it makes?"""
    ask = visit.access.may_revert
    decision = ask(versioned.model, record=live, version=record.version, field=step.key)
    relationship = shapes.reference_of_field(versioned).get(step.key)
    if not decision.allowed or relationship is None:
        return decision
    return ask(versioned.model, record=live, version=record.version, relationship=relationship)


def _may_relate(
    visit: Visit, versioned: VersionedClass, record: RecordPlan, live: Any, step: RelationStep
) -> Decision:
    """May the relationship be changed, and the related record be written where that is needed?"""
    ask = visit.access.may_revert
    decision = ask(
        versioned.model, record=live, version=record.version, relationship=step.relationship
    )
    fields = shapes.remote_fields(versioned, step.relationship)
    if not decision.allowed or not fields:
        return decision
    model: type[Any] = type(step.target)
    about: dict[str, Any] = {"record": step.target}
    reverse: Mapping[str, str] = {}
    try:
        target = visit.registry.of(step.target)
    except ClassNotVersioned:
        pass
    else:
        model, reverse = target.model, shapes.reference_of_field(target)
        if isinstance(step.target, target.version_class):
            about = {"version": step.target}
    # Such a link is a field of the related record: what may not be set there may not be set here.
    asked = [{}, *({"field": each} for each in fields)]
    asked += [{"relationship": reverse[each]} for each in fields if each in reverse]
    decisions = (ask(model, **about, **each) for each in asked)
    return next((each for each in decisions if not each.allowed), decision)
