"""What differs between two states of a record, field by field."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from flask_continuum.engine.read import siblings
from flask_continuum.engine.read.conditions import moment
from flask_continuum.engine.read.erasures import Erased
from flask_continuum.engine.read.links import link_differences
from flask_continuum.engine.read.loading import versioned
from flask_continuum.engine.read.recorded import Recorded, recorded
from flask_continuum.engine.read.results import NOT_RECORDED, Comparison, FieldChange, LinkChange
from flask_continuum.engine.registry import VersionedClass
from flask_continuum.engine.unreadable import Unreadable


def value(entry: VersionedClass, known: Recorded, thing: Any, key: str) -> Any:
    """Return a field of a version or a live object, NOT_RECORDED where history knows none.

    Of an erased one it is :class:`~flask_continuum.engine.read.erasures.Erased`.
    """
    if isinstance(thing, entry.version_class):
        if not known.knows(key, moment(entry, thing)):
            return NOT_RECORDED
        erased = None if known.erasures is None else known.erasures.of(thing, key)
        if erased is not None:
            return erased
    return getattr(thing, key)


def same(entry: VersionedClass, key: str, one: Any, other: Any) -> bool:
    """Tell whether two values of a field are equal, as its type understands it."""
    if one is other:
        return True
    if one is None or other is None or one is NOT_RECORDED or other is NOT_RECORDED:
        return False
    if isinstance(one, Unreadable | Erased) or isinstance(other, Unreadable | Erased):
        return bool(one == other)
    equal = bool(entry.attributes[key].type.compare_values(one, other))
    return equal and _same_kinds(one, other)


def _same_kinds(one: Any, other: Any) -> bool:
    """Tell JSON's ``true`` from 1 and ``false`` from 0, which are equal in Python.

    Goes down without calling itself: JSON may nest deeper than calls may.
    """
    waiting = [(one, other)]
    while waiting:
        match waiting.pop():
            case dict() as first, dict() as second:
                waiting.extend((first[name], second[name]) for name in first)
            case list() as first, list() as second:
                waiting.extend(zip(first, second, strict=True))
            case first, second:
                if isinstance(first, bool) != isinstance(second, bool):
                    return False
    return True


def field_changes(
    entry: VersionedClass, known: Recorded, old: Any | None, new: Any
) -> tuple[FieldChange, ...]:
    """Return the fields in which two states of a record differ, in the model's order.

    :param old: a version or the live object; ``None`` when a life begins with ``new``, which
        makes every value a change from NOT_RECORDED.
    :returns: the changes. A value that history did not know before and that is NULL now is none.
    """
    found = []
    for key in entry.attributes:
        before = NOT_RECORDED if old is None else value(entry, known, old, key)
        after = value(entry, known, new, key)
        nothing = _is_nothing(before) and _is_nothing(after)
        if not nothing and not same(entry, key, before, after):
            found.append(FieldChange(key, before, after))
    return tuple(found)


def lost(entry: VersionedClass, known: Recorded, old: Any) -> tuple[FieldChange, ...]:
    """Return what a record had that is gone: all its values, to NOT_RECORDED."""
    values = ((key, value(entry, known, old, key)) for key in entry.attributes)
    return tuple(FieldChange(key, had, NOT_RECORDED) for key, had in values if not _is_nothing(had))


def _is_nothing(value: Any) -> bool:
    return value is None or value is NOT_RECORDED


def changeset(session: Session, version: Any) -> dict[str, list[Any]]:
    """Return what a version changed, as ``{key: [old, new]}``.

    For the first version of a life these are all values that were set, from ``None``.
    """
    entry = versioned(version)
    before = siblings.previous(session, version)
    changes = field_changes(entry, siblings.spans(session, version), before, version)
    return {change.key: [None if before is None else change.old, change.new] for change in changes}


def compare(session: Session, old: Any, new: Any) -> Comparison:
    """Compare two states of one record.

    :param old: a version or the live object.
    :param new: a version or the live object.
    :returns: the differences in fields and in many-to-many relationships, from old to new.
    :raises ValueError: when they are not of the same model.
    """
    entry = versioned(new)
    if versioned(old) is not entry:
        raise ValueError(f"Versions of one model can be compared, not {old!r} with {new!r}.")
    fields = field_changes(entry, recorded(session, entry), old, new)
    return comparison(entry, old, new, fields, link_differences(entry, old, new))


def comparison(
    entry: VersionedClass,
    old: Any | None,
    new: Any | None,
    fields: tuple[FieldChange, ...],
    links: tuple[LinkChange, ...],
) -> Comparison:
    """Put a comparison together: what has not changed is the rest."""
    changed = {change.key for change in fields}
    both = old is not None and new is not None
    unchanged = tuple(key for key in entry.attributes if both and key not in changed)
    return Comparison(fields, links, unchanged, old, new)
