"""Plans of reverts and undos: shown, asked about, carried out."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click

from flask_continuum.cli.changes import short
from flask_continuum.cli.printing import echo_json, plain
from flask_continuum.cli.subjects import MASKED, Desk
from flask_continuum.engine.revert import Action, Plan, RecordPlan, RelationKind, State
from flask_continuum.policy import carries_rights, is_masked
from flask_continuum.presenters.addresses import encode_key

Chosen = Mapping[int, tuple[str, ...]]
"""The fields to set, by the place of each record in the plan."""

_ACTIONS = {Action.CHANGE: "Change", Action.RECREATE: "Bring back", Action.DELETE: "Delete"}
_RELATIONS = {
    RelationKind.RECREATE: "bring back",
    RelationKind.REMOVE: "delete",
    RelationKind.RELINK: "point back",
    RelationKind.LINK: "link",
    RelationKind.UNLINK: "unlink",
}
_COLOURS = {Action.CHANGE: "yellow", Action.RECREATE: "green", Action.DELETE: "red"}

reason = click.option("--reason", metavar="TEXT", help="Why, for the new transaction.")
yes = click.option("--yes", is_flag=True, help="Do it without asking.")
dry_run = click.option("--dry-run", is_flag=True, help="Show the plan, and do nothing.")


def carry_out(
    desk: Desk,
    plan: Plan,
    *,
    named: tuple[str, ...] = (),
    reason: str | None,
    yes: bool,
    dry_run: bool,
    json_: bool,
) -> None:
    """Show a plan, ask, and carry it out in a transaction of its own.

    Secrets and what carries rights stay as they are, unless they are named.

    :param named: the fields that were asked for by name.
    """
    chosen = _chosen(plan, named)
    done = None
    if not json_:
        for line in _lines(desk, plan, chosen):
            click.echo(line)
    if plan.is_empty:
        done = "nothing to do"
    elif dry_run:
        done = "nothing has changed"
    elif json_ and not yes:
        raise click.UsageError("--json asks nothing: add --yes, or --dry-run to look only.")
    if done is None:
        if not yes:
            click.confirm("Nothing has changed yet. Do it?", abort=True)
        with desk.state.continuum.acting_as(f"{getpass.getuser()} (command line)"):
            plan.apply(desk.session, fields=chosen, reason=reason)
            desk.session.commit()
        done = "done"
    if json_:
        echo_json({**_as_json(desk, plan, chosen), "outcome": done})
    else:
        click.echo(f"{done.capitalize()}.")


def _chosen(plan: Plan, named: tuple[str, ...]) -> Chosen:
    return {
        place: tuple(
            step.key
            for step in record.fields
            if step.state is State.CLEAN
            and (step.key in named or not _is_delicate(record, step.key))
        )
        for place, record in enumerate(plan.records)
        if record.state is not State.CONFLICT
    }


def _is_delicate(record: RecordPlan, field: str) -> bool:
    return is_masked(record.model, field) or carries_rights(record.model, field)


def _lines(desk: Desk, plan: Plan, chosen: Chosen) -> Iterator[str]:
    for place, record in enumerate((*plan.records, *plan.along)):
        name = desk.name(record.version) if record.version is not None else ""
        entry = desk.entry(record.model)
        verb = click.style(_ACTIONS[record.action], fg=_COLOURS[record.action], bold=True)
        key = desk.name_of_key(entry, record.key)
        yield f"{verb} {key}" + ("" if name == key else f" “{name}”")
        left = chosen.get(place)
        for step in record.fields:
            if desk.hides(entry, step.key):
                now = then = MASKED
            else:
                now, then = short(step.now, step.then)
            stays = left is not None and step.key not in left
            mark = f"  (stays: {_why(record, step.key, step.state)})" if stays else ""
            arrow = f"{click.style(now, fg='red')} → {click.style(then, fg='green')}"
            yield f"    {step.key}: {arrow}{mark}"
        for relation in record.relations:
            target = desk.name(relation.target)
            mark = "" if relation.ticked else "  (only where it is asked for: stays)"
            yield f"    {relation.relationship}: {_RELATIONS[relation.kind]} {target}{mark}"
        for impossible in record.impossible:
            yield click.style(f"    {impossible.key or 'record'}: {impossible.words}", fg="yellow")


def _why(record: RecordPlan, field: str, state: State) -> str:
    if state is State.CONFLICT:
        return "changed since by somebody else"
    if state is State.DONE:
        return "it is that already"
    if is_masked(record.model, field):
        return "a secret, name it with --field to have it"
    return "it carries rights, name it with --field to have it"


def _as_json(desk: Desk, plan: Plan, chosen: Chosen) -> dict[str, Any]:
    return {
        "kind": plan.kind,
        "records": [
            {
                "model": desk.segment(desk.entry(record.model)),
                "key": encode_key(record.key),
                "action": record.action.value,
                "fields": {
                    step.key: {
                        "now": _value(desk, record, step.key, step.now),
                        "then": _value(desk, record, step.key, step.then),
                        "state": step.state.value,
                        "chosen": step.key in chosen.get(place, (step.key,)),
                    }
                    for step in record.fields
                },
                "relations": [
                    {
                        "id": step.id,
                        "relationship": step.relationship,
                        "kind": step.kind.value,
                        "key": encode_key(step.key),
                        "chosen": step.ticked,
                    }
                    for step in record.relations
                ],
                "impossible": [
                    {"key": each.key, "reason": each.reason.value, "words": each.words}
                    for each in record.impossible
                ],
            }
            for place, record in enumerate((*plan.records, *plan.along))
        ],
    }


def _value(desk: Desk, record: RecordPlan, field: str, value: Any) -> Any:
    return MASKED if desk.hides(desk.entry(record.model), field) else plain(value)


Options = Callable[..., Any]


def plan_options(function: Options) -> Options:
    """Give a command the options of all that carry out a plan."""
    for option in (dry_run, yes, reason):
        function = option(function)
    return function
