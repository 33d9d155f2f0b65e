"""The moments at which a record changed, without the values: for select boxes and neighbours."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from flask_continuum.admin.contexts import Moment
from flask_continuum.admin.subjects import Subject
from flask_continuum.admin.visit import Visit
from flask_continuum.engine.read.conditions import is_record, moment, transaction_class_of
from flask_continuum.engine.read.loading import connection_arguments


def transactions_of(
    visit: Visit,
    subject: Subject,
    *,
    limit: int,
    above: int | None = None,
    below: int | None = None,
) -> tuple[Any, ...]:
    """The transactions of a record's versions, newest first, in one statement.

    :param above: only those after this transaction, the nearest ones.
    :param below: only those before this one.
    """
    versioned = subject.versioned
    transaction = transaction_class_of(versioned)
    at = moment(versioned, versioned.version_class)
    statement = (
        sa.select(transaction)
        .join(versioned.version_class, transaction.id == at)
        .where(*is_record(versioned, versioned.version_class, subject.key))
        .limit(limit)
    )
    arguments = connection_arguments(visit.session, versioned)
    if above is not None:
        statement = statement.where(at > above).order_by(at)
        return tuple(reversed(visit.session.scalars(statement, bind_arguments=arguments).all()))
    if below is not None:
        statement = statement.where(at < below)
    statement = statement.order_by(at.desc())
    return tuple(visit.session.scalars(statement, bind_arguments=arguments))


def label_of(visit: Visit, transaction: Any) -> str:
    """``#1187, today, 14:02``."""
    when: Moment = visit.moment(transaction.issued_at)
    return f"#{transaction.id}, {when.words}"
