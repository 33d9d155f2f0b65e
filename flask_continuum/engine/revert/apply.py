"""Carries a plan out: in a savepoint, through the ORM, against what is really there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from flask_continuum.engine.errors import StalePlan
from flask_continuum.engine.read.conditions import moment
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.read.results import Entry
from flask_continuum.engine.read.timeline import entries_since
from flask_continuum.engine.revert.choice import Chosen, choose
from flask_continuum.engine.revert.conflicts import explain, refuse_blocked, refuse_taken
from flask_continuum.engine.revert.live import load
from flask_continuum.engine.revert.steps import RecordPlan
from flask_continuum.engine.revert.work import Work


class Planned(Protocol):
    """What is needed of a :class:`~flask_continuum.engine.revert.plan.Plan` to carry it out."""

    @property
    def kind(self) -> str:
        """``revert``, ``restore`` or ``undo``."""
        ...

    @property
    def records(self) -> tuple[RecordPlan, ...]:
        """The records asked for."""
        ...

    @property
    def along(self) -> tuple[RecordPlan, ...]:
        """What comes along with relation steps."""
        ...

    @property
    def target(self) -> Any:
        """The version to go back to, or the transaction to undo."""
        ...

    @property
    def planned(self) -> str:
        """The fingerprint of the whole plan."""
        ...

    @property
    def again(self) -> Callable[[Session], Planned]:
        """Makes the same plan against what is there now."""
        ...


def apply(
    plan: Planned,
    session: Session,
    *,
    fields: Any = None,
    relations: Collection[str] | None = None,
    reason: str | None = None,
) -> list[Any]:
    """Carry a plan out; see :meth:`~flask_continuum.engine.revert.plan.Plan.apply`."""
    choose(plan.records, plan.along, fields, relations)
    session.flush()
    # what was locked stays in memory: read again, it would be what the transaction saw before
    locked = _lock(session, (*plan.records, *plan.along))
    fresh = plan.again(session)
    if fresh.planned != plan.planned:
        raise StalePlan(
            "What is there has changed since this was planned, so nothing was applied. Look at "
            "what changed, and make a new plan.",
            _between(session, plan.records),
        )
    chosen = choose(
        _only(fresh.records, plan.records), _only(fresh.along, plan.along), fields, relations
    )
    refuse_blocked(chosen)
    if not chosen:
        return []
    work = Work(session, chosen)
    held = refuse_taken(session, chosen, work.objects)
    for manager in _managers(chosen):
        for plugin in manager.plugins.overriding("before_revert"):
            plugin.before_revert(session, fresh, tuple(chosen))
    try:
        with session.begin_nested():
            live = work.carry_out(flush=True, held=held)
    except IntegrityError as error:
        raise explain(session, chosen, work.objects) from error
    except StaleDataError as error:
        raise StalePlan(
            "The record was changed by somebody else while the plan was carried out, so nothing "
            "was applied. Make a new plan.",
            _between(session, plan.records),
        ) from error
    annotate(session, fresh, chosen, reason=reason)
    locked.clear()
    return live


def annotate(
    session: Session, plan: Planned, chosen: Sequence[Chosen], *, reason: str | None = None
) -> None:
    """Have the present transaction say what it is, and of what."""
    mappers = {sa.inspect(each.record.model) for each in chosen}
    for mapper in sorted(mappers, key=lambda each: each.class_.__qualname__):
        manager: Any = mapper.class_.__versioning_manager__
        manager.unit_of_work(session).annotate(
            kind=plan.kind, reason=reason, context=context_of(plan), mapper=mapper
        )


def _managers(chosen: Sequence[Chosen]) -> list[Any]:
    """The managers of the records, each once."""
    return list(dict.fromkeys(each.record.model.__versioning_manager__ for each in chosen))


def context_of(plan: Planned) -> dict[str, Any]:
    """Return what the new transaction says about its origin, as plain JSON."""
    if plan.kind == "undo":
        return {"undoes": plan.target.address}
    entry = versioned(plan.target)
    return {
        "reverts": {
            "table": entry.table.live.name,
            "key": [_plain(value) for value in entry.key_of(plan.target)],
            "transaction": moment(entry, plan.target),
        }
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | str) else str(value)


def _lock(session: Session, records: Sequence[RecordPlan]) -> list[Any]:
    """Lock the live rows and read them afresh: what the plan is compared with must last."""
    keys: dict[Any, list[tuple[Any, ...]]] = {}
    for record in records:
        keys.setdefault(record.model, []).append(record.key)
    locked: list[Any] = []
    for model in sorted(keys, key=lambda each: sa.inspect(each).local_table.fullname):
        mapper = sa.inspect(model)
        found = load(session, mapper, sorted(keys[model], key=repr), lock=True)
        for live in found.values():
            session.expire(live, list(mapper.relationships.keys()))
            locked.append(live)
    return locked


def _only(fresh: Sequence[RecordPlan], shown: Sequence[RecordPlan]) -> list[RecordPlan]:
    """Return the fresh records with the steps that the given plan has: some may be taken out."""
    by_place = {(record.model, record.key): record for record in fresh}
    found = []
    for record in shown:
        current = by_place[record.model, record.key]
        fields = {step.key for step in record.fields}
        steps = {step.id for step in record.relations}
        found.append(
            replace(
                current,
                fields=tuple(step for step in current.fields if step.key in fields),
                relations=tuple(step for step in current.relations if step.id in steps),
                impossible=record.impossible,
            )
        )
    return found


def _between(session: Session, records: Sequence[RecordPlan]) -> list[Entry]:
    """Return what happened to the records of a plan since it was made, newest first."""
    found: list[Entry] = []
    for record in records:
        found += entries_since(session, record.model, record.key, record.base or 0)
    return sorted(found, key=lambda entry: entry.transaction.id, reverse=True)
