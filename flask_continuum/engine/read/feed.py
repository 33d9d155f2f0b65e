"""Which transactions a feed over all models is to show, as conditions on the transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    differs,
    moment,
    nearest_before,
    operation,
    same_record,
)
from flask_continuum.engine.read.links import Link, owned_links
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.read.made import Made
from flask_continuum.engine.read.search import Searchable, label_attributes, matches
from flask_continuum.engine.registry import VersionedClass


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFilter(Made):
    """What transactions are wanted; ``None`` asks for all.

    :ivar model: those that touched a record of this model.
    :ivar operation: those that inserted, updated or deleted something (of the model).
    :ivar field: those that changed this attribute or many-to-many relationship of the model.
    :ivar text: those whose reason or label contains it, or that touched a record which was called
        so or has this key.
    :ivar searchable: gives the text attributes of a model that ``text`` may be looked for in.
    :ivar models: only what was done to these models counts; every model by default.
    """

    model: Any = None
    operation: Operation | None = None
    field: str | None = None
    text: str | None = None
    searchable: Searchable = label_attributes
    models: Sequence[Any] | None = None

    def among(self, every: Sequence[VersionedClass]) -> tuple[VersionedClass, ...]:
        """Return those of the base models that count."""
        if self.model is not None:
            return (versioned(self.model),)
        if self.models is None:
            return tuple(every)
        wanted = {versioned(model) for model in self.models}
        return tuple(each for each in every if each in wanted)


EVERYTHING = FeedFilter()
"""All transactions."""


def conditions(
    wanted: FeedFilter, transaction: Any, every: Sequence[VersionedClass], dialect: str
) -> Iterator[sa.ColumnElement[bool]]:
    """Yield what must hold of a transaction.

    :param transaction: the Transaction class.
    :param every: the base models of its database.
    :param dialect: the database's name, which decides how values are compared.
    :raises ValueError: when transactions record no user, or the model has no such field.
    """
    yield from wanted.conditions(transaction)
    touches = _touches(wanted, every, dialect)
    if touches is not None:
        yield _in_any_row(transaction, touches)
    if wanted.text:
        yield _said(wanted, transaction, every)


_Condition = Callable[[Any], sa.ColumnElement[bool]]
"""What must hold of one row of the transaction table."""


def _touches(
    wanted: FeedFilter, every: Sequence[VersionedClass], dialect: str
) -> _Condition | None:
    """Return the condition on what a transaction touched, ``None`` when it may be anything."""
    entries = wanted.among(every)
    if wanted.field is not None:
        if wanted.model is None:
            raise ValueError("A field is one of a model: give the model too.")
        return partial(_changed, entries[0], wanted.field, wanted.operation, dialect)
    if wanted.operation is not None:
        return lambda row: _any(_did(entry, wanted.operation, row) for entry in entries)
    if wanted.model is not None or len(entries) < len(every):
        return lambda row: _any(each for entry in entries for each in _touched(entry, row))
    return None


def _in_any_row(transaction: Any, condition: _Condition) -> sa.ColumnElement[bool]:
    """Ask all rows of a transaction: where it was overtaken, it has several under one uid."""
    earlier = aliased(transaction)
    return sa.or_(
        condition(transaction),
        sa.exists().where(
            earlier.uid == transaction.uid, earlier.id < transaction.id, condition(earlier)
        ),
    )


def _any(conditions: Any) -> sa.ColumnElement[bool]:
    return sa.or_(sa.false(), *conditions)


def _did(entry: VersionedClass, done: Operation | None, transaction: Any) -> sa.ColumnElement[bool]:
    version = aliased(entry.version_class)
    return sa.exists().where(
        moment(entry, version) == transaction.id, operation(entry, version) == done
    )


def _touched(entry: VersionedClass, transaction: Any) -> Iterator[sa.ColumnElement[bool]]:
    version = aliased(entry.version_class)
    yield sa.exists().where(moment(entry, version) == transaction.id)
    for link in owned_links(entry):
        yield _linked(link, transaction)


def _linked(link: Link, transaction: Any) -> sa.ColumnElement[bool]:
    table = link.table
    return sa.exists().where(
        table.transaction_id == transaction.id, table.operation_type != Operation.UPDATE
    )


def _changed(
    entry: VersionedClass,
    field: str,
    done: Operation | None,
    dialect: str,
    transaction: Any,
) -> sa.ColumnElement[bool]:
    """Select transactions in which a field of some record of a model changed, or was first set."""
    links = [link for link in owned_links(entry) if link.relationship == field]
    if links:
        if done not in (None, Operation.UPDATE):
            return sa.false()
        return _any(_linked(link, transaction) for link in links)
    if field not in entry.attributes:
        raise ValueError(
            f"{entry.model.__name__} has no recorded field or link {field!r}; "
            f"it has {', '.join(entry.attributes)}."
        )
    version, before = aliased(entry.version_class), aliased(entry.version_class)
    now, then = getattr(version, field), getattr(before, field)
    came = sa.and_(operation(entry, version) == Operation.INSERT, now.is_not(None))
    differed = sa.and_(
        operation(entry, version) != Operation.INSERT,
        sa.exists().where(
            *same_record(entry, before, version),
            moment(entry, before) == nearest_before(entry, version),
            differs(now, then, entry.attributes[field], dialect),
        ),
    )
    only = [] if done is None else [operation(entry, version) == done]
    return sa.exists().where(
        moment(entry, version) == transaction.id, sa.or_(came, differed), *only
    )


def _said(
    wanted: FeedFilter, transaction: Any, every: Sequence[VersionedClass]
) -> sa.ColumnElement[bool]:
    text = (wanted.text or "").strip()
    found = [
        transaction.reason.icontains(text, autoescape=True),
        transaction.actor.icontains(text, autoescape=True),
    ]
    for entry in wanted.among(every):
        found.append(_in_any_row(transaction, partial(_called, entry, text, wanted.searchable)))
    return sa.or_(*found)


def _called(
    entry: VersionedClass, text: str, searchable: Searchable, transaction: Any
) -> sa.ColumnElement[bool]:
    version = aliased(entry.version_class)
    return sa.exists().where(
        moment(entry, version) == transaction.id,
        matches(entry, version, text, searchable(entry)),
    )
