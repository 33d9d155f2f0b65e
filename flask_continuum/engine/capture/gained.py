"""What applications have said of a transaction, and what it has gained when all is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.attribution import NOBODY, Attribution
from flask_continuum.engine.capture.changes import Asked
from flask_continuum.engine.capture.unit_of_work import UnitOfWork
from flask_continuum.engine.dialects.fragments import OWN
from flask_continuum.engine.dialects.jobs import WriteJob
from flask_continuum.engine.read.asked import ASKED_FOR


def said(unit: UnitOfWork, metadata: sa.MetaData) -> Attribution:
    """Return what is known of a transaction, and what was set on its object without a row."""
    known = unit.attribution or NOBODY
    thing = unit.opened.get(metadata)
    values = {} if thing is None else values_set(thing)
    context = values.pop("context", None) or {}
    if not values and not context:
        return known
    return replace(
        known,
        values=MappingProxyType({**known.values, **values}),
        context=MappingProxyType({**known.context, **context}),
    )


def values_set(thing: Any) -> dict[str, Any]:
    """Return by column key what an application has set on a Transaction object."""
    state = sa.inspect(thing)
    names = {c.key: state.mapper.get_property_by_column(c).key for c in state.mapper.local_table.c}
    return {
        key: state.dict[name]
        for key, name in names.items()
        if name in state.committed_state and name in state.dict and key != "id"
    }


def complete(connection: sa.Connection, job: WriteJob, asked: Asked, *, empty: bool) -> None:
    """Add to the row of a transaction that was asked for what is known of it only now.

    What the application has written into its row meanwhile stays.

    :param empty: whether nothing was changed: the row stays, and says that it was asked for.
    """
    table = job.transaction
    row = table.c.id == asked.id
    values: dict[str, Any] = {
        key: sa.func.coalesce(table.c[key], sa.bindparam(None, value, type_=table.c[key].type))
        if asked.values.get(key) is None
        else value
        for key, value in job.values.items()
        if key != "context" and asked.values.get(key) != value
    }
    before = asked.values.get("context") or {}
    gained = _gained(before, job.values.get("context") or {})
    if empty:
        gained |= ASKED_FOR
    if gained:
        there = connection.execute(sa.select(table.c.context).where(row), execution_options=OWN)
        mine = there.scalar_one() or {}
        said = {key: value for key, value in gained.items() if key in before}
        values["context"] = {**gained, **mine, **said}
    if values:
        connection.execute(table.update().where(row).values(values), execution_options=OWN)


def _gained(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    missing = object()
    return {key: value for key, value in after.items() if before.get(key, missing) != value}
