"""Says in words why a plan cannot be carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.errors import PlanBlocked
from flask_continuum.engine.revert.choice import Chosen
from flask_continuum.engine.revert.live import Place, place
from flask_continuum.engine.revert.steps import Action, Reason, RelationKind
from flask_continuum.engine.revert.unique import Held, claims, gives_up, held, releases

NAMED = 3
"""Records that a message names."""

ADDING = (RelationKind.RECREATE, RelationKind.RELINK, RelationKind.LINK)


def called(model: type[Any], key: tuple[Any, ...]) -> str:
    """Return what a record is called in a message: ``Article 5``."""
    return f"{model.__name__} {', '.join(str(part) for part in key)}"


def refuse_blocked(chosen: Sequence[Chosen]) -> None:
    """Refuse what cannot be done whatever the database holds.

    :raises PlanBlocked: with what has to be decided or given.
    """
    for each in chosen:
        name = called(each.record.model, each.record.key)
        for blocked in each.record.blocked:
            hint = ""
            if blocked.reason is Reason.REQUIRED_NOT_RECORDED:
                hint = f" Or plan it with values={{{each.record.prefix + blocked.key!r}: …}}."
            raise PlanBlocked(f"{name}: {blocked.words}{hint}")
        taken = {step.id for step in each.relations}
        left = [step for step in each.record.relations if step.id not in taken]
        missed = sorted(each.record.required - taken)
        if missed:
            raise PlanBlocked(
                f"{name} cannot come back without what it points to. Ask for that too "
                f"({', '.join(missed)})."
            )
        if each.record.action is Action.DELETE:
            with_it = [step.id for step in left if step.kind is RelationKind.REMOVE]
            if with_it:
                many = "record" if len(with_it) == 1 else "records"
                raise PlanBlocked(
                    f"Deleting {name} would delete {len(with_it)} related {many} with it. Ask for "
                    f"that too ({', '.join(with_it)}), or leave the record as it is."
                )
            continue
        relationships = sa.inspect(each.record.model).relationships
        for step in each.relations:
            prop = relationships.get(step.relationship)
            if step.kind not in ADDING or prop is None or prop.uselist:
                continue
            for other in left:
                if other.relationship == step.relationship and other.kind not in ADDING:
                    raise PlanBlocked(
                        f"{name} has only one “{step.relationship}”, and has another one by now. "
                        f"Ask for both ({other.id} and {step.id}), or for neither."
                    )


def refuse_taken(
    session: Session, chosen: Sequence[Chosen], objects: Mapping[Place, Any]
) -> list[Held]:
    """Refuse values that must be unique and that another record has, before anything is written.

    :param objects: the live records of the plan.
    :returns: values that a record of the same plan has, and gives up.
    :raises PlanBlocked: naming the field and the record that has its value.
    """
    wanted = [
        claim
        for each in chosen
        for claim in claims(
            each.record, each.fields, objects.get(place(each.record.model, each.record.key))
        )
    ]
    given_up = releases((each.record, each.fields, each.relations) for each in chosen)
    with session.no_autoflush:
        found = held(session, wanted)
    for each in found:
        if not gives_up(given_up, each):
            raise _taken(each)
    return found


def explain(
    session: Session, chosen: Sequence[Chosen], objects: Mapping[Place, Any]
) -> PlanBlocked:
    """Return what stands in the way of a plan that the database has refused.

    Called after its savepoint was rolled back. Looks for a row that already has a value which
    must be unique; otherwise it says what the plan was about, and never what the database said.
    """
    try:
        for each in refuse_taken(session, chosen, objects):
            return _taken(each)
    except PlanBlocked as blocked:
        return blocked
    records = [called(each.record.model, each.record.key) for each in chosen]
    more = f" and {len(records) - NAMED} more" if len(records) > NAMED else ""
    return PlanBlocked(
        f"The database refused the change of {', '.join(records[:NAMED])}{more}, so nothing was "
        f"applied. Most often a value has to be unique, or something that it points to is gone."
    )


def _taken(each: Held) -> PlanBlocked:
    claim = each.claim
    # of values that stay as they are nothing is said: not everybody may know them
    pairs = zip(claim.fields, claim.values, strict=True)
    shown = " and ".join(f"{name} = {value!r}" for name, value in pairs if name in claim.new)
    return PlanBlocked(
        f"{called(claim.model, claim.record[1])} cannot have {shown} again: "
        f"{called(claim.model, each.holder)} has it by now, and it must be unique. "
        f"Leave the field out, or change the other record first.",
        (claim.model, each.holder),
    )
