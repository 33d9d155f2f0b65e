"""NULL told from JSON's ``null``, which are both ``None`` in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.read.conditions import key_columns, moment
from flask_continuum.engine.read.keys import among, chunks
from flask_continuum.engine.read.loading import connection_arguments, versioned
from flask_continuum.engine.revert.choice import Chosen
from flask_continuum.engine.revert.live import Place, place


def nulls(session: Session, chosen: Sequence[Chosen]) -> set[tuple[Place, str]]:
    """Return the fields to set that were NULL, where Python's ``None`` would not say so.

    JSON columns know two nothings, NULL and ``null``, and both are read as ``None``. One
    statement for each model that has such a field, and every few hundred records.
    """
    unsure: dict[type[Any], dict[str, list[Chosen]]] = {}
    for each in chosen:
        entry = versioned(each.record.model)
        for step in each.fields:
            column = entry.attributes.get(step.key)
            if step.then is None and column is not None and column.type.should_evaluate_none:
                unsure.setdefault(each.record.model, {}).setdefault(step.key, []).append(each)
    found: set[tuple[Place, str]] = set()
    for model, by_field in unsure.items():
        entry = versioned(model)
        version = entry.version_class
        versions = {
            (*entry.key_of(each.record.version), moment(entry, each.record.version)): each
            for items in by_field.values()
            for each in items
        }
        columns = (*key_columns(entry, version), moment(entry, version))
        statement = sa.select(
            *columns, *(getattr(version, name).is_(sa.null()) for name in by_field)
        )
        with session.no_autoflush:
            rows = [
                row
                for chunk in chunks(versions)
                for row in session.execute(
                    statement.where(among(columns, chunk)),
                    bind_arguments=connection_arguments(session, entry),
                )
            ]
        for row in rows:
            each = versions[tuple(row[: len(columns)])]
            flags = row[len(columns) :]
            found |= {
                (place(model, each.record.key), name)
                for name, flag in zip(by_field, flags, strict=True)
                if flag
            }
    return found
