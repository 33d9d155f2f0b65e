"""The conditions that all reading is made of: which record, which moment, which life.

Everywhere here ``entity`` is a version class or an alias of one, and the conditions are SQL
expressions on it. What they read of a version is its key, its transaction and its operation,
whatever the columns are called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from flask_continuum.engine.operation import Operation
from flask_continuum.engine.registry import Registry, VersionedClass, VersionedTable

RESTORING = ("revert", "restore", "undo")
"""Kinds of transactions in which an INSERT brings a deleted record back: its life goes on."""

GREATEST_ID = 2**63 - 1

LONGEST_ID = 19
"""Digits of the greatest id; a uid has 32 characters, so that neither is taken for the other."""


def registry_of(entry: VersionedClass) -> Registry:
    """Return the registry that an entry belongs to."""
    registry: Registry = entry.model.__versioning_manager__.registry
    return registry


def transaction_class_of(entry: VersionedClass) -> type[Any]:
    """Return the Transaction class of an entry's versions."""
    return registry_of(entry).transaction_class_for(entry.model)


def moment(entry: VersionedClass, thing: Any) -> Any:
    """Return the transaction id of an entity (an expression) or of a version (a number)."""
    return getattr(thing, entry.options.transaction_column_name)


def operation(entry: VersionedClass, thing: Any) -> Any:
    """Return the operation of an entity (an expression) or of a version (a number)."""
    return getattr(thing, entry.options.operation_type_column_name)


def key_columns(entry: VersionedClass, entity: Any) -> tuple[Any, ...]:
    """Return the attributes of an entity that identify its record."""
    return tuple(getattr(entity, name) for name in entry.key_attributes)


def is_record(
    entry: VersionedClass, entity: Any, key: Sequence[Any]
) -> tuple[sa.ColumnElement[bool], ...]:
    """Select the versions of one record.

    :param key: the primary key in its order; values are bound with the types of its columns.
    :raises ValueError: when the key has another number of values than the model's.
    """
    if len(key) != len(entry.key_attributes):
        raise ValueError(
            f"A key of {entry.model.__name__} has {len(entry.key_attributes)} values "
            f"({', '.join(entry.key_attributes)}), not {len(key)}: {tuple(key)!r}"
        )
    if not all(fits(value) for value in key):
        return (sa.false(),)
    return tuple(
        column == value for column, value in zip(key_columns(entry, entity), key, strict=True)
    )


def fits(value: Any) -> bool:
    """Tell whether a database can be asked for ``value``: drivers refuse greater integers."""
    return not isinstance(value, int) or -GREATEST_ID <= value <= GREATEST_ID


def read_id(text: str) -> int | None:
    """Read digits as the id of a transaction; ``None`` when they are none, or too many."""
    if not text.isascii() or not text.isdecimal() or len(text) > LONGEST_ID:
        return None
    number = int(text)
    return number if fits(number) else None


def same_record(entry: VersionedClass, one: Any, other: Any) -> tuple[Any, ...]:
    """Join two entities by their record."""
    pairs = zip(key_columns(entry, one), key_columns(entry, other), strict=True)
    return tuple(a == b for a, b in pairs)


def nearest_before(entry: VersionedClass, entity: Any) -> sa.ScalarSelect[Any]:
    """Return the transaction id of the version before an entity's, whatever its life.

    It is one step back in the index: a MAX would have MariaDB read the whole history.
    """
    return _nearest(entry, entity, later=False)


def nearest_after(entry: VersionedClass, entity: Any) -> sa.ScalarSelect[Any]:
    """Return the transaction id of the version after an entity's, whatever its life."""
    return _nearest(entry, entity, later=True)


def _nearest(entry: VersionedClass, entity: Any, *, later: bool) -> sa.ScalarSelect[Any]:
    other = aliased(entry.version_class)
    at, there = moment(entry, entity), moment(entry, other)
    return (
        sa.select(there)
        .where(*same_record(entry, other, entity), there > at if later else there < at)
        .order_by(there if later else there.desc())
        .limit(1)
        .correlate(entity)
        .scalar_subquery()
    )


def existed(entry: VersionedClass, entity: Any, at: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """Select the versions that were valid when transaction ``at`` had committed.

    A record has at most one; a deleted one, or one not born yet, has none.
    """
    return (*known(entry, entity, at), operation(entry, entity) != Operation.DELETE)


def known(entry: VersionedClass, entity: Any, at: Any) -> tuple[sa.ColumnElement[bool], ...]:
    """Select the newest versions up to transaction ``at``, deletions included."""
    since = moment(entry, entity)
    end = entry.options.end_transaction_column_name
    if entry.table.end_transaction_id is not None:
        until = getattr(entity, end)
        return (since <= at, sa.or_(until.is_(None), until > at))
    later = aliased(entry.version_class)
    return (
        since <= at,
        ~sa.exists().where(
            *same_record(entry, later, entity),
            moment(entry, later) > since,
            moment(entry, later) <= at,
        ),
    )


def existed_before(
    entry: VersionedClass, entity: Any, at: Any
) -> tuple[sa.ColumnElement[bool], ...]:
    """Select the versions that were valid just before transaction ``at``.

    That is what the version of a deletion has to say about its surroundings.
    """
    since = moment(entry, entity)
    lasting = operation(entry, entity) != Operation.DELETE
    if entry.table.end_transaction_id is not None:
        until = getattr(entity, entry.options.end_transaction_column_name)
        return (since < at, sa.or_(until.is_(None), until >= at), lasting)
    later = aliased(entry.version_class)
    return (
        since < at,
        ~sa.exists().where(
            *same_record(entry, later, entity),
            moment(entry, later) > since,
            moment(entry, later) < at,
        ),
        lasting,
    )


def row_existed(
    table: VersionedTable, at: Any, *, before: bool = False
) -> tuple[sa.ColumnElement[bool], ...]:
    """Select the rows of a version table that were valid at a transaction, or just before it.

    This is for tables without a version class, which link tables are.
    """
    since, lasting = table.transaction_id, table.operation_type != Operation.DELETE
    began = since < at if before else since <= at
    if table.end_transaction_id is not None:
        until = table.end_transaction_id
        lasts = until >= at if before else until > at
        return (began, sa.or_(until.is_(None), lasts), lasting)
    later = table.version.alias()
    then = later.c[since.key]
    return (
        began,
        ~sa.exists().where(
            *(later.c[column.key] == column for column in table.version_key),
            then > since,
            then < at if before else then <= at,
        ),
        lasting,
    )


def is_newest(entry: VersionedClass, entity: Any) -> sa.ColumnElement[bool]:
    """Select the newest version of every record, deletions included."""
    if entry.table.end_transaction_id is not None:
        until: sa.ColumnElement[Any] = getattr(entity, entry.options.end_transaction_column_name)
        return until.is_(None)
    later = aliased(entry.version_class)
    return ~sa.exists().where(
        *same_record(entry, later, entity), moment(entry, later) > moment(entry, entity)
    )


def begins_life(entry: VersionedClass, entity: Any) -> sa.ColumnElement[bool]:
    """Select the versions with which a life begins."""
    transaction = aliased(transaction_class_of(entry))
    return sa.and_(
        operation(entry, entity) == Operation.INSERT,
        ~sa.exists().where(
            transaction.id == moment(entry, entity), transaction.kind.in_(RESTORING)
        ),
    )


def birth(
    entry: VersionedClass, key: Sequence[Any], at: int | None = None, *, above: Any = None
) -> sa.ColumnElement[int]:
    """Return the transaction id with which a life of a record began, as a scalar subquery.

    :param at: a moment of that life; the newest life when ``None``.
    :param above: look no further back than this transaction, itself left out: a search through
        everything takes the longer the longer the life.
    :returns: 0 where history knows no beginning.
    """
    version = aliased(entry.version_class)
    began = (
        sa.select(moment(entry, version))
        .where(*is_record(entry, version, key), begins_life(entry, version))
        .order_by(moment(entry, version).desc())
        .limit(1)
    )
    if at is not None:
        began = began.where(moment(entry, version) <= at)
    if above is not None:
        began = began.where(moment(entry, version) > above)
    return sa.func.coalesce(began.scalar_subquery(), 0)


def next_birth(
    entry: VersionedClass, key: Sequence[Any], at: int, *, below: Any = None
) -> sa.ColumnElement[int]:
    """Return the transaction id with which the next life after ``at`` begins, or a great one.

    :param below: look no further ahead than this transaction, itself left out.
    """
    version = aliased(entry.version_class)
    began = (
        sa.select(moment(entry, version))
        .where(
            *is_record(entry, version, key),
            begins_life(entry, version),
            moment(entry, version) > at,
        )
        .order_by(moment(entry, version))
        .limit(1)
    )
    if below is not None:
        began = began.where(moment(entry, version) < below)
    return sa.func.coalesce(began.scalar_subquery(), GREATEST_ID)


def first_of(born: Any, above: Any) -> Any:
    """Return where to begin to read a life, as one bound: of two, SQLite would search by either.

    :param born: where the life begins as far as is known, 0 where that is not known; an expression
        or a number, as ``above`` is.
    :param above: the last transaction that is out of reach; ``None`` when nothing is.
    """
    if above is None:
        return born
    if isinstance(born, int) and isinstance(above, int):
        return max(born, above + 1)
    return sa.case((born > above, born), else_=above + 1)


def out_of_reach(
    entry: VersionedClass,
    key: Sequence[Any],
    reach: int,
    *,
    below: Any = None,
    above: Any = None,
    rising: bool = False,
) -> sa.ColumnElement[int]:
    """Return the transaction id of the version of a record that comes behind so many others.

    It is found by counting on in the index, whatever the length of the history.

    :param reach: how many.
    :param below: begin below this transaction, and not at the newest version.
    :param above: begin above this transaction, where the order is the rising one.
    :returns: 0 where there are no more versions (a great number in the rising order).
    """
    version = aliased(entry.version_class)
    at = moment(entry, version)
    behind = (
        sa.select(at)
        .where(
            *is_record(entry, version, key),
            *(() if below is None else (at < below,)),
            *(() if above is None else (at > above,)),
        )
        .order_by(at if rising else at.desc())
        .limit(1)
        .offset(reach)
    )
    return sa.func.coalesce(behind.scalar_subquery(), GREATEST_ID if rising else 0)


def differs(left: Any, right: Any, column: sa.Column[Any], dialect: str) -> Any:
    """Tell NULL-safely whether two values of one column are stored differently.

    What counts are the stored bytes: MariaDB's collations find ``Foo`` equal to ``foo``, and
    PostgreSQL has no equality at all for ``json`` and some other types.
    """
    if dialect == "postgresql" and not _has_equality(column.type):
        left, right = sa.cast(left, sa.Text), sa.cast(right, sa.Text)
    elif dialect in ("mysql", "mariadb") and isinstance(column.type, sa.String):
        left, right = sa.cast(left, sa.LargeBinary), sa.cast(right, sa.LargeBinary)
    return left.is_distinct_from(right)


def _has_equality(kind: sa.types.TypeEngine[Any]) -> bool:
    plain = (sa.String, sa.Numeric, sa.Integer, sa.Date, sa.DateTime, sa.Time, sa.Boolean, sa.Uuid)
    return isinstance(kind, (*plain, sa.Interval, sa.LargeBinary, sa.Enum))
