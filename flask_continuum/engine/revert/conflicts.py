"""Says in words why the database refused a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from flask_continuum.engine.errors import PlanBlocked
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.choice import Chosen

NAMED = 3
"""Records that a message names."""


def called(model: type[Any], key: tuple[Any, ...]) -> str:
    """Return what a record is called in a message: ``Article 5``."""
    return f"{model.__name__} {', '.join(str(part) for part in key)}"


def explain(session: Session, chosen: Sequence[Chosen]) -> PlanBlocked:
    """Return what stands in the way of a plan that the database has refused.

    Called after its savepoint was rolled back. Looks for a row that already has a value which
    must be unique; otherwise it says what the plan was about, and never what the database said.
    """
    with session.no_autoflush:
        for each in chosen:
            entry = versioned(each.record.model)
            values = {step.key: step.then for step in each.fields}
            for names in _unique(entry):
                taken = _holder(session, entry, each.record.key, names, values)
                if taken is not None:
                    shown = " and ".join(f"{name} = {values[name]!r}" for name in names)
                    return PlanBlocked(
                        f"{called(entry.model, each.record.key)} cannot have {shown} again: "
                        f"{called(entry.model, taken)} has it by now, and it must be unique. "
                        f"Leave the field out, or change the other record first.",
                        (entry.model, taken),
                    )
    records = [called(each.record.model, each.record.key) for each in chosen]
    more = f" and {len(records) - NAMED} more" if len(records) > NAMED else ""
    return PlanBlocked(
        f"The database refused the change of {', '.join(records[:NAMED])}{more}, so nothing was "
        f"applied. Most often a value has to be unique, or something that it points to is gone."
    )


def _unique(entry: VersionedClass) -> Iterator[tuple[str, ...]]:
    """Yield the attributes of each set of columns that must be unique."""
    by_column = {column: key for key, column in entry.attributes.items()}
    for own in entry.tables:
        sets = [list(c.columns) for c in own.live.constraints if isinstance(c, sa.UniqueConstraint)]
        sets += [list(index.columns) for index in own.live.indexes if index.unique]
        for columns in sets:
            if all(column in by_column for column in columns):
                yield tuple(by_column[column] for column in columns)


def _holder(
    session: Session,
    entry: VersionedClass,
    key: tuple[Any, ...],
    names: Sequence[str],
    values: dict[str, Any],
) -> tuple[Any, ...] | None:
    if not all(name in values and values[name] is not None for name in names):
        return None
    keys = [getattr(entry.model, name) for name in entry.key_attributes]
    statement = sa.select(*keys).where(
        *(getattr(entry.model, name) == values[name] for name in names),
        ~sa.and_(*(column == value for column, value in zip(keys, key, strict=True))),
    )
    found = session.execute(statement.limit(1)).first()
    return None if found is None else tuple(found)
