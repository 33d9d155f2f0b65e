"""Who last changed each field of a record, as of a version: in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from flask_continuum.engine.read.conditions import birth, differs, is_record, moment
from flask_continuum.engine.read.loading import connection_arguments, versioned

DEPTH = 500
"""Versions that are looked through, so that the cost does not grow with the history."""


def blame(
    session: Session, model: Any, key: Sequence[Any], transaction_id: int
) -> Mapping[str, int | None]:
    """Return the transaction that last changed each field of a record, as of a transaction.

    :returns: by attribute key. A field is left out when its last change lies further back than
        the search goes; ``None`` says that it was never set in this life of the record.
    """
    entry = versioned(model)
    version = aliased(entry.version_class)
    at = moment(entry, version)
    arguments = connection_arguments(session, entry)
    dialect = session.get_bind(**arguments).dialect.name
    names = {f"c{place}": name for place, name in enumerate(entry.attributes)}
    recent = (
        sa.select(
            at.label("at"),
            birth(entry, key, transaction_id).label("born"),
            *(getattr(version, name).label(label) for label, name in names.items()),
        )
        .where(
            *is_record(entry, version, key),
            at <= transaction_id,
            at >= birth(entry, key, transaction_id),
        )
        .order_by(at.desc())
        .limit(DEPTH)
        .subquery()
    )
    # Of the oldest version that is looked at nothing is known to have changed, unless the life
    # of the record began with it.
    first = sa.func.row_number().over(order_by=recent.c.at) == 1
    changed = sa.select(
        recent.c.at,
        *(
            sa.case(
                (sa.and_(first, recent.c.at > recent.c.born), sa.null()),
                (first, sa.case((recent.c[label].is_not(None), recent.c.at))),
                (
                    differs(
                        recent.c[label],
                        sa.func.lag(recent.c[label]).over(order_by=recent.c.at),
                        entry.attributes[name],
                        dialect,
                    ),
                    recent.c.at,
                ),
            ).label(label)
            for label, name in names.items()
        ),
        sa.case((sa.and_(first, recent.c.at <= recent.c.born), 1), else_=0).label("whole"),
    ).subquery()
    statement = sa.select(
        sa.func.max(changed.c.whole).label("whole"),
        *(sa.func.max(changed.c[label]).label(label) for label in names),
    )
    row = session.execute(statement, bind_arguments=arguments).mappings().one()
    return {
        name: row[label] for label, name in names.items() if row["whole"] or row[label] is not None
    }
