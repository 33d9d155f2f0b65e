"""What the address of a feed asks for: its filters as texts, and what they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import request
from sqlalchemy import inspect

from flask_continuum.admin.errors import bad_request, not_found, one_of
from flask_continuum.admin.shown_fields import fields_of_model
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.families import bases, families
from flask_continuum.engine.read.feed import FeedFilter
from flask_continuum.engine.read.made import ORDINARY
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.presenters.addresses import BadAddress, decode_key, python_type
from flask_continuum.presenters.words import N_, _

OPERATIONS: Mapping[str, Operation] = {
    "created": Operation.INSERT,
    "changed": Operation.UPDATE,
    "deleted": Operation.DELETE,
}
OPERATION_LABELS: Mapping[str, str] = {
    "created": N_("Created"),
    "changed": N_("Changed"),
    "deleted": N_("Deleted"),
}
"""The same as a person calls it."""
KINDS: Mapping[str, str] = {
    "plain": N_("Plain edits"),
    "revert": N_("Reverts"),
    "restore": N_("Restorations"),
    "undo": N_("Undos"),
    "import": N_("Imports"),
    "command": N_("Command line"),
    "outside": N_("Outside the application"),
    "baseline": N_("Baselines"),
    "erase": N_("Erasures"),
    "repair": N_("Repairs"),
}
"""How transactions came about, as the address and as a person calls it."""
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """The filters of a feed, as in its address; empty texts ask for all."""

    model: str = ""
    field: str = ""
    user: str = ""
    actor: str = ""
    operation: str = ""
    kind: str = ""
    since: str = ""
    until: str = ""
    q: str = ""

    @property
    def address(self) -> dict[str, str]:
        """The filters that are set."""
        texts = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: text for name, text in texts.items() if text}

    @property
    def active(self) -> bool:
        """True when something narrows the feed."""
        return bool(self.address)


def read_query() -> FeedQuery:
    """The filters that a request asks for; a field without a model is none."""
    texts = {
        each.name: request.args.get(each.name, "").strip()[:LONGEST_TEXT]
        for each in fields(FeedQuery)
    }
    asked = FeedQuery(**texts)
    return asked if asked.model else replace(asked, field="")


def resolve(visit: Visit, asked: FeedQuery) -> FeedFilter:
    """The filter that a query stands for, of what the person may see.

    :raises BadRequest: when a filter makes no sense.
    :raises NotFound: when the model may not be known of.
    """
    if asked.operation and asked.operation not in OPERATIONS:
        raise bad_request(one_of("operation", OPERATIONS))
    if asked.kind and asked.kind not in KINDS:
        raise bad_request(one_of("kind", KINDS))
    versioned = model_of(visit, asked)
    if (
        versioned is not None
        and asked.field
        and asked.field not in fields_of_model(visit, versioned)
    ):
        raise bad_request(_("“field” names no field of this model."))
    first, last = read_day(asked.since, "since"), read_day(asked.until, "until")
    return FeedFilter(
        model=None if versioned is None else versioned.model,
        models=seen_models(visit),
        field=asked.field or None,
        user_id=read_user(visit, asked.user) if asked.user else None,
        actor=asked.actor or None,
        operation=OPERATIONS.get(asked.operation),
        kind=(ORDINARY if asked.kind == "plain" else asked.kind) if asked.kind else None,
        since=None if first is None else midnight(visit, first),
        until=None if last is None else midnight(visit, last, days=1),
        text=asked.q or None,
        searchable=visit.searchable,
    )


def model_of(visit: Visit, asked: FeedQuery) -> VersionedClass | None:
    """The model that a query names."""
    if not asked.model:
        return None
    found = visit.links.model_at(asked.model)
    if found is None or not visit.access.sees_model(found.model):
        raise not_found()
    return found


def seen_models(visit: Visit) -> tuple[type[Any], ...] | None:
    """The models that the person may see; ``None`` when that is all of them."""
    every = [each.model for each in bases(visit.registry)]
    seen = tuple(model for model in every if visit.access.sees_model(model))
    return None if len(seen) == len(every) else seen


def read_user(visit: Visit, segment: str) -> Any:
    """The key of the user that a text of an address names.

    :raises NotFound: when no user can have it, or transactions name no users.
    """
    for transaction_class in families(visit.registry):
        columns = inspect(transaction_class).columns
        if "user_id" not in columns:
            break
        try:
            (user_id,) = decode_key(segment, (python_type(columns.user_id.type),))
        except BadAddress as error:
            raise not_found() from error
        return user_id
    raise not_found()


def read_day(text: str | None, name: str) -> date | None:
    """A day of an address.

    :raises BadRequest: when it is none.
    """
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise bad_request(_("“%(name)s” is a day such as 2026-11-23.", name=name)) from error


def midnight(visit: Visit, day: date, *, days: int = 0) -> datetime:
    """The beginning of a day where the person is, as transactions keep instants (naive UTC).

    :param days: so many days later.
    :raises BadRequest: when the calendar has no such day.
    """
    try:
        local = datetime.combine(day, time(), tzinfo=visit.zone) + timedelta(days=days)
        return local.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise bad_request(_("A day such as 2026-11-23 is expected.")) from error
