"""The fields of one record: what would be set, and what cannot be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from flask_continuum.engine.read.changes import same, value
from flask_continuum.engine.read.conditions import moment
from flask_continuum.engine.read.erasures import Erased
from flask_continuum.engine.read.recorded import Recorded
from flask_continuum.engine.read.results import NOT_RECORDED
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.revert.steps import FieldStep, Impossible, Reason
from flask_continuum.engine.unreadable import Unreadable

NOTHING: Mapping[str, Any] = {}


def restorable(entry: VersionedClass) -> tuple[str, ...]:
    """Return the attributes whose values can be set back.

    The key says which record it is; version counters and computed columns count by themselves.
    """
    return tuple(
        key
        for key, column in entry.attributes.items()
        if key not in entry.key_attributes and _is_free(entry, column)
    )


def settable(entry: VersionedClass) -> tuple[str, ...]:
    """Return the attributes that a value may be given for: those without a history, too."""
    return (*restorable(entry), *unrecorded(entry))


def unrecorded(entry: VersionedClass) -> Mapping[str, sa.Column[Any]]:
    """Return the columns of a model that have no history, by attribute."""
    return {
        prop.key: column
        for prop in entry.mapper.column_attrs
        if prop.key not in entry.attributes
        and isinstance(column := prop.columns[0], sa.Column)
        and _is_free(entry, column)
    }


def changed(
    entry: VersionedClass,
    known: Recorded,
    live: Any,
    version: Any,
    chosen: Collection[str] | None,
    given: Mapping[str, Any] = NOTHING,
) -> tuple[list[FieldStep], list[Impossible]]:
    """Return what would be set on a live record to make it what a version says.

    :param given: values to set in place of those of the version.
    """
    steps, impossible = [], []
    for key in restorable(entry):
        if chosen is not None and key not in chosen and key not in given:
            continue
        then, now = value(entry, known, version, key), getattr(live, key)
        then = given.get(key, then)
        if then is NOT_RECORDED:
            impossible.append(
                Impossible(
                    key,
                    Reason.NOT_RECORDED,
                    f"“{key}” was not recorded then, so it stays as it is.",
                )
            )
        elif isinstance(then, Erased):
            impossible.append(
                Impossible(key, Reason.ERASED, f"“{key}” was erased, so it stays as it is.")
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
    for key in unrecorded(entry):
        if key in given and getattr(live, key) != given[key]:
            steps.append(FieldStep(key, getattr(live, key), given[key]))
    if chosen is None:
        impossible += _gone(entry, known, version)
    return steps, impossible


def recreated(
    entry: VersionedClass,
    known: Recorded,
    version: Any,
    chosen: Collection[str] | None,
    given: Mapping[str, Any] = NOTHING,
) -> tuple[list[FieldStep], list[Impossible]]:
    """Return what would be set on a record that comes back, and what it has to do without.

    :param given: values to set in place of those of the version.
    """
    steps, impossible = [], []
    for key in restorable(entry):
        then = given.get(key, value(entry, known, version, key))
        wanted = chosen is None or key in chosen or key in given
        if then is NOT_RECORDED or not wanted:
            why = "was not recorded then" if wanted else "is left out"
            impossible.append(_left_open(key, entry.attributes[key], why))
        elif isinstance(then, Erased):
            column = entry.attributes[key]
            impossible.append(_left_open(key, column, "was erased", Reason.ERASED))
        elif isinstance(then, Unreadable):
            why = "cannot be read any more"
            impossible.append(_left_open(key, entry.attributes[key], why, Reason.UNREADABLE))
        elif then is None and _is_required(entry.attributes[key]):
            impossible.append(_left_open(key, entry.attributes[key], "was not set then"))
        else:
            steps.append(FieldStep(key, NOT_RECORDED, then))
    for key, column in unrecorded(entry).items():
        if key in given:
            steps.append(FieldStep(key, NOT_RECORDED, given[key]))
        else:
            impossible.append(_left_open(key, column, "is not kept in the history"))
    if chosen is None:
        impossible += _gone(entry, known, version)
    return steps, impossible


def _gone(entry: VersionedClass, known: Recorded, version: Any) -> list[Impossible]:
    return [
        Impossible(
            name,
            Reason.GONE_COLUMN,
            f"“{name}” was recorded then and is not any more, so it cannot come back.",
        )
        for name in known.gone_since(moment(entry, version))
    ]


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


def _is_free(entry: VersionedClass, column: sa.Column[Any]) -> bool:
    mapper = entry.mapper
    counts = column is mapper.version_id_col or column is mapper.polymorphic_on
    return not counts and column.computed is None


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
