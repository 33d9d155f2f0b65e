"""The fields of one record: what would be set, and what cannot be."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.read.changes import same, value
from flask_continuum.engine.read.recorded import Recorded
from flask_continuum.engine.read.results import NOT_RECORDED
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.steps import FieldStep, Impossible, Reason
from flask_continuum.engine.unreadable import Unreadable


def restorable(entry: VersionedClass) -> tuple[str, ...]:
    """Return the attributes whose values can be set back.

    The key says which record it is; version counters and computed columns count by themselves.
    """
    counter = entry.mapper.version_id_col
    return tuple(
        key
        for key, column in entry.attributes.items()
        if key not in entry.key_attributes
        and column is not counter
        and column.computed is None
        and column is not entry.mapper.polymorphic_on
    )


def changed(
    entry: VersionedClass,
    known: Recorded,
    live: Any,
    version: Any,
    chosen: Collection[str] | None,
) -> tuple[list[FieldStep], list[Impossible]]:
    """Return what would be set on a live record to make it what a version says."""
    steps, impossible = [], []
    for key in restorable(entry):
        if chosen is not None and key not in chosen:
            continue
        then, now = value(entry, known, version, key), getattr(live, key)
        if then is NOT_RECORDED:
            impossible.append(
                Impossible(
                    key,
                    Reason.NOT_RECORDED,
                    f"“{key}” was not recorded then, so it stays as it is.",
                )
            )
        elif isinstance(then, Unreadable):
            impossible.append(
                Impossible(
                    key,
                    Reason.UNREADABLE,
                    f"“{key}” had a value that cannot be read any more, so it stays as it is.",
                )
            )
        elif same(entry, key, now, then):
            continue
        elif then is None and _is_required(entry.attributes[key]):
            impossible.append(
                Impossible(
                    key,
                    Reason.REQUIRED,
                    f"“{key}” was not set then, but has to be set now, so it stays as it is.",
                )
            )
        else:
            steps.append(FieldStep(key, now, then))
    return steps, impossible


def recreated(
    entry: VersionedClass, known: Recorded, version: Any, chosen: Collection[str] | None
) -> tuple[list[FieldStep], list[Impossible]]:
    """Return what would be set on a record that comes back, and what it has to do without."""
    steps, impossible = [], []
    for key in restorable(entry):
        then = value(entry, known, version, key)
        wanted = chosen is None or key in chosen
        if then is NOT_RECORDED or not wanted:
            why = "was not recorded then" if wanted else "is left out"
            impossible.append(_left_open(key, entry.attributes[key], why))
        elif isinstance(then, Unreadable):
            why = "cannot be read any more"
            impossible.append(_left_open(key, entry.attributes[key], why, Reason.UNREADABLE))
        elif then is None and _is_required(entry.attributes[key]):
            impossible.append(_left_open(key, entry.attributes[key], "was not set then"))
        else:
            steps.append(FieldStep(key, NOT_RECORDED, then))
    for prop in entry.mapper.column_attrs:
        column = prop.columns[0]
        if (
            prop.key not in entry.attributes
            and isinstance(column, sa.Column)
            and column is not entry.mapper.version_id_col
            and column is not entry.mapper.polymorphic_on
        ):
            impossible.append(_left_open(prop.key, column, "is not kept in the history"))
    return steps, impossible


def _left_open(
    key: str, column: sa.Column[Any], why: str, reason: Reason = Reason.NOT_RECORDED
) -> Impossible:
    if _is_required(column) and not has_default(column):
        return Impossible(
            key,
            Reason.REQUIRED_NOT_RECORDED,
            f"“{key}” {why}, and the record cannot be without it: it has to be recreated by hand.",
            blocks=True,
        )
    comes = "it gets its default" if has_default(column) else "it comes back empty"
    return Impossible(key, reason, f"“{key}” {why}: {comes}.")


def _is_required(column: sa.Column[Any]) -> bool:
    return not column.nullable


def has_default(column: sa.Column[Any]) -> bool:
    """Tell whether a column fills itself when nothing is given."""
    return (
        column.default is not None
        or column.server_default is not None
        or column.computed is not None
        or column.identity is not None
    )
