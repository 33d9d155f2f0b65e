"""``version.revert()``: a revert at once, without a plan to look at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from flask_continuum.engine.revert.apply import annotate
from flask_continuum.engine.revert.choice import choose
from flask_continuum.engine.revert.planner import plan_revert
from flask_continuum.engine.revert.steps import Action
from flask_continuum.engine.revert.work import Work


def revert(session: Session, version: Any, *, relations: Sequence[str] | None = None) -> Any | None:
    """Bring a record back to what it was as of a version; flush and commit are the caller's.

    A deleted record is recreated: also by its deletion, which is taken back. Where the record is
    there, to go back to a deletion means to delete it.

    :param relations: dotted paths of relationships to bring back too. All that the paths lead to
        becomes what it was then: what came since is taken out.
    :returns: the live object, ``None`` when it is deleted.
    :raises ReverterException: when a path names no relationship.
    """
    plan = plan_revert(session, version, relations=relations or ())
    everything = {step.id for record in (*plan.records, *plan.along) for step in record.relations}
    chosen = choose(plan.records, plan.along, None, everything)
    with session.no_autoflush:
        found = Work(session, chosen).carry_out(flush=False)
    if chosen:
        annotate(session, plan, chosen)
    (record,) = plan.records
    if record.action is Action.DELETE:
        return None
    if found and chosen[0].record is record:
        return found[0]
    return session.get(record.model, record.key)
