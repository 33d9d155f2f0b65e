"""Loads version objects, and for a whole page at once what belongs to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, joinedload, undefer, with_polymorphic
from sqlalchemy.orm.attributes import set_committed_value

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.read.conditions import (
    RESTORING,
    is_record,
    moment,
    operation,
    transaction_class_of,
)
from flask_continuum.engine.read.databases import token_of
from flask_continuum.engine.registry import Registry, VersionedClass, entry_of
from flask_continuum.engine.typed import AnySelect

LOADED_WITH = "_loaded_with"
"""The attribute of a version that holds what was loaded with it."""


def versioned(thing: Any) -> VersionedClass:
    """Return the entry of a model, a version class or an instance of either."""
    return thing if isinstance(thing, VersionedClass) else entry_of(thing)


def whole(entry: VersionedClass) -> Any:
    """Return what to select for whole versions: with inheritance, those of subclasses are
    loaded with all their columns at once, and not column by column when they are looked at.
    """
    mapper = sa.inspect(entry.version_class)
    if len(list(mapper.self_and_descendants)) == 1:
        return entry.version_class
    return with_polymorphic(entry.version_class, "*", flat=True)


def another(entry: VersionedClass) -> Any:
    """Return the same as :func:`whole`, to be selected beside it."""
    mapper = sa.inspect(entry.version_class)
    if len(list(mapper.self_and_descendants)) == 1:
        return aliased(entry.version_class)
    return whole(entry)


def of_record(model: Any, key: Sequence[Any], *, newest_first: bool = False) -> AnySelect:
    """Select all versions of one record, every column with them."""
    entry = versioned(model)
    version = whole(entry)
    return (
        sa.select(version)
        .where(*is_record(entry, version, key))
        .order_by(moment(entry, version).desc() if newest_first else moment(entry, version))
        .options(undefer("*"))
    )


def with_transaction(session: Session, entry: VersionedClass, entity: Any, *more: Any) -> AnySelect:
    """Select versions, each with its Transaction object and user, as ``(version, transaction)``.

    :param more: further entities or expressions to select.
    """
    transaction = aliased(transaction_class_of(entry))
    return (
        sa.select(entity, transaction, *more)
        .outerjoin(transaction, transaction.id == moment(entry, entity))
        .options(undefer("*"), *user_loading(transaction, token_of(session, entry)))
    )


def user_loading(transaction: Any, token: str | None) -> list[Any]:
    """Return loader options that bring the user in the same statement, where there is one.

    :param token: of the database that the transactions are in. With one the user is loaded when
        it is asked for: it is the application's, may be elsewhere, and must not get the token.
    """
    known = "user" in sa.inspect(transaction).mapper.relationships
    return [joinedload(transaction.user)] if known and token is None else []


def connect(version: Any, transaction: Any) -> Any:
    """Tell a version its transaction, so that asking for it costs nothing; return the version."""
    if "transaction" in sa.inspect(type(version)).relationships:
        set_committed_value(version, "transaction", transaction)
    return version


def transactions_by_id(
    session: Session, entry: VersionedClass, ids: Iterable[int]
) -> Mapping[int, Any]:
    """Load transactions of a model's versions and their users in one statement, by id."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    transaction = transaction_class_of(entry)
    statement = sa.select(transaction).where(transaction.id.in_(wanted))
    found = session.scalars(
        statement.options(*user_loading(transaction, token_of(session, entry))),
        bind_arguments=connection_arguments(session, entry),
    )
    return {each.id: each for each in found}


def begins(entry: VersionedClass, version: Any, transaction: Any | None) -> bool:
    """Tell whether a life begins with a version, given its transaction."""
    kind = None if transaction is None else transaction.kind
    inserted: bool = operation(entry, version) == Operation.INSERT
    return inserted and kind not in RESTORING


def connection_arguments(session: Session, entry: VersionedClass) -> dict[str, Any]:
    """Return what makes a session send a statement to the database of a model's versions.

    That is the model's own: sessions are told about models, bases and tables of the application.
    """
    return {"bind": session.get_bind(entry.mapper)}


def transaction_arguments(session: Session, transaction_class: Any) -> dict[str, Any]:
    """Return the same for transactions, of a session that has them in one database."""
    registry: Registry = transaction_class.__versioning_registry__
    for entry in registry.classes():
        if registry.transaction_class_for(entry.model) is transaction_class:
            return connection_arguments(session, entry)
    return {}
